"""Faults under a group: whoever has an answer has all rows, whoever has a refusal has none.

Each fault is a real one: SQLite's own page limit or the system's file limit for a
full disk, a deferred constraint for a COMMIT that fails, another connection's lock.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from connector.domain.errors import Unavailable
from connector.store.engine import Engines, open_engines
from connector.store.tables import revisions, sources
from connector.store.writer import GroupWriter, Writing
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import Ended, at_once
from tests.kit.databases import SqliteMaker
from tests.kit.sources import ROOT
from tests.store.groups import a_group_writer, noting, together
from tests.store.making import note, noted

MEMBERS = 8
STATEMENTS = 3
TEN_PAGES = "x" * 40_000
FULL = text("PRAGMA max_page_count = 1")  # SQLite takes the pages that are there for the most
WIDE = text("PRAGMA max_page_count = 1073741823")


def rows_of(engines: Engines) -> dict[int, int]:
    """How many rows of each member are there."""
    counted = dict.fromkeys(range(MEMBERS), 0)
    for name in noted(engines):
        counted[int(name.partition(".")[0])] += 1
    return counted


def require_all_or_nothing(ended: list[Ended[str]], counted: dict[int, int]) -> None:
    for member, one in enumerate(ended):
        if one.error is None:
            assert counted[member] == STATEMENTS, f"member {member} was answered"
        else:
            assert isinstance(one.error, Unavailable), one.error
            assert counted[member] == 0, f"member {member} was refused"


def insert_one(tx: Writing, name: str, *, plainly: bool) -> None:
    """Plainly, a failure ends the transaction; where SQLite keeps a journal of the statement, it need not."""
    if plainly:
        row = {"sha256": name, "recipe": "any", "text": TEN_PAGES, "created_at": THE_MOMENT}
        tx.execute(insert(revisions), row)
    else:
        note(tx, name, TEN_PAGES)


@pytest.mark.parametrize("plainly", [True, False], ids=["plain", "on conflict"])
@pytest.mark.parametrize("returns", [True, False], ids=["space returns", "stays full"])
def test_a_disk_that_is_full_at_any_statement_of_any_member(
    sqlite_maker: SqliteMaker, tmp_path: Path, plainly: bool, returns: bool
) -> None:
    for guilty in range(MEMBERS):
        for place in range(STATEMENTS):
            runs: list[int] = []

            def work(member: int, tx: Writing, point: tuple[int, int], runs: list[int] = runs) -> str:
                runs.append(member)
                is_again = runs.count(member) > 1
                if returns and is_again:
                    tx.execute(WIDE)
                for statement in range(STATEMENTS):
                    if (member, statement) == point and not (returns and is_again):
                        tx.execute(FULL)
                    insert_one(tx, f"{member}.{statement}", plainly=plainly)
                return "done"

            folder = tmp_path / f"{guilty}.{place}"
            folder.mkdir()
            with (
                sqlite_maker.fresh(folder) as url,
                a_group_writer(url) as (writer, engines),
            ):
                point = (guilty, place)
                ended = together(writer, [partial(_as, work, one, point) for one in range(MEMBERS)]).wait()

                require_all_or_nothing(ended, rows_of(engines))
                assert len(runs) > MEMBERS or ended[guilty].error is not None, "the disk was never full"
                if not returns:
                    assert ended[guilty].error is not None
                writer.run(lambda tx: tx.execute(WIDE))
                assert writer.run(noting("0.after")) == "0.after"


def _as(
    work: Callable[[int, Writing, tuple[int, int]], str], member: int, point: tuple[int, int], tx: Writing
) -> str:
    return work(member, tx, point)


def test_a_file_that_may_not_grow_any_more_fails_the_commit_itself(
    sqlite_maker: SqliteMaker, tmp_path: Path
) -> None:
    """The limit of the system binds a whole process, so a process of its own looks at every size."""
    with sqlite_maker.fresh(tmp_path) as url:
        told = subprocess.run(
            [sys.executable, "-m", "tests.store.full_disk", url, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    looks = [json.loads(line) for line in told.stdout.splitlines()]

    assert {look["kind"] for look in looks} >= {"all refused", "some refused", "none refused"}
    for look in looks:
        for member, outcome in look["outcomes"].items():
            assert outcome in ("done", "Unavailable"), look
            assert look["rows"][member] == (STATEMENTS if outcome == "done" else 0), look
        assert look["goes_on"], "it needs no restart once there is space again"


@pytest.fixture
def engines(sqlite_url: str) -> Iterator[Engines]:
    opened = open_engines(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def writer(engines: Engines) -> Iterator[GroupWriter]:
    opened = GroupWriter(engines, FixedClock())
    yield opened
    opened.close()


def test_a_commit_that_fails_costs_only_the_member_at_fault(writer: GroupWriter, engines: Engines) -> None:
    told: list[str] = []

    def at_fault(tx: Writing) -> str:
        tx.after_commit(lambda: told.append("at fault"))
        return _orphan(tx)

    def innocent(name: str, tx: Writing) -> str:
        tx.after_commit(lambda: told.append(name))
        return note(tx, name)

    one, two, three = (partial(innocent, name) for name in ("one", "two", "three"))
    ended = together(writer, [one, at_fault, two, three]).wait()

    assert isinstance(ended[1].error, Unavailable)
    assert [each.value for each in ended if each.error is None] == ["one", "two", "three"]
    assert noted(engines) == {"one", "two", "three"}
    assert sorted(told) == ["one", "three", "two"]
    assert writer.commits == 3, "each of the others committed alone"


def test_a_group_that_was_lost_and_cannot_begin_again_is_refused_at_once(
    engines: Engines, tmp_path: Path
) -> None:
    path = engines.path
    assert path is not None
    moved: list[str] = []

    def move_once(point: str) -> None:
        if not moved:
            moved.append(point)
            _move(path, tmp_path / "elsewhere")

    writer = GroupWriter(engines, FixedClock(), move_once)
    ended = together(writer, [noting("one"), _orphan, noting("two")]).wait()

    assert moved == ["writer.before_commit"]
    assert [type(one.error) for one in ended] == [Unavailable] * 3
    _move(tmp_path / "elsewhere" / path.name, path.parent)
    assert noted(engines) == set()
    assert writer.run(noting("next")) == "next"
    writer.close()


def _orphan(tx: Writing) -> str:
    """Breaks a rule that is looked at only when the transaction commits."""
    note(tx, "orphan")
    tx.execute(text("PRAGMA defer_foreign_keys = ON"))
    row = {"slug": "s", "adapter": "a", "secrets_sealed": "", "settings": {}, "is_enabled": True}
    tx.execute(insert(sources), {**row, "account_id": 404, "managed_by": "api", "created_at": THE_MOMENT})
    return "never"


def test_a_database_that_another_process_keeps_locked_is_given_up_in_time(
    writer: GroupWriter, engines: Engines
) -> None:
    assert engines.path is not None
    holder = sqlite3.connect(engines.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()

    ended = at_once([partial(writer.run, noting(f"caller {number}")) for number in range(20)])

    assert time.monotonic() - started < 10
    assert {type(one.error) for one in ended} == {Unavailable}
    assert noted(engines) == set(), "who reads is not kept waiting"
    holder.execute("ROLLBACK")
    holder.close()
    assert writer.run(noting("next")) == "next"


def test_a_short_lock_is_waited_for(writer: GroupWriter, engines: Engines) -> None:
    assert engines.path is not None
    holder = sqlite3.connect(engines.path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, partial(holder.execute, "ROLLBACK"))
    release.start()

    assert writer.run(noting("one")) == "one"

    release.join()
    holder.close()


def _move(path: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(to / file.name)


def test_a_database_that_was_moved_away_takes_nothing_and_heals_when_it_is_back(
    writer: GroupWriter, engines: Engines, tmp_path: Path
) -> None:
    path = engines.path
    assert path is not None
    writer.run(noting("before"))
    assert noted(engines) == {"before"}

    _move(path, tmp_path / "elsewhere")

    for _ in range(2):
        with pytest.raises(Unavailable):
            writer.run(noting("meanwhile"))
        with pytest.raises(Unavailable):
            noted(engines)
    assert not path.exists(), "no empty database takes its place"

    _move(tmp_path / "elsewhere" / path.name, path.parent)
    assert writer.run(noting("after")) == "after"
    assert noted(engines) == {"before", "after"}


def test_whoever_joined_a_group_after_the_database_was_moved_away_is_not_told_that_it_is_kept(
    engines: Engines, tmp_path: Path
) -> None:
    path = engines.path
    assert path is not None

    def move_away(tx: Writing) -> str:
        name = note(tx, "one")
        _move(path, tmp_path / "elsewhere")
        return name

    writer = GroupWriter(engines, FixedClock())
    ended = together(writer, [move_away, noting("two")]).wait()

    assert [type(one.error) for one in ended] == [Unavailable] * 2
    _move(tmp_path / "elsewhere" / path.name, path.parent)
    assert noted(engines) == set()
    writer.close()


def test_a_database_that_was_replaced_is_the_one_that_is_used(
    writer: GroupWriter, engines: Engines, tmp_path: Path
) -> None:
    path = engines.path
    assert path is not None
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)
    writer.run(noting("in the old one"))
    noted(engines)

    _move(path, tmp_path / "elsewhere")
    copy.rename(path)

    with pytest.raises(Unavailable):
        writer.run(noting("in between"))
    assert writer.run(noting("in the new one")) == "in the new one"
    assert noted(engines) == {"in the new one"}


@pytest.mark.parametrize("point", ["writer.before_commit", "writer.after_commit"])
def test_a_process_that_is_killed_at_the_commit_has_answered_nobody_in_vain(
    sqlite_url: str, point: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.store.killed_at", sqlite_url, point],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == -signal.SIGKILL, ended.stderr
    answered = set(ended.stdout.split())
    engines = open_engines(sqlite_url)
    kept = noted(engines)
    assert answered == {"first"}
    assert kept == ({"first"} if point == "writer.before_commit" else {"first", "second"})
    with a_group_writer(sqlite_url) as (writer, _):
        assert writer.run(noting("next")) == "next"
    engines.dispose()
