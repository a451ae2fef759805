"""What answers hold of people: contacts, what they have come to, their points."""

from typing import Final

from .json_schema import Schema, every, mapping, maybe, moment, page_of, ref, text, thing, total, whole

_POINTS: Final[dict[str, Schema]] = {
    "id": text("`pts_…`"),
    "type": text("`earned`, `spent`, `converted`, …"),
    "points": whole("below zero where they were taken"),
    "reason": maybe(text()),
    "reference": maybe(text()),
    "gift_card_id": maybe(text(), "the card that they became"),
    "transaction_id": maybe(text()),
    "source": maybe(text(), "the source that told of it, or our door that it came by"),
    "origin": mapping("who or what did it"),
    "occurred_at": moment(),
}
_SUM: Final = thing("", amount=total("minor units"), currency=ref("Currency"))

SCHEMAS: Final[dict[str, Schema]] = {
    "Contact": thing(
        "A person, and what they have come to. What nobody told is null.",
        id=text("`ct_…`"),
        external_id=maybe(text(), "your own id of them"),
        external_ids={
            "type": "object",
            "additionalProperties": every(text()),
            "description": "their ids at each source, by namespace",
        },
        email=maybe(text()),
        phone=maybe(text()),
        first_name=maybe(text()),
        last_name=maybe(text()),
        tags=every(text()),
        attributes=mapping("anything of yours"),
        referred_by=maybe(text(), "the id of who recommended them"),
        visits=whole("completed bookings", minimum=0),
        no_shows=whole(minimum=0),
        last_visit_at=maybe(moment()),
        last_booking_at=maybe(moment()),
        spent=every(_SUM, "by currency"),
        points=whole(),
        balance={**_SUM, "description": "what can be spent, in the account's currency"},
        balances=every(_SUM, "what can be spent, by currency"),
        next_expiry_at=maybe(moment()),
        last_redeemed_at=maybe(moment()),
        first_seen_at=moment(),
        created_at=moment(),
        updated_at=moment(),
        erased_at=maybe(moment(), "when the person was erased; their money stays"),
    ),
    "ContactPage": page_of("Contact"),
    "PointsLine": thing("One line of a contact's points.", **_POINTS),
    "PointsPage": thing(
        "What a contact has, and one page of how it came about.",
        points=whole("in all"),
        data=every(ref("PointsLine")),
        next_cursor=maybe(text(), "the `cursor` of the next page; null on the last"),
    ),
    "PointsChanged": thing(
        "A line of points that was just written.",
        **_POINTS,
        contact_id=text(),
        balance=whole("the contact's points after it"),
    ),
}
