"""Access keys: only their digests are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from ..domain import ids
from ..domain.sealing import token_hash
from .tables import access_keys
from .writer import Writing

_BY_HASH: Final = select(access_keys).where(access_keys.c.hash == bindparam("hash"))


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key without its secret. `prefix` is what people may see of it."""

    public_id: str
    account_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


def add(
    tx: Writing,
    *,
    account_id: int,
    name: str,
    secret: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None,
) -> AccessKey:
    """Keep the digest of `secret`; the caller shows the secret once."""
    key = AccessKey(
        ids.new_id(ids.KEY, tx.now), account_id, name, secret[:8], scopes, expires_at, None, tx.now
    )
    tx.execute(
        insert(access_keys),
        {
            "public_id": key.public_id,
            "account_id": account_id,
            "name": name,
            "hash": token_hash(secret),
            "prefix": key.prefix,
            "scopes": list(scopes),
            "expires_at": expires_at,
            "created_at": tx.now,
        },
    )
    return key


def find(connection: Connection | Writing, secret: str) -> AccessKey | None:
    """The key with this secret, whatever its state; None where there is none."""
    row = connection.execute(_BY_HASH, {"hash": token_hash(secret)}).mappings().first()
    return None if row is None else _key(row)


def of_account(connection: Connection, account_id: int) -> list[AccessKey]:
    """An account's keys, oldest first."""
    wanted = select(access_keys).where(access_keys.c.account_id == account_id).order_by(access_keys.c.id)
    return [_key(row) for row in connection.execute(wanted).mappings()]


def revoke(tx: Writing, account_id: int, public_id: str) -> bool:
    """End a key from the next request on; False where the account has no such key."""
    at = (access_keys.c.account_id == account_id) & (access_keys.c.public_id == public_id)
    return tx.execute(update(access_keys).where(at).values(revoked_at=tx.now)).rowcount == 1


def _key(row: RowMapping) -> AccessKey:
    return AccessKey(
        public_id=row["public_id"],
        account_id=row["account_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"]),
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        created_at=row["created_at"],
    )
