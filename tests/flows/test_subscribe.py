"""Endpoints: who wants to be told, with a secret that is shown once."""

from typing import Any

import pytest

from connector.domain.errors import IdempotencyKeyReused, NotFound, ValidationFailed
from connector.flows.perform import Idempotency
from connector.flows.subscribe import MAX_DESCRIPTION, MAX_TYPES
from tests.kit.house import House

URL = "http://127.0.0.1:9999/hook"
KEY = Idempotency("k", "POST", "/v1/webhook-endpoints", b"{}")


def create(house: House, **changed: Any) -> dict[str, Any]:
    return dict(house.gateway.create_endpoint(house.account, **{"url": URL, **changed}).body)


def test_an_endpoints_secret_is_shown_once_and_kept_sealed(house: House) -> None:
    made = create(house, description="till", metadata={"a": "b"})

    shown = house.gateway.endpoint(house.account, made["id"])

    assert made["secret"].startswith("whsec_")
    assert {name: made[name] for name in shown} == shown
    assert "secret" not in shown
    assert len(shown["secrets"][0]["fingerprint"]) == 8
    assert made["secret"] not in house.everything()
    assert (shown["status"], shown["description"], shown["metadata"]) == ("enabled", "till", {"a": "b"})


def test_endpoints_are_listed_newest_first_in_their_own_account(house: House) -> None:
    first, second = create(house)["id"], create(house)["id"]

    assert [one["id"] for one in house.gateway.list_endpoints(house.account)] == [second, first]
    assert house.gateway.list_endpoints(house.other) == []
    with pytest.raises(NotFound):
        house.gateway.endpoint(house.other, first)


def test_the_same_key_makes_one_endpoint_and_gives_its_secret_again(house: House) -> None:
    first = house.gateway.create_endpoint(house.account, url=URL, key=KEY)

    again = house.gateway.create_endpoint(house.account, url=URL, key=KEY)

    assert (again.is_replayed, again.body) == (True, first.body)
    assert len(house.gateway.list_endpoints(house.account)) == 1
    with pytest.raises(IdempotencyKeyReused):
        other = Idempotency("k", "POST", "/v1/webhook-endpoints", b"{ }")
        house.gateway.create_endpoint(house.account, url=URL, key=other)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"event_types": []}, "event_types"),
        ({"event_types": ["gift_card.isued"]}, "event_types"),
        ({"event_types": ["gift_card"]}, "event_types"),
        ({"event_types": ["*.issued"]}, "event_types"),
        ({"event_types": ["ping"] * (MAX_TYPES + 1)}, "event_types"),
        ({"description": "x" * (MAX_DESCRIPTION + 1)}, "description"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://10.0.0.1/hook"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://gifts.example.com/hooks/glow-spa/standard"}, "url"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(shop: House, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        create(shop, **changed)

    assert [one.field for one in refusal.value.errors] == [field]
    assert shop.rows("endpoints") == []


def test_a_type_named_twice_is_there_once(shop: House) -> None:
    made = create(shop, event_types=["gift_card.*", "custom.x", "gift_card.*"])

    assert made["event_types"] == ["gift_card.*", "custom.x"]


def test_only_what_was_asked_for_is_sent(house: House) -> None:
    create(house, event_types=["gift_card.redeemed"])
    create(house, event_types=["gift_card.*"])
    card = house.issue()
    house.redeem(card["id"], 100)

    by_endpoint = [row["endpoint_id"] for row in house.rows("webhook_deliveries")]

    assert sorted(by_endpoint) == [1, 2, 2]


def test_a_deleted_endpoint_is_gone_and_gets_nothing_more(house: House) -> None:
    made = create(house)
    house.issue()

    house.gateway.delete_endpoint(house.account, made["id"])
    house.issue()

    assert [row["state"] for row in house.rows("webhook_deliveries")] == ["cancelled"]
    for ask in (house.gateway.endpoint, house.gateway.delete_endpoint):
        with pytest.raises(NotFound):
            ask(house.account, made["id"])


def test_another_accounts_endpoint_cannot_be_deleted(shop: House) -> None:
    made = create(shop)

    with pytest.raises(NotFound):
        shop.gateway.delete_endpoint(shop.other, made["id"])

    assert shop.gateway.endpoint(shop.account, made["id"])["status"] == "enabled"
