"""Acuity: signed forms that hold ids and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import pytest

from connector.adapters import kit, lookups
from connector.adapters.acuity import ADAPTER, HEADER, ask, complete
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotUnderstood, SignatureRefused, WrongContentType
from connector.domain.events import Booking, Event, Order
from connector.domain.inbound import Request, Source
from connector.domain.money import Money
from tests.kit.platform import acuity_appointment

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one, with_header
from .recorded import fields_of

BODY: Final = b"action=scheduled&id=123456789&calendarID=1234567&appointmentTypeID=7654321"
# printf '%s' "$BODY" | openssl dgst -sha256 -hmac 'glow-acuity-api-key' -binary | base64
OPENSSL: Final = "kM5GkMPggXHbXnsf27ubywr4LFoSiSAcINKWyUgOIOE="


def by_openssl(signature: str) -> tuple[Source, Request]:
    headers = {"content-type": f"{kit.FORM}; charset=UTF-8", HEADER: signature}
    request = Request("POST", URL, headers, BODY, "203.0.113.9", NOW)
    return a_source("acuity", secrets=["new", "glow-acuity-api-key"]), request


def posted(source: Source, body: bytes) -> Request:
    return a_delivery(source, body, content_type=kit.FORM)


def test_a_signature_made_by_openssl_is_taken_by_either_key() -> None:
    source, request = by_openssl(OPENSSL)
    assert opened(source, request)
    assert ADAPTER.sign(BODY, "glow-acuity-api-key", NOW, URL) == {"X-Acuity-Signature": OPENSSL}


@pytest.mark.parametrize(
    "signature",
    ["", OPENSSL.rstrip("="), OPENSSL.lower(), f"sha256={OPENSSL}", "90ce4690c3e08171db5e7b1fdbbb9bcb"],
)
def test_anything_else_is_refused(signature: str) -> None:
    source, request = by_openssl(signature)
    with pytest.raises(SignatureRefused):
        opened(source, request)


def test_json_is_another_kind_of_body() -> None:
    source, request = by_openssl(OPENSSL)
    with pytest.raises(WrongContentType):
        opened(source, with_header(request, "content-type", kit.JSON))


@pytest.mark.parametrize(
    ("recorded", "status"), [("acuity__scheduled", "created"), ("acuity__canceled", "cancelled")]
)
def test_the_recorded_appointments(recorded: str, status: str) -> None:
    source = a_source("acuity")
    fields = fields_of(recorded)
    assert read_one(source, posted(source, urlencode(fields).encode())) == Event(
        type=f"booking.{status}", occurred_at=NOW, data=fields, booking=Booking("123456789", status)
    )


def test_the_recorded_order() -> None:
    source = a_source("acuity")
    fields = fields_of("acuity__order.completed")
    assert read_one(source, posted(source, urlencode(fields).encode())) == Event(
        type="order.paid", occurred_at=NOW, data=fields, order=Order("987654321")
    )


def test_the_events_of_webhooks_made_by_api_mean_the_same() -> None:
    source = a_source("acuity")
    [event] = read_all(source, posted(source, b"action=appointment.rescheduled&id=1"))
    assert event.booking == Booking("1", "rescheduled")


@pytest.mark.parametrize("action", ["changed", "appointment.changed", "order.created", "ping"])
def test_changed_comes_beside_the_others_and_is_passed_over(action: str) -> None:
    source = a_source("acuity")
    assert read_all(source, posted(source, f"action={action}&id=1".encode())) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "looked for `action`, `id`; found no field"),
        (b"id=1", "looked for `action`, `id`; found `id`"),
        (b"action=scheduled", "looked for `id`; found `action`"),
        (b"action=scheduled&id=null", "looked for `id`"),
    ],
)
def test_what_cannot_be_understood_is_said(body: bytes, said: str) -> None:
    source = a_source("acuity")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, posted(source, body))
    assert said in refusal.value.detail


def test_a_field_that_stands_twice_is_refused() -> None:
    source = a_source("acuity")
    with pytest.raises(BadJson):
        read_all(source, posted(source, b"action=scheduled&id=1&id=2"))


def test_what_happens_once_is_remembered_for_ever_and_a_move_for_ten_minutes() -> None:
    source = a_source("acuity")

    def key_of(body: bytes) -> tuple[kit.Key, ...]:
        return keys(source, posted(source, body))

    assert key_of(BODY) == (kit.Key("scheduled 123456789"),)
    assert key_of(b"id=123456789&action=scheduled&calendarID=9") == key_of(BODY)
    assert key_of(b"action=canceled&id=1") == (kit.Key("canceled 1"),)
    assert key_of(b"action=order.completed&id=1") == (kit.Key("order.completed 1"),)
    assert key_of(b"action=rescheduled&id=1") == (kit.Key("rescheduled 1", weak=True),)
    assert key_of(b"id=1") == ()


MADE: Final = Event("booking.created", NOW, {"id": "1"}, booking=Booking("1", "created"))


def test_the_appointment_is_asked_for_with_the_key() -> None:
    source = a_source("acuity")
    asked = ask(MADE, source, "4711:key")
    assert asked == lookups.Ask(
        "https://acuityscheduling.com/api/v1/appointments/1", {"authorization": "Basic NDcxMTprZXk="}
    )
    elsewhere = a_source("acuity", api_url="http://127.0.0.1:9/v1/")
    order = Event("order.paid", NOW, {}, order=Order("o-7"))
    asked = ask(order, elsewhere, "x")
    assert asked is not None
    assert asked.url == "http://127.0.0.1:9/v1/orders/o-7"


def test_its_answer_says_who_when_and_how_much() -> None:
    told = acuity_appointment("1", phone="(415) 555-0113")
    event = complete(MADE, told, a_source("acuity"))
    assert event.contact == Person(None, "ada@example.com", "+14155550113", "Ada", "Bell")
    assert event.booking == Booking(
        "1",
        "created",
        "Hot stone massage",
        datetime(2026, 11, 20, 17, tzinfo=UTC),
        datetime(2026, 11, 20, 18, tzinfo=UTC),
        Money(8_000, "USD"),
    )
    assert event.data == {"id": "1", "api": told}


def test_a_canceled_one_that_is_marked_so_was_missed() -> None:
    gone = replace(MADE, type="booking.cancelled", booking=Booking("1", "cancelled"))
    missed = complete(gone, acuity_appointment("1", noShow=True), a_source("acuity"))
    assert missed.type == "booking.no_show"
    assert complete(gone, acuity_appointment("1"), a_source("acuity")).type == "booking.cancelled"
    assert complete(MADE, acuity_appointment("1", noShow=True), a_source("acuity")).type == "booking.created"


def test_an_order_has_a_total_and_a_buyer() -> None:
    order = Event("order.paid", NOW, {}, order=Order("9"))
    event = complete(order, {"total": "25.00", "email": "ada@example.com"}, a_source("acuity"))
    assert (event.order, event.contact) == (Order("9", Money(2_500, "USD")), Person(email="ada@example.com"))


@pytest.mark.parametrize("wrong", [{"datetime": "soon"}, {"duration": "an hour"}, {"price": "1,000"}])
def test_an_answer_that_cannot_be_read_is_refused_by_field(wrong: dict[str, str]) -> None:
    [field] = wrong
    with pytest.raises(NotUnderstood, match=f"`{field}`"):
        complete(MADE, acuity_appointment("1", **wrong), a_source("acuity"))


def test_without_a_currency_it_is_not_started() -> None:
    [fault] = ADAPTER.check_source(a_source("acuity", currency=""))
    assert fault.startswith("currency: ")
