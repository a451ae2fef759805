"""Mindbody: base64 where others write hex, and times on the site's clock."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.mindbody import ADAPTER, HEADER
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Booking, Event
from connector.domain.inbound import Request, Source

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import fields_of

BODY: Final = (
    b'{"messageId":"booking-msg-018","eventId":"appointmentBooking.created","eventData":'
    b'{"siteId":99999,"clientId":"client-123","id":"booking-tz","startDateTime":"2026-08-18T07:00:00"}}'
)
# printf '%s' "$BODY" | openssl dgst -sha256 -hmac 'glow-mindbody-key' -binary | base64
OPENSSL: Final = "Eikn128LSlHzWpM5NiYL+tZQ0X2gQ0+fsQ0AVdkgFlk="
ALICE: Final = Person(external_id="client-123", first_name="Alice", last_name="Smith")
NAIVE: Final = fields_of("mindbody__appointmentBooking.created_naive_time")


def by_openssl(signature: str) -> tuple[Source, Request]:
    headers = {"content-type": kit.JSON, HEADER: signature}
    request = Request("POST", URL, headers, BODY, "203.0.113.9", NOW)
    return a_source("mindbody", secrets=["new", "glow-mindbody-key"]), request


def changed(name: str = "appointmentBooking.updated", **told: Any) -> dict[str, Any]:
    return {**NAIVE, "eventId": name, "eventData": {**NAIVE["eventData"], **told}}


def event_of(body: dict[str, Any], **how: Any) -> Event:
    source = a_source("mindbody", **how)
    return read_one(source, a_delivery(source, body))


def test_a_signature_made_by_openssl_is_taken_by_either_key() -> None:
    source, request = by_openssl(f"sha256={OPENSSL}")
    assert opened(source, request)
    signed = ADAPTER.sign(BODY, "glow-mindbody-key", NOW, URL)
    assert signed == {"X-Mindbody-Signature": f"sha256={OPENSSL}"}


@pytest.mark.parametrize(
    "signature",
    [
        OPENSSL,
        f"SHA256={OPENSSL}",
        f"sha256={OPENSSL[:-1]}",
        "sha256=122927d76f0b4a51f35a933936260bfad650d17da0434f9fb10d0055d9201659",  # the same, in hex
        "sha256=",
        "",
    ],
)
def test_anything_else_is_refused(signature: str) -> None:
    source, request = by_openssl(signature)
    with pytest.raises(SignatureRefused):
        opened(source, request)


def test_the_recorded_booking_is_on_the_sites_clock() -> None:
    assert event_of(NAIVE, timezone="America/Los_Angeles") == Event(
        type="booking.created",
        occurred_at=NOW,
        data=NAIVE,
        contact=ALICE,
        booking=Booking(
            "booking-tz",
            "created",
            None,
            datetime(2026, 8, 18, 14, tzinfo=UTC),
            datetime(2026, 8, 18, 14, 30, tzinfo=UTC),
        ),
    )


def test_the_recorded_cancellation_has_an_offset() -> None:
    body = fields_of("mindbody__appointmentBooking.cancelled")
    assert event_of(body) == Event(
        type="booking.cancelled",
        occurred_at=NOW,
        data=body,
        contact=ALICE,
        booking=Booking(
            "booking-abc",
            "cancelled",
            "Semi-Private Training",
            datetime(2024, 1, 13, 10, tzinfo=UTC),
            datetime(2024, 1, 13, 11, tzinfo=UTC),
        ),
        key="booking booking-abc cancelled",
    )


def test_the_recorded_envelope_of_another_event_is_ignored() -> None:
    source = a_source("mindbody")
    assert read_all(source, a_delivery(source, fields_of("mindbody__site.created"))) == []


def test_the_event_happened_when_it_says() -> None:
    body = {**changed(), "eventInstanceOriginationDateTime": "2026-08-17T10:02:55Z"}
    assert event_of(body).occurred_at == datetime(2026, 8, 17, 10, 2, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "event_type"),
    [
        ("Completed", "booking.completed"),
        ("No-Show", "booking.no_show"),
        ("NoShow", "booking.no_show"),
        ("Late Cancelled", "booking.cancelled"),
        ("Booked", "booking.rescheduled"),
        (None, "booking.rescheduled"),
    ],
)
def test_an_update_is_what_its_status_says(status: str | None, event_type: str) -> None:
    event = event_of(changed(status=status))
    assert event.type == event_type
    assert event.only_if_moved == (event_type == "booking.rescheduled")


@pytest.mark.parametrize("name", ["appointmentBooking.created", "appointmentBooking.updated"])
def test_what_the_site_has_still_to_accept_is_asked_for_only(name: str) -> None:
    """The statuses are those that Mindbody's public API lists."""
    accepted = ("Booked", "Confirmed", "Arrived", "None", None)
    asked, *others = (
        event_of({**changed(status=status), "eventId": name}) for status in ("Requested", *accepted)
    )
    assert (asked.is_request, {other.is_request for other in others}) == (True, {False})
    off = event_of({**changed(status="Requested"), "eventId": "appointmentBooking.cancelled"})
    assert (off.type, off.is_request) == ("booking.cancelled", False)


def test_a_number_or_the_other_id_names_the_client_too() -> None:
    assert event_of(changed(clientId=100015)).contact == Person("100015", None, None, "Alice", "Smith")
    other = event_of(changed(clientId="null", clientUniqueId=7, clientEmail="Alice@example.com"))
    assert other.contact == Person("7", "alice@example.com", None, "Alice", "Smith")


@pytest.mark.parametrize(
    ("name", "event_type"), [("client.created", "contact.created"), ("client.updated", "contact.updated")]
)
def test_a_client_is_a_contact(name: str, event_type: str) -> None:
    told = {
        "clientId": "c-1",
        "email": "ada@example.com",
        "mobilePhone": "(415) 555-0113",
        "firstName": "Ada",
    }
    event = event_of({"messageId": "m", "eventId": name, "eventData": told})
    assert event.type == event_type
    assert event.contact == Person("c-1", "ada@example.com", "+14155550113", "Ada")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `eventId`, `eventData`"),
        ({"eventId": "appointmentBooking.created"}, "looked for `eventData.id`"),
        ({"eventId": "appointmentBooking.created", "eventData": []}, "looked for `eventData.id`"),
        ({"eventId": "client.created", "eventData": {}}, "looked for `eventData.clientId`"),
        (changed(startDateTime="soon"), "`eventData.startDateTime`"),
    ],
)
def test_what_cannot_be_understood_is_said(body: dict[str, Any], said: str) -> None:
    source = a_source("mindbody")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_the_messages_id_is_the_deliverys() -> None:
    source = a_source("mindbody")
    assert keys(source, a_delivery(source, NAIVE)) == (kit.Key("message booking-msg-018"),)
    [key] = keys(source, a_delivery(source, {**NAIVE, "messageId": " "}))
    assert key.weak


def test_it_is_answered_by_head_when_a_subscription_is_activated() -> None:
    assert ADAPTER.answers.answers_head
