"""Prepared statements: what SQLAlchemy Core would do, on both databases, or a refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.sql.base import Executable

from connector.domain.errors import ValidationFailed
from connector.store.columns import JsonText, Moment, id_column, metadata
from connector.store.engine import Engines, open_engines
from connector.store.prepared import Prepared
from connector.store.tables import accounts, sources
from connector.store.writer import Writing
from connector.store.writing import ask
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter, make_account

THINGS: Final = Table(
    "things",
    MetaData(),
    id_column(),
    Column("big", BigInteger),
    Column("whole", Integer),
    Column("text", Text, server_default="left out"),
    Column("flag", Boolean),
    Column("at", Moment),
    Column("json", JsonText),
    Column("bytes", LargeBinary),
    Column("naive", DateTime),  # none of ours: a type that is text on one of the databases
)
NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(
    ("big", "whole", "text", "flag", "at", "json", "bytes", "naive")
)
VALUES: Final[list[dict[str, Any]]] = [
    {**NOTHING},
    {
        "big": 2**63 - 1,
        "whole": -(2**31),
        "text": 'Zoë\'s "gift" 🎁 100% :name %(name)s ?\n',
        "flag": True,
        "at": datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC),
        "json": {"b": [Decimal("0.10"), None, True], "a": "é", "%": "\u2028"},
        "bytes": bytes(range(256)),
        "naive": datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC).replace(tzinfo=None),
    },
    {
        "big": -(2**63),
        "whole": 0,
        "text": "",
        "flag": False,
        "at": datetime(1, 1, 1, tzinfo=UTC),
        "json": {},
        "bytes": b"",
        "naive": datetime.min.replace(tzinfo=UTC).replace(tzinfo=None),
    },
    {**NOTHING, "at": datetime.max.replace(tzinfo=UTC), "json": [], "flag": None},
    {**NOTHING, "json": 0},
    {**NOTHING, "json": ""},
    {**NOTHING, "json": False},
]
ALL: Final = select(THINGS).where(THINGS.c.id == bindparam("thing"))


@pytest.fixture(autouse=True)
def things(engines: Engines) -> None:
    with engines.write.begin() as connection:
        THINGS.create(connection)


def rows(tx: Writing, statement: Executable, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As Core gives them."""
    return [dict(row) for row in tx.execute(statement, values).mappings()]


def raw(tx: Writing, thing: int) -> list[Any]:
    """A row as the database itself holds it."""
    found = tx.execute(text("SELECT * FROM things WHERE id = :thing"), {"thing": thing}).one()
    return list(found)[1:]


def test_every_kind_of_column_that_we_have_is_tried() -> None:
    ours = {type(column.type) for table in metadata.tables.values() for column in table.columns}

    assert ours <= {type(column.type) for column in THINGS.columns}


@pytest.mark.parametrize("values", VALUES, ids=range(len(VALUES)))
def test_values_go_in_and_come_out_as_by_core(writer: AnyWriter, values: dict[str, Any]) -> None:
    def work(tx: Writing) -> None:
        ours = tx.insert(Prepared(insert(THINGS), returns_id=True), values)
        cores: Any = tx.execute(insert(THINGS), values).inserted_primary_key

        assert raw(tx, ours) == raw(tx, cores[0])
        [row] = tx.fetch(Prepared(ALL), {"thing": ours})
        assert [row] == rows(tx, ALL, {"thing": ours})
        assert row == {"id": ours, **values}
        assert [type(row[name]) for name in values] == [type(value) for value in values.values()]

    writer.run(work)


def test_a_column_that_is_left_out_has_the_databases_own_default(writer: AnyWriter) -> None:
    def work(tx: Writing) -> None:
        thing = tx.insert(Prepared(insert(THINGS), returns_id=True), {"whole": 7})

        assert tx.fetch(Prepared(ALL), {"thing": thing}) == [
            {"id": thing, **NOTHING, "whole": 7, "text": "left out"}
        ]

    writer.run(work)


def test_many_rows_are_inserted_by_one_statement_each(writer: AnyWriter) -> None:
    add = Prepared(insert(THINGS))

    def work(tx: Writing) -> list[int]:
        tx.do_all(add, [{"whole": number} for number in range(5)])
        tx.do_all(add, [])
        return [row["whole"] for row in tx.fetch(Prepared(select(THINGS.c.whole).order_by(THINGS.c.id)), {})]

    assert writer.run(work) == [0, 1, 2, 3, 4]


JOINED: Final = accounts.join(sources, isouter=True)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(select(accounts.c.id, sources.c.id).select_from(JOINED), id="two columns of one name"),
        pytest.param(select(accounts, sources.c.slug).select_from(JOINED), id="a table and more"),
        pytest.param(select(func.count(), func.max(accounts.c.created_at)), id="functions without a name"),
        pytest.param(select(func.min(accounts.c.created_at).label("first")), id="a function with one"),
        pytest.param(select(literal("x").label("k"), literal(None).label("n"), literal(7)), id="literals"),
        pytest.param(select(literal_column("'100%'").label("percent")), id="a sign that drivers read"),
        pytest.param(
            select(accounts.c.slug).where(accounts.c.name.like("%Spa%"), accounts.c.name != "a 100% b"),
            id="a pattern",
        ),
        pytest.param(select(case((accounts.c.sandbox, 1), else_=accounts.c.id)), id="a case"),
        pytest.param(
            union_all(select(accounts.c.slug), select(accounts.c.name)),
            id="a union",
        ),
        pytest.param(select(accounts.c.slug).order_by(accounts.c.id.desc()).limit(1).offset(1), id="a page"),
        pytest.param(select(accounts.c.id.label("a.b%c")), id="an odd label"),
        pytest.param(select(accounts.c.slug).where(accounts.c.created_at == THE_MOMENT), id="a moment"),
        pytest.param(select(accounts.c.slug).where(accounts.c.sandbox.is_(False)), id="a truth"),
        pytest.param(select(accounts.c.slug).where(accounts.c.slug.in_((literal("a"),))), id="a few"),
    ],
)
def test_rows_are_named_and_constants_read_as_by_core(writer: AnyWriter, statement: Any) -> None:
    def work(tx: Writing) -> None:
        for slug in ("a", "b", "c"):
            make_account(tx, slug)

        found = tx.fetch(Prepared(statement), {})

        assert found == rows(tx, statement, {})
        assert found
        assert [list(row) for row in found] == [list(row) for row in rows(tx, statement, {})]

    writer.run(work)


def test_a_connection_for_reading_gives_the_same_rows(writer: AnyWriter, engines: Engines) -> None:
    writer.run(lambda tx: make_account(tx, "a"))
    find = Prepared(
        select(accounts.c.slug, accounts.c.created_at).where(accounts.c.slug == bindparam("slug"))
    )

    with engines.reading() as connection:
        reading = [dict(row) for row in ask(connection, find, {"slug": "a"})]

    assert reading == writer.run(lambda tx: [*ask(tx, find, {"slug": "a"})])
    assert reading == [{"slug": "a", "created_at": THE_MOMENT}]


def test_constants_of_a_change_are_written_as_by_core(writer: AnyWriter) -> None:
    full = VALUES[1]
    moved: dict[str, Any] = {"at": THE_MOMENT, "json": {"a": Decimal("1.50")}, "bytes": b"\0"}
    change: dict[str, Any] = {"text": None, "flag": False, **moved}
    statement = update(THINGS).where(THINGS.c.id == bindparam("thing")).values(**change)

    def work(tx: Writing) -> None:
        ours, cores = (tx.insert(Prepared(insert(THINGS), returns_id=True), full) for _ in range(2))

        assert tx.do(Prepared(statement), {"thing": ours}) == 1
        tx.execute(statement, {"thing": cores})

        assert raw(tx, ours) == raw(tx, cores)
        assert tx.fetch(Prepared(ALL), {"thing": ours}) == [{"id": ours, **full, **change}]
        assert tx.do(Prepared(statement), {"thing": 0}) == 0

    writer.run(work)


def test_a_value_that_may_be_left_out_is_the_callers_where_he_gives_one(writer: AnyWriter) -> None:
    statement = select(literal(1).label("one")).where(literal("a") == bindparam("asked", "a"))

    def work(tx: Writing) -> None:
        for values in ({}, {"asked": "a"}, {"asked": "b"}, {"asked": "a", "nobody": "asks for this"}):
            assert tx.fetch(Prepared(statement), values) == rows(tx, statement, values)

    writer.run(work)


def test_what_a_change_returns_is_read_as_by_core(writer: AnyWriter) -> None:
    values = VALUES[1]
    add = Prepared(insert(THINGS).returning(THINGS))
    change = Prepared(
        update(THINGS)
        .where(THINGS.c.id == bindparam("thing"))
        .values(whole=THINGS.c.whole + bindparam("by"))
        .returning(THINGS.c.whole, THINGS.c.at.label("moment"), THINGS.c.json)
    )
    remove = Prepared(delete(THINGS).where(THINGS.c.id == bindparam("thing")).returning(THINGS.c.flag))

    def work(tx: Writing) -> None:
        [added] = tx.fetch(add, values)
        thing = added["id"]
        assert added == {"id": thing, **values}
        assert tx.fetch(change, {"thing": thing, "by": 7}) == [
            {"whole": values["whole"] + 7, "moment": values["at"], "json": values["json"]}
        ]
        assert tx.fetch(change, {"thing": 0, "by": 7}) == []
        assert tx.fetch(remove, {"thing": thing}) == [{"flag": True}]
        assert tx.fetch(remove, {"thing": thing}) == []

    writer.run(work)


def test_names_that_a_driver_cannot_read_are_written_otherwise(writer: AnyWriter) -> None:
    statement = select(literal(1).label("one")).where(literal(5) == bindparam("a.b%c (d)"))

    def work(tx: Writing) -> None:
        assert tx.fetch(Prepared(statement), {"a.b%c (d)": 5}) == [{"one": 1}]
        assert tx.fetch(Prepared(statement), {"a.b%c (d)": 6}) == []

    writer.run(work)


@pytest.mark.parametrize(
    ("statement", "values", "missing"),
    [
        (ALL, {}, "thing"),
        (ALL, {"Thing": 1, "id": 1}, "thing"),
        (update(THINGS).values(whole=bindparam("to"), text=None), {"whole": 1}, "to"),
        (
            select(literal(1)).where(bindparam("a", type_=Boolean), bindparam("b", type_=Boolean)),
            {"a": True},
            "b",
        ),
    ],
)
def test_a_missing_value_is_named_and_nothing_was_done(
    writer: AnyWriter, statement: Any, values: dict[str, Any], missing: str
) -> None:
    def work(tx: Writing) -> None:
        with pytest.raises(ValueError, match=rf"needs values for \['{missing}'\]"):
            tx.do(Prepared(statement), values)
        make_account(tx, "a")  # the transaction stands

    writer.run(work)


def test_no_value_is_told_where_one_is_missing(writer: AnyWriter) -> None:
    def work(tx: Writing) -> None:
        with pytest.raises(ValueError, match="needs values") as refused:
            tx.do(Prepared(ALL), {"code": "7K2Q-M4XA"})
        assert "7K2Q" not in str(refused.value)

    writer.run(work)


@pytest.mark.parametrize(
    "second", [{"whole": 1, "flag": True}, {"text": "x"}, {}, {"whole": 1, "big": 1, "flag": True}]
)
def test_an_insert_has_the_columns_of_its_first_row(writer: AnyWriter, second: dict[str, Any]) -> None:
    add = Prepared(insert(THINGS), returns_id=True)

    def work(tx: Writing) -> None:
        tx.insert(add, {"whole": 1, "text": "a"})
        with pytest.raises(ValueError, match="other columns"):
            tx.insert(add, second)
        tx.insert(add, {"text": "in another order", "whole": 2})

    writer.run(work)


@pytest.mark.parametrize(
    "statement",
    [
        select(THINGS.c.id).where(THINGS.c.id.in_([1, 2])),
        select(THINGS.c.id).where(THINGS.c.id.not_in([1])),
        select(THINGS.c.id).where(THINGS.c.id.in_(bindparam("these", expanding=True))),
        delete(THINGS).where(THINGS.c.text.in_(())),
    ],
)
def test_a_list_of_unknown_length_is_refused(writer: AnyWriter, statement: Any) -> None:
    def work(tx: Writing) -> None:
        with pytest.raises(ValueError, match="a list of unknown length"):
            tx.do(Prepared(statement), {"these": [1]})

    writer.run(work)


@pytest.mark.parametrize(
    ("column", "value"), [("text", "half \ud83d a pair"), ("big", 2**63), ("big", -(2**63) - 1)]
)
def test_a_value_that_no_column_holds_is_the_callers_fault(
    writer: AnyWriter, column: str, value: Any
) -> None:
    add = Prepared(insert(THINGS))

    with pytest.raises(ValidationFailed):
        writer.run(lambda tx: tx.do(add, {column: value}))

    assert writer.run(lambda tx: tx.do(add, {column: None})) == 1


@pytest.mark.parametrize(("column", "value"), [("json", 1.5), ("json", {1: 2}), ("at", VALUES[1]["naive"])])
def test_a_value_of_the_wrong_kind_is_never_stored_as_something_else(
    writer: AnyWriter, column: str, value: Any
) -> None:
    with pytest.raises(TypeError):
        writer.run(lambda tx: tx.do(Prepared(insert(THINGS)), {column: value}))


def test_many_threads_that_come_first_share_one_statement(engines: Engines) -> None:
    dialect = engines.write.dialect
    for _ in range(20):
        prepared = Prepared(ALL)

        found = [one.value for one in at_once([partial(prepared.compiled, dialect, {})] * 16)]

        assert len({id(one) for one in found}) == 1


def test_of_two_inserts_that_come_first_with_other_columns_one_is_refused(engines: Engines) -> None:
    dialect = engines.write.dialect

    def parameters(prepared: Prepared, values: dict[str, Any]) -> Any:
        return prepared.compiled(dialect, values).parameters(values)

    for _ in range(20):
        prepared = Prepared(insert(THINGS))
        shapes: list[dict[str, Any]] = [{"whole": 1}, {"text": "a"}]

        ended = at_once([partial(parameters, prepared, shape) for shape in shapes * 4])

        assert len([one for one in ended if one.is_done]) == 4
        assert {type(one.error) for one in ended if not one.is_done} == {ValueError}


def test_one_statement_serves_both_kinds_of_database(sqlite_url: str, postgres_url: str) -> None:
    prepared = Prepared(ALL)
    for url in (sqlite_url, postgres_url, sqlite_url):
        engines = open_engines(url)
        compiled = prepared.compiled(engines.write.dialect, {})
        engines.dispose()

        assert compiled.parameters({"thing": 7}) == ([7] if engines.is_sqlite else {"thing": 7})
        assert ("?" in compiled.sql) == engines.is_sqlite
