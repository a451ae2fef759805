"""Programs: the catalogue. One is a template for cards: what they cost, where, how long they live.

Its slug, currency and kind never change: cards name it, and its funds are kept by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .errors import CurrencyMismatch, FieldError, ValidationFailed
from .events import rfc3339
from .money import Money

ON_EXPIRY: Final = ("move", "block")
"""What becomes of an expired card's rest: it moves to `expired`, or only cannot be spent any more."""

RULES: Final = (
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
    "metadata",
)
"""Fields of Program that are kept together, as JSON."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program of an account; amounts in minor units of `currency`, 0 where there is no such rule.

    `amounts` are the only ones there are, else any from `min_amount` to `max_amount`.
    `countries` (ISO 3166; none: everywhere) say where it is offered: the catalogue's
    filter, no check. `valid_for` is `12 months`, None where its cards never expire;
    `on_expiry` is one of ON_EXPIRY, None for what is usual with its kind.
    """

    id: int
    public_id: str
    account_id: int
    slug: str
    name: str
    currency: str
    kind: str
    is_active: bool
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    amounts: tuple[int, ...] = ()
    min_amount: int = 0
    max_amount: int = 0
    countries: tuple[str, ...] = ()
    valid_for: str | None = None
    code_prefix: str | None = None
    design: Mapping[str, Any] = field(default_factory=dict)
    max_balance: int = 0
    per_day: int = 0
    on_expiry: str | None = None
    cash_out_below: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_expiry(self) -> str:
        """One of ON_EXPIRY: as the program says, else as is usual with its kind."""
        return self.on_expiry or usual_at_expiry(self.kind)


def usual_at_expiry(kind: str) -> str:
    """What was given away lapses; what was paid for stays owed, and cannot be spent."""
    return "block" if kind == "paid" else "move"


def require_fits(program: Program, money: Money) -> None:
    """Pass if a card of the program may begin with `money`, else CurrencyMismatch or ValidationFailed."""
    if money.currency != program.currency:
        raise CurrencyMismatch(
            f"The program {program.slug} is in {program.currency}, not {money.currency}.",
            errors=[FieldError("currency", f"must be {program.currency}")],
        )
    if program.amounts and money.minor not in program.amounts:
        raise _wrong_amount(program, f"must be one of {', '.join(map(str, program.amounts))}")
    if program.min_amount and money.minor < program.min_amount:
        raise _wrong_amount(program, f"must be at least {program.min_amount}")
    if program.max_amount and money.minor > program.max_amount:
        raise _wrong_amount(program, f"must be at most {program.max_amount}")


def _wrong_amount(program: Program, message: str) -> ValidationFailed:
    """The lawful amounts in the words of the field, which is in minor units."""
    detail = f"amount {message} {program.currency} in minor units, says the program {program.slug}"
    return ValidationFailed(detail, errors=[FieldError("amount", message)])


def program_json(program: Program) -> dict[str, Any]:
    """A program as REST shows it."""
    return {
        "id": program.public_id,
        "slug": program.slug,
        "name": program.name,
        "description": program.description,
        "currency": program.currency,
        "kind": program.kind,
        "amounts": list(program.amounts),
        "min_amount": program.min_amount,
        "max_amount": program.max_amount,
        "countries": list(program.countries),
        "valid_for": program.valid_for,
        "code_prefix": program.code_prefix,
        "design": dict(program.design),
        "max_balance": program.max_balance,
        "per_day": program.per_day,
        "on_expiry": program.at_expiry,
        "cash_out_below": program.cash_out_below,
        "is_active": program.is_active,
        "metadata": dict(program.metadata),
        "created_at": rfc3339(program.created_at),
        "updated_at": rfc3339(program.updated_at),
    }
