"""Messages, deliveries and attempts as people ask for them: newest first, by filters, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, literal, select, tuple_, union_all

from .columns import Moment, is_name
from .delivery_tables import (
    BLOCKED,
    CANCELLED,
    DEAD,
    FAILED,
    OF_ACCOUNT,
    OF_ENDPOINT,
    SENDING,
    by_index,
    those,
)
from .narrowing import FEW, is_between, narrowed, newest_first
from .steering import count_each, shielded
from .tables import OPEN, attempts, cards, endpoints, messages, webhook_deliveries
from .writer import Writing

RECENT: Final = 500  # of an endpoint's deliveries, for figures: as many as tell enough
LOOKED_AT: Final = 2_000  # of an account's messages, for samples of a type: more take longer than they help
COUNTED: Final = 10_000  # a backlog is told exactly up to here
DELIVERED: Final = "delivered"

_AT_REST: Final = {  # which rows of which partial indexes have a state
    "pending": (OPEN, BLOCKED),
    "retrying": (OPEN,),
    "sending": (SENDING,),
    "dead": (DEAD,),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows are worth what: `few` are read one by one, sorted, in milliseconds. `block` in order
    fill nearly every page; where they do not, up to `many` are better read one by one than a million.
    """

    few: int = FEW
    block: int = 4_000
    many: int = 20_000


BOUNDS: Final = Bounds()

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
    bounds: Bounds = BOUNDS,
) -> list[Listed]:
    """At most `limit` deliveries, newest first, behind the row number `before`.

    `filters`: endpoint, message, card (rows' numbers), state, outcome, type, since, until. State
    `pending` has those that wait for their turn, as people are told.
    """
    candidates = _few_deliveries(account_id, filters)
    if isinstance(connection, Writing):  # of one message, as it stands in this transaction
        found = {int(one) for one in connection.execute(candidates[0]).scalars()} if candidates else None
        wanted = _that_fit(_LISTED, account_id, filters)
        if found is not None:
            wanted = wanted.where(_d.id.in_(found))
        rows = connection.execute(wanted.order_by(_d.id.desc()).limit(limit)).mappings()
        return [_listed(row) for row in rows]
    reader = _Reader(connection, account_id, filters, before, limit)
    found = narrowed(connection, candidates, bounds.few)
    if found is not None or not candidates:
        return reader.read(found)[0]
    first, is_whole = reader.read(None, block=bounds.block)
    if is_whole or len(first) == limit:
        return first
    return reader.read(narrowed(connection, candidates, bounds.many))[0]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one page."""

    connection: Connection
    account_id: int
    filters: Mapping[str, Any]
    before: int | None
    limit: int

    def read(self, found: set[int] | None, block: int | None = None) -> tuple[list[Listed], bool]:
        """Out of the rows `found`; None: out of the shortest list that has them, or its first `block` rows.

        Beside it, whether everything there is was looked at.
        """
        wanted, is_whole = _that_fit(_LISTED, self.account_id, self.filters), True
        if found is None:
            which = self._shortest()
            wanted = self._through(which, wanted)
            last = None if block is None else self._last_of(which, block)
            if last is not None:
                wanted, is_whole = wanted.where(last), False
        elif found:
            wanted = self._newest_first(wanted, found, is_timed=self._lists() != [OF_ENDPOINT])
        else:
            return [], True
        rows = self.connection.execute(wanted.limit(self.limit)).mappings()
        return [_listed(row) for row in rows], is_whole

    def _through(self, which: str, wanted: Select[Any]) -> Select[Any]:
        """Of the list `which`, in its order."""
        return self._newest_first(self._of(which, wanted), None, is_timed=which != OF_ENDPOINT)

    def _newest_first(self, wanted: Select[Any], found: set[int] | None, *, is_timed: bool) -> Select[Any]:
        """In one order, also out of rows that were `found`: two processes number and date in two."""
        return newest_first(
            *(self.connection, wanted, webhook_deliveries, self.filters),
            found=found,
            before=self.before,
            is_timed=is_timed,
        )

    def _last_of(self, which: str, block: int) -> Any:
        """Whether a row is in front of the one behind the first `block`; None: there is none behind."""
        edge = self._through(which, select(_d.created_at, _d.id)).offset(block).limit(1)
        last = self.connection.execute(edge).first()
        if last is None:
            return None
        if which == OF_ENDPOINT:
            return _d.id > last.id
        return tuple_(_d.created_at, _d.id) > tuple_(literal(last.created_at, Moment), literal(last.id))

    def _shortest(self) -> str:
        """Of the lists, the one to go through."""
        lists = self._lists()
        if len(lists) == 1:
            return lists[0]
        counts = count_each(self.connection, [self._of(one, select(_d.id)) for one in lists], COUNTED)
        return min(zip(counts, lists, strict=True), key=lambda pair: pair[0])[1]

    def _lists(self) -> list[str]:
        """Those that are kept in order, each of which has all that is asked for."""
        lists = []
        if self.filters.get("outcome", DELIVERED) != DELIVERED:
            lists.append(FAILED)
        if self.filters.get("state") == "cancelled":
            lists.append(CANCELLED)
        if "endpoint" in self.filters and not is_between(self.filters):
            lists.append(OF_ENDPOINT)
        return lists or [OF_ACCOUNT]

    def _of(self, which: str, wanted: Select[Any]) -> Select[Any]:
        if which == OF_ENDPOINT:
            return by_index(wanted.where(_d.endpoint_id == self.filters["endpoint"]), which)
        wanted = wanted.where(_d.account_id == self.account_id)
        if which == FAILED:
            wanted = wanted.where(_d.outcome == self.filters["outcome"])
        return by_index(wanted, which) if which == OF_ACCOUNT else those(which, wanted)


def _that_fit(wanted: Select[Any], account_id: int, filters: Mapping[str, Any]) -> Select[Any]:
    """Every condition but the moments, none of which an index is looked for."""
    own, its = shielded(webhook_deliveries), shielded(messages)
    columns = {
        "endpoint": own["endpoint_id"],
        "message": own["message_id"],
        "card": its["card_id"],
        "outcome": own["outcome"],
        "type": its["type"],
    }
    wanted = wanted.where(own["account_id"] == account_id)
    wanted = wanted.where(*(column == filters[name] for name, column in columns.items() if name in filters))
    if "state" in filters:
        states = ("pending", "blocked") if filters["state"] == "pending" else (filters["state"],)
        wanted = wanted.where(own["state"].in_(states))
    return wanted


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
    if "type" in filters:
        told = select(_d.id).join_from(messages, webhook_deliveries, _d.message_id == _m.id)
        found.append(told.where(_m.account_id == account_id, _m.type == filters["type"]))
    mine = select(_d.id).where(_d.account_id == account_id)
    if filters.get("outcome", DELIVERED) != DELIVERED:
        found.append(those(FAILED, mine.where(_d.outcome == filters["outcome"])))
    if filters.get("state") == "cancelled":
        found.append(those(CANCELLED, mine))
    if "endpoint" in filters:
        found.append(by_index(select(_d.id).where(_d.endpoint_id == filters["endpoint"]), OF_ENDPOINT))
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
