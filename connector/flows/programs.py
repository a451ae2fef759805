"""The catalogue for the doors: programs made, changed, shown and listed. Each change has its audit row."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound, SlugTaken
from ..domain.programs import Program, changed, program_json
from ..store import programs
from ..store.writer import Writing
from .paging import Page, close_cursor, limit_of, open_cursor, with_filters
from .parts import Parts
from .perform import Answered, Idempotency, once

PROGRAMS: Final = "programs"
CHANGEABLE: Final = frozenset(
    {
        "name",
        "description",
        "amounts",
        "min_amount",
        "max_amount",
        "countries",
        "valid_for",
        "code_prefix",
        "design",
        "max_balance",
        "per_day",
        "on_expiry",
        "cash_out_below",
        "is_active",
        "metadata",
    }
)
"""What a program may change: never slug, currency or kind, on which cards and funds rest."""
_CHUNK: Final = 250


def create(
    parts: Parts, account: Account, actor: Actor, told: Mapping[str, Any], key: Idempotency | None = None
) -> Answered:
    """A new program; its currency is the account's and its kind promotional if left out. SlugTaken."""

    def deed(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        usual = {"currency": account.currency, "kind": "promotional", "is_active": True}
        wanted = changed(_blank(account, tx), {**usual, **told})
        made = programs.add(tx, wanted)
        if made is None:
            raise SlugTaken(f"There is a program {wanted.slug} in this account already.")
        desk.note("create_program", None, subject=made.public_id, details=program_json(made))
        return Answered(201, program_json(made))

    return once(parts, account, deed, key)


def change(
    parts: Parts,
    account: Account,
    actor: Actor,
    slug: str,
    told: Mapping[str, Any],
    key: Idempotency | None = None,
) -> Answered:
    """A program with other rules, for the cards that are issued from now on; NotFound."""

    def deed(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        found = programs.lock(tx, account.id, slug)
        if found is None:
            raise _unknown()
        new = changed(found, {name: one for name, one in told.items() if name in CHANGEABLE})
        kept = programs.change(tx, new)
        before, after = program_json(found), program_json(kept)
        details = {name: after[name] for name in told if after[name] != before[name]}
        desk.note("change_program", None, subject=kept.public_id, details=details)
        return Answered(200, after)

    return once(parts, account, deed, key)


def one(parts: Parts, account: Account, slug: str) -> dict[str, Any]:
    """One program, or NotFound."""
    with parts.engines.reading() as connection:
        found = programs.find(connection, account.id, slug)
    if found is None:
        raise _unknown()
    return program_json(found)


def every(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """Programs in the order of their slugs. `asked`: country, currency, kind, active, limit, cursor."""
    limit, which = limit_of(asked.get("limit")), with_filters(PROGRAMS, asked)
    after = open_cursor(parts, account, which, asked.get("cursor"))
    found: list[Program] = []
    for program in _matching(parts, account, asked, None if after is None else str(after[0])):
        found.append(program)
        if len(found) > limit:
            break
    following = found[limit - 1].slug if len(found) > limit else None
    cursor = None if following is None else close_cursor(parts, account, which, [following])
    return Page([program_json(program) for program in found[:limit]], cursor)


def _matching(
    parts: Parts, account: Account, asked: Mapping[str, Any], after: str | None
) -> Iterator[Program]:
    columns = {"currency": "currency", "kind": "kind", "active": "is_active"}
    conditions = [programs.has(column, asked[name]) for name, column in columns.items() if name in asked]
    country = asked.get("country")
    while True:
        with parts.engines.reading() as connection:
            rows = programs.page(connection, account.id, conditions=conditions, after=after, limit=_CHUNK)
        yield from (one for one in rows if country is None or not one.countries or country in one.countries)
        if len(rows) < _CHUNK:
            return
        after = rows[-1].slug


def _blank(account: Account, tx: Writing) -> Program:
    return Program(
        id=0,
        public_id="",
        account_id=account.id,
        slug="",
        name="",
        currency=account.currency,
        kind="promotional",
        is_active=True,
        created_at=tx.now,
        updated_at=tx.now,
    )


def _unknown() -> NotFound:
    return NotFound("There is no such program in this account.")
