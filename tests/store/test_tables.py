"""The schema itself keeps what must hold, whatever the code above forgets."""

from typing import Any

import pytest
from sqlalchemy import BigInteger, Integer, insert, text

from connector.domain.accounts import Account
from connector.domain.errors import Unavailable
from connector.store import tables
from connector.store.columns import Moment
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

CARD: dict[str, Any] = {
    "public_id": "gc_1",
    "currency": "USD",
    "code_hash": "h",
    "code_sealed": "s",
    "last4": "7K2Q",
    "balance": 100,
    "held": 0,
    "initial_amount": 100,
    "kind": "paid",
    "source": "api",
    "origin": {},
    "metadata": {},
    "transfer_count": 1,
    "head_hash": "h",
    "message_count": 0,
    "created_at": THE_MOMENT,
    "updated_at": THE_MOMENT,
}
TRANSFER: dict[str, Any] = {
    "public_id": "tr_1",
    "number": 1,
    "type": "issue",
    "debit": "promo:api",
    "credit": "card:gc_1",
    "amount": 100,
    "currency": "USD",
    "balance_after": 100,
    "origin": {},
    "created_at": THE_MOMENT,
    "previous_hash": "0",
    "hash": "1",
}


def put(writer: AnyWriter, account: Account, table: Any, row: dict[str, Any], **changed: Any) -> None:
    values = {**row, "account_id": account.id, **changed}

    def work(tx: Writing) -> None:
        tx.execute(insert(table), values)

    writer.run(work)


def test_a_card_is_never_overspent_nor_held_beyond_its_balance(writer: AnyWriter, account: Account) -> None:
    wrong: list[dict[str, Any]] = [
        {"balance": -1},
        {"held": 101},
        {"held": -1},
        {"balance": 0, "held": 1},
        {"kind": "stolen"},
        {"balance": None},
        {"account_id": 404},
    ]
    for changed in wrong:
        with pytest.raises(Unavailable):
            put(writer, account, tables.cards, CARD, **changed)

    put(writer, account, tables.cards, CARD, held=100)
    for changed in ({"code_hash": "other"}, {"public_id": "gc_2"}):
        with pytest.raises(Unavailable):
            put(writer, account, tables.cards, CARD, **changed)


def test_a_line_has_an_amount_two_sides_and_its_own_number(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    put(writer, account, tables.cards, CARD)
    with engines.reading() as connection:
        card = connection.execute(text("SELECT id FROM cards")).scalar_one()
    wrong: list[dict[str, Any]] = [
        {"amount": 0, "type": "load"},  # a card may begin with nothing, and nothing else is of nothing
        {"amount": -1},
        {"credit": "promo:api"},
        {"hash": None},
        {"card_id": 404},
    ]
    for changed in wrong:
        with pytest.raises(Unavailable):
            put(writer, account, tables.transfers, TRANSFER, **{"card_id": card, **changed})

    put(writer, account, tables.transfers, TRANSFER, card_id=card)
    for changed in ({"number": 2}, {"public_id": "tr_2"}):
        with pytest.raises(Unavailable):
            put(writer, account, tables.transfers, TRANSFER, **{"card_id": card, **changed})


def test_keys_inside_and_sums_hold_sixty_four_bits() -> None:
    for table in tables.metadata.tables.values():
        for column in table.columns:
            kind = column.type
            is_small = isinstance(kind, Integer) and not isinstance(kind, BigInteger)
            if column.name.endswith(("amount", "balance", "held", "_id", "balance_after")):
                assert not is_small, f"{table.name}.{column.name}"
            if column.name.endswith("_at") or column.name == "at":
                assert isinstance(kind, Moment), f"{table.name}.{column.name}"


def test_every_constraint_has_a_name_by_which_a_migration_can_find_it() -> None:
    for table in tables.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"a constraint of {table.name}"


def test_what_people_name_is_unique(engines: Engines) -> None:
    for table in tables.metadata.tables.values():
        if "public_id" in table.c:
            assert table.c.public_id.unique, table.name
