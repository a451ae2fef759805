"""What goes into a column comes out the same, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from connector.store.columns import JsonText, Moment, is_name, moment
from connector.store.engine import Engines
from connector.store.prepared import Prepared
from connector.store.writer import Writing, ask
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

KEPT = Table(
    "kept",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", Moment),
    Column("json", JsonText),
)
MOMENTS = (
    None,
    THE_MOMENT,
    THE_MOMENT + timedelta(microseconds=1),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
)
DEEP: Any = []
for _ in range(40):  # deeper than what comes in may be: it lies in a message, in an answer, in a row
    DEEP = [DEEP]
VALUES: tuple[Any, ...] = (
    None,
    {},
    [],
    {"b": [1, "two", None, True, {"c": "ü\x00\n"}], "a": Decimal("19.99")},
    Decimal("0.10"),
    12345678901234567890123,
    "text",
    DEEP,
)


def test_moments_and_json_come_out_as_they_went_in(writer: AnyWriter, engines: Engines) -> None:
    rows = [
        {"id": number, "at": at, "json": value}
        for number, (at, value) in enumerate(
            [*((at, {}) for at in MOMENTS), *((THE_MOMENT, value) for value in VALUES)]
        )
    ]
    add, every = Prepared(insert(KEPT)), Prepared(select(KEPT).order_by(KEPT.c.id))

    def work(tx: Writing) -> list[Any]:
        KEPT.metadata.create_all(tx._connection)
        tx.do_all(add, rows)
        return list(ask(tx, every, {}))

    inside = writer.run(work)
    with engines.reading() as connection:
        outside = [dict(row) for row in ask(connection, every, {})]

    assert inside == outside == rows
    assert str(outside[len(MOMENTS) + 4]["json"]) == "0.10", "a decimal keeps its digits"


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = timezone(timedelta(hours=-5))
    bound = Moment().process_bind_param(THE_MOMENT.astimezone(there), None)  # type: ignore[arg-type]

    assert bound is not None
    assert moment(bound) == THE_MOMENT
    assert moment(bound).tzinfo is UTC


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        Moment().process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("gc_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E", True),
        ("glow-spa", True),
        ("", True),
        ("gc_\x00", False),
        ("\ud83d", False),
        ("ünï", False),
        ("a\nb", False),
    ],
)
def test_a_name_is_printable_ascii(text: str, is_one: bool) -> None:
    assert is_name(text) == is_one
