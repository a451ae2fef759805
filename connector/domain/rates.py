"""Exchange rates from configuration: exact decimals, one rounding, the rate kept as used.

Half-even where something is paid for; down where value goes on to where it could come back from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from .errors import CurrencyMismatch
from .money import EXPONENT, Money

_RATE: Final = Context(prec=12, rounding=ROUND_HALF_EVEN)
_RATE_DOWN: Final = Context(prec=12, rounding=ROUND_FLOOR)
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
        return self._converted(money, to, _RATE, ROUND_HALF_EVEN)

    def convert_down(self, money: Money, to: str) -> Converted:
        """As `convert`, rate and sum rounded down: however often a sum goes to and fro, it never grows."""
        return self._converted(money, to, _RATE_DOWN, ROUND_FLOOR)

    def _converted(self, money: Money, to: str, rates: Context, rounding: str) -> Converted:
        one, other = self._of(money.currency), self._of(to)
        rate = rates.divide(other, one)
        major = _EXACT.multiply(money.decimal, rate)
        minor = int(major.scaleb(EXPONENT[to]).to_integral_value(rounding))
        return Converted(Money(minor, to), f"{money.currency}/{to} {rate:f}")

    def _of(self, currency: str) -> Decimal:
        found = Decimal(1) if self.base and currency == self.base else self.per_base.get(currency)
        if found is None:
            raise CurrencyMismatch(f"There is no exchange rate for {currency} ([exchange_rates]).")
        return found


NO_RATES: Final = Rates()
"""Nothing can be converted."""
