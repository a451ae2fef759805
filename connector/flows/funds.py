"""Prepaid funds for the doors: paid in, taken out, watched. The first deposit makes issuing prepaid.

A deposit and a withdrawal are one line of the funds' own chain and one audit row each.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import CurrencyMismatch, FieldError, NotFound, ValidationFailed
from ..domain.funds import Fund, fund_json
from ..domain.money import MAX_MINOR, require_currency
from ..domain.transfers import Transfer, transaction_json
from ..ledger import accounts, posting
from ..operations.kit import Desk, require_amount
from ..store import funds, programs
from ..store.writer import Writing
from .paging import Page, close_cursor, limit_of, open_cursor, with_filters
from .parts import Parts
from .perform import Answered, Idempotency, once

FUNDS: Final = "funding"


def deposit(
    parts: Parts, account: Account, actor: Actor, told: Mapping[str, Any], key: Idempotency | None = None
) -> Answered:
    """Pay in. `told`: amount, program, currency (theirs if left out), threshold, reference, note."""

    def deed(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        amount = require_amount(told.get("amount"))
        program = told.get("program")
        currency = _currency(desk, program, told.get("currency"))
        found = funds.find(tx, account.id, program or "", currency)
        found = found or funds.make(tx, account.id, program or "", currency, None)
        found = found or funds.find(tx, account.id, program or "", currency)  # made by somebody meanwhile
        assert found is not None
        before = funds.lock(tx, found)
        fund, line = posting.deposit(tx, before, amount, _why(desk, "deposit", told))
        if "threshold" in told:
            fund = funds.set_threshold(tx, fund, _threshold(told))
            _warn(desk, before, fund)
        desk.note("deposit", None, subject=fund.public_id, transfer=line, note=told.get("note"))
        return Answered(201, _moved(fund, line))

    return once(parts, account, deed, key)


def withdraw(
    parts: Parts,
    account: Account,
    actor: Actor,
    fund: str,
    told: Mapping[str, Any],
    key: Idempotency | None = None,
) -> Answered:
    """Take out what was not given out. `told`: amount, reference, note. InsufficientFunds, NotFound."""

    def deed(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        amount = require_amount(told.get("amount"))
        found = _required(funds.by_id(tx, account.id, fund))
        moved, line = posting.deposit(tx, funds.lock(tx, found), -amount, _why(desk, "withdraw", told))
        desk.note("withdraw", None, subject=moved.public_id, transfer=line, note=told.get("note"))
        desk.drawn(moved, amount)
        return Answered(200, _moved(moved, line))

    return once(parts, account, deed, key)


def watch(
    parts: Parts,
    account: Account,
    actor: Actor,
    fund: str,
    told: Mapping[str, Any],
    key: Idempotency | None = None,
) -> Answered:
    """Set the `threshold` below which `funding.low` warns; None: no warning."""

    def deed(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        found = funds.lock(tx, _required(funds.by_id(tx, account.id, fund)))
        if "threshold" not in told or _threshold(told) == found.threshold:
            return Answered(200, fund_json(found))
        kept = funds.set_threshold(tx, found, _threshold(told))
        _warn(desk, found, kept)
        details = {"threshold": kept.threshold}
        desk.note("change_funding", None, subject=kept.public_id, details=details)
        return Answered(200, fund_json(kept))

    return once(parts, account, deed, key)


def one(parts: Parts, account: Account, fund: str) -> dict[str, Any]:
    """One fund, or NotFound."""
    with parts.engines.reading() as connection:
        return fund_json(_required(funds.by_id(connection, account.id, fund)))


def every(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """Funds, oldest first. `asked`: program, currency, limit, cursor."""
    limit, which = limit_of(asked.get("limit")), with_filters(FUNDS, asked)
    after = open_cursor(parts, account, which, asked.get("cursor"))
    filters = {name: asked[name] for name in ("program", "currency") if name in asked}
    with parts.engines.reading() as connection:
        found = funds.page(
            connection,
            account.id,
            filters=filters,
            after=0 if after is None else int(after[0]),
            limit=limit + 1,
        )
    last = found[limit - 1].id if len(found) > limit else None
    cursor = None if last is None else close_cursor(parts, account, which, [last])
    return Page([fund_json(fund) for fund in found[:limit]], cursor)


def _currency(desk: Desk, program: str | None, told: str | None) -> str:
    if program is None:
        return require_currency(told or desk.account.currency)
    found = programs.find(desk.tx, desk.account.id, program)
    if found is None:
        raise NotFound("There is no such program in this account.")
    if told not in (None, found.currency):
        raise CurrencyMismatch(f"The program {found.slug} is in {found.currency}, not {told}.")
    return found.currency


def _threshold(told: Mapping[str, Any]) -> int | None:
    threshold: int | None = told["threshold"]
    if threshold is not None and not 0 <= threshold <= MAX_MINOR:
        message = f"is between 0 and {MAX_MINOR} minor units, or null for no warning"
        raise ValidationFailed(f"threshold {message}", errors=[FieldError("threshold", message)])
    return threshold


def _warn(desk: Desk, before: Fund, after: Fund) -> None:
    """Funds that a new threshold finds low already: whoever draws on them next crosses nothing."""
    if after.is_low and not before.is_low:
        desk.tell("funding.low", None, {"funding": fund_json(after)})


def _why(desk: Desk, act: str, told: Mapping[str, Any]) -> posting.Why:
    return posting.Why(act, desk.actor.origin, reference=told.get("reference"), note=told.get("note"))


def _required(fund: Fund | None) -> Fund:
    if fund is None:
        raise NotFound("There are no such funds in this account.")
    return fund


def _moved(fund: Fund, line: Transfer) -> dict[str, Any]:
    """The funds after it, and the line as they see it: a withdrawal is below zero."""
    shown = transaction_json(line, "", accounts.prepaid(fund.program))
    return {
        "funding": fund_json(fund),
        "transaction": {**shown, "gift_card_id": None, "funding_id": fund.public_id},
    }
