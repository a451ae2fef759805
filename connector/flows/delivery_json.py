"""Messages, deliveries and attempts as REST and people see them."""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.events import rfc3339
from ..domain.jsontext import read_own
from ..domain.retries import hint
from ..store.delivery_lists import Listed, Message
from ..store.settling import ENDED

STATES: Final = ("pending", "sending", "retrying", "delivered", "dead", "cancelled")
_OF_RECORD: Final = (
    *("url", "address", "status", "outcome", "error", "detail", "duration_ms", "phases_ms", "told_s"),
    *("answer_headers", "answer", "answer_cut", "reconnected", "retry_at"),
)


def delivery(one: Listed) -> dict[str, Any]:
    """A delivery; one that waits for an earlier one of its card is pending, and says so."""
    waiting_for = None
    if one.state == "blocked":
        waiting_for = "order"
    elif one.state not in ENDED and one.endpoint_status != "enabled":
        waiting_for = "endpoint"
    is_due = one.state in ("pending", "retrying")
    return {
        "id": one.public_id,
        "message_id": one.message,
        "type": one.type,
        "endpoint_id": one.endpoint,
        "gift_card_id": one.card,
        "state": "pending" if one.state == "blocked" else one.state,
        "waiting_for": waiting_for,
        "reason": one.reason,
        "outcome": one.outcome,
        "attempts": one.tries + one.by_hand,
        "due_at": rfc3339(one.due_at) if is_due else None,
        "created_at": rfc3339(one.created_at),
        "ended_at": None if one.ended_at is None else rfc3339(one.ended_at),
    }


def message(one: Message) -> dict[str, Any]:
    """A message in a list: without its body."""
    return {
        "id": one.public_id,
        "type": one.type,
        "gift_card_id": one.card,
        "sequence": one.sequence,
        "created_at": rfc3339(one.created_at),
    }


def whole_message(one: Message, deliveries: list[Listed]) -> dict[str, Any]:
    """A message with its body as it was sent, null once that is not kept any more."""
    body = read_own(one.body.decode("ascii")) if one.body else None
    return {**message(one), "body": body, "deliveries": [delivery(each) for each in deliveries]}


def attempt(row: Mapping[str, Any]) -> dict[str, Any]:
    """One attempt; `hint`: what a person should look at."""
    record = row["record"]
    return {
        "id": row["public_id"],
        "number": row["number"],
        "trigger": row["trigger"],
        "started_at": rfc3339(row["started_at"]),
        **{name: record.get(name) for name in _OF_RECORD},
        "hint": hint(record.get("status")),
    }
