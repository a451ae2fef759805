"""Accounts and sources as rooms hand them on: one business, and one way into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from .inbound import Source


@dataclass(frozen=True, slots=True)
class Account:
    """One business. `id` is the row's number, `slug` its name outside.

    `clock_offset` is how far a sandbox has moved its clock; zero elsewhere.
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


@dataclass(frozen=True, slots=True)
class InboundSource:
    """A source with what receiving needs beside what its adapter sees.

    `namespace` is whose ids of people these are: its own, or one that several
    sources share (`identities`).
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


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `source` is one of cards.SOURCES, `origin` names the key, run, user or command."""

    source: str
    origin: Mapping[str, Any] = field(default_factory=dict)
