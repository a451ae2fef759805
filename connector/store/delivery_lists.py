"""Messages, deliveries and attempts as people ask for them: newest first, by filters, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, select, union_all

from .columns import is_name
from .delivery_tables import BLOCKED, DEAD, SENDING, those
from .narrowing import narrowed
from .tables import OPEN, attempts, cards, endpoints, messages, webhook_deliveries
from .writer import Writing

RECENT: Final = 500  # of an endpoint's deliveries, for figures: as many as tell enough
LOOKED_AT: Final = 2_000  # of an account's messages, for samples of a type: more take longer than they help
COUNTED: Final = 10_000  # a backlog is told exactly up to here

_AT_REST: Final = {  # which rows of which partial indexes have a state
    "pending": (OPEN, BLOCKED),
    "retrying": (OPEN,),
    "sending": (SENDING,),
    "dead": (DEAD,),
}

_d: Final = webhook_deliveries.c
_m: Final = messages.c


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery with the names of what it belongs to."""

    id: int
    public_id: str
    message_row: int
    message: str
    type: str
    endpoint_row: int
    endpoint: str
    endpoint_status: str
    card: str | None
    state: str
    reason: str | None
    outcome: str | None
    tries: int
    by_hand: int
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was stored. `body` is empty once it was pruned, and another since `erased_at`."""

    id: int
    public_id: str
    type: str
    card_id: int | None
    card: str | None
    sequence: int | None
    created_at: datetime
    erased_at: datetime | None
    sent_by: str | None
    body: bytes


_LISTED: Final[Select[Any]] = (
    select(
        *(_d.id, _d.public_id, _d.state, _d.reason, _d.outcome, _d.tries, _d.by_hand),
        *(_d.due_at, _d.created_at, _d.ended_at),
        _m.id.label("message_row"),
        _m.public_id.label("message"),
        _m.type,
        endpoints.c.id.label("endpoint_row"),
        endpoints.c.public_id.label("endpoint"),
        endpoints.c.status.label("endpoint_status"),
        cards.c.public_id.label("card"),
    )
    .join(messages, _m.id == _d.message_id)
    .join(endpoints, endpoints.c.id == _d.endpoint_id)
    .outerjoin(cards, cards.c.id == _m.card_id)
)
_MESSAGES: Final[Select[Any]] = select(
    *(_m.id, _m.public_id, _m.type, _m.card_id, _m.sequence, _m.created_at, _m.body, _m.erased_at),
    _m.sent_by,
    cards.c.public_id.label("card"),
).outerjoin(cards, cards.c.id == _m.card_id)


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Listed | None:
    """The account's delivery with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = _LISTED.where(_d.account_id == account_id, _d.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _listed(row)


def page(
    connection: Connection | Writing,
    account_id: int,
    filters: Mapping[str, Any],
    *,
    before: int | None = None,
    limit: int,
) -> list[Listed]:
    """At most `limit` deliveries, newest first, behind the row number `before`.

    `filters`: endpoint, message, card (rows' numbers), state, outcome, type, since, until. State
    `pending` has those that wait for their turn, as people are told.
    """
    wanted: Select[Any] = _LISTED.where(_d.account_id == account_id)
    columns = {
        "endpoint": _d.endpoint_id,
        "message": _d.message_id,
        "card": _m.card_id,
        "outcome": _d.outcome,
        "type": _m.type,
    }
    for name, column in columns.items():
        if name in filters:
            wanted = wanted.where(column == filters[name])
    if "state" in filters:
        states = ("pending", "blocked") if filters["state"] == "pending" else (filters["state"],)
        wanted = wanted.where(_d.state.in_(states))
    wanted = _spanned(wanted, _d.created_at, filters)
    few = _few_deliveries(account_id, filters)
    if isinstance(connection, Writing):  # of one message, as it stands in this transaction
        found = {int(one) for one in connection.execute(few[0]).scalars()} if few else None
    else:
        found = narrowed(connection, few)
    if found is not None:
        wanted = wanted.where(_d.id.in_(found))
    if before is not None:
        wanted = wanted.where(_d.id < before)
    rows = connection.execute(wanted.order_by(_d.id.desc()).limit(limit)).mappings()
    return [_listed(row) for row in rows]


def _few_deliveries(account_id: int, filters: Mapping[str, Any]) -> list[Select[Any]]:
    """Rows that these filters may let through, where an index leads to them: else history is walked."""
    found: list[Select[Any]] = []
    if "message" in filters:
        found.append(select(_d.id).where(_d.message_id == filters["message"]))
    if "card" in filters:
        its = select(_m.id).where(_m.card_id == filters["card"])
        found.append(select(_d.id).where(_d.message_id.in_(its)))
    where = _AT_REST.get(filters.get("state", ""), ())
    if where:
        ours = select(endpoints.c.id).where(endpoints.c.account_id == account_id)
        its_endpoint = (
            _d.endpoint_id == filters["endpoint"] if "endpoint" in filters else _d.endpoint_id.in_(ours)
        )
        each = (those(one, select(_d.id).where(its_endpoint)) for one in where)
        found.append(select(union_all(*each).subquery().c.id))
    return found


def find_message(connection: Connection | Writing, account_id: int, public_id: str) -> Message | None:
    """The account's message with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = _MESSAGES.where(_m.account_id == account_id, _m.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _message(row)


def messages_page(
    connection: Connection, account_id: int, filters: Mapping[str, Any], *, before: int | None, limit: int
) -> list[Message]:
    """At most `limit` messages, newest first; `filters`: type, card (a row's number), since, until."""
    wanted: Select[Any] = _MESSAGES.where(_m.account_id == account_id)
    if "type" in filters:
        wanted = wanted.where(_m.type == filters["type"])
    if "card" in filters:
        wanted = wanted.where(_m.card_id == filters["card"])
    wanted = _spanned(wanted, _m.created_at, filters)
    its = [select(_m.id).where(_m.card_id == filters["card"])] if "card" in filters else []
    found = narrowed(connection, its)
    if found is not None:
        wanted = wanted.where(_m.id.in_(found))
    if before is not None:
        wanted = wanted.where(_m.id < before)
    rows = connection.execute(wanted.order_by(_m.id.desc()).limit(limit)).mappings()
    return [_message(row) for row in rows]


def newest_of_type(
    connection: Connection, account_id: int, pattern: str, limit: int, among: int = LOOKED_AT
) -> list[bytes]:
    """The bodies of an account's newest messages of a type, a family or any, that are still kept.

    Looked for `among` its newest alone: a type that is never told would walk all that ever was.
    """
    family = pattern.removesuffix("*")
    is_it = _m.type == pattern if family == pattern else _m.type.startswith(family, autoescape=True)
    newest = select(_m.id).where(_m.account_id == account_id).order_by(_m.id.desc()).limit(among)
    wanted = (
        select(_m.body)
        .where(_m.id.in_(newest.scalar_subquery()), is_it, _m.body != b"")
        .order_by(_m.id.desc())
        .limit(limit)
    )
    return [bytes(body) for body in connection.execute(wanted).scalars()]


def attempts_of(connection: Connection | Writing, delivery_id: int) -> list[dict[str, Any]]:
    """The attempts of one delivery, oldest first."""
    wanted = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.id)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def recent_records(connection: Connection | Writing, endpoint_id: int, since: datetime) -> list[Any]:
    """What was kept of an endpoint's attempts since then, of its newest deliveries: RECENT at most."""
    newest = select(_d.id).where(_d.endpoint_id == endpoint_id).order_by(_d.id.desc()).limit(RECENT)
    wanted = select(attempts.c.record).where(
        attempts.c.delivery_id.in_(newest.scalar_subquery()), attempts.c.started_at >= since
    )
    return [one for one in connection.execute(wanted).scalars() if one["outcome"] != "lost"]


def count_open(connection: Connection | Writing, endpoint_id: int) -> int:
    """How many deliveries of an endpoint are open, counted no further than COUNTED."""
    wanted = those(OPEN, select(_d.id).where(_d.endpoint_id == endpoint_id)).limit(COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(wanted)).scalar_one())


def counts_open(connection: Connection | Writing, endpoint_ids: Sequence[int]) -> dict[int, int]:
    """As count_open, of many endpoints by one question."""
    number = endpoints.c.id.label("endpoint")
    of_one = those(OPEN, select(_d.id).where(_d.endpoint_id == endpoints.c.id)).limit(COUNTED)
    counted = select(func.count()).select_from(of_one.correlate(endpoints).subquery())
    wanted = select(number, counted.correlate(endpoints).scalar_subquery().label("backlog")).where(
        endpoints.c.id.in_(endpoint_ids)
    )
    rows = connection.execute(wanted).mappings()
    return {row["endpoint"]: row["backlog"] for row in rows}


def numbers(
    connection: Connection | Writing, account_id: int, names: Mapping[str, str]
) -> dict[str, int] | None:
    """Rows' numbers of an endpoint (a deleted one too), a message, a card; None where one is not there."""
    tables = {"endpoint": endpoints, "message": messages, "card": cards}
    found: dict[str, int] = {}
    for name, public_id in names.items():
        table = tables[name]
        wanted = select(table.c.id).where(table.c.account_id == account_id, table.c.public_id == public_id)
        number = connection.execute(wanted).scalar() if is_name(public_id) else None
        if number is None:
            return None
        found[name] = int(number)
    return found


def _spanned(wanted: Select[Any], column: Any, filters: Mapping[str, Any]) -> Select[Any]:
    if "since" in filters:
        wanted = wanted.where(column >= filters["since"])
    if "until" in filters:
        wanted = wanted.where(column < filters["until"])
    return wanted


def _listed(row: RowMapping) -> Listed:
    return Listed(**{name: row[name] for name in Listed.__slots__})


def _message(row: RowMapping) -> Message:
    return Message(
        **{name: row[name] for name in Message.__slots__ if name != "body"}, body=bytes(row["body"])
    )
