"""What time does: expiry and its notice, holds, deliveries, bookings that are over, runs, the seal.

Looked for without writing, done in small batches, each in a transaction of its own
and each card under its lock: any number of nodes may do it, and everything happens
once. One card that fails is left for the next time and stops no other.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ..domain.accounts import Account
from ..domain.cards import Card
from ..domain.errors import ConnectorError, Unavailable
from ..logs import log
from ..operations import delivering, expire
from ..operations.holding import BY_ITSELF
from ..operations.kit import Desk
from ..store import accounts, cards, due, events, health, idempotency, seals
from ..store.due import Due
from ..store.engine import Reading
from ..store.writer import Writing
from . import (
    closing,
    completing,
    notices,
    own_messages,
    pruning,
    resuming,
    scheduled,
    sealing,
    silence,
    unsubscribing,
)
from .parts import Parts

LOOK_EVERY_S: Final = 30.0
AT_ONCE: Final = 1_000  # of each kind in one turn; there is another one right after
IN_ONE_COMMIT: Final = 50  # some 20 ms of the one writer on SQLite: who waits behind it hardly notices
TELL_AHEAD: Final = timedelta(days=30)
KEYS_KEPT: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Chore:
    """One kind of work: `look` finds cards, `do` does it to one that is locked; False: there was nothing."""

    name: str
    look: Callable[[Reading, datetime, int | None], list[Due]]
    do: Callable[[Desk, Card], bool]


def tick(parts: Parts) -> int:
    """Do all that is due now; how many things were done. One kind that fails holds up no other."""
    done = sum(turn(parts).values())
    _guarded("silence", partial(silence.look, parts))
    _guarded("seal", partial(_seal, parts))
    done += _guarded("gone", partial(closing.close_due, parts))
    done += _guarded("warnings", partial(notices.warn_due, parts))
    done += _guarded("unsubscribes", partial(unsubscribing.run_due, parts))
    done += _guarded("retention", partial(pruning.prune, parts))
    return done + _guarded("keys", partial(_forget_keys, parts))


def turn(parts: Parts, only: Account | None = None) -> Counter[str]:
    """Do what is due by the accounts' own clocks, in all of them or in one; how much of each kind."""
    done: Counter[str] = Counter()
    for chore in CHORES:
        done[chore.name] += _guarded(chore.name, partial(_work, parts, chore, only))
    for name, run_due in RUNNING:
        done[name] += _guarded(name, partial(run_due, parts, only))
    return +done


def _guarded(name: str, work: Callable[[], int]) -> int:
    try:
        return work()
    except ConnectorError as error:
        log.error("timetable_failed", chore=name, error=error.code)
    except Exception as fault:  # noqa: BLE001 - a bug in one kind of work must not stop the others
        log.error("timetable_failed", chore=name, error=type(fault).__name__)
    return 0


def _work(parts: Parts, chore: Chore, only: Account | None) -> int:
    with parts.engines.reading() as connection:
        found = chore.look(connection, parts.clock.now(), None if only is None else only.id)
    return sum(_batch(parts, chore, batch) for batch in _batches(found))


def _batches(found: Sequence[Due]) -> Iterator[Sequence[Due]]:
    return (found[start : start + IN_ONE_COMMIT] for start in range(0, len(found), IN_ONE_COMMIT))


def _batch(parts: Parts, chore: Chore, batch: Sequence[Due]) -> int:
    """All of a batch in one transaction; each alone where the database failed one of them."""
    try:
        return parts.writer.run(lambda tx: _do_all(parts, tx, chore, batch))
    except Unavailable:
        if len(batch) == 1:
            log.error("timetable_left", chore=chore.name, card=batch[0].card, error=Unavailable.code)
            return 0
        if not health.is_writable(parts.writer):
            raise
        return sum(_batch(parts, chore, [one]) for one in batch)


def _do_all(parts: Parts, tx: Writing, chore: Chore, batch: Sequence[Due]) -> int:
    return sum(_do_one(parts, tx, chore, one) for one in due.claim(tx, batch))


def _do_one(parts: Parts, tx: Writing, chore: Chore, one: Due) -> bool:
    desk = parts.desk(tx, accounts.by_id(tx, one.account_id), BY_ITSELF)
    try:
        with tx.savepoint():
            card = cards.find(tx, one.account_id, one.card)
            return card is not None and chore.do(replace(desk, chain=_chain(desk, card)), card)
    except ConnectorError as error:
        log.error("timetable_left", chore=chore.name, card=one.card, error=error.code)
    return False


def _chain(desk: Desk, card: Card) -> tuple[str, ...]:
    """By which recipes the card came about: what time does to it, they have brought about.

    Else a recipe that gives a card for each one that expires would go in a circle, only slowly.
    """
    recipe, event_id = card.origin.get("recipe"), card.origin.get("event_id")
    if recipe is None:
        return ()
    event = None if event_id is None else events.find(desk.tx, desk.account.id, event_id)
    before = {} if event is None else event.envelope.get("caused_by", {})
    return (*before.get("recipes", ()), recipe)


def _lapse(desk: Desk, card: Card) -> bool:
    desk = replace(desk, chain=())  # whoever reserved it has, which no recipe does
    return desk.require_card(card.public_id).held < card.held


def _expire(desk: Desk, card: Card) -> bool:
    if not _is_there(card) or not _is_over(desk, card):
        return False
    expire.end_life(desk, card)
    return True


def _tell_expiry(desk: Desk, card: Card) -> bool:
    """Once for each end: people are told only of a card with a balance and a life of more than the notice."""
    if not _goes_on(desk, card) or card.expiry_told_at is not None or card.expires_at is None:
        return False
    if card.expires_at > desk.now + TELL_AHEAD:
        return False
    is_told = card.balance > 0 and card.expires_at - card.created_at > TELL_AHEAD
    if is_told:
        desk.change("tell_expiry", card, {"expiry_told_at": desk.now}, ("gift_card.expiring",))
    else:
        cards.pass_over(desk.tx, card)
    return True


def _deliver(desk: Desk, card: Card) -> bool:
    if not _goes_on(desk, card) or card.delivered_at is not None or card.deliver_at is None:
        return False
    return delivering.settle(desk, card) is not card


# What due.py asks of a card is asked again of the locked one: it may be another by then.


def _is_there(card: Card) -> bool:
    return card.removed_at is None and card.expired_at is None


def _goes_on(desk: Desk, card: Card) -> bool:
    return _is_there(card) and card.disabled_at is None and not _is_over(desk, card)


def _is_over(desk: Desk, card: Card) -> bool:
    return card.expires_at is not None and card.expires_at <= desk.now


def _forget_keys(parts: Parts) -> int:
    """Idempotency keys are kept by the wall's clock, whatever a sandbox makes of its own."""
    before = parts.clock.now() - KEYS_KEPT
    with parts.engines.reading() as connection:
        if not idempotency.has_older(connection, before):
            return 0
    return parts.writer.run(lambda tx: idempotency.forget(tx, before, AT_ONCE))


def _seal(parts: Parts) -> int:
    """Once a day (UTC), by whichever node comes first."""
    today = parts.clock.now().date().isoformat()
    with parts.engines.reading() as connection:
        last = seals.last(connection)
    if last is not None and last.day >= today:
        return 0
    return int(sealing.seal(parts) is not None)


CHORES: Final = (
    Chore("holds", lambda connection, now, only: due.lapsed(connection, now, AT_ONCE, only), _lapse),
    Chore(
        "deliveries", lambda connection, now, only: due.deliverable(connection, now, AT_ONCE, only), _deliver
    ),
    Chore("expiry", lambda connection, now, only: due.expired(connection, now, AT_ONCE, only), _expire),
    Chore(
        "notices",
        lambda connection, now, only: due.expiring(connection, now, TELL_AHEAD, AT_ONCE, only),
        _tell_expiry,
    ),
)
RUNNING: Final = (
    ("completions", completing.run_due),
    ("runs", resuming.run_due),
    ("schedules", scheduled.run_due),
    ("messages", own_messages.run_due),
)
