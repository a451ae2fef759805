"""Seals as rows: which heads each one covers. What they mean is said in ledger/seals.py."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, case, func, insert, or_, select, text

from .tables import cards, funds, seal_heads, seals, transfers
from .writer import Writing

# A chain is named as people know it: by its card or its funds; the other half of an exchange by itself.
_CHAIN: Final = func.coalesce(cards.c.public_id, funds.c.public_id, transfers.c.public_id)
_LINES: Final = transfers.outerjoin(cards, cards.c.id == transfers.c.card_id).outerjoin(
    funds, funds.c.id == transfers.c.fund_id
)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one chain: the number and hash of its last line. Number 0: a line of no chain."""

    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class SealRow:
    """One seal as it stands in the database."""

    id: int
    day: str
    last_transfer: int
    heads: int
    previous_root: str
    root: str
    signature: str
    created_at: datetime


def last(connection: Connection | Writing) -> SealRow | None:
    """The newest seal, or None."""
    row = connection.execute(select(seals).order_by(seals.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _seal(row)


def every(connection: Connection) -> list[SealRow]:
    """All seals, oldest first."""
    return [_seal(row) for row in connection.execute(select(seals).order_by(seals.c.id)).mappings()]


def last_transfer(tx: Writing) -> int:
    """The newest line's number: whoever writes later gets a greater one.

    All who are writing are waited for and nobody begins meanwhile, so nothing else belongs
    into this transaction.
    """
    if not tx.is_alone:
        tx.execute(text("LOCK TABLE transfers IN SHARE MODE"))
    return int(tx.execute(select(func.coalesce(func.max(transfers.c.id), 0))).scalar_one())


def lock(tx: Writing) -> None:
    """Nobody else seals before the commit; whoever moves money goes on."""
    if not tx.is_alone:
        tx.execute(text("LOCK TABLE seals IN SHARE ROW EXCLUSIVE MODE"))


def moved_heads(tx: Writing, after: int, until: int) -> list[Head]:
    """The last line of each chain that has one behind line `after`, up to line `until`; by chain."""
    newest = (
        select(func.max(transfers.c.id))
        .where(transfers.c.id > after, transfers.c.id <= until)
        .group_by(
            transfers.c.card_id,
            transfers.c.fund_id,
            case((transfers.c.number.is_(None), transfers.c.id)),
        )
    )
    wanted = (
        select(_CHAIN.label("chain"), func.coalesce(transfers.c.number, 0).label("number"), transfers.c.hash)
        .select_from(_LINES)
        .where(transfers.c.id.in_(newest))
    )
    found = [Head(row.chain, row.number, row.hash) for row in tx.execute(wanted)]
    return sorted(found, key=lambda head: head.chain)


def add(tx: Writing, values: dict[str, Any], heads: list[Head]) -> bool:
    """Write one seal and the heads that it covers; False where its day has one already."""
    seal_id = tx.insert_new(seals, values, ("day",))
    if seal_id is None:
        return False
    if heads:
        tx.execute(insert(seal_heads), [{"seal_id": seal_id, **asdict(head)} for head in heads])
    return True


def heads_of(connection: Connection, seal: SealRow) -> Iterator[Head]:
    """The heads that a seal covers, by chain."""
    wanted = select(seal_heads).where(seal_heads.c.seal_id == seal.id)
    rows = connection.execution_options(yield_per=1_000).execute(wanted).mappings()
    found = [Head(str(row["chain"]), row["number"], str(row["hash"])) for row in rows]
    return iter(sorted(found, key=lambda head: head.chain))


def broken(connection: Connection) -> Iterator[Head]:
    """Sealed heads whose line is not there any more, or is another one."""
    stands = or_(
        and_(cards.c.id.is_not(None), _lines_of("card_id", cards.c.id)),
        and_(funds.c.id.is_not(None), _lines_of("fund_id", funds.c.id)),
        and_(seal_heads.c.number == 0, _loose()),
    )
    wanted = (
        select(seal_heads)
        .select_from(
            seal_heads.outerjoin(cards, cards.c.public_id == seal_heads.c.chain).outerjoin(
                funds, funds.c.public_id == seal_heads.c.chain
            )
        )
        .where(~stands)
        .order_by(seal_heads.c.seal_id, seal_heads.c.chain)
    )
    for row in connection.execute(wanted).mappings():
        yield Head(str(row["chain"]), row["number"], str(row["hash"]))


def uncovered(connection: Connection, until: int) -> Iterator[tuple[str, str]]:
    """Lines up to `until` that no seal covers, as chain and line: somebody put them in later."""
    covers = (
        select(seal_heads.c.chain)
        .where(seal_heads.c.chain == _CHAIN, seal_heads.c.number >= func.coalesce(transfers.c.number, 0))
        .correlate(cards, funds, transfers)
        .exists()
    )
    wanted = (
        select(_CHAIN.label("chain"), transfers.c.public_id)
        .select_from(_LINES)
        .where(transfers.c.id <= until, ~covers)
        .order_by(transfers.c.id)
    )
    for row in connection.execute(wanted):
        yield str(row.chain), str(row.public_id)


def _lines_of(column: str, row_id: Any) -> Any:
    return (
        select(transfers.c.id)
        .where(
            transfers.c[column] == row_id,
            transfers.c.number == seal_heads.c.number,
            transfers.c.hash == seal_heads.c.hash,
        )
        .correlate(seal_heads, cards, funds)
        .exists()
    )


def _loose() -> Any:
    return (
        select(transfers.c.id)
        .where(
            transfers.c.public_id == seal_heads.c.chain,
            transfers.c.number.is_(None),
            transfers.c.hash == seal_heads.c.hash,
        )
        .correlate(seal_heads)
        .exists()
    )


def _seal(row: RowMapping) -> SealRow:
    return SealRow(
        id=row["id"],
        day=str(row["day"]),
        last_transfer=row["last_transfer"],
        heads=row["heads"],
        previous_root=str(row["previous_root"]),
        root=str(row["root"]),
        signature=str(row["signature"]),
        created_at=row["created_at"],
    )
