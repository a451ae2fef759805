"""For each operation what the contract suite asks with: a lawful command, and refusals.

A new operation adds one entry; the suite fails by name where one is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from connector.operations.check_balance import CheckBalance
from connector.operations.issue import Issue
from connector.operations.redeem import Redeem
from tests.kit.house import House


@dataclass(frozen=True)
class World:
    """A house with one card of 25.00 USD, and its code."""

    house: House
    card: str
    code: str


def a_world(house: House) -> World:
    made = house.issue(2500)
    return World(house, made["id"], made["code"])


@dataclass(frozen=True)
class Sample:
    """`lawful` makes a command that is done; `of_card` one that names a card by id or code, if one can.

    `refused`: commands that must raise, by what is wrong with them.
    """

    lawful: Callable[[World], Any]
    of_card: Callable[[str], Any] | None = None
    refused: dict[str, Callable[[World], Any]] = field(default_factory=dict)


SAMPLES: Final[dict[str, Sample]] = {
    "issue": Sample(
        lawful=lambda world: Issue(amount=1000, contact={"email": "mia@example.com"}),
        refused={
            "no amount": lambda world: Issue(amount=0),
            "a code that is taken": lambda world: Issue(
                amount=1000, code=world.code, contact={"email": "noor@example.com"}
            ),
        },
    ),
    "redeem": Sample(
        lawful=lambda world: Redeem(card=world.card, amount=700),
        of_card=lambda card: Redeem(card=card, amount=1),
        refused={
            "more than there is": lambda world: Redeem(card=world.card, amount=2501),
            "no amount": lambda world: Redeem(card=world.card),
        },
    ),
    "check_balance": Sample(
        lawful=lambda world: CheckBalance(card=world.card),
        of_card=lambda card: CheckBalance(card=card),
        refused={"two questions": lambda world: CheckBalance(card=world.card, contact_id="mia@example.com")},
    ),
}


def sample_of(name: str) -> Sample:
    """The operation's sample; says where to write one."""
    assert name in SAMPLES, f"tests/operations/samples.py has nothing to ask {name} with"
    return SAMPLES[name]
