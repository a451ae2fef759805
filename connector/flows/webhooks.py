"""The gateway's verbs for messages and their deliveries: lists, one, and again by hand.

The one rule: what is sent again has the same id and the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import DeliveryState, MessageGone, NotFound
from ..domain.jsontext import read_own
from ..store import delivery_lists, endpoints, resending
from ..store.delivery_lists import Listed, Message
from ..store.endpoints import Endpoint
from ..store.resending import HAND
from ..store.settling import ENDED
from ..store.writer import Writing
from . import delivery_json, ping, recovery, subscribe
from .listing import page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once

DELIVERY_FILTERS: Final = (
    *("endpoint_id", "state", "outcome", "type", "message_id", "gift_card_id", "since", "until"),
)
MESSAGE_FILTERS: Final = ("type", "gift_card_id", "since", "until")
DELIVERIES_SHOWN: Final = 250  # of one message
_BEING_SENT: Final = "is being sent at the moment: its answer decides, within 15 seconds"
_NOT_AGAIN: Final = {
    "sending": _BEING_SENT,
    "blocked": "waits for an earlier one of its card, as the endpoint asked: send or cancel that one",
    "cancelled": "was cancelled: replay its message instead",
}
_NAMED: Final = {"endpoint_id": "endpoint", "message_id": "message", "gift_card_id": "card"}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The verbs on endpoints beyond the first four, on messages, deliveries and attempts."""

    parts: Parts

    # Endpoints

    def endpoints(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """A page of them, newest first; `asked`: limit, cursor."""
        return subscribe.page(self.parts, account, asked)

    def change(self, account: Account, endpoint: str, given: Mapping[str, Any], **how: Any) -> Answered:
        """`how` as `subscribe.change`; so below."""
        return subscribe.change(self.parts, account, endpoint, given, **how)

    def rotate(self, account: Account, endpoint: str, **how: Any) -> Answered:
        return subscribe.rotate(self.parts, account, endpoint, **how)

    def pause(self, account: Account, endpoint: str, **how: Any) -> Answered:
        return subscribe.pause(self.parts, account, endpoint, **how)

    def enable(self, account: Account, endpoint: str, backlog: str = "resume", **how: Any) -> Answered:
        return subscribe.enable(self.parts, account, endpoint, backlog, **how)

    def ping(self, account: Account, endpoint: str) -> dict[str, Any]:
        """Send a `ping` now and wait; the attempt, with a hint. RateLimited while others are waited for."""
        with self.parts.long_calls.one(account):
            return ping.ping(self.parts, account, endpoint)

    def recover(
        self, account: Account, actor: Actor, endpoint: str, key: Idempotency | None = None, **span: Any
    ) -> Answered:
        """Send again what is dead, and what was never made; a job. `span` as `recovery.recover`."""
        return recovery.recover(self.parts, account, actor, endpoint, key=key, **span)

    # Messages

    def messages(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Messages, newest first, without bodies; `asked`: MESSAGE_FILTERS, limit, cursor."""

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with self.parts.engines.reading() as connection:
                filters = _filters(connection, account, asked, MESSAGE_FILTERS)
                if filters is None:
                    return [], []
                found = delivery_lists.messages_page(
                    connection, account.id, filters, before=before, limit=limit
                )
            return [one.id for one in found], [delivery_json.message(one) for one in found]

        return page_of(self.parts, account, "messages", asked, read)

    def message(self, account: Account, message: str) -> dict[str, Any]:
        """One with its body as it was sent, and its deliveries; NotFound."""
        with self.parts.engines.reading() as connection:
            return _whole(connection, account, message)

    def replay(
        self,
        account: Account,
        actor: Actor,
        message: str,
        to: Sequence[str] | None = None,
        key: Idempotency | None = None,
    ) -> Answered:
        """Send a message again: to the endpoints named, or to all that want it now. MessageGone, NotFound."""

        def deed(tx: Writing) -> Answered:
            found = _require_message(tx, account, message)
            if not resending.hold_message(tx, found.id):
                raise _gone(found.public_id)
            for endpoint in self._to(tx, account, found, to):
                number, _ = resending.replay(tx, endpoint, found.id, found.card_id)
                state = None if number is None else resending.lock(tx, number)
                if state is not None and state.state not in ("sending", "blocked"):
                    resending.again(tx, state, HAND)
            self._noted(tx, account, actor, "replay_message", found.public_id)
            return Answered(200, _whole(tx, account, message))

        return once(self.parts, account, deed, key)

    # Deliveries

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Deliveries, newest first; `asked`: DELIVERY_FILTERS, limit, cursor."""

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with self.parts.engines.reading() as connection:
                filters = _filters(connection, account, asked, DELIVERY_FILTERS)
                if filters is None:
                    return [], []
                found = delivery_lists.page(connection, account.id, filters, before=before, limit=limit)
            return [one.id for one in found], [delivery_json.delivery(one) for one in found]

        return page_of(self.parts, account, "deliveries", asked, read)

    def one(self, account: Account, delivery: str) -> dict[str, Any]:
        with self.parts.engines.reading() as connection:
            return delivery_json.delivery(_require(connection, account, delivery))

    def attempts(self, account: Account, delivery: str) -> dict[str, Any]:
        """Every attempt of a delivery that is still kept, oldest first."""
        with self.parts.engines.reading() as connection:
            found = _require(connection, account, delivery)
            rows = delivery_lists.attempts_of(connection, found.id)
        return Page([delivery_json.attempt(row) for row in rows], None).as_json()

    def retry(
        self, account: Account, actor: Actor, delivery: str, key: Idempotency | None = None
    ) -> Answered:
        """Send it now, beside the schedule. DeliveryState (docs/webhooks.md), MessageGone, NotFound."""

        def deed(tx: Writing) -> Answered:
            found = _require(tx, account, delivery)
            endpoints.hold(tx, found.endpoint_row)
            state = resending.lock(tx, found.id)
            if state.state in _NOT_AGAIN:
                raise DeliveryState(f"Delivery {delivery} {_NOT_AGAIN[state.state]}.")
            if not state.has_body:
                raise _gone(found.message)
            resending.again(tx, state, HAND)
            self._noted(tx, account, actor, "retry_webhook", delivery)
            return Answered(200, delivery_json.delivery(_require(tx, account, delivery)))

        return once(self.parts, account, deed, key)

    def cancel(
        self, account: Account, actor: Actor, delivery: str, key: Idempotency | None = None
    ) -> Answered:
        """End one that is open; the next of its card goes. DeliveryState where it has ended, NotFound."""

        def deed(tx: Writing) -> Answered:
            found = _require(tx, account, delivery)
            endpoints.hold(tx, found.endpoint_row)
            state = resending.lock(tx, found.id)
            if state.state == "sending":
                raise DeliveryState(f"Delivery {delivery} {_BEING_SENT}.")
            if state.state in ENDED:
                raise DeliveryState(f"Delivery {delivery} is {state.state}.")
            resending.cancel(tx, state, "by_hand")
            self._noted(tx, account, actor, "cancel_webhook", delivery)
            return Answered(200, delivery_json.delivery(_require(tx, account, delivery)))

        return once(self.parts, account, deed, key)

    # Inside

    def _to(
        self, tx: Writing, account: Account, found: Message, named: Sequence[str] | None
    ) -> list[Endpoint]:
        """Whom a message goes to again, each one's row held, in one order."""
        if named is None:
            data = read_own(found.body.decode("ascii"))["data"]
            every = endpoints.of_account(tx, account.id)
            chosen = [one for one in every if resending.is_wanted(one, found.type, data, found.sent_by)]
        else:
            chosen = [subscribe.require(endpoints.find(tx, account.id, one)) for one in dict.fromkeys(named)]
        chosen.sort(key=lambda one: one.id)
        for one in chosen:
            endpoints.hold(tx, one.id)
        return chosen

    def _noted(self, tx: Writing, account: Account, actor: Actor, act: str, subject: str) -> None:
        self.parts.desk(tx, account, actor).note(act, None, subject=subject)
        tx.after_commit(partial(self.parts.wake_outbox))


def _gone(message: str) -> MessageGone:
    return MessageGone(f"The body of {message} was pruned, or somebody was erased from it.")


def _filters(
    connection: Any, account: Account, asked: Mapping[str, Any], known: Sequence[str]
) -> dict[str, Any] | None:
    """What the store is asked; None where something unknown is named."""
    found = {name: asked[name] for name in known if asked.get(name) is not None}
    names = {_NAMED[name]: found.pop(name) for name in _NAMED if name in found}
    numbers = delivery_lists.numbers(connection, account.id, names)
    return None if numbers is None else {**found, **numbers}


def _require(connection: Any, account: Account, delivery: str) -> Listed:
    found = delivery_lists.find(connection, account.id, delivery)
    if found is None:
        raise NotFound("There is no such delivery in this account.")
    return found


def _require_message(connection: Any, account: Account, message: str) -> Message:
    found = delivery_lists.find_message(connection, account.id, message)
    if found is None:
        raise NotFound("There is no such message in this account.")
    return found


def _whole(connection: Any, account: Account, message: str) -> dict[str, Any]:
    found = _require_message(connection, account, message)
    its = delivery_lists.page(connection, account.id, {"message": found.id}, limit=DELIVERIES_SHOWN)
    return delivery_json.whole_message(found, its)
