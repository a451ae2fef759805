"""Any deed by its name, and what came of it: the answer, the messages, the audit trail."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from connector.domain.jsontext import read_own
from connector.operations.registry import operations
from connector.store import tables

from .house import ACCOUNT, BY_HAND, House


def do(house: House, name: str, *, account: Any = None, **fields: Any) -> dict[str, Any]:
    """Do the operation `name` with these fields; its answer's body. In `glow-spa`, or in `account`."""
    operation = operations()[name]
    whose = account or house.account
    return dict(house.gateway.perform(whose, BY_HAND, operation, operation.command(**fields)).body)


def card_of(house: House, card: str) -> dict[str, Any]:
    """The card as REST shows it."""
    return house.gateway.card(house.account, card)


def row_of(house: House, card: str) -> dict[str, Any]:
    """The card's row."""
    [row] = house.rows("cards", public_id=card)
    return row


def told(house: House, card: str) -> list[str]:
    """The types of a card's messages after that of its issue, in order; their numbers have no gap."""
    rows = house.rows("messages", card_id=row_of(house, card)["id"])
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["type"] for row in rows][1:]


def last_told(house: House, card: str) -> dict[str, Any]:
    """The data of a card's last message."""
    body = house.rows("messages", card_id=row_of(house, card)["id"])[-1]["body"]
    return dict(read_own(bytes(body).decode())["data"])


def trail(house: House, card: str) -> list[str]:
    """The acts in a card's audit trail after its issue, oldest first."""
    return [row["act"] for row in house.rows("audit", card_id=row_of(house, card)["id"])][1:]


def put(house: House, card: str, **values: Any) -> None:
    """Write columns of a card behind the ledger's back."""
    change = update(tables.cards).where(tables.cards.c.public_id == card).values(**values)
    house.gateway.parts.writer.run(lambda tx: tx.execute(change) and None)


def make_sandbox(house: House, offset: timedelta = timedelta(0)) -> None:
    """From here on the house's account is a sandbox, its clock moved; in the product none becomes one."""
    to_sandbox = (
        update(tables.accounts)
        .where(tables.accounts.c.slug == ACCOUNT)
        .values(sandbox=True, clock_offset_us=offset // timedelta(microseconds=1))
    )
    house.gateway.parts.writer.run(lambda tx: tx.execute(to_sandbox) and None)
