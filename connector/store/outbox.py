"""Messages and their deliveries: written with what they tell of, in its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert

from ..domain import ids
from ..domain.messages import body_of, passes, wants
from . import card_order
from . import endpoints as endpoint_rows
from .endpoints import Listening
from .prepared import Prepared
from .tables import messages, webhook_deliveries
from .turns import FIRST
from .writer import Writing

_ADD: Final = Prepared(insert(messages), returns_id=True)
_ADD_DELIVERY: Final = Prepared(insert(webhook_deliveries))


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was stored: its id, and whether an endpoint wants it."""

    id: str
    has_listeners: bool


def add(
    tx: Writing,
    *,
    account_id: int,
    account: str,
    sandbox: bool,
    message_type: str,
    data: Mapping[str, Any],
    card_id: int | None = None,
    sequence: int | None = None,
    sent_by: str | None = None,
) -> Told:
    """Store a message and a delivery for each endpoint that wants it; `sent_by`: the recipe that tells it."""
    public_id = ids.new_id(ids.MESSAGE, tx.wall)
    body = body_of(
        message_id=public_id,
        message_type=message_type,
        at=tx.now,
        account=account,
        sandbox=sandbox,
        sequence=sequence,
        data=data,
    )
    message_id = tx.insert(
        _ADD,
        {
            "public_id": public_id,
            "account_id": account_id,
            "card_id": card_id,
            "type": message_type,
            "sequence": sequence,
            "body": body,
            "created_at": tx.now,
            "sent_by": sent_by,
        },
    )
    wanting = [
        one
        for one in endpoint_rows.listening(tx, account_id, message_type)
        if wants(one.event_types, message_type) and passes(one.filter, data, sent_by)
    ]
    is_first = sequence == 1  # as when a card is issued: nothing can be open before it, so nobody looks
    rows = [_row(tx, one, account_id, message_id, card_id, is_first=is_first) for one in wanting]
    tx.do_all(_ADD_DELIVERY, rows)
    return Told(public_id, bool(wanting))


def add_delivery(
    tx: Writing, endpoint: Listening, *, account_id: int, message_id: int, card_id: int | None, trigger: str
) -> str | None:
    """A delivery of an older message; its id, None where the endpoint has one already."""
    row = {**_row(tx, endpoint, account_id, message_id, card_id), "lane": 1, "trigger": trigger}
    made = tx.insert_new(webhook_deliveries, row, ("message_id", "endpoint_id"))
    return None if made is None else str(row["public_id"])


def _row(
    tx: Writing,
    endpoint: Listening,
    account_id: int,
    message_id: int,
    card_id: int | None,
    *,
    is_first: bool = False,
) -> dict[str, Any]:
    has_to_wait = not is_first and _has_to_wait(tx, endpoint, card_id)
    return {
        "public_id": ids.new_id(ids.DELIVERY, tx.wall),
        "account_id": account_id,
        "message_id": message_id,
        "endpoint_id": endpoint.id,
        "card_id": card_id,
        "state": "blocked" if has_to_wait else "pending",
        "tries": 0,
        "by_hand": 0,
        "lane": FIRST,
        "trigger": "schedule",
        "due_at": tx.wall,
        "fence": 0,
        "created_at": tx.wall,
    }


def _has_to_wait(tx: Writing, endpoint: Listening, card_id: int | None) -> bool:
    """Whether an earlier delivery of the card is open at an endpoint that wants them in order."""
    if not endpoint.is_ordered or card_id is None:
        return False
    return card_order.has_to_wait(tx, endpoint.id, card_id)
