"""Accounts and sources of config.toml as rows: written at the start, read-only at run time.

The one rule: only who serves brings what is there up to what the file says; everybody else only adds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..domain.accounts import Account
from ..domain.errors import FieldError, ValidationFailed
from ..store import accounts
from ..store.writer import Writing
from .parts import Parts


@dataclass(frozen=True, slots=True)
class ConfiguredAccount:
    """One `[[accounts]]` of the configuration."""

    slug: str
    name: str
    currency: str
    timezone: str
    country: str
    sandbox: bool
    brand: Mapping[str, str] = field(default_factory=dict)
    email: str = ""


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One `[[sources]]`; `settings` is everything but names and secrets, JSON-ready."""

    account: str
    slug: str
    adapter: str
    secrets: Sequence[str] = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: str = field(default="", repr=False)


def write(parts: Parts, configured: Sequence[ConfiguredAccount], sources: Sequence[ConfiguredSource]) -> None:
    """Bring the rows up to what the configuration says; a source that it no longer names is disabled.

    ValidationFailed where it would change an account's currency or sandbox: cards were made under them.
    """

    def work(tx: Writing) -> None:
        _require_same(tx, configured)
        for one in configured:
            accounts.put(tx, slug=one.slug, values=_values(one), managed_by="config")
        for source in sources:
            accounts.put_source(
                tx, parts.ring, _owner(tx, source), slug=source.slug, **_source_values(source)
            )
        accounts.disable_config_sources(tx, {(one.account, one.slug) for one in sources})

    parts.writer.run(work)


def add(parts: Parts, configured: Sequence[ConfiguredAccount], sources: Sequence[ConfiguredSource]) -> None:
    """Add the accounts and sources that the database does not know at all; what it knows stays as it is.

    For who works beside a gateway, perhaps with another day's configuration. ValidationFailed as above.
    """

    def work(tx: Writing) -> None:
        _require_same(tx, configured)
        for one in configured:
            if accounts.find(tx, one.slug) is None:
                accounts.add(tx, slug=one.slug, values=_values(one), managed_by="config")
        for source in sources:
            owner = _owner(tx, source)
            if accounts.source_number(tx, owner.id, source.slug) is None:
                accounts.add_source(tx, parts.ring, owner, slug=source.slug, **_source_values(source))

    parts.writer.run(work)


def _require_same(tx: Writing, configured: Sequence[ConfiguredAccount]) -> None:
    """ValidationFailed names the key as `accounts.<number>.currency`, the number as configured."""
    for number, one in enumerate(configured):
        known = accounts.find(tx, one.slug)
        if known is not None and (known.currency, known.sandbox) != (one.currency, one.sandbox):
            key = "currency" if known.currency != one.currency else "sandbox"
            told = (
                f"Account {one.slug} exists with currency {known.currency} and sandbox = "
                f"{str(known.sandbox).lower()}; neither can be changed. Use another slug."
            )
            raise ValidationFailed(told, errors=[FieldError(f"accounts.{number}.{key}", told)])


def _owner(tx: Writing, source: ConfiguredSource) -> Account:
    found = accounts.find(tx, source.account)
    assert found is not None, "the configuration was checked: a source's account is one of its own"
    return found


def _source_values(source: ConfiguredSource) -> dict[str, Any]:
    return {
        "adapter": source.adapter,
        "secrets": list(source.secrets),
        "settings": source.settings,
        "credential": source.credential,
        "managed_by": "config",
    }


def _values(one: ConfiguredAccount) -> dict[str, Any]:
    return {
        "name": one.name or one.slug,
        "currency": one.currency,
        "timezone": one.timezone,
        "country": one.country,
        "sandbox": one.sandbox,
        "brand": dict(one.brand),
        "email": one.email,
    }
