"""Issue: a new card with value on it. Its code is in this answer, and in no other.

Who gives the value decides the ledger account: paid cards come from funding,
promotional ones from what the recipe or door gives away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain import codes, ids
from ..domain.cards import KINDS, Card
from ..domain.contacts import read_person
from ..domain.errors import CapReached, CodeTaken, FieldError, NotFound, ValidationFailed
from ..domain.money import Money, require_currency
from ..domain.transfers import NO_HASH
from ..ledger import accounts, posting
from ..store import contacts
from ..store.contacts import Contact
from .kit import API_NAMESPACE, Desk, Operation, Outcome, field_of, require_amount

TRIES_FOR_A_CODE = 3  # two of 2^80 codes being alike once is a broken generator


RECIPIENT: Final = ("name", "email", "phone")
SENDER: Final = ("name",)
MAX_TEXT: Final = 2_000
MAX_DETAIL: Final = 320  # the longest address that mail allows


@dataclass(frozen=True, slots=True)
class Issue:
    amount: int = field_of("money", "how much is on the card")
    currency: str | None = field_of("currency", "its currency; the account's if left out", default=None)
    code: str | None = field_of("text", "a code of your own; made for you if left out", default=None)
    contact_id: str | None = field_of("contact", "whose card it is", default=None, step="to")
    contact: Mapping[str, Any] | None = field_of(
        "mapping", "whose card it is, by external_id, email or phone; made if new", default=None, step=""
    )
    recipient: Mapping[str, Any] | None = field_of("mapping", "who gets it: name, email, phone", default=None)
    message: str | None = field_of("text", "words for the recipient", default=None)
    note: str | None = field_of("text", "words for yourselves", default=None)
    sender: Mapping[str, Any] | None = field_of("mapping", "who gives it: name", default=None)
    kind: str = field_of("text", "given away or sold", default="promotional", choices=KINDS)
    usable_at: datetime | None = field_of("moment", "not before", default=None, step="usable")
    expires_at: datetime | None = field_of("moment", "not after", default=None, step="expires")
    metadata: Mapping[str, Any] | None = field_of("mapping", "anything of yours", default=None)


def perform(desk: Desk, command: Issue) -> Outcome:
    """Raises ValidationFailed, CodeTaken, CapReached, or NotFound for a contact that is not there."""
    money = Money(require_amount(command.amount), require_currency(command.currency or desk.account.currency))
    if command.kind not in KINDS:
        raise _wrong("kind", f"is one of {', '.join(KINDS)}")
    for name in ("message", "note"):
        text = getattr(command, name)
        if text is not None and len(text) > MAX_TEXT:
            raise _wrong(name, f"has {len(text)} characters; {MAX_TEXT} are the most")
    _require_known("recipient", command.recipient, RECIPIENT)
    _require_known("sender", command.sender, SENDER)
    _require_times(desk, command)
    _require_cap(desk, money)
    contact = _contact(desk, command)
    last_error: Exception | None = None
    for _ in range(1 if command.code else TRIES_FOR_A_CODE):
        try:
            return _open(desk, command, money, contact)
        except CodeTaken as taken:
            last_error = taken
    assert last_error is not None
    raise last_error


def _open(desk: Desk, command: Issue, money: Money, contact: Contact | None) -> Outcome:
    plain = (
        codes.require_chosen(command.code) if command.code else codes.new_code(sandbox=desk.account.sandbox)
    )
    card = Card(
        id=0,
        public_id=ids.new_id(ids.CARD, desk.now),
        account_id=desk.account.id,
        currency=money.currency,
        balance=0,
        held=0,
        initial_amount=money.minor,
        last4=codes.last4(plain),
        kind=command.kind,
        source=desk.actor.source,
        created_at=desk.now,
        updated_at=desk.now,
        transfer_count=0,
        head_hash=NO_HASH,
        message_count=0,
        contact=None if contact is None else contact.public_id,
        sender=command.sender,
        recipient=command.recipient,
        message=command.message,
        note=command.note,
        usable_at=command.usable_at,
        expires_at=command.expires_at,
        origin=dict(desk.actor.origin),
        metadata=dict(command.metadata or {}),
    )
    opened, transfer = posting.open_card(
        desk.tx,
        desk.ring,
        card,
        source=_source_of(desk, command),
        why=posting.Why("issue", desk.actor.origin),
        code=codes.normal(plain),
        plain=plain,
        contact_id=None if contact is None else contact.id,
        messages=1,
    )
    desk.tell_of_card(("gift_card.issued",), opened, transfer, contact)
    return Outcome(card=opened, transfer=transfer, code=plain)


def _source_of(desk: Desk, command: Issue) -> str:
    if command.kind == "paid":
        return accounts.funding(None)
    return accounts.promo(str(desk.actor.origin.get("recipe") or desk.actor.source))


def _require_times(desk: Desk, command: Issue) -> None:
    if command.expires_at is None:
        return
    if command.expires_at <= desk.now:
        raise _wrong("expires_at", f"{command.expires_at} is in the past")
    if command.usable_at is not None and command.usable_at >= command.expires_at:
        raise _wrong("usable_at", "must be before expires_at")


def _require_cap(desk: Desk, money: Money) -> None:
    """The cap is a sum of the account's currency; without a rate its number holds for any other too."""
    cap = desk.caps.per_card
    most = Money(cap, desk.account.currency)
    if cap and money.decimal > most.decimal:
        raise CapReached(f"A card of {money} is above the cap of {most} per card ([caps] per_card).")


def _contact(desk: Desk, command: Issue) -> Contact | None:
    if command.contact_id is not None and command.contact is not None:
        raise _wrong("contact", "give contact_id or contact, not both")
    if command.contact_id is not None:
        return _named_contact(desk, command.contact_id)
    if command.contact is None:
        return None
    person = read_person(country=desk.account.country, **_person_fields(command.contact))
    found = contacts.resolve(desk.tx, desk.account.id, person, API_NAMESPACE, desk.now)
    if found is None:
        raise _wrong("contact", "needs external_id, email or phone")
    return found


def _named_contact(desk: Desk, name: str) -> Contact:
    """A recipe's `to:` may name somebody new, as a referrer often is; through other doors that is a slip."""
    found = desk.find_contact(name)
    if found is None and desk.actor.source == "recipe" and ("@" in name or name.startswith("+")):
        kind = "email" if "@" in name else "phone"
        person = read_person(country=desk.account.country, **{kind: name})
        found = contacts.resolve(desk.tx, desk.account.id, person, API_NAMESPACE, desk.now)
    if found is None:
        raise NotFound(f"There is no contact {name[:80]} in this account.")
    return found


def _person_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    known = ("external_id", "email", "phone", "first_name", "last_name", "name", "tags")
    for name in given:
        if name not in known:
            raise _wrong(f"contact.{name}", "is not a field of a contact")
    return dict(given)


def _require_known(field: str, given: Mapping[str, Any] | None, known: tuple[str, ...]) -> None:
    """Texts under known names only: they are printed on cards and in mails."""
    for name, value in (given or {}).items():
        if name not in known:
            raise _wrong(f"{field}.{name}", f"is not a field of it; there are: {', '.join(known)}")
        if value is not None and not (isinstance(value, str) and len(value) <= MAX_DETAIL):
            raise _wrong(f"{field}.{name}", f"is a text of at most {MAX_DETAIL} characters")


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field} {message}", errors=[FieldError(field, message)])


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None
    return {**desk.card_json(outcome.card), "code": outcome.code}


def _give(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    return {"card": _answer(desk, outcome)}


OPERATION = Operation(
    name="issue",
    title="Issue a gift card",
    command=Issue,
    perform=perform,
    scope="cards:write",
    status=201,
    answer=_answer,
    rest_path="",
    action="issue-gift-card",
    step="issue_card",
    verb="issue",
    gives=("card",),
    give=_give,
)
