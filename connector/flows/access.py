"""Who asks: keys of an account, their scopes; a secret is shown once and kept as a digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.errors import FieldError, MissingScope, NotFound, Unauthorized, ValidationFailed
from ..domain.events import rfc3339
from ..operations.kit import SCOPES
from ..store import accounts, keys
from ..store.keys import AccessKey
from ..store.writer import Writing
from .parts import Parts

DEFAULT_SCOPES: Final = ("cards:read", "cards:write", "contacts", "events")


@dataclass(frozen=True, slots=True)
class Access:
    """A caller who has shown a key: whose account, which key, what it may do."""

    account: Account
    key: str
    scopes: tuple[str, ...]

    def has(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: str) -> None:
        """Pass, or MissingScope naming it."""
        if not self.has(scope):
            raise MissingScope(
                f"This key lacks the scope {scope}; it has: {', '.join(self.scopes) or 'none'}."
            )


def authenticate(parts: Parts, secret: str) -> Access:
    """The caller with this key, or Unauthorized: the same for unknown, expired and revoked."""
    with parts.engines.reading() as connection:
        key = keys.find(connection, secret)
        now = parts.clock.now()
        if (
            key is None
            or key.revoked_at is not None
            or (key.expires_at is not None and key.expires_at <= now)
        ):
            raise Unauthorized("No such key, or it has ended.")
        account = accounts.by_id(connection, key.account_id)
    return Access(account, key.public_id, key.scopes)


def create_key(
    parts: Parts,
    account: Account,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> dict[str, Any]:
    """Make a key; its secret stands in the answer, this once. ValidationFailed for an unknown scope.

    A `secret` that is given makes the same key each time; another account's is refused.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        message = f"unknown scope {unknown[0]!r}; there are: {', '.join(SCOPES)}"
        raise ValidationFailed(message, errors=[FieldError("scopes", message)])
    if expires_at is not None and expires_at <= parts.clock.now():
        raise ValidationFailed("expires is in the past", errors=[FieldError("expires", "is in the past")])
    plain = secret or ids.new_api_key()

    def work(tx: Writing) -> AccessKey:
        known = keys.find(tx, plain)
        if known is not None:
            if known.account_id != account.id:
                raise ValidationFailed("This secret is taken", errors=[FieldError("secret", "is taken")])
            if known.revoked_at is not None:
                message = "is that of a key that was revoked"
                raise ValidationFailed(f"This secret {message}.", errors=[FieldError("secret", message)])
            return known
        return keys.add(
            tx,
            account_id=account.id,
            name=name,
            secret=plain,
            scopes=tuple(dict.fromkeys(scopes)) or DEFAULT_SCOPES,
            expires_at=expires_at,
        )

    key = parts.writer.run(work)
    return {**key_json(key), "key": plain}


def list_keys(parts: Parts, account: Account) -> list[dict[str, Any]]:
    """An account's keys without their secrets."""
    with parts.engines.reading() as connection:
        return [key_json(key) for key in keys.of_account(connection, account.id)]


def revoke_key(parts: Parts, account: Account, key: str) -> None:
    """End a key from the next request on, or NotFound."""
    if not parts.writer.run(lambda tx: keys.revoke(tx, account.id, key)):
        raise NotFound(f"There is no key {key[:40]} in this account.")


def key_json(key: AccessKey) -> dict[str, Any]:
    """A key as people may see it."""
    return {
        "id": key.public_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "created_at": rfc3339(key.created_at),
        "expires_at": None if key.expires_at is None else rfc3339(key.expires_at),
        "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }
