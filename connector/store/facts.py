"""Running totals as facts: one row for each booking, sale, refund; the latest telling wins.

Told three times, under other delivery ids, in any order: the totals are the same.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from .prepared import Prepared
from .tables import facts
from .writer import Writing, ask

_UNIQUE: Final = ("contact_id", "source_id", "kind", "subject")
_TOLD: Final = ("state", "rank", "amount", "currency", "at", "occurred_at")
_SUMS: Final = Prepared(
    select(
        facts.c.kind,
        facts.c.state,
        facts.c.currency,
        func.count().label("count"),
        func.sum(facts.c.amount).label("amount"),
        func.max(func.coalesce(facts.c.at, facts.c.occurred_at)).label("last_at"),
        func.max(facts.c.first_at).label("last_first_at"),
    )
    .where(facts.c.contact_id == bindparam("contact_id"))
    .group_by(facts.c.kind, facts.c.state, facts.c.currency)
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event says of one booking, sale, refund or award of points.

    `amount` in minor units of `currency` (points: a count, no currency); `at` is
    when the thing itself takes place, `rank` decides between two states that were
    told at one moment.
    """

    kind: str
    subject: str
    state: str
    occurred_at: datetime
    rank: int = 0
    amount: int | None = None
    currency: str | None = None
    at: datetime | None = None


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


def _statement(dialect: Any) -> Any:
    insert = dialect.insert(facts)
    new = insert.excluded
    is_news = tuple_(new.occurred_at, new.rank, func.coalesce(new.amount, -1)) > tuple_(
        facts.c.occurred_at, facts.c.rank, func.coalesce(facts.c.amount, -1)
    )
    changed: dict[str, Any] = {name: case((is_news, new[name]), else_=facts.c[name]) for name in _TOLD}
    changed["first_at"] = case((new.first_at < facts.c.first_at, new.first_at), else_=facts.c.first_at)
    return insert.on_conflict_do_update(index_elements=list(_UNIQUE), set_=changed)


_TELL: Final = {True: Prepared(_statement(sqlite)), False: Prepared(_statement(postgresql))}


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
        "first_at": fact.occurred_at,
        "occurred_at": fact.occurred_at,
    }
    tx.do(_TELL[tx.is_alone], values)


def totals(connection: Connection | Writing, contact_id: int) -> Totals:
    """The sums over a contact's facts; the database adds up: every till has a walk-in with thousands."""
    visits = no_shows = points = 0
    spent: dict[str, int] = {}
    visit_times: list[datetime] = []
    booking_times: list[datetime] = []
    for row in ask(connection, _SUMS, {"contact_id": contact_id}):
        amount = int(row["amount"] or 0)
        if row["kind"] == "booking":
            booking_times.append(row["last_first_at"])
            no_shows += row["count"] if row["state"] == "no_show" else 0
            if row["state"] == "completed":
                visits += row["count"]
                visit_times.append(row["last_at"])
        elif row["kind"] == "points":
            points += amount
        elif row["currency"] is not None:
            spent[row["currency"]] = spent.get(row["currency"], 0) + (
                amount if row["kind"] == "sale" else -amount
            )
    return Totals(
        visits=visits,
        no_shows=no_shows,
        points=points,
        spent=tuple(sorted(spent.items())),
        last_visit_at=max(visit_times, default=None),
        last_booking_at=max(booking_times, default=None),
    )
