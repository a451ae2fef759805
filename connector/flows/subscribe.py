"""Endpoints: who wants to be told, and by which secret it is proved to be us."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import BY_HAND, Account, Actor
from ..domain.card_numbers import mask
from ..domain.errors import FieldError, NotFound, ValidationFailed
from ..domain.events import rfc3339
from ..domain.messages import is_pattern
from ..domain.signing import fingerprint, standard_secret
from ..store import endpoints, settling
from ..store.endpoints import Endpoint
from ..store.writer import Writing
from .access import note
from .parts import Parts
from .perform import Answered, Idempotency, once

SECRET_BYTES: Final = 32
MAX_TYPES: Final = 100
MAX_DESCRIPTION: Final = 500


def create(
    parts: Parts,
    account: Account,
    *,
    url: str,
    event_types: Sequence[str] = ("*",),
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    key: Idempotency | None = None,
    by: Actor = BY_HAND,
) -> Answered:
    """Make an endpoint; its secret stands in the answer, this once. ValidationFailed names what is wrong."""
    patterns = _require_patterns(event_types)
    if description is not None and len(description) > MAX_DESCRIPTION:
        raise _wrong("description", f"has more than {MAX_DESCRIPTION} characters")
    try:
        warnings = parts.client.check(url)
    except ValidationFailed as refusal:
        raise _wrong("url", refusal.detail) from refusal
    secret = standard_secret(ids.random_bytes(SECRET_BYTES))

    def deed(tx: Writing) -> Answered:
        made = endpoints.add(
            tx,
            parts.ring,
            account_id=account.id,
            url=url,
            event_types=patterns,
            secret=secret,
            description=mask(description),
            metadata=mask(metadata or {}),
        )
        # Not the URL: the words after its ? may be a secret of theirs.
        note(tx, by, account, made.public_id, "create_endpoint", {"event_types": patterns})
        return Answered(201, {**_json(parts, made), "secret": secret, "warnings": warnings})

    return once(parts, account, deed, key)


def every(parts: Parts, account: Account) -> list[dict[str, Any]]:
    """An account's endpoints, newest first, without their secrets."""
    with parts.engines.reading() as connection:
        return [_json(parts, one) for one in endpoints.of_account(connection, account.id)]


def one(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One endpoint, or NotFound."""
    with parts.engines.reading() as connection:
        return _json(parts, _require(endpoints.find(connection, account.id, public_id)))


def delete(parts: Parts, account: Account, public_id: str, by: Actor = BY_HAND) -> None:
    """Unsubscribe: nothing more is made for it, and what is open is cancelled."""

    def work(tx: Writing) -> None:
        found = _require(endpoints.find(tx, account.id, public_id))
        endpoints.remove(tx, found)
        settling.close_endpoint(tx, found.id, state="cancelled", reason="endpoint_deleted")
        note(tx, by, account, found.public_id, "delete_endpoint", {})

    parts.writer.run(work)


def _require(found: Endpoint | None) -> Endpoint:
    if found is None:
        raise NotFound("There is no such endpoint in this account.")
    return found


def _require_patterns(event_types: Sequence[str]) -> list[str]:
    if not event_types or len(event_types) > MAX_TYPES:
        raise _wrong("event_types", f"needs 1 to {MAX_TYPES} types")
    for text in event_types:
        if not is_pattern(text):
            raise _wrong(
                "event_types",
                f"{text[:80]!r} is no message type; write one, a family such as gift_card.*, or *",
            )
    return list(dict.fromkeys(event_types))


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field}: {message}", errors=[FieldError(field, message)])


def _json(parts: Parts, found: Endpoint) -> dict[str, Any]:
    live = endpoints.secrets_of(parts.ring, found, parts.clock.now())
    return {
        "id": found.public_id,
        "url": found.url,
        "event_types": list(found.event_types),
        "status": found.status,
        "disabled_reason": found.disabled_reason,
        "description": found.description,
        "metadata": dict(found.metadata),
        "kind": "api",
        "secrets": [{"fingerprint": fingerprint(secret.text)} for secret in live],
        "failing_since": None
        if found.condition.failing_since is None
        else rfc3339(found.condition.failing_since),
        "last_success_at": None
        if found.condition.last_success_at is None
        else rfc3339(found.condition.last_success_at),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.updated_at),
    }
