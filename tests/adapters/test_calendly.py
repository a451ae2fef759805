"""Calendly: the signature with its age, and what its webhooks mean here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.calendly import ADAPTER, SAMPLES, TOLERANCE
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.inbound import Request, Source
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one, with_header

HEADER: Final = "calendly-webhook-signature"
UNDERSTOOD: Final = json.loads(SAMPLES["booking.created"].body)

OPENSSL_BODY: Final = (
    b'{"event":"invitee.created","created_at":"2020-11-23T17:51:19.000000Z",'
    b'"payload":{"uri":"https://api.calendly.com/scheduled_events/A/invitees/B"}}'
)
# printf '%s' "1606153879.$BODY" | openssl dgst -sha256 -hmac 'glow-signing-key'
OPENSSL_V1: Final = "c1df3e3c90cec850c72e899446951fe0b1840757a7bfe72a7edbbc1c6afd74f3"
OPENSSL_AT: Final = datetime(2020, 11, 23, 17, 51, 19, tzinfo=UTC)


def by_openssl(signature: str) -> tuple[Source, Request]:
    headers = {"content-type": kit.JSON, HEADER: signature}
    request = Request("POST", URL, headers, OPENSSL_BODY, "203.0.113.9", OPENSSL_AT)
    return a_source("calendly", secrets=["glow-signing-key"]), request


def changed(**payload: Any) -> dict[str, Any]:
    return {**UNDERSTOOD, "payload": {**UNDERSTOOD["payload"], **payload}}


def test_a_signature_made_by_openssl_is_taken() -> None:
    source, request = by_openssl(f"t=1606153879,v1={OPENSSL_V1}")
    assert opened(source, request)
    assert ADAPTER.sign(OPENSSL_BODY, "glow-signing-key", OPENSSL_AT, URL) == {
        "Calendly-Webhook-Signature": f"t=1606153879,v1={OPENSSL_V1}"
    }


@pytest.mark.parametrize(
    "signature",
    [
        f"t=1606153879,v1={OPENSSL_V1.upper()}",
        f"t=1606153879,v2={OPENSSL_V1}",
        f"t=1606153879,{OPENSSL_V1}",
        f"t=1606153880,v1={OPENSSL_V1}",
        f"v1={OPENSSL_V1}",
        f"t=1606153879,t=1606153879,v1={OPENSSL_V1}",
        f"t=1606153879,v1=00, t=1606153879,v1={OPENSSL_V1}",
        f"t=1606153879, v1={OPENSSL_V1}",
        f"T=1606153879,V1={OPENSSL_V1}",
        "t=1606153879,v1=",
        "t=1606153879,v1=wd8+PJDOyFDHLoGURpUf4LGEB1env+cqftu8HGr9dPM=",
        f"t=1606153879,v1=sha256={OPENSSL_V1}",
        OPENSSL_V1,
    ],
)
def test_a_signature_written_otherwise_is_refused(signature: str) -> None:
    source, request = by_openssl(signature)
    with pytest.raises(SignatureRefused):
        opened(source, request)


def test_one_of_two_signatures_in_one_header_is_enough() -> None:
    source, request = by_openssl(f"t=1606153879,v1={'0' * 64},v1={OPENSSL_V1}")
    assert opened(source, request)


@pytest.mark.parametrize("late", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_fresh(late: int) -> None:
    source = a_source("calendly")
    request = a_delivery(source, SAMPLES["booking.created"].body)
    assert opened(source, replace(request, received_at=NOW + timedelta(seconds=late)))


@pytest.mark.parametrize("late", [-301, 301, 86_400])
def test_what_is_older_or_from_the_future_is_refused(late: int) -> None:
    """T06; threats, row 82."""
    source = a_source("calendly")
    request = a_delivery(source, SAMPLES["booking.created"].body)
    assert abs(late) > TOLERANCE.total_seconds()
    with pytest.raises(SignatureRefused):
        opened(source, replace(request, received_at=NOW + timedelta(seconds=late)))


@pytest.mark.parametrize("written", ["NaN", "1e400", "", "-1", "1" + "0" * 18, "1795186830000", "１７９５"])
def test_a_time_that_is_none_is_refused(written: str) -> None:
    """T06; threats, row 82."""
    source = a_source("calendly")
    request = a_delivery(source, b"{}")
    _, _, v1 = request.headers[HEADER].partition(",")
    with pytest.raises(SignatureRefused):
        opened(source, with_header(request, HEADER, f"t={written},{v1}"))


def test_an_invitee_becomes_a_booking_of_a_person_known_by_email() -> None:
    source = a_source("calendly")
    event = read_one(source, a_delivery(source, changed(email="Ada@Example.com")))
    assert event.type == "booking.created"
    assert event.occurred_at == datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
    assert event.contact == Person(email="ada@example.com", first_name="Ada", last_name="Bell")
    booking = event.booking
    assert booking is not None
    assert booking.id == "https://api.calendly.com/scheduled_events/sample-1"
    assert (booking.status, booking.service) == ("created", "Hot stone massage")
    assert booking.starts_at == datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert booking.ends_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert booking.price is None
    assert event.data["payload"]["uri"].endswith("invitee-sample-1")


def test_the_reminder_phone_is_read_in_the_sources_country() -> None:
    source = a_source("calendly")
    event = read_one(source, a_delivery(source, changed(text_reminder_number="(415) 555-0113")))
    assert event.contact is not None
    assert event.contact.phone == "+14155550113"


def test_a_deposit_is_the_bookings_price_unless_the_charge_failed() -> None:
    source = a_source("calendly")
    paid = {"amount": 12.5, "currency": "usd", "successful": True}
    booking = read_one(source, a_delivery(source, changed(payment=paid))).booking
    assert booking is not None
    assert booking.price == Money(1250, "USD")
    failed = read_one(source, a_delivery(source, changed(payment={**paid, "successful": False}))).booking
    assert failed is not None
    assert failed.price is None
    with pytest.raises(NotUnderstood, match=r"payload\.payment\.amount"):
        read_all(source, a_delivery(source, changed(payment={"amount": "1,234.50", "currency": "USD"})))


def test_a_rescheduling_is_told_once_by_its_new_half() -> None:
    source = a_source("calendly")
    old = {**changed(rescheduled=True, new_invitee="https://…/new"), "event": "invitee.canceled"}
    new = changed(old_invitee="https://api.calendly.com/scheduled_events/old/invitees/x")
    assert read_all(source, a_delivery(source, old)) == []
    event = read_one(source, a_delivery(source, new))
    assert event.type == "booking.rescheduled"
    assert event.booking is not None
    assert event.booking.status == "rescheduled"
    assert event.replaces == "https://api.calendly.com/scheduled_events/old/invitees/x"


@pytest.mark.parametrize(
    ("name", "event_type"),
    [("invitee.canceled", "booking.cancelled"), ("invitee_no_show.created", "booking.no_show")],
)
def test_a_cancellation_and_a_no_show_name_the_same_booking(name: str, event_type: str) -> None:
    source = a_source("calendly")
    made = read_one(source, a_delivery(source, UNDERSTOOD))
    event = read_one(source, a_delivery(source, {**UNDERSTOOD, "event": name}))
    assert event.type == event_type
    assert event.booking is not None
    assert made.booking is not None
    assert event.booking.id == made.booking.id


def test_a_routing_form_gives_its_answers() -> None:
    source = a_source("calendly")
    event = read_one(source, a_delivery(source, SAMPLES["form.submitted"].body))
    assert event.form is not None
    assert event.form.answers == {"What for?": "A stiff neck"}
    assert event.contact is None


@pytest.mark.parametrize("answers", [None, 7, "x", [None, 7, [], {"question": 5}, {"answer": "a"}]])
def test_answers_of_another_shape_are_no_answers(answers: Any) -> None:
    source = a_source("calendly")
    body = json.loads(SAMPLES["form.submitted"].body)
    body["payload"]["questions_and_answers"] = answers
    event = read_one(source, a_delivery(source, body))
    assert event.form is not None
    assert event.form.answers == {}


@pytest.mark.parametrize("name", ["invitee_no_show.deleted", "event_type.created", "user.updated", "ping"])
def test_what_is_none_of_ours_is_valid_and_ignored(name: str) -> None:
    source = a_source("calendly")
    assert read_all(source, a_delivery(source, {"event": name, "payload": None})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"payload": {}}, "looked for `event`, `payload`; found `payload`"),
        ({"event": "invitee.created"}, "looked for `payload`; found `event`"),
        ({"event": "invitee.created", "payload": []}, "looked for `payload`"),
        ({"event": "invitee.created", "payload": {"email": "a"}}, "scheduled_event.uri`; found `email`"),
        ({"event": "invitee.created", "payload": {"scheduled_event": []}}, "scheduled_event.uri"),
        ({"event": "routing_form_submission.created", "payload": {}}, "looked for `payload.uri`"),
        (changed(scheduled_event={"uri": "u", "start_time": "soon"}), "payload.scheduled_event.start_time"),
        ({**UNDERSTOOD, "created_at": 17}, "`created_at`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("calendly")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_a_retry_is_known_again_and_another_event_of_the_same_invitee_is_not() -> None:
    source = a_source("calendly")
    first = keys(source, a_delivery(source, UNDERSTOOD))
    retry = keys(source, a_delivery(source, UNDERSTOOD, at=NOW + timedelta(hours=20)))
    [other] = keys(source, a_delivery(source, {**UNDERSTOOD, "event": "invitee.canceled"}))
    later = keys(source, a_delivery(source, {**UNDERSTOOD, "created_at": "2026-11-18T09:31:00Z"}))
    assert first == retry
    assert len({*first, other, *later}) == 3


def test_without_its_parts_the_body_speaks_for_ten_minutes() -> None:
    source = a_source("calendly")
    [key] = keys(source, a_delivery(source, {"event": "invitee.created"}))
    assert key.weak


def test_an_unsigned_header_names_no_delivery() -> None:
    source = a_source("calendly")
    request = with_header(a_delivery(source, UNDERSTOOD), "idempotency-key", "another")
    assert keys(source, request) == keys(source, a_delivery(source, UNDERSTOOD))


def test_it_answers_200_to_what_it_could_not_understand_since_4xx_switches_the_hook_off() -> None:
    assert ADAPTER.answers.rejected == 200
