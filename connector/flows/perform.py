"""One command from a door: its key, one transaction, one outcome.

The idempotency row is inserted first and lives in the deed's own transaction, so
that a second request with the key waits for the first and then gets its answer.
A refusal (4xx) is kept like any answer; a failure of ours (5xx) never, nor a
refusal that asks to try again. The codes and secrets of an answer are given again
to the access key that had them first, and to no other.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError, FieldError, IdempotencyKeyReused, MissingScope, by_code
from ..domain.jsontext import dumps, read_own
from ..domain.tags import Match
from ..operations.kit import Operation
from ..operations.reveal import OPERATION as REVEAL
from ..operations.reveal import Reveal
from ..store import idempotency
from ..store.writer import Writing
from .parts import Parts

NO_ACCOUNT: Final = 0
"""Whose idempotency keys those of platform keys are: no account's row has this number."""

_SHOWN_ONCE: Final = ("code", "key", "secret")  # a card's, a new key's, that of a new source or endpoint


@dataclass(frozen=True, slots=True)
class Answered:
    """What a door hands on: status, body, and whether it is the first answer given again.

    `etag` is the tag of the card or contact that the body shows, None where it shows none.
    """

    status: int
    body: Mapping[str, Any]
    is_replayed: bool = False
    error: ConnectorError | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The caller's key and what came with it; another request under the key is refused.

    If-Match is part of the request. The same one again gets the first answer, though the tag
    is stale by then through that very deed: nothing is done, so nothing can be lost. Under
    another tag, or without, it asks for another deed: whoever looked again and decided anew
    must not take the answer to what they decided before for the one to this.

    `asked_by` is the id of the access key that sent it; empty: somebody at the command line.
    """

    key: str
    method: str
    path: str
    body: bytes = field(repr=False)
    if_match: str = ""
    asked_by: str = ""

    @property
    def request_hash(self) -> str:
        whole = b"\n".join([self.method.encode(), self.path.encode(), self.if_match.encode(), self.body])
        return hashlib.sha256(whole).hexdigest()


def perform(
    parts: Parts,
    account: Account,
    actor: Actor,
    operation: Operation,
    command: object,
    idempotency_key: Idempotency | None = None,
    match: Match | None = None,
) -> Answered:
    """Do the deed once. Raises what it raises, unless a key keeps that as its answer.

    With `match` it is done only where the card is as that says, under the card's lock.
    MissingScope for who may not, whatever another key was answered under the same idempotency key.
    """
    lacking = [scope for scope in operation.also if not actor.may(scope)]
    if lacking:
        raise MissingScope(f"This key lacks the scope {lacking[0]}.")

    def deed(tx: Writing) -> Answered:
        desk = replace(parts.desk(tx, account, actor), match=match)
        outcome = operation.perform(desk, command)
        etag = None if outcome.card is None or outcome.is_simulated else desk.card_tag(outcome.card)
        return Answered(operation.status, operation.answer(desk, outcome), etag=etag)

    def shown(tx: Writing, body: Mapping[str, Any], is_own: bool) -> Mapping[str, Any]:
        """Who may see codes is shown this one, and the audit trail keeps that they were."""
        if body.get("code") is None:
            return body
        if not (is_own or actor.may(REVEAL.scope)):
            return _without_secrets(body)
        if operation is REVEAL:
            REVEAL.perform(parts.desk(tx, account, actor), command)
        elif not is_own:
            seen = Reveal(body.get("gift_card", body)["id"], "an answer that another key had first")
            REVEAL.perform(parts.desk(tx, account, actor), seen)
        return body

    return once(parts, account, deed, idempotency_key, shown)


def once(
    parts: Parts,
    account: Account | None,
    deed: Callable[[Writing], Answered],
    key: Idempotency | None,
    shown: Callable[[Writing, Mapping[str, Any], bool], Mapping[str, Any]] | None = None,
) -> Answered:
    """Run `deed(tx) -> Answered` under an idempotency key, or plainly without one.

    Keys are the account's own; None: those of the platform's callers, who have no account.
    `shown(tx, body, is_own)` is what is shown of a first answer that is given again, `is_own`
    where its own access key asks; to any other its secrets are left out where nobody says.
    """
    if key is None:
        return parts.writer.run(deed)
    owner = NO_ACCOUNT if account is None else account.id

    def work(tx: Writing) -> Answered:
        first = idempotency.take(tx, parts.ring, owner, key.key, key.request_hash, key.asked_by)
        if first is not None:
            again = _again(first, key)
            is_own = first.asked_by == key.asked_by
            if again.error is not None:
                return again
            if shown is not None:
                return replace(again, body=shown(tx, again.body, is_own))
            return again if is_own else replace(again, body=_without_secrets(again.body))
        try:
            with tx.savepoint():
                answer = deed(tx)
        except ConnectorError as error:
            if error.retryable or not 400 <= error.status < 500:
                raise
            answer = Answered(error.status, _kept(error), error=error)
        body = dumps(dict(answer.body)).encode()
        idempotency.keep(tx, parts.ring, owner, key.key, answer.status, body, etag=answer.etag)
        return answer

    answer = parts.writer.run(work)
    if answer.error is not None and not answer.is_replayed:
        raise answer.error
    return answer


def _again(first: idempotency.FirstAnswer, key: Idempotency) -> Answered:
    if first.request_hash != key.request_hash:
        told = "This Idempotency-Key came with another method, path, body or If-Match before."
        raise IdempotencyKeyReused(told)
    body = read_own(first.body.decode())
    error = _revived(body) if first.status >= 400 else None
    return Answered(first.status, body, is_replayed=True, error=error, etag=first.etag)


def _without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with null in the place of what is shown once; a card that was made may stand within."""
    found = {**body, **dict.fromkeys(body.keys() & set(_SHOWN_ONCE))}
    if "code" in body and "url" in body:  # a card's page shows its code
        found["url"] = None
    card = found.get("gift_card")
    return {**found, "gift_card": {**card, **dict.fromkeys(card.keys() & {"code", "url"})}} if card else found


def _kept(error: ConnectorError) -> dict[str, Any]:
    return {
        "code": error.code,
        "detail": error.detail,
        "errors": [{"field": one.field, "message": one.message} for one in error.errors],
    }


def _revived(body: Mapping[str, Any]) -> ConnectorError:
    errors = [FieldError(one["field"], one["message"]) for one in body["errors"]]
    return by_code(body["code"])(body["detail"], errors=errors)
