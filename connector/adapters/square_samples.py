"""A body for each event type that Square tells of, as its API writes them. Not an adapter itself."""

import json
from typing import Any, Final

from .kit import MARKER, Sample


def _sample(name: str, event_type: str, thing: dict[str, Any]) -> Sample:
    place, _, _ = name.partition(".")
    body = {
        "merchant_id": "GLOWSPA0000001",
        "type": name,
        "event_id": f"{event_type.replace('.', '-')}-{MARKER}",
        "created_at": "2026-11-20T15:00:00.123456789Z",
        "data": {"type": place, "id": thing["id"], "object": {place: thing}},
    }
    return Sample(name, event_type, json.dumps(body).encode())


_BOOKING: Final = {
    "id": f"booking-{MARKER}",
    "customer_id": f"customer-{MARKER}",
    "status": "ACCEPTED",
    "start_at": "2026-11-20T14:00:00Z",
    "appointment_segments": [{"duration_minutes": 60, "service_variation_id": "MASSAGE"}],
    "version": 0,
}
_SUM: Final = {"amount": 62000, "currency": "USD"}
_CUSTOMER: Final = {
    "id": f"customer-{MARKER}",
    "given_name": "Ada",
    "family_name": "Bell",
    "email_address": f"ada.{MARKER}@example.com",
}
_REFUND: Final = {
    "id": f"refund-{MARKER}",
    "payment_id": f"payment-{MARKER}",
    "status": "COMPLETED",
    "amount_money": {"amount": 2000, "currency": "USD"},
}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("booking.created", "booking.created", _BOOKING),
        _sample("booking.updated", "booking.rescheduled", {**_BOOKING, "start_at": "2026-11-21T14:00:00Z"}),
        _sample("booking.updated", "booking.cancelled", {**_BOOKING, "status": "CANCELLED_BY_CUSTOMER"}),
        _sample("booking.updated", "booking.no_show", {**_BOOKING, "status": "NO_SHOW"}),
        _sample(
            "payment.updated",
            "payment.succeeded",
            {
                "id": f"payment-{MARKER}",
                "status": "COMPLETED",
                "customer_id": f"customer-{MARKER}",
                "buyer_email_address": f"ada.{MARKER}@example.com",
                "total_money": _SUM,
                "updated_at": "2026-11-20T15:00:00Z",
            },
        ),
        _sample(
            "invoice.payment_made",
            "invoice.paid",
            {
                "id": f"inv:{MARKER}",
                "status": "PAID",
                "primary_recipient": {**_CUSTOMER, "customer_id": f"customer-{MARKER}"},
                "payment_requests": [{"total_completed_amount_money": _SUM}],
            },
        ),
        _sample("refund.updated", "payment.refunded", _REFUND),
        _sample("customer.created", "contact.created", _CUSTOMER),
        _sample("customer.updated", "contact.updated", _CUSTOMER),
    )
}
