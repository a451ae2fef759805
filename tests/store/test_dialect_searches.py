"""Pages by seed 002's orders: none is missed, none comes twice. Filters: tests/web/dialects."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.domain.card_searches import ORDERS, Order, Search
from connector.domain.errors import BadRequest
from connector.store import aliases, dialect_searches, words
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do
from tests.kit.house import House, open_house


def test_every_order_is_walked_whole_both_ways(house: House) -> None:
    """S002-143, S002-144: where cards have the same value, too."""
    made = [
        house.issue(amount, currency=currency)
        for amount, currency in ((100, "USD"), (100, "USD"), (1, "JPY"), (900, "KWD"))
    ]
    do(house, "disable", card=made[1]["id"])
    house.redeem(made[0]["id"], 50)
    house.gateway.parts.writer.run(lambda tx: aliases.number_cards(tx, house.account.id, 10))

    for order in [Order(name, is_down) for name in ORDERS for is_down in (False, True)]:
        found: list[dialect_searches.Found] = []
        while len(found) < 10:
            with house.gateway.parts.engines.reading() as connection:
                page = dialect_searches.page(
                    connection,
                    house.account.id,
                    Search(),
                    order,
                    words=(),
                    now=THE_MOMENT,
                    after=found[-1].place if found else None,
                    limit=1,
                )
            if not page:
                break
            found += page
        assert len(found) == len({one.card.id for one in found}) == 4
        places = [one.place for one in found]
        assert places == sorted(places, reverse=order.is_descending)


def test_sums_are_compared_in_whole_units_of_any_currency(house: House) -> None:
    """S002-69: 0.90 dinars are less than one yen."""
    for amount, currency in ((100, "USD"), (1, "JPY"), (900, "KWD")):
        house.issue(amount, currency=currency)

    with house.gateway.parts.engines.reading() as connection:
        found = dialect_searches.page(
            connection,
            house.account.id,
            Search(),
            Order("initial_value"),
            words=(),
            now=THE_MOMENT,
            after=None,
            limit=9,
        )

    assert [one.card.currency for one in found] == ["KWD", "USD", "JPY"]


def test_cards_that_are_not_stopped_stand_by_their_making_behind_or_before_the_others(house: House) -> None:
    """S002-142, S002-144: over the edge between both, page by page."""
    made = []
    for _ in range(5):
        made.append(house.issue(100)["id"])
        house.clock.forward(timedelta(seconds=1))
    do(house, "disable", card=made[1])
    house.clock.forward(timedelta(seconds=1))
    do(house, "remove", card=made[3])

    def walked(limit: int, *, is_down: bool) -> list[str]:
        found: list[dialect_searches.Found] = []
        while True:
            with house.gateway.parts.engines.reading() as connection:
                page = dialect_searches.page(
                    connection,
                    house.account.id,
                    Search(),
                    Order("disabled_at", is_down),
                    words=(),
                    now=THE_MOMENT,
                    after=found[-1].place if found else None,
                    limit=limit,
                )
            found += page
            if len(page) < limit:
                return [one.card.public_id for one in found]

    down = [made[one] for one in (3, 1, 4, 2, 0)]
    for limit in (1, 2, 3, 9):
        assert walked(limit, is_down=True) == down
        assert walked(limit, is_down=False) == down[::-1]


def test_orders_that_an_index_has_sort_no_account(sqlite_url: str, tmp_path: Path) -> None:
    """What is read ends with the page. Of stopped cards, who are few, all are."""
    house = open_house(tmp_path, sqlite_url)
    house.issue(100)
    for name in ("created_at", "updated_at", "disabled_at", "balance", "initial_value", "last_characters"):
        for is_down in (False, True):
            plan = plan_of(house, Order(name, is_down))
            assert "TEMP B-TREE" not in plan and "SEARCH cards USING INDEX" in plan, (name, plan)
    house.gateway.close()


def plan_of(house: House, order: Order) -> str:
    """How SQLite reads a page in this order; of that by `disabled_at` the cards that are not."""
    asked: list[tuple[str, Any]] = []
    with house.gateway.parts.engines.reading() as connection:

        def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
            asked.append((sql, values))

        event.listen(connection, "before_cursor_execute", note)
        dialect_searches.page(
            connection,
            house.account.id,
            Search(),
            order,
            words=(),
            now=THE_MOMENT,
            after=None,
            limit=1,
        )
        sql, values = next(
            (sql, values)
            for sql, values in asked
            if "ORDER BY" in sql and (order.name != "disabled_at" or "NOT (" in sql)
        )
        return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all())


def test_what_no_index_has_is_sorted_for_so_many_cards_and_no_more(house: House) -> None:
    """S002-143: a search for words finds few, and sorts them in any account."""
    for note in ("first", "second", "third"):
        house.issue(100, note=note)

    def page(name: str, most: int, *sought: str) -> int:
        with house.gateway.parts.engines.reading() as connection:
            return len(
                dialect_searches.page(
                    connection,
                    house.account.id,
                    Search(),
                    Order(name),
                    words=[word for one in sought for word in words.in_search(one)],
                    now=THE_MOMENT,
                    after=None,
                    limit=9,
                    most_sorted=most,
                )
            )

    assert page("amount_spent", 3) == page("balance", 2) == 3
    assert page("amount_spent", 2, "second") == 1
    with pytest.raises(BadRequest):
        page("amount_spent", 2)
    house.issue(1, currency="JPY")
    with pytest.raises(BadRequest):
        page("balance", 3)
