"""The audit trail: one row for each change, written with it, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, RowMapping, Text, insert, or_, select, tuple_, type_coerce

from ..domain.jsontext import dumps
from .columns import microseconds
from .prepared import Prepared
from .tables import audit, cards
from .writer import Writing

_INSERT: Final = Prepared(insert(audit))

NO_CHANGES: Final = ("issue", "reveal")
"""Acts after which a card is as it was made."""
OF_ITS_MAKING: Final = ("disable", "expire")
"""And these, where they are of the moment in which it was made: it was made so."""


def add(
    tx: Writing,
    *,
    account_id: int | None,
    subject: str,
    act: str,
    source: str,
    origin: Mapping[str, Any],
    card_id: int | None = None,
    transfer: str | None = None,
    reason: str | None = None,
    note: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note who did what to `subject` (a public id), by which key, run or user, and why.

    `account_id` is None where it is the platform's, and no account's.
    """
    tx.do(
        _INSERT,
        {
            "account_id": account_id,
            "card_id": card_id,
            "subject": subject,
            "act": act,
            "transfer": transfer,
            "source": source,
            "origin": dict(origin),
            "reason": reason,
            "note": note,
            "details": None if details is None else dict(details),
            "created_at": tx.now,
        },
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the trail; `subject` is the public id of what was changed."""

    id: int
    subject: str
    act: str
    source: str
    created_at: datetime
    transfer: str | None = None
    reason: str | None = None
    note: str | None = None
    details: Mapping[str, Any] | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, int]:
        """Where an account's list goes on behind it."""
        return microseconds(self.created_at), self.id


def page(connection: Connection, card_id: int, *, before: int | None, limit: int) -> list[Entry]:
    """At most `limit` rows of a card's trail, newest first, in front of the row number `before`."""
    wanted = select(audit).where(audit.c.card_id == card_id)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    rows = connection.execute(wanted.order_by(audit.c.id.desc()).limit(limit)).mappings()
    return [_entry(row) for row in rows]


def newest_of(connection: Connection | Writing, card_ids: Sequence[int]) -> dict[int, Entry]:
    """By each card's number the newest change of it; none where nothing was done since it was made."""
    own = audit.alias()
    newest = (
        select(own.c.id)
        .where(
            own.c.card_id == cards.c.id,
            own.c.act.not_in(NO_CHANGES),
            or_(own.c.act.not_in(OF_ITS_MAKING), own.c.created_at != cards.c.created_at),
        )
        .order_by(own.c.id.desc())
        .limit(1)
        .correlate(cards)
        .scalar_subquery()
    )
    whose = select(newest.label("id")).select_from(cards).where(cards.c.id.in_(card_ids)).subquery()
    wanted = select(audit).join(whose, whose.c.id == audit.c.id)
    return {row["card_id"]: _entry(row) for row in connection.execute(wanted).mappings()}


@dataclass(frozen=True, slots=True)
class Filters:
    """What rows of an account are asked for; all that is told holds at once.

    `subject` is a public id, `prefix` how those of one kind begin. `actor`: a word of
    `origin` (a key, a run, a recipe, a command), or the way in. From `since` on, before `until`.
    """

    subject: str | None = None
    prefix: str | None = None
    act: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_page(
    connection: Connection,
    account_id: int | None,
    filters: Filters,
    *,
    after: Sequence[int] | None,
    limit: int,
) -> list[Entry]:
    """At most `limit` rows of an account that fit, newest first, behind the `place` of the last one seen.

    Without an account they are those of the platform: its own keys.
    """
    wanted = select(audit).where(audit.c.account_id == account_id)
    if filters.subject is not None:
        wanted = wanted.where(_is_subject(connection, account_id, filters.subject))
    if filters.prefix is not None:
        wanted = wanted.where(audit.c.subject.startswith(filters.prefix, autoescape=True))
    if filters.act is not None:
        wanted = wanted.where(audit.c.act == filters.act)
    if filters.actor is not None:
        named = type_coerce(audit.c.origin, Text).contains(dumps(filters.actor), autoescape=True)
        wanted = wanted.where(or_(audit.c.source == filters.actor, named))
    if filters.since is not None:
        wanted = wanted.where(audit.c.created_at >= filters.since)
    if filters.until is not None:
        wanted = wanted.where(audit.c.created_at < filters.until)
    at = type_coerce(audit.c.created_at, BigInteger)
    if after is not None:
        wanted = wanted.where(tuple_(at, audit.c.id) < tuple_(*after))
    rows = connection.execute(wanted.order_by(at.desc(), audit.c.id.desc()).limit(limit)).mappings()
    return [_entry(row) for row in rows]


def _is_subject(connection: Connection, account_id: int | None, subject: str) -> Any:
    """A card's rows lie together by its number, all others by their subject."""
    of_card = (cards.c.account_id == account_id) & (cards.c.public_id == subject)
    card = connection.execute(select(cards.c.id).where(of_card)).scalar()
    if card is not None:
        return audit.c.card_id == card
    return (audit.c.subject == subject) & audit.c.card_id.is_(None)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        id=row["id"],
        subject=row["subject"],
        act=row["act"],
        source=row["source"],
        created_at=row["created_at"],
        transfer=row["transfer"],
        reason=row["reason"],
        note=row["note"],
        details=row["details"],
        origin=row["origin"],
    )
