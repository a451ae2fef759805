"""Deliveries that are sent again by hand, by replay or by recover; and what was never made.

The one rule: id and body stay; an endpoint that asks for order gets a card's deliveries in order here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select, update

from ..domain.jsontext import read_own
from ..domain.messages import passes, wants
from . import outbox
from .card_order import release_next
from .delivery_tables import DEAD, those
from .endpoints import Endpoint, Listening
from .tables import messages, webhook_deliveries
from .turns import AGAIN
from .writer import Writing

HAND: Final = "hand"
RECOVER: Final = "recover"

_d: Final = webhook_deliveries
_m: Final = messages.c
_AS_SENT: Final = and_(_m.body != b"", _m.erased_at.is_(None))


@dataclass(frozen=True, slots=True)
class State:
    """A delivery that is held, as far as sending it again goes."""

    id: int
    endpoint_id: int
    card_id: int | None
    state: str
    tries: int
    due_at: datetime
    has_body: bool
    """Whether there is the body that was sent: not pruned, and nobody was taken out of it."""


def hold_message(tx: Writing, message_id: int) -> bool:
    """Whether a message has the body that was sent, which nobody takes away until the commit.

    Whoever erases a person, and whoever prunes, asks for the row alone and then looks what is open.
    """
    return bool(_as_sent(tx, [message_id]))


def _as_sent(tx: Writing, message_ids: Sequence[int]) -> set[int]:
    """Of these messages those whose body is as it was sent, held so until the commit."""
    wanted = select(_m.id).where(_m.id.in_(message_ids), _AS_SENT).order_by(_m.id)
    return set(tx.execute(wanted if tx.is_alone else wanted.with_for_update(read=True)).scalars())


def lock(tx: Writing, delivery_id: int) -> State:
    """A delivery and its message, held until the commit; its endpoint's row is held before."""
    message = tx.execute(select(_d.c.message_id).where(_d.c.id == delivery_id)).scalar_one()
    has_body = hold_message(tx, message)
    wanted = select(_d.c.id, _d.c.endpoint_id, _d.c.card_id, _d.c.state, _d.c.tries, _d.c.due_at)
    wanted = wanted.where(_d.c.id == delivery_id)
    row = tx.execute(wanted if tx.is_alone else wanted.with_for_update()).mappings().one()
    return State(**dict(row), has_body=has_body)


def again(tx: Writing, found: State, trigger: str) -> None:
    """Due at once, beside the schedule: one that was to be tried later goes on at its time if this fails."""
    changed: dict[str, Any] = {
        "state": "pending",
        "lane": AGAIN,
        "trigger": trigger,
        "due_at": tx.wall,
        "planned_at": found.due_at if found.state == "retrying" else None,
        "reason": None,
        "ended_at": None,
    }
    tx.execute(update(_d).where(_d.c.id == found.id).values(changed))


def cancel(tx: Writing, found: State, reason: str) -> None:
    """End one that is open, and let the next of its card go."""
    ended = {"state": "cancelled", "reason": reason, "lease_until": None, "ended_at": tx.wall}
    tx.execute(update(_d).where(_d.c.id == found.id).values(ended))
    release_next(tx, found.endpoint_id, found.card_id)


def revive(
    tx: Writing, endpoint: Endpoint, since: datetime, until: datetime, after: int, limit: int
) -> tuple[int, int]:
    """Give dead deliveries of messages of that time a fresh schedule, oldest first, behind the row `after`.

    How many there were, and the last one's row; 0 and `after` where there are no more. Of a card whose
    deliveries are to come in order, only the oldest that is undone is due.
    """
    wanted = (
        those(DEAD, select(_d.c.id, _d.c.card_id, _d.c.message_id))
        .join(messages, _m.id == _d.c.message_id)
        .where(
            _d.c.endpoint_id == endpoint.id,
            _d.c.id > after,
            _m.created_at >= since,
            _m.created_at < until,
            _AS_SENT,
        )
        .order_by(_d.c.id)
        .limit(limit)
    )
    rows = tx.execute(wanted).all()
    if not rows:
        return 0, after
    is_ordered = endpoint.ordering == "card"
    changed: dict[str, Any] = {
        "lane": AGAIN,
        "trigger": RECOVER,
        "tries": 0,
        "due_at": tx.wall,
        "reason": None,
        "ended_at": None,
    }
    kept = _as_sent(tx, [row.message_id for row in rows])
    chosen = [row for row in rows if row.message_id in kept]
    blocked = [row.id for row in chosen if is_ordered and row.card_id is not None]
    free = [row.id for row in chosen if not (is_ordered and row.card_id is not None)]
    for numbers, state in ((free, "pending"), (blocked, "blocked")):
        if numbers:
            tx.execute(update(_d).where(_d.c.id.in_(numbers)).values(state=state, **changed))
    for card in {row.card_id for row in chosen if is_ordered}:
        release_next(tx, endpoint.id, card)
    return len(rows), int(rows[-1].id)


def make_missed(
    tx: Writing, endpoint: Endpoint, since: datetime, until: datetime, after: int, limit: int
) -> tuple[int, int, int]:
    """Make deliveries of messages of that time that the endpoint has none of, behind the row `after`.

    How many messages were looked at, how many deliveries were made, and the last message's row.
    """
    wanted = (
        select(_m.id, _m.type, _m.body, _m.card_id, _m.sent_by)
        .where(
            _m.account_id == endpoint.account_id,
            _m.id > after,
            _m.created_at >= since,
            _m.created_at < until,
            _m.erased_at.is_(None),
        )
        .order_by(_m.id)
        .limit(limit)
    )
    # Held, so that nobody takes a body away before its delivery stands.
    rows = tx.execute(wanted if tx.is_alone else wanted.with_for_update(read=True)).all()
    made = 0
    listening = listening_of(endpoint)
    for row in rows:
        if not row.body or not wants(listening.event_types, row.type):
            continue
        if listening.filter:
            data = read_own(bytes(row.body).decode())["data"]
            if not passes(listening.filter, data, row.sent_by):
                continue
        made += _made(tx, listening, endpoint, row.id, row.card_id, RECOVER) is not None
    return len(rows), made, int(rows[-1].id) if rows else after


def replay(
    tx: Writing, endpoint: Endpoint, message_id: int, card_id: int | None
) -> tuple[int | None, str | None]:
    """A delivery of the message for this endpoint: the row of the one that is there, or the new one's id."""
    wanted = select(_d.c.id).where(_d.c.message_id == message_id, _d.c.endpoint_id == endpoint.id)
    found = tx.execute(wanted).scalar()
    if found is not None:
        return int(found), None
    return None, _made(tx, listening_of(endpoint), endpoint, message_id, card_id, HAND)


def listening_of(endpoint: Endpoint) -> Listening:
    """What decides whether the endpoint gets a message."""
    return Listening(endpoint.id, list(endpoint.event_types), endpoint.filter, endpoint.ordering == "card")


def is_wanted(endpoint: Endpoint, message_type: str, data: Any, sent_by: str | None) -> bool:
    """Whether the endpoint's types and filter match now."""
    return wants(list(endpoint.event_types), message_type) and passes(endpoint.filter, data, sent_by)


def _made(
    tx: Writing,
    listening: Listening,
    endpoint: Endpoint,
    message_id: int,
    card_id: int | None,
    trigger: str,
) -> str | None:
    return outbox.add_delivery(
        tx,
        listening,
        account_id=endpoint.account_id,
        message_id=message_id,
        card_id=card_id,
        trigger=trigger,
    )
