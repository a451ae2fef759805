"""Runs that stand still: found when their moment has come by their account's clock, and taken once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from connector.domain.errors import CannotOpen
from connector.store import standing
from connector.store.standing import Standing
from connector.store.writer import Writing
from tests.kit.crowd import at_once
from tests.kit.house import House


def stand(house: House, run: str = "run_1") -> Standing:
    found = Standing(run, house.account.id, "wait", house.clock.now() + timedelta(hours=1), {"entries": []})
    house.gateway.parts.writer.run(lambda tx: standing.add(tx, house.gateway.parts.ring, found))
    return found


def take(house: House, run: str = "run_1") -> Standing | None:
    return house.gateway.parts.writer.run(lambda tx: standing.take(tx, house.gateway.parts.ring, run))


def due(house: House) -> list[str]:
    with house.gateway.parts.engines.reading() as connection:
        return [run for run, _ in standing.due(connection, house.clock.now(), 10)]


def test_a_run_is_due_at_its_moment(house: House) -> None:
    stand(house)
    house.clock.forward(timedelta(minutes=59))
    assert due(house) == []
    house.clock.forward(timedelta(minutes=1))
    assert due(house) == ["run_1"]


def test_what_was_kept_is_given_to_one_only(house: House) -> None:
    kept = stand(house)

    ended = at_once([lambda: take(house)] * 6)

    assert [one.value for one in ended if one.value is not None] == [kept]
    assert [one.error for one in ended] == [None] * 6
    assert take(house) is None
    for run in ("", "\x00", "run_2"):
        assert take(house, run) is None


def test_a_journal_cannot_be_put_under_another_run(house: House) -> None:
    stand(house)

    def work(tx: Writing) -> None:
        tx.execute(text("UPDATE standing_runs SET run = 'run_2'"))

    house.gateway.parts.writer.run(work)
    with pytest.raises(CannotOpen):
        take(house, "run_2")
