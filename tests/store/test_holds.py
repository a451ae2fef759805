"""Holds as rows: what is held moves under its guard, and each hold ends once."""

from typing import Any

import pytest

from connector.domain.errors import Unavailable
from connector.store import cards, holds
from connector.store.writer import Writing
from tests.kit.deeds import do, put, row_of
from tests.kit.house import House


def run(house: House, card: str, work: Any) -> Any:
    """`work(tx, card)` on the locked card."""

    def inside(tx: Writing) -> Any:
        found = cards.lock(tx, house.account.id, card)
        assert found is not None
        return work(tx, found)

    return house.gateway.parts.writer.run(inside)


@pytest.mark.parametrize(
    ("delta", "is_done"), [(2500, True), (2501, False), (1, True), (-1, False), (0, True), (-2500, False)]
)
def test_what_is_held_stays_between_nothing_and_the_balance(house: House, delta: int, is_done: bool) -> None:
    card = house.issue(2500)["id"]

    assert run(house, card, lambda tx, found: holds.move(tx, found, delta, 2)) == is_done

    row = row_of(house, card)
    assert (row["held"], row["message_count"]) == ((delta, 3) if is_done else (0, 1))


def test_whoever_read_an_older_card_moves_nothing(house: House) -> None:
    card = house.issue(2500)["id"]

    def twice(tx: Writing, found: Any) -> list[bool]:
        return [holds.move(tx, found, 500, 0), holds.move(tx, found, 500, 0)]

    assert run(house, card, twice) == [True, False]
    assert row_of(house, card)["held"] == 500


def test_the_database_itself_refuses_more_than_the_balance(house: House) -> None:
    card = house.issue(2500)["id"]

    with pytest.raises(Unavailable):
        put(house, card, held=2501)
    assert row_of(house, card)["held"] == 0


def test_a_hold_ends_once(house: House) -> None:
    card = house.issue(2500)["id"]
    name = do(house, "hold", card=card, amount=1000)["hold"]["id"]

    def end(tx: Writing, found: Any) -> list[bool]:
        hold = holds.find(tx, found.account_id, name)
        assert hold is not None
        return [holds.end(tx, hold, "captured", captured=7, transfer="tr_1"), holds.end(tx, hold, "released")]

    assert run(house, card, end) == [True, False]
    [row] = house.rows("holds")
    assert (row["state"], row["captured"], row["transfer"]) == ("captured", 7, "tr_1")
    assert row["ended_at"] == house.clock.now()


def test_open_holds_are_found_by_their_card_and_by_their_time(house: House) -> None:
    card, other = (house.issue(2500)["id"] for _ in range(2))
    first, second, third = (
        do(house, "hold", card=card, amount=1, expires_in=seconds)["hold"]["id"] for seconds in (60, 120, 180)
    )
    do(house, "hold", card=other, amount=1)
    do(house, "release", hold=third)

    def look(tx: Writing, found: Any) -> tuple[list[str], list[str], int]:
        due_at = holds.open_of(tx, found.id)[1].expires_at
        return (
            [one.public_id for one in holds.open_of(tx, found.id)],
            [one.public_id for one in holds.open_of(tx, found.id, due_at=due_at)],
            holds.count_open(tx, found.id),
        )

    assert run(house, card, look) == ([first, second], [first, second], 2)


@pytest.mark.parametrize("name", ["", "hold_", "hold_\x00", "\ud83d", "ｈold_1"])
def test_a_name_that_no_hold_can_have_is_not_asked_for(house: House, name: str) -> None:
    with house.gateway.parts.engines.reading() as connection:
        assert holds.find(connection, house.account.id, name) is None


def test_a_page_goes_from_the_newest_to_the_oldest(house: House) -> None:
    card = house.issue(2500)["id"]
    made = [do(house, "hold", card=card, amount=1)["hold"]["id"] for _ in range(3)]
    card_id = row_of(house, card)["id"]

    with house.gateway.parts.engines.reading() as connection:
        first = holds.page(connection, card_id, before=None, limit=2)
        rest = holds.page(connection, card_id, before=first[-1].id, limit=2)

    assert [one.public_id for one in [*first, *rest]] == made[::-1]
