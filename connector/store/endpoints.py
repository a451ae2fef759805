"""Subscribers and their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from ..domain import ids
from ..domain.jsontext import dumps, loads
from ..domain.sealing import KeyRing
from .columns import is_name
from .prepared import Prepared
from .tables import endpoints
from .writer import Writing

_SECRETS: Final = "endpoint secrets"
_ADD: Final = insert(endpoints)
_LISTENING: Final = Prepared(
    select(endpoints.c.id, endpoints.c.event_types).where(
        endpoints.c.account_id == bindparam("account_id"),
        endpoints.c.deleted_at.is_(None),
        endpoints.c.status != "disabled",
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A subscriber; its secrets are opened by `secrets_of` only."""

    id: int
    public_id: str
    account_id: int
    url: str
    event_types: Sequence[str]
    status: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    secrets_sealed: str = field(default="", repr=False)


def add(
    tx: Writing,
    ring: KeyRing,
    *,
    account_id: int,
    url: str,
    event_types: Sequence[str],
    secret: str,
    description: str | None,
    metadata: Mapping[str, Any],
) -> Endpoint:
    """Make an enabled endpoint with one secret."""
    kept = [{"secret": secret, "created_at": tx.now.isoformat(), "expires_at": None}]
    row = {
        "public_id": ids.new_id(ids.ENDPOINT, tx.now),
        "account_id": account_id,
        "url": url,
        "event_types": list(event_types),
        "description": description,
        "metadata": dict(metadata),
        "secrets_sealed": ring.seal(dumps(kept).encode(), _SECRETS),
        "status": "enabled",
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    tx.execute(_ADD, row)
    made = find(tx, account_id, str(row["public_id"]))
    assert made is not None
    return made


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Endpoint | None:
    """The account's endpoint with this id, unless it was deleted."""
    if not is_name(public_id):
        return None
    wanted = select(endpoints).where(
        endpoints.c.account_id == account_id,
        endpoints.c.public_id == public_id,
        endpoints.c.deleted_at.is_(None),
    )
    row = connection.execute(wanted).mappings().first()
    return None if row is None else endpoint_of(row)


def of_account(connection: Connection, account_id: int) -> list[Endpoint]:
    """An account's endpoints, newest first."""
    wanted = (
        select(endpoints)
        .where(endpoints.c.account_id == account_id, endpoints.c.deleted_at.is_(None))
        .order_by(endpoints.c.id.desc())
    )
    return [endpoint_of(row) for row in connection.execute(wanted).mappings()]


def listening(connection: Writing, account_id: int) -> list[tuple[int, list[str]]]:
    """Row number and patterns of every endpoint that gets new messages; paused ones get theirs later."""
    rows = connection.fetch(_LISTENING, {"account_id": account_id})
    return [(int(row["id"]), row["event_types"]) for row in rows]


def secrets_of(ring: KeyRing, endpoint: Endpoint, now: datetime) -> list[str]:
    """The live secrets as text (`whsec_…`), newest first."""
    kept = loads(ring.open(endpoint.secrets_sealed, _SECRETS))
    return [
        one["secret"]
        for one in kept
        if one["expires_at"] is None or datetime.fromisoformat(one["expires_at"]) > now
    ]


def remove(tx: Writing, endpoint: Endpoint) -> None:
    """Delete for people; the rows that name it stay."""
    tx.execute(
        update(endpoints).where(endpoints.c.id == endpoint.id).values(deleted_at=tx.now, updated_at=tx.now)
    )


def disable(tx: Writing, endpoint_id: int, reason: str) -> None:
    """Send nothing more to it, by our own decision."""
    tx.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(status="disabled", disabled_reason=reason, updated_at=tx.now)
    )


def endpoint_of(row: RowMapping) -> Endpoint:
    """The endpoint of a row that has all its columns."""
    return Endpoint(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        url=row["url"],
        event_types=row["event_types"],
        status=row["status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        description=row["description"],
        metadata=row["metadata"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
        last_success_at=row["last_success_at"],
        secrets_sealed=row["secrets_sealed"],
    )
