"""Group commit: who asks together shares a commit, and everybody has all of it or nothing."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from connector.domain.errors import InsufficientBalance, OutcomeUnknown, Unavailable
from connector.store.engine import Engines, open_engines
from connector.store.writer import MAX_GROUP, GroupWriter, Writing
from tests.kit.clock import FixedClock
from tests.kit.crowd import Crowd, at_once
from tests.store.groups import noting, together
from tests.store.making import FAILING, AnyWriter, note, noted


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engines]:
    opened = open_engines(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def group(sqlite: Engines) -> Iterator[GroupWriter]:
    opened = GroupWriter(sqlite, FixedClock())
    yield opened
    opened.close()


def test_what_was_answered_is_seen_by_everybody(writer: AnyWriter, engines: Engines) -> None:
    assert writer.run(noting("one")) == "one"
    assert noted(engines) == {"one"}


def test_what_raises_leaves_nothing_and_raises_the_same_error(writer: AnyWriter, engines: Engines) -> None:
    refusal = InsufficientBalance("too little")

    def work(tx: Writing) -> None:
        note(tx, "one")
        raise refusal

    with pytest.raises(InsufficientBalance) as raised:
        writer.run(work)

    assert raised.value is refusal
    assert noted(engines) == set()


def test_what_waits_for_the_commit_happens_after_it_and_only_then(
    writer: AnyWriter, engines: Engines
) -> None:
    seen: list[set[str]] = []

    def work(tx: Writing) -> None:
        note(tx, "one")
        tx.after_commit(lambda: seen.append(noted(engines)))
        assert seen == []

    writer.run(work)

    assert seen == [{"one"}]


def test_what_goes_wrong_after_the_commit_does_not_tell_the_caller_that_nothing_happened(
    writer: AnyWriter, engines: Engines
) -> None:
    called: list[str] = []

    def work(tx: Writing) -> str:
        tx.after_commit(lambda: [][0])
        tx.after_commit(lambda: called.append("second"))
        return note(tx, "one")

    assert writer.run(work) == "one"
    assert called == ["second"]


def test_fifty_callers_at_once_share_a_commit(group: GroupWriter, sqlite: Engines) -> None:
    names = [f"caller {number}" for number in range(50)]

    ended = together(group, [noting(name) for name in names]).wait()

    assert [one.value for one in ended] == names
    assert noted(sqlite) == {*names}
    assert group.commits < 10


def test_a_group_has_a_most(group: GroupWriter, sqlite: Engines) -> None:
    names = [f"caller {number}" for number in range(MAX_GROUP + 10)]

    ended = together(group, [noting(name) for name in names]).wait()

    assert {one.value for one in ended} == {*names} == noted(sqlite)
    assert group.commits == 2


def test_nobody_is_answered_before_the_commit_that_they_share(sqlite: Engines) -> None:
    seen: list[tuple[str, int, set[str]]] = []
    crowds: list[Crowd[str]] = []

    def look(point: str) -> None:
        if point.startswith("writer."):
            answered = sum(one.is_done for one in crowds[0].ended) if crowds else 0
            seen.append((point, answered, noted(sqlite)))

    group = GroupWriter(sqlite, FixedClock(), look)
    names = {f"caller {number}" for number in range(8)}

    crowds.append(together(group, [noting(name) for name in sorted(names)]))
    crowds[0].wait()

    assert seen == [("writer.before_commit", 0, set()), ("writer.after_commit", 0, names)]
    group.close()


def test_a_member_that_raises_is_undone_alone(group: GroupWriter, sqlite: Engines) -> None:
    told: list[str] = []

    def work(name: str) -> Callable[[Writing], str]:
        def run(tx: Writing) -> str:
            tx.after_commit(lambda: told.append(name))
            note(tx, name)
            if name in ("first", "third"):
                raise InsufficientBalance(name)
            return name

        return run

    ended = together(group, [work(name) for name in ("first", "second", "third", "fourth")]).wait()

    assert [one.error is None for one in ended] == [False, True, False, True]
    assert noted(sqlite) == {"second", "fourth"}
    assert sorted(told) == ["fourth", "second"]
    assert group.commits == 1


def test_a_failed_statement_costs_its_own_member_only(group: GroupWriter, sqlite: Engines) -> None:
    def half(tx: Writing) -> str:
        note(tx, "half")
        tx.execute(FAILING)
        return "never"

    ended = together(group, [noting("one"), half, noting("two")]).wait()

    assert isinstance(ended[1].error, Unavailable)
    assert noted(sqlite) == {"one", "two"}


def test_thousands_of_writes_from_many_threads_are_all_answered(group: GroupWriter, sqlite: Engines) -> None:
    threads, each = 16, 125

    def many(thread: int) -> list[str]:
        return [group.run(noting(f"{thread}.{number}")) for number in range(each)]

    ended = at_once([partial(many, thread) for thread in range(threads)])

    answered = {name for one in ended for name in one.value}
    assert len(answered) == threads * each
    assert noted(sqlite) == answered
    assert group.commits < threads * each
    assert group.waiting == 0


def test_writes_in_the_middle_of_an_after_commit_call_are_answered_too(group: GroupWriter) -> None:
    answers: list[str] = []

    def work(tx: Writing) -> None:
        tx.after_commit(lambda: answers.append(group.run(noting("inner"))))
        note(tx, "outer")

    group.run(work)

    assert answers == ["inner"]


@pytest.mark.parametrize("place", [0, 2])
def test_an_interrupt_inside_a_group_leaves_nothing_of_it_and_the_writer_goes_on(
    group: GroupWriter, sqlite: Engines, place: int
) -> None:
    def interrupted(tx: Writing) -> str:
        note(tx, "interrupted")
        raise KeyboardInterrupt

    works = [noting(f"caller {number}") for number in range(4)]
    works[place] = interrupted

    ended = together(group, works).wait()

    errors = {type(one.error) for one in ended if one.error is not None}
    assert errors <= {KeyboardInterrupt, Unavailable}
    assert {one.value for one in ended if one.error is None} == noted(sqlite)
    assert group.run(noting("next")) == "next"


def test_an_interrupt_while_the_commit_is_under_way_says_that_nobody_knows(sqlite: Engines) -> None:
    points: list[str] = []

    def interrupt_once(point: str) -> None:
        points.append(point)
        if points == ["writer.before_commit", "writer.after_commit"]:
            raise KeyboardInterrupt

    group = GroupWriter(sqlite, FixedClock(), interrupt_once)

    ended = together(group, [noting("one"), noting("two")]).wait()

    assert sorted(type(one.error).__name__ for one in ended) == ["KeyboardInterrupt", "OutcomeUnknown"]
    assert noted(sqlite) == {"one", "two"}
    assert group.run(noting("next")) == "next"
    group.close()


def test_an_answer_that_nobody_can_know_is_told_from_one_that_did_nothing() -> None:
    assert (Unavailable.status, OutcomeUnknown.status) == (503, 504)
