"""WooCommerce: the MAC of the body, its unsigned ping, and what its orders and customers mean here."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.woocommerce import ADAPTER, SAMPLES, is_ping
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused, WrongContentType
from connector.domain.events import Event, Line, Order, Refund
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of, fields_of

ORDER: Final = "woocommerce__order.created"
# openssl dgst -sha256 -hmac 'glow & secret' -binary payloads/woocommerce__order.created.json | base64
OPENSSL: Final = "X/OFaYplRXRryYzHLsMzXXeqPhAgprkzLKBDWoTCZKU="
SHIP: Final = "Ship Your Idea &ndash; Color: Black, Size: M Test"
PAID: Final = json.loads(SAMPLES["order.paid"].body)


def by_woocommerce(**headers: str) -> Request:
    told = {"content-type": kit.JSON, "x-wc-webhook-signature": OPENSSL, **headers}
    return Request("POST", URL, told, body_of(ORDER), "203.0.113.9", NOW)


@pytest.mark.parametrize(
    "secrets",
    [["glow & secret"], ["glow &amp; secret"], ["new", "glow & secret"], ["glow &amp; secret", "old"]],
)
def test_a_signature_made_by_openssl_is_taken_under_either_of_two_secrets(secrets: list[str]) -> None:
    assert opened(a_source("woocommerce", secrets=secrets), by_woocommerce())
    assert ADAPTER.sign(body_of(ORDER), secrets[0], NOW, URL).keys() == {"X-WC-Webhook-Signature"}


def test_a_body_that_was_written_anew_is_refused() -> None:
    anew = json.dumps(fields_of(ORDER)).encode()
    with pytest.raises(SignatureRefused):
        opened(a_source("woocommerce", secrets=["glow & secret"]), replace(by_woocommerce(), body=anew))


def test_the_whole_event_of_a_recorded_order() -> None:
    source, body = a_source("woocommerce"), body_of(ORDER)
    assert read_one(source, a_delivery(source, body)) == Event(
        type="order.paid",
        occurred_at=datetime(2017, 3, 22, 19, 28, 8, tzinfo=UTC),
        data=json.loads(body),
        contact=Person(
            email="john.doe@example.com", phone="+15555555555", first_name="John", last_name="Doe"
        ),
        order=Order(
            id="727",
            total=Money(2935, "USD"),
            lines=(
                Line("315", 2, Money(300, "USD"), "Woo Single #1", paid=Money(600, "USD")),
                Line("316", 1, Money(1200, "USD"), SHIP, paid=Money(1200, "USD")),
            ),
        ),
        key="order.paid 727",
    )


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (kit.FORM, b"webhook_id=1", True),
        (kit.FORM, b"webhook_id=12345678901234567890", True),
        (kit.FORM, b"webhook_id=1&x=2", False),
        (kit.FORM, b"webhook_id=", False),
        (kit.FORM, b"webhook_id=1\n", False),
        (kit.FORM, b"webhook_id=a", False),
        (kit.FORM, b"", False),
        (kit.JSON, b"webhook_id=1", False),
        (kit.JSON, b'{"webhook_id": 1}', False),
        ("", b"webhook_id=1", False),
    ],
)
def test_a_ping_is_that_form_and_nothing_else(content_type: str, body: bytes, expected: bool) -> None:
    request = Request("POST", URL, {"content-type": content_type}, body, "203.0.113.9", NOW)
    assert is_ping(request) is expected


def test_any_other_form_is_refused_unread() -> None:
    source = a_source("woocommerce")
    with pytest.raises(WrongContentType):
        opened(source, a_delivery(source, b"webhook_id=1&x=1", content_type=kit.FORM))


@pytest.mark.parametrize(
    "state",
    [
        {"date_paid_gmt": None},
        {"date_paid_gmt": ""},
        {"status": "pending"},
        {"status": "on-hold"},
        {"status": "failed"},
        {"status": "cancelled"},
        {"status": "checkout-draft"},
        {"status": None},
        {"payment_method": "cod", "status": "processing"},
    ],
)
def test_an_order_that_is_not_paid_for_is_none(state: dict[str, Any]) -> None:
    source = a_source("woocommerce")
    assert read_all(source, a_delivery(source, {**PAID, **state})) == []


def test_what_is_paid_at_the_door_is_paid_once_it_was_handed_over() -> None:
    source = a_source("woocommerce")
    [event] = read_all(source, a_delivery(source, {**PAID, "payment_method": "cod", "status": "completed"}))
    assert event.type == "order.paid"


def test_an_order_is_paid_once_however_often_it_is_told() -> None:
    source = a_source("woocommerce")
    done = {**PAID, "status": "completed", "date_modified_gmt": "2026-11-22T10:00:00"}
    events = [read_one(source, a_delivery(source, body)) for body in (PAID, done)]
    assert {event.key for event in events} == {"order.paid 7270000001"}


def test_created_and_updated_with_the_same_order_are_one_delivery() -> None:
    source = a_source("woocommerce")
    told = [
        {"x-wc-webhook-topic": topic, "x-wc-webhook-delivery-id": delivery}
        for topic, delivery in (("order.created", "a"), ("order.updated", "b"), ("order.restored", "c"))
    ]
    assert len({keys(source, a_delivery(source, PAID, headers=one)) for one in told}) == 1
    for other in ({"status": "completed"}, {"date_modified_gmt": "2026-11-20T15:00:01"}, {"id": 9}):
        assert keys(source, a_delivery(source, {**PAID, **other})) != keys(source, a_delivery(source, PAID))


def test_two_changes_of_a_customer_in_one_second_are_two() -> None:
    source = a_source("woocommerce")
    customer = json.loads(SAMPLES["contact.updated"].body)
    headers = {"x-wc-webhook-topic": "customer.updated"}
    first, second, again = (
        keys(source, a_delivery(source, {**customer, "first_name": name}, headers=headers))
        for name in ("Ada", "Adele", "Ada")
    )
    assert not {*first} & {*second}
    assert first == again


def test_each_refund_is_told_once_with_its_own_sum() -> None:
    source = a_source("woocommerce")
    refunds = [{"id": 1, "total": "-20.00"}, {"id": 2, "total": -5.5}, {"total": "-1.00"}]
    events = read_all(source, a_delivery(source, {**PAID, "refunds": refunds}))
    assert [event.key for event in events] == [
        "order.paid 7270000001",
        "order.refunded 1",
        "order.refunded 2",
    ]
    assert [event.refund for event in events[1:]] == [
        Refund("1", Money(2000, "USD"), of="7270000001"),
        Refund("2", Money(550, "USD"), of="7270000001"),
    ]
    whole = read_one(source, a_delivery(source, {**PAID, "status": "refunded", "refunds": []}))
    assert whole.refund == Refund("7270000001-refunded", Money(12000, "USD"), of="7270000001")


def test_the_gift_cards_of_an_order_are_listed_one_for_each() -> None:
    source = a_source("woocommerce")
    order = read_one(source, a_delivery(source, PAID)).order
    assert order is not None
    card = Line("315", 1, Money(5000, "USD"), "Gift card", gift_card=True, paid=Money(5000, "USD"))
    assert order.gift_cards == [card, card]


def test_a_unit_price_that_is_not_exact_spoils_no_order() -> None:
    source = a_source("woocommerce")
    body = json.dumps({**PAID, "line_items": [{"id": 1, "quantity": 3, "price": 0}]})
    order = read_one(
        source, a_delivery(source, body.replace('"price": 0', '"price": 8.333333').encode())
    ).order
    assert order is not None
    assert [line.price for line in order.lines] == [None]


def test_a_guest_is_nobody_by_id_and_a_customer_is() -> None:
    source = a_source("woocommerce")
    guest, known = (
        read_one(source, a_delivery(source, {**PAID, "customer_id": number})).contact for number in (0, 25)
    )
    assert guest is not None
    assert known is not None
    assert (guest.external_id, known.external_id) == (None, "25")


def test_a_phone_number_is_read_as_in_the_billing_country() -> None:
    source = a_source("woocommerce")
    billing = {**PAID["billing"], "country": "GB", "phone": "020 7946 0958"}
    person = read_one(source, a_delivery(source, {**PAID, "billing": billing})).contact
    assert person is not None
    assert person.phone == "+442079460958"


def test_a_new_customer_is_one_where_topic_and_body_agree() -> None:
    source = a_source("woocommerce")
    old = json.loads(SAMPLES["contact.updated"].body)
    for topic in ("customer.created", "customer.updated", ""):
        event = read_one(source, a_delivery(source, old, headers={"x-wc-webhook-topic": topic}))
        assert (event.type, event.key) == ("contact.updated", None)
    event = read_one(source, a_delivery(source, SAMPLES["contact.created"].body))
    assert (event.type, event.key) == ("contact.created", "contact.created 727000000125")
    assert event.contact == Person("727000000125", "ada.sample-1@example.com", None, "Ada", "Bell")


@pytest.mark.parametrize("topic", ["order.deleted", "product.deleted", "customer.deleted"])
def test_a_deleted_resource_sends_only_its_id_and_is_ignored(topic: str) -> None:
    source = a_source("woocommerce")
    request = a_delivery(source, {"id": 727}, headers={"x-wc-webhook-topic": topic})
    assert read_all(source, request) == []
    [key] = keys(source, request)
    assert key.weak


def test_what_is_none_of_ours_is_valid_and_ignored() -> None:
    source = a_source("woocommerce")
    assert read_all(source, a_delivery(source, body_of("woocommerce__coupon.created"))) == []
    assert read_all(source, a_delivery(source, {"action": "woocommerce_add_to_cart", "arg": "x"})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"status": "processing"}, "No order: looked for `id`"),
        ({**PAID, "id": None}, "No id of the order"),
        ({**PAID, "total": "1.234,50"}, "`total`"),
        ({**PAID, "date_modified_gmt": "gestern"}, "`date_modified_gmt`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("woocommerce")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body, headers={"x-wc-webhook-topic": "order.updated"}))
    assert said in refusal.value.detail


def test_null_in_words_is_nothing() -> None:
    source = a_source("woocommerce")
    billing = {"email": "null", "phone": "null", "first_name": "null"}
    event = read_one(source, a_delivery(source, {**fields_of(ORDER), "billing": billing}))
    assert event.contact is None


def test_it_answers_200_to_what_it_could_not_understand_since_4xx_switches_the_hook_off() -> None:
    assert ADAPTER.answers.rejected == 200
