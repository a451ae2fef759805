"""What the parts of a configuration must be to each other: names that meet, doubles, secrets in clear.

Names, doubles and secrets are looked for in what TOML gave, so that no fault hides
another; what needs values is asked of the parts that are well in themselves.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from ..domain.errors import BadAmount
from ..domain.money import EXPONENT, Money, shown
from .grammar import did_you_mean
from .secret import is_reference
from .settings import AccountSettings, Caps, ExchangeRates, SourceSettings
from .toml_places import TomlPath
from .urls import has_password

CheckSource: TypeAlias = Callable[[SourceSettings, AccountSettings], Sequence[str]]
"""An adapter's own faults of a source, each `key: what is wrong`."""

_IN_CLEAR: Final = 'a secret in clear is for sandbox accounts only: write "env:NAME" or "file:PATH"'
_SHARED_SECRETS: Final = (("secrets", "keys"), ("sms", "auth_token"), ("sms", "secret"))
_URLS: Final = (("database", "url"), ("email", "smtp_url"), ("limits", "store"))


class Misfit(NamedTuple):
    """Something wrong between parts, and the path where it is best mended."""

    path: TomlPath
    message: str


@dataclass(frozen=True, slots=True)
class Parts:
    """`raw` is what TOML gave; the rest are the parts that are well, blocks by their number."""

    raw: Mapping[str, Any]
    caps: Caps | None
    exchange_rates: ExchangeRates | None
    accounts: Mapping[int, AccountSettings]
    sources: Mapping[int, SourceSettings]


def misfits(parts: Parts, adapters: Collection[str], check: CheckSource | None) -> Iterator[Misfit]:
    """Every misfit, in no order."""
    yield from _doubles(parts.raw)
    yield from _unknown_names(parts.raw, adapters)
    yield from _secrets_in_clear(parts.raw)
    yield from _caps(parts)
    yield from _exchange_rates(parts.exchange_rates)
    if check is not None:
        yield from _adapters_faults(parts, adapters, check)


def passwords_in_clear(raw: Mapping[str, Any]) -> list[str]:
    """The keys whose URL holds a password itself: allowed, but a warning."""
    found = ((table, key, _text(raw, table, key)) for table, key in _URLS)
    return [f"{table}.{key}" for table, key, url in found if not is_reference(url) and has_password(url)]


def _text(raw: Mapping[str, Any], table: str, key: str) -> str:
    inside = raw.get(table)
    value = inside.get(key) if isinstance(inside, dict) else None
    return value if isinstance(value, str) else ""


def _doubles(raw: Mapping[str, Any]) -> Iterator[Misfit]:
    for name, keys in (("accounts", ("slug",)), ("sources", ("account", "slug"))):
        seen: set[tuple[str, ...]] = set()
        for number, block in _blocks(raw, name):
            named = tuple(block[key] for key in keys if isinstance(block.get(key), str))
            if named in seen and len(named) == len(keys):
                yield Misfit((name, number, "slug"), f"{shown('/'.join(named))} stands here a second time")
            seen.add(named)


def _unknown_names(raw: Mapping[str, Any], adapters: Collection[str]) -> Iterator[Misfit]:
    slugs = [*_sandboxes(raw)]
    for number, source in _blocks(raw, "sources"):
        account, adapter = source.get("account"), source.get("adapter")
        if isinstance(account, str) and account not in slugs:
            hint = did_you_mean(account, slugs)
            yield Misfit(("sources", number, "account"), f"there is no account {shown(account)}{hint}")
        if isinstance(adapter, str) and adapter not in adapters:
            hint = did_you_mean(adapter, adapters) or f"; there are: {', '.join(sorted(adapters))}"
            yield Misfit(("sources", number, "adapter"), f"there is no adapter {shown(adapter)}{hint}")


def _blocks(raw: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    blocks = raw.get(name)
    for number, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            yield number, block


def _sandboxes(raw: Mapping[str, Any]) -> dict[str, bool]:
    """Every account that has a slug, faulty or not, and whether it is a sandbox."""
    return {
        block["slug"]: block.get("sandbox") is True
        for _, block in _blocks(raw, "accounts")
        if isinstance(block.get("slug"), str)
    }


def _secrets_in_clear(raw: Mapping[str, Any]) -> Iterator[Misfit]:
    sandboxes = _sandboxes(raw)
    for number, block in _blocks(raw, "sources"):
        account = block.get("account")
        if not isinstance(account, str) or sandboxes.get(account, True):
            continue  # an unknown account is a fault of its own
        for key in ("secrets", "credential"):
            for path in _clear(block.get(key), ("sources", number, key)):
                yield Misfit(path, _IN_CLEAR)
    if sandboxes and all(sandboxes.values()):
        return
    for table, key in _SHARED_SECRETS:
        inside = raw.get(table)
        for path in _clear(inside.get(key) if isinstance(inside, dict) else None, (table, key)):
            yield Misfit(path, f"{_IN_CLEAR} (here: where all accounts are sandboxes)")


def _clear(value: object, path: TomlPath) -> Iterator[TomlPath]:
    if isinstance(value, str) and value and not is_reference(value):
        yield path
    for number, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, str) and one and not is_reference(one):
            yield (*path, number)


def _caps(parts: Parts) -> Iterator[Misfit]:
    """A cap is told in every account's currency, so it must be a sum of each."""
    currencies = sorted({account.currency for account in parts.accounts.values()})
    for key, cap in parts.caps or ():
        for currency in currencies if cap is not None else ():
            try:
                Money.of_decimal(cap, currency)
            except BadAmount as fault:
                yield Misfit(("caps", key), fault.detail)


def _exchange_rates(told: ExchangeRates | None) -> Iterator[Misfit]:
    rates = told.rates if told else {}
    for currency in rates:
        if currency not in EXPONENT:
            hint = did_you_mean(currency, ["base", *EXPONENT])
            yield Misfit(("exchange_rates", currency), f"{shown(currency)} is not a currency{hint}")
    if told and rates and told.base is None:
        yield Misfit(("exchange_rates",), "base is missing: in which currency are the others told?")
    if told and told.base in rates:
        yield Misfit(("exchange_rates", str(told.base)), "the base itself has no rate")


def _adapters_faults(parts: Parts, adapters: Collection[str], check: CheckSource) -> Iterator[Misfit]:
    accounts = {account.slug: account for account in parts.accounts.values()}
    for number, source in parts.sources.items():
        account = accounts.get(source.account)
        if account is None or source.adapter not in adapters:
            continue
        for message in check(source, account):
            keys = message.partition(":")[0].split(".")
            inside = () if keys[0] in SourceSettings.model_fields else ("options",)
            yield Misfit(("sources", number, *inside, *keys), message)
