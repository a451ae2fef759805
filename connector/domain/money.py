"""Money: whole minor units of one ISO 4217 currency. Exact, or refused.

The exponents are those of ISO 4217 (list one, 2024), not those of display
libraries, which round dinars to whole units.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from .errors import BadAmount, CurrencyMismatch

_WRITTEN: Final = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)  # no exponent, blank or underscore

_TWO: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR "
    "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU "
    "UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"

EXPONENT: Final[dict[str, int]] = {
    currency: places
    for places, group in ((2, _TWO), (0, _NONE), (3, _THREE), (4, _FOUR))
    for currency in group.split()
}

_MAX_SHOWN: Final = 60
MAX_MINOR: Final = 10**12
"""No amount is larger, nor what one card holds: nine million full cards still add up below 2^63,
where a database's sums end, and each stays far below 2^53, where JSON readers stop being exact."""


def require_currency(text: object) -> str:
    """The currency code itself, or BadAmount: three capital letters of ISO 4217, nothing else."""
    if isinstance(text, str) and text in EXPONENT:
        return text
    raise BadAmount(f"{shown(text)} is not an ISO 4217 currency code")


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units (cents, yen, fils) of `currency`; may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        require_currency(self.currency)
        if type(self.minor) is not int:  # True is an int to isinstance
            raise BadAmount(f"{shown(self.minor)} is not a whole number of minor units")
        if not -MAX_MINOR <= self.minor <= MAX_MINOR:
            raise BadAmount(f"{shown(self.minor)} {self.currency} is out of range")

    @classmethod
    def total(cls, minor: int, currency: str) -> Self:
        """The sum of what many cards or bookings came to, whatever it is: to be shown and compared.

        Each of them is bounded and their number is not; a sum that was reached must be
        answered. What is reckoned with it is bounded again.
        """
        made = cls(0, currency)
        if type(minor) is not int:
            raise BadAmount(f"{shown(minor)} is not a whole number of minor units")
        object.__setattr__(made, "minor", minor)
        return made

    @classmethod
    def parse(cls, text: object, currency: str) -> Self:
        """From decimal text such as `25.00`: exact or refused, nothing is rounded on the way in."""
        places = EXPONENT[require_currency(currency)]
        written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        if written is None:
            raise BadAmount(f"{shown(text)} is not an amount: write it like 25.00")
        sign, whole, part = written.groups(default="")
        if part[places:].strip("0"):
            raise BadAmount(f"{text} has more decimals than {currency} allows ({places})")
        return cls(int(sign + whole + part[:places].ljust(places, "0")), currency)

    @classmethod
    def of_decimal(cls, number: object, currency: str) -> Self:
        """From a Decimal or int in major units, as JSON holds it; a float is refused like all else."""
        if type(number) is int and abs(number) < 10**12:
            return cls.parse(str(number), currency)
        if not isinstance(number, Decimal):
            raise BadAmount(f"{shown(number)} is not an amount: write it like 25.00")
        if not number.is_finite() or abs(number.adjusted()) > 12:
            raise BadAmount(f"{shown(number)} is out of range")
        text = f"{number:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return cls.parse(text, currency)

    @classmethod
    def parse_written(cls, text: object) -> Self:
        """From `25.00 USD`, as recipes and command lines write it."""
        amount, blank, currency = text.partition(" ") if isinstance(text, str) else ("", "", "")
        if not blank:
            raise BadAmount(f"{shown(text)} is not an amount: write it like 25.00 USD")
        return cls.parse(amount, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.text)

    @property
    def text(self) -> str:
        """Decimal text with the currency's own number of decimals: `25.00`, `2500`, `2.500`."""
        places = EXPONENT[self.currency]
        sign, digits = ("-" if self.minor < 0 else ""), str(abs(self.minor)).rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} have different currencies")
        return other.minor

    def as_json(self) -> dict[str, str]:
        """As events write it: `{"amount": "25.00", "currency": "USD"}`."""
        return {"amount": self.text, "currency": self.currency}


def shown(value: object) -> str:
    """A value as an error may show it: cut before it is written out, since it came from outside."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _MAX_SHOWN else repr(value[:_MAX_SHOWN]) + "…"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a very large number"
    if value is None or isinstance(value, int | float | Decimal):
        text = str(value)
        return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
    return f"a {type(value).__name__}"
