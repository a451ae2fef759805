"""Reports for the doors: what is owed, what was spent, what recipes brought, who has credit, who gave.

The one rule: a report of a past moment says what one asked for at that moment would have
said. Sums are minor units of the currency beside them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ..domain import csvrows
from ..domain.accounts import Account
from ..domain.events import rfc3339
from ..ledger import accounts as chart
from ..store import reports as rows
from . import goal_report
from .paging import Page, bad, close_cursor, limit_of, open_cursor
from .parts import Parts

CONTACTS: Final = "contacts-with-balance"
DIMENSIONS: Final = rows.DIMENSIONS
AGES: Final = (*(name for name, _ in rows.AGES), rows.OLDER)
AT_ONCE: Final = 250  # contacts: most of those who are looked at may have nothing left
_MICROSECOND: Final = timedelta(microseconds=1)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Rows under their `columns`. `about` is what was asked: moments, and by what it is parted.

    `goals`, of recipes: what came of their goals; in CSV they are rows of their own, behind the others.
    """

    name: str
    columns: tuple[str, ...]
    data: list[Row]
    about: Mapping[str, Any]
    next_cursor: str | None = None
    is_paged: bool = False
    goals: list[Row] | None = None

    def as_json(self) -> dict[str, Any]:
        found = {"report": self.name, **self.about, "data": self.data}
        if self.goals is not None:
            found["goals"] = self.goals
        return {**found, "next_cursor": self.next_cursor} if self.is_paged else found

    @property
    def page(self) -> Page:
        """For the link to what follows."""
        return Page(self.data, self.next_cursor)

    def as_csv(self) -> str:
        """The same rows as CSV: sums in minor units, and no text that a spreadsheet would run."""
        columns = self.columns
        if self.goals is not None:
            columns = (*columns, *(name for name in goal_report.COLUMNS if name not in columns))
        rows = [*self.data, *(self.goals or ())]
        lines = [csvrows.written(columns)]
        lines += [",".join(_cell(row.get(name)) for name in columns) + "\n" for row in rows]
        return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The moments and parts of a report. `now` is the account's; `until` is `now` where nothing is said."""

    now: datetime
    as_of: datetime | None
    since: datetime | None
    until: datetime
    by: tuple[str, ...]

    @property
    def before(self) -> datetime:
        """Everything up to `as_of` is before this."""
        return (self.as_of or self.now) + _MICROSECOND


_Reader = Callable[[Any, Account, _Asked], list[Row]]


def report(parts: Parts, account: Account, name: str, asked: Mapping[str, Any]) -> Report:
    """The report of this name (REPORTS, or contacts-with-balance). BadRequest for what it cannot be asked.

    `asked`: `as_of`, or `since` and `until`; `by`; `limit` and `cursor` of contacts.
    """
    read = _read(parts, account, asked)
    if name == CONTACTS:
        return _contacts(parts, account, read, asked)
    columns, reader = REPORTS[name]
    with parts.engines.reading() as connection:
        found, goals = reader(connection, account, read), None
        if name == "recipes":
            acting = parts.library.current.recipes
            goals = goal_report.goals_of(connection, account.id, acting, since=read.since, until=read.until)
    return Report(name, (*_keys(columns, read.by), *_sums(columns)), found, _about(name, read), goals=goals)


def _read(parts: Parts, account: Account, asked: Mapping[str, Any]) -> _Asked:
    now = parts.clock.now() + account.clock_offset
    as_of, since, until = asked.get("as_of"), asked.get("since"), asked.get("until")
    if as_of is not None and as_of > now:
        raise bad("as_of", "is a moment that has not come yet")
    if as_of is not None and until is not None:
        raise bad("as_of", "and until are one too many: give one of them")
    until = until or (as_of or now) + _MICROSECOND
    if since is not None and since >= until:
        raise bad("since", "is not before until, which is now if left out")
    by = tuple(dict.fromkeys(asked.get("by") or ()))
    if any(one not in DIMENSIONS for one in by):
        raise bad("by", f"is some of {', '.join(DIMENSIONS)}")
    return _Asked(now, as_of, since, until, by)


def _liability(connection: Any, account: Account, asked: _Asked) -> list[Row]:
    return rows.liability(connection, account.id, as_of=asked.as_of, now=asked.now, by=asked.by)


def _redemptions(connection: Any, account: Account, asked: _Asked) -> list[Row]:
    since, until, by = asked.since, asked.until, asked.by
    found = rows.redemptions(connection, account.id, since=since, until=until, by=by)
    return [_rated(row) for row in found]


def _rated(row: Row) -> Row:
    """With what was spent, as a share of what was put on cards."""
    return {**row, "redemption_rate": goal_report.rate_of(row["spend"], row["issued"])}


def _recipes(connection: Any, account: Account, asked: _Asked) -> list[Row]:
    found = rows.recipes(connection, account.id, since=asked.since, until=asked.until)
    return [_rated(row) for row in found]


def _funding(connection: Any, account: Account, asked: _Asked) -> list[Row]:
    """Prepaid funds with what is left of them; beside them what was sold and what was given away."""
    given = rows.giving(connection, account.id, until=asked.before)
    paid = rows.deposits(connection, account.id, until=asked.before)
    by_account = {(one["account"], one["currency"]): one for one in given}
    found = []
    for fund in paid:
        name = chart.prepaid(fund["program"])
        # What an undo returned was never paid in by anybody, nor given after all.
        drawn = by_account.pop((name, fund["currency"]), {}).get("given", 0) - fund.pop("returned")
        left = fund["paid_in"] - fund["taken_out"] - drawn
        found.append(
            {**fund, "account": name, "program": fund["program"] or None, "given": drawn, "balance": left}
        )
    for (name, currency), one in sorted(by_account.items()):
        kind, _, whose = name.partition(":")
        if kind in ("funding", "promo"):
            row = {"account": name, "currency": currency, "given": one["given"], "taken_out": one["taken"]}
            row["program"] = whose if kind == "funding" and whose != "-" else None
            found.append({**dict.fromkeys(("threshold", "paid_in", "balance")), **row})
    return found


# Keys, a mark where the parts asked for come in, then sums.
_BY: Final = "by"
REPORTS: Final[Mapping[str, tuple[tuple[str, ...], _Reader]]] = {
    "liability": (("currency", "kind", "removed", _BY, "cards", "outstanding", "held"), _liability),
    "redemptions": (
        (
            *("currency", "kind", _BY, "redemptions", "cards", "redeemed", "refunded", "spend", "breakage"),
            *("cashed_out", "issued", "redemption_rate"),
        ),
        _redemptions,
    ),
    "recipes": (
        (
            *("recipe", "currency", _BY, "cards", "contacts", "contacts_back", "cards_used"),
            *("issued", "spend", "breakage", "outstanding", "redemption_rate"),
        ),
        _recipes,
    ),
    "funding": (
        ("account", "program", "currency", _BY, "paid_in", "taken_out", "given", "balance", "threshold"),
        _funding,
    ),
}
_HOLDER: Final = ("contact_id", "first_name", "last_name", "email", "phone")
_HELD: Final = ("currency", "balance", "cards", "next_expiry_at")


def _contacts(parts: Parts, account: Account, read: _Asked, asked: Mapping[str, Any]) -> Report:
    """Who has credit that can be spent, a row for each of their currencies; pages are of contacts."""
    limit = limit_of(asked.get("limit"))
    which = f"{CONTACTS} {_shown(read.as_of)}"
    after = open_cursor(parts, account, which, asked.get("cursor"))
    behind, found, last = (0 if after is None else int(after[0])), list[Row](), 0
    has_more, at_once = True, max(limit + 1, AT_ONCE)
    with parts.engines.reading() as connection:
        while has_more and len({row["id"] for row in found}) <= limit:
            people = rows.holders(
                connection,
                account.id,
                after=behind,
                limit=at_once,
                as_of=read.as_of,
                now=read.now,
            )
            has_more = len(people) == at_once
            if people:
                behind = people[-1]
                found += rows.holdings(connection, account.id, people, as_of=read.as_of, now=read.now)
    shown = sorted({row["id"] for row in found})[:limit]
    if len({row["id"] for row in found}) > limit:
        last = shown[-1]
    cursor = close_cursor(parts, account, which, [last]) if last else None
    data = [_holder(row) for row in found if row["id"] in set(shown)]
    about = {"as_of": _shown(read.as_of or read.now)}
    return Report(CONTACTS, (*_HOLDER, *_HELD), data, about, cursor, is_paged=True)


def _holder(row: Row) -> Row:
    return {
        "contact_id": row["public_id"],
        **{name: row[name] for name in _HOLDER[1:]},
        **{name: row[name] for name in ("currency", "balance", "cards")},
        "next_expiry_at": _shown(row["next_expiry_at"]),
    }


def _about(name: str, asked: _Asked) -> dict[str, Any]:
    if name in ("liability", "funding"):
        about = {"as_of": _shown(asked.as_of or asked.now)}
    else:
        about = {"since": _shown(asked.since), "until": _shown(min(asked.until, asked.now))}
    return {**about, "by": list(asked.by)} if name in ("liability", "redemptions") else about


def _keys(columns: Sequence[str], by: Sequence[str]) -> tuple[str, ...]:
    return (*columns[: columns.index(_BY)], *by)


def _sums(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(columns[columns.index(_BY) + 1 :])


def _cell(value: Any) -> str:
    """A number as it is: only texts could be taken for formulas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return csvrows.written([str(value or "")]).rstrip("\n")


def _shown(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
