"""SimplyBook.me: the API plug-in's callback URL.

https://help.simplybook.me/index.php/API_custom_feature

- Signature: none exists. Our secret comes as the last part of the path, since no header can be set.
- Replay: whoever has the URL can send anything; what can happen once is remembered for ever.
- Delivery id: none of its own. A booking is made and cancelled once: its id and `notification_type`. It
  can be changed again with the very same body, so a change is remembered for ten minutes only.
- Event types: create, change (booking.rescheduled), cancel; `notify`, a reminder, is passed over.
- Person: not in the body, which has the booking's id alone.
- Money: not in the body.
- Time zone: the body has no time; the moment of receipt counts.
- Retries: as the owner sets them, up to six, from 10 minutes to a day apart.
- Known limits: the body has no person, no time and no sum. There is no "completed" event.
- How sure: the vendor's sample code; retries second-hand.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ..domain.events import Booking, Event
from ..domain.ids import new_token
from . import kit, shared
from .reading import missing, text

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
            "Say how often SimplyBook.me repeats a call that failed, in the same settings.",
        ),
    ),
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=shared.verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=shared.sign,
    samples=SAMPLES,
    allows_path_token=True,
    never_completes=True,
)
