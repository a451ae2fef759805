"""Notifications to people: leased, written, sent, settled; listed, and sent again by hand.

No transaction is open while a socket is. Sending is at least once: one whose worker died is sent again,
with the same name. The card's message goes out with what became of it: `gift_card.delivered` when the
far server took it, `gift_card.delivery_failed` when it never will.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.cards import require_alive
from ..domain.errors import Conflict, ConnectorError, NotFound
from ..domain.events import rfc3339
from ..domain.notifications import (
    ACCESS_TOKEN,
    SCHEDULE,
    WAYS,
    Later,
    Refused,
    Result,
    Sending,
    Taken,
    Written,
    next_try,
)
from ..domain.spoken import language_of
from ..logs import log
from ..operations.holding import BY_ITSELF
from ..store import accounts, notifications
from ..store.notifications import Notification
from ..store.writer import Writing
from ..templates.shelf import CannotWrite
from . import letter_values
from .dispatch import LOOK_EVERY_S, Looper
from .listing import filters_of, page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once

AT_ONCE: Final = 20
LEASE_FOR: Final = timedelta(minutes=10)
BEGIN_WITHIN_S: Final = 300.0  # a sending takes a minute at most: none begun by then outlasts its lease
FILTERS: Final = ("state", "via", "template", "run", "card_id", "contact_id", "since", "until")
WHICH: Final = "notifications"


@dataclass(frozen=True, slots=True)
class _Stopped:
    """It is not sent any more, since what it would say is no longer so."""

    reason: str


_End = Result | _Stopped


def turn(parts: Parts, way: str, limit: int = AT_ONCE) -> int:
    """Send what is due by one way, one after another; how many. Nothing where nothing sends it."""
    if way not in parts.senders or not _is_due(parts, way):
        return 0
    begin_until = parts.clock.monotonic() + BEGIN_WITHIN_S
    lease = partial(notifications.lease, ring=parts.ring, via=way, lease_for=LEASE_FOR, limit=limit)
    leased = parts.writer.run(lease)
    for place, one in enumerate(leased):
        if parts.clock.monotonic() > begin_until:
            parts.writer.run(partial(notifications.give_back, leased=leased[place:]))
            return place
        end, written = _sent(parts, one)
        parts.writer.run(partial(_record, parts, one, end, written))
    return len(leased)


def _is_due(parts: Parts, way: str) -> bool:
    """A look that writes nothing: an idle gateway makes no commits."""
    with parts.engines.reading() as connection:
        due_at = notifications.next_due(connection, way)
    return due_at is not None and due_at <= parts.clock.now()


def _sent(parts: Parts, one: Notification) -> tuple[_End, Written | None]:
    """Write it and hand it in; total, since whatever happens is a result to record."""
    if one.tries > len(SCHEDULE):
        return Refused("lost", "Its worker ended with it, again and again."), None
    written: Written | None = None
    try:
        stopped, written, sender_name = _written(parts, one)
        if stopped is not None:
            return stopped, None
        assert written is not None
        sending = Sending(one.public_id, one.to, written, sender_name, one.to_name)
        return parts.senders[one.via](sending), written
    except CannotWrite as fault:  # somebody mends the template, and it goes
        return Later("template", str(fault)), None
    except Exception as fault:  # noqa: BLE001 - one that cannot be read or sent must not stop the others
        log.error("notification_failed", notification=one.public_id, error=type(fault).__name__)
        return Later("internal", type(fault).__name__), written


def _written(parts: Parts, one: Notification) -> tuple[_Stopped | None, Written | None, str]:
    """What is to be sent, the same in every try; or why it is not sent any more. And who sends it."""
    with parts.engines.reading() as connection:
        account = accounts.by_id(connection, one.account_id)
        found = letter_values.about(parts, connection, account, one)
        if found.card is not None:
            try:
                require_alive(found.card.life, found.card.public_id, found.now)
            except ConnectorError as ended:
                return _Stopped(ended.code), None, ""
        if one.written is not None:
            return None, one.written, account.name
        if one.template == ACCESS_TOKEN:
            return _Stopped("lost"), None, ""
        locale = letter_values.locale_of(parts, found, one)
        values = letter_values.values_of(parts, connection, found, one, locale)
    return None, parts.shelf.write(one.template, one.via, values, language_of(locale)), account.name


def _record(parts: Parts, one: Notification, end: _End, written: Written | None, tx: Writing) -> None:
    """Write a try and what follows from it, if the lease is still ours."""
    tries = one.tries + 1
    state, after, reason, detail, reference = _becomes(one, end, tries)
    is_ours = notifications.settle(
        tx,
        parts.ring,
        one,
        state=state,
        tries=tries,
        due_at=None if after is None else parts.clock.now() + after,
        reason=reason,
        detail=detail or None,
        reference=reference or None,
        written=written if one.written is None else None,
    )
    if is_ours and state in ("sent", "failed", "cancelled"):
        _tell(parts, tx, one, state, reason)
    told = {"notification": one.public_id, "via": one.via, "tries": tries, "reason": reason}
    tx.after_commit(partial(log.info, "notification", state=state if is_ours else "late", **told))


def _becomes(one: Notification, end: _End, tries: int) -> tuple[str, timedelta | None, str | None, str, str]:
    """State, how long until the next try, reason, detail, their reference."""
    match end:
        case Taken(reference=reference):
            return "sent", None, None, "", reference
        case Refused(reason=reason, detail=detail):
            return "failed", None, reason, detail, ""
        case _Stopped(reason=reason):
            return "cancelled", None, reason, "", ""
        case Later(reason=reason, detail=detail):
            after = next_try(one.public_id, tries, end)
            return "failed" if after is None else "retrying", after, reason, detail, ""


def _tell(parts: Parts, tx: Writing, one: Notification, state: str, reason: str | None) -> None:
    """The card's message and audit row; of a notification without a card, the audit row alone."""
    by = BY_ITSELF if one.run is None else Actor("schedule", {**BY_ITSELF.origin, "run_id": one.run})
    # What recipes begin on this message knows by which of them it came about, so that none goes in a circle.
    desk = replace(parts.desk(tx, accounts.by_id(tx, one.account_id), by), chain=one.chain)
    told = {"via": one.via, "simulated": False, "notification_id": one.public_id}
    if one.card is None:
        desk.note(f"notification_{state}", None, subject=one.public_id, details={"via": one.via})
        return
    card = desk.require_card(one.card)
    if state == "sent":
        values, types = {"delivered_at": desk.now}, ("gift_card.delivered",)
        desk.change("delivered", card, values, types, extra={"delivery": told})
        return
    failed = {**told, "reason": reason}
    desk.change("delivery_failed", card, {}, ("gift_card.delivery_failed",), extra={"delivery": failed})


class Notifications:
    """The verbs on notifications."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.loops: tuple[Looper, ...] = ()

    def start(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Begin sending in the background, each way by itself: mail that hangs holds up no text message."""
        ways = sorted(self._parts.senders)
        self.loops = tuple(Looper(way, partial(turn, self._parts, way), look_every_s) for way in ways)
        for loop in self.loops:
            loop.start()

    def wake(self) -> None:
        """Something is to be sent."""
        for loop in self.loops:
            loop.wake()

    def send(self) -> int:
        """Send all that is due now and wait for it; how many."""
        return sum(turn(self._parts, way) for way in WAYS)

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Notifications, newest first; `asked`: FILTERS, limit, cursor."""
        parts = self._parts

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with parts.engines.reading() as connection:
                filters = filters_of(connection, account, asked, FILTERS)
                if filters is None:
                    return [], []
                found = notifications.page(
                    connection, parts.ring, account.id, filters, before=before, limit=limit
                )
                return [one.id for one in found], [notification_json(one) for one in found]

        return page_of(parts, account, WHICH, asked, read)

    def one(self, account: Account, name: str, *, shows_text: bool = False) -> dict[str, Any]:
        """One notification, or NotFound. `shows_text`: with what it says, which opens the card."""
        parts = self._parts
        with parts.engines.reading() as connection:
            found = notifications.find(connection, parts.ring, account.id, name)
            if found is None:
                raise NotFound("There is no such notification in this account.")
            written = found.written
            if found.template == ACCESS_TOKEN:  # a key is shown to whoever gets the mail
                return {**notification_json(found), "content": None}
            if shows_text and written is None and found.to:
                about = letter_values.about(parts, connection, account, found)
                locale = letter_values.locale_of(parts, about, found)
                values = letter_values.values_of(parts, connection, about, found, locale)
                try:
                    written = parts.shelf.write(found.template, found.via, values, language_of(locale))
                except CannotWrite:
                    written = None
        shown = None
        if shows_text and written is not None:
            shown = {"subject": written.subject or None, "text": written.text, "html": written.html or None}
        return {**notification_json(found), "content": shown}

    def retry(self, account: Account, actor: Actor, name: str, key: Idempotency | None = None) -> Answered:
        """Send a failed one again, by the whole schedule; NotFound, Conflict for any other."""
        parts = self._parts

        def deed(tx: Writing) -> Answered:
            found = notifications.find(tx, parts.ring, account.id, name)
            if found is None:
                raise NotFound("There is no such notification in this account.")
            if found.template == ACCESS_TOKEN:
                raise Conflict("A token is sent once, and kept by nobody: ask for another one.")
            if not notifications.again(tx, found):
                raise Conflict(
                    f"Notification {found.public_id} is {found.state}: only a failed one is retried."
                )
            parts.desk(tx, account, actor).note("retry_notification", None, subject=found.public_id)
            tx.after_commit(parts.wake_notifications)
            again = notifications.find(tx, parts.ring, account.id, name)
            assert again is not None
            return Answered(200, notification_json(again))

        return once(parts, account, deed, key)


def notification_json(one: Notification) -> dict[str, Any]:
    """A notification as REST and people see it."""
    return {
        "id": one.public_id,
        "state": one.state,
        "via": one.via,
        "template": one.template,
        "to": one.to or None,
        "card_id": one.card,
        "contact_id": one.contact,
        "run_id": one.run,
        "tries": one.tries,
        "next_try_at": rfc3339(one.due_at) if one.state in ("pending", "retrying") else None,
        "reason": one.reason,
        "detail": one.detail,
        "reference": one.reference,
        "created_at": rfc3339(one.created_at),
        "ended_at": None if one.ended_at is None else rfc3339(one.ended_at),
    }
