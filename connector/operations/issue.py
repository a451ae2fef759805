"""Issue: a new card with value on it. Its code is in this answer, and in no other.

Who gives the value decides the ledger account: prepaid funds where there are any,
else paid cards come from funding, promotional ones from what the recipe or door
gives away. A program's rules hold for every card of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain import codes, ids
from ..domain.accounts import Account
from ..domain.card_numbers import mask
from ..domain.cards import DELIVERIES, KINDS, Card, told
from ..domain.errors import CodeTaken, FieldError, ValidationFailed
from ..domain.jsontext import dumps
from ..domain.money import Money, require_currency
from ..domain.programs import Program, require_fits
from ..domain.transfers import NO_HASH, InvoiceLine
from ..domain.validity import end_after
from ..ledger import posting
from ..store.contacts import Contact
from . import choosing, delivering, invoicing, owners
from .details import RECIPIENT, SENDER, require_known, require_text
from .giving import require_caps
from .kit import IMPORT, Desk, Operation, Outcome, field_of, require_amount, wrong
from .whom import require_addresses

TRIES_FOR_A_CODE = 3  # two of 2^80 codes being alike once is a broken generator

MAX_METADATA_BYTES: Final = 8_192


@dataclass(frozen=True, slots=True)
class Issue:
    amount: int = field_of("money", "how much is on the card")
    currency: str | None = field_of(
        "currency", "its currency; the program's or account's if left out", default=None
    )
    code: str | None = field_of("text", "a code of your own; made for you if left out", default=None)
    program: str | None = field_of("text", "the program that it is of, by its slug", default=None)
    programs: Sequence[str] | None = field_of(
        "texts", "or programs of which its first use, or its holder, chooses one", default=None
    )
    contact_id: str | None = field_of("contact", "whose card it is", default=None, step="to")
    contact: Mapping[str, Any] | None = field_of(
        "mapping", "whose card it is, by external_id, email or phone; made if new", default=None, step=""
    )
    recipient: Mapping[str, Any] | None = field_of(
        "mapping", "who gets it: name, email, phone, locale", default=None
    )
    message: str | None = field_of("text", "words for the recipient", default=None)
    note: str | None = field_of("text", "words for yourselves", default=None)
    sender: Mapping[str, Any] | None = field_of("mapping", "who gives it: name", default=None)
    kind: str | None = field_of(
        "text", "given away or sold; the program's, else given away", default=None, choices=KINDS
    )
    usable_at: datetime | None = field_of("moment", "not before", default=None, step="usable")
    expires_at: datetime | None = field_of(
        "moment", "not after; as the program says if left out", default=None, step="expires"
    )
    deliver_at: datetime | None = field_of("moment", "when to send it; at once if left out", default=None)
    delivery: str = field_of("text", "how to send it", default="none", choices=DELIVERIES)
    metadata: Mapping[str, Any] | None = field_of("mapping", "anything of yours", default=None)
    invoice: str | None = field_of("text", "the invoice that sold it", default=None)
    invoice_line: str | None = field_of("text", "and its line", default=None)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a card is made by: the command's words and those of its program, or of its choices."""

    money: Money
    kind: str
    program: Program | None
    expires_at: datetime | None
    choices: tuple[Program, ...] = ()


def perform(
    desk: Desk, command: Issue, *, reference: str | None = None, may_be_empty: bool = False
) -> Outcome:
    """Raises ValidationFailed, CodeTaken, CapReached, InsufficientFunds, CurrencyMismatch, Conflict.

    NotFound for a program or contact that is not there, ContactErased. `reference` is that
    of the load that the card is made by. `may_be_empty`: with nothing on it, until it is loaded.
    """
    _require_texts(desk, command)
    line = invoicing.require_line(command.invoice, command.invoice_line)
    if command.program is not None and command.programs is not None:
        raise wrong("programs", "are told instead of program, and not beside it")
    program = None if command.program is None else choosing.require_offered(desk, command.program)
    choices = choosing.require_choices(desk, command.programs)
    may_be_empty = may_be_empty or desk.actor.source == IMPORT  # it was empty where it was exported
    terms = terms_of(command, program, desk.account, desk.now, choices, may_be_empty=may_be_empty)
    chosen = None if command.code is None else _chosen(desk, command.code)
    contact = owners.require_owner(desk, command.contact_id, command.contact)
    delivering.require_way(
        desk, command.delivery, command.deliver_at, recipient=command.recipient, contact=contact
    )
    require_caps(desk, terms.money, program=terms.program, choices=terms.choices)
    last_error: Exception | None = None
    for _ in range(1 if chosen else TRIES_FOR_A_CODE):
        prefix = None if terms.program is None else terms.program.code_prefix
        plain = chosen or codes.new_code(sandbox=desk.account.sandbox, prefix=prefix)
        try:
            return _open(desk, command, terms, contact, plain, reference, line)
        except CodeTaken as taken:
            last_error = taken
    assert last_error is not None
    raise last_error


def terms_of(
    command: Issue,
    program: Program | None,
    account: Account,
    now: datetime,
    choices: tuple[Program, ...] = (),
    *,
    may_be_empty: bool = False,
) -> Terms:
    """What a card of `program`, or of one of `choices`, would be now; ValidationFailed, CurrencyMismatch.

    Nothing is looked up. Of several the latest end holds, since the card is of none yet.
    """
    rules = choices if program is None else (program,)
    amount = 0 if may_be_empty and command.amount == 0 else require_amount(command.amount)
    usual = rules[0].currency if rules else account.currency
    money = Money(amount, require_currency(command.currency or usual))
    if command.kind not in (None, *KINDS):
        raise wrong("kind", f"is one of {', '.join(KINDS)}")
    kind = rules[0].kind if rules else command.kind or "promotional"
    for one in rules:
        require_fits(one, money)
        if command.kind not in (None, one.kind):
            raise wrong("kind", f"must be {one.kind}, as the cards of the program {one.slug} are")
    ends = command.expires_at
    if ends is None and rules:
        of_each = [
            None if one.valid_for is None else end_after(one.valid_for, now, account.timezone)
            for one in rules
        ]
        ends = None if None in of_each else max(end for end in of_each if end is not None)
    _require_times(command, ends, now)
    return Terms(money, kind, program, ends, choices)


def _chosen(desk: Desk, code: str) -> str:
    try:
        return codes.require_chosen(code, sandbox=desk.account.sandbox)
    except ValidationFailed as fault:
        raise ValidationFailed(fault.detail, errors=[FieldError("code", fault.detail)]) from fault


def _open(
    desk: Desk,
    command: Issue,
    terms: Terms,
    contact: Contact | None,
    plain: str,
    reference: str | None,
    line: InvoiceLine | None,
) -> Outcome:
    money, program = terms.money, None if terms.program is None else terms.program.slug
    card = Card(
        id=0,
        public_id=ids.new_id(ids.CARD, desk.now),
        account_id=desk.account.id,
        currency=money.currency,
        balance=0,
        held=0,
        initial_amount=money.minor,
        last4=codes.last4(plain),
        kind=terms.kind,
        source=desk.actor.source,
        created_at=desk.now,
        updated_at=desk.now,
        transfer_count=0,
        head_hash=NO_HASH,
        message_count=0,
        contact=None if contact is None else contact.public_id,
        program=program,
        programs=tuple(one.slug for one in terms.choices),
        sender=mask(command.sender),
        recipient=mask(command.recipient),
        message=mask(command.message),
        note=mask(command.note),
        usable_at=command.usable_at,
        expires_at=terms.expires_at,
        delivery=command.delivery,
        deliver_at=command.deliver_at,
        origin=dict(desk.actor.origin),
        metadata=mask(command.metadata or {}),
    )
    giver = desk.giver(terms.kind, program, money.currency)
    opened, transfer = posting.open_card(
        desk.tx,
        desk.ring,
        card,
        source=giver,
        why=posting.Why("issue", desk.actor.origin, reference=reference),
        code=codes.normal(plain),
        plain=plain,
        contact_id=None if contact is None else contact.id,
        messages=1,
    )
    transfer = invoicing.link(desk, transfer, line)
    desk.moved("issue", opened, transfer, ("gift_card.issued",), contact=contact)
    desk.drawn(giver.fund, money.minor)
    opened = delivering.settle(desk, opened)
    return Outcome(card=opened, transfer=transfer, code=plain)


def _require_texts(desk: Desk, command: Issue) -> None:
    require_text("message", command.message)
    require_text("note", command.note)
    require_known("recipient", command.recipient, RECIPIENT)
    require_addresses(desk.account, command.recipient, "recipient")
    require_known("sender", command.sender, SENDER)
    if len(dumps(command.metadata or {})) > MAX_METADATA_BYTES:
        raise wrong("metadata", f"has more than {MAX_METADATA_BYTES} bytes")


def _require_times(command: Issue, expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if expires_at <= now:
        raise wrong("expires_at", f"{told(expires_at)} is in the past")
    for name in ("usable_at", "deliver_at"):
        at = getattr(command, name)
        if at is not None and at >= expires_at:
            raise wrong(name, "must be before expires_at")


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None
    return {**desk.card_json(outcome.card), "url": desk.url_of(outcome.card), "code": outcome.code}


def _give(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None
    return {"card": {**desk.card_json(outcome.card), "code": outcome.code}}


OPERATION = Operation(
    name="issue",
    title="Issue a gift card",
    command=Issue,
    perform=perform,
    scope="cards:write",
    status=201,
    answer=_answer,
    rest_path="/gift-cards",
    action="issue-gift-card",
    step="issue_card",
    verb="issue",
    gives=("card",),
    give=_give,
)
