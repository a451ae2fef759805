"""Lines of the ledger are appended, read back whole, and moved under a guard."""

from dataclasses import replace

from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.cards import Card
from connector.domain.sealing import KeyRing
from connector.domain.transfers import NO_HASH, Transfer
from connector.store import cards, transfers
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter, a_card


def a_line(card: Card, number: int = 1, amount: int = 2500, previous: str = NO_HASH) -> Transfer:
    return Transfer(
        public_id=f"tr_{card.public_id}_{number}",
        account_id=card.account_id,
        type="issue",
        debit="promo:api",
        credit=f"card:{card.public_id}",
        amount=amount,
        currency=card.currency,
        created_at=THE_MOMENT,
        previous_hash=previous,
        number=number,
        balance_after=amount,
        related="tr_0",
        reference="till",
        reason="other",
        note="ü",
        origin={"key_id": "k", "n": [1]},
    )


def open_card(writer: AnyWriter, ring: KeyRing, account: Account, number: int = 1) -> tuple[Card, Transfer]:
    card = a_card(account, number, transfer_count=1)
    line = a_line(card)

    def work(tx: Writing) -> int:
        row = cards.add(
            tx, ring, replace(card, head_hash=line.hash), code=f"c{number}", plain="C", contact_id=None
        )
        assert row is not None
        transfers.append(tx, line, row)
        return row

    return replace(card, id=writer.run(work), head_hash=line.hash), line


def test_a_line_comes_out_as_it_went_in(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    card, line = open_card(writer, ring, account)

    with engines.reading() as connection:
        assert transfers.of_card(connection, card) == [line]
        assert (transfers.count(connection, None), transfers.count(connection, account.id)) == (1, 1)
        assert transfers.count(connection, account.id + 1) == 0


def test_the_guard_holds_what_is_held_and_who_came_between(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    card, line = open_card(writer, ring, account)
    hold = text("UPDATE cards SET held = 500")
    writer.run(lambda tx: tx.execute(hold) and None)
    following = replace(line, public_id="tr_next", number=2, previous_hash=line.hash)

    def move(seen: Card, delta: int) -> bool:
        return writer.run(lambda tx: transfers.move(tx, seen, delta, following, messages=2))

    assert not move(card, -2001)
    assert not move(replace(card, transfer_count=0), -1)
    assert not move(replace(card, id=card.id + 1), -1)
    assert move(card, -2000)
    assert not move(card, -1), "it was moved meanwhile"
    with engines.reading() as connection:
        found = cards.find(connection, account.id, card.public_id)
    assert found is not None
    assert (found.balance, found.held, found.transfer_count, found.message_count, found.head_hash) == (
        *(500, 500, 2, 2),
        following.hash,
    )


def test_chains_come_card_by_card_and_a_card_without_lines_comes_too(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    first, _ = open_card(writer, ring, account, 1)
    second, _ = open_card(writer, ring, account, 2)
    theirs, _ = open_card(writer, ring, other, 3)
    line = a_line(first, 2)
    writer.run(lambda tx: transfers.append(tx, line, first.id))
    writer.run(lambda tx: tx.execute(text(f"DELETE FROM transfers WHERE card_id = {second.id}")) and None)

    with engines.reading() as connection:
        found = [(row["card"], one and one.number) for row, one in transfers.chains(connection, None)]
        ours = [row["card"] for row, _ in transfers.chains(connection, account.id)]

    expected = [(first.public_id, 1), (first.public_id, 2), (second.public_id, None), (theirs.public_id, 1)]
    assert found == expected
    assert ours == [first.public_id, first.public_id, second.public_id]


def test_a_line_without_a_card_is_found_by_itself(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    card, _ = open_card(writer, ring, account)
    lost = a_line(card, 2)
    writer.run(lambda tx: transfers.append(tx, lost, None))

    with engines.reading() as connection:
        [(found, _)] = transfers.loose(connection, account.id)
        assert list(transfers.loose(connection, account.id + 1)) == []

    assert (found.public_id, found.transfer, found.kept_hash) == (lost.public_id, lost, lost.hash)
