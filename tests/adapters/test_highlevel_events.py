"""HighLevel: what its bodies mean, whole events of recorded ones, and what cannot be read."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit, lookups
from connector.adapters.highlevel_events import ask, complete
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood
from connector.domain.events import Booking, Deal, Event, Invoice, Order, Payment
from connector.domain.money import Money

from .deliveries import NOW, a_delivery, a_source, keys, read_all, read_one
from .recorded import fields_of

ADA: Final = {"id": "c-1", "email": "ada@example.com"}
VISIT: Final[dict[str, Any]] = {
    "type": "AppointmentUpdate",
    "locationId": "L",
    "appointment": {"id": "a-1", "contactId": "c-1", "startTime": "2026-11-20T09:00:00-05:00"},
}
RECORDED: Final = fields_of("highlevel__workflow_appointment")


def read_body(body: dict[str, Any], **more: Any) -> Event:
    source = a_source("highlevel")
    return read_one(source, a_delivery(source, body, **more))


def none_of(body: dict[str, Any], **more: Any) -> bool:
    source = a_source("highlevel")
    return read_all(source, a_delivery(source, body, **more)) == []


def with_status(status: Any) -> dict[str, Any]:
    return {**VISIT, "appointment": {**VISIT["appointment"], "appointmentStatus": status}}


def test_the_recorded_appointment() -> None:
    body = fields_of("highlevel__AppointmentCreate")
    at = datetime(2023, 9, 25, 10, 30, tzinfo=UTC)
    assert read_body(body) == Event(
        type="booking.created",
        occurred_at=at,
        data=body,
        contact=Person(external_id="9NkT25Vor1v4aQatFsv2"),
        booking=Booking("0007BWpSzSwfiuSl0tR2", "created", "Appointment with GHL Dev team", at, at),
    )


def test_the_recorded_list_of_tags_stands_for_what_it_changes() -> None:
    body = fields_of("highlevel__ContactTagUpdate")
    tags = ("id magna sed Lorem", "Duis dolor commodo aliqua")
    person = Person("nmFmQEsNgz6AVpgLVUJ0", "john.deo@example.com", "+15555550100", "John", "Deo", tags)
    assert read_body(body) == Event("contact.tag_added", NOW, body, person, tells_tags=True)


def test_the_recorded_order_is_paid_once_it_is_completed() -> None:
    body = fields_of("highlevel__OrderCreate")
    assert none_of(body)
    body = {**body, "status": "completed", "type": "OrderStatusUpdate"}
    assert read_body(body) == Event(
        type="order.paid",
        occurred_at=datetime(2024, 4, 4, 16, 24, 31, 297_000, tzinfo=UTC),
        data=read_body(body).data,
        contact=Person("ff2JstbQJfRuofXzeT0M", "maxwell@example.com", "+15555550114", "Maxwell", "Schmidt"),
        order=Order("660ed43bfdf9fc05a0de7a40", Money(15_010, "USD")),
        key="order.paid 660ed43bfdf9fc05a0de7a40",
    )


def test_the_recorded_invoice_which_names_no_type_is_told_when_all_of_it_is_paid() -> None:
    body = fields_of("highlevel__InvoicePartiallyPaid")
    assert none_of(body)
    assert none_of({**body, "type": "InvoicePartiallyPaid"})
    paid = {**body, "status": "paid", "amountPaid": 999}
    for named in ({}, {"type": "InvoicePaid"}):
        event = read_body({**paid, **named})
        assert event.type == "invoice.paid"
        assert event.invoice == Invoice("6578278e879ad2646715ba9c", Money(99_900, "USD"))
        assert event.occurred_at == datetime(2023, 12, 12, 9, 27, 42, 355_000, tzinfo=UTC)
        assert event.contact == Person(
            "6578278e879ad2646715ba9c", "alex@example.com", "+15555550101", "Alex", None
        )
    whole = read_body({**paid, "amountPaid": None})
    assert whole.invoice == Invoice("6578278e879ad2646715ba9c", Money(99_900, "USD"))


def test_the_recorded_workflow_has_its_appointment_in_the_zone_it_was_picked_in() -> None:
    assert read_body(RECORDED) == Event(
        type="booking.created",
        occurred_at=NOW,
        data=RECORDED,
        contact=Person("cont0000000000000002", "sam.sample@example.com", "+15555550112", "Sam", "Sample"),
        booking=Booking(
            "appt0000000000000001",
            "created",
            "تقويم تشخيص النمو",
            datetime(2026, 9, 13, 14, tzinfo=UTC),
            datetime(2026, 9, 13, 14, 30, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize("zone", [None, "", "Nowhere/Town", 7])
def test_a_zone_that_is_none_leaves_the_sources(zone: Any) -> None:
    event = read_body({**RECORDED, "calendar": {**RECORDED["calendar"], "selectedTimezone": zone}})
    assert event.booking is not None
    assert event.booking.starts_at == datetime(2026, 9, 13, 21, tzinfo=UTC)  # New York's clock


@pytest.mark.parametrize(
    ("status", "event_type"),
    [
        ("showed", "booking.completed"),
        ("completed", "booking.completed"),
        ("noshow", "booking.no_show"),
        ("cancelled", "booking.cancelled"),
        ("confirmed", "booking.rescheduled"),
        ("new", "booking.rescheduled"),
        ("active", "booking.rescheduled"),
        (None, "booking.rescheduled"),
        ("null", "booking.rescheduled"),
    ],
)
def test_an_update_is_what_its_status_says(status: str | None, event_type: str) -> None:
    event = read_body(with_status(status))
    assert event.type == event_type
    assert event.booking is not None
    assert f"booking.{event.booking.status}" == event_type
    assert event.only_if_moved == (event_type == "booking.rescheduled")
    assert event.contact == Person(external_id="c-1")


def test_an_appointment_that_is_new_has_still_to_be_confirmed() -> None:
    """As in a calendar that does not confirm by itself; what a workflow says itself counts as it says."""
    for name, is_asked in (
        ("AppointmentCreate", True),
        ("AppointmentUpdate", True),
        ("AppointmentDelete", False),
    ):
        assert read_body({**with_status("new"), "type": name}).is_request == is_asked
        assert not read_body({**with_status("confirmed"), "type": name}).is_request
    workflow = {**RECORDED, "calendar": {**RECORDED["calendar"], "appoinmentStatus": "new"}}
    asked = read_body(workflow)
    assert (asked.type, asked.is_request, read_body(RECORDED).is_request) == ("booking.created", True, False)
    said = read_body({**workflow, "customData": {"type": "booking.created"}})
    assert (said.type, said.is_request) == ("booking.created", False)


def test_an_invalid_appointment_is_none_and_a_deleted_one_cancelled() -> None:
    assert none_of(with_status("invalid"))
    assert read_body({**with_status("confirmed"), "type": "AppointmentDelete"}).type == "booking.cancelled"


@pytest.mark.parametrize(
    ("spelt", "event_type"),
    [
        ({"appoinmentStatus": "showed", "appointmentStatus": "confirmed"}, "booking.completed"),
        ({"appointmentStatus": "noshow", "status": "booked"}, "booking.no_show"),
        ({"status": "cancelled"}, "booking.cancelled"),
        ({"appoinmentStatus": "", "status": "booked"}, "booking.created"),
    ],
)
def test_a_workflows_status_is_read_as_it_is_misspelt(spelt: dict[str, str], event_type: str) -> None:
    calendar = {"appointmentId": "a-1", "startTime": "2026-09-13T17:00:00", **spelt}
    assert read_body({**RECORDED, "calendar": calendar}).type == event_type


def test_an_appointment_of_a_workflow_that_is_invalid_is_none() -> None:
    assert none_of({**RECORDED, "calendar": {**RECORDED["calendar"], "appoinmentStatus": "invalid"}})


def test_a_payment_is_read_by_its_shape() -> None:
    payment = {"transaction_id": "t-1", "total_amount": 97.5, "currency_code": "eur"}
    event = read_body({"contact_id": "c-1", "tags": "a, b", "payment": payment})
    assert event.type == "payment.succeeded"
    assert event.payment == Payment("t-1", Money(9_750, "EUR"))
    assert event.contact == Person(external_id="c-1", tags=("a", "b"))
    assert event.tells_tags


@pytest.mark.parametrize("named", [{}, {"type": "payment.succeeded"}])
@pytest.mark.parametrize(
    ("status", "is_paid"),
    [
        ({}, True),
        ({"payment_status": None}, True),
        ({"payment_status": "succeeded"}, True),
        ({"payment_status": "Success"}, True),
        ({"payment_status": "null"}, True),
        ({"payment_status": "null", "status": "failed"}, False),
        ({"payment_status": "failed"}, False),
        ({"status": "failed"}, False),
        ({"payment_status": "refunded"}, False),
        ({"payment_status": "what is this"}, False),
        ({"payment_status": 0, "status": "pending"}, False),
        ({"payment_status": ["succeeded"]}, False),
    ],
)
def test_a_payment_that_did_not_succeed_is_none(
    status: dict[str, Any], is_paid: bool, named: dict[str, str]
) -> None:
    """A workflow's trigger Payment Received runs for failed payments too."""
    source, payment = a_source("highlevel"), {"transaction_id": "t-1", "total_amount": 9, **status}
    body = {"contact_id": "c-1", "payment": payment, "customData": named}
    assert [one.type for one in read_all(source, a_delivery(source, body))] == ["payment.succeeded"] * is_paid


def test_a_payment_that_failed_or_is_pending_keeps_no_success_of_its_transaction_back() -> None:
    """A bank debit is told of while it is pending; what was ignored must not make its success a duplicate."""
    source = a_source("highlevel")
    known: set[kit.Key] = set()
    for status in ("pending", "failed", "succeeded"):
        payment = {"transaction_id": "t-1", "total_amount": 9, "payment_status": status}
        found = set(keys(source, a_delivery(source, {"contact_id": "c-1", "payment": payment})))
        assert found.isdisjoint(known), status
        known |= found
    assert kit.Key("payment.succeeded t-1") in known


def test_a_bare_contact_tells_of_itself_and_its_tags() -> None:
    event = read_body({"contact_id": "c-1", "email": "Ada@example.com", "tags": "newsletter, VIP,"})
    assert (event.type, event.tells_tags) == ("contact.updated", True)
    assert event.contact == Person(external_id="c-1", email="ada@example.com", tags=("newsletter", "VIP"))


def test_no_tags_in_a_text_say_nothing_of_tags() -> None:
    event = read_body({"contact_id": "c-1", "tags": ""})
    assert event.contact == Person(external_id="c-1")
    assert not event.tells_tags


def test_people_may_name_the_event_in_the_url_or_in_their_own_data() -> None:
    body = {"contact_id": "c-1", "email": "ada@example.com", "tags": "VIP"}
    assert read_body(body, query="event=referral%20done").type == "custom.referral_done"
    custom = {"type": "points.earned", "id": "p-1", "points": "120"}
    event = read_body({**body, "customData": custom})
    assert (event.type, event.points) == ("points.earned", 120)
    assert event.contact == Person(external_id="c-1", email="ada@example.com", tags=("VIP",))


def test_a_custom_webhook_may_have_the_flat_names() -> None:
    event = read_body({"type": "contact.tag_added", "id": "x", "email": "ada@example.com", "tag": "VIP"})
    assert (event.type, event.tag, event.tells_tags) == ("contact.tag_added", "VIP", False)


def test_a_form_body_is_taken_too() -> None:
    source = a_source("highlevel")
    request = a_delivery(source, b"contact_id=c-1&email=ada%40example.com&tags=VIP", content_type=kit.FORM)
    assert read_one(source, request).type == "contact.updated"


def test_a_contact_born_long_ago_was_not_changed_then() -> None:
    body = {"type": "ContactCreate", "locationId": "L", **ADA, "dateAdded": "2021-11-26T12:41:02.193Z"}
    assert read_body(body).occurred_at == NOW
    assert read_body({**body, "timestamp": "2026-11-20T14:00:00Z"}).occurred_at == NOW.replace(
        hour=14, minute=0, second=0
    )


def test_tags_that_are_all_gone_are_told_as_such() -> None:
    body = {"type": "ContactTagUpdate", "locationId": "L", **ADA, "tags": []}
    event = read_body(body)
    assert (event.type, event.tag, event.tells_tags) == ("contact.tag_removed", None, True)


def test_a_deal_is_won_in_the_sources_currency() -> None:
    body = {
        "type": "OpportunityStatusUpdate",
        "locationId": "L",
        "id": "o-1",
        "status": "won",
        "monetaryValue": 1200.5,
        "contactId": "c-1",
    }
    event = read_body(body)
    assert event.deal == Deal("o-1", Money(120_050, "USD"))
    assert event.contact == Person(external_id="c-1")
    assert none_of({**body, "status": "lost"})


@pytest.mark.parametrize("name", ["InboundMessage", "ContactDelete", "INSTALL", "TaskCreate", ""])
def test_what_is_none_of_ours_is_valid_and_ignored(name: str) -> None:
    assert none_of({"type": name or "x", "locationId": "L"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "AppointmentCreate", "locationId": "L"}, "looked for `appointment.id`"),
        (with_status(7.5), "appointment.appointmentStatus"),
        ({"type": "ContactCreate", "locationId": "L", "id": "null"}, "looked for `id`, `email`, `phone`"),
        ({"type": "ContactTagUpdate", "locationId": "L", **ADA}, "looked for `tags`"),
        ({"type": "InvoicePaid", "status": "paid"}, "looked for `_id`"),
        ({"type": "OrderCreate", "status": "completed", "_id": "o", "amount": "1,000"}, "`amount`"),
        ({"type": "OrderCreate", "status": "completed"}, "looked for `_id`"),
        ({"type": "OpportunityStatusUpdate", "status": "won"}, "looked for `id`"),
        ({"name": "nobody"}, "looked for `type`, `event`"),
        ({**RECORDED, "calendar": {**RECORDED["calendar"], "startTime": "soon"}}, "calendar.startTime"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("highlevel")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_whoever_is_named_by_id_alone_is_asked_for() -> None:
    source = a_source("highlevel")
    visit = read_body(with_status("showed"))
    assert ask(visit, source, "pit-1") == lookups.Ask(
        "https://services.leadconnectorhq.com/contacts/c-1",
        {"authorization": "Bearer pit-1", "version": "2021-07-28"},
    )
    known = read_body({"type": "ContactCreate", "locationId": "L", **ADA})
    assert ask(known, source, "pit-1") is None
    told = {"contact": {"id": "c-1", "email": "Ada@example.com", "phone": "+14155550113", "firstName": "Ada"}}
    event = complete(visit, told, source)
    assert event.contact == Person("c-1", "ada@example.com", "+14155550113", "Ada")
    assert event.booking == visit.booking
    assert complete(visit, {}, source).contact == Person("c-1")
