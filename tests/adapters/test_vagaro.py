"""Vagaro: a fixed token and published addresses in place of a signature."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.vagaro import ADAPTER, HEADER, PUBLISHED
from connector.adapters.vagaro_samples import SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import AddressNotAllowed, NotUnderstood, SignatureRefused
from connector.domain.events import Booking, Event, Payment, Refund
from connector.domain.money import Money

from .deliveries import a_delivery, a_source, keys, opened, read_all, read_one, with_header
from .recorded import fields_of

RECORDED: Final = fields_of("vagaro__appointment.created")
WHO: Final = Person(external_id="2dwfErtmMAFxe6hoCnQStw==")


def changed(action: str = "updated", **payload: Any) -> dict[str, Any]:
    return {**RECORDED, "action": action, "payload": {**RECORDED["payload"], **payload}}


def sale(**payload: Any) -> dict[str, Any]:
    told = {"transactionId": "t-1", "transactionDate": "2026-11-20T10:00:00", "customerId": "c-1", **payload}
    return {"id": "e-1", "type": "transaction", "action": "created", "payload": told}


def event_of(body: dict[str, Any]) -> Event:
    source = a_source("vagaro")
    return read_one(source, a_delivery(source, body))


def test_the_token_is_the_proof_as_the_vendor_sends_it() -> None:
    """`X-Vagaro-Signature` as its documents show it: the text from the settings, whatever the body."""
    source = a_source("vagaro", secrets=["new", "a4d2b7f0c3e84f5f9c1d"])
    request = a_delivery(source, RECORDED, headers={HEADER: "a4d2b7f0c3e84f5f9c1d"})
    assert opened(source, request)
    assert opened(source, replace(request, body=b"{}"))
    for wrong in ("", "A4D2B7F0C3E84F5F9C1D", "a4d2b7f0c3e84f5f9c1d, a4d2b7f0c3e84f5f9c1d"):
        with pytest.raises(SignatureRefused):
            opened(source, with_header(request, HEADER, wrong))


@pytest.mark.parametrize("address", [*PUBLISHED, f"::ffff:{PUBLISHED[0]}", "127.0.0.1", "::1"])
def test_it_must_come_from_a_published_address_or_from_this_machine(address: str) -> None:
    source = a_source("vagaro")
    assert opened(source, replace(a_delivery(source, RECORDED), address=address))


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_a_proxy_of_this_machine_that_nobody_trusts_is_not_the_sender(header: str) -> None:
    source = a_source("vagaro")
    request = replace(a_delivery(source, RECORDED), address="127.0.0.1")
    with pytest.raises(AddressNotAllowed, match="trusted_proxies"):
        opened(source, with_header(request, header, PUBLISHED[0]))


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "20.220.12.84", "2606:4700::1111", "::ffff:8.8.8.8"),
        *("", "unknown", "-", "10.0.0.7", "192.168.1.1", "172.17.0.1", "fd00::1", "fe80::1%eth0", "0.0.0.0"),
    ],
)
def test_the_right_token_from_elsewhere_is_refused(address: str) -> None:
    source = a_source("vagaro")
    request = replace(a_delivery(source, RECORDED), address=address)
    with pytest.raises(AddressNotAllowed):
        opened(source, request)
    with pytest.raises(SignatureRefused):
        opened(source, with_header(request, HEADER, "wrong"))


def test_a_source_may_name_other_addresses() -> None:
    source = a_source("vagaro", addresses=["8.8.8.0/24"])
    assert ADAPTER.check_source(source) == []
    request = a_delivery(source, RECORDED)
    assert opened(source, replace(request, address="8.8.8.8"))
    with pytest.raises(AddressNotAllowed):
        opened(source, replace(request, address=PUBLISHED[0]))


@pytest.mark.parametrize("named", ["8.8.8.8", [], ["nowhere"], [None], ["8.8.8.8"] * 101])
def test_addresses_that_are_none_are_a_fault_and_let_nobody_in(named: Any) -> None:
    source = a_source("vagaro", addresses=named)
    [fault] = ADAPTER.check_source(source)
    assert fault.startswith("addresses: ")
    if named != ["8.8.8.8"] * 101:
        with pytest.raises(AddressNotAllowed):
            opened(source, replace(a_delivery(source, RECORDED), address="8.8.8.8"))


def test_without_a_currency_it_is_not_started() -> None:
    [fault] = ADAPTER.check_source(a_source("vagaro", currency=""))
    assert fault.startswith("currency: ")


def test_the_recorded_appointment() -> None:
    assert event_of(RECORDED) == Event(
        type="booking.created",
        occurred_at=datetime(2024, 2, 15, tzinfo=UTC),
        data=RECORDED,
        contact=WHO,
        booking=Booking(
            "2dwfErtmMAFxe6hoCnQStw==",
            "created",
            "Hot Stone Massage",
            datetime(2024, 2, 15, 5, 25, tzinfo=UTC),
            datetime(2024, 2, 15, 6, 25, tzinfo=UTC),
            Money(10_000, "USD"),
        ),
    )


@pytest.mark.parametrize(
    ("action", "status", "event_type"),
    [
        ("updated", "Service Complete", "booking.completed"),
        ("updated", "No Show", "booking.no_show"),
        ("updated", "Cancel", "booking.cancelled"),
        ("updated", "Denied", "booking.cancelled"),
        ("deleted", "Deleted", "booking.cancelled"),
        ("deleted", None, "booking.cancelled"),
        ("deleted", "Accepted", "booking.cancelled"),
        ("deleted", "Service Complete", "booking.cancelled"),
        ("updated", "Accepted", "booking.rescheduled"),
        ("updated", "null", "booking.rescheduled"),
        ("created", "Service Complete", "booking.completed"),
    ],
)
def test_an_appointment_is_what_its_status_says(action: str, status: str | None, event_type: str) -> None:
    event = event_of(changed(action, bookingStatus=status))
    assert event.type == event_type
    assert event.only_if_moved == (event_type == "booking.rescheduled")


@pytest.mark.parametrize(
    ("status", "is_request"),
    [
        ("Need Acceptance", True),
        ("Awaiting Confirmation", False),
        ("Accepted", False),
        ("Confirmed", False),
        ("Show", False),
        ("Ready to Start", False),
        ("Service In Progress", False),
    ],
)
def test_only_what_the_business_has_still_to_accept_is_asked_for(status: str, is_request: bool) -> None:
    """Whether the customer says again that they come is another matter. The statuses: its documentation."""
    for action in ("created", "updated"):
        event = event_of(changed(action, bookingStatus=status))
        assert (event.is_request, event.booking is not None) == (is_request, True)
    assert not event_of(changed("deleted", bookingStatus=status)).is_request


def test_an_employees_own_time_is_nobodys_booking() -> None:
    source = a_source("vagaro")
    assert read_all(source, a_delivery(source, changed("created", bookingStatus="PersonalOff"))) == []


def test_a_customer_is_a_contact() -> None:
    told = {"customerId": "c-1", "email": "Ada@example.com", "mobilePhone": "4155550113", "firstName": "Ada"}
    event = event_of({"id": "e", "type": "customer", "action": "created", "payload": told})
    assert event.type == "contact.created"
    assert event.contact == Person("c-1", "ada@example.com", "+14155550113", "Ada")
    abroad = {
        "customerId": "c-2",
        "customerFirstName": "Zoe",
        "mobilePhone": "020 7946 0958",
        "countryCode": "GB",
    }
    event = event_of({"id": "e", "type": "customer", "action": "updated", "payload": abroad})
    assert event.contact == Person("c-2", None, "+442079460958", "Zoe")


def test_the_items_of_one_sale_are_payments_of_their_own() -> None:
    """`transactionId` is the card's, one for all of them; `userPaymentId` is the item's."""
    first, second = (event_of(sale(userPaymentId=item, ccAmount=20)) for item in ("i-1", "i-2"))
    assert (first.payment, second.payment) == (
        Payment("i-1", Money(2_000, "USD")),
        Payment("i-2", Money(2_000, "USD")),
    )
    assert first.key != second.key
    cash = {**sale(cashAmount=5), "payload": {"customerId": "c-1", "cashAmount": 5}}
    assert event_of(cash).payment == Payment("e-1", Money(500, "USD"))


def test_a_transaction_is_what_was_truly_paid_in() -> None:
    event = event_of(sale(purchaseType="Service", ccAmount=60.5, cashAmount="20", gcRedemption=40, tip=5))
    assert event.payment == Payment("t-1", Money(8_050, "USD"))
    assert event.occurred_at == datetime(2026, 11, 20, 15, tzinfo=UTC)  # New York's clock
    assert event.contact == Person(external_id="c-1")


@pytest.mark.parametrize("paid", [{"ccAmount": -20}, {"purchaseType": "Refund", "cashAmount": 20}])
def test_what_is_paid_out_is_a_refund(paid: dict[str, Any]) -> None:
    event = event_of(sale(**paid))
    assert (event.type, event.refund) == ("payment.refunded", Refund("t-1", Money(2_000, "USD")))


def test_a_visit_that_a_card_paid_for_is_no_payment() -> None:
    source = a_source("vagaro")
    assert read_all(source, a_delivery(source, sale(ccAmount=0, gcRedemption=40))) == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "employee", "action": "created", "payload": {}},
        {"type": "formResponse", "action": "created"},
        {"type": "customer", "action": "deleted", "payload": {"customerId": "c"}},
        {"type": "transaction", "action": "deleted", "payload": {"transactionId": "t", "ccAmount": 20}},
    ],
)
def test_what_is_none_of_ours_is_valid_and_ignored(body: dict[str, Any]) -> None:
    source = a_source("vagaro")
    assert read_all(source, a_delivery(source, body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `type`, `action`, `payload`"),
        ({"type": "appointment"}, "looked for `payload`"),
        ({"type": "appointment", "payload": {}}, "looked for `payload.appointmentId`"),
        ({"type": "customer", "action": "created", "payload": {}}, "looked for `payload.customerId`"),
        ({"type": "transaction", "payload": {}}, "looked for `payload.userPaymentId`"),
        (changed(amount="1,000"), "`payload.amount`"),
        (sale(ccAmount="1,000"), "`payload.ccAmount`"),
        (sale(ccAmount=True), "`payload.ccAmount`"),
        (sale(ccAmount=[]), "`payload.ccAmount`"),
        (sale(ccAmount="NaN"), "`payload.ccAmount`"),
        (sale(ccAmount=10**13), "`payload.ccAmount`"),
        (sale(ccAmount=0.001), "`payload.ccAmount`"),
    ],
)
def test_what_cannot_be_understood_is_said(body: dict[str, Any], said: str) -> None:
    source = a_source("vagaro")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_the_events_id_is_the_deliverys() -> None:
    source = a_source("vagaro")
    assert keys(source, a_delivery(source, RECORDED)) == (
        kit.Key("event 254FA623-D2B0-4785-A07D-A1A7059C74FF"),
    )
    [key] = keys(source, a_delivery(source, {**RECORDED, "id": None}))
    assert key.weak
    assert keys(source, a_delivery(source, SAMPLES["booking.created"].body)) == (
        kit.Key("event booking.created-sample-1"),
    )
