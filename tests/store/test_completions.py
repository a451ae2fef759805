"""Waits for the end of a booking's time: one for each booking, due by its account's clock, taken once."""

from dataclasses import replace
from datetime import timedelta

from connector.store import completions
from connector.store.completions import Awaited
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House

from ..flows.bookings import HOUR, invitee, told


def awaited(house: House) -> Awaited:
    told(house, invitee("b-1", ends=HOUR))
    [row] = house.rows("awaited_completions")
    return Awaited(**row)


def due(house: House, after: timedelta, account: int | None = None) -> list[tuple[int, str]]:
    with house.gateway.parts.engines.reading() as connection:
        return list(completions.due(connection, THE_MOMENT + after, 10, account))


def test_a_wait_is_due_when_it_is_over(house: House) -> None:
    found = awaited(house)
    assert due(house, HOUR - timedelta(seconds=1)) == []
    assert due(house, HOUR) == [(found.source_id, found.booking)]
    assert due(house, HOUR, found.account_id) == [(found.source_id, found.booking)]
    assert due(house, HOUR, found.account_id + 1) == []


def test_of_two_who_take_it_one_is_told_so(house: House) -> None:
    found = awaited(house)
    run = house.gateway.parts.writer.run
    assert not run(lambda tx: completions.take(tx, replace(found, due_at=THE_MOMENT)))
    assert not run(lambda tx: completions.take(tx, replace(found, event_id=found.event_id + 1)))
    assert [run(lambda tx: completions.take(tx, found)) for _ in "12"] == [True, False]
    assert run(lambda tx: completions.find(tx, found.source_id, found.booking)) is None


def test_a_booking_has_one_wait(house: House) -> None:
    found = awaited(house)
    later = replace(found, due_at=found.due_at + HOUR)
    house.gateway.parts.writer.run(lambda tx: completions.put(tx, later))
    assert due(house, HOUR) == []
    assert due(house, 2 * HOUR) == [(found.source_id, found.booking)]
