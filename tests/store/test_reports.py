"""Sums for the reports against a plain walk over every transfer, at several moments, on both databases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bench.made_ledger import build
from connector.store import reports
from connector.store.engine import Engines, open_engines
from connector.store.tables import cards, transfers
from tests.kit.clock import THE_MOMENT

CARDS = 80
DAY = timedelta(days=1)
MOMENTS = (THE_MOMENT - 900 * DAY, THE_MOMENT - 200 * DAY, THE_MOMENT - DAY, THE_MOMENT)
EVERY_WAY: tuple[tuple[str, ...], ...] = ((), ("program",), ("recipe", "source"), ("age",))
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    engines: Engines
    cards: Mapping[int, Row]
    lines: Sequence[Row]

    def signed(self, line: Row) -> int:
        return int(line["amount"]) * (1 if line["credit"].startswith("card:") else -1)

    def balances(self, at: datetime) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for line in self.lines:
            if line["created_at"] <= at:
                found[line["card_id"]] += self.signed(line)
        return found


@pytest.fixture
def made(database_url: str) -> Iterator[Made]:
    build(database_url, CARDS, until=THE_MOMENT)
    engines = open_engines(database_url)
    with engines.reading() as connection:
        kept = {row["id"]: dict(row) for row in connection.execute(select(cards)).mappings()}
        lines = [dict(row) for row in connection.execute(select(transfers)).mappings()]
    yield Made(engines, kept, lines)
    engines.dispose()


def age(card: Row, at: datetime) -> str:
    lived = at - card["created_at"]
    steps = ((90, "0-90 days"), (365, "91-365 days"), (730, "1-2 years"), (1_095, "2-3 years"))
    return next((name for days, name in steps if lived <= days * DAY), "over 3 years")


def part(card: Row, by: Sequence[str], at: datetime) -> tuple[Any, ...]:
    return tuple(age(card, at) if name == "age" else card[name] for name in by)


def told(rows: Sequence[Row], keys: Sequence[str], sums: Sequence[str]) -> dict[tuple[Any, ...], list[Any]]:
    return {tuple(row[key] for key in keys): [row[name] for name in sums] for row in rows}


@pytest.mark.parametrize("by", EVERY_WAY, ids=str)
def test_what_is_owed_at_any_moment_is_the_sum_of_the_transfers_up_to_then(
    made: Made, by: tuple[str, ...]
) -> None:
    for at in MOMENTS:
        expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
        for number, balance in made.balances(at).items():
            card = made.cards[number]
            is_removed = card["removed_at"] is not None and card["removed_at"] <= at
            if balance:
                sums = expected[(card["currency"], card["kind"], is_removed, *part(card, by, at))]
                sums[0] += 1
                sums[1] += balance

        with made.engines.reading() as connection:
            rows = reports.liability(connection, 1, as_of=at, now=THE_MOMENT, by=by)

        assert told(rows, ("currency", "kind", "removed", *by), ("cards", "outstanding")) == expected, at


def test_what_is_owed_now_is_what_was_owed_at_this_moment(made: Made) -> None:
    with made.engines.reading() as connection:
        for by in EVERY_WAY:
            now = reports.liability(connection, 1, as_of=None, now=THE_MOMENT, by=by)
            then = reports.liability(connection, 1, as_of=THE_MOMENT, now=THE_MOMENT, by=by)
            assert now == then
            assert all(isinstance(row["outstanding"], int) for row in now)


@pytest.mark.parametrize("by", EVERY_WAY, ids=str)
def test_what_was_spent_and_what_expired_in_a_time(made: Made, by: tuple[str, ...]) -> None:
    since, until = THE_MOMENT - 500 * DAY, THE_MOMENT - 100 * DAY
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in made.lines:
        if since <= line["created_at"] < until and line["type"] in ("redeem", "refund", "expire"):
            card = made.cards[line["card_id"]]
            sums = expected[(card["currency"], card["kind"], *part(card, by, until))]
            sums[0] += line["type"] == "redeem"
            sums[1] -= made.signed(line) if line["type"] in ("redeem", "refund") else 0
            sums[2] += made.signed(line) if line["type"] == "refund" else 0
            sums[3] -= made.signed(line) if line["type"] == "expire" else 0

    with made.engines.reading() as connection:
        rows = reports.redemptions(connection, 1, since=since, until=until, by=by)

    sums_told = ("redemptions", "spend", "refunded", "breakage")
    assert told(rows, ("currency", "kind", *by), sums_told) == expected
    assert all(row["redeemed"] - row["refunded"] == row["spend"] for row in rows)


def test_what_each_recipe_gave_and_what_became_of_it(made: Made) -> None:
    since, until = THE_MOMENT - 800 * DAY, THE_MOMENT - 50 * DAY
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for number, card in made.cards.items():
        if card["recipe"] and since <= card["created_at"] < until:
            lines = [one for one in made.lines if one["card_id"] == number and one["created_at"] < until]
            spend = -sum(made.signed(one) for one in lines if one["type"] in ("redeem", "refund"))
            sums = expected[(card["recipe"], card["currency"])]
            for place, value in enumerate((1, card["initial_amount"], spend, sum(map(made.signed, lines)))):
                sums[place] += value

    with made.engines.reading() as connection:
        rows = reports.recipes(connection, 1, since=since, until=until)

    assert told(rows, ("recipe", "currency"), ("cards", "issued", "spend", "outstanding")) == expected
    assert all(0 <= row["cards_used"] <= row["cards"] for row in rows)
    assert all(row["contacts_back"] == 0 for row in rows)


def test_what_every_giver_gave_and_took_back(made: Made) -> None:
    until = THE_MOMENT - 300 * DAY
    expected: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in made.lines:
        if line["created_at"] < until and line["type"] not in ("redeem", "refund", "expire"):
            is_given = line["credit"].startswith("card:")
            other = line["debit"] if is_given else line["credit"]
            expected[(other, line["currency"])][0 if is_given else 1] += line["amount"]

    with made.engines.reading() as connection:
        rows = reports.giving(connection, 1, until=until)

    assert told(rows, ("account", "currency"), ("given", "taken")) == expected


@pytest.mark.parametrize("at", [None, THE_MOMENT - 200 * DAY])
def test_who_has_credit_and_how_much(made: Made, at: datetime | None) -> None:
    moment = at or THE_MOMENT
    expected: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for number, balance in made.balances(moment).items():
        card = made.cards[number]
        is_over = any(
            card[name] is not None and card[name] <= moment
            for name in ("removed_at", "disabled_at", "expires_at")
        )
        is_early = card["usable_at"] is not None and card["usable_at"] > moment
        if balance and card["contact_id"] and not is_over and not is_early:
            sums = expected[(card["contact_id"], card["currency"])]
            sums[0] += balance
            sums[1] += 1

    with made.engines.reading() as connection:
        everybody = reports.holders(connection, 1, after=0, limit=1_000, as_of=moment, now=THE_MOMENT)
        holders = reports.holders(connection, 1, after=0, limit=1_000, as_of=None, now=THE_MOMENT)
        rows = reports.holdings(connection, 1, everybody, as_of=at, now=THE_MOMENT)

    assert told(rows, ("id", "currency"), ("balance", "cards")) == expected
    assert set(holders) <= set(everybody) and everybody == sorted(everybody)
    assert at is not None or set(holders) == {number for number, _ in expected}


def test_what_a_few_people_have_is_read_without_a_walk_through_all_cards(sqlite_url: str) -> None:
    engines = open_engines(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(engines.read, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    with engines.reading() as connection:
        for count in (1, 3, 250):
            people = list(range(1, count + 1))
            reports.holdings(connection, 1, people, as_of=None, now=THE_MOMENT)

    looks = [one for one in asked if "FROM cards" in one[0]]
    assert len(looks) == 3
    with engines.read.connect() as connection:
        for sql, values in looks:
            plan = [row[-1] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values)]
            assert any("(account_id=? AND contact_id=?)" in step for step in plan), plan
    engines.dispose()


def test_another_account_has_nothing_of_it(made: Made) -> None:
    with made.engines.reading() as connection:
        assert reports.liability(connection, 2, as_of=None, now=THE_MOMENT, by=()) == []
        assert reports.liability(connection, 2, as_of=THE_MOMENT, now=THE_MOMENT, by=()) == []
        assert reports.redemptions(connection, 2, since=None, until=THE_MOMENT, by=()) == []
        assert reports.recipes(connection, 2, since=None, until=THE_MOMENT) == []
        assert reports.giving(connection, 2, until=THE_MOMENT) == []
        assert reports.deposits(connection, 2, until=THE_MOMENT) == []
        assert reports.holders(connection, 2, after=0, limit=9, as_of=THE_MOMENT, now=THE_MOMENT) == []
