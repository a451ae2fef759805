"""Cal.com: the signature that may be none, and bookings that move, end and are not kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.calcom import ADAPTER, HEADER, SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import NotFound, NotUnderstood, SignatureRefused
from connector.domain.events import Booking, Event, Payment
from connector.domain.inbound import Request, Source
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one, without_header
from .recorded import fields_of

BODY: Final = (
    '{"triggerEvent":"BOOKING_CANCELLED","createdAt":"2026-07-02T09:41:12.000Z","payload":'
    '{"uid":"8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c","title":"für Zoë","status":"CANCELLED"}}'
).encode()
# printf '%s' "$BODY" | openssl dgst -sha256 -hmac 'glow-cal-secret'
OPENSSL: Final = "811572fda6cf1d1a4aaf88e5463d38577b3a5ebd140e2f1045439c1b9ddacffd"
CANCELLED: Final = fields_of("calcom__BOOKING_CANCELLED")
PRIYA: Final = Person(email="priya.nair@example.com", first_name="Priya", last_name="Nair")


def by_openssl(signature: str) -> tuple[Source, Request]:
    headers = {"content-type": kit.JSON, HEADER: signature}
    request = Request("POST", URL, headers, BODY, "203.0.113.9", NOW)
    return a_source("calcom", secrets=["new", "glow-cal-secret"]), request


def changed(name: str = "BOOKING_CREATED", **payload: Any) -> dict[str, Any]:
    told = {**CANCELLED["payload"], "status": "ACCEPTED", **payload}
    return {**CANCELLED, "triggerEvent": name, "payload": told}


def event_of(body: dict[str, Any]) -> Event:
    source = a_source("calcom")
    return read_one(source, a_delivery(source, body))


def none_of(body: dict[str, Any]) -> bool:
    source = a_source("calcom")
    return read_all(source, a_delivery(source, body)) == []


def test_a_signature_made_by_openssl_is_taken_by_either_secret() -> None:
    source, request = by_openssl(OPENSSL)
    assert opened(source, request)
    assert ADAPTER.sign(BODY, "glow-cal-secret", NOW, URL) == {"X-Cal-Signature-256": OPENSSL}


@pytest.mark.parametrize("status", ["PENDING", "pending", "AWAITING_HOST"])
def test_a_booking_that_waits_for_its_host_is_none_yet(status: str) -> None:
    for name in ("BOOKING_CREATED", "BOOKING_RESCHEDULED", "MEETING_ENDED"):
        assert none_of(changed(name, status=status))
    assert event_of(changed("BOOKING_CREATED")).type == "booking.created"


@pytest.mark.parametrize(
    "signature",
    ["no-secret-provided", "", OPENSSL.upper(), f"sha256={OPENSSL}", f"{OPENSSL}, {OPENSSL}", OPENSSL[:-1]],
)
def test_anything_else_is_refused(signature: str) -> None:
    source, request = by_openssl(signature)
    with pytest.raises(SignatureRefused):
        opened(source, request)
    with pytest.raises(SignatureRefused):
        opened(source, replace(request, token="glow-cal-secret"))


def test_what_comes_unsigned_needs_the_secret_in_the_path() -> None:
    """Older versions send MEETING_ENDED so."""
    source, request = by_openssl(OPENSSL)
    unsigned = without_header(request, HEADER)
    assert opened(source, replace(unsigned, token="glow-cal-secret"))
    with pytest.raises(NotFound):
        opened(source, replace(unsigned, token="wrong"))
    with pytest.raises(SignatureRefused):
        opened(source, unsigned)


def test_the_recorded_cancellation() -> None:
    assert event_of(CANCELLED) == Event(
        type="booking.cancelled",
        occurred_at=datetime(2026, 7, 2, 9, 41, 12, tzinfo=UTC),
        data=CANCELLED,
        contact=PRIYA,
        booking=Booking(
            "8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c",
            "cancelled",
            "30 Min Meeting between Jordan Lee and Priya Nair",
            datetime(2026, 7, 3, 16, tzinfo=UTC),
            datetime(2026, 7, 3, 16, 30, tzinfo=UTC),
        ),
    )


def test_the_recorded_rescheduling() -> None:
    body = fields_of("calcom__BOOKING_RESCHEDULED")
    event = event_of(body)
    assert (event.type, event.contact) == ("booking.rescheduled", PRIYA)
    assert event.occurred_at == datetime(2026, 7, 4, 11, 18, 47, tzinfo=UTC)
    assert event.booking is not None
    assert event.booking.status == "rescheduled"
    assert event.booking.starts_at == datetime(2026, 7, 3, 16, tzinfo=UTC)


@pytest.mark.parametrize(("before", "replaces"), [("b-1", "b-1"), ("b-2", None), (None, None)])
def test_a_moved_booking_stands_for_the_one_before_and_never_for_itself(
    before: str | None, replaces: str | None
) -> None:
    """A group that its host moves keeps its uid, and was cancelled here by its own rescheduling."""
    assert event_of(changed("BOOKING_RESCHEDULED", uid="b-2", rescheduleUid=before)).replaces == replaces


@pytest.mark.parametrize("half", [{"requestReschedule": True}, {"rescheduledToUid": "3f6a1c2e"}])
def test_a_cancellation_that_is_half_of_a_rescheduling_is_passed_over(half: dict[str, Any]) -> None:
    assert none_of(changed("BOOKING_CANCELLED", **half))
    assert not none_of(changed("BOOKING_CANCELLED", requestReschedule=False, rescheduledToUid=None))


def test_a_price_is_in_the_smallest_unit_and_nothing_is_no_price() -> None:
    booking = event_of(changed(price=2_500, currency="eur")).booking
    assert booking is not None
    assert booking.price == Money(2_500, "EUR")
    free = event_of(changed(price=0, currency="usd")).booking
    assert free is not None
    assert free.price is None
    yen = event_of(changed(price=2_500, currency="JPY")).booking
    assert yen is not None
    assert yen.price == Money(2_500, "JPY")


def test_a_paid_booking_is_a_payment() -> None:
    event = event_of(changed("BOOKING_PAID", paymentId=991, price=8_000, currency="usd"))
    assert (event.type, event.payment) == ("payment.succeeded", Payment("991", Money(8_000, "USD")))
    unnamed = event_of(changed("BOOKING_PAID", price=8_000, currency="usd"))
    assert unnamed.payment == Payment("8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c", Money(8_000, "USD"))


def test_a_phone_stands_in_the_answers() -> None:
    answers = {"smsReminderNumber": {"label": "phone", "value": "(415) 555-0113"}}
    event = event_of(changed(responses=answers))
    assert event.contact is not None
    assert event.contact.phone == "+14155550113"
    other = event_of(changed(responses={"attendeePhoneNumber": {"value": "+44 20 7946 0958"}}))
    assert other.contact is not None
    assert other.contact.phone == "+442079460958"


@pytest.mark.parametrize("attendees", [None, [], "x", [None, 7]])
def test_without_attendees_the_answers_name_the_person(attendees: Any) -> None:
    answers = {"email": {"value": "ada@example.com"}}
    assert event_of(changed(attendees=attendees, responses=answers)).contact == Person(
        email="ada@example.com"
    )
    assert event_of(changed(attendees=attendees)).contact is None


def flat_end(**more: Any) -> dict[str, Any]:
    """As the cron job sends it: the booking's row, its own birth in `createdAt`."""
    row = {**CANCELLED["payload"], "status": "ACCEPTED", "createdAt": "2026-01-01T00:00:00.000Z", **more}
    return {"triggerEvent": "MEETING_ENDED", **row}


def test_a_meeting_that_ended_is_a_visit_when_it_ended() -> None:
    for body in (flat_end(), changed("MEETING_ENDED")):
        event = event_of(body)
        assert (event.type, event.contact) == ("booking.completed", PRIYA)
        assert event.occurred_at == datetime(2026, 7, 3, 16, 30, tzinfo=UTC)
        assert event.booking is not None
        assert event.booking.id == "8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c"


@pytest.mark.parametrize(
    "more",
    [
        {"status": "CANCELLED"},
        {"status": "rejected"},
        {"attendees": [{"email": "a@example.com", "noShow": True}]},
    ],
)
def test_a_meeting_at_which_nobody_was_is_no_visit(more: dict[str, Any]) -> None:
    assert none_of(flat_end(**more))


def test_an_empty_end_is_refused_by_what_it_lacks() -> None:
    source = a_source("calcom")
    with pytest.raises(NotUnderstood, match=r"looked for `payload.uid`"):
        read_all(source, a_delivery(source, {"triggerEvent": "MEETING_ENDED"}))


def test_who_was_absent_is_who_is_marked_so() -> None:
    both = [{"email": "here@example.com", "noShow": False}, {"email": "away@example.com", "noShow": True}]
    body = {**CANCELLED, "triggerEvent": "BOOKING_NO_SHOW_UPDATED"}
    told = {"bookingUid": "b-1", "message": "x", "attendees": both}
    event = event_of({**body, "payload": told})
    assert (event.type, event.contact) == ("booking.no_show", Person(email="away@example.com"))
    assert event.booking == Booking("b-1", "no_show")
    assert none_of({**body, "payload": {**told, "attendees": both[:1]}})


@pytest.mark.parametrize("name", ["PING", "BOOKING_REQUESTED", "BOOKING_REJECTED", "FORM_SUBMITTED"])
def test_what_is_none_of_ours_is_valid_and_ignored(name: str) -> None:
    assert none_of({"triggerEvent": name, "createdAt": "2026-07-02T09:41:12.000Z", "payload": {}})


def test_what_the_zapier_app_relays_names_no_event() -> None:
    source = a_source("calcom")
    with pytest.raises(NotUnderstood, match="looked for `triggerEvent`, `payload`; found `title`"):
        read_all(source, a_delivery(source, fields_of("zapier__calcom_trigger_shape")))


def test_a_delivery_is_known_by_event_booking_and_moment() -> None:
    source = a_source("calcom")
    first = keys(source, a_delivery(source, CANCELLED))
    assert first == (kit.Key("BOOKING_CANCELLED 8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c 2026-07-02T09:41:12.000Z"),)
    later = {**CANCELLED, "createdAt": "2026-07-02T09:41:13.000Z"}
    assert keys(source, a_delivery(source, later)) != first
    [weak] = keys(source, a_delivery(source, {"triggerEvent": "PING"}))
    assert weak.weak


def test_an_end_that_is_told_again_is_the_same_one() -> None:
    source = a_source("calcom")
    again = {**changed("MEETING_ENDED"), "createdAt": "2026-07-03T16:45:00.000Z"}
    assert keys(source, a_delivery(source, again)) == keys(source, a_delivery(source, flat_end()))


def test_an_unsigned_header_names_no_delivery() -> None:
    source = a_source("calcom")
    request = a_delivery(source, SAMPLES["booking.created"].body)
    other = a_delivery(
        source,
        SAMPLES["booking.created"].body,
        at=NOW + timedelta(days=9),
        headers={"idempotency-key": "another"},
    )
    assert keys(source, request) == keys(source, other)
