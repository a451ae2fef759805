"""A body for each event type that Vagaro tells of, as its documentation shows them. Not an adapter itself."""

import json
from typing import Any, Final

from .kit import MARKER, Sample


def _sample(name: str, action: str, event_type: str, **payload: Any) -> Sample:
    body = {
        "id": f"{event_type}-{MARKER}",
        "createdDate": "2026-11-20T15:00:05Z",
        "type": name,
        "action": action,
        "payload": {"customerId": f"ada-{MARKER}", "businessId": "YcuoP43A7DPCKddsoMuIXw==", **payload},
    }
    return Sample(f"{name} {action}", event_type, json.dumps(body).encode())


def _visit(action: str, event_type: str, status: str) -> Sample:
    return _sample(
        "appointment",
        action,
        event_type,
        appointmentId=f"booking-{MARKER}",
        startTime="2026-11-20T14:00:00Z",
        endTime="2026-11-20T15:00:00Z",
        bookingStatus=status,
        serviceTitle="Hot stone massage",
        amount=80,
    )


def _sale(event_type: str, purchase: str, paid: int) -> Sample:
    return _sample(
        "transaction",
        "created",
        event_type,
        userPaymentId=f"payment-{MARKER}",
        transactionId=f"ticket-{MARKER}",
        transactionDate="2026-11-20T15:00:00Z",
        purchaseType=purchase,
        ccAmount=paid,
        cashAmount=0,
    )


_CUSTOMER: Final = {
    "email": f"ada.{MARKER}@example.com",
    "customerFirstName": "Ada",
    "customerLastName": "Bell",
}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _visit("created", "booking.created", "Accepted"),
        _visit("updated", "booking.rescheduled", "Accepted"),
        _visit("updated", "booking.completed", "Service Complete"),
        _visit("updated", "booking.no_show", "No Show"),
        _visit("deleted", "booking.cancelled", "Deleted"),
        _sample("customer", "created", "contact.created", **_CUSTOMER),
        _sample("customer", "updated", "contact.updated", **_CUSTOMER),
        _sale("payment.succeeded", "Service", 620),
        _sale("payment.refunded", "Refund", -20),
    )
}
