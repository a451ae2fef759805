"""Programs: the catalogue. One is a template for cards: what they cost, where, how long they live.

Its slug, currency and kind never change: cards name it, and its funds are kept by them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from .card_numbers import mask
from .cards import KINDS
from .codes import require_prefix
from .contacts import is_country
from .errors import BadAmount, CurrencyMismatch, FieldError, ValidationFailed
from .events import rfc3339
from .money import MAX_MINOR, Money, require_currency
from .validity import require_length

MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 2_000
MAX_AMOUNTS: Final = 100
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)

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
        raise _wrong_amount(program, "must be one of", *program.amounts)
    if program.min_amount and money.minor < program.min_amount:
        raise _wrong_amount(program, "must be at least", program.min_amount)
    if program.max_amount and money.minor > program.max_amount:
        raise _wrong_amount(program, "must be at most", program.max_amount)


def _wrong_amount(program: Program, must_be: str, *lawful: int) -> ValidationFailed:
    """The lawful amounts as people write them, and as the API's field has them."""
    *others, last = [str(Money(minor, program.currency)) for minor in lawful]
    written = ", ".join([*(one.removesuffix(f" {program.currency}") for one in others), last])
    message = f"{must_be} {written} (in minor units {', '.join(map(str, lawful))})"
    return ValidationFailed(
        f"amount {message}, says the program {program.slug}", errors=[FieldError("amount", message)]
    )


def changed(program: Program, told: Mapping[str, Any]) -> Program:
    """The program with the fields told, each as Program has it; ValidationFailed names every fault.

    None empties a field (0 where it is money); a list is sorted, and has nothing twice.
    """
    values = {name: _read(name, value) for name, value in told.items()}
    new = replace(program, **values)
    if errors := list(_faults(new)):
        told_of = ", ".join(f"{one.field} {one.message}" for one in errors)
        raise ValidationFailed(told_of, errors=errors)
    return new


def _read(name: str, value: Any) -> Any:
    if name in ("amounts", "countries"):
        return tuple(sorted({*(value or ())}))
    if name in ("min_amount", "max_amount", "max_balance", "per_day", "cash_out_below"):
        return value or 0
    if name in ("design", "metadata"):
        return mask(value or {})
    return mask(value) if name in ("name", "description") else value


def _faults(new: Program) -> Iterator[FieldError]:
    """All that is wrong with a program, field by field."""
    if not _SLUG.fullmatch(new.slug):
        yield FieldError("slug", "has 1 to 63 small letters, digits and dashes, and begins with no dash")
    if not 0 < len(new.name.strip()) <= MAX_NAME:
        yield FieldError("name", f"has 1 to {MAX_NAME} characters")
    if len(new.description or "") > MAX_DESCRIPTION:
        yield FieldError("description", f"has more than {MAX_DESCRIPTION} characters")
    if new.kind not in KINDS:
        yield FieldError("kind", f"is one of {', '.join(KINDS)}")
    if new.on_expiry not in (None, *ON_EXPIRY):
        yield FieldError("on_expiry", f"is one of {', '.join(ON_EXPIRY)}")
    for name, text, require in (
        ("currency", new.currency, require_currency),
        ("valid_for", new.valid_for, require_length),
        ("code_prefix", new.code_prefix, require_prefix),
    ):
        try:
            if text is not None:
                require(text)
        except (ValidationFailed, BadAmount) as fault:
            yield FieldError(name, f"is not good: {fault.detail}")
    for country in new.countries:
        if not is_country(country):
            yield FieldError("countries", f"{country[:8]!r} is no country of ISO 3166, such as US")
            return
    yield from _money_faults(new)


def _money_faults(new: Program) -> Iterator[FieldError]:
    for name in ("min_amount", "max_amount", "max_balance", "per_day", "cash_out_below"):
        if not 0 <= getattr(new, name) <= MAX_MINOR:
            yield FieldError(name, f"is between 0 (none) and {MAX_MINOR} minor units")
    if len(new.amounts) > MAX_AMOUNTS or not all(0 < one <= MAX_MINOR for one in new.amounts):
        yield FieldError("amounts", f"has at most {MAX_AMOUNTS}, each from 1 to {MAX_MINOR} minor units")
    if new.amounts and (new.min_amount or new.max_amount):
        yield FieldError("amounts", "are the only ones there are: give them, or min_amount and max_amount")
    if new.max_amount and new.min_amount > new.max_amount:
        yield FieldError("min_amount", "is above max_amount")
    least, most = _range(new)
    for name in ("max_balance", "per_day"):
        limit = getattr(new, name)
        if limit and (least > limit or most > limit):
            yield FieldError(name, f"is below {most if most > limit else least}, which a card may begin with")


def _range(new: Program) -> tuple[int, int]:
    """The least and the most that a card may begin with; 0 where nothing says so."""
    if new.amounts:
        return new.amounts[0], new.amounts[-1]
    return new.min_amount, new.max_amount


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
