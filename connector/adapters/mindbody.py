"""Mindbody: Webhooks API subscriptions.

https://developers.mindbodyonline.com/WebhooksDocumentation

- Signature: `X-Mindbody-Signature: sha256=<base64>`, HMAC-SHA256 over the body; the key is the
  `messageSignatureKey` of the subscription, as text. Public code that compares hex is wrong.
- Replay: no age in the signature; the delivery's id is signed and remembered for ever.
- Delivery id: `messageId`. How a booking ended and a new client are told once each, in whichever message.
- Tests: the site -99, which is the sandbox of all developers, is one; option `tests`.
- Event types: appointmentBooking.created, .updated, .cancelled, and client.created, client.updated. An
  update is told by its status (completed, no-show, cancelled), else as a rescheduling where its time is
  another than the one known here. Others are valid and ignored.
- Confirmation: Requested is asked for and none yet; it is booking.created once it is Booked, Confirmed or
  Arrived.
- Person: `clientId` (`clientUniqueId` where there is none), e-mail, phone, names, as far as they are sent.
- Money: none in bookings.
- Time zone: a start without an offset is on the site's clock, the source's `timezone`.
- Retries: every 15 minutes for 3 hours after anything but 2xx, 10 s time-out.
- Activation: a subscription that is activated asks the URL by HEAD and wants 2xx; it gets 200.
- Known limits: bookings of classes have other events and are ignored.
- How sure: three public receivers and a copy of the documentation; statuses are those that the public API
  lists. No published signature vector: the test's comes from openssl.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Booking, Event, end_key
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.signing import base64_of, hmac_sha256, require_match
from . import kit
from .reading import at, missing, moment, text

HEADER: Final = "x-mindbody-signature"
_SANDBOX: Final = "-99"
_PREFIX: Final = "sha256="
_STATUSES: Final = {
    "completed": "completed",
    "noshow": "no_show",
    "cancelled": "cancelled",
    "latecancelled": "cancelled",
}
_REQUESTED: Final = "requested"


def verify(request: Request, source: Source) -> None:
    """Pass if the signature, in base64 behind its prefix, fits one of the keys."""
    expected = [_PREFIX + base64_of(hmac_sha256(key, request.body)) for key in kit.keys_of(source)]
    require_match([request.headers.get(HEADER, "")], expected)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The message's id; without it the body's digest, weak."""
    body = kit.known_fields(verified)
    own = body.get("messageId")
    is_named = isinstance(own, str) and bool(own.strip())
    key = kit.key("message", str(own)) if is_named else kit.Key(kit.body_key(verified.request), weak=True)
    return (*kit.named_keys(verified, body), key)


def is_test(verified: kit.Verified) -> bool:
    return str(at(kit.known_fields(verified), "eventData.siteId")) == _SANDBOX


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("eventId"), "eventId")
    if name is None:
        raise missing("No Mindbody event", ["eventId", "eventData"], body)
    reader = _READERS.get(name)
    if reader is None:
        return []
    field = "eventInstanceOriginationDateTime"
    told_at = moment(body.get(field), field, "UTC") or verified.request.received_at
    return [reader(_Told(verified.source, body, told_at))]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-Mindbody-Signature": _PREFIX + base64_of(hmac_sha256(secret.encode(), body))}


@dataclass(frozen=True, slots=True)
class _Told:
    """One delivery: its event's data is under `eventData`."""

    source: Source
    body: dict[str, Any]
    at: datetime

    def field(self, name: str) -> Any:
        return at(self.body, f"eventData.{name}")

    def text(self, *names: str) -> str | None:
        """The first of these fields that holds something."""
        for name in names:
            found = text(self.field(name), f"eventData.{name}")
            if found is not None:
                return found
        return None

    def moment(self, name: str) -> datetime | None:
        return moment(self.field(name), f"eventData.{name}", self.source.timezone)


def _created(told: _Told) -> Event:
    return _booking("created", told)


def _updated(told: _Told) -> Event:
    return _booking("rescheduled", told)


def _cancelled(told: _Told) -> Event:
    return _booking("cancelled", told)


def _booking(otherwise: str, told: _Told) -> Event:
    booking_id = told.text("id", "appointmentId")
    if booking_id is None:
        raise missing("No id of the booking", ["eventData.id", "eventData.appointmentId"], told.body)
    written = (told.text("status") or "").lower().replace(" ", "").replace("-", "")
    status = otherwise if otherwise == "cancelled" else _STATUSES.get(written, otherwise)
    booking = Booking(
        id=booking_id,
        status=status,
        service=told.text("serviceName", "sessionTypeName"),
        starts_at=told.moment("startDateTime"),
        ends_at=told.moment("endDateTime"),
    )
    return Event(
        type=f"booking.{status}",
        occurred_at=told.at,
        data=told.body,
        contact=_person(told, ("clientEmail", "clientPhone", "clientFirstName", "clientLastName")),
        booking=booking,
        only_if_moved=status == "rescheduled",
        is_request=status in ("created", "rescheduled") and written == _REQUESTED,
        key=end_key(booking),
    )


def _client_created(told: _Told) -> Event:
    return _client("contact.created", told)


def _client_updated(told: _Told) -> Event:
    return _client("contact.updated", told)


def _client(event_type: str, told: _Told) -> Event:
    person = _person(told, ("email", "mobilePhone", "firstName", "lastName"))
    if person is None:
        raise missing("No client", ["eventData.clientId", "eventData.email"], told.body)
    is_once = event_type == "contact.created" and person.external_id is not None
    key = f"{event_type} {person.external_id}" if is_once else None
    return Event(type=event_type, occurred_at=told.at, data=told.body, contact=person, key=key)


def _person(told: _Told, names: tuple[str, str, str, str]) -> Person | None:
    email, phone, first_name, last_name = (told.field(name) for name in names)
    person = read_person(
        country=told.source.country,
        external_id=told.text("clientId", "clientUniqueId"),
        email=email,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        name=told.field("clientName"),
    )
    return person if person.is_known else None


_READERS: Final[Mapping[str, Callable[[_Told], Event]]] = {
    "appointmentBooking.created": _created,
    "appointmentBooking.updated": _updated,
    "appointmentBooking.cancelled": _cancelled,
    "client.created": _client_created,
    "client.updated": _client_updated,
}


def _sample(name: str, event_type: str, **told: Any) -> kit.Sample:
    body = {
        "messageId": f"{event_type}-{kit.MARKER}",
        "eventId": name,
        "eventSchemaVersion": 1,
        "eventInstanceOriginationDateTime": "2026-11-20T15:00:05Z",
        "eventData": {"siteId": 4711, "clientId": f"ada-{kit.MARKER}", **told},
    }
    return kit.Sample(name, event_type, json.dumps(body).encode())


def _visit(name: str, event_type: str, status: str) -> kit.Sample:
    return _sample(
        name,
        event_type,
        id=f"booking-{kit.MARKER}",
        status=status,
        serviceName="Hot stone massage",
        clientEmail=f"ada.{kit.MARKER}@example.com",
        clientFirstName="Ada",
        clientLastName="Bell",
        startDateTime="2026-11-20T09:00:00",
        endDateTime="2026-11-20T10:00:00",
    )


_CLIENT: Final = {"email": f"ada.{kit.MARKER}@example.com", "firstName": "Ada", "lastName": "Bell"}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _visit("appointmentBooking.created", "booking.created", "Booked"),
        _visit("appointmentBooking.updated", "booking.rescheduled", "Booked"),
        _visit("appointmentBooking.updated", "booking.completed", "Completed"),
        _visit("appointmentBooking.updated", "booking.no_show", "NoShow"),
        _visit("appointmentBooking.cancelled", "booking.cancelled", "Cancelled"),
        _sample("client.created", "contact.created", **_CLIENT),
        _sample("client.updated", "contact.updated", **_CLIENT),
    )
}

ADAPTER = kit.Adapter(
    name="mindbody",
    title="Mindbody",
    setup="Make a subscription by POST /api/v1/subscriptions with the source's URL and the events "
    "appointmentBooking.created, .updated, .cancelled, client.created and client.updated; its answer has the "
    "messageSignatureKey, which is the source's secret.",
    guide=kit.Guide(
        start="booking.completed",
        gives_secret=True,
        steps=(
            "In the developer portal of Mindbody get an API key for webhooks.",
            (
                "POST to `https://push-api.mindbodyonline.com/api/v1/subscriptions` with the header "
                "`API-Key`: `webhookUrl` <url>, and `eventIds` appointmentBooking.created, "
                "appointmentBooking.updated, appointmentBooking.cancelled, client.created, client.updated."
            ),
            "Put the `messageSignatureKey` of the answer into the source: it is shown this once.",
            (
                "Then PATCH the subscription to the status Active. Mindbody asks <url> by HEAD first, so the "
                "gateway has to run by now."
            ),
            "Say the site's time zone as the source's `timezone`: starts come without an offset.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    answers=kit.Answers(answers_head=True),
    is_test=is_test,
)
