"""What a backtest says is what a live run comes to: over the same events, card by card, to the cent."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.flows.backtest import rehearsed
from connector.store import accounts
from tests.flows.making import a_house, a_recipe
from tests.flows.test_bounds import limited, order
from tests.kit.databases import SqliteMaker
from tests.kit.house import House

DAY: Final = timedelta(days=1)
Told = dict[str, Any]


def with_line(text: str, line: str) -> str:
    """The recipe with one more line before its tests."""
    return text.replace("\ntests:", f"\n{line}\ntests:", 1)


def acting(condition: str, holds: str, do: Sequence[str], on: str = "order.paid", **how: Any) -> str:
    """A recipe that acts where `condition` holds, as in its first test `holds` does."""
    text = a_recipe("thanks", on, do, **how).replace('event.source != "nowhere"', condition)
    text = text.replace("contact: {email: mia@example.com}", holds, 1)
    return text.replace("given: {event: {source: nowhere}}", "given: {}", 1)


def backtested(house: House, text: str, **how: Any) -> Told:
    before = house.everything()
    found = house.gateway.runs.backtest("glow-spa", "thanks", text=text.encode(), **how)
    assert house.everything() == before, "nothing is written"
    return found


# A change of a limit


def test_a_changed_limit_says_who_gains_and_who_loses_and_a_live_run_agrees(
    database_url: str, sqlite_maker: SqliteMaker, tmp_path: Path
) -> None:
    """Issue 5, «Shown by»: `backtest` of a changed limit; S000-47."""
    old = limited("{per_contact: 2 per 60 days, budget: 150.00 USD per month, when_reached: skip}")
    new = limited("{per_contact: 1 per 60 days, budget: 1000.00 USD per month, when_reached: hold}")
    names = ["ada", "ada", "ada", "bob", "bob", "cyd", "dan", "eve", "ada"]

    def lived(house: House) -> None:
        for number, name in enumerate(names):
            order(house, number, f"{name}@example.com")
            house.clock.forward(DAY)

    with a_house(tmp_path, database_url, old) as house:
        lived(house)
        found = backtested(house, new)
        known = {row["public_id"]: row["email"] for row in house.rows("contacts")}
    (tmp_path / "live").mkdir()
    with sqlite_maker.fresh(tmp_path / "live") as url, a_house(tmp_path / "live", url, new) as live:
        lived(live)
        outcomes = Counter(row["outcome"] for row in live.rows("runs"))
        given = sum(card["balance"] for card in live.cards())
        cards = len(live.cards())

    changed, difference = found["changed"], found["difference"]
    assert (changed["outcomes"], changed["cards"], changed["money"]) == (
        dict(outcomes),
        cards,
        {"USD": given},
    )
    assert (changed["cards"], changed["held_money"], changed["contacts"]) == (5, {"USD": 10_000}, 5)
    assert found["in_force"]["outcomes"] == {"done": 6, "skipped": 3}
    assert (difference["cards"], difference["money"]) == (-1, {"USD": -2500})
    assert (difference["gain"], difference["lose"]) == (1, 2)
    moved = {known[one["contact_id"]]: (one["cards"], one["money"]) for one in difference["who"]}
    assert moved == {
        "ada@example.com": (-1, {"USD": -2500}),
        "bob@example.com": (-1, {"USD": -2500}),
        "eve@example.com": (1, {"USD": 2500}),
    }
    assert "@" not in json.dumps(found)


# Any events

MAIL: Final = tuple(f"{name}@example.com" for name in ("ada", "bob", "cyd"))
BUY: Final = ("issue_card: {amount: 25.00 USD}", "add_points: {points: 7}")
PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    "limits": (
        limited("{per_contact: 3 per 10 days, when_reached: skip}"),
        limited("{per_contact: 1 per 3 days, burst: 3 per day, budget: 100.00 USD per month}"),
    ),
    "totals": (
        acting("contact.visits >= 3", "contact: {visits: 3}", BUY, "[booking.completed, order.paid]"),
        acting(
            "contact.visits >= 2 and contact.no_shows == 0 or contact.spent >= 150.00 USD",
            "contact: {visits: 2}",
            BUY,
            "[booking.completed, order.paid]",
            once_per="[contact, contact.visits]",
        ),
    ),
    "tags": (
        acting('contact.tags has "VIP"', "contact: {tags: [VIP]}", ["add_tag: {tag: had}"]),
        acting(
            'contact.tags has "VIP" and not contact.tags has "had"',
            "contact: {tags: [VIP]}",
            ["add_tag: {tag: had}", "issue_card: {amount: 5.00 USD}"],
            "[order.paid, contact.tag_added]",
        ),
    ),
    "points": (
        a_recipe("thanks", do=["add_points: {points: 10}"]),
        acting(
            "contact.points >= 40",
            "contact: {points: 40}",
            ["convert_points: {points: 40, rate: '0.25', load: true}"],
            "[order.paid, points.earned]",
        ),
    ),
    "dates": (
        acting("contact.visits >= 1", "contact: {visits: 1}", BUY),
        acting(
            "contact.last_visit_at is not missing and days_since(contact.last_booking_at) < 4"
            " and days_since(contact.last_visit_at) < 9",
            "contact: {last_booking_at: 2026-01-01, last_visit_at: 2026-01-01}",
            ("load_card: {amount: 9.99 USD, to: '${{ contact.id }}'}",),
        ).replace("steps: {issue_card", "now: 2026-01-02T00:00:00Z, steps: {issue_card"),
    ),
    "balance": (
        limited("{per_contact: 1 per 60 days}"),
        acting(
            "contact.balance < 60.00 USD and contact.next_expiry_at is missing",
            "contact: {balance: 59.00 USD}",
            ("issue_card: {amount: 25.00 USD}",),
        ).replace("given: {}", "given: {contact: {balance: 60.00 USD}}"),
    ),
}
HAPPENED: Final = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["order", "order", "created", "completed", "cancelled", "no_show"])
            | st.sampled_from(["completed", "tag", "untag", "points", "refund", "invoice", "payment"]),
            "who": st.sampled_from(MAIL),
            "number": st.integers(0, 3),
            "late": st.sampled_from([0, 0, 0, 1, 30, 72]),
            "gap": st.sampled_from([0, 1, 20, 49]),
            "tags": st.sampled_from([None, None, None, ["VIP"], ["new", "VIP"]]),
        }
    ),
    min_size=4,
    max_size=14,
)


def body_of(one: Told, place: int, house: House) -> Told:
    """A happening in the flat names."""
    number, kind = one["number"], one["kind"]
    at = house.clock.now() - timedelta(hours=one["late"])
    found: Told = {"email": one["who"], "occurred_at": at.isoformat(), "id": f"e{place}"}
    if one["tags"] is not None:
        found["tags"] = one["tags"]
    sums = {"amount": f"{10 * (number + 1)}.50", "currency": "USD" if number < 3 else "EUR"}
    bookings = ("created", "completed", "cancelled", "no_show")
    if kind in bookings:
        return {**found, "type": f"booking.{kind}", "booking_id": f"b{number}", "starts_at": at.isoformat()}
    told: dict[str, Told] = {
        "order": {"type": "order.paid", "order_id": f"o{number}", **sums},
        "invoice": {"type": "invoice.paid", "invoice_id": f"i{number}", **sums},
        "payment": {
            "type": "payment.succeeded",
            "payment_id": f"p{place}",
            "invoice_id": f"i{number}",
            **sums,
        },
        "refund": {"type": "order.refunded", "order_id": f"o{number}", **sums},
        "points": {"type": "points.earned", "points": 15 + number},
        "tag": {"type": "contact.tag_added", "tag": "VIP"},
        "untag": {"type": "contact.tag_removed", "tag": "VIP"},
    }
    return {**found, **told[kind]}


SOME: Final = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a shorter example is found by hand sooner than by posting
    suppress_health_check=list(HealthCheck),
)
NEW_ACCOUNTS: Final = count()


def an_account(house: House, slug: str) -> None:
    """An account of nobody yet, with the house's source `standard`."""
    parts = house.gateway.parts
    values = {"name": slug, "currency": "USD", "timezone": "America/New_York", "country": "US"}

    def work(tx: Any) -> None:
        made = accounts.put(tx, slug=slug, values={**values, "sandbox": False}, managed_by="config")
        accounts.put_source(
            tx,
            parts.ring,
            made,
            slug="standard",
            adapter="standard",
            secrets=[house.secrets["standard"]],
            settings={"currency": "USD"},
            managed_by="config",
        )

    parts.writer.run(work)


def live_through(house: House, slug: str, happened: Sequence[Told]) -> list[str]:
    """Post what happened through the door; what became of each run."""
    outcomes = []
    for place, one in enumerate(happened):
        house.clock.forward(timedelta(hours=one["gap"]))
        request = house.told(**body_of(one, place, house))
        body = house.gateway.receive(slug, "standard", request).body
        outcomes += [run["outcome"] for run in body["runs"]]
    return outcomes


def gifts_lived(house: House, slug: str) -> list[tuple[int, str | None, int]]:
    """Each gift: the place of its event, whose it is, minor units."""
    account = house.gateway.account(slug)
    events = [row["id"] for row in house.rows("events", account_id=account.id)]
    known = {row["id"]: row["email"] for row in house.rows("contacts", account_id=account.id)}
    of_run = {row["public_id"]: row["event_id"] for row in house.rows("runs", account_id=account.id)}
    return [
        (events.index(of_run[row["run"]]), known[row["contact_id"]], row["amount"])
        for row in house.rows("gifts", account_id=account.id)
    ]


def gifts_rehearsed(house: House, slug: str, text: str | None) -> tuple[list[Any], dict[str, int]]:
    account = house.gateway.account(slug)
    data = None if text is None else text.encode()
    [changed, *_] = rehearsed(house.gateway.parts, slug, "thanks", text=data).both
    events = [row["public_id"] for row in house.rows("events", account_id=account.id)]
    known = {row["id"]: row["email"] for row in house.rows("contacts", account_id=account.id)}
    found = [(events.index(one.event), known[one.who], one.money.minor) for one in changed.gifts]
    return found, {name: number for name, number in changed.told.outcomes.items() if number}


@contextmanager
def two_houses(maker: SqliteMaker, folder: Path, old: str, new: str) -> Iterator[tuple[House, House]]:
    """One with the recipe as it was, one with the changed one."""
    places = [folder / "old", folder / "new"]
    for place in places:
        place.mkdir()
    with (
        maker.fresh(places[0]) as first,
        maker.fresh(places[1]) as second,
        a_house(places[0], first, old) as one,
        a_house(places[1], second, new) as other,
    ):
        yield one, other


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_over_any_events_a_live_run_agrees_card_by_card(
    pair: str, sqlite_maker: SqliteMaker, tmp_path: Path
) -> None:
    old, new = PAIRS[pair]
    with two_houses(sqlite_maker, tmp_path, old, new) as (was, would):

        @SOME
        @given(HAPPENED)
        def agree(happened: list[Told]) -> None:
            slug = f"shop-{next(NEW_ACCOUNTS)}"
            for house in (was, would):
                an_account(house, slug)
            live_through(was, slug, happened)
            outcomes = live_through(would, slug, happened)

            gifts, counted = gifts_rehearsed(was, slug, new)

            assert gifts == gifts_lived(would, slug)
            assert counted == dict(Counter(outcomes))
            assert gifts_rehearsed(was, slug, None)[0] == gifts_lived(was, slug)

        agree()
