"""Square: the signature over the URL, and what its events mean here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.square import ADAPTER, CARD_FIELDS, ask, complete
from connector.adapters.square_samples import SAMPLES
from connector.domain.card_numbers import hide_fields
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Booking, Event, Invoice, Payment, Refund
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of

# Published: square/square-python-sdk, tests/integration/test_webhooks_helper.py
VECTOR_URL: Final = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9"
VECTOR_KEY: Final = "Ibxx_5AKakO-3qeNVR61Dw"
VECTOR: Final = "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="
VECTOR_BODY: Final = (
    b'{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
    b'"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
    b'"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}'
)


def by_square(signature: str = VECTOR, *, url: str = VECTOR_URL, body: bytes = VECTOR_BODY) -> Request:
    headers = {"content-type": kit.JSON, "x-square-hmacsha256-signature": signature}
    return Request("POST", url, headers, body, "203.0.113.9", NOW)


def told(event_type: str, **thing: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(SAMPLES[event_type].body)
    [inner] = body["data"]["object"].values()
    inner.update(thing)
    return body


@pytest.mark.parametrize("secrets", [[VECTOR_KEY], ["new", VECTOR_KEY], [VECTOR_KEY, "old"]])
def test_the_published_signature_is_taken_under_either_of_two_keys(secrets: list[str]) -> None:
    source = a_source("square", secrets=secrets)
    assert opened(source, by_square())
    assert read_all(source, by_square()) == []
    assert ADAPTER.sign(VECTOR_BODY, VECTOR_KEY, NOW, VECTOR_URL) == {"X-Square-HmacSha256-Signature": VECTOR}


def test_the_published_signature_over_angle_brackets_is_taken() -> None:
    request = by_square(
        "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=",
        url="https://webhook.site/webhooks",
        body=b'{"data":{"type":"webhooks","id":">id<"}}',
    )
    assert opened(a_source("square", secrets=["signature-key"]), request)
    with pytest.raises(SignatureRefused):
        anew = replace(request, body=b'{"data":{"type":"webhooks","id":"\\u003eid\\u003c"}}')
        opened(a_source("square", secrets=["signature-key"]), anew)


@pytest.mark.parametrize(
    ("key", "request_"),
    [
        (VECTOR_KEY, by_square(url="https://webhook.site/79a4f3a-dcfa-49ee-bac5-9d0edad886b9")),
        ("MCmhFRxGX82xMwg5FsaoQA", by_square()),
        (VECTOR_KEY, by_square(body=VECTOR_BODY.replace(b"2022-07", b"2022-06"))),
        (VECTOR_KEY, by_square("1z2n3DEJJiUPKcPzQo1ftvbxGdw=")),
        (VECTOR_KEY, by_square(url=VECTOR_URL + "/")),
    ],
    ids=["url", "key", "body", "header", "slash"],
)
def test_what_is_published_as_wrong_is_refused(key: str, request_: Request) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("square", secrets=[key]), request_)


def test_the_old_sha1_header_counts_for_nothing() -> None:
    request = replace(by_square(), headers={"content-type": kit.JSON, "x-square-signature": VECTOR})
    with pytest.raises(SignatureRefused):
        opened(a_source("square", secrets=[VECTOR_KEY]), request)


def test_the_url_is_the_one_that_is_registered_there() -> None:
    source = a_source("square", secrets=[VECTOR_KEY], signed_url=VECTOR_URL)
    assert opened(source, by_square(url="https://gifts.example.com/hooks/glow-spa/square"))
    assert opened(source, a_delivery(source, b"{}"))
    with pytest.raises(SignatureRefused):
        opened(a_source("square", secrets=[VECTOR_KEY], signed_url=VECTOR_URL + "x"), by_square())


def test_the_whole_event_of_a_recorded_booking() -> None:
    source, body = a_source("square"), body_of("square__booking.created")
    start = datetime(2020, 12, 17, 16, tzinfo=UTC)
    assert read_one(source, a_delivery(source, body)) == Event(
        type="booking.created",
        occurred_at=datetime(2020, 12, 8, 19, 56, 53, tzinfo=UTC),
        data=json.loads(body),
        contact=Person("SSKBT02ECWZXK6W3VWYC78E52R"),
        booking=Booking("i2id2g3enyspi7", "created", starts_at=start, ends_at=start + timedelta(minutes=30)),
    )
    assert keys(source, a_delivery(source, body)) == (kit.Key("76193e8a-db85-53c6-b538-1837519cbc12"),)


def test_the_whole_event_of_a_recorded_customer() -> None:
    source, body = a_source("square"), body_of("square__customer.created")
    assert read_one(source, a_delivery(source, body)) == Event(
        type="contact.created",
        occurred_at=datetime(2022, 11, 9, 21, 23, 25, tzinfo=UTC),
        data=json.loads(body),
        contact=Person(
            "QPTXM8PQNX3Q726ZYHPMNP46XC", "customer@example.com", "+15555550115", "Jenkins", "Smorly"
        ),
    )


def test_a_recorded_refund_is_one_once_it_is_completed() -> None:
    source, body = a_source("square"), json.loads(body_of("square__refund.created"))
    assert read_all(source, a_delivery(source, body)) == []
    body["type"] = "refund.updated"
    body["data"]["object"]["refund"]["status"] = "COMPLETED"
    refund_id = "KkAkhdMsgzn59SM8A89WgKwekxLZY_ptNBVqHYxt5gAdfcobBe4u1AZsXhoz06KTtuq9Ls24P"
    assert read_one(source, a_delivery(source, body)) == Event(
        type="payment.refunded",
        occurred_at=datetime(2020, 2, 6, 21, 27, 41, 852000, tzinfo=UTC),
        data=body,
        refund=Refund(refund_id, Money(1000, "USD"), of="KkAkhdMsgzn59SM8A89WgKwekxLZY"),
        key=f"payment.refunded {refund_id}",
    )


def test_the_number_of_a_recorded_gift_card_is_hidden_and_nothing_else_is_made_of_it() -> None:
    source, body = a_source("square"), body_of("square__gift_card.created")
    assert read_all(source, a_delivery(source, body)) == []
    assert ADAPTER.card_fields == CARD_FIELDS
    hidden = hide_fields(json.loads(body), CARD_FIELDS)
    assert hidden["data"]["object"]["gift_card"]["gan"] == "****0908"
    assert "7783320007480908" not in str(hidden)


@pytest.mark.parametrize(
    ("status", "event_type"),
    [
        ("CANCELLED_BY_CUSTOMER", "booking.cancelled"),
        ("CANCELLED_BY_SELLER", "booking.cancelled"),
        ("DECLINED", "booking.cancelled"),
        ("NO_SHOW", "booking.no_show"),
        ("ACCEPTED", "booking.rescheduled"),
        (None, "booking.rescheduled"),
    ],
)
def test_a_changed_booking_is_what_its_status_says(status: str | None, event_type: str) -> None:
    source = a_source("square")
    event = read_one(source, a_delivery(source, told("booking.rescheduled", status=status)))
    assert event.type == event_type
    assert event.booking is not None
    assert event.booking.status == event_type.partition(".")[2]


def test_a_booking_that_the_shop_has_still_to_accept_is_asked_for_only() -> None:
    source = a_source("square")
    for name in ("booking.created", "booking.rescheduled"):
        asked = read_one(source, a_delivery(source, told(name, status="PENDING")))
        given = read_one(source, a_delivery(source, told(name, status="ACCEPTED")))
        assert (asked.is_request, given.is_request) == (True, False)


def test_only_another_time_moves_a_booking_and_an_end_is_told_once() -> None:
    source = a_source("square")
    made, moved, off, again = (
        read_one(source, a_delivery(source, body))
        for body in (
            SAMPLES["booking.created"].body,
            told("booking.rescheduled", seller_note="x"),
            SAMPLES["booking.cancelled"].body,
            told("booking.cancelled", status="CANCELLED_BY_SELLER", seller_note="x"),
        )
    )
    assert [(one.key is None, one.only_if_moved) for one in (made, moved)] == [(True, False), (True, True)]
    assert off.key == again.key == "booking booking-sample-1 cancelled"


def test_whoever_is_named_by_id_alone_is_asked_for() -> None:
    source = a_source("square")
    visit = read_one(source, a_delivery(source, SAMPLES["booking.created"].body))
    asked = ask(visit, source, "token")
    assert asked is not None
    assert asked.url == "https://connect.squareup.com/v2/customers/customer-sample-1"
    assert asked.headers["authorization"] == "Bearer token"
    paid = read_one(source, a_delivery(source, SAMPLES["payment.succeeded"].body))
    assert ask(paid, source, "token") is None
    customer = {"email_address": "Ada@example.com", "phone_number": "(415) 555-0113", "given_name": "Ada"}
    event = complete(visit, {"customer": customer}, source)
    assert event.contact == Person("customer-sample-1", "ada@example.com", "+14155550113", "Ada")
    assert complete(visit, {}, source).contact == Person("customer-sample-1")


@pytest.mark.parametrize(
    ("segments", "minutes"),
    [
        ([{"duration_minutes": 30, "intermission_minutes": 10}, {"duration_minutes": 20}], 60),
        ([], None),
        (None, None),
        ([{}], None),
    ],
)
def test_a_booking_ends_after_its_segments(segments: Any, minutes: int | None) -> None:
    source = a_source("square")
    booking = read_one(
        source, a_delivery(source, told("booking.created", appointment_segments=segments))
    ).booking
    assert booking is not None
    assert booking.starts_at is not None
    assert booking.ends_at == (None if minutes is None else booking.starts_at + timedelta(minutes=minutes))


@pytest.mark.parametrize("length", [-1, "30", 10**9, True, None])
def test_a_length_that_is_none_is_refused(length: Any) -> None:
    source = a_source("square")
    body = told("booking.created", appointment_segments=[{"duration_minutes": length}])
    with pytest.raises(NotUnderstood, match="duration_minutes"):
        read_all(source, a_delivery(source, body))


def test_a_payment_is_told_once_when_it_is_completed() -> None:
    source = a_source("square")
    event = read_one(source, a_delivery(source, SAMPLES["payment.succeeded"].body))
    assert event.payment == Payment("payment-sample-1", Money(62000, "USD"))
    assert event.contact == Person("customer-sample-1", "ada.sample-1@example.com")
    assert event.key == "payment.succeeded payment-sample-1"
    for status in ("APPROVED", "PENDING", "FAILED", "CANCELED", None):
        assert read_all(source, a_delivery(source, told("payment.succeeded", status=status))) == []


def test_an_invoice_is_paid_with_the_sum_of_what_came_in() -> None:
    source = a_source("square")
    requests = [
        {"total_completed_amount_money": {"amount": 1000, "currency": "JPY"}},
        {"total_completed_amount_money": {"amount": 500, "currency": "JPY"}},
        {},
    ]
    event = read_one(source, a_delivery(source, told("invoice.paid", payment_requests=requests)))
    assert event.invoice == Invoice("inv:sample-1", Money(1500, "JPY"))
    assert event.contact == Person("customer-sample-1", "ada.sample-1@example.com", None, "Ada", "Bell")
    assert read_all(source, a_delivery(source, told("invoice.paid", status="PARTIALLY_PAID"))) == []
    requests[1]["total_completed_amount_money"]["currency"] = "USD"
    with pytest.raises(NotUnderstood, match="currencies differ"):
        read_all(source, a_delivery(source, told("invoice.paid", payment_requests=requests)))


@pytest.mark.parametrize("name", ["order.created", "gift_card.activity.created", "catalog.version.updated"])
def test_what_is_none_of_ours_is_valid_and_ignored(name: str) -> None:
    source = a_source("square")
    assert read_all(source, a_delivery(source, {"type": name, "event_id": "e"})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `type`, `data.object`"),
        ({"type": "booking.created"}, "looked for `data.object.booking`"),
        (
            {"type": "booking.created", "data": {"object": {"booking": {}}}},
            "looked for `data.object.booking.id`",
        ),
        (told("booking.created", start_at="soon"), "`data.object.booking.start_at`"),
        (told("payment.succeeded", total_money={"amount": "6.20", "currency": "USD"}), "total_money.amount"),
        ({**told("booking.created"), "created_at": "then"}, "`created_at`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("square")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail
