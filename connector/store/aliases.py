"""The other names of cards, contacts, transfers and actors: a number, a UUID, a flake for each.

The one rule: a name is allotted once and never again. Numbers and flakes rise in the order in which
they are allotted, under the lock of the account's counter, so that whoever asks for what came
behind a number misses nothing, however late a transaction commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import Column, Connection, RowMapping, func, insert, select, update

from ..domain import ids
from .tables import alias_counters, aliases, cards
from .writer import Writing

Kind = Literal["card", "contact", "transfer", "actor"]

MAX_NUMBER: Final = 2**53 - 1
"""What every JSON reader takes as it is."""

_WINDOW: Final = 1_000  # numbers from outside may be dense: looked at so many at once
_LASTS: Final = timedelta(minutes=10)  # far longer than any transaction of ours is open


@dataclass(frozen=True, slots=True)
class Alias:
    """The other names of `subject`, a public id."""

    subject: str
    number: int
    uuid: str
    flake: int


def known(
    connection: Connection | Writing, account_id: int, kind: Kind, subjects: Sequence[str]
) -> dict[str, Alias]:
    """The names of those that have some, by public id."""
    wanted = select(aliases).where(
        aliases.c.account_id == account_id, aliases.c.kind == kind, aliases.c.subject.in_(subjects)
    )
    return {row["subject"]: _alias(row) for row in connection.execute(wanted).mappings()}


def by_number(connection: Connection | Writing, account_id: int, kind: Kind, number: int) -> str | None:
    """Whose number it is."""
    return (
        _subject(connection, account_id, kind, aliases.c.number, number) if 0 < number <= MAX_NUMBER else None
    )


def by_uuid(connection: Connection | Writing, account_id: int, kind: Kind, uuid: str) -> str | None:
    """Whose UUID it is, in 22 letters and digits."""
    is_one = len(uuid) == 22 and uuid.isascii() and uuid.isprintable()
    return _subject(connection, account_id, kind, aliases.c.uuid, uuid) if is_one else None


def by_flake(connection: Connection | Writing, account_id: int, kind: Kind, flake: int) -> str | None:
    """Whose flake it is."""
    return _subject(connection, account_id, kind, aliases.c.flake, flake) if 0 < flake < 2**63 else None


def allot(tx: Writing, account_id: int, kind: Kind, subjects: Sequence[str]) -> dict[str, Alias]:
    """The names of all of them; those that had none yet get theirs, in the order given."""
    found = known(tx, account_id, kind, subjects)
    missing = [subject for subject in dict.fromkeys(subjects) if subject not in found]
    if missing:
        _hold(tx, account_id, kind)
        found |= known(tx, account_id, kind, missing)  # somebody may have been before us
        still = [subject for subject in missing if subject not in found]
        found |= _add(tx, account_id, kind, still)
    return found


def claim(tx: Writing, account_id: int, kind: Kind, subject: str, number: int) -> bool:
    """Give a thing without a number the one that others know it by.

    False where it has one, where somebody else has this one, and for what can be no number.
    """
    if not 0 < number <= MAX_NUMBER:
        return False
    _hold(tx, account_id, kind)
    if known(tx, account_id, kind, [subject]) or by_number(tx, account_id, kind, number) is not None:
        return False
    [flake] = _flakes(tx, account_id, kind, 1)
    tx.execute(insert(aliases).values(_row(account_id, kind, subject, number, flake)))
    return True


def number_cards(tx: Writing, account_id: int, limit: int) -> int:
    """Number the account's cards that have no number, oldest first, at most `limit`; how many they were.

    Fewer than `limit`: all that there are have one.
    """
    counter = _hold(tx, account_id, "card")
    named = select(aliases.c.id).where(
        aliases.c.account_id == account_id, aliases.c.kind == "card", aliases.c.subject == cards.c.public_id
    )
    wanted = (
        select(cards.c.id, cards.c.public_id)
        .where(cards.c.account_id == account_id, cards.c.id > counter["upto"], ~named.exists())
        .order_by(cards.c.id)
        .limit(limit)
    )
    rows = tx.execute(wanted).all()
    _add(tx, account_id, "card", [row.public_id for row in rows])
    if len(rows) < limit and tx.wall - counter["seen_at"] >= _LASTS:
        # Whatever row came before `seen` has been committed for long, and has just been numbered.
        newest = tx.execute(select(func.max(cards.c.id))).scalar_one() or 0
        here = (alias_counters.c.account_id == account_id) & (alias_counters.c.kind == "card")
        values = {"upto": counter["seen"], "seen": newest, "seen_at": tx.wall}
        tx.execute(update(alias_counters).where(here).values(values))
    return len(rows)


def _subject(
    connection: Connection | Writing, account_id: int, kind: Kind, column: Column[Any], value: int | str
) -> str | None:
    wanted = select(aliases.c.subject).where(
        aliases.c.account_id == account_id, aliases.c.kind == kind, column == value
    )
    found = connection.execute(wanted).scalar_one_or_none()
    return None if found is None else str(found)


def _hold(tx: Writing, account_id: int, kind: Kind) -> RowMapping:
    """The account's counter, which nobody else moves until the commit."""
    first = {"account_id": account_id, "kind": kind, "next": 1, "upto": 0, "seen": 0, "seen_at": tx.wall}
    tx.insert_new(alias_counters, first, ("account_id", "kind"))
    wanted = select(alias_counters).where(
        alias_counters.c.account_id == account_id, alias_counters.c.kind == kind
    )
    return tx.execute(wanted if tx.is_alone else wanted.with_for_update()).mappings().one()


def _add(tx: Writing, account_id: int, kind: Kind, subjects: Sequence[str]) -> dict[str, Alias]:
    """New names, with the counter held."""
    if not subjects:
        return {}
    numbers = _free(tx, account_id, kind, _hold(tx, account_id, kind)["next"], len(subjects))
    flakes = _flakes(tx, account_id, kind, len(subjects))
    made = [_row(account_id, kind, *one) for one in zip(subjects, numbers, flakes, strict=True)]
    tx.execute(insert(aliases), made)
    here = (alias_counters.c.account_id == account_id) & (alias_counters.c.kind == kind)
    tx.execute(update(alias_counters).where(here).values(next=numbers[-1] + 1))
    return {row["subject"]: _alias(row) for row in made}


def _free(tx: Writing, account_id: int, kind: Kind, first: int, count: int) -> list[int]:
    """The next numbers that nobody gave from outside."""
    found: list[int] = []
    while len(found) < count:
        behind = first + max(count, _WINDOW)
        wanted = select(aliases.c.number).where(
            aliases.c.account_id == account_id,
            aliases.c.kind == kind,
            aliases.c.number >= first,
            aliases.c.number < behind,
        )
        taken = set(tx.execute(wanted).scalars())
        found += [number for number in range(first, behind) if number not in taken]
        first = behind
    return found[:count]


def _flakes(tx: Writing, account_id: int, kind: Kind, count: int) -> list[int]:
    """New flakes above all that there are, rising: they sort as what they name was allotted.

    By time alone those of one millisecond would not, nor those of a clock that was put back.
    """
    here = (aliases.c.account_id == account_id) & (aliases.c.kind == kind)
    last = tx.execute(select(func.max(aliases.c.flake)).where(here)).scalar_one() or 0
    drawn = sorted(ids.new_flake(tx.wall) for _ in range(count))
    lift = max(0, last + 1 - drawn[0])
    return [flake + lift + place for place, flake in enumerate(drawn)]


def _row(account_id: int, kind: Kind, subject: str, number: int, flake: int) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "kind": kind,
        "subject": subject,
        "number": number,
        "uuid": ids.new_uuid(),
        "flake": flake,
    }


def _alias(row: Mapping[str, Any] | RowMapping) -> Alias:
    return Alias(row["subject"], row["number"], row["uuid"], row["flake"])
