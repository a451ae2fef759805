"""Events have the shape of docs/receiving.md, whatever platform told of them."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connector.domain.contacts import Person
from connector.domain.events import (
    BOOKING_STATES,
    CUSTOM_PREFIX,
    EVENT_TYPES,
    MAX_CUSTOM,
    PARTS,
    Booking,
    Deal,
    Event,
    Form,
    Invoice,
    Line,
    Order,
    Payment,
    Refund,
    envelope,
    is_event_type,
    person_json,
    rfc3339,
)
from connector.domain.jsontext import dumps
from connector.domain.money import Money

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
ANA = Person("c-1", "ana@example.com", "+14155550113", "Ana", "Silva")
EIGHTY = Money(8000, "USD")


def test_an_event_has_the_envelope_of_the_contract() -> None:
    event = Event(
        type="booking.completed",
        occurred_at=AT,
        data={"payload": {"any": "thing"}},
        contact=ANA,
        booking=Booking("b-1", "completed", "Massage", AT, AT + timedelta(hours=1), EIGHTY),
        key="b-1",
    )
    assert envelope(event, event_id="evt_1", source="calendly", adapter="calendly", account="glow-spa") == {
        "id": "evt_1",
        "type": "booking.completed",
        "occurred_at": "2026-11-20T15:00:00Z",
        "source": "calendly",
        "adapter": "calendly",
        "account": "glow-spa",
        "contact": {
            "external_id": "c-1",
            "email": "ana@example.com",
            "phone": "+14155550113",
            "first_name": "Ana",
            "last_name": "Silva",
            "tags": [],
        },
        "booking": {
            "id": "b-1",
            "status": "completed",
            "service": "Massage",
            "starts_at": "2026-11-20T15:00:00Z",
            "ends_at": "2026-11-20T16:00:00Z",
            "price": {"amount": "80.00", "currency": "USD"},
        },
        "data": {"payload": {"any": "thing"}},
    }


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({"invoice": Invoice("i", EIGHTY)}, {"invoice": {"id": "i", "total": EIGHTY.as_json()}}),
        (
            {"payment": Payment("p", EIGHTY, "i")},
            {"payment": {"id": "p", "amount": EIGHTY.as_json(), "invoice_id": "i"}},
        ),
        ({"order": Order("o", EIGHTY)}, {"order": {"id": "o", "total": EIGHTY.as_json()}}),
        (
            {"refund": Refund("r", EIGHTY, "o")},
            {"refund": {"id": "r", "amount": EIGHTY.as_json(), "of": "o"}},
        ),
        (
            {"form": Form("f", "How was it?", {"score": 9})},
            {"form": {"id": "f", "title": "How was it?", "answers": {"score": 9}}},
        ),
        ({"deal": Deal("d", EIGHTY)}, {"deal": {"id": "d", "value": EIGHTY.as_json()}}),
        ({"points": 0}, {"points": 0}),
        ({"tag": "vip"}, {"tag": "vip"}),
        ({"referrer": ANA}, {"referrer": person_json(ANA)}),
        (
            {"booking": Booking("b", "created")},
            {
                "booking": {
                    "id": "b",
                    "status": "created",
                    "service": None,
                    "starts_at": None,
                    "ends_at": None,
                    "price": None,
                }
            },
        ),
        ({}, {}),
    ],
)
def test_beside_the_envelope_stands_what_the_event_speaks_of(
    parts: dict[str, Any], shown: dict[str, Any]
) -> None:
    event = Event(type="custom.any", occurred_at=AT, data={}, **parts)
    assert event.parts == shown
    written = envelope(event, event_id="evt_1", source="s", adapter="a", account="x")
    assert {name: written[name] for name in written if name in PARTS} == shown
    assert dumps(written)


def test_every_part_is_a_field_and_every_field_of_an_event_is_shown_or_meant_for_us() -> None:
    ours = {
        "type",
        "occurred_at",
        "data",
        "contact",
        "key",
        "derived",
        "tells_tags",
        "only_if_moved",
        "replaces",
        "former_id",
        "is_request",
        "place",
        "version",
        "award",
    }
    assert {field.name for field in fields(Event)} == {*PARTS, *ours}


def test_without_a_person_there_is_no_contact() -> None:
    event = Event(type="form.submitted", occurred_at=AT, data={})
    assert envelope(event, event_id="e", source="s", adapter="a", account="x")["contact"] is None


def test_a_derived_event_says_so() -> None:
    event = Event(type="booking.completed", occurred_at=AT, data={}, derived=True)
    assert envelope(event, event_id="e", source="s", adapter="a", account="x")["derived"] is True


def test_a_persons_tags_are_a_list() -> None:
    assert person_json(Person(tags=("vip", "new")))["tags"] == ["vip", "new"]
    assert person_json(Person()) == dict.fromkeys(
        ("external_id", "email", "phone", "first_name", "last_name")
    ) | {"tags": []}


def test_the_types_are_those_of_the_contract() -> None:
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) == 21
    assert all(is_event_type(known) for known in EVENT_TYPES)
    assert {f"booking.{state}" for state in BOOKING_STATES} < set(EVENT_TYPES)


@pytest.mark.parametrize(
    "text",
    ["custom.x", "custom.first_visit", "custom.first-visit", "custom.a.b.c", "custom.2024", "custom.Custom"],
)
def test_a_custom_type_is_one_of_ours(text: str) -> None:
    assert is_event_type(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "booking",
        "booking.",
        "booking.*",
        "Booking.completed",
        "booking.completed ",
        "booking.finished",
        "gift_card.issued",
        "custom",
        "custom.",
        "custom..a",
        "custom.a.",
        "custom..",
        "custom.*",
        "custom.a b",
        "custom.a\n",
        "custom.größe",
        "custom.\x00",
        "custom.\ud800",
        "custom./",
        "CUSTOM.a",
        " custom.a",
        "customs.a",
        CUSTOM_PREFIX + "x" * (MAX_CUSTOM + 1),
        CUSTOM_PREFIX + "a." * 500_000,
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_what_is_no_type_of_ours_is_none(text: str) -> None:
    assert not is_event_type(text)


def test_the_longest_custom_type_is_one() -> None:
    assert is_event_type(CUSTOM_PREFIX + "x" * MAX_CUSTOM)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "2026-11-20T15:00:00Z"),
        (AT.astimezone(timezone(timedelta(hours=-5))), "2026-11-20T15:00:00Z"),
        (AT.replace(microsecond=120_000), "2026-11-20T15:00:00.120000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc(at: datetime, text: str) -> None:
    assert rfc3339(at) == text
    assert datetime.fromisoformat(text) == at


def test_a_moment_without_a_time_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(AT.replace(tzinfo=None))


def test_an_order_shows_its_lines_and_one_item_for_each_gift_card_in_it() -> None:
    paid = Money(15_001, "USD")
    cards = Line("l-1", quantity=2, price=EIGHTY, title="Gift card", gift_card=True, paid=paid)
    mug = Line("l-2", quantity=3, price=None, title="Mug")
    event = Event("order.paid", AT, {}, order=Order("o", EIGHTY, (cards, mug)))

    shown = event.parts["order"]

    one = {
        "id": "l-1",
        "quantity": 1,
        "price": EIGHTY.as_json(),
        "title": "Gift card",
        "gift_card": True,
        "paid": {"amount": "75.01", "currency": "USD"},
    }
    assert shown["gift_cards"] == [one, {**one, "paid": {"amount": "75.00", "currency": "USD"}}]
    assert shown["lines"] == [
        {**one, "quantity": 2, "paid": paid.as_json()},
        {"id": "l-2", "quantity": 3, "price": None, "title": "Mug", "gift_card": False, "paid": None},
    ]


def test_an_order_that_says_nothing_of_its_lines_shows_none() -> None:
    event = Event("order.paid", AT, {}, order=Order("o", EIGHTY))
    assert event.parts["order"] == {"id": "o", "total": EIGHTY.as_json()}
