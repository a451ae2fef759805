"""Lists of transactions against a model: every two filters, page by page, newest first (T56)."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bench.made_ledger import build
from connector.store import transfer_lists
from connector.store.card_lists import Bounds
from connector.store.engine import Engines, open_engines
from connector.store.tables import cards, transfers
from connector.store.transfer_lists import Filters
from connector.store.writer import open_writer
from tests.kit.clock import THE_MOMENT, FixedClock

DAY = timedelta(days=1)
CARDS = 60
NARROW = Bounds(few=3, block=20, many=60)
FUNDS = ("prepaid:-", "deposits")


@dataclass(frozen=True)
class Made:
    engines: Engines
    rows: Sequence[Mapping[str, Any]]


def without_a_card(number: int) -> dict[str, Any]:
    """A line of prepaid funds."""
    return {
        "public_id": f"tr_{'F' * 20}{number:06d}",
        "account_id": 1,
        "number": None,
        "type": "deposit",
        "debit": FUNDS[1],
        "credit": FUNDS[0],
        "amount": 100 + number,
        "currency": "EUR" if number else "USD",
        "origin": {},
        "reference": "wire" if number else None,
        "created_at": THE_MOMENT - number * DAY,
        "previous_hash": "",
        "hash": "",
    }


@pytest.fixture
def made(database_url: str) -> Iterator[Made]:
    build(database_url, CARDS, until=THE_MOMENT)
    engines = open_engines(database_url)
    if not engines.is_sqlite:
        with engines.write.connect() as connection:
            options = connection.execution_options(isolation_level="AUTOCOMMIT")
            options.exec_driver_sql("SELECT setval('transfers_id_seq', max(id)) FROM transfers")
    writer = open_writer(engines, FixedClock())
    writer.run(lambda tx: [tx.execute(insert(transfers), without_a_card(n)) for n in range(3)])
    writer.close()
    wanted = select(transfers, cards.c.contact_id, cards.c.recipe).select_from(
        transfers.outerjoin(cards, cards.c.id == transfers.c.card_id)
    )
    wanted = wanted.order_by(transfers.c.id)
    with engines.reading() as connection:
        yield Made(engines, [dict(row) for row in connection.execute(wanted).mappings()])
    engines.dispose()


def asked_of(made: Made) -> dict[str, Sequence[Any]]:
    reference = next(row["reference"] for row in made.rows if row["reference"] not in (None, "wire"))
    recipe = next(row["recipe"] for row in made.rows if row["recipe"])
    return {
        "card_id": (3, 404),
        "contact_id": (1, 404),
        "type": ("redeem", "refund", "deposit", "exchange"),
        "reason": ("goodwill",),
        "reference": (reference, "wire"),
        "recipe": (recipe,),
        "currency": ("USD", "EUR", "JPY"),
        "since": (THE_MOMENT - 300 * DAY, THE_MOMENT - DAY),
        "until": (THE_MOMENT - 300 * DAY, THE_MOMENT - DAY),
    }


def fits(row: Mapping[str, Any], name: str, value: Any) -> bool:
    if name == "since":
        return bool(row["created_at"] >= value)
    return bool(row["created_at"] < value) if name == "until" else bool(row[name] == value)


def expected(made: Made, asked: Mapping[str, Any]) -> list[str]:
    rows = [row for row in made.rows if all(fits(row, name, value) for name, value in asked.items())]
    return [row["public_id"] for row in sorted(rows, key=lambda row: (row["created_at"], row["id"]))][::-1]


def found(made: Made, asked: Mapping[str, Any], limit: int) -> Iterator[str]:
    after: list[int] | None = None
    while True:
        with made.engines.reading() as connection:
            page = transfer_lists.page(
                connection, 1, Filters(**asked), after=after, limit=limit, bounds=NARROW
            )
        yield from (line.transfer.public_id for line in page)
        if len(page) < limit:
            return
        after = page[-1].place


def test_every_two_filters_find_what_the_model_finds(made: Made) -> None:
    known = asked_of(made)
    singles = [{name: value} for name, values in known.items() for value in values]
    doubles = [
        {first: one, second: another}
        for first, second in itertools.combinations(known, 2)
        for one, another in itertools.product(known[first], known[second])
    ]

    for asked in [{}, *singles, *doubles]:
        assert list(found(made, asked, 250)) == expected(made, asked)[: len(made.rows)], asked


def test_every_page_begins_behind_the_one_before(made: Made) -> None:
    some: list[dict[str, Any]] = [{}, {"type": "redeem"}, {"currency": "USD"}, {"recipe": "welcome"}]

    for asked in some:
        assert list(found(made, asked, 7)) == expected(made, asked), asked


def test_a_card_shows_its_newest_lines_and_no_more_than_asked(made: Made) -> None:
    with made.engines.reading() as connection:
        lines = transfer_lists.newest_of(connection, [1, 2, 3, 404], 2)

    own = {number: [row for row in made.rows if row["card_id"] == number] for number in (1, 2, 3)}
    assert set(lines) == set(own)
    for number, rows in own.items():
        newest = sorted(rows, key=lambda row: int(row["number"]), reverse=True)[:2]
        assert [one.transfer.public_id for one in lines[number]] == [row["public_id"] for row in newest]


def test_one_line_is_found_in_its_own_account_alone(made: Made) -> None:
    name = str(made.rows[0]["public_id"])
    with made.engines.reading() as connection:
        line = transfer_lists.find(connection, 1, name)
        assert line is not None and line.card is not None and line.transfer.public_id == name
        assert transfer_lists.find(connection, 2, name) is None
        assert transfer_lists.find(connection, 1, "tr_\x00") is None
