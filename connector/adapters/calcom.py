"""Cal.com: webhooks of a user, a team or an event type.

https://cal.com/docs/developing/guides/automation/webhooks

- Signature: `X-Cal-Signature-256`, HMAC-SHA256 over the body, lower-case hex without a prefix. A webhook
  without a secret sends `no-secret-provided`, which is refused. What comes without the header, as
  MEETING_* of older versions do, needs the secret as the last part of the path.
- Replay: no age in the signature; what a delivery is known by is remembered for ever.
- Delivery id: none of its own; `triggerEvent`, `payload.uid` and `createdAt`, all signed. A MEETING_ENDED
  comes once for each booking and time.
- Event types: BOOKING_CREATED, BOOKING_RESCHEDULED, BOOKING_CANCELLED, BOOKING_PAID (payment.succeeded),
  MEETING_ENDED (booking.completed), BOOKING_NO_SHOW_UPDATED. Others, PING too, are valid and ignored.
- Rescheduling: told by BOOKING_RESCHEDULED, as a booking with an id of its own; `rescheduleUid` in the data
  names the one before, which it stands for; `startTime` is the new one. A BOOKING_CANCELLED that is half of a
  rescheduling (`rescheduledToUid`, `requestReschedule`) is passed over.
- Confirmation: a booking that the host has still to confirm (`PENDING`, `AWAITING_HOST`) is none yet; Cal.com
  tells of it when it was, by the same event.
- Person: the first attendee, by e-mail and phone.
- Money: `price` in the currency's smallest unit; 0 is written for every event without a price.
- Time zone: UTC with Z.
- Retries: none for what happens at once; MEETING_* up to five times after an exception.
- Known limits: MEETING_ENDED comes flat, without `payload`, and for meetings at which nobody was: where
  all attendees are marked absent it is passed over. The body of a custom template is not understood,
  nor is what Cal.com's Zapier app relays, which has neither event nor id.
- How sure: the sender's source and the vendor's documents; the money's unit and the phone's place are
  general knowledge. No published signature vector: the test's comes from openssl.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Booking, Event, Payment
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from ..domain.signing import hex_of, hmac_sha256, require_match
from . import kit, shared
from .reading import at, missing, moment, money, text

HEADER: Final = "x-cal-signature-256"
_ENDED: Final = "MEETING_ENDED"
_UNCONFIRMED: Final = frozenset({"pending", "awaiting_host"})
_NEVER_WAS: Final = _UNCONFIRMED | {"cancelled", "rejected"}


def verify(request: Request, source: Source) -> None:
    """Pass if the signature fits one of the secrets; one that is not there leaves the secret in the path."""
    if HEADER not in request.headers and request.token is not None:
        shared.verify(request, source)
        return
    expected = [hex_of(hmac_sha256(key, request.body)) for key in kit.keys_of(source)]
    require_match([request.headers.get(HEADER, "")], expected)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """Event, booking and moment; without all three the body's digest, weak."""
    body = kit.known_fields(verified)
    told = _payload(body)
    name = body.get("triggerEvent")
    when = told.get("startTime") if name == _ENDED else body.get("createdAt")
    parts = (name, told.get("uid") or told.get("bookingUid"), when)
    texts = [part for part in parts if isinstance(part, str) and part.strip()]
    own = kit.key(*texts) if len(texts) == len(parts) else kit.Key(kit.body_key(verified.request), weak=True)
    return (*kit.named_keys(verified, body), own)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("triggerEvent"), "triggerEvent")
    if name is None:
        raise missing("No Cal.com event", ["triggerEvent", "payload"], body)
    reader = _READERS.get(name)
    if reader is None:
        return []
    told = _Told(verified.source, body, _payload(body), verified.request.received_at)
    return reader(told)


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-Cal-Signature-256": hex_of(hmac_sha256(secret.encode(), body))}


@dataclass(frozen=True, slots=True)
class _Told:
    """One delivery: `payload` is what its event says, which older versions write flat into the body."""

    source: Source
    body: dict[str, Any]
    payload: Mapping[str, Any]
    received_at: datetime

    def moment(self, path: str) -> datetime | None:
        return moment(at(self.payload, path), path, "UTC")

    @property
    def occurred_at(self) -> datetime:
        """When the event was sent; a flat body's `createdAt` is the booking's own, long before."""
        sent = self.body.get("createdAt") if self.payload is not self.body else None
        return moment(sent, "createdAt", "UTC") or self.received_at


def _created(told: _Told) -> list[Event]:
    return [] if _status(told) in _UNCONFIRMED else [_booking("created", told, told.occurred_at)]


def _rescheduled(told: _Told) -> list[Event]:
    if _status(told) in _UNCONFIRMED:
        return []
    before = text(told.payload.get("rescheduleUid"), "rescheduleUid")
    booking = _booking("rescheduled", told, told.occurred_at)
    is_itself = before == _booking_id(told)  # a group that its host moves stays the booking that it is
    return [booking if is_itself else replace(booking, replaces=before)]


def _cancelled(told: _Told) -> list[Event]:
    if told.payload.get("requestReschedule") is True or told.payload.get("rescheduledToUid"):
        return []
    return [_booking("cancelled", told, told.occurred_at)]


def _ended(told: _Told) -> list[Event]:
    attendees = _attendees(told)
    nobody_came = bool(attendees) and all(one.get("noShow") is True for one in attendees)
    if _status(told) in _NEVER_WAS or nobody_came:
        return []
    return [_booking("completed", told, told.moment("endTime") or told.occurred_at)]


def _status(told: _Told) -> str:
    return (text(told.payload.get("status"), "status") or "").lower()


def _no_show(told: _Told) -> list[Event]:
    absent = [one for one in _attendees(told) if one.get("noShow") is True]
    return [_booking("no_show", told, told.occurred_at, absent)] if absent else []


def _paid(told: _Told) -> list[Event]:
    payment_id = text(at(told.payload, "paymentId"), "paymentId") or _booking_id(told)
    payment = Payment(payment_id, _price(told))
    return [_event("payment.succeeded", told, told.occurred_at, _person(told), payment=payment)]


_READERS: Final[Mapping[str, Callable[[_Told], list[Event]]]] = {
    "BOOKING_CREATED": _created,
    "BOOKING_RESCHEDULED": _rescheduled,
    "BOOKING_CANCELLED": _cancelled,
    "BOOKING_PAID": _paid,
    "BOOKING_NO_SHOW_UPDATED": _no_show,
    _ENDED: _ended,
}


def _booking(
    status: str, told: _Told, occurred_at: datetime, who: list[Mapping[str, Any]] | None = None
) -> Event:
    booking = Booking(
        id=_booking_id(told),
        status=status,
        service=text(told.payload.get("eventTitle"), "eventTitle")
        or text(told.payload.get("title"), "title"),
        starts_at=told.moment("startTime"),
        ends_at=told.moment("endTime"),
        price=_price(told),
    )
    return _event(f"booking.{status}", told, occurred_at, _person(told, who), booking=booking)


def _event(name: str, told: _Told, occurred_at: datetime, person: Person | None, **parts: Any) -> Event:
    return Event(type=name, occurred_at=occurred_at, data=told.body, contact=person, **parts)


def _booking_id(told: _Told) -> str:
    found = text(told.payload.get("uid"), "uid") or text(told.payload.get("bookingUid"), "bookingUid")
    if found is None:
        raise missing("No uid of the booking", ["payload.uid", "payload.bookingUid"], told.payload)
    return found


def _person(told: _Told, who: list[Mapping[str, Any]] | None = None) -> Person | None:
    attendees = _attendees(told) if who is None else who
    first = attendees[0] if attendees else {}
    answers = told.payload.get("responses")
    phones = ("attendeePhoneNumber.value", "smsReminderNumber.value")
    person = read_person(
        country=told.source.country,
        email=first.get("email") or at(answers, "email.value"),
        phone=first.get("phoneNumber") or next(filter(None, (at(answers, path) for path in phones)), None),
        name=first.get("name"),
    )
    return person if person.is_known else None


def _attendees(told: _Told) -> list[Mapping[str, Any]]:
    listed = told.payload.get("attendees")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _price(told: _Told) -> Money | None:
    """None for 0, which stands in every event that costs nothing, in whatever currency."""
    price, currency = told.payload.get("price"), told.payload.get("currency")
    found = money(price, currency, "price", told.source.currency, minor=True)
    return found if found is not None and found.minor > 0 else None


def _payload(body: dict[str, Any]) -> Mapping[str, Any]:
    found = body.get("payload")
    return found if isinstance(found, Mapping) else body


def _sample(name: str, event_type: str, **more: Any) -> kit.Sample:
    told = {
        "uid": f"booking-{kit.MARKER}",
        "bookingId": 5502391,
        "eventTitle": "Hot stone massage",
        "title": "Hot stone massage between Glow Spa and Ada Bell",
        "startTime": "2026-11-20T14:00:00Z",
        "endTime": "2026-11-20T15:00:00Z",
        "status": "ACCEPTED",
        "price": 8000,
        "currency": "usd",
        "attendees": [{"email": f"ada.{kit.MARKER}@example.com", "name": "Ada Bell", "noShow": False}],
        **more,
    }
    body = {"triggerEvent": name, "createdAt": "2026-11-20T15:00:05.000Z", "payload": told}
    return kit.Sample(name, event_type, json.dumps(body).encode())


_ABSENT: Final = {"email": f"ada.{kit.MARKER}@example.com", "name": "Ada Bell", "noShow": True}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("BOOKING_CREATED", "booking.created"),
        _sample("BOOKING_RESCHEDULED", "booking.rescheduled", rescheduleUid=f"before-{kit.MARKER}"),
        _sample("BOOKING_CANCELLED", "booking.cancelled", status="CANCELLED"),
        _sample("MEETING_ENDED", "booking.completed"),
        _sample("BOOKING_NO_SHOW_UPDATED", "booking.no_show", attendees=[_ABSENT]),
        _sample("BOOKING_PAID", "payment.succeeded", paymentId=f"payment-{kit.MARKER}"),
    )
}

ADAPTER = kit.Adapter(
    name="calcom",
    title="Cal.com",
    setup="In Settings, Developer, Webhooks: a new webhook with the source's URL, the secret <secret>, and "
    "the events Booking Created, Rescheduled, Canceled, Paid, No-Show Updated and Meeting Ended.",
    guide=kit.Guide(
        start="booking.completed",
        steps=(
            (
                "Open Settings, Developer, Webhooks in Cal.com and choose New; a team has its own under the "
                "team's settings."
            ),
            "Enter <url> as subscriber URL and <secret> as secret.",
            (
                "Choose the events Booking Created, Rescheduled, Canceled, Paid, No-Show Updated and Meeting "
                "Ended. Leave the payload template as it is."
            ),
            "Where an older Cal.com sends Meeting Ended without a signature, enter <url>/<secret> instead.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    allows_path_token=True,
)
