"""JSON is read strictly, and what is written is read again."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import BadJson
from connector.domain.jsontext import MAX_DEPTH, MAX_DIGITS, MAX_KEY, dumps, load_object, loads

A_MEGABYTE = 1_048_576


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b" [true, false] ", [True, False]),
        (b'{"a": {"a": 1}, "b": ["a", "a"]}', {"a": {"a": 1}, "b": ["a", "a"]}),
        (b'"F\xc3\xbcr Zo\xc3\xab \xe2\x80\x94 \xf0\x9f\x8e\x81"', "Für Zoë — 🎁"),
        (rb'"\ud83c\udf81 \u00fc \n \" \\"', '🎁 ü \n " \\'),
        (b'"\\\\u0000"', "\\u0000"),
        (b"9223372036854775808", 2**63),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"-0", 0),
        (b"{}", {}),
        (b'{"":""}', {"": ""}),
    ],
)
def test_what_is_json_is_read(body: bytes, value: Any) -> None:
    assert loads(body) == value


@pytest.mark.parametrize(
    "text", ["0.1", "19.99", "-0.0", "1.10", "1e2", "12345678901234567890.12345", "1e-99"]
)
def test_a_number_with_a_fraction_is_exact(text: str) -> None:
    value = loads(text.encode())
    assert isinstance(value, Decimal)
    assert value.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1',
        b'{"a":',
        b'{"a"',
        b'"abc',
        b'"abc\\',
        b"[1,]",
        b'{"a":1,}',
        b"[1 2]",
        b"{'a':1}",
        b"{a:1}",
        b"[1] // comment",
        b"/* comment */ [1]",
        b"[1][2]",
        b"]",
        b"tru",
        b"True",
        b"undefined",
        b"01",
        b"+1",
        b".5",
        b"5.",
        b"0x10",
        b"1_000",
        b'"\t"',
        b'"a\nb"',
        b'"\x00"',
        b'"\\x41"',
        b'"\\u12"',
        b'"\\U00000041"',
        b"\xc2\xa0[1]",
        b"a=1&b=2",
        b"<xml/>",
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(BadJson, match=r"not JSON: .* at line \d+, column \d+"):
        loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount":1,"amount":100000}',
        b'{"a":[{"amount":1,"b":2,"amount":1}]}',
        rb'{"amount":1,"\u0061mount":2}',
        b'{"":1,"":2}',
    ],
)
def test_a_key_that_stands_twice_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson, match="twice"):
        loads(body)


@pytest.mark.parametrize("body", [b"NaN", b"Infinity", b"-Infinity", b'{"amount":NaN}', b"[-Infinity]"])
def test_what_is_no_number_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson, match="not a number"):
        loads(body)


@pytest.mark.parametrize("digits", [MAX_DIGITS + 1, 4_300, 4_301, 1_000_000])
@pytest.mark.parametrize("written", ["{}", "-{}", "{}.5", "0.{}", "1e{}"])
def test_endless_digits_are_refused(digits: int, written: str) -> None:
    with pytest.raises(BadJson, match="number"):
        loads(written.format("1" * digits).encode())


@pytest.mark.parametrize("digits", [39, MAX_DIGITS])
def test_the_longest_ids_of_any_platform_are_read(digits: int) -> None:
    assert loads(b"-" + b"9" * digits) == -(10**digits - 1)


@pytest.mark.parametrize(
    "text",
    ["1e100", "1e-100", "1e9999999", "-1e-9999999", "1e99999999999999999999", "0e999999999", "0e-999999"],
)
def test_a_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(BadJson, match="out of range"):
        loads(text.encode())


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'["[",', b'["\\"",'])
def test_what_nests_too_deep_is_refused(depth: int, opened: bytes) -> None:
    with pytest.raises(BadJson, match="deeper"):
        loads(opened * depth)


def test_what_nests_as_deep_as_allowed_is_read() -> None:
    assert dumps(loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)) == "[" * MAX_DEPTH + "]" * MAX_DEPTH


def test_brackets_side_by_side_or_within_texts_are_no_depth() -> None:
    wide = [[], {"[[[[{{{{": '\\"[[[['}] * 100
    assert loads(json.dumps(wide).encode()) == wide


@pytest.mark.parametrize("length", [MAX_KEY + 1, A_MEGABYTE])
def test_a_huge_key_is_refused(length: int) -> None:
    with pytest.raises(BadJson, match="key"):
        loads(b'{"' + b"k" * length + b'":1}')


def test_a_long_key_is_read() -> None:
    assert loads(b'{"' + b"k" * MAX_KEY + b'":1}') == {"k" * MAX_KEY: 1}


@pytest.mark.parametrize(
    "body",
    [
        rb'"\u0000"',
        rb'{"a":["x\u0000y"]}',
        rb'{"\u0000":1}',
        rb'"\ud800"',
        rb'"\udc00\ud800"',
        rb'{"\udfff":1}',
        rb'["\ud83c","\udf81"]',
    ],
)
def test_texts_that_no_database_keeps_are_refused(body: bytes) -> None:
    with pytest.raises(BadJson, match=r"NUL|surrogate"):
        loads(body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig"])
def test_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(BadJson):
        loads('{"name":"Zoë"}'.encode(encoding))


@pytest.mark.parametrize(
    "body", [b"\xff", b'"\xc3"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf8\x88\x80\x80\x80"']
)
def test_broken_utf_8_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(BadJson, match=r"byte \d+"):
        loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'"' * A_MEGABYTE,
        b"\\" * A_MEGABYTE,
        b'"' + b"\\" * A_MEGABYTE,
        b'["' + b'\\"' * (A_MEGABYTE // 2),
        b"[" * (MAX_DEPTH + 1) + b'"' * A_MEGABYTE,
        b"[" + b'"",' * (A_MEGABYTE // 3),
        b"[]" * (A_MEGABYTE // 2),
        b"[[]," * (A_MEGABYTE // 4),
        b" " * A_MEGABYTE,
        b"\n" * A_MEGABYTE,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_hostile_megabyte_costs_no_more_than_a_moment(body: bytes) -> None:
    """Quadratic behaviour would take minutes: the limit is far from both."""
    started = time.thread_time()
    with pytest.raises(BadJson):
        loads(body)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"[{}]"])
def test_where_an_object_is_needed_nothing_else_will_do(body: bytes) -> None:
    with pytest.raises(BadJson, match="object"):
        load_object(body)
    assert load_object(b'{"a":1}') == {"a": 1}


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    try:
        value = loads(body)
    except BadJson:
        return
    assert loads(dumps(value).encode()) == value


DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40),
    st.builds(
        lambda digits, exponent: Decimal((0, digits, exponent - len(digits))),
        st.lists(st.integers(0, 9), min_size=1, max_size=MAX_DIGITS).map(tuple),
        st.integers(-98, 99),
    ).filter(lambda number: abs(number.adjusted()) < 99),
).filter(lambda number: abs(number.adjusted()) <= 99 and len(number.as_tuple().digits) <= MAX_DIGITS)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1), DECIMALS, TEXTS
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = dumps(value)
    assert text.isascii()
    assert loads(text.encode()) == value
    assert dumps(loads(text.encode())) == text


@given(DECIMALS)
def test_a_decimal_keeps_its_value_exactly(number: Decimal) -> None:
    assert Decimal(dumps(number)) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("25.00", "25.00"),
        ("1E+3", "1000"),
        ("1E+64", "1E+64"),
        ("-1E-70", "-1E-70"),
        ("0.000001", "0.000001"),
        ("0.0000001", "0.0000001"),
    ],
)
def test_a_decimal_is_written_plainly_where_that_can_be_read(number: str, text: str) -> None:
    assert dumps(Decimal(number)) == text


def test_the_written_form_is_one_whatever_the_order() -> None:
    one = {"b": [1, {"y": None, "x": True}], "a": "ü"}
    other = {"a": "ü", "b": (1, {"x": True, "y": None})}
    assert dumps(one) == dumps(other) == '{"a":"\\u00fc","b":[1,{"x":true,"y":null}]}'


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        float("nan"),
        Decimal("NaN"),
        Decimal("Infinity"),
        b"bytes",
        {1, 2},
        object(),
        [0.1],
        {"a": 0.1},
        {1: "a"},
        {None: 1},
        {True: 1},
    ],
)
def test_what_has_no_place_in_json_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        dumps(value)
