"""Exchange rates from configuration: exact decimals, one rounding (half-even), the rate kept as used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from .errors import CurrencyMismatch
from .money import EXPONENT, Money

_RATE: Final = Context(prec=12, rounding=ROUND_HALF_EVEN)
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Converted:
    """What a sum comes to in another currency. `rate`: `EUR/USD 1.08695652174`, one EUR in USD."""

    money: Money
    rate: str


@dataclass(frozen=True, slots=True)
class Rates:
    """How much one unit of `base` is in each other currency; empty: nothing can be converted."""

    base: str = ""
    per_base: Mapping[str, Decimal] = field(default_factory=dict)

    def convert(self, money: Money, to: str) -> Converted:
        """`money` in `to`, rounded half-even to its minor unit; CurrencyMismatch without a rate for both."""
        one, other = self._of(money.currency), self._of(to)
        rate = _RATE.divide(other, one)
        major = _EXACT.multiply(money.decimal, rate)
        minor = int(major.scaleb(EXPONENT[to]).to_integral_value(ROUND_HALF_EVEN))
        return Converted(Money(minor, to), f"{money.currency}/{to} {rate:f}")

    def _of(self, currency: str) -> Decimal:
        found = Decimal(1) if self.base and currency == self.base else self.per_base.get(currency)
        if found is None:
            raise CurrencyMismatch(f"There is no exchange rate for {currency} ([exchange_rates]).")
        return found


NO_RATES: Final = Rates()
"""Nothing can be converted."""
