"""Orders as rows, and the linkage of their pieces with codes and cards.

The one rule: an order's row is locked by whoever gives its pieces codes or a job.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)

from ..domain.orders import Entry, Order, Piece, number_in
from ..domain.sealing import KeyRing
from .order_tables import order_entries, orders
from .prepared import Prepared
from .tables import cards, contacts, gifts, jobs, runs
from .writer import Writing

_CODE: Final = "order code"
_MOST_SHOPS: Final = 20  # of one account that have an order of one number

_UNIQUE: Final = ("account_id", "source", "name")
# Spoken of by a refund alone: whoever tells of an order is an event, or the REST API, which is ''.
_UNTOLD: Final = (
    (orders.c.source != "")
    & orders.c.event_id.is_(None)
    & orders.c.number.is_(None)
    & orders.c.total_amount.is_(None)
)
_NUMBERED: Final = (orders.c.account_id == bindparam("account")) & (orders.c.number == bindparam("number"))
# Others in the same database, and the migrations, have advisory locks of other numbers; two orders of
# one number here would only take turns.
_TURN: Final = Prepared(select(func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger))))
# Two who both hold several go one way; what either did is seen only by a statement after this one.
_HOLD: Final = Prepared(select(orders.c.id).where(_NUMBERED).order_by(orders.c.id).with_for_update())
_ASSIGNED: Final = Prepared(
    select(order_entries.c.id)
    .join(orders, orders.c.id == order_entries.c.order_id)
    .outerjoin(jobs, jobs.c.id == order_entries.c.job_id)
    .where(
        _NUMBERED, order_entries.c.card_id.is_not(None) | (jobs.c.id.is_not(None) & jobs.c.ended_at.is_(None))
    )
    .limit(1)
)


def add(
    tx: Writing,
    account_id: int,
    *,
    source: str,
    name: str,
    number: int | None,
    contact_id: int | None,
    event_id: int | None,
    currency: str,
    total: int | None,
    pieces: Sequence[Piece],
) -> bool:
    """Keep an order; False where it is known already, and stays as it was.

    One of which no more is known than what was given back is told by this.
    """
    row: dict[str, Any] = {
        "account_id": account_id,
        "source": source,
        "name": name,
        "number": number,
        "contact_id": contact_id,
        "event_id": event_id,
        "currency": currency,
        "total_amount": total,
        "refunded_amount": 0,
        "created_at": tx.now,
    }
    made = tx.insert_new(orders, row, _UNIQUE)
    if made is None:
        made = _tell(tx, row)
    if made is None:
        return False
    if pieces:
        rows = [
            {
                "order_id": made,
                "line": one.line,
                "line_number": one.line_number,
                "place": one.place,
                "amount": one.amount,
                "currency": one.currency,
            }
            for one in pieces
        ]
        tx.execute(insert(order_entries), rows)
    return True


def _tell(tx: Writing, row: Mapping[str, Any]) -> int | None:
    """The number of the order that only a refund has spoken of, now told; None: it is known."""
    one = _named(row["account_id"], row["source"], row["name"]) & _UNTOLD
    found = tx.execute(select(orders.c.id, orders.c.currency, orders.c.refunded_amount).where(one)).first()
    if found is None:
        return None
    refunded = found.refunded_amount if found.currency == row["currency"] else 0
    told = update(orders).where(orders.c.id == found.id, _UNTOLD)
    return found.id if tx.execute(told.values({**row, "refunded_amount": refunded})).rowcount else None


def refund(tx: Writing, account_id: int, source: str, name: str, amount: int, currency: str) -> None:
    """So much was given back of an order in this currency; kept for one that is told later, too."""
    one = _named(account_id, source, name) & (orders.c.currency == currency)
    more = update(orders).where(one).values(refunded_amount=orders.c.refunded_amount + amount)
    if tx.execute(more).rowcount:
        return
    row = {
        "account_id": account_id,
        "source": source,
        "name": name,
        "number": None,
        "contact_id": None,
        "event_id": None,
        "currency": currency,
        "total_amount": None,
        "refunded_amount": amount,
        "created_at": tx.now,
    }
    if tx.insert_new(orders, row, _UNIQUE) is None:
        tx.execute(more)  # it was told while we waited, or is one in another currency


def named(tx: Writing, account_id: int, source: str, name: str) -> Order | None:
    """The order that `source` calls so."""
    row = tx.execute(_orders().where(_named(account_id, source, name))).mappings().first()
    return None if row is None else _order(row)


def lock_numbered(tx: Writing, account_id: int, number: int) -> list[Order]:
    """The orders with this number, the newest of each source, held until the commit."""
    here = (orders.c.account_id == account_id) & (orders.c.number == number)
    held = select(orders.c.id).where(here).order_by(orders.c.id.desc()).limit(_MOST_SHOPS)
    if not tx.is_alone:
        _hold(tx, account_id, number)
    numbers = list(tx.execute(held).scalars())  # those too that came while we waited
    wanted = _orders().where(orders.c.id.in_(numbers)).order_by(orders.c.id)
    newest = {row["source"]: _order(row) for row in tx.execute(wanted).mappings()}
    return list(newest.values())


def are_assigned(tx: Writing, account_id: int, number: int) -> bool:
    """Whether an order with this number has pieces with a card, or queued; held until the commit."""
    asked = {"account": account_id, "number": number}
    if not tx.is_alone and not _hold(tx, account_id, number):
        return False
    return bool(tx.fetch(_ASSIGNED, asked))


def _hold(tx: Writing, account_id: int, number: int) -> bool:
    """Hold the number and all orders with it until the commit; whether there are any yet.

    The number itself, too: an order that a webhook is about to tell of has no row that others could
    hold, and one may come by REST, with its codes, while that webhook's recipe sells it.
    """
    told = f"order {account_id} {number}".encode()
    tx.do(_TURN, {"turn": int.from_bytes(sha256(told).digest()[:8], signed=True)})
    return bool(tx.fetch(_HOLD, {"account": account_id, "number": number}))


def page(
    connection: Connection,
    account_id: int,
    *,
    name: str | None,
    before: int | None,
    limit: int,
) -> list[Order]:
    """At most `limit` orders, newest first, in front of the row number `before`.

    `name`: those that their shop calls so, or that have this number.
    """
    wanted = _orders().where(orders.c.account_id == account_id, ~_UNTOLD)
    if name is not None:
        is_it, number = orders.c.name == name, number_in(name)
        wanted = wanted.where(is_it if number is None else is_it | (orders.c.number == number))
    if before is not None:
        wanted = wanted.where(orders.c.id < before)
    rows = connection.execute(wanted.order_by(orders.c.id.desc()).limit(limit)).mappings()
    return [_order(row) for row in rows]


def entries_of(
    connection: Connection | Writing, ring: KeyRing, order_ids: Sequence[int]
) -> dict[int, list[Entry]]:
    """The pieces of each order, as its shop told them."""
    found: dict[int, list[Entry]] = {one: [] for one in order_ids}
    wanted = _entries().where(order_entries.c.order_id.in_(order_ids)).order_by(order_entries.c.id)
    for row in connection.execute(wanted).mappings():
        found[row["order_id"]].append(_entry(row, ring))
    return found


def lock_entry(tx: Writing, ring: KeyRing, entry_id: int) -> tuple[Order, Entry]:
    """One piece that a job came to, and its order, held until the commit."""
    if not tx.is_alone:
        whose = select(order_entries.c.order_id).where(order_entries.c.id == entry_id).scalar_subquery()
        tx.execute(select(orders.c.id).where(orders.c.id == whose).with_for_update())
    own = _entry(tx.execute(_entries().where(order_entries.c.id == entry_id)).mappings().one(), ring)
    return _order(tx.execute(_orders().where(orders.c.id == own.order)).mappings().one()), own


def queue(tx: Writing, ring: KeyRing, entry_id: int, job_id: int, code: str | None) -> None:
    """A job is about to make this piece's card, under this code or (None) one of ours."""
    values = {"job_id": job_id, "code_sealed": None if code is None else ring.seal(code.encode(), _CODE)}
    tx.execute(update(order_entries).where(order_entries.c.id == entry_id).values(values))


def link(tx: Writing, entry_id: int, card_id: int) -> None:
    """This card is the piece's; the code is the card's to keep."""
    values = {"card_id": card_id, "code_sealed": None}
    tx.execute(update(order_entries).where(order_entries.c.id == entry_id).values(values))


def sold_by_recipes(tx: Writing, events: Sequence[int]) -> list[tuple[int, str, int, str]]:
    """Paid cards that recipes made of the events that told of an order, and that are no piece's yet.

    Row, public id, first amount and currency, oldest first.
    """
    if not events:
        return []
    linked = select(order_entries.c.id).where(order_entries.c.card_id == cards.c.id)
    wanted = (
        select(cards.c.id, cards.c.public_id, cards.c.initial_amount, cards.c.currency)
        .join(gifts, gifts.c.card_id == cards.c.id)
        .join(runs, runs.c.public_id == gifts.c.run)
        .where(runs.c.event_id.in_(events), cards.c.kind == "paid", ~linked.exists())
        .distinct()
        .order_by(cards.c.id)
    )
    return [(row.id, row.public_id, row.initial_amount, row.currency) for row in tx.execute(wanted)]


class StandingRun(NamedTuple):
    """A recipe's run that has not ended. `outcome` says how it stands: `waiting` or `held`."""

    id: str
    outcome: str
    recipe: str
    revision: str


def standing_runs(tx: Writing, events: Sequence[int]) -> list[StandingRun]:
    """The runs of these events that have not ended, the oldest first."""
    if not events:
        return []
    wanted = select(runs.c.public_id, runs.c.outcome, runs.c.recipe, runs.c.revision).where(
        runs.c.event_id.in_(events), runs.c.outcome.in_(("waiting", "held"))
    )
    found = tx.execute(wanted.order_by(runs.c.id))
    return [StandingRun(row.public_id, row.outcome, row.recipe, row.revision) for row in found]


def _orders() -> Select[Any]:
    joined = orders.outerjoin(contacts, contacts.c.id == orders.c.contact_id)
    return select(orders, contacts.c.public_id.label("contact")).select_from(joined)


def _entries() -> Select[Any]:
    """With the card, and with the job only while it has not ended: what it left undone is free again."""
    joined = order_entries.outerjoin(cards, cards.c.id == order_entries.c.card_id).outerjoin(
        jobs, (jobs.c.id == order_entries.c.job_id) & jobs.c.ended_at.is_(None)
    )
    return select(order_entries, cards.c.public_id.label("card"), jobs.c.public_id.label("job")).select_from(
        joined
    )


def _named(account_id: int, source: str, name: str) -> Any:
    return (orders.c.account_id == account_id) & (orders.c.source == source) & (orders.c.name == name)


def _order(row: RowMapping) -> Order:
    return Order(
        id=row["id"],
        source=row["source"],
        name=row["name"],
        number=row["number"],
        contact=row["contact"],
        event=row["event_id"],
        currency=row["currency"],
        total=row["total_amount"],
        refunded=row["refunded_amount"],
        created_at=row["created_at"],
    )


def _entry(row: RowMapping, ring: KeyRing) -> Entry:
    piece = Piece(row["line"], row["line_number"], row["place"], row["amount"], row["currency"])
    is_queued = row["job"] is not None and row["card"] is None
    sealed = row["code_sealed"] if is_queued else None
    return Entry(
        id=row["id"],
        order=row["order_id"],
        piece=piece,
        code=None if sealed is None else ring.open(sealed, _CODE).decode(),
        job=row["job"] if is_queued else None,
        card=row["card"],
    )
