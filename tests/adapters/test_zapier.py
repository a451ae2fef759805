"""Zapier: what a Zap posts, as JSON and as form, and how it is known again."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from connector.adapters import kit
from connector.adapters.zapier import ADAPTER
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotUnderstood, SignatureRefused
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one

PURCHASE = {
    "email": "john@example.com",
    "phone": "+1 415 555 0113",
    "first_name": "John",
    "last_name": "Doe",
    "amount": 97,
    "currency": "usd",
    "product_name": "Example product",
    "external_id": "ext-123",
    "tags": "tag1,tag2",
}


def test_what_a_zap_sends_with_its_field_for_basic_auth_is_taken() -> None:
    """Written `zapier|glow-zapier-secret` there."""
    source = a_source("zapier", secrets=["glow-zapier-secret"])
    # printf 'zapier:glow-zapier-secret' | base64
    proof = "Basic emFwaWVyOmdsb3ctemFwaWVyLXNlY3JldA=="
    headers = {"content-type": "application/json; charset=utf-8", "authorization": proof}
    body = b'{"type":"survey.completed","id":"s-1","email":"ada@example.com"}'
    request = Request("POST", URL, headers, body, "203.0.113.9", NOW)
    assert opened(source, request)
    assert read_one(source, request).type == "survey.completed"
    with pytest.raises(SignatureRefused):
        opened(a_source("zapier", secrets=["another"]), request)


def test_a_purchase_named_in_the_url_is_an_event_of_its_name() -> None:
    source = a_source("zapier")
    event = read_one(source, a_delivery(source, PURCHASE, query="event=purchase"))
    assert event.type == "custom.purchase"
    assert event.occurred_at == NOW
    assert event.contact == Person(
        "ext-123", "john@example.com", "+14155550113", "John", "Doe", ("tag1", "tag2")
    )
    assert event.data["product_name"] == "Example product"


@pytest.mark.parametrize("nobody", [0, "0", " 0"])
def test_a_customer_0_is_a_guest(nobody: object) -> None:
    """Shops call all of them so: two guests whose orders a Zap passes on are two people."""
    source = a_source("zapier")
    told = {"type": "referral.completed", "external_id": nobody, "email": "a@example.com"}
    event = read_one(
        source, a_delivery(source, {**told, "referrer_id": nobody, "referrer_email": "b@example.com"})
    )
    assert event.contact is not None and event.referrer is not None
    assert (event.contact.external_id, event.referrer.external_id) == (None, None)


def test_a_form_says_the_same_as_json() -> None:
    source = a_source("zapier")
    fields = {"type": "invoice.paid", "id": "inv_1", **PURCHASE, "tags": "VIP, gold"}
    by_json = read_one(source, a_delivery(source, fields))
    form = a_delivery(source, urlencode(fields).encode(), content_type=kit.FORM)
    by_form = read_one(source, form)
    assert by_form.invoice == by_json.invoice
    assert by_form.contact == by_json.contact
    assert by_form.invoice is not None
    assert by_form.invoice.total == Money(9700, "USD")
    assert keys(source, form) == keys(source, a_delivery(source, fields))


def test_only_the_declared_kind_is_parsed() -> None:
    source = a_source("zapier")
    with pytest.raises(BadJson):
        read_all(source, a_delivery(source, b"type=invoice.paid&id=1", content_type=kit.JSON))
    with pytest.raises(NotUnderstood):
        read_all(source, a_delivery(source, b'{"type":"invoice.paid"}', content_type=kit.FORM))


def test_broken_hand_made_json_is_answered_with_its_place_and_a_way_out() -> None:
    source = a_source("zapier")
    with pytest.raises(BadJson) as refusal:
        read_all(source, a_delivery(source, b'{"type": "custom.x",\n "note": "she said "hi""}'))
    assert "line 2, column 21" in refusal.value.detail
    assert "application/x-www-form-urlencoded" in refusal.value.detail
    with pytest.raises(BadJson) as of_form:
        read_all(source, a_delivery(source, b"a=1&a=2", content_type=kit.FORM))
    assert "application/x-www-form-urlencoded" not in of_form.value.detail


def test_type_and_id_are_the_deliverys_id() -> None:
    source = a_source("zapier")
    [key] = keys(source, a_delivery(source, {"type": "invoice.paid", "id": 17, "amount": 1}))
    assert key == kit.Key("invoice.paid 17")
    [later] = keys(source, a_delivery(source, {"id": "17 ", "type": "INVOICE.PAID"}))
    assert later == key
    [other] = keys(source, a_delivery(source, {"type": "payment.succeeded", "id": 17}))
    assert other != key


def test_an_idempotency_key_comes_first_and_type_with_id_still_counts() -> None:
    source = a_source("zapier")
    body = {"type": "invoice.paid", "id": "17"}
    found = keys(source, a_delivery(source, body, headers={"idempotency-key": "run-9"}))
    assert found == (kit.Key("idempotency-key run-9"), kit.Key("invoice.paid 17"))
    blank = keys(source, a_delivery(source, body, headers={"idempotency-key": "  "}))
    assert blank == (kit.Key("invoice.paid 17"),)


@pytest.mark.parametrize("own", [None, "", "  ", True, [], {"a": 1}], ids=str)
def test_without_an_id_the_body_speaks_for_ten_minutes(own: object) -> None:
    source = a_source("zapier")
    body = {"type": "custom.x", "id": own}
    [key] = keys(source, a_delivery(source, body))
    assert key.weak
    assert keys(source, a_delivery(source, body, at=NOW + timedelta(minutes=9))) == (key,)
    assert keys(source, a_delivery(source, {**body, "n": 1})) != (key,)
    assert keys(source, a_delivery(source, body, query="event=x")) != (key,)


def test_a_sale_without_an_id_is_another_one_only_as_another_delivery() -> None:
    source = a_source("zapier")
    request = a_delivery(source, {"type": "invoice.paid", "amount": "5.00", "email": "a@example.com"})
    first, again = read_one(source, request), read_one(source, request)
    later = read_one(source, replace(request, received_at=NOW + timedelta(minutes=11)))
    assert first.invoice == again.invoice
    assert first.invoice is not None
    assert later.invoice is not None
    assert first.invoice.id != later.invoice.id


def test_it_is_told_429_when_we_are_busy_since_it_holds_only_those() -> None:
    assert ADAPTER.answers.busy == 429
