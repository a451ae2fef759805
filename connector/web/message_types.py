"""What each type of outgoing message says: a sentence, the JSON Schema of its body, a sample.

The one rule: every type of domain/messages.py is here; tests hold the messages that
deeds really send against these schemas.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.events import CUSTOM_PREFIX
from ..domain.jsontext import read_own
from ..domain.messages import MESSAGE_TYPES, VERSIONS, body_of
from . import examples, schemas
from .json_schema import Schema, flag, mapping, maybe, moment, one_of, ref, text, thing, whole

CUSTOM: Final = f"{CUSTOM_PREFIX}<name>"
ABOUT: Final[Mapping[str, str]] = {
    "gift_card.issued": "a card was issued",
    "gift_card.redeemed": "value was taken off a card",
    "gift_card.loaded": "value was put on it",
    "gift_card.adjusted": "its balance was corrected or set",
    "gift_card.cashed_out": "its rest was paid in cash",
    "gift_card.refunded": "a redemption was given back, all or part",
    "gift_card.transferred": "it gave value to another card, or got some",
    "gift_card.depleted": "the last of its value was taken; beside the message that says how",
    "gift_card.disabled": "it was stopped",
    "gift_card.enabled": "it goes on",
    "gift_card.updated": "what is written on it, or when it can be used, was changed",
    "gift_card.removed": "it was removed",
    "gift_card.expiring": "it will expire soon",
    "gift_card.expired": "its life is over",
    "gift_card.revived": "an expiry was taken back",
    "gift_card.delivered": "it was sent to its recipient",
    "gift_card.delivery_failed": "it could not be sent to its recipient",
    "gift_card.opened": "its recipient looked at it",
    "gift_card.hold_created": "an amount of it was reserved",
    "gift_card.hold_captured": "a hold was taken, all or part",
    "gift_card.hold_released": "a hold was let go, or lapsed",
    "contact.points_changed": "a contact's points were changed",
    "recipe.failed": "a run failed",
    "recipe.held": "a run would have gone past what may be given out in a day",
    "recipe.silent": "a recipe has not acted for longer than usual",
    "recipe.rejected": "a recipe cannot be used",
    "funding.low": "prepaid funds fell below their threshold",
    "endpoint.disabled": "an endpoint was switched off",
    "ping": "a trial",
    CUSTOM: "a recipe's send_webhook step sent it; data is what the recipe says",
}

_OF_A_CARD: Final[dict[str, Schema]] = {
    "gift_card": ref("GiftCard"),
    "transaction": maybe(ref("Transaction"), "the movement, where there was one"),
    "contact": maybe(ref("MessageContact"), "whose card it is"),
}
_BESIDE: Final[dict[str, Schema]] = {
    "hold": ref("Hold"),
    "converted": mapping("what was taken, in the currency that was asked for"),
    "to_gift_card_id": text(),
    "from_gift_card_id": text(),
    "delivery": mapping("how it was sent"),
    "shortened": flag("what people wrote was left out: ask for the card by its id"),
}
_RUN: Final = thing(
    "A run of a recipe.",
    id=text("`run_…`"),
    recipe=text(),
    revision=text(),
    reason=maybe(text()),
    place=maybe(text(), "`file:line:column`"),
    event=thing("", id=text(), type=text()),
)
_DATA: Final[Mapping[str, Schema]] = {
    "gift_card": thing("The card after it.", optional=_BESIDE, **_OF_A_CARD),
    "contact": thing(
        "The contact, and the line of points.",
        contact=ref("MessageContact"),
        points=ref("PointsChanged"),
        optional={"shortened": flag()},
    ),
    "funding": thing("The funds.", funding=ref("Fund")),
    "endpoint": thing(
        "The endpoint that gets nothing more.",
        endpoint=thing(
            "",
            id=text("`we_…`"),
            host=text("of its URL"),
            reason=one_of("gone", "receiver", "failing"),
            failing_since=maybe(moment()),
            open_deliveries=whole("what waits for it; counted up to 10,000"),
        ),
    ),
}


def every_type() -> list[dict[str, Any]]:
    """All of them, as the API tells them."""
    return [
        {
            "name": name,
            "description": ABOUT[name],
            "versions": list(VERSIONS),
            "schema": schema_of(name),
            "sample": sample_of(name),
        }
        for name in (*MESSAGE_TYPES, CUSTOM)
    ]


def schema_of(name: str) -> Schema:
    """The body's JSON Schema; it stands by itself."""
    is_custom = name == CUSTOM
    body = thing(
        ABOUT[name],
        id=text("`msg_…`, also the header webhook-id"),
        type=text(pattern=r"^custom\.") if is_custom else one_of(name),
        timestamp=moment(),
        account=text("the account's slug"),
        sandbox=flag(),
        sequence=maybe(whole(minimum=1), "counts the messages of one card"),
        data=data_of(name),
    )
    found = schemas.standing(body)
    if "Currency" in found["$defs"]:  # not the whole list of ISO 4217 in each of them
        found["$defs"]["Currency"] = text("ISO 4217", pattern="^[A-Z]{3}$")
    return found


def data_of(name: str) -> Schema:
    """What `data` holds."""
    family = name.partition(".")[0]
    if family == "recipe":
        return thing("The run.", optional={"run": _RUN})
    return _DATA.get(family) or mapping()


def sample_of(name: str) -> dict[str, Any]:
    """A body as it is sent, of the examples that the document has."""
    is_of_a_card = name.startswith("gift_card.")
    made = body_of(
        message_id=examples.id_with("msg"),
        message_type=name if name != CUSTOM else f"{CUSTOM_PREFIX}thanks",
        at=examples.AT,
        account="glow-spa",
        sandbox=False,
        sequence=2 if is_of_a_card else None,
        data=_sample_data(name),
    )
    return dict(read_own(made.decode()))


def _sample_data(name: str) -> dict[str, Any]:
    family = name.partition(".")[0]
    if family == "gift_card":
        has_moved = name in ("gift_card.redeemed", "gift_card.depleted")
        moved = examples.ANSWERS["Transaction"] if has_moved else None
        hold = {"hold": examples.ANSWERS["Hold"]} if ".hold_" in name else {}
        return {"gift_card": examples.ANSWERS["GiftCard"], "transaction": moved, "contact": _PERSON, **hold}
    if family == "contact":
        return {"contact": _PERSON, "points": examples.ANSWERS["PointsChanged"]}
    if family == "recipe":
        return {"run": _SAMPLE_RUN}
    if family == "endpoint":
        return {"endpoint": _SAMPLE_ENDPOINT}
    return {"funding": examples.ANSWERS["Fund"]} if family == "funding" else {}


_PERSON: Final[dict[str, Any]] = {
    "id": examples.id_with("ct"),
    "external_id": None,
    "email": "ada@example.com",
    "phone": None,
    "first_name": "Ada",
    "last_name": None,
    "tags": [],
}
_SAMPLE_ENDPOINT: Final = {
    "id": examples.id_with("we"),
    "host": "shop.example.com",
    "reason": "failing",
    "failing_since": "2026-11-15T15:00:00Z",
    "open_deliveries": 12,
}
_SAMPLE_RUN: Final = {
    "id": examples.id_with("run"),
    "recipe": "first-booking",
    "revision": "3f2a91c0",
    "reason": "A card of 75.00 USD is above the cap of 50.00 USD per card.",
    "place": "first-booking.yaml:8:5",
    "event": {"id": examples.id_with("evt"), "type": "booking.created"},
}
