"""SimplyBook.me: the API plug-in's callback URL.

https://help.simplybook.me/index.php/API_custom_feature

- Signature: none exists. Our secret comes as the last part of the path, since no header can be set.
- Replay: whoever has the URL can send anything; what can happen once is remembered for ever.
- Delivery id: none of its own. A booking is made and cancelled once: its id and `notification_type`. It
  can be changed again with the very same body, so a change is remembered for ten minutes only.
- Event types: create, change (booking.rescheduled; once looked up, only where its time is another than the
  one known here), cancel; `notify`, a reminder, is passed over.
- Confirmation: a booking whose `is_confirmed` is 0 when it is looked up is asked for and none yet; it is
  booking.created with the change that confirms it.
- Look-up: with a `credential`, `<company login>:<API key>:<API secret key>`, `getToken` and then
  `getBookingDetails`, signed with md5 over id, hash and secret key as the vendor has it, say who and when.
- Person: not in the body, which has the booking's id alone; looked up, by e-mail and phone.
- Money: not in the body.
- Time zone: looked-up times are on the company's clock, the source's `timezone`; a change's own moment is
  that of receipt.
- Retries: as the owner sets them, up to six, from 10 minutes to a day apart.
- Known limits: without a credential there is no person, no time and no word of confirmation. There is no
  "completed" event; it is derived from the end that was looked up.
- How sure: the vendor's sample code and API guide; retries second-hand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..domain.contacts import Trust, read_person
from ..domain.errors import NotUnderstood
from ..domain.events import Booking, Event
from ..domain.ids import new_token
from ..domain.inbound import Source
from . import kit, lookups, shared
from .reading import block, missing, moment, text

API: Final = "https://user-api.simplybook.me"
_STATUSES: Final = {"create": "created", "change": "rescheduled", "cancel": "cancelled"}


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """Booking and type; weak where the same may truly happen again. () where there is neither."""
    body = kit.known_fields(verified)
    own = kit.named_keys(verified, body)
    told, name = str(body.get("booking_id") or "").strip(), _name(body)
    if not (told and name):
        return own
    return (*own, kit.Key(kit.key(name, told).text, weak=name not in ("create", "cancel")))


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = _name(body)
    if not name:
        raise missing("No SimplyBook.me event", ["notification_type", "booking_id"], body)
    status = _STATUSES.get(name)
    if status is None:
        return []
    booking_id = text(body.get("booking_id"), "booking_id")
    if booking_id is None:
        raise missing(f"No booking for {name}", ["booking_id"], body)
    booking = Booking(booking_id, status)
    at = verified.request.received_at
    return [Event(type=f"booking.{status}", occurred_at=at, data=body, booking=booking)]


def look_up(event: Event, source: Source, credential: str) -> lookups.Walk:
    """Who booked, and when it is."""
    if event.booking is None:
        return event
    company, key, secret = lookups.parts_of(credential, ("company", "API key", "API secret key"))
    base, booking_id = lookups.api_url(source, API), event.booking.id
    token = _result((yield _call(f"{base}/login", {}, "getToken", company, key)))
    if not isinstance(token, str):
        raise missing("No token of SimplyBook.me", ["result"], token)
    proof = {"x-company-login": company, "x-token": token}
    signed = f"{booking_id}{event.data.get('booking_hash') or ''}{secret}".encode()
    sign = hashlib.md5(signed, usedforsecurity=False).hexdigest()  # theirs; nothing here rests on it
    told = _result((yield _call(f"{base}/", proof, "getBookingDetails", booking_id, sign)))
    if not isinstance(told, dict):
        raise missing("No booking of SimplyBook.me", ["result"], told)
    person = read_person(
        country=source.country,
        email=told.get("client_email"),
        phone=told.get("client_phone"),
        name=told.get("client_name"),
    )
    is_change = event.booking.status == "rescheduled"
    booking = replace(
        event.booking,
        service=text(told.get("event_name"), "event_name"),
        starts_at=moment(told.get("start_date_time"), "start_date_time", source.timezone),
        ends_at=moment(told.get("end_date_time"), "end_date_time", source.timezone),
    )
    whole = {**event.data, "api": told}
    return replace(
        event,
        contact=person if person.is_known else None,
        booking=booking,
        data=whole,
        only_if_moved=is_change,
        is_request=event.booking.status != "cancelled" and _is_unconfirmed(told),
    )


def _is_unconfirmed(told: Mapping[str, Any]) -> bool:
    """Whether it still waits for the company; what is not said is no doubt."""
    said = told.get("is_confirmed")
    return said is not None and text(str(said).lower(), "is_confirmed") in ("0", "false")


def _call(url: str, headers: Mapping[str, str], method: str, *params: str) -> lookups.Ask:
    return lookups.as_json(url, headers, {"jsonrpc": "2.0", "method": method, "params": params, "id": 1})


def _result(answer: Mapping[str, Any]) -> Any:
    if answer.get("error"):
        said = str(block(answer["error"]).get("message") or "an error")[:200]
        raise NotUnderstood(f"SimplyBook.me answered: {said}")
    return answer.get("result")


def _name(body: Mapping[str, Any]) -> str:
    written = body.get("notification_type")
    return written.strip().lower() if isinstance(written, str) else ""


def _sample(name: str, event_type: str) -> kit.Sample:
    body = {
        "booking_id": kit.MARKER,
        "booking_hash": "514ccafaa45aa779ff50e4642c37ba5d",
        "company": "glowspa",
        "notification_type": name,
    }
    return kit.Sample(name, event_type, json.dumps(body).encode())


SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("create", "booking.created"),
        _sample("change", "booking.rescheduled"),
        _sample("cancel", "booking.cancelled"),
    )
}

ADAPTER = kit.Adapter(
    name="simplybook",
    title="SimplyBook.me",
    setup="In Custom Features, API, enter <url>/<secret> as the callback URL, for new, changed and cancelled "
    "bookings.",
    guide=kit.Guide(
        start="booking.created",
        steps=(
            "Switch the custom feature API on, and open its settings.",
            (
                "Enter <url>/<secret> as callback URL for new, changed and cancelled bookings. A reminder's "
                "is not needed."
            ),
            (
                "Put `<company login>:<API key>:<API secret key>`, as the same settings show them, into the "
                "source as its `credential`: without it a booking has no person and no time."
            ),
            "Say how often SimplyBook.me repeats a call that failed, in the same settings.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=shared.verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=shared.sign,
    samples=SAMPLES,
    allows_path_token=True,
    never_completes=True,
    options=(lookups.API_URL,),
    lookup=look_up,
)
