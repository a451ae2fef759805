"""PostgreSQL: a transaction for each caller, bounded retries, and lines that break."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest
from sqlalchemy import text, update

from connector.domain.errors import OutcomeUnknown, Unavailable, ValidationFailed
from connector.store.engine import Engines, open_engines
from connector.store.tables import revisions
from connector.store.writer import TRIES, DirectWriter, Writing
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once
from tests.store.groups import noting
from tests.store.making import note, noted

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{}'; END $$"


@pytest.fixture
def engines(postgres_url: str) -> Iterator[Engines]:
    opened = open_engines(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def writer(engines: Engines) -> DirectWriter:
    return DirectWriter(engines, FixedClock())


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("failures", [0, 1, 2, 3, 10])
def test_a_conflict_is_tried_again_and_not_for_ever(
    writer: DirectWriter, engines: Engines, state: str, failures: int
) -> None:
    tries: list[int] = []
    told: list[str] = []

    def work(tx: Writing) -> str:
        tries.append(1)
        note(tx, "one")
        tx.after_commit(lambda: told.append("one"))
        if len(tries) <= failures:
            tx.execute(text(CONFLICT.format(state)))
        return "done"

    if failures < TRIES:
        assert writer.run(work) == "done"
        assert (len(tries), told, noted(engines)) == (failures + 1, ["one"], {"one"})
    else:
        with pytest.raises(Unavailable):
            writer.run(work)
        assert (len(tries), told, noted(engines)) == (TRIES, [], set())


def test_any_other_failure_is_not_tried_again(writer: DirectWriter, engines: Engines) -> None:
    tries: list[int] = []

    def work(tx: Writing) -> None:
        tries.append(1)
        tx.execute(text(CONFLICT.format("23514")))

    with pytest.raises(Unavailable):
        writer.run(work)

    assert tries == [1]


def test_two_who_lock_rows_in_opposite_order_are_both_served(writer: DirectWriter, engines: Engines) -> None:
    for name in ("a", "b"):
        writer.run(noting(name))
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def work(first: str, second: str, tx: Writing) -> str:
        tries.append(first)
        _touch(tx, first)
        if tries.count(first) == 1:
            both_hold_one.wait(10)
        _touch(tx, second)
        return first

    ended = at_once([partial(writer.run, partial(work, *order)) for order in (("a", "b"), ("b", "a"))])

    assert [one.value for one in ended] == ["a", "b"]
    assert 3 <= len(tries) <= TRIES + 1, "one of the two was the victim, and was tried again"


def _touch(tx: Writing, name: str) -> None:
    tx.execute(update(revisions).where(revisions.c.sha256 == name).values(text="touched"))


def test_a_row_that_is_locked_for_too_long_is_given_up(writer: DirectWriter, engines: Engines) -> None:
    writer.run(noting("a"))
    is_locked, may_end = threading.Event(), threading.Event()

    def hold(tx: Writing) -> None:
        _touch(tx, "a")
        is_locked.set()
        may_end.wait(20)

    def impatient(tx: Writing) -> None:
        tx.execute(text("SET LOCAL lock_timeout = 50"))  # in production it is 8 s
        _touch(tx, "a")

    def ask() -> None:
        is_locked.wait(10)
        try:
            writer.run(impatient)
        finally:
            may_end.set()

    calls: list[Callable[[], None]] = [partial(writer.run, hold), ask]
    held, refused = at_once(calls)

    assert held.error is None
    assert isinstance(refused.error, Unavailable)


def test_a_line_that_breaks_in_the_middle_did_nothing_and_the_next_is_served(
    writer: DirectWriter, engines: Engines, postgres_url: str
) -> None:
    def work(tx: Writing) -> None:
        note(tx, "one")
        _end(postgres_url, tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
        note(tx, "two")

    with pytest.raises(Unavailable):
        writer.run(work)

    assert noted(engines) == set()
    assert writer.run(noting("next")) == "next"


def test_a_line_that_breaks_at_the_commit_leaves_the_outcome_open(
    engines: Engines, postgres_url: str
) -> None:
    pids: list[int] = []
    writer = DirectWriter(
        engines,
        FixedClock(),
        lambda point: _end(postgres_url, pids[-1]) if pids and "before" in point else None,
    )

    def work(tx: Writing) -> str:
        pids.append(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
        return note(tx, "one")

    with pytest.raises(OutcomeUnknown):
        writer.run(work)

    pids.clear()
    assert writer.run(noting("next")) == "next"


def _end(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_lines_that_broke_while_nobody_used_them_are_replaced_unseen(
    writer: DirectWriter, engines: Engines, postgres_url: str
) -> None:
    pid = writer.run(lambda tx: tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
    _end(postgres_url, pid)

    assert writer.run(noting("one")) == "one"
    assert noted(engines) == {"one"}


def test_a_nul_in_a_text_is_refused_as_the_callers_fault(writer: DirectWriter, engines: Engines) -> None:
    with pytest.raises(ValidationFailed):
        writer.run(noting("\x00"))

    assert noted(engines) == set()


def test_a_deferred_constraint_that_fails_at_the_commit_did_nothing(
    writer: DirectWriter, engines: Engines
) -> None:
    def work(tx: Writing) -> None:
        tx.execute(text("CREATE TABLE later (one int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        tx.execute(text("INSERT INTO later VALUES (1), (1)"))
        note(tx, "one")

    with pytest.raises(Unavailable):
        writer.run(work)

    assert noted(engines) == set()


def test_many_callers_are_served_side_by_side(writer: DirectWriter, engines: Engines) -> None:
    meet = threading.Barrier(8)

    def work(name: str, tx: Writing) -> str:
        note(tx, name)
        meet.wait(10)  # all eight are inside at once, or nobody comes out
        return name

    names = [f"caller {number}" for number in range(8)]
    ended = at_once([partial(writer.run, partial(work, name)) for name in names])

    assert [one.value for one in ended] == names
