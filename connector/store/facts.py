"""Running totals as facts: one row for each booking, sale, refund; the latest telling wins.

Told three times, under other delivery ids, in any order: the totals are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from .columns import Moment
from .prepared import Prepared
from .tables import facts, sources
from .writer import Writing, ask

OWN: Final = 0
"""The source of what our own API tells."""

RENAMED: Final = "renamed"
"""In a booking's detail: by what it was called what the one is called that stands for it now."""

_UNIQUE: Final = ("contact_id", "source_id", "kind", "subject")
_TOLD: Final = ("state", "rank", "amount", "currency", "at", "occurred_at", "part_of", "detail")


def _sums(is_asked: Any) -> Any:
    """Count and sum per contact, kind, state and currency.

    A sale that is told as a whole and in parts is the larger of the two, in the
    whole's currency: an invoice and its payments are one sale, and two part
    payments are both counted.
    """
    plain = (
        select(
            facts.c.contact_id,
            facts.c.kind,
            facts.c.state,
            facts.c.currency,
            func.count().label("count"),
            func.sum(facts.c.amount).label("amount"),
            func.max(func.coalesce(facts.c.at, facts.c.occurred_at)).label("last_at"),
            func.max(facts.c.first_at).label("last_first_at"),
        )
        .where(is_asked(facts.c.contact_id), facts.c.part_of.is_(None))
        .group_by(facts.c.contact_id, facts.c.kind, facts.c.state, facts.c.currency)
    )
    whole = facts.alias("whole")
    is_whole = facts.c.subject == facts.c.part_of
    told_otherwise = exists().where(
        whole.c.contact_id == facts.c.contact_id,
        whole.c.source_id == facts.c.source_id,
        whole.c.kind == facts.c.kind,
        whole.c.subject == facts.c.part_of,
        whole.c.currency != facts.c.currency,
    )
    in_whole = func.sum(case((is_whole, facts.c.amount), else_=0))
    in_parts = func.sum(case((is_whole, 0), else_=facts.c.amount))
    sales = (
        select(
            facts.c.contact_id,
            facts.c.currency,
            case((in_whole > in_parts, in_whole), else_=in_parts).label("amount"),
        )
        .where(is_asked(facts.c.contact_id), facts.c.part_of.is_not(None), ~told_otherwise)
        .group_by(facts.c.contact_id, facts.c.source_id, facts.c.part_of, facts.c.currency)
        .subquery()
    )
    parted = select(
        sales.c.contact_id,
        literal_column("'sale'"),
        literal_column("'told'"),
        sales.c.currency,
        func.count(),
        func.sum(sales.c.amount),
        cast(null(), Moment),
        cast(null(), Moment),
    ).group_by(sales.c.contact_id, sales.c.currency)
    return union_all(plain, parted)


_SUMS: Final = Prepared(_sums(lambda column: column == bindparam("contact_id")))
_SUMS_OF_MANY: Final = _sums(lambda column: column.in_(bindparam("contact_ids", expanding=True)))
_KNOWN: Final = Prepared(
    select(facts).where(
        facts.c.contact_id == bindparam("contact_id"),
        facts.c.source_id == bindparam("source_id"),
        facts.c.kind == bindparam("kind"),
        facts.c.subject == bindparam("subject"),
    )
)
_RENAMED: Final = Prepared(
    select(facts.c.detail)
    .join(sources, sources.c.id == facts.c.source_id)
    .where(
        sources.c.account_id == bindparam("account_id"),
        sources.c.slug == bindparam("slug"),
        facts.c.contact_id == bindparam("contact_id"),
        facts.c.kind == "booking",
        facts.c.state == "cancelled",
        facts.c.detail.is_not(None),
    )
)
_PAYERS: Final = Prepared(
    select(facts.c.contact_id)
    .distinct()
    .where(
        facts.c.source_id == bindparam("source_id"),
        facts.c.kind == literal_column("'sale'"),  # written out, for it is the index's own condition
        facts.c.subject.in_((bindparam("one"), bindparam("other"))),
    )
    .limit(2)
)
_POINTS: Final = Prepared(
    select(func.coalesce(func.sum(facts.c.amount), 0).label("points")).where(
        facts.c.contact_id == bindparam("contact_id"), facts.c.kind == "points"
    )
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event says of one booking, sale, refund or award of points.

    `amount` in minor units of `currency` (points: a count, no currency); `at` is
    when the thing itself takes place, `rank` decides between two states that were
    told at one moment. `part_of` ties a sale's parts to the whole (its own subject
    there); `detail` is a points line's: who, why, and what they became; a booking's: what was asked of it
    since. `first_at`, of a known one: the earliest moment of all that was told of it.
    """

    kind: str
    subject: str
    state: str
    occurred_at: datetime
    rank: int = 0
    amount: int | None = None
    currency: str | None = None
    at: datetime | None = None
    part_of: str | None = None
    detail: Mapping[str, Any] | None = None
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a contact's points as it stands: `id` is the row's, `source` None for our own API."""

    id: int
    subject: str
    state: str
    points: int
    source: str | None
    occurred_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a contact's facts add up to. `spent`: minor units per currency."""

    visits: int = 0
    no_shows: int = 0
    points: int = 0
    spent: tuple[tuple[str, int], ...] = ()
    last_visit_at: datetime | None = None
    last_booking_at: datetime | None = None

    def spent_in(self, currency: str) -> int:
        return dict(self.spent).get(currency, 0)


def _upsert(dialect: Any, rows: Any = None) -> Any:
    """Insert one fact, or the `rows` of a SELECT; where the subject is known, the newest telling stays."""
    statement = dialect.insert(facts)
    if rows is not None:
        statement = statement.from_select([column.name for column in rows.selected_columns], rows)
    new = statement.excluded
    is_news = _order(new) > _order(facts.c)
    changed: dict[str, Any] = {name: case((is_news, new[name]), else_=facts.c[name]) for name in _TOLD}
    changed["first_at"] = case((new.first_at < facts.c.first_at, new.first_at), else_=facts.c.first_at)
    return statement.on_conflict_do_update(index_elements=list(_UNIQUE), set_=changed)


def _order(told: Any) -> Any:
    """Which of two tellings is the newer; of two at one moment always the same one, whichever came first."""
    words = (func.coalesce(told.currency, ""), func.coalesce(told.part_of, ""))
    return tuple_(told.occurred_at, told.rank, func.coalesce(told.amount, -1), *words)


_TELL: Final = {True: Prepared(_upsert(sqlite)), False: Prepared(_upsert(postgresql))}


def tell(tx: Writing, contact_id: int, source_id: int, fact: Fact) -> None:
    """Note a fact, unless something newer is known of the same subject."""
    values = {
        "contact_id": contact_id,
        "source_id": source_id,
        "kind": fact.kind,
        "subject": fact.subject,
        "state": fact.state,
        "rank": fact.rank,
        "amount": fact.amount,
        "currency": fact.currency,
        "at": fact.at,
        "first_at": fact.first_at or fact.occurred_at,
        "occurred_at": fact.occurred_at,
        "part_of": fact.part_of,
        "detail": fact.detail,
    }
    tx.do(_TELL[tx.is_alone], values)


def known(tx: Writing, contact_id: int, source_id: int, kind: str, subject: str) -> Fact | None:
    """What is known of this subject: its newest telling, or None."""
    values = {"contact_id": contact_id, "source_id": source_id, "kind": kind, "subject": subject}
    rows = tx.fetch(_KNOWN, values)
    return Fact(**{name: rows[0][name] for name in Fact.__slots__}) if rows else None


def payer(tx: Writing, source_id: int, sales: tuple[str, str]) -> int | None:
    """Who paid the sales that have one of these subjects there; None: nobody known, or several."""
    rows = tx.fetch(_PAYERS, {"source_id": source_id, "one": sales[0], "other": sales[1]})
    return int(rows[0]["contact_id"]) if len(rows) == 1 else None


def new_names(tx: Writing, account_id: int, contact_id: int, source: str) -> dict[str, str]:
    """What the contact's bookings that others stand for now are called there, by what they were called."""
    rows = tx.fetch(_RENAMED, {"account_id": account_id, "contact_id": contact_id, "slug": source})
    found: dict[str, str] = {}
    for row in rows:
        found |= row["detail"].get(RENAMED, {})
    return found


def move(tx: Writing, from_contact: int, to_contact: int) -> None:
    """What is known of one contact is known of the other from now on; what both told of counts once."""
    rows = select(
        literal(to_contact, BigInteger).label("contact_id"),
        *(column for column in facts.c if column.name not in ("id", "contact_id")),
    ).where(facts.c.contact_id == from_contact)
    tx.execute(_upsert(sqlite if tx.is_alone else postgresql, rows))
    tx.execute(delete(facts).where(facts.c.contact_id == from_contact))


def totals(connection: Connection | Writing, contact_id: int) -> Totals:
    """The sums over a contact's facts; the database adds up: every till has a walk-in with thousands."""
    return _added(ask(connection, _SUMS, {"contact_id": contact_id}))


def totals_of(connection: Connection | Writing, contact_ids: Sequence[int]) -> dict[int, Totals]:
    """The sums of each of these contacts."""
    rows: dict[int, list[Any]] = {one: [] for one in contact_ids}
    for row in connection.execute(_SUMS_OF_MANY, {"contact_ids": list(contact_ids)}).mappings():
        rows[row["contact_id"]].append(row)
    return {one: _added(found) for one, found in rows.items()}


def points(connection: Connection | Writing, contact_id: int) -> int:
    """What a contact's lines of points add up to."""
    return int(ask(connection, _POINTS, {"contact_id": contact_id})[0]["points"])


def lines(connection: Connection, contact_id: int, *, before: int | None, limit: int) -> list[Line]:
    """At most `limit` lines of points, newest first, in front of the row number `before`."""
    wanted = (
        select(facts, sources.c.slug.label("source"))
        .select_from(facts.outerjoin(sources, sources.c.id == facts.c.source_id))
        .where(facts.c.contact_id == contact_id, facts.c.kind == "points")
    )
    if before is not None:
        wanted = wanted.where(facts.c.id < before)
    rows = connection.execute(wanted.order_by(facts.c.id.desc()).limit(limit)).mappings()
    return [
        Line(
            id=row["id"],
            subject=row["subject"],
            state=row["state"],
            points=row["amount"],
            source=row["source"],
            occurred_at=row["occurred_at"],
            detail=row["detail"] or {},
        )
        for row in rows
    ]


def _added(rows: Iterable[Mapping[str, Any]]) -> Totals:
    visits = no_shows = counted = 0
    spent: dict[str, int] = {}
    visit_times: list[datetime] = []
    booking_times: list[datetime] = []
    for row in rows:
        amount = int(row["amount"] or 0)
        if row["kind"] == "booking":
            booking_times.append(row["last_first_at"])
            no_shows += row["count"] if row["state"] == "no_show" else 0
            if row["state"] == "completed":
                visits += row["count"]
                visit_times.append(row["last_at"])
        elif row["kind"] == "points":
            counted += amount
        elif row["currency"] is not None:
            spent[row["currency"]] = spent.get(row["currency"], 0) + (
                amount if row["kind"] == "sale" else -amount
            )
    return Totals(
        visits=visits,
        no_shows=no_shows,
        points=counted,
        spent=tuple(sorted(spent.items())),
        last_visit_at=max(visit_times, default=None),
        last_booking_at=max(booking_times, default=None),
    )
