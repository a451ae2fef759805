"""Recipes and houses for the tests of the flows: each recipe is live, with the two tests that make it so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from connector.domain.contacts import read_person
from connector.store import contacts
from tests.kit.house import House, open_house

ISSUE: Final = "issue_card: {amount: 25.00 USD}"
SPEND: Final = "redeem_card: {card: '${{ previous.card.id }}', amount: 5.00 USD}"
"""Takes 5 dollars off the card that the step before made; passes the pause point `redeem.card_read`."""
ISSUED: Final = "issue_card: {card: {id: gc_1, code: AAAA}}"
"""What the step `issue_card` gave, for a recipe's own tests."""


def a_recipe(
    name: str,
    on: str = "order.paid",
    do: Sequence[str] = (ISSUE,),
    *,
    once_per: str | None = None,
    status: str = "live",
    given: str = "order: {id: o1}",
    steps: str = ISSUED,
) -> str:
    """A recipe that acts on every event from a source that is not named `nowhere`.

    `given` and `steps` complete what its own tests start from.
    """
    first = on.strip("[]").partition(",")[0]
    return "\n".join(
        [
            f"recipe: {name}",
            f"title: The recipe {name}",
            f"status: {status}",
            f"on: {on}",
            "if:",
            '  - event.source != "nowhere"',
            *([f"once_per: {once_per}"] if once_per else []),
            "do:",
            *[f"  - {step}" for step in do],
            "tests:",
            "  - name: it acts",
            f"    event: {first}",
            f"    given: {{event: {{{given}}}, contact: {{email: mia@example.com}}, steps: {{{steps}}}}}",
            "    expect:",
            *[f"      - {_expected(step)}" for step in do],
            "  - name: it does not act",
            f"    event: {first}",
            "    given: {event: {source: nowhere}}",
            "    expect: nothing",
            '    because: event.source != "nowhere"',
            "",
        ]
    )


def _expected(step: str) -> str:
    name = step.partition(":")[0]
    return name if name in ("wait", "hold") else f"{name}: {{}}"


def recipes_of(*texts: str) -> dict[str, str]:
    """Recipe files by name."""
    return {text.partition("recipe: ")[2].partition("\n")[0]: text for text in texts}


@contextmanager
def a_house(folder: Path, url: str, *texts: str, **how: Any) -> Iterator[House]:
    """A house with these recipes, all of them in force as written; closed at the end."""
    built = open_house(folder, url, recipes=recipes_of(*texts), **how)
    try:
        for entry in built.gateway.recipes():
            assert entry["errors"] == [], entry["errors"]
        yield built
    finally:
        built.gateway.close()


def an_order(number: str = "o-1", **changed: Any) -> Mapping[str, Any]:
    """A paid order of 80 dollars by Mia."""
    return {
        "type": "order.paid",
        "order_id": number,
        "email": "mia@example.com",
        "amount": "80.00",
        "currency": "USD",
        "occurred_at": "2026-11-20T14:00:00Z",
        **changed,
    }


def a_schedule(
    name: str,
    on: str = "{schedule: every day at 10:00, for_each: contact}",
    do: Sequence[str] = (ISSUE,),
    *,
    condition: str = 'contact.tags has "VIP"',
    holds: str = "contact: {tags: [VIP], email: mia@example.com}",
    fails: str = "contact: {tags: []}",
    once_per: str | None = None,
    status: str = "live",
) -> str:
    """A recipe that is due by itself; `holds` and `fails` are what its own tests start from."""
    return "\n".join(
        [
            f"recipe: {name}",
            f"title: The schedule {name}",
            f"status: {status}",
            f"on: {on}",
            "if:",
            f"  - {condition}",
            *([f"once_per: {once_per}"] if once_per else []),
            "do:",
            *[f"  - {step}" for step in do],
            "tests:",
            "  - name: it acts",
            "    event: schedule.due",
            f"    given: {{{holds}}}",
            "    expect:",
            *[f"      - {_expected(step)}" for step in do],
            "  - name: it does not act",
            "    event: schedule.due",
            f"    given: {{{fails}}}",
            "    expect: nothing",
            f"    because: {condition}",
            "",
        ]
    )


def people(house: House, count: int, *, tags: Sequence[str] = ("VIP",), first: int = 0) -> None:
    """So many people in `glow-spa`: p0@example.com and on."""

    def work(tx: Any) -> None:
        for number in range(first, first + count):
            person = read_person(country="US", email=f"p{number}@example.com", tags=list(tags))
            contacts.resolve(tx, house.account.id, person, "", house.clock.now())

    house.gateway.parts.writer.run(work)
