"""First answers by key, in the transaction of what they answer for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, select, tuple_, update

from ..domain.errors import IdempotencyInProgress
from ..domain.sealing import KeyRing
from .tables import idempotency_keys
from .writer import DatabaseFault, Writing

_ANSWER: Final = "idempotent answer"


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was asked under a key, as a digest, what was answered, and to whom (a key's id).

    `etag` where the answer had one.
    """

    request_hash: str
    status: int
    body: bytes
    etag: str | None = None
    asked_by: str = ""


def take(
    tx: Writing, ring: KeyRing, account_id: int, key: str, request_hash: str, asked_by: str = ""
) -> FirstAnswer | None:
    """Claim a key for this request (None), or what was answered under it first.

    Where the first is still running in another transaction, this waits for it:
    IdempotencyInProgress where that takes too long.
    """
    values = {
        "account_id": account_id,
        "key": key,
        "request_hash": request_hash,
        "asked_by": asked_by,
        "created_at": tx.wall,
    }
    try:
        is_first = tx.insert_new(idempotency_keys, values, ("account_id", "key")) is not None
    except DatabaseFault as fault:
        if fault.is_lock_timeout:
            raise IdempotencyInProgress from fault
        raise
    if is_first:
        return None
    at = (idempotency_keys.c.account_id == account_id) & (idempotency_keys.c.key == key)
    row = tx.execute(select(idempotency_keys).where(at)).mappings().one()
    body = ring.open(row["answer_sealed"], _ANSWER)
    return FirstAnswer(row["request_hash"], row["status"], body, row["etag"], row["asked_by"])


def keep(
    tx: Writing,
    ring: KeyRing,
    account_id: int,
    key: str,
    status: int,
    body: bytes,
    *,
    etag: str | None = None,
) -> None:
    """The first answer, sealed, since it may hold a code."""
    at = (idempotency_keys.c.account_id == account_id) & (idempotency_keys.c.key == key)
    sealed = ring.seal(body, _ANSWER)
    tx.execute(update(idempotency_keys).where(at).values(status=status, answer_sealed=sealed, etag=etag))


def has_older(connection: Connection, before: datetime) -> bool:
    """Whether there are keys from before this moment."""
    wanted = select(idempotency_keys.c.key).where(idempotency_keys.c.created_at < before).limit(1)
    return connection.execute(wanted).first() is not None


def forget(tx: Writing, before: datetime, limit: int) -> int:
    """Delete keys from before this moment, at most `limit`; how many. Who sends one again does a new deed."""
    key = tuple_(idempotency_keys.c.account_id, idempotency_keys.c.key)
    old = (
        select(idempotency_keys.c.account_id, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_at < before)
        .limit(limit)
    )
    return int(tx.execute(delete(idempotency_keys).where(key.in_(old))).rowcount)
