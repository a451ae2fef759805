"""Endpoints: who wants to be told, by which secret it is proved to be us, and whether to send now."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import BY_HAND, Account, Actor
from ..domain.endpoint_health import Condition, Health, health_json
from ..domain.errors import NotFound, TooManyEndpoints, TooManySecrets
from ..domain.signing import standard_key, standard_secret
from ..store import accounts, closing, endpoints
from ..store.conditions import DROPPED, GONE
from ..store.endpoints import Endpoint, Secret
from ..store.writer import Writing
from . import endpoint_json
from .access import note
from .endpoint_fields import MASKED, host_of, read, wrong
from .listing import page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once

SECRET_BYTES: Final = 32
MAX_ENDPOINTS: Final = 2_000
MAX_SECRETS: Final = 5
OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=7)
BACKLOGS: Final = ("resume", "drop")
_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}", re.ASCII)
_OWN_SECRET_BYTES: Final = range(24, 65)


def create(
    parts: Parts,
    account: Account,
    *,
    url: str,
    key: Idempotency | None = None,
    kind: str = endpoints.API,
    by: Actor = BY_HAND,
    **given: Any,
) -> Answered:
    """Make an endpoint; its secret stands in the answer, this once. ValidationFailed names what is wrong.

    `given`: the fields of endpoint_fields.
    """
    secret = _new_secret()
    values, warnings = read(parts, account, {"event_types": ["*"], "metadata": {}, **given, "url": url})
    _require_no_mask(values.get("headers"))

    def deed(tx: Writing) -> Answered:
        made = add(parts, tx, account, secret, {"description": None, **values, "kind": kind})
        # Not the URL: the words after its ? may be a secret of theirs.
        note(tx, by, account, made.public_id, "create_endpoint", {"event_types": values["event_types"]})
        body = endpoint_json.with_figures(parts, tx, made)
        return Answered(201, {**body, "secret": secret, "warnings": warnings})

    return once(parts, account, deed, key)


def add(parts: Parts, tx: Writing, account: Account, secret: str, values: Mapping[str, Any]) -> Endpoint:
    """The row of a new endpoint; TooManyEndpoints."""
    accounts.hold(tx, account.id)  # two at once must not both be the last
    if endpoints.count(tx, account.id) >= MAX_ENDPOINTS:
        raise TooManyEndpoints(f"The account has {MAX_ENDPOINTS} endpoints, which are the most.")
    return endpoints.add(tx, parts.ring, account_id=account.id, secret=secret, **values)


def every(parts: Parts, account: Account) -> list[dict[str, Any]]:
    """An account's endpoints, newest first, without their secrets."""
    with parts.engines.reading() as connection:
        found = endpoints.of_account(connection, account.id)
        return endpoint_json.all_shown(parts, connection, found)


def page(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """A page of them; `asked`: limit, cursor."""

    def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
        with parts.engines.reading() as connection:
            found = endpoints.page(connection, account.id, before, limit)
            return [one.id for one in found], endpoint_json.all_shown(parts, connection, found)

    return page_of(parts, account, "endpoints", asked, read)


def one(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One endpoint with its figures, or NotFound."""
    with parts.engines.reading() as connection:
        found = require(endpoints.find(connection, account.id, public_id))
        return endpoint_json.with_figures(parts, connection, found)


def change(
    parts: Parts,
    account: Account,
    public_id: str,
    given: Mapping[str, Any],
    key: Idempotency | None = None,
    by: Actor = BY_HAND,
) -> Answered:
    """Change some of its fields; id, secret and what is open stay. ValidationFailed, NotFound.

    A new host clears the custom headers unless they are given along: they were meant for the old one.
    """
    values, warnings = read(parts, account, given)

    def deed(tx: Writing) -> Answered:
        found = _locked(tx, account, public_id)
        columns = dict(values)
        known = endpoints.headers_of(parts.ring, found)
        moves = "url" in columns and host_of(columns["url"]) != host_of(found.url)
        if "headers" in columns:
            columns.update(_sealed(parts, columns.pop("headers"), {} if moves else known))
        elif moves:
            columns.update(endpoints.sealed_headers(parts.ring, None))
        if columns:
            endpoints.change(tx, found, **columns)
            note(tx, by, account, public_id, "update_endpoint", {"fields": sorted(given)})
        if found.ordering == "card" and columns.get("ordering") == "none":
            closing.step(tx, found.id)  # the rest of a long backlog follows in batches
            tx.after_commit(parts.wake_outbox)
        return Answered(200, {**_now(parts, tx, account, public_id), "warnings": warnings})

    return once(parts, account, deed, key)


def rotate(
    parts: Parts,
    account: Account,
    public_id: str,
    *,
    overlap_s: int | None = None,
    secret: str | None = None,
    key: Idempotency | None = None,
    by: Actor = BY_HAND,
) -> Answered:
    """A new secret, shown this once; the others sign beside it until the overlap is over."""
    overlap = OVERLAP if overlap_s is None else timedelta(seconds=min(max(overlap_s, -1), 10**7))
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise wrong("overlap_s", f"must be 0 to {int(MAX_OVERLAP.total_seconds())} seconds")
    fresh = _new_secret() if secret is None else require_secret(secret)

    def deed(tx: Writing) -> Answered:
        found = _locked(tx, account, public_id)
        ends = tx.wall + overlap
        live = endpoints.secrets_of(parts.ring, found, tx.wall)
        if any(one.text == fresh for one in live):
            raise wrong("secret", "is one of the endpoint's already")
        kept = [
            Secret(one.text, one.created_at, min(one.expires_at or ends, ends)) for one in live if overlap
        ]
        if len(kept) >= MAX_SECRETS:
            raise TooManySecrets(f"{MAX_SECRETS} secrets hold already, which are the most.")
        all_of_them = [Secret(fresh, tx.wall), *kept]
        endpoints.change(tx, found, **endpoints.sealed_secrets(parts.ring, all_of_them))
        note(tx, by, account, public_id, "rotate_endpoint", {"overlap_s": int(overlap.total_seconds())})
        return Answered(200, {**_now(parts, tx, account, public_id), "secret": fresh})

    return once(parts, account, deed, key)


def pause(
    parts: Parts, account: Account, public_id: str, key: Idempotency | None = None, by: Actor = BY_HAND
) -> Answered:
    """Send nothing to it for now; deliveries are made and wait. One that is disabled stays so."""

    def deed(tx: Writing) -> Answered:
        found = _locked(tx, account, public_id)
        if found.status == "enabled":
            endpoints.change(tx, found, status="paused")
            note(tx, by, account, public_id, "pause_endpoint", {})
        return Answered(200, _now(parts, tx, account, public_id))

    return once(parts, account, deed, key)


def enable(
    parts: Parts,
    account: Account,
    public_id: str,
    backlog: str = "resume",
    key: Idempotency | None = None,
    by: Actor = BY_HAND,
) -> Answered:
    """Send to it again, slowly at first; what waited goes on, or is dropped. Its counters start anew."""
    if backlog not in BACKLOGS:
        raise wrong("backlog", f"must be one of: {', '.join(BACKLOGS)}")

    def deed(tx: Writing) -> Answered:
        switch_on(parts, tx, _locked(tx, account, public_id), backlog)
        note(tx, by, account, public_id, "enable_endpoint", {"backlog": backlog})
        return Answered(200, _now(parts, tx, account, public_id))

    return once(parts, account, deed, key)


def switch_on(parts: Parts, tx: Writing, found: Endpoint, backlog: str) -> None:
    """Send to a locked endpoint again; its counters start anew."""
    if found.status != "enabled":
        fresh = Condition(Health(), None, None, found.condition.last_success_at)
        endpoints.change(
            tx,
            found,
            status="enabled",
            disabled_reason=None,
            disabled_at=None,
            health=health_json(fresh.health),
            held_until=fresh.held_until,
            failing_since=fresh.failing_since,
        )
    if backlog == "drop":
        closing.mark(tx, found.id, DROPPED)
    elif found.disabled_reason == GONE:  # what was open when they said 410 may not have ended yet
        closing.mark(tx, found.id, GONE)
    tx.after_commit(parts.wake_outbox)


def delete(parts: Parts, account: Account, public_id: str, by: Actor = BY_HAND) -> None:
    """Unsubscribe: nothing more is made for it, and what is open is cancelled."""

    def work(tx: Writing) -> None:
        remove(tx, _locked(tx, account, public_id))
        note(tx, by, account, public_id, "delete_endpoint", {})

    parts.writer.run(work)


def remove(tx: Writing, found: Endpoint) -> None:
    """End a locked endpoint and what is open for it; the rest of a long backlog follows in batches."""
    endpoints.remove(tx, found)
    closing.step(tx, found.id)


def require(found: Endpoint | None) -> Endpoint:
    """The endpoint, or NotFound."""
    if found is None:
        raise NotFound("There is no such endpoint in this account.")
    return found


def require_secret(text: str) -> str:
    """A customer's own secret: `whsec_` and the base64 of 24 to 64 bytes; ValidationFailed."""
    message = "must be whsec_ and the base64 of 24 to 64 bytes"
    try:
        is_one = bool(_SECRET.fullmatch(text)) and len(standard_key(text)) in _OWN_SECRET_BYTES
    except ValueError as fault:
        raise wrong("secret", message) from fault
    if not is_one:
        raise wrong("secret", message)
    return text


def _new_secret() -> str:
    return standard_secret(ids.random_bytes(SECRET_BYTES))


def _locked(tx: Writing, account: Account, public_id: str) -> Endpoint:
    return require(endpoints.lock(tx, account.id, public_id))


def _now(parts: Parts, tx: Writing, account: Account, public_id: str) -> dict[str, Any]:
    found = require(endpoints.find(tx, account.id, public_id))
    return endpoint_json.with_figures(parts, tx, found)


def _sealed(parts: Parts, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str | None]:
    """The column; a value that was given back as it is shown stays as it was."""
    headers = {name: known.get(name, text) if text == MASKED else text for name, text in given.items()}
    _require_no_mask(headers)
    return endpoints.sealed_headers(parts.ring, headers)


def _require_no_mask(headers: Mapping[str, str] | None) -> None:
    masked: Sequence[str] = [name for name, text in (headers or {}).items() if text == MASKED]
    if masked:
        raise wrong("headers", f"{masked[0]} has no value yet that could stay")
