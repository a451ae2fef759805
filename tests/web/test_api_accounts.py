"""Accounts by REST: a platform makes them, their own admin sees and changes its own."""

from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/accounts"


@pytest.fixture
def platform(door: Door) -> str:
    return str(door.house.gateway.create_key(None, name="agency")["key"])


@pytest.fixture
def quick_platform(quick_door: Door) -> str:
    return str(quick_door.house.gateway.create_key(None, name="agency")["key"])


def test_an_account_made_by_rest_issues_its_first_card_without_a_restart(door: Door, platform: str) -> None:
    """From nothing: an account, a source, a key, a card, all by one platform key."""
    made = door.post(PATH, key=platform, body={"slug": "new-shop", "currency": "EUR", "sandbox": True})
    assert made.status_code == 201, made.text
    about = {"account": "new-shop"}
    source = door.post("/v1/sources", key=platform, body={**about, "slug": "crm", "adapter": "zapier"})
    key = door.post("/v1/keys", key=platform, body={**about, "name": "till", "scopes": ["cards:write"]})
    assert (source.status_code, key.status_code) == (201, 201)

    card = door.post("/v1/gift-cards", key=key.get_json()["key"], body={"amount": 2500})
    posted = door.post(
        "/hooks/new-shop/crm",
        body={"type": "order.paid", "id": "1", "email": "mia@example.com"},
        headers={"Authorization": f"Bearer {source.get_json()['secret']}"},
    )

    assert (card.status_code, card.get_json()["currency"], card.get_json()["sandbox"]) == (201, "EUR", True)
    assert posted.status_code == 200


def test_a_platform_lists_all_and_an_admin_its_own(door: Door, platform: str) -> None:
    own = door.house.key("admin", account=OTHER)

    every = door.get(PATH, key=platform, query="limit=1")
    assert [one["slug"] for one in every.get_json()["data"]] == ["glow-spa"]
    assert every.get_json()["next_cursor"] in every.headers["Link"]
    assert [one["slug"] for one in door.get(PATH, key=own).get_json()["data"]] == [OTHER]
    assert door.get(f"{PATH}/{OTHER}", key=own).get_json() == door.get(PATH, key=own).get_json()["data"][0]


def test_another_account_is_not_there_for_an_admin(quick_door: Door) -> None:
    own = quick_door.house.key("admin")

    for slug in (OTHER, "nobody"):
        for method, body in (("GET", None), ("PATCH", {"name": "Mine"})):
            answer = quick_door.call(method, f"{PATH}/{slug}", key=own, body=body)
            assert refusal(answer) == (404, "not_found")
            assert answer.get_json(force=True)["detail"] == f"There is no account {slug}."


def test_an_admin_changes_its_own_account_where_config_toml_does_not(door: Door, platform: str) -> None:
    door.post(PATH, key=platform, body={"slug": "new-shop"})
    own = door.house.key("admin", account="new-shop")

    changed = door.call(
        "PATCH", f"{PATH}/new-shop", key=own, body={"timezone": "Asia/Tokyo", "color": "#2B5D50"}
    )

    assert (changed.status_code, changed.get_json()["timezone"]) == (200, "Asia/Tokyo")
    assert changed.get_json()["color"] == "#2b5d50"
    answer = door.call("PATCH", f"{PATH}/glow-spa", key=platform, body={"name": "Mine"})
    assert refusal(answer) == (409, "managed_by_config")


@pytest.mark.parametrize("fixed", [{"currency": "EUR"}, {"sandbox": True}, {"slug": "x"}, {"id": "acct_1"}])
def test_what_never_changes_is_refused_by_name(
    quick_door: Door, quick_platform: str, fixed: dict[str, Any]
) -> None:
    """T30: nothing is taken that the call does not know."""
    quick_door.post(PATH, key=quick_platform, body={"slug": "new-shop"})

    answer = quick_door.call("PATCH", f"{PATH}/new-shop", key=quick_platform, body=fixed)

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == list(fixed)


def test_a_slug_is_taken_once_and_a_repetition_is_no_second(quick_door: Door, quick_platform: str) -> None:
    sent: dict[str, Any] = {"key": quick_platform, "body": {"slug": "new-shop"}}
    first = quick_door.post(PATH, **sent, headers={"Idempotency-Key": "a"})
    again = quick_door.post(PATH, **sent, headers={"Idempotency-Key": "a"})

    assert (again.status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, first.data, "true")
    assert refusal(quick_door.post(PATH, **sent)) == (409, "slug_taken")


def test_an_account_s_own_key_makes_no_accounts(quick_door: Door) -> None:
    answer = quick_door.post(PATH, key=quick_door.house.key("admin"), body={"slug": "new-shop"})

    assert refusal(answer) == (403, "missing_scope")
    assert "platform" in answer.get_json(force=True)["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "slug"),
        ({"slug": "No"}, "slug"),
        ({"slug": 1}, "slug"),
        ({"slug": "a", "currency": "XYZ"}, "currency"),
        ({"slug": "a", "timezone": "Mars"}, "timezone"),
        ({"slug": "a", "country": "UK"}, "country"),
        ({"slug": "a", "sandbox": "yes"}, "sandbox"),
        ({"slug": "a", "managed_by": "config"}, "managed_by"),
    ],
)
def test_what_is_wrong_is_named(
    quick_door: Door, quick_platform: str, body: dict[str, Any], field: str
) -> None:
    answer = quick_door.post(PATH, key=quick_platform, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == [field]
