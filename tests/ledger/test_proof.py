"""T35: whoever changes the ledger by SQL is found out, and the very row is named."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from connector.domain.rates import Rates
from connector.domain.transfers import Transfer
from connector.ledger import posting
from connector.ledger.proof import Proof
from connector.operations.hold import Hold
from connector.operations.registry import operations
from connector.store import tables, transfers
from connector.store.writer import Writing
from tests.kit.catalogue import a_fund, a_program
from tests.kit.deeds import do
from tests.kit.house import House, open_house
from tests.kit.tampering import sql

OTHER_HASH: Final = "f" * 64
CHANGED: Final[dict[str, Any]] = {
    "id": -1,
    "public_id": "tr_forged",
    "account_id": "{other}",
    "card_id": "{card}",
    "fund_id": 99,
    "number": 99,
    "type": "adjust",
    "debit": "promo:somebody",
    "credit": "cash_out",
    "amount": 1,
    "currency": "EUR",
    "balance_after": 2499,
    "related": "tr_forged",
    "reference": "till 5",
    "reason": "fraud",
    "note": "words",
    "rate": "EUR/USD 2",
    "origin": '{"key_id":"key_forged"}',
    "created_at": 1,
    "previous_hash": OTHER_HASH,
    "hash": OTHER_HASH,
}
"""For each column of transfers what somebody might write there."""

CARD_CHANGED: Final[dict[str, Any]] = {
    "id": -1,
    "public_id": "gc_forged",
    "account_id": "{other}",
    "currency": "EUR",
    "balance": 9999,
    "held": 1,
    "initial_amount": 9999,
    "transfer_count": 1,
    "head_hash": OTHER_HASH,
}
NOT_THE_LEDGERS: Final = {
    *("code_hash", "code_sealed", "last4", "kind", "contact_id", "program", "sender", "recipient"),
    *("message", "note", "usable_at", "expires_at", "disabled_at", "disabled_finally", "removed_at"),
    *("source", "recipe", "origin", "metadata", "message_count", "created_at", "updated_at"),
    *("expiry_told_at", "expired_at", "delivery", "deliver_at", "delivered_at", "opened_at"),
    *("link_number", "programs"),
}
"""What a card has beside money: no line of the ledger tells of it."""


class Ledger:
    """A house with three cards; the first has three lines. `sql` is somebody with the database's tools."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.engines = house.gateway.parts.engines
        self.card = house.issue(2500)["id"]
        house.redeem(self.card, 500)
        house.redeem(self.card, 700)
        self.other_card = house.issue(1000)["id"]
        house.issue(300)
        self.lines = self.read()

    def read(self) -> list[Transfer]:
        with self.engines.reading() as connection:
            row = self._row(connection, "cards", self.card)
            return transfers.of_card(connection, _Numbered(row["id"]))  # type: ignore[arg-type]

    def sql(self, statement: str, **values: Any) -> None:
        sql(self.house, statement, **values)

    def change(self, table: str, public_id: str, column: str, value: Any) -> tuple[str, int, Any]:
        """Write `value` into one row; how to write back what was there."""
        with self.engines.reading() as connection:
            row = self._row(connection, table, public_id)
            if value == "{other}":
                value = self.house.other.id
            if value == "{card}":
                value = self._row(connection, "cards", self.other_card)["id"]
        self.sql(f"UPDATE {table} SET {column} = :value WHERE id = :id", value=value, id=row["id"])
        return column, value if column == "id" else row["id"], row[column]

    def restore(self, table: str, kept: tuple[str, int, Any]) -> None:
        column, row_id, value = kept
        self.sql(f"UPDATE {table} SET {column} = :value WHERE id = :id", value=value, id=row_id)

    def prove(self) -> Proof:
        return self.house.gateway.verify()

    def _row(self, connection: Connection, table: str, public_id: str) -> Any:
        found = text(f"SELECT * FROM {table} WHERE public_id = :public_id")
        return connection.execute(found, {"public_id": public_id}).mappings().one()


class _Numbered:
    """All that `transfers.of_card` asks of a card."""

    def __init__(self, number: int) -> None:
        self.id = number


@pytest.fixture
def ledger(house: House) -> Ledger:
    return Ledger(house)


def test_a_ledger_that_nobody_touched_proves_itself(ledger: Ledger) -> None:
    proved = ledger.prove()

    assert (proved.is_ok, proved.cards, proved.transfers, proved.faults) == (True, 3, 5, ())


def test_an_empty_ledger_proves_itself(house: House) -> None:
    assert house.gateway.verify().is_ok


def test_every_column_of_a_line_is_looked_at() -> None:
    assert {*CHANGED} == {column.name for column in tables.transfers.c}


def test_every_column_of_a_card_is_the_ledgers_or_is_known_not_to_be() -> None:
    assert {*CARD_CHANGED} | NOT_THE_LEDGERS == {column.name for column in tables.cards.c}
    assert not {*CARD_CHANGED} & NOT_THE_LEDGERS


def test_a_change_of_any_column_of_any_line_names_the_line(ledger: Ledger) -> None:
    for place, line in enumerate(ledger.lines):
        for column, value in CHANGED.items():
            if place == 0 and column in ("id", "card_id"):
                continue  # a smaller number changes no order; and the other card has a first line
            kept = ledger.change("transfers", line.public_id, column, value)

            proved = ledger.prove()

            name = "tr_forged" if column == "public_id" else line.public_id
            next_name = ledger.lines[place + 1].public_id if place + 1 < len(ledger.lines) else ""
            assert not proved.is_ok, f"{column} of line {place} can be changed unseen"
            named = [fault for fault in proved.faults if name in fault]
            if column in ("number", "card_id") and next_name:
                named += [fault for fault in proved.faults if next_name in fault]
            assert named, f"{column} of line {place}: {proved.faults}"
            ledger.restore("transfers", kept)
            assert ledger.prove().is_ok


def test_a_line_taken_from_its_card_is_found_where_it_lies(ledger: Ledger) -> None:
    line = ledger.lines[1]
    ledger.change("transfers", line.public_id, "card_id", None)

    faults = ledger.prove().faults

    assert any(line.public_id in fault and "no card" in fault for fault in faults)
    assert any(ledger.card in fault and "missing" in fault for fault in faults)


def test_a_change_of_any_of_a_cards_sums_names_the_card(ledger: Ledger) -> None:
    for column, value in CARD_CHANGED.items():
        kept = ledger.change("cards", ledger.card, column, value)

        proved = ledger.prove()

        name = "gc_forged" if column == "public_id" else ledger.card
        places = [name, *(line.public_id for line in ledger.lines)] if column == "id" else [name]
        assert not proved.is_ok, f"{column} can be changed unseen"
        assert any(place in fault for fault in proved.faults for place in places), proved.faults
        ledger.restore("cards", kept)
        assert ledger.prove().is_ok


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_that_was_deleted_is_missed_at_its_place(ledger: Ledger, place: int) -> None:
    ledger.sql("DELETE FROM transfers WHERE public_id = :id", id=ledger.lines[place].public_id)

    [fault, *_] = ledger.prove().faults

    assert ledger.card in fault
    if place < 2:
        following = ledger.lines[place + 1]
        assert f"transfer {following.public_id} (number {following.number}): number {place + 1} is" in fault
    else:
        assert "its chain ends with number 2, not with 3" in fault


def test_a_card_without_any_line_is_named(ledger: Ledger) -> None:
    for line in ledger.lines:
        ledger.sql("DELETE FROM transfers WHERE public_id = :id", id=line.public_id)

    assert f"card {ledger.card}: has no transfers at all" in ledger.prove().faults


def test_the_lines_of_a_deleted_card_are_named(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM cards WHERE public_id = :id", id=ledger.card)

    faults = ledger.prove().faults

    assert len(faults) == 3
    for line in ledger.lines:
        assert any(line.public_id in fault for fault in faults)


def test_a_line_that_was_added_in_good_form_shows(ledger: Ledger) -> None:
    last = ledger.lines[-1]
    forged = replace(
        last,
        public_id="tr_forged",
        number=4,
        amount=100,
        balance_after=1200,
        previous_hash=last.hash,
    )
    ledger.sql(
        "INSERT INTO transfers (public_id, account_id, card_id, number, type, debit, credit, amount,"
        " currency, balance_after, origin, created_at, previous_hash, hash, reference)"
        " SELECT 'tr_forged', account_id, card_id, 4, type, debit, credit, 100, currency, 1200, origin,"
        " created_at, :previous, :hash, reference FROM transfers WHERE public_id = :last",
        previous=last.hash,
        hash=forged.hash,
        last=last.public_id,
    )

    faults = ledger.prove().faults

    assert f"card {ledger.card}: its chain ends with number 4, not with 3" in faults
    assert f"card {ledger.card}: its balance says 1300, its transfers give 1200" in faults


def test_more_held_than_there_is_shows(sqlite_house: Ledger) -> None:
    sqlite_house.change("cards", sqlite_house.card, "held", 1301)

    assert sqlite_house.prove().faults == (f"card {sqlite_house.card}: 1301 held of a balance of 1300",)


def test_one_accounts_proof_is_its_own(ledger: Ledger) -> None:
    ledger.change("cards", ledger.card, "balance", 1)

    assert not ledger.house.gateway.verify(ledger.house.account).is_ok
    proved = ledger.house.gateway.verify(ledger.house.other)
    assert (proved.is_ok, proved.cards) == (True, 0)


@pytest.fixture
def sqlite_house(sqlite_url: str, tmp_path: Path) -> Iterator[Ledger]:
    house = open_house(tmp_path, sqlite_url)
    yield Ledger(house)
    house.gateway.close()


JUNK: Final = [
    ("amount", "many"),
    ("amount", 1.5),
    ("created_at", "yesterday"),
    ("created_at", 10**18),
    ("origin", "{not json"),
    ("origin", "[]"),
    ("origin", b"\xff"),
    ("type", b"\x00"),
    ("note", 7),
    ("previous_hash", b"\x00"),
    ("hash", b"\x00"),
    ("account_id", "x"),
    ("balance_after", "x"),
    ("currency", b"\xff"),
]


@pytest.mark.parametrize(("column", "value"), JUNK, ids=lambda one: str(one)[:20])
def test_what_is_no_value_of_its_column_is_named_and_stops_nothing(
    sqlite_house: Ledger, column: str, value: Any
) -> None:
    """SQLite keeps whatever it is given in any column."""
    line = sqlite_house.lines[1]
    sqlite_house.change("transfers", line.public_id, column, value)
    sqlite_house.change("cards", sqlite_house.other_card, "balance", 1)

    faults = sqlite_house.prove().faults

    assert any(line.public_id in fault for fault in faults)
    assert any(sqlite_house.other_card in fault for fault in faults), "the cards after it are looked at too"


@pytest.mark.parametrize("column", ["balance", "held", "transfer_count", "initial_amount", "currency"])
def test_a_card_whose_columns_hold_junk_is_named(sqlite_house: Ledger, column: str) -> None:
    sqlite_house.change("cards", sqlite_house.card, column, b"\x00")

    assert any(sqlite_house.card in fault for fault in sqlite_house.prove().faults)


def test_the_database_is_a_plain_file_that_anybody_can_open(sqlite_house: Ledger) -> None:
    """Which is why a proof is needed."""
    assert sqlite_house.engines.path is not None
    with sqlite3.connect(sqlite_house.engines.path) as connection:
        connection.execute("UPDATE transfers SET amount = amount + 1")
    connection.close()

    assert not sqlite_house.prove().is_ok


class Exchange(Ledger):
    """A house with rates: a redemption in euros, part of it given back, and a transfer across."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.engines = house.gateway.parts.engines
        self.card = house.issue(2500)["id"]
        self.other_card = house.issue(1000, currency="EUR")["id"]
        taken = house.redeem(self.card, 1000, currency="EUR").body["transaction"]["id"]
        do(house, "refund", card=self.card, transaction_id=taken, amount=500)
        do(house, "transfer", card=self.card, to=self.other_card, amount=100)

    def halves(self) -> list[str]:
        """The ids of the lines that belong to no card: of the redemption, of the refund."""
        return [one["public_id"] for one in self.house.rows("transfers") if one["card_id"] is None]


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    house = open_house(tmp_path, database_url, rates=Rates("USD", {"EUR": Decimal("0.92")}))
    yield Exchange(house)
    house.gateway.close()


def test_an_exchange_that_nobody_touched_proves_itself(exchange: Exchange) -> None:
    assert exchange.prove().is_ok
    assert len(exchange.halves()) == 2


@pytest.mark.parametrize("which", [0, 1])
def test_the_other_half_of_an_exchange_cannot_be_taken_away_changed_or_doubled(
    exchange: Exchange, which: int
) -> None:
    half = exchange.halves()[which]
    for column, value in (
        ("amount", 1),
        ("currency", "GBP"),
        ("rate", "EUR/USD 2"),
        ("rate", None),
        ("related", None),
        ("debit", "promo:api"),
        ("account_id", "{other}"),
    ):
        kept = exchange.change("transfers", half, column, value)
        assert any(half in fault for fault in exchange.prove().faults), column
        exchange.restore("transfers", kept)
    assert exchange.prove().is_ok
    others = ", ".join(c.name for c in tables.transfers.c if c.name not in ("id", "public_id"))
    exchange.sql(
        f"INSERT INTO transfers (id, public_id, {others}) "
        f"SELECT 999, 'tr_twice', {others} FROM transfers WHERE public_id = :half",
        half=half,
    )
    assert not exchange.prove().is_ok
    exchange.sql("DELETE FROM transfers WHERE public_id = 'tr_twice'")
    exchange.sql("DELETE FROM transfers WHERE public_id = :half", half=half)
    assert [fault for fault in exchange.prove().faults if "in the other currency" in fault]


def test_a_forged_half_of_a_refund_that_was_in_one_currency_is_seen(house: House) -> None:
    """Its hash and its place are right; no exchange was made."""
    card = house.issue(2500)["id"]
    taken = house.redeem(card, 1000).body["transaction"]["id"]
    refund = do(house, "refund", card=card, transaction_id=taken)["transaction"]["id"]

    def forge(tx: Writing) -> None:
        line = transfers.find(tx, house.account.id, refund)
        assert line is not None
        posting.beside(tx, line, debit="redeemed", credit="fx", amount=5, currency="EUR", line_id="tr_forged")

    house.gateway.parts.writer.run(forge)

    [fault] = house.gateway.verify().faults
    assert fault == "transfer tr_forged: has not the rate of the line that it belongs to"


HUGE: Final = 2**63 - 1


def test_amounts_near_the_end_of_all_numbers_stop_no_proof_and_are_named(house: House) -> None:
    """T35: on SQLite a sum over two of them ends the query, and nothing would be proved at all."""
    ledger = Ledger(house)
    a_program(house, "spa", kind="paid")
    a_fund(house, 100_000, program="spa")
    drawn = [house.issue(1000, program="spa")["id"] for _ in range(2)]
    held = [
        house.perform(operations()["hold"], Hold(ledger.card, amount=amount)).body["hold"]["id"]
        for amount in (10, 20)
    ]
    assert ledger.prove().is_ok

    ledger.sql("UPDATE holds SET amount = :amount", amount=HUGE)
    ledger.sql("UPDATE transfers SET amount = :amount WHERE debit LIKE 'prepaid:%'", amount=HUGE)

    faults = ledger.prove().faults
    for name in (*held, *drawn):
        assert any(name in fault for fault in faults), f"{name}: {faults}"
    assert f"hold {held[0]}: says that {HUGE} are held, which no hold may" in faults
