"""Who asked that a token be sent, until a worker has looked whose address it is. Addresses are sealed."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from ..domain.sealing import KeyRing
from .notification_tables import token_requests
from .writer import Writing

_ADDRESS: Final = "token request"


def add(tx: Writing, ring: KeyRing, address: str) -> None:
    """Somebody asked for the token of this address."""
    sealed = ring.seal(address.encode(), _ADDRESS)
    tx.execute(insert(token_requests).values(address_sealed=sealed, created_at=tx.wall))


def is_any(connection: Connection) -> bool:
    """Whether anybody waits."""
    return connection.execute(select(token_requests.c.id).limit(1)).first() is not None


def take(tx: Writing, ring: KeyRing, limit: int) -> list[str]:
    """The addresses of the oldest requests, which are gone with the commit."""
    oldest = select(token_requests).order_by(token_requests.c.id).limit(limit)
    rows = tx.execute(oldest if tx.is_alone else oldest.with_for_update(skip_locked=True)).all()
    tx.execute(delete(token_requests).where(token_requests.c.id.in_([row.id for row in rows])))
    return [ring.open(row.address_sealed, _ADDRESS).decode() for row in rows]
