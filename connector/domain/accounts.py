"""Accounts and sources as rooms hand them on: one business, and one way into it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from .inbound import Source
from .money import EXPONENT, MAX_MINOR


@dataclass(frozen=True, slots=True)
class Account:
    """One business. `id` is the row's number, `slug` its name outside.

    `clock_offset` is how far a sandbox has moved its clock; zero elsewhere.
    `brand`: `color` and `logo_url` of its letters and pages, where it has them.
    `managed_by`: `config` where config.toml says it, and so read-only at run time, else `api`.
    `business_id` and `store_id` are its names in the published dialects. `email`: of whoever
    runs it, where its access tokens and notices are sent; '' where nobody said.
    """

    id: int
    public_id: str
    slug: str
    name: str
    currency: str
    timezone: str
    country: str
    sandbox: bool
    clock_offset: timedelta = timedelta(0)
    managed_by: str = "config"
    business_id: int = 0
    store_id: int = 0
    brand: Mapping[str, str] = field(default_factory=dict)
    email: str = ""


@dataclass(frozen=True, slots=True)
class InboundSource:
    """A source with what receiving needs beside what its adapter sees.

    `namespace` is whose ids of people these are: its own, or one that several
    sources share (`identities`). `complete_after`: "end", "never" or a duration: when a
    booking is completed where the platform never says so. `credential` is for the platform's own
    API, empty where there is none. `settings` is everything but its secrets, as it was told.
    """

    id: int
    account: Account
    source: Source
    namespace: str
    is_enabled: bool = True
    allow_ips: tuple[str, ...] = ()
    respond_async: bool = False
    return_codes: bool = False
    counts_spend: bool = True
    complete_after: str = "end"
    managed_by: str = "config"
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: str = field(default="", repr=False)


def account_json(account: Account) -> dict[str, Any]:
    """An account as people see it."""
    return {
        "id": account.public_id,
        "slug": account.slug,
        "name": account.name,
        "currency": account.currency,
        "timezone": account.timezone,
        "country": account.country,
        "email": account.email or None,
        "sandbox": account.sandbox,
        **{name: account.brand.get(name, "") for name in BRAND},
        "managed_by": account.managed_by,
        "business_id": account.business_id,
        "store_id": str(account.store_id),
    }


BRAND: Final = ("color", "logo_url")
"""How the letters and pages of an account look; empty where it is left to us."""

_COLOR: Final = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_LOGO: Final = re.compile(
    r"https://[a-z0-9.-]{1,253}(?::\d{1,5})?/[!#-&(-;=?-\[\]_a-z~]{0,1900}", re.ASCII | re.IGNORECASE
)


def is_color(text: str) -> bool:
    """`#2b5d50`, in small letters: it stands in a page's style."""
    return _COLOR.fullmatch(text) is not None


def is_logo(text: str) -> bool:
    """A picture by `https:`, at most about 2,000 characters, none of which ends an attribute or a style."""
    return _LOGO.fullmatch(text) is not None


_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def is_slug(text: str) -> bool:
    """Lower-case letters, digits and inner dashes, at most 63: it stands in URLs."""
    return _SLUG.fullmatch(text) is not None


@cache
def timezones() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `source` is one of cards.SOURCES, `origin` names the key, run, user or command.

    `scopes` are what a caller from outside may do; None: one of ours, who may do all.
    `root` is the key made by hand that theirs comes from, their own or one that made it.
    """

    source: str
    origin: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] | None = None
    root: str = ""

    def may(self, scope: str) -> bool:
        """Whether this scope is among what they may do."""
        return self.scopes is None or scope in self.scopes or "admin" in self.scopes


BY_HAND: Final = Actor("manual")
"""Whoever holds the machine itself."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be issued, in minor units of the account's currency; 0: no cap.

    `per_key` and `per_recipe` are for one day of the account's calendar.
    """

    per_card: int = 0
    per_key: int = 0
    per_recipe: int = 0


NO_CAPS: Final = Caps()


def caps_in_each(
    per_card: Decimal | None, per_key: Decimal | None, per_recipe: Decimal | None
) -> dict[str, Caps]:
    """The caps in each currency's minor units, by currency; None: no cap."""
    each = (per_card, per_key, per_recipe)
    if not any(each):
        return {}
    return {currency: Caps(*(_minor(cap, currency) for cap in each)) for currency in EXPONENT}


def _minor(cap: Decimal | None, currency: str) -> int:
    """A cap in minor units, 0 for none; cut to what the currency has: 0.50 is a cap of one yen."""
    whole = 0 if cap is None else int(cap.scaleb(EXPONENT[currency]))
    return min(max(whole, 1), MAX_MINOR) if cap else 0
