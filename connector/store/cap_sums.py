"""What was given out on one day, by whom: added to only while the sum stays within its cap."""

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from .prepared import Prepared
from .tables import cap_sums
from .writer import Writing, ask

_KEY: Final = ("account_id", "subject", "day", "currency")
_MINE: Final = [cap_sums.c[name] == bindparam(f"its_{name}") for name in _KEY]
_ADD: Final = Prepared(
    update(cap_sums)
    .where(*_MINE, cap_sums.c.amount + bindparam("delta") <= bindparam("cap"))
    .values(amount=cap_sums.c.amount + bindparam("delta"))
)
_SUM: Final = Prepared(select(cap_sums.c.amount).where(*_MINE))


def add(
    tx: Writing, account_id: int, subject: str, day: str, currency: str, amount: int, *, cap: int
) -> bool:
    """Add `amount` to the day's sum if that leaves it at or below `cap`; False: nothing was changed.

    Others who add to the same sum wait for our commit, so that they see it.
    """
    if amount > cap:
        return False
    key = dict(zip(_KEY, (account_id, subject, day, currency), strict=True))
    guarded = {**_its(key), "delta": amount, "cap": cap}
    if tx.do(_ADD, guarded):
        return True
    is_first = tx.insert_new(cap_sums, {**key, "amount": amount}, _KEY) is not None
    # It was there: full, or made by somebody in the moment between.
    return is_first or bool(tx.do(_ADD, guarded))


def of(connection: Connection | Writing, account_id: int, subject: str, day: str, currency: str) -> int:
    """The day's sum so far."""
    key = dict(zip(_KEY, (account_id, subject, day, currency), strict=True))
    rows = ask(connection, _SUM, _its(key))
    return int(rows[0]["amount"]) if rows else 0


def _its(key: dict[str, object]) -> dict[str, object]:
    return {f"its_{name}": value for name, value in key.items()}
