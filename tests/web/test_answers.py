"""The same value is the same bytes; a page says where the next one is."""

import json
from decimal import Decimal

import pytest
from flask import Flask

from connector.domain.errors import InsufficientBalance
from connector.domain.jsontext import dumps
from connector.flows.paging import Page
from connector.flows.perform import Answered
from connector.web.answers import REPLAYED, deed_answer, empty_answer, json_answer, json_text, page_answer
from connector.web.arrival import Site

SITE = Site.of("https://gifts.example.com", [])


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"b": 1, "a": [None, True, "Zoë 🎁\u2028</script>"], "c": {"z": -1, "y": 10**15}},
        {"price": Decimal("19.90"), "a": [Decimal("1E+2")]},
    ],
)
def test_json_is_canonical_and_ascii(value: dict[str, object]) -> None:
    assert json_text(value) == dumps(value)
    assert json_text(value).isascii()


def test_numbers_that_are_not_exact_have_no_place() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"a": float("nan")})


def test_an_answer_without_a_body_has_no_type() -> None:
    answer = empty_answer(204)

    assert (answer.data, answer.status_code) == (b"", 204)
    assert "Content-Type" not in answer.headers


def test_an_answer_is_json() -> None:
    answer = json_answer({"a": 1}, 201)

    assert (answer.data, answer.content_type, answer.status_code) == (b'{"a":1}', "application/json", 201)


def test_what_is_given_again_says_so_and_is_the_same() -> None:
    first = deed_answer(SITE, Answered(201, {"b": 1, "a": 2}))
    again = deed_answer(SITE, Answered(201, {"a": 2, "b": 1}, is_replayed=True))

    assert first.data == again.data
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"


def test_a_refusal_is_given_again_as_a_refusal() -> None:
    with Flask("test").test_request_context():
        kept = Answered(409, {}, is_replayed=True, error=InsufficientBalance("1500 there, 2500 asked."))
        answer = deed_answer(SITE, kept)

    told = json.loads(answer.data)
    assert (answer.status_code, told["code"], told["detail"]) == (
        *(409, "insufficient_balance"),
        "1500 there, 2500 asked.",
    )
    assert answer.headers[REPLAYED] == "true"


def test_a_page_links_to_the_next_with_the_same_filters() -> None:
    answer = page_answer(SITE, "/v1/gift-cards", {"limit": "2", "q": "Zoë & Co"}, Page([], "c1"))

    assert answer.headers["Link"] == (
        '<https://gifts.example.com/v1/gift-cards?cursor=c1&limit=2&q=Zo%C3%AB+%26+Co>; rel="next"'
    )


def test_the_last_page_links_nowhere() -> None:
    answer = page_answer(SITE, "/v1/gift-cards", {"cursor": "c1"}, Page([], None))

    assert "Link" not in answer.headers
    assert json.loads(answer.data) == {"data": [], "next_cursor": None}
