"""Inbound deliveries and their events, and what makes each of them unique."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, delete, func, insert, select, update

from ..domain.inbound import Request
from ..domain.sealing import KeyRing
from . import shares
from .columns import is_name
from .prepared import Prepared
from .steering import shielded
from .tables import delivery_keys, events, inbound_deliveries, sources
from .writer import Writing

_ANSWER: Final = "delivery answer"
_BODY: Final = "delivery body"
_ADD: Final = Prepared(insert(inbound_deliveries), returns_id=True)
_ADD_EVENT: Final = Prepared(insert(events), returns_id=True)
_BY_PUBLIC: Final = select(inbound_deliveries).where(inbound_deliveries.c.public_id == bindparam("public_id"))
_SETTLE: Final = Prepared(
    update(inbound_deliveries)
    .where(inbound_deliveries.c.id == bindparam("delivery"))
    .values(
        status=bindparam("to_status"),
        reason=bindparam("why"),
        answer_sealed=bindparam("answer"),
        due_at=bindparam("due"),
    )
)
_KEY: Final = (
    delivery_keys.c.source_id == bindparam("at_source"),
    delivery_keys.c.key_hash == bindparam("at_hash"),
)
_HAS_KEY: Final = Prepared(select(delivery_keys.c.source_id).where(*_KEY))
_DROP_KEY: Final = Prepared(delete(delivery_keys).where(*_KEY))
_DROP_OLD_KEY: Final = Prepared(
    delete(delivery_keys).where(*_KEY, delivery_keys.c.taken_at < bindparam("before"))
)
_HOLDER: Final = Prepared(select(delivery_keys.c.delivery).where(*_KEY))
# Of the headers everything is kept that reading may need again, and nothing that proves who sent it.
PROOFS: Final = ("signature", "authorization", "cookie", "secret", "token", "hmac", "key", "auth")
_NO_PROOF: Final = "idempotency-key"  # it names the delivery: run later, it must still be known by it
_MAX_HEADER: Final = 1_000
NOTHING: Final[Mapping[str, Any]] = {"method": "POST", "headers": {}, "query": ""}
"""What is kept of the request of a delivery whose payload was forgotten."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An inbound delivery as it is kept. `answer` is the first answer, None while it has not run.

    `is_pruned`: what it said was forgotten when its time was over.
    """

    id: int
    public_id: str
    account_id: int
    source_id: int
    received_at: datetime
    status: str
    reason: str | None
    request: Mapping[str, Any]
    body: bytes
    answer: bytes | None
    tries: int
    due_at: datetime | None = None
    is_pruned: bool = False

    @property
    def as_request(self) -> Request:
        """The request that it was, without what proved it."""
        kept = self.request
        return Request(
            method=kept["method"],
            url="",
            headers=kept["headers"],
            body=self.body,
            address="",
            received_at=self.received_at,
            query=kept["query"],
        )


def take_keys(
    tx: Writing, source_id: int, delivery: str, keys: Sequence[tuple[str, bool]], weak_for: timedelta
) -> str | None:
    """Claim every key for `delivery`, or give the id of the delivery that has one already.

    A key is a text and whether it is weak: a weak one (a hash of the body) is
    forgotten after `weak_for`, the others are kept for ever. A copy that comes
    while the first still runs waits here for its commit.
    """
    claimed: list[str] = []
    for text, is_weak in keys:
        if is_weak:
            old = {"at_source": source_id, "at_hash": _hash(text), "before": tx.wall - weak_for}
            tx.do(_DROP_OLD_KEY, old)
        values = {
            "source_id": source_id,
            "key_hash": _hash(text),
            "delivery": delivery,
            "taken_at": tx.wall,
        }
        if tx.insert_new(delivery_keys, values, ("source_id", "key_hash")) is not None:
            claimed.append(text)
            continue
        [holder] = tx.fetch(_HOLDER, {"at_source": source_id, "at_hash": _hash(text)})
        found = str(holder["delivery"])
        if found != delivery:
            give_keys(tx, source_id, claimed, found)
            return found
    return None


def give_keys(tx: Writing, source_id: int, keys: Sequence[str], earlier: str) -> None:
    """What claimed these keys turned out to be `earlier` again: they speak for that one from now on."""
    if keys:
        tx.execute(update(delivery_keys).where(_key_at(source_id, keys)).values(delivery=earlier))


def is_taken(tx: Writing, source_id: int, key: str) -> bool:
    """Whether anything of the source has this key."""
    return bool(tx.fetch(_HAS_KEY, {"at_source": source_id, "at_hash": _hash(key)}))


def forget_key(tx: Writing, source_id: int, key: str) -> None:
    """Let the key be taken again."""
    tx.do(_DROP_KEY, {"at_source": source_id, "at_hash": _hash(key)})


def _key_at(source_id: int, keys: Sequence[str]) -> ColumnElement[bool]:
    hashes = [_hash(text) for text in keys]
    return (delivery_keys.c.source_id == source_id) & delivery_keys.c.key_hash.in_(hashes)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:20]


def add(
    tx: Writing,
    ring: KeyRing,
    *,
    public_id: str,
    account_id: int,
    source_id: int,
    request: Request,
    status: str,
    reason: str | None = None,
    due_at: datetime | None = None,
) -> int:
    """Keep a delivery; its row's number. The body is sealed: a till's event may hold a card's code."""
    headers = {
        name: value[:_MAX_HEADER]
        for name, value in request.headers.items()
        if name == _NO_PROOF or not any(proof in name for proof in PROOFS)
    }
    return tx.insert(
        _ADD,
        {
            "public_id": public_id,
            "account_id": account_id,
            "source_id": source_id,
            "received_at": request.received_at,
            "status": status,
            "reason": reason,
            "request": {"method": request.method, "headers": headers, "query": request.query},
            "body": ring.seal(request.body, _BODY).encode(),
            "due_at": due_at,
            "tries": 0,
        },
    )


def settle(
    tx: Writing, ring: KeyRing, delivery_id: int, *, status: str, answer: bytes, reason: str | None = None
) -> None:
    """Write what became of a delivery; the answer is sealed, since it may hold a code."""
    values = {
        "delivery": delivery_id,
        "to_status": status,
        "why": reason,
        "answer": ring.seal(answer, _ANSWER),
        "due": None,
    }
    tx.do(_SETTLE, values)


def close(tx: Writing, delivery_id: int, *, status: str, reason: str) -> None:
    """Write that nothing more becomes of a delivery; it gave no answer of its own."""
    at = inbound_deliveries.c.id == delivery_id
    tx.execute(update(inbound_deliveries).where(at).values(status=status, reason=reason, due_at=None))


def postpone(tx: Writing, delivery_id: int, *, tries: int, due_at: datetime | None, reason: str) -> None:
    """A stored delivery is to be run at `due_at`, or never again (None: parked, and `reason` says why)."""
    at = inbound_deliveries.c.id == delivery_id
    tx.execute(update(inbound_deliveries).where(at).values(tries=tries, due_at=due_at, reason=reason))


def replace_envelope(tx: Writing, event_id: int, envelope: str) -> None:
    """Write an event's envelope anew, with what must not be kept taken out."""
    tx.execute(update(events).where(events.c.id == event_id).values(envelope=envelope))


def replace_body(tx: Writing, ring: KeyRing, delivery_id: int, body: bytes) -> None:
    """Keep this as what the delivery said, with what must not be kept taken out."""
    at = inbound_deliveries.c.id == delivery_id
    tx.execute(update(inbound_deliveries).where(at).values(body=ring.seal(body, _BODY).encode()))


def empty(tx: Writing, ring: KeyRing, delivery_ids: Sequence[int]) -> None:
    """Forget what these deliveries said, and keep that they came and what became of them."""
    at = inbound_deliveries.c.id.in_(delivery_ids)
    body = ring.seal(b"", _BODY).encode()
    tx.execute(update(inbound_deliveries).where(at).values(request=NOTHING, body=body))


def due(
    connection: Connection,
    now: datetime,
    limit: int,
    but: Collection[str] = (),
    source_id: int | None = None,
) -> list[str]:
    """Ids of stored deliveries whose time to run has come, oldest first, of many accounts.

    `but`: of none of these adapters. `source_id`: of this source alone.
    """
    wanted = (
        select(inbound_deliveries.c.public_id, inbound_deliveries.c.account_id)
        .where(*_is_due(now))
        .order_by(inbound_deliveries.c.due_at, inbound_deliveries.c.id)
    )
    if but:
        wanted = wanted.join_from(inbound_deliveries, sources).where(sources.c.adapter.not_in(but))
    if source_id is not None:
        # Of what is due; by the index of sources SQLite would walk all that the source ever told.
        wanted = wanted.where(shielded(inbound_deliveries)["source_id"] == source_id)
    return shares.oldest(connection, wanted, inbound_deliveries.c.account_id, limit)


def due_sources(
    connection: Connection, now: datetime, adapters: Collection[str], without: Collection[int], limit: int
) -> list[tuple[int, int]]:
    """Sources of these adapters that have something due, but `without` these; each with its account.

    Who has waited longest comes first.
    """
    source = inbound_deliveries.c.source_id
    wanted = (
        select(source, sources.c.account_id)
        .join_from(inbound_deliveries, sources)
        .where(*_is_due(now), sources.c.adapter.in_(adapters), source.not_in(without))
        .group_by(source, sources.c.account_id)
        .order_by(func.min(inbound_deliveries.c.due_at), source)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in connection.execute(wanted)]


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return inbound_deliveries.c.due_at.is_not(None), inbound_deliveries.c.due_at <= now


def find(connection: Connection | Writing, ring: KeyRing, public_id: str) -> Delivery | None:
    """The delivery with this id, its first answer opened."""
    row = connection.execute(_BY_PUBLIC, {"public_id": public_id}).mappings().first()
    return None if row is None else _delivery(row, ring)


def lock(tx: Writing, ring: KeyRing, account_id: int, public_id: str) -> Delivery | None:
    """The account's delivery as it is now, held until the commit, or None."""
    if not is_name(public_id):
        return None
    wanted = _BY_PUBLIC.where(inbound_deliveries.c.account_id == account_id)
    if not tx.is_alone:
        wanted = wanted.with_for_update(key_share=True)
    row = tx.execute(wanted, {"public_id": public_id}).mappings().first()
    return None if row is None else _delivery(row, ring)


def claim(tx: Writing, ring: KeyRing, public_id: str, now: datetime) -> Delivery | None:
    """A due delivery, locked; None where another worker has it or it ran meanwhile."""
    wanted = _BY_PUBLIC.where(inbound_deliveries.c.due_at.is_not(None), inbound_deliveries.c.due_at <= now)
    if not tx.is_alone:
        wanted = wanted.with_for_update(skip_locked=True)
    row = tx.execute(wanted, {"public_id": public_id}).mappings().first()
    return None if row is None else _delivery(row, ring)


def add_event(
    tx: Writing,
    *,
    public_id: str,
    account_id: int,
    source_id: int | None,
    delivery_id: int | None,
    contact_id: int | None,
    event_type: str,
    occurred_at: datetime,
    envelope: str,
) -> int:
    """Keep an event; its row's number. `envelope` is its JSON text."""
    return tx.insert(
        _ADD_EVENT,
        {
            "public_id": public_id,
            "account_id": account_id,
            "source_id": source_id,
            "delivery_id": delivery_id,
            "contact_id": contact_id,
            "type": event_type,
            "occurred_at": occurred_at,
            "envelope": envelope,
            "created_at": tx.wall,
        },
    )


def _delivery(row: RowMapping, ring: KeyRing) -> Delivery:
    sealed = row["answer_sealed"]
    return Delivery(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        source_id=row["source_id"],
        received_at=row["received_at"],
        status=row["status"],
        reason=row["reason"],
        request=row["request"],
        body=ring.open(bytes(row["body"]).decode(), _BODY) if row["body"] else b"",
        answer=None if sealed is None else ring.open(sealed, _ANSWER),
        tries=row["tries"],
        due_at=row["due_at"],
        is_pruned=not row["body"],
    )
