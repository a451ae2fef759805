"""Platforms through the gateway: what a shop, a form or a till sends becomes cards, once.

Each body is signed by the test as the platform does it, from its recorded bytes.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from connector.domain.errors import SignatureRefused
from connector.domain.inbound import Request
from connector.flows.backlog import run_due
from connector.flows.receive import Received
from tests.adapters.recorded import body_of, fields_of
from tests.flows.making import a_house, a_recipe
from tests.kit.house import ACCOUNT, PUBLIC_URL, House

FOR_BUYERS: Final = """
recipe: bought-cards
title: Each gift card of an order becomes one of ours
status: live
on: order.paid
if:
  - event.order.gift_cards is not missing
once_per: event.order.id
do:
  - for_each:
      in: event.order.gift_cards
      do:
        - issue_card: {amount: "${{ item.price }}", kind: paid, note: "${{ item.title }}"}
tests:
  - name: two cards in an order are two cards
    event: order.paid
    given:
      event:
        order:
          id: o_1
          gift_cards:
            - {id: l_1, title: Gift card, price: {amount: "50.00", currency: USD}}
            - {id: l_1, title: Gift card, price: {amount: "50.00", currency: USD}}
    expect:
      - issue_card: {amount: 50.00 USD, kind: paid}
      - issue_card: {amount: 50.00 USD, kind: paid}
  - name: an order of goods
    event: order.paid
    given: {event: {order: {id: o_2}}}
    expect: nothing
    because: event.order.gift_cards is not missing
"""
EVERYTHING: Final = a_recipe(
    "on-anything", on="[payment.succeeded, invoice.paid, form.submitted, contact.created]"
)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, sqlite_url, FOR_BUYERS, EVERYTHING) as house:
        yield house


def posted(house: House, source: str, body: bytes, headers: dict[str, str], **how: Any) -> Received:
    url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/{source}"
    told = {"content-type": "application/json", **headers}
    return house.receive(source, Request("POST", url, told, body, "192.0.2.7", house.clock.now(), **how))


def mac(house: House, source: str, message: bytes) -> str:
    made = hmac.new(house.secrets[source].encode(), message, hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


def by_shopify(house: House, body: dict[str, Any], topic: str, event_id: str) -> Received:
    raw = json.dumps(body).encode()
    headers = {
        "x-shopify-hmac-sha256": mac(house, "shopify", raw),
        "x-shopify-topic": topic,
        "x-shopify-event-id": event_id,
    }
    return posted(house, "shopify", raw, headers)


def an_order(**more: Any) -> dict[str, Any]:
    body: dict[str, Any] = fields_of("shopify__orders_create")
    line = {**body["line_items"][0], "gift_card": True, "price": "25.00"}
    line |= {"quantity": 2, "current_quantity": 2}
    state = {"financial_status": "paid", "cancelled_at": None, "test": False}
    return {**body, **state, "line_items": [line, body["line_items"][1]], **more}


def test_each_gift_card_of_an_order_becomes_a_card_once_whatever_topics_tell_of_it(shop: House) -> None:
    first = by_shopify(shop, an_order(), "orders/create", "e-1")
    paid = by_shopify(shop, an_order(), "orders/paid", "e-2")
    later = by_shopify(shop, an_order(updated_at="2022-01-02T00:00:00Z"), "orders/updated", "e-3")

    assert [answer.body["status"] for answer in (first, paid, later)] == [
        "processed",
        "duplicate",
        "duplicate",
    ]
    assert [card["initial_amount"] for card in shop.cards()] == [2500, 2500]
    [event] = shop.gateway.events.page(shop.account, {}).data
    found = shop.gateway.events.one(shop.account, event["id"])
    assert found["order"]["gift_cards"][0]["price"] == {"amount": "25.00", "currency": "USD"}
    assert found["contact"]["external_id"] == "gid://shopify/Customer/115310627314723954"
    shop.require_proof()


def test_a_captured_unpaid_order_under_another_topic_and_id_gives_nobody_a_card(shop: House) -> None:
    unpaid = an_order(financial_status="pending", test=True)
    assert by_shopify(shop, unpaid, "orders/create", "e-1").body["status"] == "ignored"
    assert by_shopify(shop, unpaid, "orders/paid", "e-2").body["status"] == "duplicate"
    assert shop.cards() == []


def test_a_ping_of_woocommerce_is_answered_200_and_reaches_no_recipe(shop: House) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = posted(shop, "woocommerce", b"webhook_id=12", form)
    assert (answer.status, answer.body["events"]) == (200, [])
    assert shop.rows("inbound_deliveries") == []


def test_what_woocommerce_could_not_make_us_understand_is_kept_and_answered_200(shop: House) -> None:
    raw = b'{"status": "processing"}'
    headers = {"x-wc-webhook-signature": mac(shop, "woocommerce", raw), "x-wc-webhook-topic": "order.updated"}
    answer = posted(shop, "woocommerce", raw, headers)
    assert (answer.status, answer.body["status"]) == (200, "rejected")
    with pytest.raises(SignatureRefused):
        posted(shop, "woocommerce", raw + b" ", headers)


def test_a_recorded_order_of_woocommerce_has_no_gift_card_in_it(shop: House) -> None:
    raw = body_of("woocommerce__order.created")
    headers = {"x-wc-webhook-signature": mac(shop, "woocommerce", raw), "x-wc-webhook-topic": "order.created"}
    answer = posted(shop, "woocommerce", raw, headers)
    assert (answer.body["status"], answer.body["events"][0]["type"]) == ("processed", "order.paid")
    assert shop.cards() == []


def test_the_number_of_a_gift_card_of_square_is_kept_nowhere(shop: House) -> None:
    raw = body_of("square__gift_card.created")
    url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/square".encode()
    answer = posted(shop, "square", raw, {"x-square-hmacsha256-signature": mac(shop, "square", url + raw)})
    assert answer.body["status"] == "ignored"
    [row] = shop.rows("inbound_deliveries")
    assert json.loads(shop.body_of(row))["data"]["object"]["gift_card"]["gan"] == "****0908"


def test_the_code_of_a_gift_card_of_commerce_layer_is_kept_nowhere(shop: House) -> None:
    raw = body_of("commercelayer__gift_cards.activate").replace(b'"mode": "test"', b'"mode": "live"')
    headers = {
        "x-commercelayer-signature": mac(shop, "commercelayer", raw),
        "x-commercelayer-topic": "gift_cards.activate",
    }
    answer = posted(shop, "commercelayer", raw, headers)
    assert answer.body["events"][0]["type"] == "custom.gift_cards.activate"
    [row] = shop.rows("inbound_deliveries")
    assert b"00000000-0000-4000-8000-000000000002" not in shop.body_of(row)
    assert "00000000-0000-4000-8000-000000000002" not in shop.everything()


def test_a_changed_note_moves_no_booking_of_square(shop: House) -> None:
    made = fields_of("square__booking.created")

    def told(kind: str, start: str, event_id: str) -> list[str]:
        booking = {**made["data"]["object"]["booking"], "start_at": start, "seller_note": event_id}
        data = {**made["data"], "object": {"booking": booking}}
        told_at = {"created_at": f"2020-12-09T10:00:0{event_id}Z", "event_id": event_id}
        raw = json.dumps({**made, "type": kind, "data": data, **told_at}).encode()
        signed = f"{PUBLIC_URL}/hooks/{ACCOUNT}/square".encode() + raw
        answer = posted(shop, "square", raw, {"x-square-hmacsha256-signature": mac(shop, "square", signed)})
        return [event["type"] for event in answer.body["events"]]

    assert told("booking.created", "2020-12-17T16:00:00Z", "1") == ["booking.created"]
    assert told("booking.updated", "2020-12-17T16:00:00Z", "2") == []
    assert told("booking.updated", "2020-12-18T16:00:00Z", "3") == ["booking.rescheduled"]
    assert told("booking.updated", "2020-12-17T16:00:00Z", "4") == ["booking.rescheduled"]


def test_items_of_hubspot_come_once_each_in_whatever_batches(shop: House) -> None:
    [item] = json.loads(body_of("hubspot__contact.creation"))
    one, two, three = ({**item, "objectId": number} for number in (1, 2, 3))

    def told(*items: Any) -> Received:
        raw = json.dumps(items).encode()
        made = hashlib.sha256(shop.secrets["hubspot"].encode() + raw).hexdigest()
        headers = {"x-hubspot-signature": made, "x-hubspot-signature-version": "v1"}
        return posted(shop, "hubspot", raw, headers)

    assert len(told(one, two).body["events"]) == 2
    assert len(told({**two, "attemptNumber": 1}, three).body["events"]) == 1
    assert told({**one, "attemptNumber": 2}).body["status"] == "duplicate"
    assert len(shop.cards()) == 3


def test_a_form_of_jotform_comes_as_multipart_with_its_secret_in_the_url(shop: House) -> None:
    sample = shop.signed("jotform", "form.submitted")
    bare = {"content-type": sample.headers["content-type"]}
    answer = posted(shop, "jotform", sample.body, bare, token=shop.secrets["jotform"])
    assert (answer.body["status"], len(shop.cards())) == ("processed", 1)
    assert (
        posted(shop, "jotform", sample.body, bare, token=shop.secrets["jotform"]).body["status"]
        == "duplicate"
    )


@pytest.mark.parametrize(
    ("source", "event"),
    [
        ("shopify", "orders/paid"),
        ("woocommerce", "order.updated"),
        ("stripe", "checkout.session.completed"),
        ("square", "payment.updated"),
        ("hubspot", "contact.creation"),
        ("typeform", "form_response"),
        ("github", "star"),
        ("commercelayer", "gift_cards.activate"),
    ],
)
def test_what_connector_send_sends_is_taken_by_its_source(shop: House, source: str, event: str) -> None:
    assert shop.send(source, event).body["status"] in ("processed", "ignored")
    assert shop.send(source, event).body["status"] == "duplicate"
    assert shop.send(source, event, is_new=True).body["status"] in ("processed", "ignored")
    shop.require_proof()


def test_what_is_stored_for_a_worker_is_read_with_its_topic(sqlite_url: str, tmp_path: Path) -> None:
    later = {"hub": {"adapter": "github", "respond": "async"}}
    with a_house(tmp_path, sqlite_url, sources=later) as house:
        assert house.send("hub", "star").body["status"] == "accepted"
        assert run_due(house.gateway.parts) == 1
        assert [row["type"] for row in house.rows("events")] == ["custom.star.created"]


def test_a_gift_card_without_an_exact_price_fails_its_recipe_and_not_the_order(shop: House) -> None:
    order = an_order()
    order["line_items"][0]["price"] = "25.001"
    answer = by_shopify(shop, order, "orders/paid", "e-1")
    assert (answer.body["status"], answer.body["runs"][0]["outcome"]) == ("processed", "failed")
    assert shop.cards() == []
