"""Who asks: keys and their scopes; a secret is shown once and kept as a digest.

A key belongs to one account, or to the platform: such a one makes accounts, their
sources and keys, and touches no money itself; a key that it makes may. So what a key
makes stays tied to it: one cap for all of them, and whoever ends the one ends the others.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import BY_HAND, Account, Actor
from ..domain.card_numbers import mask
from ..domain.errors import (
    AddressNotAllowed,
    FieldError,
    MissingScope,
    NotFound,
    Unauthorized,
    ValidationFailed,
)
from ..domain.events import rfc3339
from ..domain.networks import is_in, is_within, read_networks
from ..operations.kit import SCOPES
from ..store import accounts, audit, keys
from ..store.keys import AccessKey
from ..store.writer import Writing
from . import tokens
from .parts import Parts
from .perform import Answered, Idempotency, once

DEFAULT_SCOPES: Final = ("cards:read", "cards:write", "contacts", "events")
PLATFORM: Final = "platform"
"""What a platform key may do, in place of scopes; no account's key has it, `admin` or not."""

MAILED: Final = "sent by e-mail"
"""The name of keys that were, which nobody else can give: what was sent last ends what was sent before."""

MAX_NAME: Final = 200
MAX_NETWORKS: Final = 100
USES_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """A caller who has shown a key: whose account (None: the platform's), which key, what it may do.

    `root` is the key made by hand that it comes from.
    """

    owner: Account | None
    key: str
    scopes: tuple[str, ...]
    root: str = ""

    @property
    def account(self) -> Account:
        """The account whose key this is; a platform key has none, and gets nowhere near its money."""
        if self.owner is None:
            raise MissingScope(
                "A platform key makes accounts, their sources and keys; this needs an account's own."
            )
        return self.owner

    def has(self, scope: str) -> bool:
        return scope in self.scopes or ("admin" in self.scopes and scope != PLATFORM)

    def require(self, scope: str, *others: str) -> None:
        """Pass with any of the scopes, else MissingScope naming the first."""
        if not any(self.has(one) for one in (scope, *others)):
            raise MissingScope(
                f"This key lacks the scope {scope}; it has: {', '.join(self.scopes) or 'none'}."
            )


class Uses:
    """When keys were used, noted in memory and written now and then: never while a caller waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[str, datetime] = {}
        self._waiting: dict[str, datetime] = {}

    def note(self, key: str, at: datetime) -> None:
        """A key was used; what was noted within the minute is near enough."""
        with self._lock:
            known = self._noted.get(key)
            if known is None or at - known >= USES_NOTED_EVERY:
                self._noted[key] = self._waiting[key] = at

    def write(self, parts: Parts) -> int:
        """Write what was noted since the last time; how many keys."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if waiting:
            parts.writer.run(lambda tx: keys.note_uses(tx, waiting))
        return len(waiting)


def authenticate(parts: Parts, secret: str, address: str = "") -> Access:
    """The caller with this key or token, who asks from `address`.

    Unauthorized is the same for unknown, expired and revoked; AddressNotAllowed
    where the key is good and its allowlist has other addresses.
    """
    claim = tokens.read(parts.ring, secret) if tokens.is_token(secret) else None
    now = parts.clock.now()
    with parts.engines.reading() as connection:
        key = keys.find(connection, secret) if claim is None else keys.by_public_id(connection, claim.key)
        if key is None or not is_live(key, now) or (claim is not None and claim.ends_at <= now):
            raise Unauthorized("No such key, or it has ended.")
        owner = None if key.account_id is None else accounts.by_id(connection, key.account_id)
    if key.allow_ips and not is_in(address, key.allow_ips):
        raise AddressNotAllowed("This key may not be used from this address.")
    found = Access(owner, key.public_id, key.scopes, key.root)
    if claim is None:
        return found
    return replace(found, scopes=tuple(one for one in claim.scopes if found.has(one)))


def grant(parts: Parts, client: str, secret: str, scopes: Sequence[str], address: str) -> dict[str, Any]:
    """A token for the key `client` whose secret is shown: RFC 6749's answer.

    `scopes` narrow it; none: all that the key has. Unauthorized and AddressNotAllowed
    as in `authenticate`; MissingScope for a scope that the key has not.
    """
    if tokens.is_token(secret):
        raise Unauthorized("A token gets no further token.")
    access = authenticate(parts, secret, address)
    if access.key != client:
        raise Unauthorized("No such key, or it has ended.")
    for scope in scopes:
        if scope not in (*SCOPES, PLATFORM):
            raise MissingScope(f"There is no scope {scope[:40]}.")
        access.require(scope)
    granted = tuple(dict.fromkeys(scopes)) or access.scopes
    with parts.engines.reading() as connection:
        key = keys.by_public_id(connection, client)
    now = parts.clock.now()
    ends_at = now + tokens.LIFE
    if key is not None and key.expires_at is not None:
        ends_at = min(ends_at, key.expires_at)
    return {
        "access_token": tokens.make(parts.ring, client, granted, ends_at),
        "token_type": "Bearer",
        "expires_in": int((ends_at - now).total_seconds()),
        "scope": " ".join(granted),
    }


def create_key(
    parts: Parts,
    account: Account | None,
    *,
    name: str,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    secret: str | None = None,
    allow_ips: Sequence[str] = (),
    key: Idempotency | None = None,
    by: Actor = BY_HAND,
) -> Answered:
    """Make a key; its secret stands in the answer, this once. ValidationFailed names what is wrong.

    `account` None: a platform key, which has no scopes to choose from. A `secret`
    that is given makes the same key each time; another account's is refused.
    """
    networks = _checked(parts, account, name, scopes, expires_at, allow_ips)
    plain = secret or ids.new_api_key()
    granted = (PLATFORM,) if account is None else tuple(dict.fromkeys(scopes)) or DEFAULT_SCOPES
    owner = None if account is None else account.id

    def deed(tx: Writing) -> Answered:
        made = None if secret is None else _known(tx, owner, secret)
        if made is None:
            maker = keys.hold(tx, str(by.origin.get("key_id", "")))
            if maker is not None and not is_live(maker, tx.wall):
                raise Unauthorized("No such key, or it has ended.")  # since the door asked
            made = keys.add(
                tx,
                account_id=owner,
                name=mask(name),
                secret=plain,
                scopes=granted,
                expires_at=_end(expires_at, maker),
                allow_ips=_networks(networks, maker),
                maker=maker,
            )
            note(tx, by, account, made.public_id, "create_key", {"scopes": list(made.scopes)})
        return Answered(201, {**key_json(made), "key": plain})

    return once(parts, account, deed, key)


def list_keys(parts: Parts, account: Account | None) -> list[dict[str, Any]]:
    """An account's keys (None: the platform's) without their secrets."""
    with parts.engines.reading() as connection:
        found = keys.of_account(connection, None if account is None else account.id)
    return [key_json(key) for key in found]


def revoke_key(
    parts: Parts,
    account: Account | None,
    key: str,
    *,
    keep_minted: bool = False,
    by: Actor = BY_HAND,
) -> None:
    """End a key from the next request on, its tokens and the keys that it made with it; or NotFound.

    `keep_minted`: its keys stay, as where it is only changed for another one. A key
    that was stolen may have made some before anybody saw it.
    """
    owner = None if account is None else account.id

    def work(tx: Writing) -> None:
        if not keys.revoke(tx, owner, key):
            where = "for the platform" if account is None else "in this account"
            raise NotFound(f"There is no key {key[:40]} {where}.")
        note(tx, by, account, key, "revoke_key", {"keep_minted": keep_minted})
        for one in [] if keep_minted else keys.revoke_made_by(tx, key):
            _note(tx, by, one.account_id, one.public_id, "revoke_key", {"made_by": one.made_by})

    parts.writer.run(work)


def note(
    tx: Writing, by: Actor, account: Account | None, subject: str, act: str, details: Mapping[str, Any]
) -> None:
    """The audit row of a change to a key, account or source (None: the platform's); never with a secret."""
    _note(tx, by, None if account is None else account.id, subject, act, details)


def _note(
    tx: Writing, by: Actor, account_id: int | None, subject: str, act: str, details: Mapping[str, Any]
) -> None:
    audit.add(
        tx,
        account_id=account_id,
        subject=subject,
        act=act,
        source=by.source,
        origin=by.origin,
        details=details,
    )


def key_json(key: AccessKey) -> dict[str, Any]:
    """A key as people may see it. `last_used_at` is right to a minute or two."""
    return {
        "id": key.public_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "allow_ips": list(key.allow_ips),
        "made_by": key.made_by,
        "created_at": rfc3339(key.created_at),
        "expires_at": None if key.expires_at is None else rfc3339(key.expires_at),
        "last_used_at": None if key.last_used_at is None else rfc3339(key.last_used_at),
        "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }


def is_live(key: AccessKey, now: datetime) -> bool:
    """Whether a key opens anything: it was not revoked, and its end has not come."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _checked(
    parts: Parts,
    account: Account | None,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    allow_ips: Sequence[str],
) -> tuple[str, ...]:
    """The networks of the allowlist, everything else being well too; else ValidationFailed."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if account is None and scopes:
        raise _wrong("scopes", "a platform key has none")
    if unknown:
        raise _wrong("scopes", f"unknown scope {unknown[0][:40]!r}; there are: {', '.join(SCOPES)}")
    if name.strip() == MAILED:
        raise _wrong("name", "is that of keys that were sent by e-mail; give it another one")
    if len(name) > MAX_NAME or not (name.isprintable() or not name):
        raise _wrong("name", f"must have at most {MAX_NAME} characters, none of them a control character")
    if expires_at is not None and expires_at <= parts.clock.now():
        raise ValidationFailed("expires is in the past", errors=[FieldError("expires_at", "is in the past")])
    if len(allow_ips) > MAX_NETWORKS:
        raise _wrong("allow_ips", f"has more than {MAX_NETWORKS} networks")
    return read_networks(allow_ips, "allow_ips")


def _end(asked: datetime | None, maker: AccessKey | None) -> datetime | None:
    """No key outlives the one that made it in its own account: a day's admin is none for ever."""
    last = None if maker is None or maker.account_id is None else maker.expires_at
    if last is None or asked is None:
        return last or asked
    if asked > last:
        raise _wrong("expires_at", f"is later than the end of the key that asks, {rfc3339(last)}")
    return asked


def _networks(asked: tuple[str, ...], maker: AccessKey | None) -> tuple[str, ...]:
    """Nor is it good from where that one is not."""
    allowed = () if maker is None or maker.account_id is None else maker.allow_ips
    outside = [one for one in asked if allowed and not is_within(one, allowed)]
    if outside:
        raise _wrong("allow_ips", f"{outside[0]} is not within the networks of the key that asks")
    return asked or tuple(allowed)


def _known(tx: Writing, owner: int | None, secret: str) -> AccessKey | None:
    """The key that a given secret made before; ValidationFailed where it cannot make one again."""
    known = keys.find(tx, secret)
    if known is None:
        return None
    if known.account_id != owner:
        raise _wrong("secret", "is taken")
    if known.revoked_at is not None:
        raise _wrong("secret", "is that of a key that was revoked")
    return known


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field}: {message}", errors=[FieldError(field, message)])
