"""A body for each event type that HighLevel tells of, most as its marketplace writes them. Not an adapter."""

import json
from typing import Any, Final

from .kit import MARKER, Sample

_LOCATION: Final = "ve9EPM428h8vShlRW1KT"
_AT: Final = "2026-11-20T14:59:58.000Z"


def _sample(name: str, event_type: str, /, **body: Any) -> Sample:
    signed = {
        "type": name,
        "locationId": _LOCATION,
        "timestamp": _AT,
        "webhookId": f"{name}-{event_type}-{MARKER}",
    }
    return Sample(name, event_type, json.dumps({**signed, **body}).encode())


def _visit(name: str, event_type: str, status: str) -> Sample:
    appointment = {
        "id": f"appointment-{MARKER}",
        "title": "Hot stone massage",
        "calendarId": "BqTwX8QFwXzpegMve9EQ",
        "contactId": f"ada-{MARKER}",
        "appointmentStatus": status,
        "source": "booking_widget",
        "startTime": "2026-11-20T09:00:00-05:00",
        "endTime": "2026-11-20T10:00:00-05:00",
        "dateAdded": "2026-11-18T04:30:00-05:00",
        "dateUpdated": "2026-11-20T09:59:58-05:00",
    }
    return _sample(name, event_type, appointment=appointment)


def _contact(name: str, event_type: str, tags: list[str]) -> Sample:
    return _sample(
        name,
        event_type,
        id=f"ada-{MARKER}",
        email=f"ada.{MARKER}@example.com",
        phone=None,
        name="Ada Bell",
        firstName="Ada",
        lastName="Bell",
        dateAdded="2026-11-18T09:30:00.000Z",
        tags=tags,
    )


_PERSON: Final = {"id": f"ada-{MARKER}", "email": f"ada.{MARKER}@example.com"}
_PAYMENT: Final = {
    "contact_id": f"ada-{MARKER}",
    "first_name": "Ada",
    "last_name": "Bell",
    "full_name": "Ada Bell",
    "email": f"ada.{MARKER}@example.com",
    "tags": "newsletter,VIP",
    "payment": {
        "transaction_id": f"payment-{MARKER}",
        "total_amount": 620,
        "currency_code": "USD",
        "created_at": _AT,
    },
    "location": {"id": _LOCATION, "name": "Glow Spa"},
    "workflow": {"id": "6a5e39c5-0000-4000-8000-000000000001", "name": "Thank for a payment"},
    "customData": {},
}

SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _visit("AppointmentCreate", "booking.created", "confirmed"),
        _visit("AppointmentUpdate", "booking.rescheduled", "confirmed"),
        _visit("AppointmentUpdate", "booking.completed", "showed"),
        _visit("AppointmentUpdate", "booking.no_show", "noshow"),
        _visit("AppointmentDelete", "booking.cancelled", "confirmed"),
        _contact("ContactCreate", "contact.created", []),
        _contact("ContactUpdate", "contact.updated", ["newsletter"]),
        _contact("ContactTagUpdate", "contact.tag_added", ["newsletter", "VIP"]),
        _contact("ContactTagUpdate", "contact.tag_removed", []),
        _sample(
            "InvoicePaid",
            "invoice.paid",
            _id=f"invoice-{MARKER}",
            status="paid",
            invoiceNumber="19",
            currency="USD",
            total=620,
            amountPaid=620,
            amountDue=0,
            contactDetails={**_PERSON, "phoneNo": "", "name": "Ada Bell"},
            updatedAt=_AT,
        ),
        _sample(
            "OrderStatusUpdate",
            "order.paid",
            _id=f"order-{MARKER}",
            status="completed",
            contactId=f"ada-{MARKER}",
            currency="USD",
            amount=150.1,
            contactSnapshot={**_PERSON, "firstName": "Ada", "lastName": "Bell"},
            updatedAt=_AT,
        ),
        _sample(
            "OpportunityStatusUpdate",
            "deal.won",
            id=f"deal-{MARKER}",
            status="won",
            monetaryValue=4800,
            contactId=f"ada-{MARKER}",
        ),
        Sample("payment", "payment.succeeded", json.dumps(_PAYMENT).encode()),
    )
}
