"""Seals: once a day the heads of all chains are digested and signed, so that a cut or forged tail shows.

Each seal covers the chains that moved since the one before and takes up that
one's root; it is signed under the key ring, which is not in the database. Who can
write to the database but has no ring can make no other seal; who takes the newest
seals away is found out by a copy that is kept elsewhere.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..domain.events import rfc3339
from ..domain.jsontext import dumps
from ..domain.sealing import KeyRing
from ..domain.transfers import NO_HASH
from ..store import seals as rows
from ..store.engine import Reading
from ..store.seals import Head, SealRow
from ..store.writer import Writing


@dataclass(frozen=True, slots=True)
class Seal:
    """What to keep elsewhere: `root` digests the heads that moved and every seal before."""

    day: str
    last_transfer: int
    heads: int
    previous_root: str
    root: str
    sealed_at: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """What is signed: everything but the signature."""
        return dumps({**asdict(self), "signature": ""}).encode()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_seal(told: Mapping[str, Any]) -> Seal:
    """The seal that `as_json` gave; ValueError for anything else."""
    wanted = {name: int if name in ("last_transfer", "heads") else str for name in Seal.__slots__}
    if {name: type(value) for name, value in told.items()} != wanted:
        raise ValueError("not a seal")
    return Seal(**told)


def newest_line(tx: Writing) -> int:
    """Up to where the ledger can be sealed now; in a transaction of its own, for which all money waits."""
    return rows.last_transfer(tx)


def seal(tx: Writing, ring: KeyRing, until: int) -> Seal | None:
    """Seal the ledger up to the line `until`, from `newest_line`; None where this day (UTC) has its seal."""
    day = tx.wall.date().isoformat()
    rows.lock(tx)
    before = rows.last(tx)
    if before is not None and before.day >= day:
        return None
    after = 0 if before is None else before.last_transfer
    until = max(until, after)  # somebody may have sealed the day before while we were on our way
    heads = rows.moved_heads(tx, after, until)
    tx.pause("seals.heads_read")
    previous = NO_HASH if before is None else before.root
    made = Seal(day, until, len(heads), previous, _root(previous, heads), rfc3339(tx.wall))
    signature = ring.sign(made.message)
    values = {
        "day": day,
        "last_transfer": until,
        "heads": len(heads),
        "previous_root": previous,
        "root": made.root,
        "signature": signature,
        "created_at": tx.wall,
    }
    return _signed(made, signature) if rows.add(tx, values, heads) else None


def newest(connection: Reading) -> Seal | None:
    """The newest seal, to be kept elsewhere; None before the first."""
    found = rows.last(connection)
    return None if found is None else _seal_of(found)


def faults(connection: Reading, ring: KeyRing, kept: Seal | None = None) -> Iterator[str]:
    """What the seals say against the ledger; `kept` is one that was kept elsewhere."""
    previous, last = NO_HASH, 0
    every = rows.every(connection)
    for row in every:
        found = _seal_of(row)
        place = f"seal of {row.day}"
        if not ring.has_signed(found.message, row.signature):
            yield f"{place}: was not signed by this connector's keys"
        if row.previous_root != previous:
            yield f"{place}: does not follow the seal before it, so one was taken away or put in"
        if row.root != _root(row.previous_root, rows.heads_of(connection, row)):
            yield f"{place}: its heads were changed"
        previous, last = row.root, row.last_transfer
    for head in rows.broken(connection):
        yield f"{head.chain}: its line number {head.number} was sealed and is not there, or is another one"
    if every:
        for chain, line in rows.uncovered(connection, last):
            yield f"{chain}, transfer {line}: is older than the last seal, which does not know it"
    if kept is not None:
        yield from _against(kept, every, ring)


def _against(kept: Seal, every: list[SealRow], ring: KeyRing) -> Iterator[str]:
    place = f"the seal of {kept.day} that was kept"
    if not ring.has_signed(kept.message, kept.signature):
        yield f"{place}: was not signed by this connector's keys"
    elif kept.root not in [row.root for row in every]:
        yield f"{place}: the database does not have it, so its history is another one"


def _root(previous: str, heads: Iterable[Head]) -> str:
    digest = hashlib.sha256(previous.encode())
    for head in heads:
        digest.update(dumps([head.chain, head.number, head.hash]).encode() + b"\n")
    return digest.hexdigest()


def _seal_of(row: SealRow) -> Seal:
    unsigned = Seal(
        row.day, row.last_transfer, row.heads, row.previous_root, row.root, rfc3339(row.created_at)
    )
    return _signed(unsigned, row.signature)


def _signed(made: Seal, signature: str) -> Seal:
    return Seal(**{**asdict(made), "signature": signature})
