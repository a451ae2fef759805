"""Runs with their traces, and what `once_per` has taken."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert

from .prepared import Prepared
from .tables import once_taken, runs
from .writer import Writing

_ADD: Final = Prepared(insert(runs))


def add_all(tx: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the runs of one event: also those that did nothing, with the line that stopped them."""
    tx.do_all(_ADD, [{**row, "created_at": tx.now} for row in rows])


def take_once(tx: Writing, account_id: int, recipe: str, value: str, run: str) -> bool:
    """Claim `once_per` for life; False where another run has it."""
    values = {
        "account_id": account_id,
        "recipe": recipe,
        "value": value,
        "run": run,
        "taken_at": tx.now,
    }
    return tx.insert_new(once_taken, values, ("account_id", "recipe", "value")) is not None
