"""No-code tools send texts for numbers, numbers for texts, and empty fields: what is certain is taken."""

import json
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from connector.domain.errors import ValidationFailed
from connector.domain.jsontext import loads
from connector.operations.kit import Field
from connector.web import fields
from connector.web.fields import Shape
from connector.web.json_schema import body_schema
from connector.web.loose import normal
from tests.web.door import Door, refusal, wrong_fields
from tests.web.test_json_schema import EVERYTHING, VALUES

ISSUE = "/v1/actions/issue-gift-card"
LOOSE = ("text", "decimal", "count", "currency", "moment", "flag", "card", "contact", "mapping")
STRANGE: list[Any] = [
    *(" 25.00 ", " true ", "TRUE", "False", "yes", " usd ", "EUR\n", "ｕsd", "\x1c5", "\u00a05", " " * 101),
    *(10**17, 10**18, -(10**18), 1.0, 12.5, 1e17, " 2026-11-20T15:00:00Z ", "  ", " " * 100 + "5"),
]


def one(kind: str, value: Any) -> Any:
    return normal({"it": Field(kind, "a field")}, {"it": value}).get("it", "left out")


@pytest.mark.parametrize(
    ("kind", "sent", "meant"),
    [
        ("decimal", 25, "25"),
        ("decimal", Decimal("25.50"), "25.5"),
        ("decimal", Decimal("0.10"), "0.1"),
        ("decimal", Decimal("1e2"), "100"),
        ("decimal", " 25.00\n", "25.00"),
        ("flag", "true", True),
        ("flag", "False", False),
        ("text", 4711, "4711"),
        ("text", Decimal("4711.0"), "4711"),
        ("contact", 14155550113, "14155550113"),
        ("card", 12345678, "12345678"),
        ("currency", "eur", "EUR"),
        ("currency", " usd ", "USD"),
        ("count", " 5 ", "5"),
        ("moment", " 2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z"),
    ],
)
def test_what_is_certain_is_read_as_what_it_means(kind: str, sent: Any, meant: Any) -> None:
    assert one(kind, sent) == meant
    assert type(one(kind, sent)) is type(meant)


@pytest.mark.parametrize("kind", LOOSE)
@pytest.mark.parametrize("sent", [None, "", "  ", "\n"])
def test_an_empty_field_is_left_out(kind: str, sent: Any) -> None:
    assert one(kind, sent) == "left out"


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *zip(["decimal"] * 6, [True, [], {}, 10**30, Decimal("1e40"), Decimal("1e-40")], strict=True),
        *zip(["flag"] * 5, [0, 1, "yes", "1", []], strict=True),
        *zip(["text"] * 5, [True, Decimal("12.5"), [], {}, 10**18], strict=True),
        *zip(["currency"] * 4, [840, True, "ｕsd", []], strict=True),
    ],
)
def test_what_is_not_certain_stays_as_it_came(kind: str, sent: Any) -> None:
    assert one(kind, sent) is sent


@pytest.mark.parametrize("is_required", [False, True])
@pytest.mark.parametrize("kind", LOOSE)
def test_what_a_loose_reader_takes_is_lawful_by_its_schema(kind: str, is_required: bool) -> None:
    """And so whatever the document forbids is refused. A sum's text is read by the deed."""
    field = Field(kind, "a field", choices=())
    shape = Shape({"x": field}, frozenset({"x"} if is_required else ()), is_loose=True)
    schema = {**body_schema(shape), **EVERYTHING}
    lawful = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    taken = 0
    for value in [*VALUES, *STRANGE]:
        if kind == "decimal" and isinstance(value, str):
            continue
        try:
            fields.read(shape, loads(json.dumps({"x": value}).encode()))
        except ValidationFailed:
            continue
        taken += 1
        assert lawful.is_valid({"x": value}), value
    assert taken


def test_a_closed_set_of_words_is_closed_here_too_or_empty() -> None:
    shape = Shape({"x": Field("text", "a field", choices=("a", "b"))}, is_loose=True)
    lawful = jsonschema_rs.Draft202012Validator(body_schema(shape))
    for value, is_right in (("a", True), ("", True), (" ", True), (None, True), ("c", False), (1, False)):
        try:
            fields.read(shape, {"x": value})
        except ValidationFailed:
            assert not is_right
        else:
            assert is_right
        assert lawful.is_valid({"x": value}) == is_right


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 25, "email": "mia@example.com"},
        {"amount": "25.00 ", "currency": "usd", "phone": 12125550147, "program": "", "expires_at": None},
        {"amount": "25", "external_id": 4711, "message": "", "metadata": "", "delivery": "", "kind": ""},
    ],
)
def test_a_card_is_issued_by_what_a_no_code_tool_sends(quick_door: Door, body: dict[str, Any]) -> None:
    """S000-31, S000-32: a field that is filled in by another tool is no number, and often empty."""
    answer = quick_door.post(ISSUE, key=quick_door.house.key("cards:write"), body=body)

    assert (answer.status_code, answer.get_json()["balance"]) == (201, "25.00"), answer.text


def test_a_sum_of_json_is_exact_and_never_a_float(quick_door: Door) -> None:
    key = quick_door.house.key("cards:write")

    exact = quick_door.post(ISSUE, key=key, raw=b'{"amount": 19.99}')
    finer = quick_door.post(ISSUE, key=key, raw=b'{"amount": 19.999}')

    assert exact.get_json()["gift_card"]["balance"] == 1999
    assert refusal(finer) == (422, "validation_failed")


@pytest.mark.parametrize("body", [{}, {"amount": ""}, {"amount": None}, {"amount": "  "}])
def test_a_required_field_that_is_empty_is_asked_for(quick_door: Door, body: dict[str, Any]) -> None:
    answer = quick_door.post(ISSUE, key=quick_door.house.key("cards:write"), body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert "is required" in wrong_fields(answer)["amount"]


@pytest.mark.parametrize(
    "body",
    [{"amount": 25.5}, {"amount": "25"}, {"amount": 2500, "currency": "usd"}, {"amount": 1, "note": 5}],
)
def test_rest_guesses_no_more_than_before(quick_door: Door, body: dict[str, Any]) -> None:
    answer = quick_door.post("/v1/gift-cards", key=quick_door.house.key("cards:write"), body=body)

    assert refusal(answer) == (422, "validation_failed")
