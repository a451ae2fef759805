"""A field's schema says what its reader holds: what one takes the other calls valid, and vice versa."""

import json
from typing import Any

import jsonschema_rs
import pytest

from connector.domain.errors import ValidationFailed
from connector.domain.jsontext import loads
from connector.domain.money import EXPONENT, MAX_MINOR
from connector.operations.kit import Field
from connector.web import fields, parameters
from connector.web.arrival import MAX_PARAMETER
from connector.web.fields import Shape
from connector.web.json_schema import (
    body_schema,
    field_schema,
    maybe,
    parameter_schema,
    ref,
    text,
    thing,
    whole,
)

KINDS = sorted(fields.READERS)
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2500, MAX_MINOR, MAX_MINOR + 1, -MAX_MINOR, -MAX_MINOR - 1, 10**30, 1.5),
    *("", "a", "25.00", "-25.00", "25.0000000", "1e3", " 5", "5 ", "１２", "USD", "usd", "XXX"),
    *("2026-11-20T15:00:00Z", "2026-11-20T15:00:00+02:00", "2026-11-20", "2026-11-20T15:00:00", "now"),
    *("a" * 320, "a" * 321, "a" * 2_000, "a" * 2_001),
    *(
        {},
        {"a": 1},
        {"k" * 100: 1},
        {"k" * 101: 1},
        {str(n): n for n in range(50)},
        {str(n): n for n in range(51)},
    ),
    *([], ["a"], ["a", 1], [None], ["a" * 320], ["a" * 321], ["a"] * 100, ["a"] * 101, [{}], [[]]),
]
EVERYTHING = {"components": {"schemas": {"Currency": {"enum": sorted(EXPONENT)}}}}


def says(schema: Any, value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator({**schema, **EVERYTHING}, validate_formats=True).is_valid(value)


def reads(shape: Shape, body: Any) -> bool:
    try:
        fields.read(shape, loads(json.dumps(body).encode()))
    except ValidationFailed:
        return False
    return True


@pytest.mark.parametrize("is_clearable", [False, True])
@pytest.mark.parametrize("is_required", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_of_a_field_and_its_reader_agree(kind: str, is_required: bool, is_clearable: bool) -> None:
    """A sum's sign and a decimal's form are looked at by the deed, which knows the currency."""
    field = Field(kind, "a field", is_signed=True, is_clearable=is_clearable)
    shape = Shape({"x": field}, frozenset({"x"} if is_required else ()))
    schema = body_schema(shape)
    for value in [*VALUES, "missing"]:
        body = {} if value == "missing" else {"x": value}
        if kind == "decimal" and isinstance(value, str):
            continue
        if kind == "objects" and isinstance(value, list):
            continue  # a wrong line is an answer of its line
        assert says(schema, body) == reads(shape, body), (kind, value)


def test_a_field_that_nobody_knows_is_refused_by_both() -> None:
    shape = Shape({"x": Field("text", "a field")})
    assert not says(body_schema(shape), {"y": "a"})
    assert not reads(shape, {"y": "a"})


def test_a_set_of_words_is_closed_by_both() -> None:
    shape = Shape({"x": Field("text", "a field", choices=("a", "b"))})
    for value, is_right in (("a", True), ("b", True), ("c", False), (None, True), (1, False)):
        assert says(body_schema(shape), {"x": value}) == reads(shape, {"x": value}) == is_right, value


@pytest.mark.parametrize(
    ("name", "is_signed", "least"),
    [("amount", False, 1), ("balance", False, 0), ("amount", True, -MAX_MINOR)],
)
def test_a_sum_says_how_low_it_may_be(name: str, is_signed: bool, least: int) -> None:
    assert field_schema(name, Field("money", "a sum", is_signed=is_signed))["minimum"] == least


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"mapping", "any", "objects", "count"}))
def test_a_parameter_of_every_kind_is_described(kind: str) -> None:
    schema = parameter_schema("x", Field(kind, "a parameter"))
    assert schema.get("type") in ("string", "integer", "boolean", "array") or "$ref" in schema
    assert "null" not in str(schema.get("type"))


def test_a_parameter_s_text_is_as_long_as_a_query_may_have_it() -> None:
    schema = parameter_schema("q", Field("text", "words"))
    for text_of, is_right in (
        ("Zoë", True),
        ("雪　月", True),
        ("a" * MAX_PARAMETER, True),
        ("a" * (MAX_PARAMETER + 1), False),
        ("a\x00", False),
        ("a\n", False),
    ):
        assert says(schema, text_of) == is_right
    assert parameters.read({"q": Field("text", "words")}, {"q": "雪　月"}) == {"q": "雪　月"}


def test_a_page_has_as_many_rows_as_a_list_gives() -> None:
    schema = parameter_schema("limit", Field("whole", "how many"))
    assert [says(schema, limit) for limit in (0, 1, 250, 251)] == [False, True, True, False]


def test_nothing_is_a_value_only_where_it_may_be() -> None:
    for schema, right in ((text(), "a"), (whole(), 1), (text(enum=["a"]), "a"), (ref("Currency"), "USD")):
        assert says(maybe(schema), None)
        assert says(maybe(schema), right)
        assert not says(schema, None)


def test_what_an_answer_may_have_is_told_from_what_it_has() -> None:
    schema = thing("A thing.", optional={"b": text()}, a=text())
    assert says(schema, {"a": "x"})
    assert says(schema, {"a": "x", "b": "y"})
    assert not says(schema, {"b": "y"})
    assert not says(schema, {"a": "x", "b": 1})
