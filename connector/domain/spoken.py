"""Sums and days as people read them, in letters and on pages: in English, whatever the machine speaks."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import format_currency

from .money import EXPONENT
from .validity import local_day

_LOCALE: Final = "en_US"  # its signs are plain: $ is a US dollar, others are CA$ and A$
_DAYS: Final = "en_GB"  # 3 December 2027 is one day everywhere; 12/03/2027 is two
_MOMENT: Final = timedelta(microseconds=1)


def spoken_sum(minor: int, currency: str) -> str:
    """`$25.00`, `¥2,500`, `CA$12.50`."""
    text = str(format_currency(Decimal(minor).scaleb(-EXPONENT[currency]), currency, locale=_LOCALE))
    return f"{currency}\xa0{text[3:]}" if text.startswith(currency) and text[3:4].isdigit() else text


def last_day(end: datetime, timezone: str) -> str:
    """The last day, there, on which something that ends at `end` is good: `20 November 2027`."""
    return str(format_date(local_day(end - _MOMENT, timezone), "d MMMM y", locale=_DAYS))
