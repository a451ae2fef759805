"""What an open transaction promises to the rooms above, on both databases."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import insert

from connector.domain.errors import InsufficientBalance, Unavailable, ValidationFailed
from connector.store.engine import Engines
from connector.store.prepared import Prepared
from connector.store.tables import accounts, once_taken, revisions
from connector.store.writer import DatabaseFault, Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import FAILING, AnyWriter, note, noted

ADD = Prepared(insert(accounts), returns_id=True)


def test_work_happens_at_one_moment_and_in_the_accounts_own_time(writer: AnyWriter) -> None:
    def work(tx: Writing) -> None:
        assert tx.wall == tx.now == THE_MOMENT
        tx.at_account(timedelta(days=3))
        assert tx.now == THE_MOMENT + timedelta(days=3)
        assert tx.wall == THE_MOMENT

    writer.run(work)


def test_a_savepoint_is_undone_alone_with_all_that_it_wanted_to_tell(
    writer: AnyWriter, engines: Engines
) -> None:
    told: list[str] = []

    def work(tx: Writing) -> None:
        tx.after_commit(lambda: told.append("outer"))
        note(tx, "before")
        with pytest.raises(InsufficientBalance), tx.savepoint():
            note(tx, "inside")
            tx.after_commit(lambda: told.append("inner"))
            with tx.savepoint():
                note(tx, "deep inside")
            raise InsufficientBalance
        with tx.savepoint():
            note(tx, "after")

    writer.run(work)

    assert noted(engines) == {"before", "after"}
    assert told == ["outer"]


def test_a_statement_that_failed_ends_the_work_and_leaves_nothing(
    writer: AnyWriter, engines: Engines
) -> None:
    def work(tx: Writing) -> None:
        note(tx, "before")
        tx.after_commit(lambda: pytest.fail("nothing was committed"))
        tx.execute(FAILING)

    with pytest.raises(Unavailable) as refused:
        writer.run(work)

    assert refused.value.retry_after == timedelta(seconds=1)
    assert "revisions" not in refused.value.detail, "the database's own words stay inside"
    assert noted(engines) == set()


@pytest.mark.parametrize("how", ["returns", "raises", "leaves a savepoint", "opens a savepoint", "writes on"])
def test_a_failed_statement_that_somebody_swallows_still_ends_the_work(
    writer: AnyWriter, engines: Engines, how: str
) -> None:
    def work(tx: Writing) -> str:
        note(tx, "before")
        if how == "leaves a savepoint":
            with tx.savepoint():
                _swallow(tx)
        else:
            _swallow(tx)
        if how == "raises":
            raise InsufficientBalance
        if how == "opens a savepoint":
            with tx.savepoint():
                note(tx, "after")
        if how == "writes on":
            note(tx, "after")
        return "done"

    with pytest.raises((Unavailable, InsufficientBalance)):
        writer.run(work)

    assert noted(engines) == set()
    assert writer.run(lambda tx: note(tx, "next")) == "next"


def _swallow(tx: Writing) -> None:
    with suppress(DatabaseFault):
        tx.execute(FAILING)


@pytest.mark.parametrize("value", [2**63, -(2**70)])
def test_a_number_that_no_column_holds_is_refused_as_the_callers_fault(
    writer: AnyWriter, engines: Engines, value: int
) -> None:
    row = {"account_id": value, "recipe": "r", "value": "v", "run": "x", "taken_at": THE_MOMENT}

    with pytest.raises(ValidationFailed):
        writer.run(lambda tx: tx.execute(insert(once_taken), row))

    assert writer.run(lambda tx: note(tx, "next")) == "next"


def test_half_a_surrogate_pair_is_refused_as_the_callers_fault(writer: AnyWriter, engines: Engines) -> None:
    with pytest.raises(ValidationFailed):
        writer.run(lambda tx: note(tx, "\ud83d"))

    assert noted(engines) == set()


def test_a_refused_value_in_a_savepoint_undoes_that_savepoint_only(
    writer: AnyWriter, engines: Engines
) -> None:
    def work(tx: Writing) -> None:
        note(tx, "before")
        with pytest.raises(ValidationFailed), tx.savepoint():
            note(tx, "inside")
            note(tx, "\ud83d")
        note(tx, "after")

    writer.run(work)

    assert noted(engines) == {"before", "after"}


def test_insert_tells_the_new_rows_number(writer: AnyWriter) -> None:
    row = {
        "public_id": "acct_1",
        "slug": "a",
        "name": "A",
        "currency": "USD",
        "timezone": "UTC",
        "country": "US",
        "sandbox": False,
        "managed_by": "api",
        "business_id": 1,
        "store_id": 1,
        "created_at": THE_MOMENT,
    }
    other = {**row, "public_id": "acct_2", "slug": "b", "business_id": 2, "store_id": 2}

    first = writer.run(lambda tx: tx.insert(ADD, row))
    second = writer.run(lambda tx: tx.insert(ADD, other))

    assert second > first > 0


def test_a_row_whose_key_is_taken_is_not_inserted_again(writer: AnyWriter) -> None:
    row = {"sha256": "x", "recipe": "any", "text": "first", "created_at": THE_MOMENT}

    def work(tx: Writing) -> list[int | None]:
        return [tx.insert_new(revisions, {**row, "text": one}, ["sha256"]) for one in ("first", "second")]

    assert writer.run(work) == [0, None]


@pytest.mark.parametrize("does_commit", [True, False])
def test_who_wants_a_key_that_is_about_to_be_taken_waits_for_what_becomes_of_it(
    writer: AnyWriter, does_commit: bool
) -> None:
    row = {"sha256": "x", "recipe": "any", "text": "…", "created_at": THE_MOMENT}
    has_taken, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> int | None:
        taken = tx.insert_new(revisions, row, ["sha256"])
        has_taken.set()
        may_end.wait(10)
        if not does_commit:
            raise InsufficientBalance
        return taken

    def second(tx: Writing) -> int | None:
        return tx.insert_new(revisions, row, ["sha256"])

    def ask_second() -> int | None:
        has_taken.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return writer.run(second)

    one, two = at_once([lambda: writer.run(first), ask_second])

    if does_commit:
        assert (one.value, two.value) == (0, None)
    else:
        assert isinstance(one.error, InsufficientBalance)
        assert two.value == 0
