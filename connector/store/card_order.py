"""A card's deliveries, one after another where an endpoint asks for order: who waits, and who goes next.

The one rule is the order of locks. Whoever tells something of a card holds the newest of its
deliveries that is undone (shared, and as long as its money takes), so that nobody ends it meanwhile
and finds nobody waiting behind it. Whoever ends deliveries holds the endpoint first, then these rows,
and never waits for a row: what somebody holds is passed over, and ended later. So money waits for a
worker's short write at most, no worker waits for money, and no two of them for each other.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Integer, bindparam, select, text, update

from .delivery_tables import UNDONE, webhook_deliveries
from .prepared import Prepared
from .writing import Writing

_d: Final = webhook_deliveries.c
_OF_CARD: Final = (
    text(UNDONE),
    _d.endpoint_id == bindparam("endpoint", type_=BigInteger),
    _d.card_id == bindparam("card", type_=BigInteger),
)
_NEWEST: Final = select(_d.id).where(*_OF_CARD).order_by(_d.id.desc()).limit(1)
_BEFORE: Final = {True: Prepared(_NEWEST), False: Prepared(_NEWEST.with_for_update(read=True))}
_OLDEST: Final = Prepared(
    select(_d.id, _d.state).where(*_OF_CARD).order_by(_d.id).limit(bindparam("most", type_=Integer))
)
_HOLD: Final = Prepared(
    select(_d.id)
    .where(_d.id == bindparam("delivery", type_=BigInteger))
    .with_for_update(key_share=True, skip_locked=True)
)


def has_to_wait(tx: Writing, endpoint_id: int, card_id: int) -> bool:
    """Whether an earlier delivery of the card is undone; the newest that is stays so until the commit."""
    return bool(tx.fetch(_BEFORE[tx.is_alone], {"endpoint": endpoint_id, "card": card_id}))


def hold(tx: Writing, numbers: Sequence[int]) -> set[int]:
    """Of these deliveries, by their rows, those that nobody else holds: they are ours until the commit."""
    if tx.is_alone:
        return set(numbers)
    found = tx.fetch_each(_HOLD, [{"delivery": one} for one in numbers])
    return {int(row["id"]) for rows in found for row in rows}


def may_end(tx: Writing, endpoint_id: int, card_id: int | None, delivery_id: int) -> bool:
    """Whether nobody holds who goes next once this one has ended; its endpoint's row is held."""
    if card_id is None or tx.is_alone:
        return True
    # This one, one beside it that somebody sends again, and who waits behind them.
    undone = tx.fetch(_OLDEST, {"endpoint": endpoint_id, "card": card_id, "most": 3})
    waiting = [one["id"] for one in undone if one["state"] == "blocked" and one["id"] != delivery_id]
    return not waiting or bool(hold(tx, waiting[:1]))


def release_next(tx: Writing, endpoint_id: int, card_id: int | None) -> bool:
    """After a delivery of a card ended: the next one goes, where it waited for this one; whether it does.

    Its endpoint's row is held, so that two that end at once see each other. Asked whatever the
    endpoint's order is by now: what waited may be of a time when it had another.
    """
    if card_id is None:
        return False
    # One may be open beside the head: a dead one that somebody sends again.
    undone = tx.fetch(_OLDEST, {"endpoint": endpoint_id, "card": card_id, "most": 2})
    if not undone or any(one["state"] != "blocked" for one in undone):
        return False
    here = update(webhook_deliveries).where(_d.id == undone[0]["id"])
    tx.execute(here.values(state="pending", due_at=tx.wall))
    return True
