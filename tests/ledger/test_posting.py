"""Money moves in one way only, and never below what is held."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, text

from connector.domain.cards import Card
from connector.domain.errors import (
    BalanceChanged,
    CapReached,
    CodeTaken,
    InsufficientBalance,
    Unavailable,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.domain.sealing import KeyRing
from connector.domain.transfers import NO_HASH, Transfer
from connector.ledger import accounts, posting, proof
from connector.ledger.funding import Giver
from connector.ledger.posting import Why
from connector.store import audit, cards, tables, transfers
from connector.store.writer import Writing
from tests.kit.catalogue import note_line
from tests.kit.house import KEY, House
from tests.store.making import OTHER_KEY, a_card

WHY = Why("redeem", {"key_id": "key_1"}, reference="till 4", reason="other", note="words")


def open_card(house: House, amount: int = 2500, code: str = "aaaa1111", number: int = 1) -> Card:
    card, _ = house.gateway.parts.writer.run(lambda tx: _open(house, tx, amount, code, number))
    return card


def _open(
    house: House, tx: Writing, amount: int, code: str, number: int, ring: KeyRing | None = None
) -> tuple[Card, Transfer]:
    card = a_card(house.account, number, balance=0, initial_amount=amount)
    opened, line = posting.open_card(
        tx,
        ring or house.gateway.parts.ring,
        card,
        source=Giver(accounts.promo("api")),
        why=Why("issue", {}),
        code=code,
        plain=code.upper(),
        contact_id=None,
        messages=1,
    )
    note_line(tx, line, opened.public_id, opened.id)
    return opened, line


def _post(house: House, tx: Writing, card: Card, other: str, delta: int, why: Why) -> tuple[Card, Transfer]:
    """As deeds do: the card locked, the line noted."""
    found = cards.lock(tx, house.account.id, card.public_id)
    assert found is not None
    moved, line = posting.post(tx, found, other, delta, why)
    note_line(tx, line, card.public_id, card.id)
    return moved, line


def test_no_line_keeps_a_payment_cards_number(house: House) -> None:
    """T69: masked before the line is hashed, so that the proof holds."""
    card = open_card(house)
    why = replace(WHY, reference="4111 1111 1111 1111", note="pan 378282246310005")

    _, line = house.gateway.parts.writer.run(lambda tx: _post(house, tx, card, accounts.REDEEMED, -100, why))

    assert (line.reference, line.note) == ("****1111", "pan ****0005")
    house.require_proof()


def move(house: House, card: Card, delta: int, other: str = accounts.REDEEMED) -> tuple[Card, Transfer]:
    return house.gateway.parts.writer.run(lambda tx: _post(house, tx, card, other, delta, WHY))


def lines(house: House, card: Card) -> list[Transfer]:
    with house.gateway.parts.engines.reading() as connection:
        return transfers.of_card(connection, card)


def hold(house: House, card: Card, held: int) -> None:
    change = text("UPDATE cards SET held = :held WHERE id = :id")
    row = {
        "public_id": f"hold_{card.id}",
        "account_id": card.account_id,
        "card_id": card.id,
        "amount": held,
        "state": "open",
        "origin": {},
        "expires_at": card.created_at,
        "created_at": card.created_at,
    }

    def work(tx: Writing) -> None:
        tx.execute(change, {"held": held, "id": card.id})
        if held:
            tx.execute(insert(tables.holds), row)
            audit.add(
                tx,
                account_id=card.account_id,
                subject=card.public_id,
                act="hold",
                source="test",
                origin={},
                card_id=card.id,
                details={"hold": row["public_id"], "amount": held},
            )

    house.gateway.parts.writer.run(work)


def test_a_card_is_born_with_its_first_line(house: House) -> None:
    card = open_card(house, 2500)

    [first] = lines(house, card)
    assert (first.debit, first.credit) == ("promo:api", f"card:{card.public_id}")
    assert (first.amount, first.balance_after, first.number, first.previous_hash) == (2500, 2500, 1, NO_HASH)
    assert (card.balance, card.transfer_count, card.head_hash) == (2500, 1, first.hash)
    house.require_proof()


def test_a_card_may_be_born_with_nothing_on_it_and_no_other_line_is_of_nothing(house: House) -> None:
    """S003-38: its chain begins as every other one does."""
    card = open_card(house, 0)
    [first] = lines(house, card)
    assert (first.type, first.amount, first.balance_after, card.head_hash) == ("issue", 0, 0, first.hash)
    house.require_proof()

    load = text("UPDATE transfers SET type = 'load'")
    with pytest.raises(Unavailable):
        house.gateway.parts.writer.run(lambda tx: tx.execute(load))


def test_no_card_is_born_with_an_amount_that_is_none(house: House) -> None:
    for amount in (-1, MAX_MINOR + 1):
        with pytest.raises(ValidationFailed):
            open_card(house, amount)

    assert house.cards() == []


def test_a_code_belongs_to_one_card_under_every_key_of_the_ring(house: House) -> None:
    open_card(house, code="aaaa1111")
    rotated = KeyRing([OTHER_KEY, KEY])

    for ring in (None, rotated):
        with pytest.raises(CodeTaken):
            house.gateway.parts.writer.run(
                lambda tx, ring=ring: _open(house, tx, 100, "aaaa1111", 2, ring)  # type: ignore[misc]
            )

    assert len(house.cards()) == 1
    house.require_proof()


def test_each_line_follows_the_one_before_and_says_why(house: House) -> None:
    card = open_card(house, 2500)

    down, spent = move(house, card, -700)
    up, loaded = move(house, card, 200, accounts.funding(None))

    assert (spent.debit, spent.credit, spent.amount) == (f"card:{card.public_id}", "redeemed", 700)
    assert (loaded.debit, loaded.credit, loaded.amount) == ("funding:-", f"card:{card.public_id}", 200)
    assert [one.number for one in lines(house, card)] == [1, 2, 3]
    assert [one.balance_after for one in lines(house, card)] == [2500, 1800, 2000]
    assert loaded.previous_hash == spent.hash == down.head_hash
    assert (up.balance, up.transfer_count, up.head_hash) == (2000, 3, loaded.hash)
    assert (spent.reference, spent.reason, spent.note, spent.related) == ("till 4", "other", "words", None)
    assert spent.origin == {"key_id": "key_1"}
    with house.gateway.parts.engines.reading() as connection:
        assert cards.find(connection, house.account.id, card.public_id) == up
    house.require_proof()


BOUNDS = [
    (1000, 0, -999, True),
    (1000, 0, -1000, True),
    (1000, 0, -1001, False),
    (1000, 400, -599, True),
    (1000, 400, -600, True),
    (1000, 400, -601, False),
    (1000, 1000, -1, False),
    (1000, 1000, 1, True),
]
"""T29: balance, held, what is to move, and whether it may."""


def test_a_card_never_falls_below_what_is_held_on_it(house: House) -> None:
    for number, (balance, held, delta, is_lawful) in enumerate(BOUNDS):
        card = open_card(house, balance, code=f"code{number:04}", number=number)
        hold(house, card, held)

        if is_lawful:
            moved, _ = move(house, card, delta)
            assert moved.balance == balance + delta
        else:
            with pytest.raises(InsufficientBalance) as refused:
                move(house, card, delta)
            assert refused.value.detail == f"Card {card.public_id} has less available than was asked."
            assert len(lines(house, card)) == 1
    house.require_proof()


def test_the_most_that_a_card_may_hold(house: House) -> None:
    card = open_card(house, MAX_MINOR - 1)

    full, _ = move(house, card, 1)
    with pytest.raises(CapReached):
        move(house, card, 1)

    assert full.balance == house.balance(card.public_id) == MAX_MINOR


def test_what_is_no_amount_moves_nothing(house: House) -> None:
    card = open_card(house)

    for delta in (0, MAX_MINOR + 1, -MAX_MINOR - 1):
        with pytest.raises(ValidationFailed):
            move(house, card, delta)

    assert len(lines(house, card)) == 1


def test_a_card_that_was_read_before_somebody_else_moved_it_moves_nothing(house: House) -> None:
    stale = open_card(house, 2500)
    move(house, stale, -100)

    with pytest.raises(BalanceChanged):
        house.gateway.parts.writer.run(lambda tx: posting.post(tx, stale, accounts.REDEEMED, -100, WHY))

    assert house.balance(stale.public_id) == 2400
    house.require_proof()


def test_a_line_that_would_touch_two_cards_is_a_mistake_of_ours(house: House) -> None:
    card = open_card(house)

    with pytest.raises(ValueError, match="one card"):
        move(house, card, -100, accounts.card("gc_another"))

    house.require_proof()


def test_the_database_itself_knows_that_a_balance_is_never_below_what_is_held(house: House) -> None:
    card = open_card(house, 100)

    for change in ("balance = -1", "held = 101", "held = -1", "balance = 0, held = 1"):
        statement = text(f"UPDATE cards SET {change} WHERE id = :id")
        with pytest.raises(Unavailable):
            house.gateway.parts.writer.run(lambda tx, s=statement: tx.execute(s, {"id": card.id}))  # type: ignore[misc]


def test_the_proof_is_of_the_ledger_that_stands(house: House) -> None:
    card = open_card(house)
    move(house, card, -100)

    proved = proof.prove(house.gateway.parts.engines)

    assert (proved.cards, proved.transfers, proved.faults) == (1, 2, ())
    assert replace(proved, faults=("x",)).is_ok is False


def half(tx: Writing, line: Transfer, debit: str = accounts.FX, line_id: str | None = None) -> Transfer:
    """100 euro cents for what `line` took."""
    return posting.beside(
        tx, line, debit=debit, credit=accounts.REDEEMED, amount=100, currency="EUR", line_id=line_id
    )


def exchange(house: House, card: Card, tx: Writing) -> Transfer:
    """150 cents off the card, for the exchange."""
    why = replace(WHY, related=posting.new_line_id(tx), rate="EUR/USD 1.5")
    return _post(house, tx, card, accounts.FX, -150, why)[1]


def test_the_other_half_of_an_exchange_is_tied_to_the_first(house: House) -> None:
    card = open_card(house, 2500)

    def work(tx: Writing) -> tuple[Transfer, Transfer]:
        first = exchange(house, card, tx)
        return first, half(tx, first)

    first, second = house.gateway.parts.writer.run(work)

    assert (first.related, second.related) == (second.public_id, first.public_id)
    assert second.previous_hash == first.hash
    assert (second.rate, second.reference, second.number) == ("EUR/USD 1.5", first.reference, None)
    house.require_proof()


def test_two_halves_of_one_are_one_too_many(house: House) -> None:
    card = open_card(house, 2500)

    def work(tx: Writing) -> tuple[Transfer, Transfer]:
        first = exchange(house, card, tx)
        half(tx, first)
        return first, half(tx, first, line_id=posting.new_line_id(tx))

    first, third = house.gateway.parts.writer.run(work)

    faults = house.gateway.verify().faults
    assert any(third.public_id in one for one in faults) and any(first.public_id in one for one in faults)


def test_a_half_that_touches_a_card_or_belongs_to_nothing_is_a_mistake_of_ours(house: House) -> None:
    card = open_card(house, 2500)

    def on_a_card(tx: Writing) -> None:
        half(tx, exchange(house, card, tx), debit=accounts.of_card(card))

    def of_nothing(tx: Writing) -> None:
        half(tx, replace(exchange(house, card, tx), related=None))

    for work in (on_a_card, of_nothing):
        with pytest.raises(ValueError, match="other half"):
            house.gateway.parts.writer.run(work)
    house.require_proof()
