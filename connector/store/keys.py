"""Access keys: only their digests are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from ..domain import ids
from ..domain.sealing import token_hash
from .columns import Moment
from .tables import access_keys
from .writer import Writing

_BY_HASH: Final = select(access_keys).where(access_keys.c.hash == bindparam("hash"))
_BY_PUBLIC: Final = select(access_keys).where(access_keys.c.public_id == bindparam("public_id"))

_USED: Final = (
    update(access_keys)
    .where(access_keys.c.public_id == bindparam("key"))
    .values(last_used_at=bindparam("at", type_=Moment))
)
_END: Final = (
    update(access_keys)
    .where(access_keys.c.public_id == bindparam("key"))
    .values(revoked_at=bindparam("at", type_=Moment))
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key without its secret. `prefix` is what people may see of it.

    `account_id` is None for a platform key, which makes accounts and belongs to none.
    `allow_ips` are networks; empty: it may be used from anywhere. `made_by` is the key
    that made it, None where it was made by hand; `root` the first of that line, itself perhaps.
    """

    public_id: str
    account_id: int | None
    name: str
    prefix: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    allow_ips: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    made_by: str | None = None
    root: str = ""


def add(
    tx: Writing,
    *,
    account_id: int | None,
    name: str,
    secret: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None,
    allow_ips: tuple[str, ...] = (),
    maker: AccessKey | None = None,
    root: str | None = None,
) -> AccessKey:
    """Keep the digest of `secret`; the caller shows the secret once. `root`: whose caps it shares."""
    public_id = ids.new_id(ids.KEY, tx.wall)
    key = AccessKey(
        public_id,
        account_id,
        name,
        secret[:8],
        scopes,
        expires_at,
        None,
        tx.wall,
        tuple(allow_ips),
        made_by=None if maker is None else maker.public_id,
        root=root or (public_id if maker is None else maker.root),
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
            "made_by": key.made_by,
            "root": key.root,
            "allow_ips": list(allow_ips),
            "expires_at": expires_at,
            "created_at": tx.wall,
        },
    )
    return key


def find(connection: Connection | Writing, secret: str) -> AccessKey | None:
    """The key with this secret, whatever its state; None where there is none."""
    row = connection.execute(_BY_HASH, {"hash": token_hash(secret)}).mappings().first()
    return None if row is None else _key(row)


def by_public_id(connection: Connection | Writing, public_id: str) -> AccessKey | None:
    """The key with this id, whatever its state and whosever it is."""
    row = connection.execute(_BY_PUBLIC, {"public_id": public_id}).mappings().first()
    return None if row is None else _key(row)


def names_of(connection: Connection | Writing, public_ids: Sequence[str]) -> dict[str, str]:
    """What these keys are called, by their ids."""
    wanted = select(access_keys.c.public_id, access_keys.c.name).where(
        access_keys.c.public_id.in_(public_ids)
    )
    return {row.public_id: row.name for row in connection.execute(wanted)}


def hold(tx: Writing, public_id: str) -> AccessKey | None:
    """As `by_public_id`; it is not revoked before the commit."""
    wanted = _BY_PUBLIC if tx.is_alone else _BY_PUBLIC.with_for_update(read=True)
    row = tx.execute(wanted, {"public_id": public_id}).mappings().first()
    return None if row is None else _key(row)


def of_account(connection: Connection | Writing, account_id: int | None) -> list[AccessKey]:
    """An account's keys, oldest first; None: the platform keys."""
    wanted = select(access_keys).where(_owned_by(account_id)).order_by(access_keys.c.id)
    return [_key(row) for row in connection.execute(wanted).mappings()]


def revoke(tx: Writing, account_id: int | None, public_id: str) -> bool:
    """End a key from the next request on; False where the account has no such key.

    What was revoked before stays revoked since then.
    """
    at = _owned_by(account_id) & (access_keys.c.public_id == public_id)
    since = func.coalesce(access_keys.c.revoked_at, bindparam("revoked", type_=Moment))
    ended = update(access_keys).where(at).values(revoked_at=since)
    return tx.execute(ended, {"revoked": tx.wall}).rowcount == 1


def revoke_made_by(tx: Writing, maker: str) -> list[AccessKey]:
    """End all that a revoked key has made, and what these made; those that were live until now.

    Each is ended before those that it made are looked for: one that is being made
    is waited for, since `hold` keeps its maker.
    """
    ended: list[AccessKey] = []
    makers = [maker]
    while makers:
        wanted = select(access_keys).where(access_keys.c.made_by.in_(makers)).order_by(access_keys.c.id)
        made = [_key(row) for row in tx.execute(wanted).mappings()]
        live = [one.public_id for one in made if one.revoked_at is None]
        for public_id in live:
            tx.execute(_END, {"key": public_id, "at": tx.wall})
        ended += [one for one in made if one.public_id in live]
        makers = [one.public_id for one in made]
    return ended


def note_uses(tx: Writing, uses: Mapping[str, datetime]) -> None:
    """When each of these keys was last used; in one order, so that two processes never deadlock."""
    for public_id, at in sorted(uses.items()):
        tx.execute(_USED, {"key": public_id, "at": at})


def _owned_by(account_id: int | None) -> Any:
    if account_id is None:
        return access_keys.c.account_id.is_(None)
    return access_keys.c.account_id == account_id


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
        allow_ips=tuple(row["allow_ips"]),
        last_used_at=row["last_used_at"],
        made_by=row["made_by"],
        root=row["root"],
    )
