"""Outgoing messages: their types, and the one form of their body (docs/webhooks.md).

A body is made once, as bytes, in ASCII only, and never rendered anew: a receiver's
charset mistake cannot break the signature.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from .errors import MessageTooLong
from .events import CUSTOM_PREFIX, is_event_type, rfc3339
from .jsontext import dumps

VERSIONS: Final = ("2026-11-01",)
"""How payloads look, newest first; an endpoint keeps the one it was made with."""

MESSAGE_TYPES: Final = (
    "gift_card.issued",
    "gift_card.redeemed",
    "gift_card.loaded",
    "gift_card.adjusted",
    "gift_card.cashed_out",
    "gift_card.refunded",
    "gift_card.transferred",
    "gift_card.depleted",
    "gift_card.disabled",
    "gift_card.enabled",
    "gift_card.updated",
    "gift_card.removed",
    "gift_card.expiring",
    "gift_card.expired",
    "gift_card.revived",
    "gift_card.delivered",
    "gift_card.delivery_failed",
    "gift_card.opened",
    "gift_card.hold_created",
    "gift_card.hold_captured",
    "gift_card.hold_released",
    "contact.points_changed",
    "recipe.failed",
    "recipe.held",
    "recipe.silent",
    "recipe.rejected",
    "funding.low",
    "endpoint.disabled",
    "ping",
)
MAX_BODY_BYTES: Final = 64 * 1024


def is_message_type(text: str) -> bool:
    """Whether `text` is one of ours: listed above, or `custom.<name>`."""
    return text in MESSAGE_TYPES or (text.startswith(CUSTOM_PREFIX) and is_event_type(text))


def is_pattern(text: str) -> bool:
    """Whether an endpoint may subscribe to `text`: a type, `*`, or a family such as `gift_card.*`."""
    if text == "*" or is_message_type(text):
        return True
    family = text.removesuffix("*")
    return (
        family != text
        and family.endswith(".")
        and (family == CUSTOM_PREFIX or any(known.startswith(family) for known in MESSAGE_TYPES))
    )


def wants(patterns: list[str], message_type: str) -> bool:
    """Whether an endpoint with these patterns gets a message of this type."""
    return any(
        pattern in ("*", message_type) or (pattern.endswith(".*") and message_type.startswith(pattern[:-1]))
        for pattern in patterns
    )


def passes(
    asked: Mapping[str, Sequence[str]] | None, data: Mapping[str, Any], sent_by: str | None = None
) -> bool:
    """Whether a message with this `data` is one that a filter asks for; None: there is no filter.

    `program`: of the card, or of the funds. `recipe`: the one that issued the card, or whose run it
    tells of; where it tells of neither, the one that it is `sent_by`.
    """
    if not asked:
        return True
    card, run = _of(data, "gift_card"), _of(data, "run")
    program = card.get("program") or _of(data, "funding").get("program")
    recipe = (
        _of(card, "origin").get("recipe") or run.get("recipe") or _of(data, "recipe").get("name") or sent_by
    )
    found = {"program": program, "recipe": recipe}
    return all(found[name] in wanted for name, wanted in asked.items())


def _of(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def body_of(
    *,
    message_id: str,
    message_type: str,
    at: datetime,
    account: str,
    sandbox: bool,
    sequence: int | None,
    data: Mapping[str, Any],
) -> bytes:
    """The bytes that are signed and sent; MessageTooLong over 64 KiB."""
    body = dumps(
        {
            "id": message_id,
            "type": message_type,
            "timestamp": rfc3339(at),
            "account": account,
            "sandbox": sandbox,
            "sequence": sequence,
            "data": data,
        }
    ).encode("ascii")
    if len(body) > MAX_BODY_BYTES:
        raise MessageTooLong(f"The message has {len(body)} bytes; {MAX_BODY_BYTES} are the most")
    return body
