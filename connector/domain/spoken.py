"""Sums and days as people read them, in letters and on pages: in English, or as their own locale has them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from .money import EXPONENT
from .validity import local_day

ENGLISH: Final = "en_US"  # its signs are plain: $ is a US dollar, others are CA$ and A$
_DAYS: Final = "en_GB"  # 3 December 2027 is one day everywhere; 12/03/2027 is two
_MOMENT: Final = timedelta(microseconds=1)


def locale_named(text: str) -> str | None:
    """`de_AT` of `de-AT` or `de_at`; None where nobody has such a locale."""
    try:
        return str(Locale.parse(text.strip().replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        return None


def language_of(locale: str) -> str:
    """`de` of `de_AT`."""
    return locale.partition("_")[0]


def spoken_sum(minor: int, currency: str, locale: str = ENGLISH) -> str:
    """`$25.00`, `¥2,500`, `CA$12.50`; `25,00 €` where that is how it is written."""
    text = str(format_currency(Decimal(minor).scaleb(-EXPONENT[currency]), currency, locale=locale))
    return f"{currency}\xa0{text[3:]}" if text.startswith(currency) and text[3:4].isdigit() else text


def last_day(end: datetime, timezone: str, locale: str = ENGLISH) -> str:
    """The last day, there, on which something that ends at `end` is good: `20 November 2027`."""
    return first_day(end - _MOMENT, timezone, locale)


def first_day(begin: datetime, timezone: str, locale: str = ENGLISH) -> str:
    """The day, there, on which something begins that is good from `begin` on."""
    day = local_day(begin, timezone)
    if language_of(locale) == "en":
        return str(format_date(day, "d MMMM y", locale=_DAYS))
    return str(format_date(day, "long", locale=locale))
