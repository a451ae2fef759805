"""Subscribers, their secrets and their custom headers, both sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    bindparam,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from ..domain import ids
from ..domain.endpoint_health import CONCURRENCY, Condition, Health, health_json, read_health
from ..domain.jsontext import dumps, loads
from ..domain.messages import VERSIONS
from ..domain.sealing import KeyRing
from .columns import is_name
from .prepared import Prepared
from .tables import endpoints
from .writer import Writing

API: Final = "api"
REST_HOOK: Final = "rest_hook"

_SECRETS: Final = "endpoint secrets"
_HEADERS: Final = "endpoint headers"
_ADD: Final = insert(endpoints)
_TYPES: Final = type_coerce(endpoints.c.event_types, Text)
_LISTENING: Final = Prepared(
    select(endpoints.c.id, endpoints.c.event_types, endpoints.c.filter, endpoints.c.ordering)
    .where(
        endpoints.c.account_id == bindparam("account_id"),
        endpoints.c.deleted_at.is_(None),
        endpoints.c.status != "disabled",
        or_(
            _TYPES.like(bindparam("exact", type_=Text), escape="/"),
            _TYPES.like(bindparam("family", type_=Text), escape="/"),
            _TYPES.like('%"*"%'),
        ),
    )
    .order_by(endpoints.c.id)  # as the worker holds them: two orders would be a deadlock
)


@dataclass(frozen=True, slots=True)
class Secret:
    """One signing secret and when it ends; None: it does not."""

    text: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A subscriber; its secrets are opened by `secrets_of` only, its headers by `headers_of`."""

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
    filter: Mapping[str, Sequence[str]] | None = None
    rate_limit: int | None = None
    concurrency: int = CONCURRENCY
    ordering: str = "none"
    kind: str = API
    version: str = VERSIONS[0]
    disabled_reason: str | None = None
    disabled_at: datetime | None = None
    condition: Condition = field(default_factory=lambda: Condition(Health()))
    secrets_sealed: str = field(default="", repr=False)
    headers_sealed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Listening:
    """What decides whether an endpoint gets a message, and when."""

    id: int
    event_types: list[str]
    filter: Mapping[str, Sequence[str]] | None
    is_ordered: bool


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
    headers: Mapping[str, str] | None = None,
    **rest: Any,
) -> Endpoint:
    """Make an enabled endpoint with one secret; `rest`: filter, rate_limit, concurrency, ordering, kind."""
    row = {
        "concurrency": CONCURRENCY,
        "ordering": "none",
        "kind": API,
        **rest,
        "public_id": ids.new_id(ids.ENDPOINT, tx.now),
        "account_id": account_id,
        "url": url,
        "event_types": list(event_types),
        "description": description,
        "metadata": dict(metadata),
        "version": VERSIONS[0],
        "health": health_json(Health()),
        **sealed_secrets(ring, [Secret(secret, tx.wall)]),
        **sealed_headers(ring, headers),
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


def lock_row(tx: Writing, endpoint_id: int) -> tuple[Endpoint, datetime | None, int] | None:
    """An endpoint by its row with what its tool is owed, held until the commit.

    None where somebody else holds it, or it was deleted.
    """
    wanted = select(endpoints).where(endpoints.c.id == endpoint_id, endpoints.c.deleted_at.is_(None))
    if not tx.is_alone:
        wanted = wanted.with_for_update(key_share=True, skip_locked=True)
    row = tx.execute(wanted).mappings().first()
    return None if row is None else (endpoint_of(row), row["unsubscribe_at"], row["unsubscribe_tries"] or 0)


def lock(tx: Writing, account_id: int, public_id: str) -> Endpoint | None:
    """As `find`, ours until the commit: no attempt is recorded and nothing claimed meanwhile."""
    found = find(tx, account_id, public_id)
    if found is None:
        return None
    hold(tx, found.id)
    return find(tx, account_id, public_id)


def hold(tx: Writing, endpoint_id: int) -> None:
    """Hold its row until the commit; messages may still be made for it."""
    if not tx.is_alone:
        wanted = select(endpoints.c.id).where(endpoints.c.id == endpoint_id)
        tx.execute(wanted.with_for_update(key_share=True))


def of_account(connection: Connection | Writing, account_id: int) -> list[Endpoint]:
    """An account's endpoints, newest first."""
    wanted = (
        select(endpoints)
        .where(endpoints.c.account_id == account_id, endpoints.c.deleted_at.is_(None))
        .order_by(endpoints.c.id.desc())
    )
    return [endpoint_of(row) for row in connection.execute(wanted).mappings()]


def page(connection: Connection, account_id: int, before: int | None, limit: int) -> list[Endpoint]:
    """At most `limit` of an account's endpoints, newest first, behind the row `before`."""
    wanted = select(endpoints).where(endpoints.c.account_id == account_id, endpoints.c.deleted_at.is_(None))
    if before is not None:
        wanted = wanted.where(endpoints.c.id < before)
    rows = connection.execute(wanted.order_by(endpoints.c.id.desc()).limit(limit)).mappings()
    return [endpoint_of(row) for row in rows]


def count(connection: Connection | Writing, account_id: int) -> int:
    """How many endpoints the account has."""
    wanted = select(func.count()).where(
        endpoints.c.account_id == account_id, endpoints.c.deleted_at.is_(None)
    )
    return int(connection.execute(wanted).scalar_one())


def listening(connection: Writing, account_id: int, message_type: str) -> list[Listening]:
    """Every endpoint that may want a new message of this type; paused ones get theirs later.

    The database passes over the others by the text of their lists: reading a thousand of them
    costs five milliseconds a message. Who really wants it is for `wants` to say.
    """
    family = message_type.partition(".")[0]
    values = {
        "account_id": account_id,
        "exact": _holding(f'"{message_type}"'),
        "family": _holding(f'"{family}.*"'),
    }
    rows = connection.fetch(_LISTENING, values)
    return [
        Listening(int(row["id"]), row["event_types"], row["filter"], row["ordering"] == "card")
        for row in rows
    ]


def _holding(text: str) -> str:
    """A pattern of LIKE for what has `text` in it."""
    return "%" + text.replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"


def change(tx: Writing, endpoint: Endpoint, **values: Any) -> None:
    """Write columns of an endpoint."""
    tx.execute(
        update(endpoints).where(endpoints.c.id == endpoint.id).values({**values, "updated_at": tx.now})
    )


def secrets_of(ring: KeyRing, endpoint: Endpoint, now: datetime) -> list[Secret]:
    """The live secrets, newest first."""
    kept = loads(ring.open(endpoint.secrets_sealed, _SECRETS))
    found = [
        Secret(
            one["secret"],
            datetime.fromisoformat(one["created_at"]),
            None if one["expires_at"] is None else datetime.fromisoformat(one["expires_at"]),
        )
        for one in kept
    ]
    return [one for one in found if one.expires_at is None or one.expires_at > now]


def sealed_secrets(ring: KeyRing, secrets: Sequence[Secret]) -> dict[str, str]:
    """The column with the secrets, newest first."""
    kept = [
        {
            "secret": one.text,
            "created_at": one.created_at.isoformat(),
            "expires_at": None if one.expires_at is None else one.expires_at.isoformat(),
        }
        for one in secrets
    ]
    return {"secrets_sealed": ring.seal(dumps(kept).encode(), _SECRETS)}


def headers_of(ring: KeyRing, endpoint: Endpoint) -> dict[str, str]:
    """The custom headers, as they are sent."""
    if endpoint.headers_sealed is None:
        return {}
    return dict(loads(ring.open(endpoint.headers_sealed, _HEADERS)))


def sealed_headers(ring: KeyRing, headers: Mapping[str, str] | None) -> dict[str, str | None]:
    """The column with the custom headers; without any it is empty."""
    return {"headers_sealed": ring.seal(dumps(dict(headers)).encode(), _HEADERS) if headers else None}


def remove(tx: Writing, endpoint: Endpoint) -> None:
    """Delete for people; the rows that name it stay."""
    change(tx, endpoint, deleted_at=tx.now)


def endpoint_of(row: RowMapping | Mapping[str, Any]) -> Endpoint:
    """The endpoint of a row that has all its columns."""
    same = (
        *("id", "public_id", "account_id", "url", "event_types", "status", "created_at", "updated_at"),
        *("description", "metadata", "filter", "rate_limit", "concurrency", "ordering", "kind", "version"),
        *("disabled_reason", "disabled_at", "secrets_sealed", "headers_sealed"),
    )
    return Endpoint(**{name: row[name] for name in same}, condition=condition_of(row))


def condition_of(row: RowMapping | Mapping[str, Any]) -> Condition:
    """How the endpoint of a row is."""
    return Condition(
        read_health(row["health"]), row["held_until"], row["failing_since"], row["last_success_at"]
    )
