"""For each operation what the contract suite asks with: a lawful command, and refusals.

A new operation adds one entry; the suite fails by name where one is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

from connector.domain.codes import MIN_CHOSEN
from connector.domain.money import MAX_MINOR
from connector.operations.add_points import AddPoints
from connector.operations.adjust import Adjust
from connector.operations.capture import Capture
from connector.operations.cash_out import CashOut
from connector.operations.change_code import ChangeCode
from connector.operations.check_balance import CheckBalance
from connector.operations.convert_points import ConvertPoints
from connector.operations.deliver import Deliver
from connector.operations.disable import Disable
from connector.operations.enable import Enable
from connector.operations.expire import Expire
from connector.operations.extend import Extend
from connector.operations.find import Find
from connector.operations.hold import Hold
from connector.operations.issue import Issue
from connector.operations.load import Load
from connector.operations.redeem import Redeem
from connector.operations.refund import Refund
from connector.operations.registry import operations
from connector.operations.release import Release
from connector.operations.remove import Remove
from connector.operations.renew_link import RenewLink
from connector.operations.restore import Restore
from connector.operations.reveal import Reveal
from connector.operations.revive import Revive
from connector.operations.set_balance import SetBalance
from connector.operations.spend_points import SpendPoints
from connector.operations.transfer import Transfer
from connector.operations.update import Update
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.kit.house import House
from tests.operations.asking import put_in_program


@dataclass(frozen=True)
class World:
    """A house with one card of 25.00 USD, and its code."""

    house: House
    card: str
    code: str

    @property
    def hold(self) -> str:
        """The newest hold there is."""
        return str(self.house.rows("holds")[-1]["public_id"])

    @property
    def line(self) -> str:
        """The newest line of the ledger."""
        return str(self.house.rows("transfers")[-1]["public_id"])


def a_world(house: House, name: str = "") -> World:
    """The world in which the operation `name` is asked: its sample's `given` is done."""
    if name in SAMPLES and SAMPLES[name].in_sandbox:
        make_sandbox(house)
    made = house.issue(2500)
    world = World(house, made["id"], made["code"])
    for deed, command in SAMPLES[name].given if name in SAMPLES else ():
        house.perform(operations()[deed], command(world))
    return world


@dataclass(frozen=True)
class Sample:
    """`lawful` makes a command that is done; `of_card` one that names a card by id or code, if one can.

    `given`: operations and commands that are done before, in order. `refused`: commands
    that must raise, by what is wrong with them. Only `given` may change the world.
    `in_sandbox`: it is asked in an account that is one.
    """

    lawful: Callable[[World], Any]
    of_card: Callable[[str], Any] | None = None
    given: tuple[tuple[str, Callable[[World], Any]], ...] = ()
    refused: dict[str, Callable[[World], Any]] = field(default_factory=dict)
    in_sandbox: bool = False


DAY: Final = timedelta(days=1)
A_LIFE: Final = (("update", lambda world: Update(card=world.card, expires_at=THE_MOMENT + DAY)),)
DAYS: Final = count(2)
SOME_POINTS: Final = (
    ("add_points", lambda world: AddPoints(points=500, contact={"email": "mia@example.com"})),
)
A_HOLD: Final = (("hold", lambda world: Hold(card=world.card, amount=600)),)
A_REDEMPTION: Final = (("redeem", lambda world: Redeem(card=world.card, amount=600)),)
A_REMOVED_CARD: Final = (("remove", lambda world: Remove(card=world.card)),)
SECOND: Final = "SECOND-CARD-1"
TAKEN: Final = "TAKEN-CARD-1"
A_SECOND_CARD: Final = (("issue", lambda world: Issue(amount=100, code=SECOND)),)


def another_code(card: str) -> ChangeCode:
    """A card that is named by its code keeps it, in this spelling."""
    is_code = not card.startswith("gc_") and len(card) > MIN_CHOSEN
    return ChangeCode(card=card, code=card if is_code else f"SPRING-{next(DAYS)}-2027")


def small_rests_are_paid_out(world: World) -> CheckBalance:
    """The world's card is of a program that pays out rests below 30.00 USD."""
    put_in_program(world.house, world.card, cash_out_below=3000)
    return CheckBalance(card=world.card)


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
    "hold": Sample(
        lawful=lambda world: Hold(card=world.card, amount=600),
        of_card=lambda card: Hold(card=card, amount=1),
        refused={
            "more than there is": lambda world: Hold(card=world.card, amount=2501),
            "nothing": lambda world: Hold(card=world.card, amount=0),
            "for no time": lambda world: Hold(card=world.card, amount=1, expires_in=0),
            "another currency": lambda world: Hold(card=world.card, amount=1, currency="EUR"),
        },
    ),
    "capture": Sample(
        given=A_HOLD,
        lawful=lambda world: Capture(hold=world.hold, amount=500),
        refused={
            "more than is held": lambda world: Capture(hold=world.hold, amount=601),
            "nothing": lambda world: Capture(hold=world.hold, amount=0),
            "no hold": lambda world: Capture(hold=world.card),
            "another currency": lambda world: Capture(hold=world.hold, currency="EUR"),
        },
    ),
    "release": Sample(
        given=A_HOLD,
        lawful=lambda world: Release(hold=world.hold),
        refused={"no hold": lambda world: Release(hold="hold_" + "0" * 26)},
    ),
    "load": Sample(
        lawful=lambda world: Load(card=world.card, amount=500),
        of_card=lambda card: Load(card=card, amount=1),
        refused={
            "nothing": lambda world: Load(card=world.card, amount=0),
            "another currency": lambda world: Load(card=world.card, amount=1, currency="EUR"),
            "another kind": lambda world: Load(card=world.card, amount=1, kind="paid"),
            "nobody's card": lambda world: Load(amount=1),
            "more than any card may hold": lambda world: Load(card=world.card, amount=MAX_MINOR),
        },
    ),
    "adjust": Sample(
        lawful=lambda world: Adjust(card=world.card, amount=-200, reason="correction"),
        of_card=lambda card: Adjust(card=card, amount=1, reason="goodwill"),
        refused={
            "nothing": lambda world: Adjust(card=world.card, amount=0, reason="correction"),
            "more than there is": lambda world: Adjust(card=world.card, amount=-2501, reason="correction"),
            "a reason of one's own": lambda world: Adjust(card=world.card, amount=1, reason="because"),
            "other without a note": lambda world: Adjust(card=world.card, amount=1, reason="other"),
        },
    ),
    "set_balance": Sample(
        lawful=lambda world: SetBalance(card=world.card, balance=900, expected_balance=2500),
        of_card=lambda card: SetBalance(card=card, balance=900),
        refused={
            "less than nothing": lambda world: SetBalance(card=world.card, balance=-1),
            "another balance than there is": lambda world: SetBalance(
                card=world.card, balance=1, expected_balance=2499
            ),
        },
    ),
    "refund": Sample(
        given=A_REDEMPTION,
        lawful=lambda world: Refund(card=world.card, transaction_id=world.line, amount=400),
        refused={
            "more than was taken": lambda world: Refund(
                card=world.card, transaction_id=world.line, amount=601
            ),
            "no redemption": lambda world: Refund(card=world.card, transaction_id="tr_" + "0" * 26),
        },
    ),
    "transfer": Sample(
        given=A_SECOND_CARD,
        lawful=lambda world: Transfer(card=world.card, to=SECOND, amount=700),
        of_card=lambda card: Transfer(card=card, to=SECOND, amount=1),
        refused={
            "more than there is": lambda world: Transfer(card=world.card, to=SECOND, amount=2501),
            "to itself": lambda world: Transfer(card=world.card, to=world.code, amount=1),
            "no amount": lambda world: Transfer(card=world.card, to=SECOND),
        },
    ),
    "cash_out": Sample(
        given=(("check_balance", small_rests_are_paid_out),),
        lawful=lambda world: CashOut(card=world.card),
        refused={
            "without a program that allows it": lambda world: CashOut(card=world.house.issue(100)["id"])
        },
    ),
    "disable": Sample(
        lawful=lambda world: Disable(card=world.card, reason="lost"),
        of_card=lambda card: Disable(card=card),
        refused={"a novel for a reason": lambda world: Disable(card=world.card, reason="x" * 2001)},
    ),
    "enable": Sample(
        given=(("disable", lambda world: Disable(card=world.card)),),
        lawful=lambda world: Enable(card=world.card),
        of_card=lambda card: Enable(card=card),
        refused={"a novel for a reason": lambda world: Enable(card=world.card, reason="x" * 2001)},
    ),
    "expire": Sample(
        lawful=lambda world: Expire(card=world.card),
        of_card=lambda card: Expire(card=card),
        refused={"a novel for a reason": lambda world: Expire(card=world.card, reason="x" * 2001)},
    ),
    "revive": Sample(
        given=(("expire", lambda world: Expire(card=world.card)),),
        lawful=lambda world: Revive(card=world.card, reason="by mistake"),
        refused={
            "no reason": lambda world: Revive(card=world.card, reason=" "),
            "until yesterday": lambda world: Revive(
                card=world.card, reason="by mistake", expires_at=THE_MOMENT - DAY
            ),
        },
    ),
    "extend": Sample(
        given=A_LIFE,
        lawful=lambda world: Extend(card=world.card, expires_at=THE_MOMENT + 2 * DAY),
        of_card=lambda card: Extend(card=card, expires_at=THE_MOMENT + next(DAYS) * DAY),
        refused={"no later": lambda world: Extend(card=world.card, expires_at=THE_MOMENT + DAY)},
    ),
    "remove": Sample(
        lawful=lambda world: Remove(card=world.card),
        of_card=lambda card: Remove(card=card),
        refused={"a novel for a reason": lambda world: Remove(card=world.card, reason="x" * 2001)},
    ),
    "change_code": Sample(
        given=(("issue", lambda world: Issue(amount=100, code=TAKEN)),),
        lawful=lambda world: ChangeCode(card=world.card, code="SPRING-2027"),
        of_card=another_code,
        refused={
            "another card's": lambda world: ChangeCode(card=world.card, code=TAKEN),
            "no code at all": lambda world: ChangeCode(card=world.card, code="?"),
        },
    ),
    "restore": Sample(
        given=A_REMOVED_CARD,
        lawful=lambda world: Restore(card=world.card),
        of_card=lambda card: Restore(card=card),
        refused={"a novel for a reason": lambda world: Restore(card=world.card, reason="x" * 2001)},
    ),
    "renew_link": Sample(
        lawful=lambda world: RenewLink(card=world.card),
        of_card=lambda card: RenewLink(card=card),
        refused={"a novel for a reason": lambda world: RenewLink(card=world.card, reason="x" * 2001)},
    ),
    "reveal": Sample(
        lawful=lambda world: Reveal(card=world.card),
        of_card=lambda card: Reveal(card=card),
        refused={"a novel for a reason": lambda world: Reveal(card=world.card, reason="x" * 2001)},
    ),
    "update": Sample(
        lawful=lambda world: Update(card=world.card, note="for the shelf", metadata={"shelf": 4}),
        of_card=lambda card: Update(card=card, note="for the shelf"),
        refused={
            "an end that is over": lambda world: Update(card=world.card, expires_at=THE_MOMENT - DAY),
            "nobody's": lambda world: Update(card=world.card, contact_id="ct_" + "0" * 26),
            "strange details": lambda world: Update(card=world.card, recipient={"pet": "Rex"}),
        },
    ),
    "deliver": Sample(
        in_sandbox=True,
        given=(("update", lambda world: Update(card=world.card, recipient={"email": "mia@example.com"})),),
        lawful=lambda world: Deliver(card=world.card),
        of_card=lambda card: Deliver(card=card, via="email"),
        refused={
            "by pigeon": lambda world: Deliver(card=world.card, via="pigeon"),
            "without a number": lambda world: Deliver(card=world.card, via="sms"),
        },
    ),
    "check_balance": Sample(
        lawful=lambda world: CheckBalance(card=world.card),
        of_card=lambda card: CheckBalance(card=card),
        refused={
            "two questions": lambda world: CheckBalance(card=world.card, contact_id="mia@example.com"),
            "no question": lambda world: CheckBalance(),
        },
    ),
    "find": Sample(
        lawful=lambda world: Find(contact_id="mia@example.com"),
        refused={
            "nobody named": lambda world: Find(),
            "nobody's id": lambda world: Find(contact_id="ct_" + "0" * 26),
            "a strange state": lambda world: Find(contact_id="mia@example.com", state="lost"),
        },
    ),
    "add_points": Sample(
        lawful=lambda world: AddPoints(points=70, contact={"email": "mia@example.com"}),
        refused={
            "no points": lambda world: AddPoints(points=0, contact={"email": "mia@example.com"}),
            "nobody named": lambda world: AddPoints(points=70),
            "somebody unknown": lambda world: AddPoints(points=70, contact_id="noor@example.com"),
            "nobody described": lambda world: AddPoints(points=70, contact={"first_name": "Mia"}),
        },
    ),
    "spend_points": Sample(
        given=SOME_POINTS,
        lawful=lambda world: SpendPoints(points=70, contact_id="mia@example.com"),
        refused={
            "more than there are": lambda world: SpendPoints(points=501, contact_id="mia@example.com"),
            "less than nothing": lambda world: SpendPoints(points=-1, contact_id="mia@example.com"),
            "somebody unknown": lambda world: SpendPoints(points=1, contact_id="noor@example.com"),
        },
    ),
    "convert_points": Sample(
        given=SOME_POINTS,
        lawful=lambda world: ConvertPoints(points=300, amount=300, contact_id="mia@example.com"),
        refused={
            "more than there are": lambda world: ConvertPoints(
                points=501, amount=501, contact_id="mia@example.com"
            ),
            "no worth": lambda world: ConvertPoints(points=1, contact_id="mia@example.com"),
            "a rate of nothing": lambda world: ConvertPoints(
                points=1, rate="0.001", contact_id="mia@example.com"
            ),
        },
    ),
}


def sample_of(name: str) -> Sample:
    """The operation's sample; says where to write one."""
    assert name in SAMPLES, f"tests/operations/samples.py has nothing to ask {name} with"
    return SAMPLES[name]
