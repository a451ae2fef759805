"""What is due is found by each account's own clock, through indexes that hold only what waits."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from connector.store import due, tables
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, make_sandbox, put
from tests.kit.house import House, open_house

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
LOOKS: dict[str, Any] = {
    "expired": due.expired,
    "expiring": lambda connection, now, limit: due.expiring(connection, now, MONTH, limit),
    "deliverable": due.deliverable,
    "lapsed": due.lapsed,
}


def found(house: House, name: str, now: Any = THE_MOMENT, limit: int = 100) -> list[str]:
    with house.gateway.parts.engines.reading() as connection:
        return sorted(one.card for one in LOOKS[name](connection, now, limit))


def test_a_card_is_due_from_the_microsecond_of_its_end_until_it_is_done(house: House) -> None:
    end = THE_MOMENT + DAY
    card = house.issue(2500, expires_at=end)["id"]
    house.issue(2500)

    assert found(house, "expired", end - timedelta(microseconds=1)) == []
    assert found(house, "expired", end) == [card]
    assert found(house, "expired", end, limit=0) == []
    put(house, card, expired_at=end)
    assert found(house, "expired", end + DAY) == []


def test_a_removed_card_is_never_due_and_a_stopped_one_only_expires(house: House) -> None:
    end = THE_MOMENT + DAY
    stopped, gone = (house.issue(2500, expires_at=end)["id"] for _ in range(2))
    put(house, stopped, disabled_at=THE_MOMENT)
    put(house, gone, removed_at=THE_MOMENT)
    for card in (stopped, gone):
        put(house, card, delivery="email", deliver_at=THE_MOMENT)

    assert found(house, "expired", end) == [stopped]
    assert found(house, "expiring") == found(house, "deliverable") == []


def test_a_card_is_expiring_within_the_time_ahead_until_that_is_settled(house: House) -> None:
    end = THE_MOMENT + 60 * DAY
    card = house.issue(2500, expires_at=end)["id"]

    assert found(house, "expiring", end - MONTH - timedelta(microseconds=1)) == []
    assert found(house, "expiring", end - MONTH) == [card]
    assert found(house, "expiring", end) == [], "it has expired"
    put(house, card, expiry_told_at=THE_MOMENT)
    assert found(house, "expiring", end - MONTH) == []


def test_a_delivery_is_due_until_it_is_made(house: House) -> None:
    card = house.issue(2500)["id"]
    put(house, card, delivery="email", deliver_at=THE_MOMENT + DAY)

    assert found(house, "deliverable") == []
    assert found(house, "deliverable", THE_MOMENT + DAY) == [card]
    put(house, card, delivered_at=THE_MOMENT)
    assert found(house, "deliverable", THE_MOMENT + DAY) == []


def test_a_card_with_two_holds_that_lapsed_is_found_once(house: House) -> None:
    card = house.issue(2500)["id"]
    for _ in range(2):
        do(house, "hold", card=card, amount=1, expires_in=60)
    minute = THE_MOMENT + timedelta(minutes=1)

    assert found(house, "lapsed", minute - timedelta(microseconds=1)) == []
    assert found(house, "lapsed", minute) == [card]


def test_each_account_is_asked_by_its_own_clock(house: House) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    make_sandbox(house, offset=DAY)

    assert found(house, "expired") == [card]
    make_sandbox(house, offset=-DAY)
    assert found(house, "expired", THE_MOMENT + DAY) == []


def test_a_card_that_another_node_works_on_is_left_to_it(house: House) -> None:
    free, taken = (house.issue(2500, expires_at=THE_MOMENT + DAY)["id"] for _ in range(2))
    parts = house.gateway.parts
    with parts.engines.reading() as connection:
        wanted = due.expired(connection, THE_MOMENT + DAY, 10)

    def work(tx: Writing) -> list[str]:
        if tx.is_alone:
            return [one.card for one in due.claim(tx, wanted)]
        with parts.engines.write.connect() as other, other.begin():
            other.execute(update(tables.cards).where(tables.cards.c.public_id == taken).values(note="n"))
            return [one.card for one in due.claim(tx, wanted)]

    expected = [free, taken] if parts.engines.is_sqlite else [free]
    assert sorted(parts.writer.run(work)) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("_EXPIRED", "expired_at IS NULL AND removed_at IS NULL"),
        ("_EXPIRING", "expiry_told_at IS NULL AND expired_at IS NULL AND removed_at IS NULL"),
        ("_DELIVERABLE", "deliver_at IS NOT NULL AND delivered_at IS NULL"),
        ("_LAPSED", "state = 'open'"),
    ],
)
def test_what_was_done_long_ago_costs_nothing(sqlite_url: str, tmp_path: Path, name: str, rows: str) -> None:
    """SQLite reads an index of the rows that wait: not the table, nor an index of the lists."""
    house = open_house(tmp_path, sqlite_url)
    asked = text("EXPLAIN QUERY PLAN " + getattr(due, name).text)
    values = {"now": 1, "limit": 1, "ahead_us": 1, "every": 1, "account": 0}
    known = {key: value for key, value in values.items() if f":{key}" in asked.text}

    with house.gateway.parts.engines.reading() as connection:
        plan = " ".join(row[3] for row in connection.execute(asked, known))
        used = re.findall(r"INDEX (\w+) \(account_id=\? AND", plan)
        made = text("SELECT sql FROM sqlite_master WHERE name = :name")
        kept = [connection.execute(made, {"name": one}).scalar_one() for one in used]

    house.gateway.close()
    assert [one.endswith(f"WHERE {rows}") for one in kept] == [True], plan
