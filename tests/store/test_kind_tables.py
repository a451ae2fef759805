"""The database itself keeps which kinds of cards were made when, whoever writes a card."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from connector.store.columns import microseconds
from connector.store.kind_tables import WEEK_US
from connector.store.tables import cards
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House, open_house

YEAR = timedelta(days=365)
NOW = microseconds(THE_MOMENT)
Work = Callable[[Any], Any]


def kinds(house: House) -> set[tuple[Any, ...]]:
    names = ("account_id", "program", "recipe", "source", "currency", "made")
    return {tuple(row[name] for name in names) for row in house.rows("card_kinds")}


def ends(house: House) -> set[tuple[int, int]]:
    return {(row["made"], row["ends"]) for row in house.rows("card_ends")}


def write(house: House, work: Work) -> None:
    house.gateway.parts.writer.run(work)


def test_a_card_is_noted_as_it_is_made_and_its_like_no_more(house: House) -> None:
    for _ in range(2):
        house.issue(100)
    house.issue(100, expires_at=THE_MOMENT + YEAR)

    own, made = house.account.id, NOW // (4 * WEEK_US)
    assert kinds(house) == {(own, "", "", "api", "USD", made)}
    assert ends(house) == {(NOW // WEEK_US, microseconds(THE_MOMENT + YEAR) // WEEK_US)}


@pytest.mark.parametrize("name", ["program", "recipe", "source", "currency"])
def test_a_card_that_becomes_another_is_noted_again(house: House, name: str) -> None:
    house.issue(100)
    before = kinds(house)

    write(house, lambda tx: tx.execute(update(cards).values({name: "OTHER"})))

    place = ("account_id", "program", "recipe", "source", "currency").index(name)
    [added] = kinds(house) - before
    assert before < kinds(house) and added[place] == "OTHER"


def test_another_end_is_noted_and_no_end_is_none(house: House) -> None:
    house.issue(100)
    assert ends(house) == set()

    write(house, lambda tx: tx.execute(update(cards).values(expires_at=THE_MOMENT + YEAR)))
    write(house, lambda tx: tx.execute(update(cards).values(expires_at=None)))

    assert ends(house) == {(NOW // WEEK_US, microseconds(THE_MOMENT + YEAR) // WEEK_US)}


def test_a_card_that_was_not_kept_is_not_noted_and_is_when_it_is(house: House) -> None:
    house.issue(100)
    [row] = house.rows("cards")
    other = {**row, "id": 99, "public_id": "gc_99", "code_hash": "99", "source": "import"}

    def fail(tx: Any) -> None:
        tx.execute(insert(cards), other)
        raise LookupError

    with pytest.raises(LookupError):
        write(house, fail)
    assert {one[3] for one in kinds(house)} == {"api"}

    write(house, lambda tx: tx.execute(insert(cards), other))
    assert {one[3] for one in kinds(house)} == {"api", "import"}


def test_a_kind_stays_known_when_its_card_is_gone(house: House) -> None:
    house.issue(100)
    [row] = house.rows("cards")
    write(house, lambda tx: tx.execute(insert(cards), {**row, "id": 99, "public_id": "g", "code_hash": "9"}))
    before = kinds(house)

    write(house, lambda tx: tx.execute(delete(cards).where(cards.c.id == 99)))

    assert kinds(house) == before


def test_two_who_make_the_first_cards_of_a_kind_at_once_do_not_wait_for_each_other(
    postgres_url: str, tmp_path: Path
) -> None:
    """Cards of many kinds come in any order: who waited for another's note would wait in a circle."""
    house = open_house(tmp_path, postgres_url)
    house.issue(100)
    [row] = house.rows("cards")

    def card(number: int) -> dict[str, Any]:
        names = {"public_id": f"gc_{number}", "code_hash": str(number), "source": "import"}
        return {**row, **names, "id": number, "expires_at": THE_MOMENT + YEAR}

    writing = house.gateway.parts.engines.write
    with writing.begin() as one, writing.begin() as other:
        other.execute(text("SET LOCAL lock_timeout = '2s'"))
        one.execute(insert(cards), card(98))
        other.execute(insert(cards), card(99))

    assert len(kinds(house)) == 2 and len(ends(house)) == 1
    house.gateway.close()
