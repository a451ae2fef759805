"""One body per event type in the flat names, for the adapters that read them. Not an adapter itself."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from .kit import MARKER, Sample

_ADA: Final = {"email": f"ada.{MARKER}@example.com", "first_name": "Ada", "last_name": "Bell"}
_AT: Final = {"occurred_at": "2026-11-20T15:00:00Z"}
_BOOKING: Final = {
    "id": f"visit-{MARKER}",
    "booking_id": f"booking-{MARKER}",
    "service": "Hot stone massage",
    "starts_at": "2026-11-20T14:00:00Z",
    "ends_at": "2026-11-20T15:00:00Z",
    "amount": "80.00",
    "currency": "USD",
}
_SALE: Final = {"amount": "620.00", "currency": "USD"}

FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "booking.created": _BOOKING,
    "booking.rescheduled": _BOOKING,
    "booking.cancelled": _BOOKING,
    "booking.completed": _BOOKING,
    "booking.no_show": _BOOKING,
    "contact.created": {"id": f"person-{MARKER}", "tags": ["newsletter"]},
    "contact.updated": {"id": f"change-{MARKER}", "tags": ["newsletter", "VIP"]},
    "contact.tag_added": {"id": f"tagging-{MARKER}", "tag": "VIP", "tags": ["newsletter", "VIP"]},
    "contact.tag_removed": {"id": f"untagging-{MARKER}", "tag": "VIP", "tags": ["newsletter"]},
    "invoice.paid": {"id": f"invoice-{MARKER}", "invoice_id": f"invoice-{MARKER}", **_SALE},
    "payment.succeeded": {"id": f"payment-{MARKER}", "invoice_id": f"invoice-{MARKER}", **_SALE},
    "payment.refunded": {
        "id": f"refund-{MARKER}",
        "invoice_id": f"invoice-{MARKER}",
        "amount": "20.00",
        "currency": "USD",
    },
    "order.paid": {"id": f"order-{MARKER}", "order_id": f"order-{MARKER}", **_SALE},
    "order.refunded": {
        "id": f"refund-{MARKER}",
        "order_id": f"order-{MARKER}",
        "amount": "20.00",
        "currency": "USD",
    },
    "form.submitted": {"id": f"form-{MARKER}", "title": "Ask for a call", "best_time": "mornings"},
    "survey.completed": {"id": f"survey-{MARKER}", "title": "How was it?", "score": 9},
    "referral.completed": {
        "id": f"referral-{MARKER}",
        "referrer_email": f"grace.{MARKER}@example.com",
        "referrer_id": f"grace-{MARKER}",
    },
    "employee.milestone": {"id": f"milestone-{MARKER}", "milestone": "five years"},
    "deal.won": {"id": f"deal-{MARKER}", "amount": "4800.00", "currency": "USD"},
    "points.earned": {"id": f"points-{MARKER}", "points": 120},
    "custom.birthday": {"id": f"birthday-{MARKER}"},
}


def samples(write: Callable[[str, dict[str, Any]], bytes]) -> dict[str, Sample]:
    """A sample per event type, its body as `write(type, fields)` puts it."""
    return {
        name: Sample(name, name, write(name, {**fields, **_ADA, **_AT})) for name, fields in FIELDS.items()
    }


def plain(event_type: str, fields: dict[str, Any]) -> bytes:
    """One flat JSON object."""
    return json.dumps({"type": event_type, **fields}).encode()
