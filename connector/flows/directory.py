"""Accounts and sources that are made at run time, beside those of config.toml, which are read-only here.

The one rule: what is written is in force with the next request, with no restart: at
once in this process, within a second in the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..adapters.kit import Adapter
from ..domain.accounts import (
    BRAND,
    BY_HAND,
    Account,
    Actor,
    InboundSource,
    account_json,
    is_color,
    is_logo,
    is_slug,
)
from ..domain.card_numbers import mask
from ..domain.contacts import is_country, normal_email
from ..domain.errors import (
    ManagedByConfig,
    NotFound,
    SlugTaken,
)
from ..domain.signing import fingerprint
from ..store import accounts
from ..store.writer import Writing
from . import access, token_mails, virtual_clock
from .access import Access
from .paging import Page, close_cursor, limit_of, open_cursor, page_of_few
from .parts import Parts
from .perform import Answered, Idempotency, once
from .source_settings import (
    KEPT,
    MAX_NAME,
    MAX_SECRETS,
    SETTINGS,
    read_settings,
    require_credential,
    require_currency,
    require_fit,
    require_same_place,
    require_secrets,
    require_timezone,
    wrong,
)

BY_API: Final = "api"
ACCOUNTS: Final = "accounts"
SOURCES: Final = "sources"
KEYS: Final = "keys"


@dataclass(frozen=True, slots=True)
class Directory:
    """The verbs on accounts, keys and sources. `forget` is told of a source that was changed."""

    parts: Parts
    forget: Callable[[str, str], None]

    # Accounts

    def owner(self, caller: Access, slug: str | None) -> Account:
        """The account that a caller means: its own, or the one that a platform key names; NotFound."""
        if caller.owner is not None:
            if slug not in (None, caller.owner.slug):
                raise _no_account(slug)
            return caller.owner
        if slug is None:
            raise wrong("account", "is required with a platform key: the account's slug")
        with self.parts.engines.reading() as connection:
            found = accounts.find(connection, slug)
        if found is None:
            raise _no_account(slug)
        return found

    def account(self, caller: Access, slug: str) -> dict[str, Any]:
        """One account, or NotFound: another one's for an account's own key."""
        return account_json(self.owner(caller, slug))

    def list_accounts(self, caller: Access, asked: Mapping[str, Any]) -> Page:
        """By slug: all of them for a platform key, its own for any other."""
        limit = limit_of(asked.get("limit"))
        after = open_cursor(self.parts, caller.owner, ACCOUNTS, asked.get("cursor"))
        if caller.owner is not None:
            return Page([account_json(caller.owner)] if after is None else [], None)
        with self.parts.engines.reading() as connection:
            start = "" if after is None else str(after[0])
            found = accounts.page(connection, after=start, limit=limit + 1)
        last = found[limit - 1].slug if len(found) > limit else None
        following = None if last is None else close_cursor(self.parts, None, ACCOUNTS, [last])
        return Page([account_json(one) for one in found[:limit]], following)

    def every_account(self) -> list[dict[str, Any]]:
        """All of them by slug, for whoever holds the database itself."""
        with self.parts.engines.reading() as connection:
            return [account_json(one) for one in accounts.every(connection)]

    def create_account(
        self,
        *,
        slug: str,
        name: str | None = None,
        currency: str = "USD",
        timezone: str = "UTC",
        country: str = "US",
        email: str = "",
        sandbox: bool = False,
        color: str = "",
        logo_url: str = "",
        key: Idempotency | None = None,
        by: Actor = BY_HAND,
    ) -> Answered:
        """A new account; SlugTaken, or ValidationFailed naming what is wrong."""
        if not is_slug(slug):
            raise wrong("slug", "must be lower-case letters, digits and inner dashes, at most 63")
        require_currency(currency)
        values = {"name": mask(name or slug), "timezone": timezone, "country": country, "email": email}
        values = _account_of(values)
        brand = _brand({}, {"color": color, "logo_url": logo_url})

        def deed(tx: Writing) -> Answered:
            told = {**values, "currency": currency, "sandbox": sandbox, "brand": brand}
            made = accounts.add(tx, slug=slug, values=told, managed_by=BY_API)
            if made is None:
                raise SlugTaken(f"There is an account {slug} already.")
            access.note(tx, by, made, made.public_id, "create_account", told)
            return Answered(201, account_json(made))

        return once(self.parts, None, deed, key)

    def change_account(
        self,
        caller: Access,
        slug: str,
        values: Mapping[str, Any],
        key: Idempotency | None = None,
        by: Actor = BY_HAND,
    ) -> Answered:
        """Another name, timezone, country, email or look; currency and sandbox never change."""
        return self._change(self.owner(caller, slug), values, key, by, asker=caller.owner)

    def change_by_hand(self, account: Account, values: Mapping[str, Any]) -> dict[str, Any]:
        """As `change_account`, for whoever holds the database itself."""
        return dict(self._change(account, values, None, BY_HAND, asker=None).body)

    def _change(
        self,
        account: Account,
        values: Mapping[str, Any],
        key: Idempotency | None,
        by: Actor,
        *,
        asker: Account | None,
    ) -> Answered:
        slug = account.slug
        _require_ours(account.managed_by, f"Account {slug}")
        values = _account_of(values)
        _brand({}, values)

        def deed(tx: Writing) -> Answered:
            now = accounts.lock(tx, account)
            columns = {name: mask(value) for name, value in values.items() if name not in BRAND}
            changed = accounts.change(tx, now, {**columns, "brand": _brand(now.brand, values)})
            if changed.email != now.email:
                token_mails.end_sent(tx, now)
            access.note(tx, by, account, account.public_id, "change_account", mask(values))
            return Answered(200, account_json(changed))

        return once(self.parts, asker, deed, key)

    def advance_clock(self, account: Account, by: object) -> dict[str, Any]:
        """Move a sandbox's clock forward, doing what comes due on the way; NotSandbox."""
        return virtual_clock.advance(self.parts, account, by)

    def advance_clock_once(self, account: Account, by: object, key: Idempotency | None) -> Answered:
        """As `advance_clock`, to one moment however often it is asked with one key; RateLimited."""
        with self.parts.long_calls.one(account):
            return virtual_clock.advance_once(self.parts, account, by, key)

    # Keys

    def make_key(self, account: Account, **fields: Any) -> Answered:
        """A new key of an account, its secret shown this once; fields as `access.create_key`."""
        return access.create_key(self.parts, account, **fields)

    def page_of_keys(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """One page of an account's keys, oldest first."""
        every = access.list_keys(self.parts, account)
        return page_of_few(self.parts, account, KEYS, every, "id", asked)

    def grant(self, client: str, secret: str, scopes: Sequence[str], address: str) -> dict[str, Any]:
        """A short-lived token for a key; as `access.grant`."""
        return access.grant(self.parts, client, secret, scopes, address)

    # Sources

    def list_sources(self, account: Account) -> list[dict[str, Any]]:
        """An account's sources by slug, disabled ones too, without their secrets."""
        with self.parts.engines.reading() as connection:
            found = accounts.sources_of(connection, self.parts.ring, account)
        return [self.source_json(one) for one in found]

    def page_of_sources(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """One page of them."""
        return page_of_few(self.parts, account, SOURCES, self.list_sources(account), "slug", asked)

    def source(self, account: Account, slug: str) -> dict[str, Any]:
        """One source, or NotFound."""
        with self.parts.engines.reading() as connection:
            found = accounts.find_source(connection, self.parts.ring, account.slug, slug)
        return self.source_json(_require_source(found, slug))

    def create_source(
        self,
        account: Account,
        *,
        slug: str,
        adapter: str,
        secret: str | None = None,
        credential: str | None = None,
        settings: Mapping[str, Any] | None = None,
        key: Idempotency | None = None,
        by: Actor = BY_HAND,
    ) -> Answered:
        """A new source; its secret, made unless given, stands in the answer, this once."""
        if not is_slug(slug):
            raise wrong("slug", "must be lower-case letters, digits and inner dashes, at most 63")
        platform = self._adapter(adapter)
        shown = platform.new_secret() if secret is None else require_secrets([secret], "secret")[0]
        told, sealed = read_settings(settings or {}), require_credential(platform, credential)
        require_fit(platform, account, slug, [shown], told)

        def deed(tx: Writing) -> Answered:
            is_new = accounts.add_source(
                tx,
                self.parts.ring,
                account,
                slug=slug,
                adapter=adapter,
                secrets=[shown],
                settings=told,
                credential=sealed,
            )
            if not is_new:
                raise SlugTaken(f"Account {account.slug} has a source {slug} already.")
            access.note(tx, by, account, f"{account.slug}/{slug}", "create_source", {"adapter": adapter})
            made = accounts.find_source(tx, self.parts.ring, account.slug, slug)
            return Answered(201, {**self.source_json(_require_source(made, slug)), "secret": shown})

        answered = once(self.parts, account, deed, key)
        self.forget(account.slug, slug)
        return answered

    def change_source(
        self,
        account: Account,
        slug: str,
        *,
        secrets: Sequence[str] | None = None,
        rotate: bool = False,
        is_enabled: bool | None = None,
        credential: str | None = KEPT,
        settings: Mapping[str, Any] | None = None,
        key: Idempotency | None = None,
        by: Actor = BY_HAND,
    ) -> Answered:
        """Other settings, secrets (newest first, all that shall hold), or on and off.

        `rotate` puts a new secret before those that hold; it stands in the answer, this once. A
        `credential` of None is taken away.
        """
        given = None if secrets is None else require_secrets(secrets, "secrets")
        told = read_settings(settings or {})

        def deed(tx: Writing) -> Answered:
            found = accounts.lock_source(tx, self.parts.ring, account.slug, slug)
            found = _require_source(found, slug)
            _require_ours(found.managed_by, f"Source {account.slug}/{slug}")
            platform = self._adapter(found.source.adapter)
            fresh = [platform.new_secret()] if rotate else []
            held = [*fresh, *(found.source.secrets if given is None else given)]
            if len(held) > MAX_SECRETS:
                raise wrong("secrets", f"would be more than {MAX_SECRETS}: send those that shall still hold")
            merged = {**found.settings, **told}
            require_fit(platform, account, slug, held, merged)
            turned = found.is_enabled if is_enabled is None else is_enabled
            own = found.credential if credential == KEPT else require_credential(platform, credential)
            require_same_place(found, merged, is_kept=credential == KEPT)
            accounts.change_source(
                tx,
                self.parts.ring,
                found,
                secrets=held,
                settings=merged,
                is_enabled=turned,
                credential=own,
            )
            secret = {"secrets": True} if fresh or given is not None else {}
            secret |= {} if credential == KEPT else {"credential": bool(own)}
            said = {"settings": sorted(told), "is_enabled": turned, **secret}
            access.note(tx, by, account, f"{account.slug}/{slug}", "change_source", said)
            changed = accounts.find_source(tx, self.parts.ring, account.slug, slug)
            shown = {"secret": fresh[0]} if fresh else {}
            return Answered(200, {**self.source_json(_require_source(changed, slug)), **shown})

        answered = once(self.parts, account, deed, key)
        self.forget(account.slug, slug)
        return answered

    def source_json(self, found: InboundSource) -> dict[str, Any]:
        """A source as people may see it: the URL to paste, and its secrets' fingerprints."""
        settings = {name: found.settings.get(name, default) for name, default in SETTINGS.items()}
        base = self.parts.public_url.rstrip("/")
        return {
            "account": found.source.account,
            "slug": found.source.slug,
            "adapter": found.source.adapter,
            "url": f"{base}/hooks/{found.source.account}/{found.source.slug}",
            "is_enabled": found.is_enabled,
            "secrets": [{"fingerprint": fingerprint(secret)} for secret in found.source.secrets],
            "has_credential": bool(found.credential),
            "managed_by": found.managed_by,
            **settings,
        }

    def _adapter(self, name: str) -> Adapter:
        found = self.parts.adapters.get(name)
        if found is None:
            there = ", ".join(sorted(self.parts.adapters))
            raise wrong("adapter", f"there is no adapter {name[:40]!r}; there are: {there}")
        return found


def _account_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was told of an account as it is kept; ValidationFailed."""
    name, zone, country = values.get("name"), values.get("timezone"), values.get("country")
    if name is not None and not (name.strip() and len(name) <= MAX_NAME and name.isprintable()):
        raise wrong("name", f"must have 1 to {MAX_NAME} characters, none of them a control character")
    require_timezone(zone)
    if country is not None and not is_country(country):
        raise wrong("country", f"{country[:40]!r} is not two capital letters of ISO 3166, such as US")
    if "email" not in values:
        return dict(values)
    address = normal_email(values["email"]) if values["email"] else ""
    if address is None:
        raise wrong("email", "is no e-mail address")
    return {**values, "email": address}


def _brand(known: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """The look with what is told of it now; an empty text leaves that part to us again."""
    told = {name: str(values[name]).strip() for name in BRAND if values.get(name) is not None}
    if "color" in told:
        told["color"] = told["color"].lower()
        if told["color"] and not is_color(told["color"]):
            raise wrong("color", "is written as #2b5d50: six hexadecimal digits")
    if told.get("logo_url") and not is_logo(told["logo_url"]):
        raise wrong("logo_url", "is the address of a picture by https:, without quotes, blanks or a password")
    return {**known, **told}


def _require_source(found: InboundSource | None, slug: str) -> InboundSource:
    if found is None:
        raise NotFound(f"There is no source {slug[:63]} in this account.")
    return found


def _require_ours(managed_by: str, what: str) -> None:
    if managed_by != BY_API:
        raise ManagedByConfig(f"{what} stands in config.toml: change it there and restart.")


def _no_account(slug: str | None) -> NotFound:
    return NotFound(f"There is no account {(slug or '')[:63]}.")
