"""The flat names: which event they make, and what they refuse."""

from dataclasses import replace
from typing import Any

import pytest

from connector.adapters import flat, flat_samples, kit
from connector.adapters.flat import NAMES, OURS, our_type, type_of
from connector.domain.errors import BadJson, NotUnderstood
from connector.domain.events import EVENT_TYPES, Booking, Event, is_event_type
from connector.domain.money import Money

from .deliveries import NOW, a_delivery, a_source, keys, read_all, read_one


def told(body: dict[str, Any]) -> Event:
    source = a_source("zapier")
    return read_one(source, a_delivery(source, body))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("booking.completed", "booking.completed"),
        (" Booking.Completed ", "booking.completed"),
        ("custom.birthday", "custom.birthday"),
        ("custom.Birthday", "custom.Birthday"),
        ("purchase", "custom.purchase"),
        ("Purchase complete!", "custom.purchase_complete"),
        ("booking.deleted", "custom.booking.deleted"),
        ("2nd visit", "custom.2nd_visit"),
        ("order-paid", "custom.order-paid"),
        ("a..b.", "custom.a.b"),
        ("Geburtstag übermorgen", "custom.geburtstag_ubermorgen"),
        ("生日", None),
        ("İzmir", "custom.izmir"),
        ("schedule.due", "custom.schedule.due"),
        ("gift_card.redeemed", "custom.gift_card.redeemed"),
        ("custom.two words", "custom.two_words"),
        ("", None),
        ("!!!", None),
        ("...", None),
        ("custom.", None),
        ("x" * 81, None),
        ("\x00", None),
    ],
)
def test_a_name_is_one_of_ours_or_a_custom_one(written: str, expected: str | None) -> None:
    assert our_type(written) == expected
    assert expected is None or is_event_type(expected)


def test_nobody_outside_can_say_that_a_schedule_is_due() -> None:
    assert set(EVENT_TYPES) - OURS == {"schedule.due"}
    assert told({"type": "schedule.due"}).type == "custom.schedule.due"


@pytest.mark.parametrize(
    ("fields", "query", "expected"),
    [
        ({"type": "a", "event": "b"}, "event=c", "custom.a"),
        ({"type": "", "event": "b"}, "event=c", "custom.b"),
        ({"type": None, "event": {"a": 1}}, "event=c", "custom.c"),
        ({}, "x=1&event=invoice.paid", "invoice.paid"),
        ({}, "event=a&event=b", None),
        ({}, "event=", None),
        ({}, "event=%FF", None),
        ({}, "&".join(["event=a"] * 60), None),
        ({}, "event=" + "a" * 5_000, None),
        ({}, "\ud800", None),
        ({"type": 7}, "", None),
    ],
)
def test_the_type_stands_in_the_body_before_the_url(
    fields: dict[str, Any], query: str, expected: str | None
) -> None:
    assert type_of(fields, query) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "x"}, "looked for `type`, `event`; found `kind`"),
        ({}, "found no field at all"),
        ({"type": "!!!"}, "`type`: '!!!' is no name for an event"),
        ({"type": 7}, "`type`: 7 is no name"),
        ({"event": "…"}, "`event`"),
        ({"type": "points.earned"}, "looked for `points`"),
        ({"type": "points.earned", "points": "many"}, "`points`"),
        ({"type": "contact.tag_added", "tags": ["VIP"]}, "looked for `tag`"),
        ({"type": "contact.tag_added", "tag": "x" * 101}, "`tag`"),
        ({"type": "referral.completed", "email": "a@b.co"}, "looked for `referrer_email`, `referrer_id`"),
        ({"type": "booking.completed", "booking_id": {"a": 1}}, "`booking_id`"),
        ({"type": "booking.completed", "id": "x" * 256}, "`id`"),
        ({"type": "booking.completed", "id": "b", "ends_at": "soon"}, "`ends_at`"),
        ({"type": "invoice.paid", "id": "i", "amount": "lots"}, "`amount`"),
        ({"type": "invoice.paid", "id": "i", "amount": 5, "currency": "??"}, "`amount`"),
        ({"type": "custom.x", "occurred_at": "yesterday"}, "`occurred_at`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("zapier")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail
    assert refusal.value.errors


def test_a_payment_its_invoice_and_its_refund() -> None:
    paid = told({"type": "payment.succeeded", "id": "pay_1", "invoice_id": "inv_1", "amount": "20.00"})
    assert paid.parts == {
        "payment": {
            "id": "pay_1",
            "amount": {"amount": "20.00", "currency": "USD"},
            "invoice_id": "inv_1",
        }
    }
    back = told({"type": "payment.refunded", "id": "re_1", "invoice_id": "inv_1", "amount": 5})
    assert back.refund is not None
    assert (back.refund.id, back.refund.of, back.refund.amount) == ("re_1", "inv_1", Money(500, "USD"))


def test_an_order_and_its_refund() -> None:
    paid = told({"type": "order.paid", "id": "evt_1", "order_id": "o_1", "amount": "620"})
    assert paid.order is not None
    assert (paid.order.id, paid.order.total) == ("o_1", Money(62000, "USD"))
    back = told({"type": "order.refunded", "id": "re_1", "order_id": "o_1"})
    assert back.refund is not None
    assert (back.refund.id, back.refund.of, back.refund.amount) == ("re_1", "o_1", None)


def test_an_invoice_is_named_by_its_own_id_before_the_deliverys() -> None:
    one, other = (
        told({"type": "invoice.paid", "invoice_id": 7, "id": "x"}),
        told({"type": "invoice.paid", "id": "x"}),
    )
    assert one.invoice is not None
    assert other.invoice is not None
    assert (one.invoice.id, other.invoice.id) == ("7", "x")


def test_a_booking_without_money_or_times_is_a_booking() -> None:
    assert told({"type": "booking.no_show", "id": "b"}).booking == Booking("b", "no_show")


def test_a_referral_names_who_sent_whom() -> None:
    event = told(
        {"type": "referral.completed", "email": "new@example.com", "referrer_email": "OLD@example.com"}
    )
    assert event.contact is not None
    assert event.referrer is not None
    assert (event.contact.email, event.referrer.email) == ("new@example.com", "old@example.com")


def test_a_tag_and_points_are_what_they_say() -> None:
    assert told({"type": "contact.tag_added", "tag": " VIP "}).tag == "VIP"
    assert told({"type": "contact.updated", "tag": "VIP"}).tag is None
    assert told({"type": "points.earned", "points": "120"}).points == 120


def test_a_forms_answers_are_what_has_no_name_of_ours() -> None:
    event = told({"type": "survey.completed", "id": "s", "title": "How?", "email": "a@b.co", "score": 9})
    assert event.form is not None
    assert (event.form.id, event.form.title, event.form.answers) == ("s", "How?", {"score": 9})


def test_without_anything_to_find_them_by_there_is_no_contact() -> None:
    assert told({"type": "custom.x", "first_name": "Ada", "email": "null"}).contact is None


def test_without_a_moment_of_its_own_it_happened_when_it_came() -> None:
    assert told({"type": "custom.x", "occurred_at": ""}).occurred_at == NOW


def test_every_type_of_ours_has_a_sample_and_every_field_is_a_flat_name() -> None:
    assert set(flat_samples.FIELDS) >= OURS
    free = {"title", "best_time", "score", "milestone"}  # answers and attributes, which have no fixed names
    used = {name for fields in flat_samples.FIELDS.values() for name in fields}
    assert used - free <= set(NAMES)


def test_a_faulty_name_costs_no_more_than_a_good_one() -> None:
    assert flat.our_type("." * 1_000_000) is None


@pytest.mark.parametrize("adapter", ["zapier", "make", "n8n", "generic", "highlevel"])
def test_who_is_asked_first_what_a_broken_body_is_known_by_names_the_place_and_the_way_out(
    adapter: str,
) -> None:
    """A line break in a value of hand-made JSON: the gateway asks for a delivery's keys before it reads."""
    source = a_source(adapter)
    broken = replace(a_delivery(source, b"{}"), body=b'{"type": "custom.x", "note": "one\ntwo"}')
    headers = {"authorization": f"Bearer {source.secrets[0]}"}  # as hand-made bodies come of HighLevel too
    with pytest.raises(BadJson) as refusal:
        keys(source, replace(broken, headers={"content-type": kit.JSON, **headers}))
    assert "character at line 1, column 34" in refusal.value.detail
    assert "application/x-www-form-urlencoded" in refusal.value.detail
