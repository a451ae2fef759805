"""Cards as lists, details and by code: a page at a time, this account's only, and odd questions are 400."""

import base64
from typing import Any

import pytest

from tests.kit.house import OTHER, PUBLIC_URL
from tests.web.door import Door, refusal, wrong_fields

CARDS = "/v1/gift-cards"
LOOKUP = f"{CARDS}/lookup"


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("cards:read")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("cards:read")


def test_pages_follow_each_other_to_the_end(door: Door, key: str) -> None:
    made = [door.house.issue(100 + n)["id"] for n in range(5)]

    path, seen, pages = f"{CARDS}?limit=2", [], 0
    while path:
        answer = door.get(path, key=key)
        assert answer.status_code == 200, answer.text
        page = answer.get_json()
        assert set(page) == {"data", "next_cursor"}
        seen += [card["id"] for card in page["data"]]
        assert all("code" not in card for card in page["data"])
        pages += 1
        link = answer.headers.get("Link", "")
        assert ("Link" in answer.headers) == (page["next_cursor"] is not None)
        assert not link or (link.startswith(f"<{PUBLIC_URL}{CARDS}?") and link.endswith('>; rel="next"'))
        path = link.removeprefix(f"<{PUBLIC_URL}").partition(">")[0]

    assert (seen, pages) == (made[::-1], 3)


def test_a_filter_goes_along_to_the_next_page(door: Door, key: str) -> None:
    """S000-19."""
    for currency in ("USD", "EUR", "USD", "EUR"):
        door.house.issue(100, currency=currency)

    answer = door.get(CARDS, key=key, query="currency=EUR&limit=1")

    assert [card["currency"] for card in answer.get_json()["data"]] == ["EUR"]
    assert "currency=EUR" in answer.headers["Link"] and "limit=1" in answer.headers["Link"]


ODD_QUESTIONS = [
    *(
        "limit=abc",
        "limit=0",
        "limit=251",
        "limit=-1",
        "limit=1e9",
        "limit=",
        "limit=1_0",
        "limit=%EF%BC%91",
    ),
    *("limit=1&limit=2", "cursor=", "cursor=x", "cursor=!!!", "cursor=%00", "cursor=" + "A" * 999),
    *(
        "cursor=" + "A" * 100_000,
        "currency=usd",
        "currency=",
        "last4=12",
        "last4=%00%00%00%00",
        "nobody=1",
    ),
    *(
        "balance_status=half",
        "sort=1%27--",
        "offset=5",
        "%00=1",
        "%ff=1",
        "contact_id=%00",
        "limit",
        "=1",
    ),
]


def test_an_odd_question_is_400(door: Door, key: str) -> None:
    for query in ODD_QUESTIONS:
        answer = door.get(CARDS, key=key, query=query)
        assert refusal(answer) == (400, "bad_request"), query[:60]
        assert len(wrong_fields(answer)) == 1


def test_cards_of_a_contact_who_is_not_there_are_none(door: Door, key: str) -> None:
    door.house.issue(100)

    for query in ("contact_id=ct_1%27%20OR%201=1", "contact_id=%F0%9F%8E%81", "contact_id=nobody"):
        answer = door.get(CARDS, key=key, query=query)
        assert (answer.status_code, answer.get_json()["data"]) == (200, [])


def test_a_cursor_that_was_changed_or_is_another_accounts_is_400(door: Door, key: str) -> None:
    for amount in (1, 2, 3):
        door.house.issue(amount)
    cursor = door.get(CARDS, key=key, query="limit=1").get_json()["next_cursor"]
    theirs = door.house.key("cards:read", account=OTHER)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=="))

    changed = []
    for place in range(len(raw)):
        raw[place] ^= 1
        changed.append(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))
        raw[place] ^= 1
    for one in changed:
        assert refusal(door.get(CARDS, key=key, query=f"cursor={one}")) == (400, "bad_request")
    assert refusal(door.get(CARDS, key=theirs, query=f"cursor={cursor}")) == (400, "bad_request")
    assert door.get(CARDS, key=key, query=f"cursor={cursor}").status_code == 200


def test_a_list_holds_this_accounts_cards_only(door: Door, key: str) -> None:
    card = door.house.issue(100)
    theirs = door.house.key("cards:read", account=OTHER)

    assert [one["id"] for one in door.get(CARDS, key=key).get_json()["data"]] == [card["id"]]
    assert door.get(CARDS, key=theirs).get_json() == {"data": [], "next_cursor": None}


def test_a_card_is_found_by_its_code_however_it_is_written(door: Door, key: str) -> None:
    """S000-08."""
    card = door.house.issue(2500)
    code = card["code"]

    for spelled in (code, code.lower(), code.replace("-", " "), code.replace("-", "")):
        answer = door.post(LOOKUP, key=key, body={"code": spelled})
        assert answer.status_code == 200, answer.text
        assert (answer.get_json()["id"], answer.get_json()["balance"]) == (card["id"], 2500)
        assert "code" not in answer.get_json()


def test_every_code_that_finds_nothing_gets_the_same_answer(door: Door, key: str) -> None:
    theirs = door.house.key("cards:read", account=OTHER)
    card = door.house.issue(2500)
    code = card["code"]
    odd = [
        "AAAA-AAAA-AAAA-AAAA-A",
        code[:-1],
        code + "2",
        "x",
        "\u200b" + code,
        code.replace("-", "\u2010"),
        code + "\n",
    ]
    odd += ["\u00ad".join(code), "K" * 320, "%", "' OR 1=1 --", card["id"], "ⅯⅯ", code.replace("-", "_")]

    answers = [door.post(LOOKUP, key=key, body={"code": one}) for one in odd]
    answers.append(door.post(LOOKUP, key=theirs, body={"code": code}))

    assert [refusal(answer) for answer in answers] == [(404, "not_found")] * len(answers)
    bodies = [{**answer.get_json(force=True), "request_id": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize(
    "body",
    [{}, {"code": ""}, {"code": None}, {"code": 1}, {"code": "x" * 321}, {"code": ["a"]}, {"cod": "a"}],
)
def test_a_look_up_without_a_code_is_422(quick_door: Door, quick_key: str, body: dict[str, Any]) -> None:
    answer = quick_door.post(LOOKUP, key=quick_key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert "code" in wrong_fields(answer)


def test_a_code_is_looked_up_by_post_alone(quick_door: Door, quick_key: str) -> None:
    answer = quick_door.get(LOOKUP, key=quick_key)

    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
