"""Holds of cards. What is held grows and shrinks by guarded updates, and never past the balance.

The card must have been locked in the transaction; a hold is ended once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select, update

from ..domain.cards import Card
from ..domain.holds import Hold
from .columns import Moment, is_name
from .prepared import Prepared
from .tables import cards, holds
from .writer import Writing, ask

_INSERT: Final = Prepared(insert(holds), returns_id=True)
_HELD: Final = Prepared(
    update(cards)
    .where(
        cards.c.id == bindparam("card"),
        cards.c.held == bindparam("seen"),
        cards.c.held + bindparam("delta") >= 0,
        cards.c.balance >= cards.c.held + bindparam("delta"),
    )
    .values(
        held=cards.c.held + bindparam("delta"),
        message_count=cards.c.message_count + bindparam("messages"),
        updated_at=bindparam("at"),
    )
)
_END: Final = Prepared(
    update(holds)
    .where(holds.c.id == bindparam("hold"), holds.c.state == "open")
    .values(
        state=bindparam("becomes"),
        captured=bindparam("took"),
        transfer=bindparam("line"),
        ended_at=bindparam("at"),
    )
)
_JOINED: Final = select(holds, cards.c.public_id.label("card")).join(cards, cards.c.id == holds.c.card_id)
_BY_PUBLIC: Final = Prepared(
    _JOINED.where(holds.c.account_id == bindparam("account_id"), holds.c.public_id == bindparam("public_id"))
)
_OPEN: Final = _JOINED.where(holds.c.card_id == bindparam("card_id"), holds.c.state == "open")
_OPEN_OF_CARD: Final = Prepared(_OPEN.order_by(holds.c.id))
_DUE_OF_CARD: Final = Prepared(
    _OPEN.where(holds.c.expires_at <= bindparam("now", type_=Moment)).order_by(holds.c.id)
)


def add(tx: Writing, hold: Hold) -> int:
    """Insert an open hold; its row's number. `move` is what reserves."""
    return tx.insert(
        _INSERT,
        {
            "public_id": hold.public_id,
            "account_id": hold.account_id,
            "card_id": hold.card_id,
            "amount": hold.amount,
            "state": hold.state,
            "reference": hold.reference,
            "origin": dict(hold.origin),
            "expires_at": hold.expires_at,
            "created_at": hold.created_at,
        },
    )


def move(tx: Writing, card: Card, delta: int, messages: int) -> bool:
    """Guarded: add `delta` to what is held only if the balance covers it, and nobody came between."""
    moved = tx.do(
        _HELD,
        {"card": card.id, "seen": card.held, "delta": delta, "messages": messages, "at": tx.now},
    )
    return moved == 1


def end(tx: Writing, hold: Hold, state: str, *, captured: int = 0, transfer: str | None = None) -> bool:
    """An open hold becomes `state`; False where it was not open any more."""
    ended = tx.do(_END, {"hold": hold.id, "becomes": state, "took": captured, "line": transfer, "at": tx.now})
    return ended == 1


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Hold | None:
    """The account's hold with this id, or None."""
    if not is_name(public_id):
        return None
    rows = ask(connection, _BY_PUBLIC, {"account_id": account_id, "public_id": public_id})
    return _hold(rows[0]) if rows else None


def open_of(tx: Writing, card_id: int, *, due_at: datetime | None = None) -> list[Hold]:
    """A card's open holds, oldest first; with `due_at` those only whose time is over by then."""
    if due_at is None:
        return [_hold(row) for row in tx.fetch(_OPEN_OF_CARD, {"card_id": card_id})]
    return [_hold(row) for row in tx.fetch(_DUE_OF_CARD, {"card_id": card_id, "now": due_at})]


def count_open(connection: Connection | Writing, card_id: int) -> int:
    """How many holds of a card are open."""
    wanted = select(func.count()).where(holds.c.card_id == card_id, holds.c.state == "open")
    return int(connection.execute(wanted).scalar_one())


def page(connection: Connection, card_id: int, *, before: int | None, limit: int) -> list[Hold]:
    """At most `limit` holds of a card, newest first, in front of the row number `before`."""
    wanted: Select[Any] = _JOINED.where(holds.c.card_id == card_id)
    if before is not None:
        wanted = wanted.where(holds.c.id < before)
    rows = connection.execute(wanted.order_by(holds.c.id.desc()).limit(limit)).mappings()
    return [_hold(row) for row in rows]


def _hold(row: RowMapping | Mapping[str, Any]) -> Hold:
    return Hold(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        card_id=row["card_id"],
        card=row["card"],
        amount=row["amount"],
        state=row["state"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        captured=row["captured"],
        reference=row["reference"],
        transfer=row["transfer"],
        ended_at=row["ended_at"],
        origin=row["origin"],
    )
