"""Program rows: the catalogue. What is no column of its own is kept together, as JSON."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from ..domain import ids
from ..domain.programs import RULES, Program
from .columns import is_name
from .prepared import Prepared
from .tables import programs
from .writer import Writing, ask

_BY_SLUG: Final = Prepared(
    select(programs).where(
        programs.c.account_id == bindparam("account_id"), programs.c.slug == bindparam("slug")
    )
)
_LISTS: Final = ("amounts", "countries")


def find(connection: Connection | Writing, account_id: int, slug: str) -> Program | None:
    """The account's program of this name, or None."""
    if not is_name(slug):
        return None
    rows = ask(connection, _BY_SLUG, {"account_id": account_id, "slug": slug})
    return _program(rows[0]) if rows else None


def lock(tx: Writing, account_id: int, slug: str) -> Program | None:
    """As `find`, holding the row until the commit."""
    wanted = select(programs.c.id).where(programs.c.account_id == account_id, programs.c.slug == slug)
    if not tx.is_alone and tx.execute(wanted.with_for_update()).first() is None:
        return None
    return find(tx, account_id, slug)


def add(tx: Writing, program: Program) -> Program | None:
    """Keep a new program, with an id of its own; None where the account has one of this name."""
    new = dataclasses.replace(program, public_id=ids.new_id(ids.PROGRAM, tx.now))
    made = tx.insert_new(programs, _row(new), ("account_id", "slug"))
    return None if made is None else dataclasses.replace(new, id=made)


def change(tx: Writing, program: Program) -> Program:
    """Write a locked program as it is to be."""
    changed = dataclasses.replace(program, updated_at=tx.now)
    tx.execute(update(programs).where(programs.c.id == program.id).values(**_row(changed)))
    return changed


def page(
    connection: Connection, account_id: int, *, conditions: Sequence[Any], after: str | None, limit: int
) -> list[Program]:
    """At most `limit` programs by slug, behind the slug `after`."""
    wanted = select(programs).where(programs.c.account_id == account_id, *conditions)
    if after is not None:
        wanted = wanted.where(programs.c.slug > after)
    return [
        _program(row) for row in connection.execute(wanted.order_by(programs.c.slug).limit(limit)).mappings()
    ]


def has(name: str, value: object) -> Any:
    """A condition on a column: `currency`, `kind`, `is_active`."""
    return programs.c[name] == value


def _row(program: Program) -> dict[str, Any]:
    rules = {name: getattr(program, name) for name in RULES}
    own = (one.name for one in dataclasses.fields(Program) if one.name not in RULES and one.name != "id")
    return {
        **{name: getattr(program, name) for name in own},
        "rules": {name: list(one) if isinstance(one, tuple) else one for name, one in rules.items()},
    }


def _program(row: RowMapping | Mapping[str, Any]) -> Program:
    rules: dict[str, Any] = {
        name: tuple(one) if name in _LISTS else one for name, one in row["rules"].items() if name in RULES
    }
    return Program(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        slug=row["slug"],
        name=row["name"],
        currency=row["currency"],
        kind=row["kind"],
        is_active=bool(row["is_active"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        **rules,
    )
