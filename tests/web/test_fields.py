"""A body becomes fields of their kinds, or every fault is named at once; nothing is guessed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.domain.errors import BadJson, ValidationFailed, WrongContentType
from connector.domain.money import MAX_MINOR
from connector.operations.kit import Field
from connector.operations.registry import operations
from connector.web.fields import MAX_ERRORS, Shape, body_object, read, shape_of

KINDS = {
    kind: Shape({"it": Field(kind, "what it is")})
    for kind in (
        *("text", "money", "decimal", "currency", "moment", "flag", "whole"),
        *("card", "contact", "mapping", "any", "texts"),
    )
}


def one(kind: str, value: Any) -> Any:
    return read(KINDS[kind], {"it": value})["it"]


def refusal_of(kind: str, value: Any) -> str:
    with pytest.raises(ValidationFailed) as refused:
        one(kind, value)
    [error] = refused.value.errors
    assert error.field == "it"
    return error.message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", ""),
        ("text", "Für Zoë 🎁\n=1+1 <b>\u202e"),
        ("text", "x" * 2_048),
        *(("money", number) for number in (0, 1, -200, 2500, MAX_MINOR, -MAX_MINOR)),
        ("decimal", "25.00"),
        ("currency", "USD"),
        ("currency", "KWD"),
        ("flag", True),
        ("flag", False),
        ("whole", 86_400),
        ("card", "gc_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"),
        ("contact", "mia@example.com"),
        ("mapping", {}),
        ("mapping", {"a": [1, Decimal("1.50"), None, {"b": "c"}]}),
        ("any", [1, "a"]),
        ("texts", ["gift_card.*"]),
        ("texts", []),
    ],
)
def test_a_value_of_its_kind_is_taken_as_it_is(kind: str, value: Any) -> None:
    assert one(kind, value) == value
    assert type(one(kind, value)) is type(value)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-20T15:00:00Z", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20t15:00:00z", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20T10:00:00-05:00", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20T15:00:00.25+00:00", datetime(2026, 11, 20, 15, 0, 0, 250_000, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_has_its_offset_and_becomes_utc(written: str, at: datetime) -> None:
    found = one("moment", written)

    assert (found, found.utcoffset()) == (at, timedelta(0))


WRONG: dict[str, list[Any]] = {
    "text": [1, True, [], {}, Decimal("1.5"), "x" * 2_049],
    "money": [
        *(True, False, None, "2500", "", [], {}, Decimal("0.1"), Decimal("19.99"), Decimal("25.00")),
        *(MAX_MINOR + 1, -MAX_MINOR - 1, 2**63, -(2**63) - 1, 10**64),
    ],
    "decimal": [None, 25, Decimal("25.00"), True, [], {}, "2" * 101],
    "currency": ["usd", "USDX", "", "XXX", "ＵSD", "US", 840, True, [], {}, "x" * 100_000],
    "moment": [
        *(1_681_963_200, 1_681_963_200_000, 10**18, Decimal("1681963200.5"), True, [], {}, ""),
        *("1681963200", "2026-11-20", "2026-11-20T15:00:00", "2026-11-20 15:00:00Z", "2026-11-20T15:00Z"),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:01:00Z", "2026-11-20T23:59:60Z"),
        *("2026-11-20T15:00:00+99:99", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
        *("9999-12-31T23:59:59-01:00", "1969-12-31T23:59:59Z", "2026-11-20T15:00:00.1234567Z"),
        *("２026-11-20T15:00:00Z", "2026-11-20T15:00:00Z\n", "2026-11-20T15:00:00Z" * 9_999),
    ],
    "flag": [None, 0, 1, "true", "false", "", [], {}],
    "whole": [None, True, "1", Decimal("1.0"), 2**63, [], {}],
    "card": ["", 1, True, [], {}, "x" * 321],
    "contact": ["", 1, True, [], {}, "x" * 321],
    "mapping": [
        *(1, True, "", [], [{}], {str(n): n for n in range(51)}, {"k" * 101: 1}),
        *({"a": "x" * 8_192}, {"a": ["x"] * 5_000}),
    ],
    "any": ["x" * 8_192, [1] * 5_000],
    "texts": [None, "gift_card.*", {}, [1], [None], ["a"] * 101, ["x" * 321]],
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, values in WRONG.items() for value in values],
    ids=lambda value: repr(value)[:30],
)
def test_another_value_is_refused_in_a_short_sentence(kind: str, value: Any) -> None:
    message = refusal_of(kind, value)

    assert 5 < len(message) < 200


def test_every_kind_of_field_that_operations_have_can_be_read() -> None:
    kinds = {field.kind for operation in operations().values() for field in operation.fields.values()}

    assert kinds <= KINDS.keys()


@pytest.mark.parametrize("kind", ["text", "moment", "card", "contact", "mapping", "any"])
def test_null_is_as_good_as_leaving_out(kind: str) -> None:
    assert read(KINDS[kind], {"it": None}) == {}


def test_a_required_field_that_is_missing_or_null_is_named_with_its_help() -> None:
    shape = Shape({"url": Field("text", "where we post to")}, frozenset({"url"}))

    for given in ({}, {"url": None}):
        with pytest.raises(ValidationFailed, match=r"^url is required: where we post to$"):
            read(shape, given)


def test_a_closed_set_of_texts_is_named() -> None:
    shape = Shape({"kind": Field("text", "", choices=("paid", "promotional"))})

    assert read(shape, {"kind": "paid"}) == {"kind": "paid"}
    with pytest.raises(ValidationFailed, match="must be one of: paid, promotional"):
        read(shape, {"kind": "Paid"})


def test_an_unknown_field_is_refused_with_the_nearest_that_there_is() -> None:
    shape = Shape({"currency": Field("currency", ""), "amount": Field("money", "")})

    with pytest.raises(ValidationFailed) as refused:
        read(shape, {"curency": "USD", "balance": 9})

    told = {error.field: error.message for error in refused.value.errors}
    assert told == {
        "curency": "is not a field of this call; did you mean currency?",
        "balance": "is not a field of this call",
    }


def test_all_faults_are_told_together_by_name() -> None:
    shape = shape_of(operations()["issue"])

    with pytest.raises(ValidationFailed) as refused:
        read(shape, {"amount": True, "currency": "usd", "expires_at": 5, "id": "gc_mine"})

    assert [error.field for error in refused.value.errors] == ["amount", "currency", "expires_at", "id"]
    assert refused.value.detail == "4 fields are wrong: amount, currency, expires_at, id"


def test_a_flood_of_faults_is_cut() -> None:
    with pytest.raises(ValidationFailed) as refused:
        read(KINDS["text"], {f"{n:05}{'x' * 900}": 1 for n in range(5_000)})

    assert len(refused.value.errors) == MAX_ERRORS
    assert max(len(error.field) for error in refused.value.errors) <= 100
    assert "5000 fields are wrong" in refused.value.detail


def test_what_the_path_gives_is_no_field_of_the_body() -> None:
    shape = shape_of(operations()["redeem"])

    assert "card" not in shape.fields
    assert shape.required == frozenset()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; x=y",
    ],
)
def test_json_is_read(content_type: str) -> None:
    assert body_object(content_type, b'{"amount": 1}', may_be_empty=False) == {"amount": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/problem+json"),
        *(
            "multipart/form-data; boundary=application/json",
            "application/jsonx",
            "application/json, text/plain",
        ),
        *(
            "application/json; charset=utf-7",
            "application/json; charset=nope",
            "application/json;charset=utf-16",
        ),
    ],
)
def test_only_json_in_utf_8_is_read(content_type: str) -> None:
    with pytest.raises(WrongContentType):
        body_object(content_type, b'{"amount": 1}', may_be_empty=True)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "nonsense"])
def test_a_compressed_body_is_not_opened(encoding: str) -> None:
    with pytest.raises(WrongContentType):
        body_object("application/json", b"{}", may_be_empty=False, encoding=encoding)


def test_no_body_is_no_field_where_that_is_enough() -> None:
    assert body_object("", b"", may_be_empty=True) == {}
    with pytest.raises(WrongContentType):
        body_object("", b"", may_be_empty=False)
    with pytest.raises(BadJson):
        body_object("application/json", b"", may_be_empty=False)
