"""Messages of our own that recipes begin on: noted as they are told, taken once, with what they begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ..domain.jsontext import read_own
from .columns import is_name
from .prepared import Prepared
from .tables import cards, contacts, message_starts, messages
from .writer import Writing

_ADD: Final = Prepared(insert(message_starts))
_TAKE: Final = Prepared(delete(message_starts).where(message_starts.c.message == bindparam("message")))


@dataclass(frozen=True, slots=True)
class Start:
    """One message that recipes begin on: what it told, and of whose card (None: of nobody's).

    `run`: which run sent it; `chain`: by which recipes it came about, the last one last.
    """

    message: str
    account_id: int
    type: str
    at: datetime
    data: Any
    contact: str | None
    run: str | None
    chain: tuple[str, ...]


def add(tx: Writing, *, message: str, account_id: int, run: str | None, chain: Sequence[str]) -> None:
    """Note that a message begins something, in the transaction that tells it."""
    row = {
        "message": message,
        "account_id": account_id,
        "run": run,
        "chain": list(chain),
        "tries": 0,
        "due_at": tx.wall,
    }
    tx.do(_ADD, row)


def due(connection: Connection, now: datetime, limit: int, account_id: int | None = None) -> list[str]:
    """Ids of messages that are still to begin what they begin, oldest first; of one account, or of all."""
    wanted = select(message_starts.c.message).where(message_starts.c.due_at <= now)
    if account_id is not None:
        wanted = wanted.where(message_starts.c.account_id == account_id)
    ordered = wanted.order_by(message_starts.c.due_at, message_starts.c.message)
    return list(connection.execute(ordered.limit(limit)).scalars())


def take(tx: Writing, message: str) -> Start | None:
    """What is to begin, no longer noted: whoever gets it does it. None where somebody else has."""
    if not is_name(message):
        return None
    wanted = select(message_starts).where(message_starts.c.message == message)
    held = wanted if tx.is_alone else wanted.with_for_update(skip_locked=True)
    row = tx.execute(held).mappings().first()
    if row is None or tx.do(_TAKE, {"message": message}) != 1:
        return None
    found = tx.execute(
        select(messages.c.type, messages.c.body, messages.c.created_at, contacts.c.public_id)
        .outerjoin(cards, cards.c.id == messages.c.card_id)
        .outerjoin(contacts, contacts.c.id == cards.c.contact_id)
        .where(messages.c.public_id == message)
    ).one()
    data = read_own(bytes(found.body).decode())["data"]
    return Start(
        message,
        row["account_id"],
        found.type,
        found.created_at,
        data,
        found.public_id,
        row["run"],
        tuple(row["chain"]),
    )


def postpone(tx: Writing, message: str, due_at: datetime) -> None:
    """It could not be begun: it is tried again later, so that it holds up no other."""
    at = message_starts.c.message == message
    tx.execute(update(message_starts).where(at).values(tries=message_starts.c.tries + 1, due_at=due_at))


def tries(connection: Connection | Writing, message: str) -> int:
    """How often beginning on this message has failed."""
    wanted = select(message_starts.c.tries).where(message_starts.c.message == message)
    return connection.execute(wanted).scalar() or 0
