"""Who gives what is put on a card: prepaid funds where there are any, else what was sold or is given away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.errors import InsufficientFunds
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

    Who has funds in other currencies only is prepaid all the same: InsufficientFunds, or another
    currency would be the way past them. `given_by` names the recipe or door of what is given away.
    """
    for owner in ([program] if program else []) + [""]:
        there = funds.of_owner(tx, account_id, owner)
        if currency in there:
            return Giver(accounts.prepaid(owner), there[currency])
        if there:
            whose = f"of the program {owner}" if owner else "of the account"
            raise InsufficientFunds(f"The prepaid funds {whose} are in other currencies than {currency}.")
    return Giver(accounts.funding(program) if kind == "paid" else accounts.promo(given_by))


def prepaid_by(tx: Writing, account_id: int, program: str | None) -> str | None:
    """Whose funds pay for a card of this program: its own, else the account's (""); None: it is not prepaid.

    In whatever currency: who has funds in another one only is prepaid all the same.
    """
    owners = ([program] if program else []) + [""]
    return next((one for one in owners if funds.of_owner(tx, account_id, one)), None)


def given_by(origin: Mapping[str, Any], source: str) -> str:
    """The recipe that gives, else the door."""
    return str(origin.get("recipe") or source)
