"""Notifications: written with the deed that asks for them, leased, sent, settled; addresses are sealed.

What becomes of one is written only where the lease's fence is still ours, so that two
workers never both decide it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, text, update

from ..domain import ids
from ..domain.jsontext import dumps, read_own
from ..domain.notifications import ACCESS_TOKEN, Written
from ..domain.sealing import KeyRing
from . import shares
from .columns import is_name, moment
from .notification_tables import OPEN, notifications
from .tables import cards, contacts
from .writer import Writing

_n: Final = notifications
_TO: Final = "notification's address"
_WRITTEN: Final = "notification's text"


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification as it is kept. `card` and `contact` are public ids.

    `to` and `to_name` are empty once the person was erased.
    """

    id: int
    public_id: str
    account_id: int
    card: str | None
    contact: str | None
    run: str | None
    chain: tuple[str, ...]
    template: str
    via: str
    to: str
    to_name: str
    state: str
    reason: str | None
    detail: str | None
    reference: str | None
    tries: int
    due_at: datetime
    fence: int
    created_at: datetime
    ended_at: datetime | None
    written: Written | None = None


_SEEN: Final = (
    select(_n, cards.c.public_id.label("card"), contacts.c.public_id.label("contact"))
    .outerjoin(cards, cards.c.id == _n.c.card_id)
    .outerjoin(contacts, contacts.c.id == _n.c.contact_id)
)


def add(
    tx: Writing,
    ring: KeyRing,
    *,
    account_id: int,
    template: str,
    via: str,
    to: str,
    to_name: str = "",
    card_id: int | None = None,
    contact_id: int | None = None,
    run: str | None = None,
    chain: Sequence[str] = (),
    simulated: bool = False,
    written: Written | None = None,
) -> str:
    """Write a notification in the transaction of what it tells of; its id. A simulated one is done with.

    `written`: what it says, where no letter does.
    """
    public_id = ids.new_id(ids.NOTIFICATION, tx.wall)
    tx.execute(
        insert(_n).values(
            public_id=public_id,
            account_id=account_id,
            card_id=card_id,
            contact_id=contact_id,
            run=run,
            chain=list(chain),
            template=template,
            via=via,
            to_sealed=ring.seal(dumps([to, to_name]).encode(), _TO),
            written_sealed=None if written is None else _sealed(ring, written),
            state="simulated" if simulated else "pending",
            tries=0,
            due_at=tx.wall,
            fence=0,
            created_at=tx.wall,
            ended_at=tx.wall if simulated else None,
        )
    )
    return public_id


def next_due(connection: Connection, via: str) -> datetime | None:
    """When the next open one that goes this way is due; None: nothing is open."""
    found = connection.execute(select(func.min(_n.c.due_at)).where(text(OPEN), _n.c.via == via)).scalar()
    return found if found is None or isinstance(found, datetime) else moment(found)


def lease(tx: Writing, ring: KeyRing, via: str, *, lease_for: timedelta, limit: int) -> list[Notification]:
    """Take what is due by this way, oldest first, of many accounts. One whose lease has run out is due again:
    its worker died, it may or may not have been sent, and that counts as a try."""
    due = select(_n.c.id, _n.c.account_id).where(text(OPEN), _n.c.via == via, _n.c.due_at <= tx.wall)
    due = due.order_by(_n.c.due_at, _n.c.id)
    due = due if tx.is_alone else due.with_for_update(skip_locked=True)
    chosen = shares.oldest(tx, due, _n.c.account_id, limit)
    if not chosen:
        return []
    lost = update(_n).where(_n.c.id.in_(chosen), _n.c.state == "sending")
    tx.execute(lost.values(tries=_n.c.tries + 1, reason="lost"))
    until = tx.wall + lease_for
    values = {"state": "sending", "lease_until": until, "due_at": until, "fence": _n.c.fence + 1}
    tx.execute(update(_n).where(_n.c.id.in_(chosen)).values(values))
    rows = tx.execute(_SEEN.where(_n.c.id.in_(chosen)).order_by(_n.c.id)).mappings()
    return [_notification(row, ring) for row in rows]


def settle(
    tx: Writing,
    ring: KeyRing,
    one: Notification,
    *,
    state: str,
    tries: int,
    due_at: datetime | None = None,
    reason: str | None = None,
    detail: str | None = None,
    reference: str | None = None,
    written: Written | None = None,
) -> bool:
    """Write what becomes of a leased one; False: another worker holds it, or it was erased meanwhile."""
    values: dict[str, Any] = {
        "state": state,
        "tries": tries,
        "lease_until": None,
        "reason": reason,
        "detail": detail,
        "reference": reference,
    }
    if due_at is None:
        values["ended_at"] = tx.wall
    else:
        values["due_at"] = due_at
    if written is not None:
        values["written_sealed"] = _sealed(ring, written)
    if due_at is None and one.template == ACCESS_TOKEN:
        values["written_sealed"] = None  # a key is kept as a digest, and as nothing else
    ours = (_n.c.id == one.id) & (_n.c.fence == one.fence) & (_n.c.state == "sending")
    return tx.execute(update(_n).where(ours).values(values)).rowcount == 1


def give_back(tx: Writing, leased: Sequence[Notification]) -> None:
    """Leased and not begun: due again at once, with no try counted."""
    for one in leased:
        ours = (_n.c.id == one.id) & (_n.c.fence == one.fence) & (_n.c.state == "sending")
        state = "retrying" if one.tries else "pending"
        tx.execute(update(_n).where(ours).values(state=state, lease_until=None, due_at=tx.wall))


def again(tx: Writing, one: Notification) -> bool:
    """A failed one is sent again, by its whole schedule; False where it is not failed, or was erased."""
    failed = (_n.c.id == one.id) & (_n.c.state == "failed") & _n.c.to_sealed.is_not(None)
    values = {"state": "pending", "tries": 0, "due_at": tx.wall, "ended_at": None, "reason": None}
    return tx.execute(update(_n).where(failed).values(**values, detail=None)).rowcount == 1


def find(connection: Connection | Writing, ring: KeyRing, account_id: int, name: str) -> Notification | None:
    """The account's notification with this id, or None."""
    if not is_name(name):
        return None
    at = _SEEN.where(_n.c.account_id == account_id, _n.c.public_id == name)
    row = connection.execute(at).mappings().first()
    return None if row is None else _notification(row, ring)


def page(
    connection: Connection,
    ring: KeyRing,
    account_id: int,
    filters: Mapping[str, Any],
    *,
    before: int | None,
    limit: int,
) -> list[Notification]:
    """At most `limit`, newest first, behind the row number `before`.

    `filters`: state, via, template, card (its id), contact (a row's number), run, since, until.
    """
    wanted: Select[Any] = _SEEN.where(_n.c.account_id == account_id)
    for name in ("state", "via", "template", "run"):
        if name in filters:
            wanted = wanted.where(_n.c[name] == filters[name])
    if "card_id" in filters:
        wanted = wanted.where(cards.c.public_id == filters["card_id"])
    if "contact" in filters:
        wanted = wanted.where(_n.c.contact_id == filters["contact"])
    if "since" in filters:
        wanted = wanted.where(_n.c.created_at >= filters["since"])
    if "until" in filters:
        wanted = wanted.where(_n.c.created_at < filters["until"])
    if before is not None:
        wanted = wanted.where(_n.c.id < before)
    rows = connection.execute(wanted.order_by(_n.c.id.desc()).limit(limit)).mappings()
    return [_notification(row, ring) for row in rows]


def forget(tx: Writing, contact_ids: Sequence[int], cards_named: Sequence[str]) -> int:
    """Take addresses and texts out of what a person was written, and of what was sent of these cards.

    What is still on its way is not sent any more. How many.
    """
    of_cards = select(cards.c.id).where(cards.c.public_id.in_(list(cards_named)))
    theirs = _n.c.contact_id.in_(list(contact_ids)) | _n.c.card_id.in_(of_cards)
    stopped = {"state": "cancelled", "reason": "erased", "lease_until": None, "ended_at": tx.wall}
    tx.execute(update(_n).where(theirs, text(OPEN)).values(stopped))
    gone = {"to_sealed": None, "written_sealed": None, "detail": None}
    return int(tx.execute(update(_n).where(theirs, _n.c.to_sealed.is_not(None)).values(gone)).rowcount)


def _sealed(ring: KeyRing, written: Written) -> str:
    return ring.seal(dumps([written.text, written.subject, written.html]).encode(), _WRITTEN)


def _notification(row: RowMapping, ring: KeyRing) -> Notification:
    to = ["", ""] if row["to_sealed"] is None else read_own(ring.open(row["to_sealed"], _TO).decode())
    sealed = row["written_sealed"]
    return Notification(
        **{name: row[name] for name in _PLAIN},
        chain=tuple(row["chain"]),
        to=to[0],
        to_name=to[1],
        written=None if sealed is None else Written(*read_own(ring.open(sealed, _WRITTEN).decode())),
    )


_PLAIN: Final = tuple(
    name for name in Notification.__slots__ if name not in ("chain", "to", "to_name", "written")
)
