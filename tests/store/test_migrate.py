"""Migrations lead to the schema that the code knows, whole or not at all."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from connector.domain.errors import NewerDatabase
from connector.domain.keys_kept import kept
from connector.store import migrate, ticks
from connector.store.engine import BUSY_TIMEOUT_MS, Engines, open_engines
from connector.store.tables import metadata
from connector.store.ticks import Place
from connector.store.writer import open_writer
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.databases import PostgresMaker
from tests.kit.sources import ROOT

UPGRADE = """
import sys
from connector.store import engine, migrate
migrate.upgrade(engine.open_engines(sys.argv[1]))
"""


AN_ACCOUNT: dict[str, Any] = {
    **dict.fromkeys(("id", "business_id", "store_id"), 1),
    "created_at": THE_MOMENT,
    **dict.fromkeys(("public_id", "slug", "name", "timezone", "country", "managed_by"), "config"),
    "currency": "USD",
    "sandbox": False,
}
A_CARD: dict[str, Any] = {
    **dict.fromkeys(("created_at", "updated_at"), THE_MOMENT),
    **dict.fromkeys(("balance", "held", "initial_amount", "transfer_count", "message_count"), 0),
    **dict.fromkeys(("code_sealed", "last4", "head_hash"), ""),
    "account_id": 1,
    "currency": "USD",
    "kind": "paid",
    "origin": {},
    "metadata": {},
}


class Interrupted(Exception):
    """The process ended here."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engines]:
    """A database without any table, of each kind in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        maker: PostgresMaker = request.getfixturevalue("postgres_maker")
        url = maker.empty()
    opened = open_engines(url)
    yield opened
    opened.dispose()


def tables(engines: Engines) -> set[str]:
    with engines.write.connect() as connection:
        return set(inspect(connection).get_table_names())


def schema(connection: Connection) -> dict[str, Any]:
    """Everything that the schema says, also what Alembic does not compare: checks, partial indexes."""
    found: dict[str, Any] = {}
    seen = inspect(connection)
    for table in sorted(set(seen.get_table_names()) - {"alembic_version"}):
        found[table] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in seen.get_columns(table)
            },
            "primary key": seen.get_pk_constraint(table),
            "checks": _by_name(seen.get_check_constraints(table)),
            "foreign keys": _by_name(seen.get_foreign_keys(table)),
            "unique": _by_name(seen.get_unique_constraints(table)),
            "indexes": {
                index["name"]: (
                    index["column_names"],
                    _texts(index["dialect_options"]),
                    bool(index["unique"]),
                )
                for index in seen.get_indexes(table)
            },
        }
    return found


def _texts(options: Any) -> dict[str, str]:
    return {name: str(value) for name, value in options.items()}


def _by_name(rows: Any) -> dict[str, Any]:
    return {row["name"]: row for row in rows}


def test_the_migrations_lead_to_the_tables_of_the_code(empty: Engines) -> None:
    assert migrate.current(empty) is None

    assert migrate.upgrade(empty) == migrate.newest() == migrate.current(empty)

    with empty.write.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )
    assert found == []
    assert tables(empty) == {*metadata.tables, "alembic_version"}


def test_they_lead_there_to_the_last_check_default_and_partial_index(
    empty: Engines, tmp_path: Path, postgres_maker: PostgresMaker
) -> None:
    migrate.upgrade(empty)
    if empty.is_sqlite:
        (tmp_path / "made.db").touch()
    made = open_engines(f"sqlite:///{tmp_path / 'made.db'}" if empty.is_sqlite else postgres_maker.empty())
    with made.write.begin() as connection:
        metadata.create_all(connection)

    with empty.write.connect() as migrated, made.write.connect() as created:
        assert schema(migrated) == schema(created)
    made.dispose()


def test_an_upgrade_done_twice_is_done_once_and_harms_nothing(empty: Engines) -> None:
    migrate.upgrade(empty)
    _add_a_row(empty)

    assert migrate.upgrade(empty) == migrate.newest()

    with empty.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM revisions")).scalar_one() == 1


def test_two_who_upgrade_at_once_take_turns(empty: Engines) -> None:
    url = empty.write.url.render_as_string(hide_password=False)
    started = [subprocess.Popen([sys.executable, "-c", UPGRADE, url], cwd=ROOT) for _ in range(2)]

    assert [one.wait(60) for one in started] == [0, 0]
    assert migrate.current(empty) == migrate.newest()
    assert tables(empty) == {*metadata.tables, "alembic_version"}


def test_an_upgrade_that_is_interrupted_at_any_statement_leaves_nothing_half_done(empty: Engines) -> None:
    """Every statement on SQLite; every ninth on PostgreSQL, whose transactions nobody doubts."""
    statements = _count_statements(empty)
    assert statements > len(metadata.tables)

    for place in range(1, statements + 1, 1 if empty.is_sqlite else 9):
        counted = [0]

        def interrupt(*_: Any, counted: list[int] = counted, place: int = place) -> None:
            counted[0] += 1
            if counted[0] == place:
                raise Interrupted

        event.listen(empty.write, "before_cursor_execute", interrupt)
        with pytest.raises(Interrupted):
            migrate.upgrade(empty)
        event.remove(empty.write, "before_cursor_execute", interrupt)

        assert tables(empty) == set(), f"statement {place}"

    assert migrate.upgrade(empty) == migrate.newest()
    assert tables(empty) == {*metadata.tables, "alembic_version"}


def _count_statements(engines: Engines) -> int:
    """How many statements an upgrade has: of one that ends before its last word."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)
        if "alembic_version" in statement and statement.startswith("INSERT"):
            raise Interrupted

    event.listen(engines.write, "before_cursor_execute", note)
    with pytest.raises(Interrupted):
        migrate.upgrade(engines)
    event.remove(engines.write, "before_cursor_execute", note)
    return len(seen)


def test_a_database_that_a_newer_program_made_is_refused_and_left_alone(empty: Engines) -> None:
    migrate.upgrade(empty)
    _add_a_row(empty)
    with empty.write.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerDatabase, match=rf"revision 9999; this connector knows up to {migrate.newest()}"):
        migrate.upgrade(empty)

    assert migrate.current(empty) == "9999"
    with empty.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM revisions")).scalar_one() == 1


def test_a_sqlite_file_is_made_by_the_upgrade_and_by_nothing_before_it(tmp_path: Path) -> None:
    engines = open_engines(f"sqlite:///{tmp_path / 'new.db'}")

    assert migrate.current(engines) is None
    assert not (tmp_path / "new.db").exists()
    migrate.upgrade(engines)

    assert (tmp_path / "new.db").exists()
    engines.dispose()


def _add_a_row(engines: Engines) -> None:
    row = "INSERT INTO revisions (sha256, recipe, text, created_at) VALUES ('x', 'r', 't', 0)"
    with engines.write.begin() as connection:
        connection.execute(text(row))


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    engines = open_engines(f"sqlite:///{tmp_path / 'new.db'}")
    migrate.upgrade(engines)
    engines.dispose()

    assert (tmp_path / "new.db").stat().st_mode & 0o077 == 0


def test_an_upgrade_waits_longer_for_another_than_a_commit_does(sqlite_url: str) -> None:
    """Of a large file it takes minutes; afterwards, done or not, the connection is as impatient as before."""
    engines, waits = open_engines(sqlite_url), list[int]()

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            waits.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar())

    event.listen(engines.write, "before_cursor_execute", note)
    migrate.upgrade(engines)
    event.remove(engines.write, "before_cursor_execute", note)

    with engines.write.connect() as connection:
        after = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    assert (waits, after) == ([migrate.PATIENCE_MS], BUSY_TIMEOUT_MS)
    engines.dispose()


def test_what_recipes_had_taken_still_holds_once_it_is_kept_as_a_digest(empty: Engines) -> None:
    """Nobody is paid once more for an upgrade, and a contact's id is found by a merge as before."""
    contact = "ct_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"
    values = ["mia@example.com", contact, f"{contact}:2026"]
    with _upgraded_to(empty, "0013") as connection:
        for value in values:
            row = {"account_id": 1, "recipe": "r", "value": value, "run": "run_1", "taken_at": THE_MOMENT}
            connection.execute(insert(metadata.tables["once_taken"]), row)

    migrate.upgrade(empty)

    with empty.reading() as connection:
        found = connection.execute(select(metadata.tables["once_taken"].c.value)).scalars()
        assert set(found) == {kept(value) for value in values}


@contextmanager
def _upgraded_to(empty: Engines, revision: str) -> Iterator[Connection]:
    """A database as an older program left it."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "connector" / "store" / "migrations"))
    if empty.path is not None:
        empty.path.touch()
    with empty.write.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


def test_a_ledger_from_before_cards_may_begin_empty_takes_one_that_does(tmp_path: Path) -> None:
    """An SQLite file with the check as 0001 had it: reworded where it stands, and holding from then on."""
    engines = open_engines(f"sqlite:///{tmp_path / 'old.db'}")
    with _upgraded_to(engines, "0018") as connection:
        new, old = "CHECK (amount > 0 OR amount = 0 AND type = 'issue')", "CHECK (amount > 0)"
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (new, old))
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")

    migrate.upgrade(engines)

    ledger = "INSERT INTO transfers (account_id, type, debit, credit, amount, currency, origin, created_at, "
    values = "previous_hash, hash, public_id) VALUES (1, ?, 'a', 'b', ?, 'USD', '{}', 0, '', '', ?)"
    with engines.write.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(ledger + values, ("issue", 0, "tr_1"))
        for kind, amount in (("load", 0), ("issue", -1)):
            with pytest.raises(IntegrityError, match="ck_transfers_amount"):
                connection.exec_driver_sql(ledger + values, (kind, amount, "tr_2"))
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engines.dispose()


def test_the_cards_there_were_before_the_upgrade_are_found_by_their_kind(empty: Engines) -> None:
    """Their kinds are noted by the upgrade itself, each once."""
    with _upgraded_to(empty, "0018") as connection:
        connection.execute(insert(metadata.tables["accounts"]), AN_ACCOUNT)
        for number, source in enumerate(("api", "import", "import")):
            names = {"public_id": f"gc_{number}", "code_hash": str(number), "source": source}
            row = {**A_CARD, **names, "program": "spa", "expires_at": THE_MOMENT if number else None}
            connection.execute(insert(metadata.tables["cards"]), row)

    migrate.upgrade(empty)

    with empty.reading() as connection:
        kinds = connection.execute(select(metadata.tables["card_kinds"])).mappings().all()
        ends = connection.execute(select(metadata.tables["card_ends"])).mappings().all()
    assert sorted((row["program"], row["recipe"], row["source"]) for row in kinds) == [
        ("spa", "", "api"),
        ("spa", "", "import"),
    ]
    assert len(ends) == 1 and ends[0]["made"] == ends[0]["ends"] > 0


def test_a_tick_that_an_upgrade_comes_into_goes_over_whoever_is_there_by_then(empty: Engines) -> None:
    """Nobody is left out for it, and who is made later has a turn at the next; one that rests stays so."""
    person = {
        **dict.fromkeys(("first_seen_at", "created_at", "updated_at"), THE_MOMENT),
        "tags": {},
        "attributes": {},
        "account_id": 1,
    }
    tick = {"account_id": 1, "plan": "0 10 * * * UTC", "planned_at": THE_MOMENT, "counts": {"done": 2}}
    with _upgraded_to(empty, "0021") as connection:
        connection.execute(insert(metadata.tables["accounts"]), AN_ACCOUNT)
        for number in range(1, 6):
            row = {**person, "id": number, "public_id": f"ct_{number}"}
            connection.execute(insert(metadata.tables["contacts"]), row)
        for number in range(1, 4):
            names = {"public_id": f"gc_{number}", "code_hash": str(number), "source": "api"}
            connection.execute(insert(metadata.tables["cards"]), {**A_CARD, **names, "id": number})
        for recipe, place in (("people", (2, None)), ("cards", (1, THE_MOMENT)), ("rests", (None, None))):
            row = {**tick, "recipe": recipe, "cursor_id": place[0], "cursor_at": place[1]}
            connection.execute(insert(metadata.tables["schedule_ticks"]), row)

    migrate.upgrade(empty)

    with empty.write.begin() as connection:
        late = {**person, "id": 6, "public_id": "ct_6"}
        connection.execute(insert(metadata.tables["contacts"]), late)
    writer = open_writer(empty, FixedClock())
    cards, people, rests = writer.run(
        lambda tx: [ticks.claim(tx, 1, one) for one in ("cards", "people", "rests")]
    )
    assert cards is not None and people is not None and rests is not None
    assert (rests.place, rests.upto_id, people.counts) == (None, 0, {"done": 2})
    behind, upto = people.place or Place(), people.upto_id
    after = writer.run(lambda tx: ticks.contacts_behind(tx, 1, behind, upto, 9))
    assert [one.public_id for one in after] == ["ct_3", "ct_4", "ct_5"]
    made, newest = cards.place or Place(), cards.upto_id
    left = writer.run(lambda tx: ticks.cards_behind(tx, 1, made, newest, 9))
    assert [name for name, _ in left] == ["gc_2", "gc_3"]
    writer.close()
