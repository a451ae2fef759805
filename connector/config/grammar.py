"""From what a configuration file says to values: one documented grammar each, everything else refused.

Each reader takes whatever TOML gave and returns a value, or raises ValueError
with a sentence that says how to write it. None shows a value that may be secret.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from ..domain.accounts import is_slug, timezones
from ..domain.contacts import is_country
from ..domain.errors import BadAmount
from ..domain.money import require_currency, shown

PERIODS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
MAX_RATE: Final = 1_000_000
MAX_DURATION: Final = timedelta(days=366)

_RATE: Final = re.compile(r"([1-9]\d{0,6})/(second|minute|hour|day)", re.ASCII)
_DURATION: Final = re.compile(r"([1-9]\d{0,6}) (second|minute|hour|day)s?", re.ASCII)
_AMOUNT: Final = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_EXCHANGE: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)
_PORT: Final = re.compile(r"\d{1,5}", re.ASCII)


class Listen(NamedTuple):
    """Where the server listens; port 0 takes a free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in each `period_s` seconds."""

    count: int
    period_s: int


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or nothing where nothing is near."""
    near = difflib.get_close_matches(text[:80], list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def read_listen(value: object) -> Listen:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`."""
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    is_v6 = host.startswith("[") and host.endswith("]")
    if (
        colon
        and _PORT.fullmatch(port)
        and int(port) <= 65_535
        and _is_host(host[1:-1] if is_v6 else host, is_v6)
    ):
        return Listen(host[1:-1] if is_v6 else host, int(port))
    raise ValueError(f'{shown(value)} is not an address: write it like "127.0.0.1:8080" or "[::1]:8080"')


def _is_host(host: str, is_v6: bool) -> bool:
    is_number = host.replace(".", "").isdigit()
    if not is_v6 and not is_number:
        return _HOST.fullmatch(host) is not None
    try:
        return ip_address(host).version == (6 if is_v6 else 4)
    except ValueError:
        return False


def read_public_url(value: object) -> str:
    """`https://gifts.example.com`, with a path in front if need be; no slash at the end."""
    if value == "":
        return ""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not isinstance(value, str) or re.search(r"[\s?#@\\]", value) or not value.isascii():
        raise ValueError('write scheme and host, such as "https://gifts.example.com"')
    return value.rstrip("/")


def read_network(value: object) -> str:
    """A network in CIDR notation or one address, as `10.1.0.0/16`, `::1/128`."""
    try:
        return str(ip_network(value if isinstance(value, str) else ""))
    except ValueError as fault:
        hint = ": bits are set after the prefix" if "host bits" in str(fault) else ""
        raise ValueError(f'{shown(value)} is not a network{hint}: write it like "10.1.0.0/16"') from fault


def read_rate(value: object) -> Rate | None:
    """`100/second`; "0" or 0 means none."""
    if value == "0" or (value == 0 and type(value) is int):
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) > MAX_RATE:
        raise ValueError(
            f'{shown(value)} is not a rate: write "100/second" (or /minute, /hour, /day; '
            f'at most {MAX_RATE}), or "0" for none'
        )
    return Rate(int(found[1]), PERIODS[found[2]])


def read_duration(text: str) -> timedelta:
    """`90 minutes`: a whole number, a blank, seconds, minutes, hours or days; ValueError else."""
    found = _DURATION.fullmatch(text)
    span = timedelta(seconds=int(found[1]) * PERIODS[found[2]]) if found else None
    if span is None or span > MAX_DURATION:
        raise ValueError(
            f'{shown(text)} is not a duration: write "90 minutes" (or seconds, hours, days; '
            f"at most {MAX_DURATION.days} days)"
        )
    return span


def read_complete_after(value: object) -> str:
    """`end`, `never`, or a duration after the end, itself checked."""
    if not isinstance(value, str):
        raise ValueError('write "end", "never" or a duration such as "90 minutes"')
    if value not in ("end", "never"):
        read_duration(value)
    return value


def read_cap(value: object) -> Decimal | None:
    """A sum in major units as text, `"2000.00"`; "0" or 0 means none."""
    if value == 0 and type(value) is int:
        return None
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError(f'{shown(value)} is not a sum: write it in quotes like "2000.00", or "0" for none')
    return Decimal(value) or None


def read_exchange_rate(value: object) -> Decimal:
    """What one unit of the base is worth, as text: `"0.92"`."""
    if not isinstance(value, str) or not _EXCHANGE.fullmatch(value) or not Decimal(value):
        raise ValueError(f'{shown(value)} is not a rate of exchange: write it in quotes like "0.92"')
    return Decimal(value)


def read_slug(value: object) -> str:
    """Lower-case letters, digits and inner dashes, at most 63: it stands in URLs."""
    if isinstance(value, str) and is_slug(value):
        return value
    raise ValueError(f"{shown(value)} is not a slug: lower-case letters, digits and inner dashes, at most 63")


def read_currency(value: object) -> str:
    """An ISO 4217 code."""
    try:
        return require_currency(value)
    except BadAmount as fault:
        raise ValueError(f'{fault.detail}: write three capital letters, such as "USD"') from fault


def read_country(value: object) -> str:
    """An ISO 3166 code of two capital letters."""
    if isinstance(value, str) and is_country(value):
        return value
    hint = '; did you mean "GB"?' if value == "UK" else ', such as "US"'
    raise ValueError(f"{shown(value)} is not a country: write two capital letters of ISO 3166{hint}")


def read_timezone(value: object) -> str:
    """An IANA name, such as `America/New_York`."""
    if isinstance(value, str) and value in timezones():
        return value
    if not timezones():
        raise ValueError("this machine has no time zone database: install its package tzdata")
    hint = did_you_mean(value, timezones()) if isinstance(value, str) else ""
    raise ValueError(f"{shown(value)} is not a time zone{hint or ', such as America/New_York'}")
