"""What becomes of deliveries: an attempt's result, and what is given back.

A result is written only where the lease's fence is still ours, so that two workers never both
decide what becomes of one delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Text, bindparam, update

from . import attempts, card_order
from .columns import Moment
from .leases import Leased
from .prepared import Prepared
from .tables import webhook_deliveries
from .turns import AGAIN
from .writer import Writing

ENDED: Final = ("delivered", "dead", "cancelled")

_d: Final = webhook_deliveries
_OURS: Final = (
    _d.c.id == bindparam("delivery", type_=BigInteger),
    _d.c.fence == bindparam("our_fence", type_=Integer),
    _d.c.state == "sending",
)
_SETTLE: Final = Prepared(
    update(_d)
    .where(*_OURS)
    .values(
        state=bindparam("new_state", type_=Text),
        reason=bindparam("new_reason", type_=Text),
        outcome=bindparam("new_outcome", type_=Text),
        tries=bindparam("new_tries", type_=Integer),
        by_hand=bindparam("new_by_hand", type_=Integer),
        lane=bindparam("new_lane", type_=Integer),
        trigger="schedule",
        due_at=bindparam("new_due", type_=Moment),
        planned_at=None,
        lease_until=None,
        ended_at=bindparam("new_end", type_=Moment),
    )
)
_WAITING: Final = {
    "state": bindparam("new_state", type_=Text),
    "lease_until": None,
    "due_at": bindparam("new_due", type_=Moment),
}
_GIVE_BACK: Final = Prepared(update(_d).where(*_OURS).values(**_WAITING))
_PUT_BEHIND: Final = Prepared(update(_d).where(*_OURS).values(**_WAITING, lane=AGAIN))


@dataclass(frozen=True, slots=True)
class Settled:
    """What an attempt makes of its delivery. `due_at`: None where it has ended."""

    state: str
    outcome: str | None
    due_at: datetime | None = None
    reason: str | None = None
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt that ended, and what it makes of its delivery; `record` is JSON-ready.

    `attempt` is its id: however often it is written, it is kept once.
    """

    attempt: str
    leased: Leased
    settled: Settled
    started_at: datetime
    record: Mapping[str, Any]


def free(tx: Writing, results: Sequence[Result]) -> list[Result]:
    """Those that can be written now, their rows held; the others somebody holds, with money under way.

    Their endpoints' rows are held. One that would end is not among them where who goes next is held.
    """
    ours = card_order.hold(tx, [one.leased.id for one in results])
    return [
        one
        for one in results
        if one.leased.id in ours
        and (
            one.settled.due_at is not None
            or card_order.may_end(tx, one.leased.endpoint.id, one.leased.card_id, one.leased.id)
        )
    ]


def settle(tx: Writing, results: Sequence[Result]) -> list[bool]:
    """Write attempts and what becomes of their deliveries, where their leases are still ours.

    False: another worker holds that delivery now; the attempt is kept and nothing else changes.
    """
    now = tx.wall
    are_ours = [count == 1 for count in tx.do_each(_SETTLE, [_values(one, now) for one in results])]
    attempts.record_all(
        tx,
        [
            attempts.row(
                one.attempt,
                one.leased.id,
                one.leased.number,
                one.started_at,
                {**one.record, "is_late": not is_ours},
                one.leased.trigger,
            )
            for one, is_ours in zip(results, are_ours, strict=True)
        ],
    )
    for one, is_ours in zip(results, are_ours, strict=True):
        if is_ours and one.settled.due_at is None:
            card_order.release_next(tx, one.leased.endpoint.id, one.leased.card_id)
    return are_ours


def _values(one: Result, now: datetime) -> dict[str, Any]:
    leased, settled = one.leased, one.settled
    return {
        "delivery": leased.id,
        "our_fence": leased.fence,
        "new_state": settled.state,
        "new_reason": settled.reason,
        "new_outcome": settled.outcome,
        "new_tries": leased.tries + (not settled.is_by_hand),
        "new_by_hand": leased.by_hand + settled.is_by_hand,
        "new_lane": AGAIN,
        "new_due": settled.due_at or now,
        "new_end": now if settled.due_at is None else None,
    }


def give_back(tx: Writing, leased: Sequence[Leased], now: datetime) -> list[Leased]:
    """Deliveries that were leased but not begun are due again at once, with no attempt counted.

    Those whose rows somebody holds come back: they are given back later.
    """
    free = card_order.hold(tx, [one.id for one in leased])
    for one in leased:
        if one.id not in free:
            continue
        state = "retrying" if one.tries else "pending"
        values = {"delivery": one.id, "our_fence": one.fence, "new_state": state, "new_due": now}
        tx.do(_GIVE_BACK, values)
    return [one for one in leased if one.id not in free]


def hand_back(
    tx: Writing,
    leased: Leased,
    *,
    attempt: str,
    started_at: datetime,
    record: Mapping[str, Any],
    due_at: datetime,
) -> None:
    """An attempt that says nothing of the receiver, since our own line is down: kept, and not counted.

    It comes behind first attempts, as any other that was made: or those to nobody would stay before all.
    """
    state = "retrying" if leased.tries else "pending"
    values = {"delivery": leased.id, "our_fence": leased.fence, "new_state": state, "new_due": due_at}
    is_ours = tx.do(_PUT_BEHIND, values) == 1
    kept = {**record, "is_late": not is_ours, "is_counted": False}
    attempts.record(tx, leased.id, leased.number, started_at, kept, leased.trigger, attempt)
