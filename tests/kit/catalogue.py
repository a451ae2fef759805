"""Programs and prepaid funds in a house's account, made without a door."""

from typing import Any

from connector.domain.funds import Fund
from connector.domain.programs import Program
from connector.domain.transfers import Transfer
from connector.ledger import posting
from connector.store import audit, funds, programs
from connector.store.writer import Writing

from .house import House


def a_program(house: House, slug: str = "spa", **rules: Any) -> Program:
    """A program of `glow-spa`: paid, in USD, with no rules but those told."""
    fields = {"name": "Spa day", "currency": "USD", "kind": "paid", "is_active": True, **rules}

    def work(tx: Writing) -> Program:
        account = house.account.id
        program = Program(0, "", account, slug, created_at=tx.now, updated_at=tx.now, **fields)
        made = programs.add(tx, program)
        assert made is not None
        return made

    return house.gateway.parts.writer.run(work)


def a_fund(
    house: House, amount: int, *, program: str = "", currency: str = "USD", threshold: int | None = None
) -> Fund:
    """Funds of `glow-spa` with `amount` paid in."""

    def work(tx: Writing) -> Fund:
        made = funds.make(tx, house.account.id, program, currency, threshold)
        assert made is not None
        fund, line = posting.deposit(tx, made, amount, posting.Why("deposit", {}))
        note_line(tx, line, fund.public_id)
        return fund

    return house.gateway.parts.writer.run(work)


def note_line(tx: Writing, line: Transfer, subject: str, card_id: int | None = None) -> None:
    """The audit row of a line that a test posted itself: `subject` is the public id of its card or fund."""
    audit.add(
        tx,
        account_id=line.account_id,
        subject=subject,
        act=line.type,
        source="test",
        origin=line.origin,
        card_id=card_id,
        transfer=line.public_id,
        reason=line.reason,
        note=line.note,
    )


def left_in(house: House, fund: Fund) -> int:
    """What the funds hold now."""
    [row] = house.rows("funds", public_id=fund.public_id)
    return int(row["balance"])
