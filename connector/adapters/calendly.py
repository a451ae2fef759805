"""Calendly: webhook subscriptions, made by API or by an app.

https://developer.calendly.com/api-docs/ZG9jOjM2MzE2MDM4-webhook-signatures

- Signature: `Calendly-Webhook-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over `t.body`; the key is
  the signing key of the subscription, as text. A header sent twice is refused.
- Replay: `t` is signed, five minutes either way (their sample code takes three; a retry is signed anew).
- Delivery id: none of its own; `event` + `payload.uri` + `created_at`, all signed.
- Event types: invitee.created (booking.created, or booking.rescheduled where it follows an old
  invitee), invitee.canceled (booking.cancelled, but nothing where it is half of a rescheduling),
  invitee_no_show.created, routing_form_submission.created. Others are valid and ignored.
- Booking: `payload.scheduled_event.uri`, which the invitees of a group share. `payload.uri` is each one's own
  place in it, which is cancelled, missed and completed by itself.
- Person: by e-mail and reminder phone. `payload.uri` is the invitee of one booking, not a person.
- Money: `payload.payment`, major units with currency; passed over where the charge failed.
- Time zone: all times are UTC with Z.
- Retries: exponentially for 24 hours after anything but 2xx, 15 s time-out, then the hook is switched
  off and must be made anew; so what is stored but not understood is answered 200.
- Known limits: there is no "completed" event, it is derived from `ends_at`. A rescheduled booking is a
  new one with an id of its own; `old_invitee` in the data names the one before. Routing forms name no
  person.
- How sure: vendor documentation; unit of `payment.amount` from general knowledge. No published
  signature vector: the test's comes from openssl.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Booking, Event, Form
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import kit, signatures
from .reading import block, missing, moment, money, text

HEADER: Final = "calendly-webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)
_INVITEES: Final = "/invitees/"  # an invitee's URI is that of the event and, behind this, their own
_MAX_ANSWERS: Final = 200  # a routing form is a screen or two


def verify(request: Request, source: Source) -> None:
    """Pass if a `v1` fits one of the signing keys and `t` is fresh, else SignatureRefused."""
    signatures.require_timed(request, kit.keys_of(source), HEADER, TOLERANCE)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """`event`, `payload.uri`, `created_at`; without all three the body's digest, weak."""
    body = kit.known_fields(verified)
    told = block(body.get("payload"))
    parts = (body.get("event"), told.get("uri"), body.get("created_at"))
    texts = [part for part in parts if isinstance(part, str) and part.strip()]
    own = kit.key(*texts) if len(texts) == len(parts) else kit.Key(kit.body_key(verified.request), weak=True)
    return (*kit.named_keys(verified, body), own)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("event"), "event")
    if name is None:
        raise missing("No Calendly event", ["event", "payload"], body)
    reader = _READERS.get(name)
    if reader is None:
        return []
    told = body.get("payload")
    if not isinstance(told, dict):
        raise missing(f"No payload for {name}", ["payload"], body)
    occurred_at = moment(body.get("created_at"), "created_at", "UTC") or verified.request.received_at
    return reader(_Told(verified.source, body, told, occurred_at))


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"Calendly-Webhook-Signature": signatures.timed(body, secret, now)}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one webhook tells: the whole body, and its `payload`, which all names below start from."""

    source: Source
    body: dict[str, Any]
    payload: dict[str, Any]
    occurred_at: datetime


def _created(told: _Told) -> list[Event]:
    return [_booking("rescheduled" if told.payload.get("old_invitee") else "created", told)]


def _canceled(told: _Told) -> list[Event]:
    if told.payload.get("rescheduled") is True:  # its other half, invitee.created, tells the whole
        return []
    return [_booking("cancelled", told)]


def _no_show(told: _Told) -> list[Event]:
    return [_booking("no_show", told)]


def _routing_form(told: _Told) -> list[Event]:
    form_id = text(told.payload.get("uri"), "payload.uri")
    if form_id is None:
        raise missing("No id of the submission", ["payload.uri"], told.payload)
    title = text(told.payload.get("routing_form"), "payload.routing_form")
    form = Form(form_id, title=title, answers=_answers(told.payload))
    return [Event(type="form.submitted", occurred_at=told.occurred_at, data=told.body, form=form)]


_READERS: Final[Mapping[str, Callable[[_Told], list[Event]]]] = {
    "invitee.created": _created,
    "invitee.canceled": _canceled,
    "invitee_no_show.created": _no_show,
    "routing_form_submission.created": _routing_form,
}


def _booking(status: str, told: _Told) -> Event:
    payload = told.payload
    scheduled = block(payload.get("scheduled_event"))
    booking_id = text(scheduled.get("uri"), "payload.scheduled_event.uri")
    if booking_id is None:
        raise missing("No id of the booking", ["payload.scheduled_event.uri"], payload)
    booking = Booking(
        id=booking_id,
        status=status,
        service=text(scheduled.get("name"), "payload.scheduled_event.name"),
        starts_at=moment(scheduled.get("start_time"), "payload.scheduled_event.start_time", "UTC"),
        ends_at=moment(scheduled.get("end_time"), "payload.scheduled_event.end_time", "UTC"),
        price=_price(told),
    )
    before = text(payload.get("old_invitee"), "payload.old_invitee") if status == "rescheduled" else None
    return Event(
        type=f"booking.{status}",
        occurred_at=told.occurred_at,
        data=told.body,
        contact=_person(told),
        booking=booking,
        replaces=before,
        former_id=before.partition(_INVITEES)[0] if before and _INVITEES in before else None,
        place=text(payload.get("uri"), "payload.uri"),
    )


def _person(told: _Told) -> Person | None:
    person = read_person(
        country=told.source.country,
        email=told.payload.get("email"),
        phone=told.payload.get("text_reminder_number"),
        first_name=told.payload.get("first_name"),
        last_name=told.payload.get("last_name"),
        name=told.payload.get("name"),
    )
    return person if person.is_known else None


def _price(told: _Told) -> Money | None:
    payment = block(told.payload.get("payment"))
    if payment.get("successful") is False:
        return None
    amount, currency = payment.get("amount"), payment.get("currency")
    return money(amount, currency, "payload.payment.amount", told.source.currency)


def _answers(payload: dict[str, Any]) -> dict[str, Any]:
    listed = payload.get("questions_and_answers")
    found: dict[str, Any] = {}
    for item in listed[:_MAX_ANSWERS] if isinstance(listed, list) else []:
        question = block(item).get("question")
        if isinstance(question, str):
            found.setdefault(question, item.get("answer"))
    return found


_API: Final = "https://api.calendly.com"
_EVENT: Final = f"{_API}/scheduled_events/{kit.MARKER}"
_BEFORE: Final = f"{_API}/scheduled_events/before-{kit.MARKER}"


def _sample(name: str, event_type: str, told: dict[str, Any]) -> kit.Sample:
    body = {"created_at": "2026-11-18T09:30:00.000000Z", "created_by": f"{_API}/users/GLOW", "event": name}
    return kit.Sample(name, event_type, json.dumps({**body, "payload": told}).encode())


def _invitee(**more: Any) -> dict[str, Any]:
    return {
        "uri": f"{_EVENT}/invitees/invitee-{kit.MARKER}",
        "event": _EVENT,
        "email": f"ada.{kit.MARKER}@example.com",
        "name": "Ada Bell",
        "first_name": None,
        "last_name": None,
        "status": "active",
        "timezone": "America/New_York",
        "text_reminder_number": None,
        "rescheduled": False,
        "old_invitee": None,
        "new_invitee": None,
        "payment": None,
        "questions_and_answers": [],
        "created_at": "2026-11-18T09:29:59.327602Z",
        "updated_at": "2026-11-18T09:29:59.341657Z",
        "scheduled_event": {
            "uri": _EVENT,
            "name": "Hot stone massage",
            "status": "active",
            "event_type": f"{_API}/event_types/MASSAGE",
            "start_time": "2026-11-20T14:00:00.000000Z",
            "end_time": "2026-11-20T15:00:00.000000Z",
        },
        **more,
    }


_FORM_TOLD: Final = {
    "uri": f"{_API}/routing_form_submissions/{kit.MARKER}",
    "routing_form": f"{_API}/routing_forms/FIRST-VISIT",
    "questions_and_answers": [{"question_uuid": "q1", "question": "What for?", "answer": "A stiff neck"}],
    "created_at": "2026-11-18T09:29:59.327602Z",
}

SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("invitee.created", "booking.created", _invitee()),
        _sample(
            "invitee.created",
            "booking.rescheduled",
            _invitee(old_invitee=f"{_BEFORE}/invitees/invitee-{kit.MARKER}"),
        ),
        _sample("invitee.canceled", "booking.cancelled", _invitee(status="canceled")),
        _sample("invitee_no_show.created", "booking.no_show", _invitee()),
        _sample("routing_form_submission.created", "form.submitted", _FORM_TOLD),
    )
}

ADAPTER = kit.Adapter(
    name="calendly",
    title="Calendly",
    setup="Make a webhook subscription by POST /webhook_subscriptions with the source's URL, "
    "the events invitee.created, invitee.canceled and invitee_no_show.created, and signing_key <secret>.",
    guide=kit.Guide(
        start="booking.completed",
        steps=(
            (
                "Webhooks need a paid plan of Calendly. Under Integrations & apps, API and webhooks, generate"
                " a personal access token."
            ),
            (
                "Ask `GET https://api.calendly.com/users/me` with the token: the answer names the "
                "`current_organization`."
            ),
            (
                "POST to `https://api.calendly.com/webhook_subscriptions`: `url` <url>, `signing_key` "
                "<secret>, `scope` organization, that `organization`, and `events` invitee.created, "
                "invitee.canceled, invitee_no_show.created."
            ),
            "A subscription that was switched off after failures is made anew by the same call.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    answers=kit.Answers(rejected=200),
    never_completes=True,
)
