"""n8n: what its HTTP Request node posts, and a whole item of its Webhook node that is sent on."""

from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotUnderstood, SignatureRefused
from connector.domain.events import Event, Invoice
from connector.domain.money import Money

from .deliveries import NOW, a_delivery, a_source, keys, opened, read_all, read_one, with_header
from .recorded import fields_of

SALE: Final = {"type": "invoice.paid", "id": 7, "email": "ada@example.com", "amount": 97, "currency": "usd"}


def forwarded(body: Any, **query: str) -> dict[str, Any]:
    return {**fields_of("n8n__webhook_node_item"), "body": body, "query": query}


def test_plain_fields_are_read_as_they_are() -> None:
    source = a_source("n8n")
    request = a_delivery(source, SALE)
    assert read_one(source, request) == Event(
        type="invoice.paid",
        occurred_at=NOW,
        data=SALE,
        contact=Person(email="ada@example.com"),
        invoice=Invoice("7", Money(9_700, "USD")),
    )
    assert keys(source, request) == (kit.Key("invoice.paid 7"),)


def test_of_a_forwarded_item_the_body_is_read_and_its_headers_go_nowhere() -> None:
    source = a_source("n8n")
    request = a_delivery(source, forwarded(SALE))
    assert read_one(source, request) == read_one(source, a_delivery(source, SALE))
    assert keys(source, request) == keys(source, a_delivery(source, SALE))


def test_the_recorded_item_is_named_by_its_own_url() -> None:
    source = a_source("n8n")
    item = fields_of("n8n__webhook_node_item")
    with pytest.raises(NotUnderstood, match="found `source`"):
        read_all(source, a_delivery(source, item))
    event = read_one(source, a_delivery(source, forwarded(item["body"], event="survey done")))
    assert (event.type, event.data) == ("custom.survey_done", {"source": "conduut_test"})
    named = read_one(source, a_delivery(source, item, query="event=purchase"))
    assert named.type == "custom.purchase"


@pytest.mark.parametrize("inner", [None, "text", 7, [SALE]])
def test_a_body_field_that_is_no_item_is_a_field(inner: Any) -> None:
    source = a_source("n8n")
    event = read_one(source, a_delivery(source, {**SALE, "body": inner}))
    assert event.data["body"] == inner


def test_a_list_of_items_is_refused_by_name() -> None:
    source = a_source("n8n")
    with pytest.raises(NotUnderstood, match="found a JSON list"):
        read_all(source, a_delivery(source, b'[{"type": "custom.x"}]'))


def test_broken_hand_made_json_is_answered_with_a_way_out() -> None:
    source = a_source("n8n")
    with pytest.raises(BadJson, match="application/x-www-form-urlencoded"):
        read_all(source, a_delivery(source, b'{"type": "custom.x", "note": "she said "hi""}'))


def test_an_idempotency_key_counts() -> None:
    source = a_source("n8n")
    found = keys(source, a_delivery(source, SALE, headers={"idempotency-key": "231"}))
    assert found == (kit.Key("idempotency-key 231"), kit.Key("invoice.paid 7"))


def test_the_secret_comes_in_any_of_the_usual_ways() -> None:
    source = a_source("n8n")
    request = a_delivery(source, SALE)
    assert opened(source, request)
    with pytest.raises(SignatureRefused):
        opened(source, with_header(request, "authorization", "Bearer wrong"))
