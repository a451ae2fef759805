"""Pages by seed 002's orders: none is missed, none comes twice. Filters: tests/web/dialects."""

from connector.domain.card_searches import ORDERS, Order, Search
from connector.store import aliases, dialect_searches
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do
from tests.kit.house import House


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
