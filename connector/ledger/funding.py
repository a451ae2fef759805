"""Who gives what is put on a card: prepaid funds where there are any, else what was sold or is given away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.funds import Fund
from ..store import funds
from ..store.writer import Writing
from . import accounts


@dataclass(frozen=True, slots=True)
class Giver:
    """A ledger account that value comes from; `fund` where it is prepaid and may not be overdrawn."""

    account: str
    fund: Fund | None = None


def giver(
    tx: Writing, account_id: int, *, kind: str, program: str | None, currency: str, given_by: str
) -> Giver:
    """A program's own funds, else the account's, in this currency; without any, it is not prepaid.

    `given_by` names the recipe or door of what is given away.
    """
    for owner in ([program] if program else []) + [""]:
        fund = funds.find(tx, account_id, owner, currency)
        if fund is not None:
            return Giver(accounts.prepaid(owner), fund)
    return Giver(accounts.funding(program) if kind == "paid" else accounts.promo(given_by))


def given_by(origin: Mapping[str, Any], source: str) -> str:
    """The recipe that gives, else the door."""
    return str(origin.get("recipe") or source)
