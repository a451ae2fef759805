"""One inbound delivery: one transaction, one answer.

The signature is checked and the body read before any transaction is open. Then
the delivery, its events, contacts, facts, runs, transfers and messages are stored
together: all or none. What is answered 2xx is on disk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Final

from ..adapters.kit import (
    NO_SUCH_SOURCE,
    Adapter,
    Key,
    Verified,
    body_key,
    open_delivery,
    stored_delivery,
    trust_in,
)
from ..domain import ids
from ..domain.accounts import InboundSource
from ..domain.contacts import Person, Trust
from ..domain.errors import (
    AddressNotAllowed,
    CannotOpen,
    ConnectorError,
    NotFound,
    NotUnderstood,
    OutcomeUnknown,
    Unavailable,
)
from ..domain.events import Event, envelope, rfc3339
from ..domain.inbound import Request
from ..domain.jsontext import dumps, read_own
from ..domain.networks import is_in
from ..logs import log
from ..store import contacts, deliveries
from ..store.contacts import Contact
from ..store.writer import Writing
from . import asking, awaiting, differences, enriching, moments, orders, payloads, retold
from .guesses import Guesser, Lookups
from .news import claim, passed_over, read_events
from .parts import Parts
from .payloads import as_kept, kept_text
from .performing import Happening, without_codes
from .run import TooSlow, run_event

TRIES: Final = 3
PATIENCE_S: Final = 4.0  # a database that was waited for so long is waited for once: senders hang up after 10
REJECTED_FOR: Final = timedelta(days=3)  # longer than any platform goes on sending what we did not understand
_NOTHING: Final[dict[str, Any]] = {"delivery_id": None, "status": "ignored", "events": [], "runs": []}


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a delivery: HTTP status, the contract's JSON, and whether the platform wants it bare.

    `is_proved`: whether its sender proved itself; only a ping is answered without.
    """

    status: int
    body: Mapping[str, Any]
    is_bare: bool = False
    is_proved: bool = True


_PONG: Final = Received(200, _NOTHING, is_proved=False)


def receive(parts: Parts, found: InboundSource | None, request: Request) -> Received:
    """Take in one request. Raises the refusals of the contract; none of them leaves a row."""
    if found is None or not found.is_enabled:
        raise NotFound(NO_SUCH_SOURCE)
    try:
        return _received(parts, found, request)
    except ConnectorError as refusal:
        name = f"{found.account.slug}/{found.source.slug}"
        refusal.about = {"source": name, "adapter": found.source.adapter}
        raise


def _received(parts: Parts, found: InboundSource, request: Request) -> Received:
    _require_address(found, request)
    adapter = parts.adapters[found.source.adapter]
    if adapter.is_ping is not None and adapter.is_ping(request):
        return _PONG
    verified = open_delivery(adapter, request, found.source)
    keys = adapter.delivery_ids(verified)
    try:
        events = read_events(found, adapter, verified)
        is_asked_for = enriching.is_wanted(found, adapter, events)
    except NotUnderstood as refusal:
        return _reject(parts, found, adapter, request, refusal)
    if is_asked_for:  # a platform's API is not asked while the platform waits
        return parts.writer.run(lambda tx: _accept(parts, tx, found, adapter, request, keys, events))
    return _take(parts, found, adapter, verified, keys, events)


def _take(
    parts: Parts,
    found: InboundSource,
    adapter: Adapter,
    verified: Verified,
    keys: tuple[Key, ...],
    events: list[Event],
) -> Received:
    started = parts.clock.monotonic()
    deadline = started + parts.inline_limit.total_seconds()

    def run() -> Received:
        with parts.guesses.lookups() as lookups:
            return parts.writer.run(
                lambda tx: _store(
                    parts, tx, found, adapter, verified.request, keys, events, deadline, lookups
                )
            )

    if not found.respond_async:
        for _ in range(TRIES):
            try:
                return run()
            except TooSlow:
                break
            except OutcomeUnknown:
                raise
            except Unavailable:
                now = parts.clock.monotonic()
                if now - started > PATIENCE_S:
                    raise
                if now > deadline:
                    break
    return parts.writer.run(lambda tx: _accept(parts, tx, found, adapter, verified.request, keys, events))


def _store(
    parts: Parts,
    tx: Writing,
    found: InboundSource,
    adapter: Adapter,
    request: Request,
    keys: tuple[Key, ...],
    events: list[Event],
    deadline: float,
    lookups: Lookups,
) -> Received:
    found = moments.by_its_clock(tx, found)
    delivery = ids.new_id(ids.INBOUND, tx.wall)
    earlier = claim(tx, found, delivery, keys)
    if earlier is not None:
        return _duplicate(parts, tx, found, adapter, earlier)
    fresh, known = retold.sift(tx, found, adapter, delivery, events)
    if not fresh and known is not None:
        deliveries.give_keys(tx, found.id, [key.text for key in keys], known)
        return _duplicate(parts, tx, found, adapter, known)
    request = as_kept(adapter, request)
    row = deliveries.add(
        tx,
        parts.ring,
        public_id=delivery,
        account_id=found.account.id,
        source_id=found.id,
        request=request,
        status="processed",
    )
    return run_delivery(parts, tx, found, adapter, delivery, row, fresh, deadline, lookups, request)


def run_delivery(
    parts: Parts,
    tx: Writing,
    found: InboundSource,
    adapter: Adapter,
    delivery: str,
    row: int,
    events: list[Event],
    deadline: float | None,
    lookups: Lookups,
    request: Request,
) -> Received:
    """Everything that a stored delivery sets off, in this transaction; also what a worker does later.

    TooSlow past the `deadline`, in monotonic seconds; None: there is no hurry.
    """
    told, all_runs = [], []
    used: set[str] = set()
    lookups.start(guesser_of(found))
    if len(events) > 1 and not tx.is_alone:
        tx.at_account(found.account.clock_offset)
        _lock_people(tx, found, adapter, events)
    timed = [moments.told_at(event, found, request) for event in events]
    came_at = rfc3339(request.received_at + found.account.clock_offset)
    for one in _happenings(tx, found, adapter, delivery, row, timed, lookups):
        happening = replace(one, is_timed=one.envelope["occurred_at"] != came_at)
        if deadline is not None and parts.clock.monotonic() > deadline:
            raise TooSlow
        told.append({"id": happening.public_id, "type": happening.type})
        all_runs.extend(run_event(parts, tx, found.account, happening, deadline))
        if happening.codes:
            used |= happening.codes
            shown = without_codes(happening.envelope, happening.codes)
            deliveries.replace_envelope(tx, happening.row_id, kept_text(shown))
    if used:
        kind = request.headers.get("content-type", "")
        deliveries.replace_body(tx, parts.ring, row, payloads.without(request.body, kind, used))
    status = "processed" if all_runs else "ignored"
    shown = all_runs if found.return_codes else [_without_code(run) for run in all_runs]
    body = {"delivery_id": delivery, "status": status, "events": told, "runs": shown}
    why = None if told else _why_nothing(found, adapter, request, events)
    deliveries.settle(tx, parts.ring, row, status=status, answer=dumps(body).encode(), reason=why)
    told_of = {"delivery": delivery, "source": found.source.slug, "status": status, "runs": len(all_runs)}
    tx.after_commit(partial(log.info, "delivery", **told_of))
    return Received(200, body, adapter.answers.bare)


def _why_nothing(found: InboundSource, adapter: Adapter, request: Request, events: list[Event]) -> str | None:
    if any(event.is_request for event in events):
        return asking.NOT_AGREED
    return passed_over(found, adapter, stored_delivery(request, found.source))


def guesser_of(found: InboundSource) -> Guesser:
    """The source, as wrong codes are counted: whoever types them in, they come through it."""
    account = found.account.slug
    return Guesser("", f"source {account}/{found.source.slug}", account)


def _happenings(
    tx: Writing,
    found: InboundSource,
    adapter: Adapter,
    delivery: str,
    row: int,
    events: list[Event],
    lookups: Lookups,
) -> Iterator[Happening]:
    """What the events amount to, each kept only once those before it have been run."""
    for event in events:
        tx.at_account(found.account.clock_offset)
        trust = trust_in(adapter, found.source, event.type)
        contact, amounting = differences.settle(tx, found, delivery, event, trust)
        for one in amounting:
            tx.at_account(found.account.clock_offset)
            happening = _keep_event(tx, found, row, one, contact, lookups)
            awaiting.note(tx, found, adapter, one, happening)
            orders.note(tx, found, one, happening)
            yield happening


def _keep_event(
    tx: Writing, found: InboundSource, row: int, event: Event, contact: Contact | None, lookups: Lookups
) -> Happening:
    account = found.account
    public_id = ids.new_id(ids.EVENT, tx.wall)
    shown = envelope(
        event,
        event_id=public_id,
        source=found.source.slug,
        adapter=found.source.adapter,
        account=account.slug,
    )
    kept = deliveries.add_event(
        tx,
        public_id=public_id,
        account_id=account.id,
        source_id=found.id,
        delivery_id=row,
        contact_id=None if contact is None else contact.id,
        event_type=event.type,
        occurred_at=event.occurred_at,
        envelope=kept_text(shown),
    )
    source = found.source
    return Happening(kept, public_id, event.type, shown, contact, source.slug, source.adapter, lookups)


def _lock_people(tx: Writing, found: InboundSource, adapter: Adapter, events: list[Event]) -> None:
    """Everybody whom a batch is about, found or made in one order, so that two batches never deadlock."""
    first_told: dict[tuple[str, ...], tuple[Person, datetime, Trust]] = {}
    for event in events:
        if event.contact is not None:
            one = event.contact
            person = Person(external_id=one.external_id, email=one.email, phone=one.phone)
            trust = trust_in(adapter, found.source, event.type)
            order = (one.external_id or "", one.email or "", one.phone or "", trust.value)
            first_told.setdefault(order, (person, min(event.occurred_at, tx.now), trust))
    for _, (person, at, trust) in sorted(first_told.items(), key=itemgetter(0)):
        contacts.resolve(tx, found.account.id, person, found.namespace, at, trust=trust)


def _accept(
    parts: Parts,
    tx: Writing,
    found: InboundSource,
    adapter: Adapter,
    request: Request,
    keys: tuple[Key, ...],
    events: list[Event],
) -> Received:
    """Store the delivery alone; a worker runs it. What it takes back counts as taken back at once."""
    delivery = ids.new_id(ids.INBOUND, tx.wall)
    earlier = claim(tx, found, delivery, keys)
    if earlier is not None:
        return _duplicate(parts, tx, found, adapter, earlier)
    deliveries.add(
        tx,
        parts.ring,
        public_id=delivery,
        account_id=found.account.id,
        source_id=found.id,
        request=as_kept(adapter, request),
        status="accepted",
        due_at=tx.wall,
    )
    awaiting.foresee(tx, found, adapter, delivery, events)
    tx.after_commit(parts.wake_backlog)
    tx.after_commit(partial(log.info, "delivery", delivery=delivery, status="accepted"))
    body = {"delivery_id": delivery, "status": "accepted", "events": [], "runs": []}
    return Received(adapter.answers.accepted, body, adapter.answers.bare)


def _reject(
    parts: Parts, found: InboundSource, adapter: Adapter, request: Request, refusal: NotUnderstood
) -> Received:
    """Valid, but not understood: kept, so that it can be replayed after a mend.

    It takes none of the delivery's keys, so that a copy sent after the mend is
    processed. Until then a platform sends it again and again: the same body is kept once.
    """
    body = ("rejected:" + body_key(request, request.query), True)

    def work(tx: Writing) -> str:
        delivery = ids.new_id(ids.INBOUND, tx.wall)
        earlier = deliveries.take_keys(tx, found.id, delivery, [body], REJECTED_FOR)
        if earlier is not None:
            return earlier
        deliveries.add(
            tx,
            parts.ring,
            public_id=delivery,
            account_id=found.account.id,
            source_id=found.id,
            request=as_kept(adapter, request),
            status="rejected",
            reason=refusal.detail,
        )
        return delivery

    delivery = parts.writer.run(work)
    log.info("delivery", delivery=delivery, source=found.source.slug, status="rejected")
    if adapter.answers.rejected >= 400:
        raise refusal
    told = {"delivery_id": delivery, "status": "rejected", "events": [], "runs": [], "detail": refusal.detail}
    return Received(adapter.answers.rejected, told, adapter.answers.bare)


def _duplicate(parts: Parts, tx: Writing, found: InboundSource, adapter: Adapter, earlier: str) -> Received:
    """The first answer again, and nothing done twice; it may be gone, or sealed with a key that is."""
    kept: dict[str, Any] = {"delivery_id": earlier, "events": [], "runs": []}
    try:
        first = deliveries.find(tx, parts.ring, earlier)
        if first is not None and first.answer is not None:
            kept = read_own(first.answer.decode())
    except CannotOpen as error:
        log.error("first_answer_lost", delivery=earlier, error=error.code)
    if not found.return_codes:
        kept["runs"] = [_without_code(run) for run in kept["runs"]]
    tx.after_commit(partial(log.info, "delivery", delivery=earlier, status="duplicate"))
    return Received(200, {**kept, "status": "duplicate"}, adapter.answers.bare)


def _without_code(run: dict[str, Any]) -> dict[str, Any]:
    outputs = run["outputs"]
    steps = {name: _codeless(result) for name, result in outputs["steps"].items()}
    card = outputs["card"]
    bare = None if card is None else {key: value for key, value in card.items() if key != "code"}
    return {**run, "outputs": {"card": bare, "steps": steps}}


def _codeless(result: Any) -> Any:
    if isinstance(result, dict) and isinstance(result.get("card"), dict):
        return {**result, "card": {key: value for key, value in result["card"].items() if key != "code"}}
    return result


def _require_address(found: InboundSource, request: Request) -> None:
    if found.allow_ips and not is_in(request.address, found.allow_ips):
        raise AddressNotAllowed("This address may not post to this source.")
