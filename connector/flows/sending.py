"""One attempt: signed afresh, sent, written down, and what it means for its delivery and endpoint.

No transaction is open while it is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain import endpoint_health, ids, retries
from ..domain.endpoint_health import Condition
from ..domain.events import rfc3339
from ..domain.signing import standard_headers, standard_key
from ..logs import log
from ..operations.holding import BY_ITSELF
from ..outside.answers import Answer
from ..store import accounts, card_order, closing, conditions, delivery_lists, endpoints, settling
from ..store.conditions import Held
from ..store.endpoints import Endpoint
from ..store.leases import Leased
from ..store.settling import Result, Settled
from ..store.writer import Writing
from . import notices
from .endpoint_fields import host_of
from .parts import Parts

USER_AGENT: Final = "gift-card-connector"
BY_HAND: Final = "hand"
PROBE_AGAIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt that ended. Not `is_charged`: our own line was down, so it says nothing of the receiver.

    `id` is made once, so that who writes it again, not knowing whether it was written, keeps it once.
    """

    id: str
    leased: Leased
    started_at: datetime
    answer: Answer
    is_charged: bool = True


def sent_now(leased: Leased, started_at: datetime, answer: Answer) -> Sent:
    """An attempt that has just ended."""
    return Sent(ids.new_id(ids.ATTEMPT, started_at), leased, started_at, answer)


def send(parts: Parts, leased: Leased) -> Sent:
    """Sign afresh and post; total, since whatever happens is a result to record."""
    started_at = parts.clock.now()
    answer = send_to(parts, leased.endpoint, leased.message, leased.body, started_at)
    return sent_now(leased, started_at, answer)


@dataclass(frozen=True, slots=True)
class Signer:
    """What signs and is sent along for one endpoint, opened for as long as a few attempts take."""

    keys: Sequence[bytes] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def headers_for(self, message: str, at: datetime, body: bytes) -> dict[str, str]:
        """All headers of one attempt."""
        return {
            **self.headers,
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **standard_headers(self.keys, message, at, body),
        }


def signer_of(parts: Parts, endpoint: Endpoint, at: datetime) -> Signer:
    """By the secrets that are live then; raises where no key opens them."""
    secrets = endpoints.secrets_of(parts.ring, endpoint, at)
    keys = [standard_key(secret.text) for secret in secrets]
    return Signer(keys, endpoints.headers_of(parts.ring, endpoint))


def send_to(
    parts: Parts, endpoint: Endpoint, message: str, body: bytes, at: datetime, method: str = "POST"
) -> Answer:
    """One signed message to an endpoint, with its own headers; total. DELETE has no body."""
    try:
        headers = signer_of(parts, endpoint, at).headers_for(message, at, body)
        if method == "DELETE":
            return parts.client.delete(endpoint.url, headers)
        return parts.client.post(endpoint.url, body, headers)
    except Exception as fault:  # noqa: BLE001 - a secret that no key opens must not stop the others
        log.error("send_failed", message=message, error=type(fault).__name__)
        return Answer(status=None, outcome="internal", error="internal")


def record_all(parts: Parts, tx: Writing, results: Sequence[Sent], *, or_pass: bool = False) -> list[Sent]:
    """Write attempts, and what becomes of their deliveries and endpoints.

    `or_pass`: those of an endpoint or a delivery that somebody else holds are given back, to be
    written later: one row that is held for long must not stop the worker of all others.
    """
    by_endpoint: dict[int, list[Sent]] = {}
    # In one order, so that two workers never wait for each other's endpoints.
    for sent in sorted(results, key=lambda one: (one.leased.endpoint.id, one.leased.id)):
        by_endpoint.setdefault(sent.leased.endpoint.id, []).append(sent)
    if or_pass:
        holding = conditions.hold_each(tx, list(by_endpoint))
    else:
        holding = [conditions.hold(tx, one) for one in by_endpoint]
    passed: list[Sent] = []
    charged: list[tuple[Held, list[Sent]]] = []
    for held, its in zip(holding, by_endpoint.values(), strict=True):
        if held is None:
            passed += its
            continue
        passed += _hand_back(parts, tx, [sent for sent in its if not sent.is_charged], or_pass)
        charged.append((held, [sent for sent in its if sent.is_charged]))
    return passed + _settle(parts, tx, charged, or_pass)


def _hand_back(parts: Parts, tx: Writing, uncharged: Sequence[Sent], or_pass: bool) -> list[Sent]:
    """What was tried while our own line was down; what is held is passed."""
    due_at = parts.clock.now() + PROBE_AGAIN
    free = card_order.hold(tx, [sent.leased.id for sent in uncharged]) if or_pass else None
    passed = [sent for sent in uncharged if free is not None and sent.leased.id not in free]
    for sent in uncharged:
        if sent in passed:
            continue
        kept = record_of(sent.leased.endpoint, sent.answer, due_at)
        settling.hand_back(
            tx, sent.leased, attempt=sent.id, started_at=sent.started_at, record=kept, due_at=due_at
        )
    return passed


def _settle(
    parts: Parts, tx: Writing, charged: Sequence[tuple[Held, Sequence[Sent]]], or_pass: bool
) -> list[Sent]:
    """Write what was charged; what is held is passed."""
    every = [(held, sent, _result(parts, held, sent)) for held, its in charged for sent in its]
    passed: list[Sent] = []
    if or_pass:
        free = {id(result) for result in settling.free(tx, [result for _, _, result in every])}
        passed = [sent for _, sent, result in every if id(result) not in free]
        every = [one for one in every if id(one[2]) in free]
    are_ours = settling.settle(tx, [result for _, _, result in every])
    noted: dict[int, list[Sent]] = {}
    for (held, sent, result), is_ours in zip(every, are_ours, strict=True):
        if is_ours:
            noted.setdefault(held.id, []).append(sent)
        tx.after_commit(partial(_tell, sent, result.settled.state if is_ours else "late"))
    for held, _ in charged:
        _note(parts, tx, held, noted.get(held.id, ()))
    return passed


def _result(parts: Parts, held: Held, sent: Sent) -> Result:
    settled = _becomes(parts, sent.leased, sent.answer)
    ending = held.ending(sent.leased.id)
    if settled.due_at is not None and ending is not None:  # it was closed while this was on its way
        settled = Settled(ending[0], settled.outcome, None, ending[1], settled.is_by_hand)
    kept = record_of(sent.leased.endpoint, sent.answer, settled.due_at)
    return Result(sent.id, sent.leased, settled, sent.started_at, kept)


def _tell(sent: Sent, state: str) -> None:
    leased, answer = sent.leased, sent.answer
    log.info(
        "attempt",
        delivery=leased.public_id,
        message=leased.message,
        number=leased.number,
        outcome=answer.outcome,
        status=answer.status,
        error=answer.error,
        state=state,
    )


def _becomes(parts: Parts, leased: Leased, answer: Answer) -> Settled:
    """What an answer makes of a delivery. An attempt by hand does not move the schedule."""
    is_by_hand = leased.trigger == BY_HAND
    place = max(leased.tries, 1) if is_by_hand else leased.tries + 1
    verdict = retries.next_try(
        answer.status, answer.outcome, place, answer.told, leased.public_id, answer.told_to_stop
    )
    match verdict:
        case retries.Delivered():
            return Settled("delivered", answer.outcome, is_by_hand=is_by_hand)
        case retries.Retry(after=after):
            due_at = leased.planned_at or parts.clock.now() + after
            return Settled("retrying", answer.outcome, due_at, answer.error, is_by_hand)
        case retries.Dead(reason=reason):
            return Settled("dead", answer.outcome, None, reason, is_by_hand)
        case retries.EndpointGone():
            return Settled("dead", answer.outcome, None, "gone", is_by_hand)


def _note(parts: Parts, tx: Writing, held: Held, results: Sequence[Sent]) -> None:
    """Write what the attempts made of their endpoint, one after another, where they made anything of it."""
    found, reason = held.condition, None
    for sent in results:
        leased, answer, now = sent.leased, sent.answer, parts.clock.now()
        effect = retries.effect_on_endpoint(answer.status, answer.outcome, answer.told, answer.told_to_stop)
        if effect.counts == "failure" and leased.trigger == BY_HAND:
            effect = retries.Effect("nothing", disable=effect.disable)
        found = endpoint_health.after(found, effect, leased.public_id, now, held.concurrency, held.public_id)
        is_given_up = endpoint_health.is_hopeless(found, now)
        reason = reason or effect.disable or ("failing" if is_given_up else None)
    if found != held.condition:
        conditions.write(tx, held.id, found)
    if reason is not None and held.status != "disabled":
        disable(parts, tx, held, found, reason)


def disable(parts: Parts, tx: Writing, held: Held, found: Condition, reason: str) -> None:
    """Switch an endpoint off and tell the account's others. `gone` is for good; else what is open waits."""
    waiting = delivery_lists.count_open(tx, held.id)
    conditions.disable(tx, held.id, reason, tx.wall)
    if reason == "gone":
        closing.step(tx, held.id)  # the rest of a long backlog follows in batches
        if held.kind == endpoints.REST_HOOK:  # so tools unsubscribe: the next time they make a new one
            conditions.delete(tx, held.id, tx.wall)
    elif held.kind == endpoints.REST_HOOK:  # their tool pauses what nobody feeds any more
        conditions.owe_unsubscribe(tx, held.id, tx.wall, 0)
    account = accounts.by_id(tx, held.account_id)
    about = {
        "id": held.public_id,
        "host": host_of(held.url),
        "reason": reason,
        "failing_since": None if found.failing_since is None else rfc3339(found.failing_since),
        "open_deliveries": waiting,
    }
    parts.desk(tx, account, BY_ITSELF).tell("endpoint.disabled", None, {"endpoint": about})
    notices.tell_of_end(parts, tx, account, held, host_of(held.url), reason)
    tx.after_commit(partial(log.warning, "endpoint_disabled", endpoint=held.public_id, reason=reason))


def record_of(endpoint: Endpoint, answer: Answer, retry_at: datetime | None) -> dict[str, Any]:
    """What is kept of an attempt."""
    return {
        "url": endpoint.url,
        "address": answer.address,
        "status": answer.status,
        "outcome": answer.outcome,
        "error": answer.error,
        "detail": answer.detail,
        "duration_ms": answer.duration_ms,
        "phases_ms": dict(answer.phases_ms or {}),
        "told_s": None if answer.told is None else int(answer.told.total_seconds()),
        "answer_headers": [list(pair) for pair in answer.headers],
        "answer": answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        "answer_cut": answer.answer_cut,
        "reconnected": answer.reconnected,
        "retry_at": None if retry_at is None else rfc3339(retry_at),
    }
