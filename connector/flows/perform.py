"""One command from a door: its key, one transaction, one outcome.

The idempotency row is inserted first and lives in the deed's own transaction, so
that a second request with the key waits for the first and then gets its answer.
A refusal (4xx) is kept like any answer; a failure of ours (5xx) never, nor a
refusal that asks to try again.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError, FieldError, IdempotencyKeyReused, by_code
from ..domain.jsontext import dumps, read_own
from ..domain.tags import Match
from ..operations.kit import Operation
from ..store import idempotency
from ..store.writer import Writing
from .parts import Parts

NO_ACCOUNT: Final = 0
"""Whose idempotency keys those of platform keys are: no account's row has this number."""


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
    """

    key: str
    method: str
    path: str
    body: bytes = field(repr=False)
    if_match: str = ""

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
    """

    def deed(tx: Writing) -> Answered:
        desk = replace(parts.desk(tx, account, actor), match=match)
        outcome = operation.perform(desk, command)
        etag = None if outcome.card is None or outcome.is_simulated else desk.card_tag(outcome.card)
        return Answered(operation.status, operation.answer(desk, outcome), etag=etag)

    return once(parts, account, deed, idempotency_key)


def once(
    parts: Parts, account: Account | None, deed: Callable[[Writing], Answered], key: Idempotency | None
) -> Answered:
    """Run `deed(tx) -> Answered` under an idempotency key, or plainly without one.

    Keys are the account's own; None: those of the platform's callers, who have no account.
    """
    if key is None:
        return parts.writer.run(deed)
    owner = NO_ACCOUNT if account is None else account.id

    def work(tx: Writing) -> Answered:
        first = idempotency.take(tx, parts.ring, owner, key.key, key.request_hash)
        if first is not None:
            return _again(first, key)
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


def _kept(error: ConnectorError) -> dict[str, Any]:
    return {
        "code": error.code,
        "detail": error.detail,
        "errors": [{"field": one.field, "message": one.message} for one in error.errors],
    }


def _revived(body: Mapping[str, Any]) -> ConnectorError:
    errors = [FieldError(one["field"], one["message"]) for one in body["errors"]]
    return by_code(body["code"])(body["detail"], errors=errors)
