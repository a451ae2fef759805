"""Sums over cards and transfers for the reports.

The one rule: what was on a card at a past moment follows from its transfers up to then,
never from today's balance. Of a card's other facts (its program, that it was removed) the
moment that stands beside them decides.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Label,
    Select,
    Subquery,
    Text,
    and_,
    case,
    distinct,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from ..domain.transfers import TRANSFER_TYPES
from .card_filters import PLAIN, SHIELDED, Columns
from .columns import microseconds
from .steering import ease, joins_many
from .tables import cards, contacts, facts, funds, holds, transfers

DIMENSIONS: Final = ("program", "recipe", "source", "age")
AGES: Final = (("0-90 days", 90), ("91-365 days", 365), ("1-2 years", 730), ("2-3 years", 1_095))
OLDER: Final = "over 3 years"
_SPENDING: Final = ("redeem", "capture")
_NO_SPENDING: Final = ("refund", "expire", "revive", "cash_out")
_LEAVING: Final = (*_SPENDING, *_NO_SPENDING)
_BY_TYPE: Final = "INDEXED BY ix_transfers_account_id_type_created_at_id"
_BY_PERSON: Final = "INDEXED BY ix_cards_account_id_contact_id_id"  # SQLite goes through all cards for a few
_IS_CREDIT: Final = func.substr(transfers.c.credit, 1, 5) == "card:"
_SIGNED: Final = case((_IS_CREDIT, transfers.c.amount), else_=-transfers.c.amount)
_NOTHING: Final = MappingProxyType(Counter[str]())
Row = dict[str, Any]
Rows = list[Row]


def liability(
    connection: Connection, account_id: int, *, as_of: datetime | None, now: datetime, by: Sequence[str]
) -> Rows:
    """What is owed on cards, per currency, kind, whether removed, and `by`; None: as the cards stand now."""
    at = as_of or now
    removed = case((and_(cards.c.removed_at.is_not(None), cards.c.removed_at <= at), 1), else_=0)
    keys = [cards.c.currency, cards.c.kind, removed.label("removed"), *_dimensions(by, at)]
    if as_of is None:
        found = _owed_now(connection, account_id, keys)
    else:
        then, reserved = _balances(account_id, as_of), _held(account_id, as_of)
        start = then.join(cards, cards.c.id == then.c.card_id)
        start = start.outerjoin(reserved, reserved.c.card_id == cards.c.id)
        sums = _owed(then.c.balance, func.coalesce(reserved.c.held, 0))
        wanted = select(*keys, *sums).select_from(start).where(cards.c.account_id == account_id)
        found = _grouped(connection, wanted.where(then.c.balance > 0), keys)
    return [{**row, "removed": bool(row["removed"])} for row in found]


def _owed(balance: Any, held: Any) -> list[Label[Any]]:
    sums = {"cards": func.count(), "outstanding": func.sum(balance), "held": func.sum(held)}
    return [one.label(name) for name, one in sums.items()]


def _owed_now(connection: Connection, account_id: int, keys: Sequence[Any]) -> Rows:
    """By the index of balances alone, which has no `held`: the few cards with open holds are looked up."""
    owed = select(*keys, *_owed(cards.c.balance, 0)).where(cards.c.account_id == account_id)
    owed = owed.where(cards.c.balance > 0)
    open_ones = select(holds.c.card_id).where(holds.c.account_id == account_id, holds.c.state == "open")
    held = select(*keys, func.sum(cards.c.held).label("held")).where(cards.c.id.in_(open_ones))
    reserved = _by(keys, _grouped(connection, held, keys))
    rows = _by(keys, _grouped(connection, owed, keys))
    return [{**row, "held": reserved.get(key, _NOTHING)["held"]} for key, row in rows.items()]


def redemptions(
    connection: Connection, account_id: int, *, since: datetime | None, until: datetime, by: Sequence[str]
) -> Rows:
    """What left cards from `since` on and before `until`: spent, given back, expired, paid out.

    Beside it `issued`, what was put on cards of the same keys. What a card was issued with stands on it, in
    an index that has the keys; loads are summed from lines.
    """
    keys = [cards.c.currency, cards.c.kind, *_dimensions(by, until)]
    spent = _by(keys, _grouped(connection, _moved(account_id, _SPENDING, since, until, keys), keys))
    sums = _sums(connection, account_id, (*_NO_SPENDING, "load"), since, until, keys)
    made = select(*keys, func.sum(cards.c.initial_amount).label("amount"))
    made = made.where(cards.c.account_id == account_id, *_between(since, until, cards.c.created_at))
    issued = {key: row["amount"] for key, row in _by(keys, _grouped(connection, made, keys)).items()}
    found = []
    everywhere = {*spent, *(key for name in _NO_SPENDING for key in sums[name])}
    for key in sorted(everywhere, key=lambda key: [(value is not None, value) for value in key]):
        use, of = spent.get(key, _NOTHING), {name: sums[name].get(key, 0) for name in sums}
        row = {
            "cards": use["cards"],
            "redemptions": use["lines"],
            "redeemed": use["amount"],
            "refunded": of["refund"],
            "breakage": of["expire"] - of["revive"],
            "cashed_out": of["cash_out"],
            "spend": use["amount"] - of["refund"],
            "issued": issued.get(key, 0) + of["load"],
        }
        found.append({**_named(keys, key), **row})
    return found


def _sums(
    connection: Connection,
    account_id: int,
    types: Sequence[str],
    since: datetime | None,
    until: datetime,
    keys: Sequence[Any],
) -> dict[str, dict[tuple[Any, ...], int]]:
    """What the lines of each of these types moved, by `keys`."""
    if not joins_many(connection):
        of_type = {one: _moved(account_id, (one,), since, until, keys) for one in types}
        rows = {one: _by(keys, _grouped(connection, wanted, keys)) for one, wanted in of_type.items()}
        return {one: {key: row["amount"] for key, row in of.items()} for one, of in rows.items()}
    by_type = [transfers.c.type, *keys]
    wanted = select(*by_type, func.sum(transfers.c.amount).label("amount")).select_from(
        transfers.join(cards, cards.c.id == transfers.c.card_id)
    )
    those = [transfers.c.account_id == account_id, transfers.c.type.in_(types), *_between(since, until)]
    found: dict[str, dict[tuple[Any, ...], int]] = {one: {} for one in types}
    for (one, *key), row in _by(by_type, _grouped(connection, wanted.where(*those), by_type)).items():
        found[one][tuple(key)] = row["amount"]
    return found


def _moved(
    account_id: int, types: Sequence[str], since: datetime | None, until: datetime, keys: Sequence[Any]
) -> Select[Any]:
    """The lines of these types by `keys`: of how many cards, how many, and what they moved."""
    lines, amount = func.count().label("lines"), func.sum(transfers.c.amount).label("amount")
    of_card = _of_card([lines, amount], account_id, types, since, until)
    sums = [func.sum(of_card.c[name]).label(name) for name in ("lines", "amount")]
    start = of_card.join(cards, cards.c.id == of_card.c.card_id)
    return select(*keys, func.count().label("cards"), *sums).select_from(start)


def recipes(connection: Connection, account_id: int, *, since: datetime | None, until: datetime) -> Rows:
    """What each recipe gave from `since` on and before `until`, and what became of it by `until`.

    `contacts_back`: whose card this is and who had a booking after it was made. Three readings, each by one
    index: cards alone, the lines that spend, and the lines of later, which today's balances are cleared of.
    """
    keys = [cards.c.recipe, cards.c.currency]
    by_line = _given(SHIELDED, account_id, since, until)  # whose cards are looked up, and not gone through
    back = select(1).where(
        facts.c.contact_id == cards.c.contact_id,
        facts.c.kind == "booking",
        facts.c.first_at > cards.c.created_at,
        facts.c.first_at < until,
    )
    made = select(
        *keys,
        func.count().label("cards"),
        func.count(distinct(cards.c.contact_id)).label("contacts"),
        func.count(distinct(case((back.exists(), cards.c.contact_id)))).label("contacts_back"),
        func.sum(cards.c.initial_amount).label("issued"),
        func.sum(cards.c.balance).label("outstanding"),
    ).where(*_given(PLAIN, account_id, since, until))
    used = _grouped(connection, _used(account_id, until, keys).where(*by_line), keys)
    later = (
        select(*keys, func.sum(_SIGNED).label("amount"))
        .select_from(transfers.join(cards, cards.c.id == transfers.c.card_id))
        .where(transfers.c.account_id == account_id, transfers.c.created_at >= until, *by_line)
    )
    uses, moved = _by(keys, used), _by(keys, _grouped(connection, later, keys))
    found = []
    for key, row in _by(keys, _grouped(connection, made, keys)).items():
        of_use = {name: uses.get(key, _NOTHING)[name] for name in ("cards_used", "spend", "breakage")}
        outstanding = row["outstanding"] - moved.get(key, _NOTHING)["amount"]
        found.append({**row, **of_use, "outstanding": outstanding})
    return found


def _given(
    columns: Columns, account_id: int, since: datetime | None, until: datetime
) -> list[ColumnElement[bool]]:
    """Cards that a recipe made from `since` on and before `until`."""
    made = columns["created_at"]
    of_recipes = [columns["account_id"] == account_id, columns["recipe"].is_not(None), made < until]
    return of_recipes if since is None else [*of_recipes, made >= since]


def _used(account_id: int, until: datetime, keys: Sequence[Any]) -> Select[Any]:
    """What was spent from cards before `until`, and what of them expired."""
    types = [one for one in _LEAVING if one != "cash_out"]
    spend = (_sum_of(*_SPENDING) - _sum_of("refund")).label("spend")
    breakage = (_sum_of("expire") - _sum_of("revive")).label("breakage")
    of_card = _of_card([spend, breakage], account_id, types, None, until)
    return select(
        *keys,
        func.sum(case((of_card.c.spend > 0, 1), else_=0)).label("cards_used"),
        *(func.sum(of_card.c[name]).label(name) for name in ("spend", "breakage")),
    ).select_from(of_card.join(cards, cards.c.id == of_card.c.card_id))


def giving(connection: Connection, account_id: int, *, until: datetime) -> Rows:
    """The ledger accounts that gave to cards or took back before `until`: what left each, what came."""
    is_credit = case((_IS_CREDIT, 1), else_=0)
    other = case((_IS_CREDIT, transfers.c.debit), else_=transfers.c.credit)
    keys = [other.label("account"), transfers.c.currency]
    others = [one for one in TRANSFER_TYPES if one not in _LEAVING]  # those that no giver has a part in
    before = [transfers.c.account_id == account_id, transfers.c.created_at < until]
    before.append(transfers.c.type.in_(others))
    wanted = select(
        *keys,
        func.sum(is_credit * transfers.c.amount).label("given"),
        func.sum((1 - is_credit) * transfers.c.amount).label("taken"),
    ).where(*before, transfers.c.card_id.is_not(None))
    return _grouped(connection, wanted, keys)


def deposits(connection: Connection, account_id: int, *, until: datetime) -> Rows:
    """What was paid into each fund before `until`, taken out of it again, and returned by an `undo`."""
    is_in = case((func.substr(transfers.c.credit, 1, 8) == "prepaid:", 1), else_=0)
    by_a_run = type_coerce(transfers.c.origin, Text).like('%"run_id"%')  # which no person's deposit is
    is_back = case((by_a_run, 1), else_=0)
    keys = [funds.c.program, funds.c.currency, funds.c.threshold]
    wanted = (
        select(
            *keys,
            func.sum(is_in * (1 - is_back) * transfers.c.amount).label("paid_in"),
            func.sum(is_in * is_back * transfers.c.amount).label("returned"),
            func.sum((1 - is_in) * transfers.c.amount).label("taken_out"),
        )
        .join(transfers, transfers.c.fund_id == funds.c.id)
        .where(funds.c.account_id == account_id, transfers.c.created_at < until)
    )
    return _grouped(connection, wanted, keys)


def holders(
    connection: Connection, account_id: int, *, after: int, limit: int, as_of: datetime | None, now: datetime
) -> list[int]:
    """Row numbers of contacts behind `after` who can spend now, lowest first; `as_of`: who had cards then."""
    wanted = select(cards.c.contact_id).where(cards.c.account_id == account_id, cards.c.contact_id > after)
    if as_of is None:
        wanted = wanted.where(cards.c.balance > cards.c.held, *_usable(now), _is_alive(None))
    else:
        wanted = wanted.where(cards.c.created_at <= as_of)
    wanted = wanted.distinct().order_by(cards.c.contact_id).limit(limit)
    return [int(row[0]) for row in connection.execute(wanted)]


def holdings(
    connection: Connection,
    account_id: int,
    people: Sequence[int],
    *those: Any,
    as_of: datetime | None,
    now: datetime,
) -> Rows:
    """What each of these contacts can spend, per currency, with who they are; on `those` cards.

    At a past moment too it is today's word until when a card is usable, and whose it is.
    """
    at = as_of or now
    usable = [cards.c.account_id == account_id, cards.c.contact_id.in_(people), *those]
    usable += [*_usable(at), _is_alive(as_of)]
    start: Any = cards.join(contacts, contacts.c.id == cards.c.contact_id)
    amount: Any = cards.c.balance - cards.c.held
    if as_of is not None:
        then = _balances(account_id, as_of, cards.c.contact_id.in_(people))
        reserved = _held(account_id, as_of, cards.c.contact_id.in_(people))
        start = start.join(then, then.c.card_id == cards.c.id)
        start = start.outerjoin(reserved, reserved.c.card_id == cards.c.id)
        amount = then.c.balance - func.coalesce(reserved.c.held, 0)
    keys = [contacts.c.id, func.coalesce(cards.c.currency, "").label("currency")]  # no index by currencies
    who = ("public_id", "first_name", "last_name", "email", "phone")
    wanted = (
        select(
            *keys,
            *(contacts.c[name] for name in who),
            func.count().label("cards"),
            func.sum(amount).label("balance"),
            func.min(cards.c.expires_at).label("next_expiry_at"),
        )
        .select_from(start)
        .where(*usable, amount > 0)
        .with_hint(cards, _BY_PERSON, "sqlite")
    )
    return _grouped(connection, wanted, [*keys, *(contacts.c[name] for name in who)])


def _of_card(
    sums: Sequence[Label[Any]], account_id: int, types: Sequence[str], since: datetime | None, until: datetime
) -> Subquery:
    """Sums over the lines of these types, card by card: a sort of whole numbers, not of millions of words.

    By the index that has all of it, which SQLite would leave for an order by cards if it knew their number.
    """
    wanted = select(transfers.c.card_id, *sums).with_hint(transfers, _BY_TYPE, "sqlite")
    wanted = wanted.where(transfers.c.account_id == account_id, transfers.c.type.in_(types))
    return wanted.where(*_between(since, until)).group_by(transfers.c.card_id).subquery()


def _sum_of(*types: str) -> Any:
    """The amounts of the lines of these types; each type moves value one way only."""
    return func.sum(case((transfers.c.type.in_(types), transfers.c.amount), else_=0))


def _balances(account_id: int, as_of: datetime, *those: Any) -> Any:
    """What was on each card at that moment: the sum of its transfers up to then."""
    wanted = select(transfers.c.card_id, func.sum(_SIGNED).label("balance")).where(
        transfers.c.account_id == account_id,
        transfers.c.card_id.is_not(None),
        transfers.c.created_at <= as_of,
    )
    if those:
        wanted = wanted.join(cards, cards.c.id == transfers.c.card_id).where(*those)
    return wanted.group_by(transfers.c.card_id).subquery()


def _held(account_id: int, as_of: datetime, *those: Any) -> Any:
    """What was reserved on each card at that moment."""
    is_open = or_(holds.c.ended_at.is_(None), holds.c.ended_at > as_of)
    wanted = select(holds.c.card_id, func.sum(holds.c.amount).label("held")).where(
        holds.c.account_id == account_id, holds.c.created_at <= as_of, is_open
    )
    if those:
        wanted = wanted.join(cards, cards.c.id == holds.c.card_id).where(*those)
    return wanted.group_by(holds.c.card_id).subquery()


def _usable(at: datetime) -> list[Any]:
    """Cards that can be spent from at that moment."""
    own = cards.c
    return [
        or_(own.removed_at.is_(None), own.removed_at > at),
        or_(own.disabled_at.is_(None), own.disabled_at > at),
        or_(own.expires_at.is_(None), own.expires_at > at),
        or_(own.usable_at.is_(None), own.usable_at <= at),
    ]


def _is_alive(as_of: datetime | None) -> Any:
    """Whether no expiry was done: by then, or (None) ever, since a done one stays so whatever the clock."""
    done = cards.c.expired_at
    return done.is_(None) if as_of is None else or_(done.is_(None), done > as_of)


def _between(since: datetime | None, until: datetime, at: Any = transfers.c.created_at) -> list[Any]:
    return [at < until, *([] if since is None else [at >= since])]


def _dimensions(by: Sequence[str], at: Any) -> list[Any]:
    return [_age(at).label("age") if name == "age" else cards.c[name] for name in by]


def _age(at: Any) -> Any:
    """How long before `at` (a moment or a column of them) a card was made, in steps."""
    moment = (
        literal(microseconds(at), BigInteger) if isinstance(at, datetime) else at + literal(0, BigInteger)
    )
    lived = moment - (cards.c.created_at + literal(0, BigInteger))
    steps = [(lived <= days * (timedelta(days=1) // timedelta(microseconds=1)), name) for name, days in AGES]
    return case(*steps, else_=OLDER)


def _grouped(connection: Connection, wanted: Select[Any], keys: Sequence[Any]) -> Rows:
    """Rows by their keys, in the order of these; sums are whole numbers on every database.

    What was worked out goes by its name: its parameters, said twice, are two to PostgreSQL.
    """
    ease(connection)
    named = [key.name if isinstance(key, Label) else key for key in keys]
    rows = connection.execute(wanted.group_by(*named).order_by(*named)).mappings()
    return [{str(name): _whole(value) for name, value in row.items()} for row in rows]


def _by(keys: Sequence[Any], rows: Rows) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[key.name] for key in keys): row for row in rows}


def _named(keys: Sequence[Any], values: Sequence[Any]) -> Row:
    return {str(key.name): value for key, value in zip(keys, values, strict=True)}


def _whole(value: Any) -> Any:
    """PostgreSQL's sums of bigint are decimals."""
    is_plain = value is None or isinstance(value, str | int | datetime)
    return value if is_plain else int(value)
