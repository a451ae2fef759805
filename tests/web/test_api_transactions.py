"""Transactions over HTTP: a card's, the account's, one; what is odd is 400, what is not ours 404."""

from typing import Any

import pytest

from tests.kit.house import OTHER, PUBLIC_URL
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/transactions"


@pytest.fixture
def key(quick_door: Door) -> str:
    return quick_door.house.key("cards:read")


@pytest.fixture
def card(quick_door: Door) -> dict[str, Any]:
    card = quick_door.house.issue(2500)
    quick_door.house.redeem(card["id"], 700, reference="till 3")
    return card


def test_a_card_s_lines_and_the_account_s_and_one_are_the_same(
    quick_door: Door, key: str, card: dict[str, Any]
) -> None:
    """S004-25."""
    own = quick_door.get(f"/v1/gift-cards/{card['id']}/transactions", key=key).get_json()
    every = quick_door.get(PATH, key=key).get_json()

    assert own == every
    assert [one["amount"] for one in every["data"]] == [-700, 2500]
    line = every["data"][0]
    assert quick_door.get(f"{PATH}/{line['id']}", key=key).get_json() == line
    narrowed = quick_door.get(PATH, key=key, query="type=redeem&reference=till%203").get_json()["data"]
    assert narrowed == [line]


@pytest.mark.parametrize("path", [PATH, "/v1/gift-cards/{card}/transactions"])
def test_the_next_page_is_asked_by_its_link(
    quick_door: Door, key: str, card: dict[str, Any], path: str
) -> None:
    path = path.format(card=card["id"])
    first = quick_door.get(path, key=key, query="limit=1&since=2020-01-01T00:00:00Z")

    link = first.headers["Link"]
    assert link.startswith(f"<{PUBLIC_URL}{path}?") and "since=2020-01-01" in link
    rest = quick_door.get(link.removeprefix(f"<{PUBLIC_URL}").partition(">")[0], key=key)
    assert [one["type"] for one in rest.get_json()["data"]] == ["issue"]
    assert "Link" not in rest.headers


@pytest.mark.parametrize(
    "query",
    [
        *("type=theft", "since=yesterday", "until=2026-01-01", "currency=usd", "amount=1", "limit=251"),
        *("cursor=x", "sort=created_at", "type=redeem&type=issue", "reference=%00"),
    ],
)
def test_an_odd_question_is_400(quick_door: Door, key: str, query: str) -> None:
    answer = quick_door.get(PATH, key=key, query=query)

    assert refusal(answer) == (400, "bad_request")
    assert len(wrong_fields(answer)) == 1


def test_what_is_another_account_s_is_not_there(quick_door: Door, key: str, card: dict[str, Any]) -> None:
    theirs = quick_door.house.key("cards:read", account=OTHER)
    line = quick_door.get(PATH, key=key).get_json()["data"][0]

    assert quick_door.get(PATH, key=theirs).get_json() == {"data": [], "next_cursor": None}
    for path in (f"{PATH}/{line['id']}", f"/v1/gift-cards/{card['id']}/transactions"):
        assert refusal(quick_door.get(path, key=theirs)) == (404, "not_found")
    assert refusal(quick_door.get(f"{PATH}/tr_1", key=key)) == (404, "not_found")
