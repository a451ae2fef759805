"""Runs that stand still: for a moment to come, or for a person to decide. Each is taken on once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Connection,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)

from ..domain.jsontext import dumps, read_own
from ..domain.sealing import KeyRing
from .columns import Moment, is_name
from .prepared import Prepared
from .tables import standing_runs
from .writer import Writing

_ADD: Final = Prepared(insert(standing_runs))
_TAKE: Final = Prepared(delete(standing_runs).where(standing_runs.c.run == bindparam("run")))
# CROSS JOIN, which SQLite takes as an order: accounts first, each by its own clock.
_DUE: Final = (
    "SELECT standing_runs.run, standing_runs.account_id FROM accounts CROSS JOIN standing_runs"
    " WHERE standing_runs.account_id = accounts.id"
    " AND standing_runs.due_at <= :now + accounts.clock_offset_us"
    " AND (:every OR accounts.id = :account)"
)
_STILL: Final = (
    " AND NOT (standing_runs.kind = 'wait' AND EXISTS (SELECT 1 FROM runs"
    " WHERE runs.public_id = standing_runs.run AND runs.recipe IN :still))"
)
_FIRST: Final = " ORDER BY standing_runs.due_at, standing_runs.run LIMIT :limit"
_BOUND: Final[tuple[BindParameter[Any], ...]] = (
    bindparam("now", type_=Moment),
    bindparam("limit"),
    bindparam("every", type_=Boolean),
    bindparam("account", type_=BigInteger),
)
_ALL_DUE: Final = text(_DUE + _FIRST).bindparams(*_BOUND)
_DUE_BUT: Final = text(_DUE + _STILL + _FIRST).bindparams(*_BOUND, bindparam("still", expanding=True))


@dataclass(frozen=True, slots=True)
class Standing:
    """A run that stands still. `kind`: wait, hold (its own step asked a person) or limit (one was reached).

    `due_at`: when a wait ends, or nobody may approve any more.
    """

    run: str
    account_id: int
    kind: str
    due_at: datetime
    journal: Any


def add(tx: Writing, ring: KeyRing, found: Standing) -> None:
    """Let it stand; its journal is sealed, for it may hold card codes."""
    tx.do(
        _ADD,
        {
            "run": found.run,
            "account_id": found.account_id,
            "kind": found.kind,
            "due_at": found.due_at,
            "journal_sealed": ring.seal(dumps(found.journal).encode(), _journal_of(found.run)),
            "created_at": tx.now,
        },
    )


def due(
    connection: Connection,
    now: datetime,
    limit: int,
    account_id: int | None = None,
    still: Sequence[str] = (),
) -> Sequence[tuple[str, int]]:
    """Runs whose moment has come by their account's clock, with the account; oldest first.

    Of the recipes `still`, none whose wait is over.
    """
    values = {"now": now, "limit": limit, "every": account_id is None, "account": account_id or 0}
    if still:
        rows = connection.execute(_DUE_BUT, {**values, "still": list(still)})
    else:
        rows = connection.execute(_ALL_DUE, values)
    return [(row.run, row.account_id) for row in rows]


def take(tx: Writing, ring: KeyRing, run: str, *, due_by: datetime | None = None) -> Standing | None:
    """The run, no longer standing: whoever gets it goes on with it. None where it does not stand.

    `due_by`: only if its moment has come by then; it may stand anew since it was looked for.
    """
    if not is_name(run):
        return None
    wanted = select(standing_runs).where(standing_runs.c.run == run)
    if due_by is not None:
        wanted = wanted.where(standing_runs.c.due_at <= due_by)
    row = tx.execute(wanted if tx.is_alone else wanted.with_for_update()).mappings().first()
    if row is None or tx.do(_TAKE, {"run": run}) != 1:
        return None
    opened = ring.open(row["journal_sealed"], _journal_of(run)).decode()
    return Standing(run, row["account_id"], row["kind"], row["due_at"], read_own(opened))


def postpone(tx: Writing, run: str, wait: Callable[[int], timedelta]) -> tuple[int, datetime] | None:
    """It could not go on: due again after `wait` of the tries so far, by `tx.now`, its account's clock.

    How often it was tried, and when it is next; None where it does not stand any more, or stands
    for a later moment: then it went on after all, as far as its next wait.
    """
    at = standing_runs.c.run == run, standing_runs.c.due_at <= tx.now
    tries = tx.execute(select(standing_runs.c.tries).where(*at)).scalar()
    if tries is None:
        return None
    due_at = tx.now + wait(tries)
    changed = tx.execute(update(standing_runs).where(*at).values(tries=tries + 1, due_at=due_at)).rowcount
    return (tries + 1, due_at) if changed else None


def due_dates(connection: Connection | Writing, runs: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    """Kind and moment of those of `runs` that stand still."""
    wanted = select(standing_runs).where(standing_runs.c.run.in_(runs))
    return {row["run"]: (row["kind"], row["due_at"]) for row in connection.execute(wanted).mappings()}


def _journal_of(run: str) -> str:
    return f"journal {run}"
