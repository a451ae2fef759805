"""Stripe: the signature with its age, and what its events mean here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.stripe import ADAPTER, SAMPLES, TOLERANCE
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Event, Invoice, Payment, Refund
from connector.domain.inbound import Request, Source
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of

# Published: arlyon/async-stripe, async-stripe-webhook/src/webhook.rs
VECTOR_BODY: Final = (
    b'{"account":"acct_123","api_version":"2017-05-25","created":1533204620,"data":{"object":{"amount":1000,'
    b'"currency":"usd","customer":"cus_123","date":1533204620,"description":"Test Invoice Item",'
    b'"discountable":false,"id":"ii_123","invoice":"in_123","livemode":false,"metadata":{},'
    b'"object":"invoiceitem","period":{"end":1533204620,"start":1533204620},"proration":false,"quantity":3,'
    b'"quantity_decimal":"0"}},"id":"evt_123","livemode":false,"object":"event","pending_webhooks":1,'
    b'"request":{"id":"req_123","idempotency_key":"idempotency-key-123"},"type":"invoiceitem.created"}'
)
V1: Final = "d7373bc68f4bd320b253cd7461f87af6e1cdf1b4d7db1614d8d1d746972d2d0a"
V0: Final = "63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
VECTOR_AT: Final = datetime.fromtimestamp(1533204620, UTC)


def by_stripe(signature: str, *secrets: str) -> tuple[Source, Request]:
    headers = {"content-type": kit.JSON, "stripe-signature": signature}
    request = Request("POST", URL, headers, VECTOR_BODY, "203.0.113.9", VECTOR_AT)
    return a_source("stripe", secrets=secrets or ["secret"]), request


def told(event_type: str, **thing: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(SAMPLES[event_type].body)
    body["data"]["object"].update(thing)
    return body


@pytest.mark.parametrize("secrets", [["secret"], ["new", "secret"], ["secret", "old"]])
def test_the_published_signature_is_taken_under_either_of_two_secrets(secrets: list[str]) -> None:
    source, request = by_stripe(f"t=1533204620,v1={V1},v0={V0}", *secrets)
    assert opened(source, request)
    assert read_all(source, request) == []
    assert ADAPTER.sign(VECTOR_BODY, "secret", VECTOR_AT, URL) == {
        "Stripe-Signature": f"t=1533204620,v1={V1}"
    }


@pytest.mark.parametrize(
    "signature",
    [
        f"t=1533204620,v0={V1}",
        f"t=1533204620,v1={V0}",
        f"t=1533204621,v1={V1}",
        f"t=1533204620,v1={V1.upper()}",
        f"t=1533204620,t=1533204620,v1={V1}",
        f"t=1533204620,v1=0, t=1533204620,v1={V1}",
        f"v1={V1}",
        V1,
    ],
)
def test_a_signature_written_otherwise_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        opened(*by_stripe(signature))


def test_the_secret_is_not_decoded_though_it_looks_so() -> None:
    source = a_source("stripe", secrets=["whsec_c2VjcmV0"])
    _, request = by_stripe(f"t=1533204620,v1={V1}")
    with pytest.raises(SignatureRefused):
        opened(source, request)


@pytest.mark.parametrize(("late", "is_taken"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_either_way_are_fresh(late: int, is_taken: bool) -> None:
    source = a_source("stripe")
    request = replace(a_delivery(source, b"{}"), received_at=NOW + timedelta(seconds=late))
    assert (abs(late) <= TOLERANCE.total_seconds()) == is_taken
    if is_taken:
        assert opened(source, request)
    else:
        with pytest.raises(SignatureRefused):
            opened(source, request)


def test_the_whole_event_of_a_recorded_checkout() -> None:
    source, body = a_source("stripe"), body_of("stripe__checkout.session.completed")
    session = "cs_test_a1CagZ1XmCLIZb3ME6r06G1h8ygwbbbMw8Nqk0R86MWMT4dmCjDiUYfQDr"
    assert read_one(source, a_delivery(source, body)) == Event(
        type="payment.succeeded",
        occurred_at=datetime(2023, 3, 3, 9, 0, tzinfo=UTC),
        data=json.loads(body),
        contact=Person("cus_NSPHp4fOlXGw8P", "customer@example.com", first_name="Test", last_name="Customer"),
        payment=Payment(session, Money(0, "USD"), invoice_id="in_1MhUT5E0b6fckueSfPlY05Fw"),
        key=f"payment.succeeded {session}",
    )
    assert keys(source, a_delivery(source, body)) == (kit.Key("evt_1MhUT6E0b6fckueSlc4GyvIi"),)


def test_the_whole_event_of_a_recorded_trials_invoice_is_paid_with_nothing() -> None:
    source, body = a_source("stripe"), body_of("stripe__invoice.paid")
    assert read_one(source, a_delivery(source, body)) == Event(
        type="invoice.paid",
        occurred_at=datetime(2023, 3, 3, 8, 59, 59, tzinfo=UTC),
        data=json.loads(body),
        contact=Person("cus_NSPHp4fOlXGw8P", "customer@example.com", first_name="Test", last_name="Customer"),
        invoice=Invoice("in_1MhUT5E0b6fckueSfPlY05Fw", Money(0, "USD")),
        key="invoice.paid in_1MhUT5E0b6fckueSfPlY05Fw",
    )


def test_a_refund_names_the_payment_that_it_is_of() -> None:
    source = a_source("stripe")
    paid = read_one(source, a_delivery(source, SAMPLES["payment.succeeded"].body)).payment
    event = read_one(source, a_delivery(source, SAMPLES["payment.refunded"].body))
    assert paid is not None
    assert event.refund == Refund("re_sample-1", Money(2000, "USD"), of=paid.id)
    charge = told("payment.refunded", payment_intent=None)
    refund = read_one(source, a_delivery(source, charge)).refund
    assert refund is not None
    assert refund.of == "ch_sample-1"


@pytest.mark.parametrize("status", ["pending", "failed", "canceled", "requires_action", None])
def test_a_refund_that_has_not_succeeded_is_none(status: str | None) -> None:
    source = a_source("stripe")
    assert read_all(source, a_delivery(source, told("payment.refunded", status=status))) == []


@pytest.mark.parametrize("status", ["unpaid", None, "", "PAID", 7])
def test_a_checkout_that_is_not_paid_for_is_no_payment(status: Any) -> None:
    source = a_source("stripe")
    assert read_all(source, a_delivery(source, told("payment.succeeded", payment_status=status))) == []


def test_a_checkout_that_only_keeps_a_card_for_later_is_no_payment() -> None:
    source, kept = a_source("stripe"), {"payment_intent": None, "amount_total": None, "currency": None}
    body = told("payment.succeeded", mode="setup", payment_status="no_payment_required", **kept)
    assert read_all(source, a_delivery(source, body)) == []


def test_a_slow_payment_is_told_once_when_it_has_succeeded() -> None:
    source = a_source("stripe")
    late = {**told("payment.succeeded"), "type": "checkout.session.async_payment_succeeded", "id": "evt_late"}
    first = read_one(source, a_delivery(source, told("payment.succeeded")))
    second = read_one(source, a_delivery(source, late))
    assert first.key == second.key == "payment.succeeded cs_test_sample-1"
    assert keys(source, a_delivery(source, late)) != keys(
        source, a_delivery(source, told("payment.succeeded"))
    )
    failed = {**late, "type": "checkout.session.async_payment_failed"}
    assert read_all(source, a_delivery(source, failed)) == []


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("usd", 2500, Money(2500, "USD")),
        ("jpy", 2500, Money(2500, "JPY")),
        ("kwd", 2500, Money(2500, "KWD")),
        ("isk", 2500, Money(25, "ISK")),
        ("ugx", 500, Money(5, "UGX")),
        ("mga", 500, Money(50000, "MGA")),
        ("usd", None, None),
        ("ugx", None, None),
    ],
)
def test_a_sum_is_in_the_unit_that_stripe_counts(
    currency: str, amount: int | None, expected: Money | None
) -> None:
    source = a_source("stripe")
    invoice = read_one(
        source, a_delivery(source, told("invoice.paid", currency=currency, amount_paid=amount))
    ).invoice
    assert invoice is not None
    assert invoice.total == expected


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("ugx", 550), ("usd", 25.5), ("usd", "25.00"), ("usd", -1), ("xxx", 5), ("isk", True), ("isk", 10**13)],
)
def test_a_sum_that_cannot_be_is_refused(currency: str, amount: Any) -> None:
    source = a_source("stripe")
    with pytest.raises(NotUnderstood):
        read_all(source, a_delivery(source, told("invoice.paid", currency=currency, amount_paid=amount)))


def test_an_object_that_was_written_out_counts_by_its_id() -> None:
    source = a_source("stripe")
    event = read_one(source, a_delivery(source, told("invoice.paid", customer={"id": "cus_9", "name": "X"})))
    assert event.contact is not None
    assert event.contact.external_id == "cus_9"


def test_customers_are_made_and_changed() -> None:
    source = a_source("stripe")
    for event_type in ("contact.created", "contact.updated"):
        person = read_one(source, a_delivery(source, SAMPLES[event_type].body)).contact
        assert person == Person(
            "cus_sample-1", "ada.sample-1@example.com", first_name="Ada", last_name="Bell"
        )


@pytest.mark.parametrize(
    "name", ["charge.succeeded", "invoice.payment_succeeded", "payment_intent.succeeded"]
)
def test_what_tells_of_the_same_money_again_is_ignored(name: str) -> None:
    source = a_source("stripe")
    assert read_all(source, a_delivery(source, {**told("invoice.paid"), "type": name})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `type`, `data.object`"),
        ({"type": "invoice.paid"}, "looked for `data.object`"),
        ({"type": "invoice.paid", "data": {"object": {}}}, "looked for `data.object.id`"),
        ({"type": "invoice.paid", "created": "soon", "data": {"object": {}}}, "`created`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("stripe")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail
    [key] = keys(source, a_delivery(source, body))
    assert key.weak
