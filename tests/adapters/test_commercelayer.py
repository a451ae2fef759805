"""Commerce Layer: the MAC of the body, topics that must be of the body's kind, hidden card codes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.commercelayer import ADAPTER, CARD_FIELDS, SAMPLES
from connector.domain.card_numbers import hide_fields
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Event, Order, Refund
from connector.domain.inbound import Request, Source
from connector.domain.jsontext import loads
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_sample, a_source, keys, opened, read_all, read_one
from .recorded import body_of, fields_of

CAPTURED: Final = "commercelayer__gift_cards.activate"
# openssl dgst -sha256 -hmac 'glow-shared-secret' -binary \
#   payloads/commercelayer__gift_cards.activate.json | base64
OPENSSL: Final = "OB7zSIe5iLMwQyPLovO3k9X1BTbGzMeDXPklX7f+Bo0="
SECRET: Final = "glow-shared-secret"


def by_commercelayer() -> Request:
    headers = {"content-type": kit.JSON, "x-commercelayer-signature": OPENSSL}
    return Request("POST", URL, headers, body_of(CAPTURED), "203.0.113.9", NOW)


def told(source: Source, topic: str, event_type: str = "order.paid", **attributes: Any) -> Request:
    body = json.loads(SAMPLES[event_type].body)
    body["data"]["attributes"].update(attributes)
    return a_delivery(source, body, headers={"x-commercelayer-topic": topic})


@pytest.mark.parametrize("secrets", [[SECRET], ["new", SECRET], [SECRET, "old"]])
def test_a_signature_made_by_openssl_is_taken_under_either_of_two_secrets(secrets: list[str]) -> None:
    assert opened(a_source("commercelayer", secrets=secrets), by_commercelayer())
    assert ADAPTER.sign(body_of(CAPTURED), SECRET, NOW, URL) == {"X-CommerceLayer-Signature": OPENSSL}


def test_a_body_that_was_written_anew_is_refused() -> None:
    anew = replace(by_commercelayer(), body=json.dumps(fields_of(CAPTURED)).encode())
    with pytest.raises(SignatureRefused):
        opened(a_source("commercelayer", secrets=[SECRET]), anew)


def test_the_whole_event_of_a_captured_gift_card() -> None:
    source, body = a_source("commercelayer"), body_of(CAPTURED)
    request = a_delivery(source, body, headers={"x-commercelayer-topic": "gift_cards.activate"})
    assert read_one(source, request) == Event(
        type="custom.gift_cards.activate",
        occurred_at=datetime(2023, 3, 17, 10, 37, 35, 257000, tzinfo=UTC),
        data=loads(body),
        contact=Person(email="customer@example.com"),
    )
    [key] = keys(source, request)
    assert key == kit.Key("gift_cards lEnKUPNBQD 2023-03-17T10:37:35.257Z active -")


def test_its_code_is_kept_by_its_last_four_letters() -> None:
    hidden = hide_fields(fields_of(CAPTURED), CARD_FIELDS)
    assert ADAPTER.card_fields == CARD_FIELDS
    assert hidden["data"]["attributes"]["code"] == "****0002"
    assert hidden["data"]["attributes"]["currency_code"] == "USD"
    assert "00000000-0000-4000-8000-000000000002" not in str(hidden)


def test_a_paid_order_is_told_once() -> None:
    source = a_source("commercelayer")
    event = read_one(source, a_sample(source, SAMPLES["order.paid"]))
    assert event == Event(
        type="order.paid",
        occurred_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
        data=json.loads(SAMPLES["order.paid"].body),
        contact=Person(email="ada.sample-1@example.com"),
        order=Order("orders-sample-1", Money(62000, "USD")),
        key="order.paid orders-sample-1",
    )
    assert read_one(source, told(source, "")).key == event.key


@pytest.mark.parametrize("status", ["unpaid", "authorized", "voided", None])
def test_a_topic_alone_pays_no_order(status: str | None) -> None:
    source = a_source("commercelayer")
    request = told(source, "orders.pay", payment_status=status)
    assert read_one(source, request).type == "custom.orders.pay"
    assert read_all(source, told(source, "", payment_status=status)) == []


def test_a_refund_gives_back_what_it_says() -> None:
    source = a_source("commercelayer")
    event = read_one(source, told(source, "orders.refund", "order.refunded", total_refund_amount_cents=500))
    assert event.refund == Refund(
        "orders-sample-1-2026-11-20T15:00:00.000Z", Money(500, "USD"), of="orders-sample-1"
    )


@pytest.mark.parametrize(("currency", "cents", "expected"), [("JPY", 500, 500), ("usd", 500, 500)])
def test_sums_are_in_the_smallest_unit(currency: str, cents: int, expected: int) -> None:
    source = a_source("commercelayer")
    request = told(source, "orders.pay", currency_code=currency, total_amount_cents=cents)
    order = read_one(source, request).order
    assert order is not None
    assert order.total == Money(expected, currency.upper())


@pytest.mark.parametrize("topic", ["customers.create", "orders", "gift_cards.activate", "orders.pay.x", "!"])
def test_a_topic_of_another_kind_than_the_body_is_not_understood(topic: str) -> None:
    source = a_source("commercelayer")
    with pytest.raises(NotUnderstood, match="for the topic"):
        read_all(source, told(source, topic))


def test_a_customer_is_known_by_their_id() -> None:
    source = a_source("commercelayer")
    data = {"id": "c-1", "type": "customers", "attributes": {"email": "ada@example.com"}}
    request = a_delivery(source, {"data": data}, headers={"x-commercelayer-topic": "customers.create"})
    event = read_one(source, request)
    assert (event.type, event.contact) == ("custom.customers.create", Person("c-1", "ada@example.com"))
    [key] = keys(source, request)
    assert key.weak


def test_a_replay_under_another_topic_is_known_by_what_is_signed() -> None:
    source = a_source("commercelayer")
    assert keys(source, told(source, "orders.place")) == keys(source, told(source, "orders.pay"))
    assert keys(source, told(source, "orders.pay", payment_status="x")) != keys(
        source, told(source, "orders.pay")
    )


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": {"id": "x"}}, {"data": {"type": "orders"}}])
def test_what_cannot_be_understood_names_what_was_looked_for(body: dict[str, Any]) -> None:
    source = a_source("commercelayer")
    with pytest.raises(NotUnderstood, match=r"looked for `data\.type`, `data\.id`"):
        read_all(source, a_delivery(source, body))
