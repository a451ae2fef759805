"""Shopify: the MAC of the body, and what its orders, refunds and customers mean here."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.shopify import ADAPTER, SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Event, Line, Order, Refund
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one, without_header
from .recorded import body_of, fields_of

# Published: Shopify/shopify-app-js, packages/apps/shopify-api/lib/webhooks/__tests__/validate.test.ts
VECTOR_BODY: Final = b'{"foo": "bar"}'
VECTOR: Final = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="
VECTOR_SECRET: Final = "test_secret_key"

NEW_YEAR: Final = datetime(2022, 1, 1, tzinfo=UTC)
ORDER_GID: Final = "gid://shopify/Order/820982911946154508"
PAID: Final = {"x-shopify-topic": "orders/paid"}
MADE: Final = json.loads(SAMPLES["order.paid"].body)


def by_shopify(headers: dict[str, str], body: bytes = VECTOR_BODY) -> Request:
    return Request("POST", URL, {"content-type": kit.JSON, **headers}, body, "203.0.113.9", NOW)


def test_the_published_signature_is_taken_under_either_of_two_secrets() -> None:
    for header in ("x-shopify-hmac-sha256", "shopify-hmac-sha256"):
        for secrets in ([VECTOR_SECRET], ["new", VECTOR_SECRET], [VECTOR_SECRET, "old"]):
            assert opened(a_source("shopify", secrets=secrets), by_shopify({header: VECTOR}))
    assert ADAPTER.sign(VECTOR_BODY, VECTOR_SECRET, NOW, URL) == {"X-Shopify-Hmac-Sha256": VECTOR}


def test_where_the_newer_header_is_there_it_alone_decides() -> None:
    both = {"shopify-hmac-sha256": "x", "x-shopify-hmac-sha256": VECTOR}
    with pytest.raises(SignatureRefused):
        opened(a_source("shopify", secrets=[VECTOR_SECRET]), by_shopify(both))


@pytest.mark.parametrize("body", [b'{"foo":"bar"}', b'{"foo": "bar"}\n', b'{"foo": "b\\u0061r"}'])
def test_a_body_that_was_written_anew_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        opened(
            a_source("shopify", secrets=[VECTOR_SECRET]),
            by_shopify({"x-shopify-hmac-sha256": VECTOR}, body),
        )


def test_the_whole_event_of_a_recorded_order() -> None:
    source, body = a_source("shopify"), body_of("shopify__orders_create")
    candle = {
        "quantity": 1,
        "price": Money(19900, "USD"),
        "title": "IPod Nano - 8GB",
        "paid": Money(19400, "USD"),
    }
    assert read_one(source, a_delivery(source, body, headers=PAID)) == Event(
        type="order.paid",
        occurred_at=NEW_YEAR,
        data=json.loads(body),
        contact=Person(
            external_id="gid://shopify/Customer/115310627314723954",
            email="jon@example.com",
            first_name="John",
            last_name="Smith",
        ),
        order=Order(
            id=ORDER_GID,
            total=Money(38800, "USD"),
            lines=(
                Line("gid://shopify/LineItem/866550311766439020", **candle),  # type: ignore[arg-type]
                Line("gid://shopify/LineItem/141249953214522974", **candle),  # type: ignore[arg-type]
            ),
        ),
        key=f"order.paid {ORDER_GID}",
    )


def test_the_whole_event_of_a_recorded_refund() -> None:
    source, body = a_source("shopify"), body_of("shopify__refunds_create")
    assert read_one(source, a_delivery(source, body)) == Event(
        type="order.refunded",
        occurred_at=NEW_YEAR,
        data=json.loads(body),
        # The order's number was rounded when this body was passed on; a true delivery has it exact.
        refund=Refund("gid://shopify/Refund/890088186047892319", of="gid://shopify/Order/820982911946154500"),
        key="order.refunded gid://shopify/Refund/890088186047892319",
    )


def tagged(*tags: str, who: object = "gid://shopify/Customer/7") -> dict[str, Any]:
    return {"customerId": who, "tags": list(tags), "occurredAt": "2026-11-20T10:00:00-05:00"}


@pytest.mark.parametrize("deed", ["added", "removed"])
@pytest.mark.parametrize("who", ["gid://shopify/Customer/7", 7])
def test_tags_are_told_of_one_by_one_by_topics_of_their_own(deed: str, who: object) -> None:
    source, body = a_source("shopify"), tagged("VIP", "Ärger", who=who)
    headers = {"x-shopify-topic": f"customer.tags_{deed}"}
    assert read_all(source, a_delivery(source, body, headers=headers)) == [
        Event(
            type=f"contact.tag_{deed}",
            occurred_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
            data=body,
            contact=Person("gid://shopify/Customer/7"),
            tag=tag,
        )
        for tag in ("VIP", "Ärger")
    ]


def test_a_captured_body_of_tags_means_nothing_else_under_another_topic() -> None:
    """The topic is not signed: who saw tags go must not be able to have them come."""
    source = a_source("shopify")
    known = {
        keys(source, a_delivery(source, body, headers={"x-shopify-topic": topic}))
        for topic in ("customer.tags_added", "customer.tags_removed", "orders/paid")
        for body in (tagged("VIP", "a"), tagged("a", "VIP"))
    }
    assert len(known) == 1
    assert not next(iter(known))[0].weak
    later = {**tagged("VIP", "a"), "occurredAt": "2026-11-20T10:00:01-05:00"}
    assert keys(source, a_delivery(source, later)) not in known


@pytest.mark.parametrize("body", [tagged(), tagged("VIP", who=None), {"tags": ["VIP"]}, {"customerId": "7"}])
def test_tags_of_nobody_and_no_tags_are_not_understood(body: dict[str, Any]) -> None:
    source = a_source("shopify")
    with pytest.raises(NotUnderstood, match="No tags of a customer"):
        read_all(source, a_delivery(source, body, headers={"x-shopify-topic": "customer.tags_added"}))


def test_the_whole_event_of_a_recorded_customer() -> None:
    source, body = a_source("shopify"), body_of("shopify__customers_create")
    gid = "gid://shopify/Customer/706405506930370084"
    assert read_one(source, a_delivery(source, body)) == Event(
        type="contact.created",
        occurred_at=NEW_YEAR,
        data=json.loads(body),
        contact=Person(gid, "bob@example.com", first_name="Bob", last_name="Biller"),
        key=f"contact.created {gid}",
    )


def test_a_number_above_2_to_the_53_is_exact() -> None:
    source = a_source("shopify")
    body = {**fields_of("shopify__refunds_create"), "order_id": 820982911946154508}
    refund = read_one(source, a_delivery(source, body)).refund
    assert refund is not None
    assert refund.of == ORDER_GID
    bare = {**MADE, "id": 820982911946154508}
    del bare["admin_graphql_api_id"]
    order = read_one(source, a_delivery(source, bare)).order
    assert order is not None
    assert order.id == ORDER_GID


def test_the_gift_cards_of_an_order_are_listed_one_for_each() -> None:
    source = a_source("shopify")
    order = read_one(source, a_delivery(source, SAMPLES["order.paid"].body)).order
    assert order is not None
    fifty = Money(5000, "USD")
    card = Line("gid://shopify/LineItem/72700000011", 1, fifty, "Gift card", gift_card=True, paid=fifty)
    assert order.gift_cards == [card, card]
    assert [line.gift_card for line in order.lines] == [True, False]


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/paid", "orders/edited", ""])
def test_an_order_is_paid_once_whatever_topic_shows_it_first(topic: str) -> None:
    source = a_source("shopify")
    event = read_one(source, a_delivery(source, MADE, headers={"x-shopify-topic": topic}))
    assert (event.type, event.key) == ("order.paid", "order.paid gid://shopify/Order/72700000015")


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("orders/create", {"financial_status": "pending"}),
        ("orders/create", {"financial_status": "voided", "test": True}),
        ("orders/cancelled", {"financial_status": "paid", "cancelled_at": "2026-11-20T12:00:00Z"}),
        ("orders/updated", {"financial_status": "refunded"}),
        ("orders/paid", {"financial_status": "pending"}),
        ("orders/paid", {"financial_status": "voided"}),
        ("orders/paid", {"financial_status": "authorized"}),
        ("orders/delete", {}),
        ("", {"financial_status": None}),
    ],
)
def test_a_topic_alone_pays_no_order(topic: str, state: dict[str, Any]) -> None:
    source = a_source("shopify")
    assert read_all(source, a_delivery(source, {**MADE, **state}, headers={"x-shopify-topic": topic})) == []


def test_a_test_notification_is_ignored() -> None:
    source, body = a_source("shopify"), body_of("shopify__orders_create")
    assert read_all(source, a_delivery(source, body, headers={**PAID, "x-shopify-test": "true"})) == []


@pytest.mark.parametrize(
    "body",
    [
        {"id": 5, "title": "Candle", "variants": []},
        {"myshopify_domain": "x"},
        {},
        {"admin_graphql_api_id": "gid://shopify/Product/1"},
    ],
)
def test_what_is_none_of_ours_is_valid_and_ignored(body: dict[str, Any]) -> None:
    source = a_source("shopify")
    assert read_all(source, a_delivery(source, body)) == []


def test_what_cannot_be_understood_names_what_was_looked_for() -> None:
    source = a_source("shopify")
    with pytest.raises(NotUnderstood, match="No order: looked for `admin_graphql_api_id`, `id`; found `foo`"):
        read_all(source, a_delivery(source, {"foo": "bar"}, headers=PAID))
    with pytest.raises(NotUnderstood, match="`total_price`"):
        read_all(source, a_delivery(source, {**MADE, "total_price": "1,234.50"}))


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [("JPY", "5000", 5000), ("JPY", "5000.00", 5000), ("KWD", "5.125", 5125)],
)
def test_money_is_exact_in_every_currency(currency: str, written: str, minor: int) -> None:
    source = a_source("shopify")
    order = read_one(source, a_delivery(source, {**MADE, "currency": currency, "total_price": written})).order
    assert order is not None
    assert order.total == Money(minor, currency)


@pytest.mark.parametrize(
    ("transactions", "amount"),
    [
        ([{"kind": "refund", "status": "success", "amount": "19.90", "currency": "EUR"}], Money(1990, "EUR")),
        ([{"amount": "1.00"}, {"amount": "2.00"}], Money(300, "USD")),
        ([{"amount": "1.00", "status": "failure"}, {"amount": "2.00", "kind": "void"}], None),
        ([{"amount": "1.00", "currency": "USD"}, {"amount": "1.00", "currency": "EUR"}], None),
        ([7, None], None),
        (None, None),
    ],
)
def test_a_refund_gives_back_what_its_transactions_say(transactions: Any, amount: Money | None) -> None:
    source = a_source("shopify")
    body = {**fields_of("shopify__refunds_create"), "transactions": transactions}
    refund = read_one(source, a_delivery(source, body)).refund
    assert refund is not None
    assert refund.amount == amount


def test_the_orders_tags_are_not_the_persons_and_null_in_words_is_nothing() -> None:
    source = a_source("shopify")
    customer = {**MADE["customer"], "tags": "VIP, Regular", "first_name": "null", "phone": "null"}
    body = {**MADE, "tags": "wholesale", "customer": customer, "email": None}
    person = read_one(source, a_delivery(source, body)).contact
    assert person is not None
    assert person.tags == ("VIP", "Regular")
    assert (person.first_name, person.phone, person.email) == (None, None, "ada.sample-1@example.com")


def test_an_order_without_a_customer_is_the_billing_addresss() -> None:
    source = a_source("shopify")
    names = {"first_name": "Bo", "last_name": "Li"}
    body = {**MADE, "customer": None, "billing_address": names, "phone": "+14155550113"}
    assert read_one(source, a_delivery(source, body)).contact == Person(
        email="ada.sample-1@example.com", phone="+14155550113", first_name="Bo", last_name="Li"
    )


def test_a_replay_under_new_ids_and_another_topic_is_known_by_what_is_signed() -> None:
    source = a_source("shopify")
    pending = {**MADE, "financial_status": "pending"}
    headers = {"x-shopify-topic": "orders/create", "x-shopify-event-id": "e1", "x-shopify-webhook-id": "w1"}
    first = keys(source, a_delivery(source, pending, headers=headers))
    forged = {"x-shopify-topic": "orders/paid", "x-shopify-event-id": "e2", "x-shopify-webhook-id": "w2"}
    second = keys(source, a_delivery(source, pending, headers=forged))
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert not any(key.weak for key in (*first, *second))


def test_two_changes_of_a_customer_in_one_second_are_two() -> None:
    source = a_source("shopify")
    customer = json.loads(SAMPLES["contact.updated"].body)
    told = [
        a_delivery(source, {**customer, "tags": tags}, headers={"x-shopify-topic": "customers/update", **own})
        for tags, own in (
            ("A", {"x-shopify-event-id": "e1"}),
            ("A, VIP", {"x-shopify-event-id": "e2"}),
            ("A", {"x-shopify-event-id": "e3"}),  # somebody sends the first again, under another id
        )
    ]
    first, second, again = (keys(source, one) for one in told)
    assert not {*first} & {*second}
    assert first[0] == again[0]


def test_a_retry_with_the_same_event_id_is_known_even_if_the_order_changed_meanwhile() -> None:
    source = a_source("shopify")
    headers = {**PAID, "x-shopify-event-id": "e1"}
    first = keys(source, a_delivery(source, MADE, headers=headers))
    retry = keys(source, a_delivery(source, {**MADE, "updated_at": "2026-11-21T10:00:00Z"}, headers=headers))
    assert first[0] != retry[0]
    assert first[1] == retry[1]


def test_the_newer_family_of_headers_is_read_as_well() -> None:
    source = a_source("shopify")
    newer = {"shopify-topic": "orders/paid", "shopify-event-id": "e1"}
    older = {f"x-{name}": value for name, value in newer.items()}
    assert keys(source, a_delivery(source, MADE, headers=newer)) == keys(
        source, a_delivery(source, MADE, headers=older)
    )


def test_without_a_kind_the_body_speaks_for_ten_minutes() -> None:
    source = a_source("shopify")
    [key] = keys(source, a_delivery(source, {"foo": "bar"}))
    assert key.weak


def test_an_old_customer_is_not_made_new_by_a_header() -> None:
    source = a_source("shopify")
    old = json.loads(SAMPLES["contact.updated"].body)
    event = read_one(source, a_delivery(source, old, headers={"x-shopify-topic": "customers/create"}))
    assert (event.type, event.key) == ("contact.updated", None)
    gone = {"x-shopify-topic": "customers/delete"}
    assert read_all(source, a_delivery(source, old, headers=gone)) == []


def test_reading_what_was_stored_needs_the_topic_and_not_the_signature() -> None:
    source, body = a_source("shopify"), body_of("shopify__orders_create")
    request = without_header(a_delivery(source, body, headers=PAID), "x-shopify-hmac-sha256")
    assert [event.type for event in ADAPTER.read(kit.stored_delivery(request, source))] == ["order.paid"]


def test_it_answers_200_to_what_it_could_not_understand_since_4xx_deletes_the_subscription() -> None:
    assert ADAPTER.answers.rejected == 200
