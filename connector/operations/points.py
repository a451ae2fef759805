"""Lines of points: who earned or spent how many, and why. What a contact has is the sum of their lines.

The contact's row is locked before the sum is looked at, so that two tills never
spend the same points.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain import ids
from ..domain.card_numbers import mask
from ..domain.contacts import Whom
from ..domain.errors import CapReached, ContactErased, InsufficientPoints, MessageTooLong, NotFound
from ..domain.events import rfc3339
from ..store import contacts, facts
from ..store.contacts import Contact
from ..store.facts import Fact, Line
from .kit import API_NAMESPACE, Desk, Outcome, wrong
from .owners import trust_in
from .telling import contact_json
from .whom import read_described

MAX_POINTS: Final = 10**9  # of one line: no programme gives more at once, and a slip of the keys is refused
MAX_SUM: Final = 10**12  # of one contact: a thousand such lines, and far from where a database's sum ends
MAX_TEXT: Final = 500


def require_points(points: int | None) -> int:
    """A whole number of points that one line may have."""
    if points is None or not 0 < points <= MAX_POINTS:
        raise wrong("points", f"must be a whole number between 1 and {MAX_POINTS}")
    return points


def require_texts(reason: str | None, reference: str | None) -> None:
    """Short ones: they are shown in every list of the contact's points."""
    for name, text in (("reason", reason), ("reference", reference)):
        if text is not None and len(text) > MAX_TEXT:
            raise wrong(name, f"has {len(text)} characters; {MAX_TEXT} are the most")


def require_contact(desk: Desk, name: Whom | None) -> Contact:
    """The account's contact by our id, e-mail, phone or external id, locked; NotFound, ContactErased."""
    if name is None:
        raise wrong("contact_id", "is required: a contact's id, e-mail address, phone number or external id")
    found = desk.find_contact(name)
    if found is None:
        raise NotFound("There is no such contact in this account.")
    return _held(desk, found)


def require_or_make(desk: Desk, name: str | None, person: Mapping[str, Any] | None) -> Contact:
    """As `require_contact`; who is described by `person` and not known yet is made."""
    if person is None:
        return require_contact(desk, name)
    if name is not None:
        raise wrong("contact", "and contact_id are one too many: give one of them")
    told = read_described(desk.account, person)
    made = contacts.resolve(desk.tx, desk.account.id, told, API_NAMESPACE, desk.now, trust=trust_in(desk))
    if made is None:
        raise wrong("contact", "needs external_id, email or phone")
    return _held(desk, made)


def require_enough(desk: Desk, contact: Contact, asked: int) -> None:
    """Pass if the contact has so many points, else InsufficientPoints."""
    desk.tx.pause("points.read")
    has = facts.points(desk.tx, contact.id)
    if asked > has:
        raise InsufficientPoints(f"Contact {contact.public_id} has {has} points, {asked} asked.")


def add_line(
    desk: Desk,
    act: str,
    contact: Contact,
    state: str,
    change: int,
    *,
    reason: str | None = None,
    reference: str | None = None,
    became: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write one line to a locked contact, its message and its audit row; the line as answers show it."""
    balance = facts.points(desk.tx, contact.id) + change
    if balance > MAX_SUM:
        raise CapReached(f"No contact may have more than {MAX_SUM} points.")
    name = ids.new_id(ids.POINTS, desk.now)
    reason, reference = mask(reason), mask(reference)
    said = {"reason": reason, "reference": reference, **(became or {})}
    detail = {
        **{key: value for key, value in said.items() if value is not None},
        "by": desk.actor.source,
        "origin": dict(desk.actor.origin),
    }
    fact = Fact("points", name, state, desk.now, amount=change, detail=detail)
    facts.tell(desk.tx, contact.id, facts.OWN, fact)
    line = Line(0, name, state, change, None, desk.now, detail)
    told = {**line_json(line), "contact_id": contact.public_id, "balance": balance}
    _tell(desk, contact, told)
    desk.note(
        act, None, subject=contact.public_id, reason=reason, details={"line": name, "points": change, **said}
    )
    return told


def line_json(line: Line) -> dict[str, Any]:
    """One line of points: `points` is what it added, below zero what it took.

    `source` is the source that told of it, or by which of our doors it came (`api`,
    `action`, `recipe`, `manual`); a conversion names the card it became.
    """
    detail = line.detail
    return {
        "id": line.subject,
        "type": line.state,
        "points": line.points,
        "reason": detail.get("reason"),
        "reference": detail.get("reference"),
        "gift_card_id": detail.get("gift_card_id"),
        "transaction_id": detail.get("transaction_id"),
        "source": line.source or detail.get("by"),
        "origin": detail.get("origin", {}),
        "occurred_at": rfc3339(line.occurred_at),
    }


def line_answer(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """The line, with `balance`: what the contact has after it."""
    return dict(outcome.result)


def give_line(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """For a recipe's later steps: `points`, what the contact has now, and `change`."""
    return {"points": outcome.result["balance"], "change": outcome.result["points"]}


def _held(desk: Desk, contact: Contact) -> Contact:
    held = contacts.lock(desk.tx, contact)
    if held.erased_at is not None:
        raise ContactErased(f"Contact {held.public_id} was erased.")
    return held


def _tell(desk: Desk, contact: Contact, line: Mapping[str, Any]) -> None:
    """A deed never fails because its notice is too long: the tags are left out then."""
    shown = contact_json(contact)
    try:
        desk.tell("contact.points_changed", None, {"contact": shown, "points": line})
    except MessageTooLong:
        short = {"contact": {**shown, "tags": []}, "points": line, "shortened": True}
        desk.tell("contact.points_changed", None, short)
