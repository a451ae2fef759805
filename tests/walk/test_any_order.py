"""Told three times, under other delivery ids, in every order, then taken back: the same totals and cards."""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from connector.domain.events import rfc3339
from connector.domain.ids import random_symbols
from tests.flows.making import a_house, a_recipe
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House
from tests.kit.sources import ROOT

PER_ORDER: Final = a_recipe("per-order", once_per="event.order.id")
PER_BOOKING: Final = a_recipe(
    "per-booking", on="booking.completed", once_per="event.booking.id", given="booking: {id: b1}"
)
WELCOME: Final = a_recipe("welcome", on="[booking.completed, order.paid]", once_per="contact")
VIP: Final = (ROOT / "recipes" / "vip-fifth-visit.yaml").read_text()

Told = Mapping[str, Any]


def tell(house: House, source: str, person: str, fields: Told) -> str:
    """Tell one thing under a delivery id of its own; the answer's status."""
    whole = {"email": f"{person}@example.com", **fields}
    if source == "standard":
        return str(house.tell(**whole).body["status"])
    request = house.signed(source, "any", body=json.dumps(whole).encode())
    own = {"idempotency-key": random_symbols("abcdefghijkmnp", 20)}
    return str(
        house.receive(source, dataclasses.replace(request, headers={**request.headers, **own})).body["status"]
    )


def at(minutes: int) -> str:
    return rfc3339(THE_MOMENT + timedelta(minutes=minutes))


def things(person: str) -> tuple[Told, Told, Told, Told]:
    """A visit, a sale, and what takes each of them back."""
    booking = {"booking_id": f"b-{person}", "starts_at": at(-90), "ends_at": at(-30)}
    money = {"currency": "USD", "order_id": f"o-{person}"}
    return (
        {"type": "booking.completed", "occurred_at": at(-30), **booking},
        {"type": "order.paid", "amount": "80.00", "occurred_at": at(-20), **money},
        {"type": "booking.cancelled", "occurred_at": at(-10), **booking},
        {
            "type": "order.refunded",
            "id": f"r-{person}",
            "amount": "30.00",
            "occurred_at": at(-5),
            **money,
        },
    )


def orders(*counts: int) -> list[tuple[int, ...]]:
    """Every order in which thing 0 is told `counts[0]` times, thing 1 `counts[1]` times, …"""
    whole = [number for number, count in enumerate(counts) for _ in range(count)]
    return sorted(set(itertools.permutations(whole)))


def seen(house: House, person: str) -> dict[str, Any]:
    """What the person's totals and cards are, without what differs from person to person."""
    totals = house.snapshot(f"{person}@example.com")
    cards = house.gateway.list_cards(house.account, {"contact_id": totals["id"], "limit": 250}).data
    names = ("visits", "spent", "points", "no_shows", "balance", "last_visit_at", "last_booking_at")
    found = {name: totals[name] for name in (*names, "first_seen_at")}
    return {**found, "cards": sorted((one["origin"]["recipe"], one["balance"]) for one in cards)}


@pytest.fixture(params=["standard", "zapier", "generic"])
def told_by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, database_url, PER_ORDER, PER_BOOKING, WELCOME) as house:
        yield house


def test_a_visit_and_a_sale_told_three_times_in_every_order_and_taken_back(shop: House, told_by: str) -> None:
    before, after = [], []
    for number, order in enumerate(orders(3, 3)):
        person = f"p{number}"
        visit, sale, cancelled, refunded = things(person)
        for which in order:
            assert tell(shop, told_by, person, (visit, sale)[which]) == "processed"
        before.append(seen(shop, person))
        for which in order:
            tell(shop, told_by, person, (cancelled, refunded)[which])
        after.append(seen(shop, person))

    assert len(before) == 20
    assert before == [before[0]] * 20
    assert after == [after[0]] * 20
    assert (before[0]["visits"], before[0]["spent"].minor) == (1, 8000)
    assert (after[0]["visits"], after[0]["spent"].minor) == (0, 5000)
    cards = [("per-booking", 2500), ("per-order", 2500), ("welcome", 2500)]
    assert before[0]["cards"] == after[0]["cards"] == cards
    shop.require_proof()


def test_what_takes_it_back_may_come_before_it(shop: House, told_by: str) -> None:
    found = []
    for number, order in enumerate(orders(1, 1, 1, 1)):
        person = f"p{number}"
        told = things(person)
        for which in order * 3:
            tell(shop, told_by, person, told[which])
        found.append(seen(shop, person))

    assert len(found) == 24
    assert found == [found[0]] * 24
    assert (found[0]["visits"], found[0]["spent"].minor) == (0, 5000)
    assert len(found[0]["cards"]) == 3
    shop.require_proof()


def test_a_sale_that_changes_counts_as_it_was_told_last(shop: House) -> None:
    for number, order in enumerate(itertools.permutations(range(3))):
        person = f"p{number}"
        told = [
            {
                "type": "order.paid",
                "order_id": f"o-{person}",
                "currency": "USD",
                "amount": f"{amount}.00",
                "occurred_at": at(minute),
            }
            for minute, amount in ((-30, 10), (-20, 99), (-10, 40))
        ]
        for which in order:
            tell(shop, "standard", person, told[which])

        assert seen(shop, person)["spent"].minor == 4000
        assert len(seen(shop, person)["cards"]) == 2


def test_an_invoice_and_its_payment_are_one_sale_in_either_order(shop: House) -> None:
    told = [
        {"type": "invoice.paid", "occurred_at": at(-30)},
        {"type": "payment.succeeded", "id": "any", "occurred_at": at(-29)},
    ]
    for number, order in enumerate(orders(2, 2)):
        person = f"p{number}"
        for which in order:
            sale = {**told[which], "invoice_id": f"i-{person}", "amount": "80.00", "currency": "USD"}
            tell(shop, "standard", person, sale)

        assert seen(shop, person)["spent"].minor == 8000


def test_part_payments_of_an_invoice_add_up_and_count_once_with_it(shop: House) -> None:
    """Two part payments, a third of another invoice, then the invoice itself, in every order."""
    parts = [("p1", "i-1", "30.00"), ("p2", "i-1", "50.00"), ("p3", "i-2", "5.00")]
    told: list[Told] = [
        {"type": "payment.succeeded", "id": one, "invoice_id": of, "amount": sum_, "occurred_at": at(-30)}
        for one, of, sum_ in parts
    ]
    whole = {"type": "invoice.paid", "invoice_id": "i-1", "amount": "80.00", "occurred_at": at(-20)}
    for number, order in enumerate(itertools.permutations(range(3))):
        person = f"p{number}"
        for which in order * 2:
            tell(shop, "standard", person, {**told[which], "currency": "USD"})
        assert seen(shop, person)["spent"].minor == 8500
    for number, order in enumerate(itertools.permutations(range(4))):
        person = f"q{number}"
        for which in order:
            tell(shop, "standard", person, {**[*told, whole][which], "currency": "USD"})
        assert seen(shop, person)["spent"].minor == 8500


def visits(person: str, numbers: Sequence[int]) -> list[Told]:
    return [
        {"type": "booking.completed", "booking_id": f"b-{person}-{one}", "occurred_at": at(one - 60)}
        for one in numbers
    ]


def test_the_fifth_visit_of_a_vip_pays_once_wherever_the_tag_comes(database_url: str, tmp_path: Path) -> None:
    tag = {"type": "contact.tag_added", "tag": "VIP", "occurred_at": at(-55)}
    with a_house(tmp_path, database_url, VIP) as house:
        for place, backwards in itertools.product(range(6), (False, True)):
            person = f"p{place}{backwards}".lower()
            told = visits(person, range(5))[:: -1 if backwards else 1]
            told.insert(place, tag)
            for one in (one for one in told for _ in range(3)):
                tell(house, "standard", person, one)
            found = seen(house, person)
            assert (found["visits"], found["cards"]) == (5, [("vip-fifth-visit", 2500)])

            cancelled = {"type": "booking.cancelled", "booking_id": f"b-{person}-2", "occurred_at": at(0)}
            tell(house, "standard", person, cancelled)
            assert seen(house, person)["visits"] == 4
            [sixth] = visits(person, [6])
            tell(house, "standard", person, sixth)
            found = seen(house, person)
            assert (found["visits"], found["cards"]) == (5, [("vip-fifth-visit", 2500)])
        house.require_proof()


def test_two_sources_that_share_people_count_each_sale_once(database_url: str, tmp_path: Path) -> None:
    shared = {
        "till": {"adapter": "standard", "identities": "shop"},
        "books": {"adapter": "standard", "identities": "shop", "counts_spend": False},
    }
    sale = {
        "type": "order.paid",
        "order_id": "o-1",
        "external_id": "client 7",
        "amount": "80.00",
        "currency": "USD",
        "occurred_at": at(-30),
    }
    with a_house(tmp_path, database_url, PER_ORDER, sources=shared) as house:
        for source in ("books", "till", "books", "till"):
            house.tell(source, **sale)
        house.tell("standard", **sale)

        assert len(house.rows("contacts")) == 2, "another source's client 7 is somebody else"
        spent = [fact["amount"] for fact in house.rows("facts") if fact["contact_id"] == 1]
        assert spent == [8000]


def test_late_news_never_undoes_newer(shop: House) -> None:
    newer = {"type": "contact.updated", "external_id": "7", "first_name": "Mia", "tags": ["b"]}
    older = {"type": "contact.updated", "external_id": "7", "first_name": "Maria", "tags": ["a"]}
    told = [{**newer, "occurred_at": at(-10)}, {**older, "occurred_at": at(-20)}]
    for number, order in enumerate(orders(2, 2)):
        person = f"p{number}"
        for which in order:
            tell(shop, "standard", person, {**told[which], "external_id": f"7-{person}"})

        totals = shop.snapshot(f"{person}@example.com")
        assert (totals["first_name"], totals["tags"]) == ("Mia", ["b"])
