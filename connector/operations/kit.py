"""What an operation is: a command, the deed, and its faces. One file each; everything else follows from it.

A command is a frozen dataclass whose fields are every face's fields; `field_of`
gives each its kind and help. `perform(desk, command)` does the deed inside the
open transaction, or raises and leaves nothing.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import NO_CAPS, Account, Actor, Caps
from ..domain.card_numbers import mask
from ..domain.cards import Card, card_json, card_tag
from ..domain.codes import normal
from ..domain.contacts import Whom
from ..domain.errors import (
    CurrencyMismatch,
    FieldError,
    MessageTooLong,
    NotFound,
    UnknownCode,
    ValidationFailed,
)
from ..domain.funds import Fund, fund_json
from ..domain.links import Links
from ..domain.money import MAX_MINOR
from ..domain.notifications import NO_POST, Post
from ..domain.rates import NO_RATES, Rates
from ..domain.sealing import KeyRing
from ..domain.tags import Match
from ..domain.transfers import Transfer, transaction_json
from ..ledger import accounts, funding
from ..store import audit, cards, contacts, funds, outbox, starts
from ..store.contacts import Contact
from ..store.writer import Writing
from . import holding, whom
from .telling import contact_json, details_of, shortened

API_NAMESPACE: Final = whom.API_NAMESPACE

IMPORT: Final = "import"
"""The source of cards that come from a file: they were given out elsewhere, so nothing is capped or drawn."""

AT_MOST: Final = f"{MAX_MINOR} of the currency's smallest unit are the most"
"""How every face says the bound of one amount, which is the same number whatever the currency."""

SCOPES: Final = (
    "cards:read",
    "cards:write",
    "cards:reveal",
    "contacts",
    "events",
    "webhooks",
    "reports",
    "admin",
    "giftcard_create",
    "giftcard_read",
    "giftcard_update",
    "giftcard_delete",
)


@dataclass(frozen=True)
class Desk:
    """All that a deed works with: the open transaction, whose account, who asks, the key ring.

    `wake` is called after the commit when a message has a delivery to make. Where it
    `is_quiet`, messages are counted and not made. `match`: what the request's If-Match asks of its card.
    `begins`: whether a recipe begins on messages of a type; `wake_starts` is called after the commit then.
    `chain`: the recipes by whose runs this deed came about, the last one last. `post`: what people
    can be sent; `links`: what makes the address of a card's page.
    """

    tx: Writing
    account: Account
    actor: Actor
    ring: KeyRing
    caps: Caps = NO_CAPS
    rates: Rates = NO_RATES
    wake: Callable[[], None] = lambda: None
    is_quiet: bool = False
    match: Match | None = None
    begins: Callable[[str], bool] = lambda _type: False
    wake_starts: Callable[[], None] = lambda: None
    chain: tuple[str, ...] = ()
    post: Post = NO_POST
    links: Links | None = None

    @property
    def now(self) -> datetime:
        return self.tx.now

    def tell(
        self, message_type: str, card: Card | None, data: Mapping[str, Any], sequence: int | None = None
    ) -> None:
        """Store a message in this transaction; `sequence` is its number among the card's messages."""
        if self.is_quiet:
            return
        told = outbox.add(
            self.tx,
            account_id=self.account.id,
            account=self.account.slug,
            sandbox=self.account.sandbox,
            message_type=message_type,
            data=data,
            card_id=None if card is None else card.id,
            sequence=sequence,
            sent_by=self.actor.origin.get("recipe"),
        )
        if told.has_listeners:
            self.tx.after_commit(self.wake)
        if self.begins(message_type):
            run = self.actor.origin.get("run_id")
            starts.add(self.tx, message=told.id, account_id=self.account.id, run=run, chain=self.chain)
            self.tx.after_commit(self.wake_starts)

    def note(
        self,
        act: str,
        card: Card | None,
        *,
        subject: str | None = None,
        transfer: Transfer | None = None,
        reason: str | None = None,
        note: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """The audit row of a change: who did `act`, to what, and why."""
        audit.add(
            self.tx,
            account_id=self.account.id,
            subject=subject or (card.public_id if card is not None else self.account.public_id),
            act=act,
            source=self.actor.source,
            origin=self.actor.origin,
            card_id=None if card is None else card.id,
            transfer=None if transfer is None else transfer.public_id,
            reason=mask(reason),
            note=mask(note),
            details=details,
        )

    def change(
        self,
        act: str,
        card: Card,
        values: Mapping[str, Any],
        types: tuple[str, ...],
        *,
        reason: str | None = None,
        note: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Card:
        """Write `values` to a locked card, without any money moving; its messages and its audit row."""
        values = mask(values)  # what people wrote is among them
        changed = cards.change(self.tx, card, values, messages=len(types))
        self.tell_of_card(types, changed, None, self.contact_of(changed), extra)
        self.note(act, changed, reason=reason, note=note, details=details_of(values))
        return changed

    def moved(
        self,
        act: str,
        card: Card,
        transfer: Transfer,
        types: tuple[str, ...],
        *,
        contact: Contact | None = None,
        reason: str | None = None,
        note: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """The messages and the audit row of a movement that was posted with `messages=len(types)`."""
        self.tell_of_card(types, card, transfer, contact or self.contact_of(card), extra)
        self.note(act, card, transfer=transfer, reason=reason, note=note)

    def giver(self, kind: str, program: str | None, currency: str) -> funding.Giver:
        """Where the value of an issue or load comes from: prepaid funds, sales, or what is given away.

        What is imported was paid for elsewhere, and draws on nothing here.
        """
        if self.actor.source == IMPORT:
            return funding.Giver(accounts.IMPORT_OPENING)
        given_by = funding.given_by(self.actor.origin, self.actor.source)
        return funding.giver(
            self.tx, self.account.id, kind=kind, program=program, currency=currency, given_by=given_by
        )

    def drawn(self, fund: Fund | None, amount: int) -> None:
        """After `amount` was drawn: `funding.low` when it took the funds below their threshold."""
        if fund is None or fund.threshold is None:
            return
        # Others may have drawn since `fund` was read; ours holds it now, so this is what is left.
        left = funds.lock(self.tx, fund)
        if left.threshold is not None and left.balance < left.threshold <= left.balance + amount:
            self.tell("funding.low", None, {"funding": fund_json(left)})

    def tell_of_card(
        self,
        types: tuple[str, ...],
        card: Card,
        transfer: Transfer | None,
        contact: Contact | None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """One message for each of `types`, numbered up to the card's own count; `extra` beside the card.

        A deed never fails because its notice is too long: what people wrote is left out
        then, and `shortened` says so.
        """
        data = {
            "gift_card": self.card_json(card),
            "transaction": None
            if transfer is None
            else transaction_json(transfer, card.public_id, accounts.of_card(card)),
            "contact": None if contact is None else contact_json(contact),
            **(extra or {}),
        }
        for place, message_type in enumerate(types, start=1):
            sequence = card.message_count - len(types) + place
            try:
                self.tell(message_type, card, data, sequence)
            except MessageTooLong:
                self.tell(message_type, card, shortened(data), sequence)

    def card_json(self, card: Card) -> dict[str, Any]:
        return card_json(card, now=self.now, sandbox=self.account.sandbox)

    def url_of(self, card: Card) -> str | None:
        """The address of the card's page, for whoever may see its code."""
        return None if self.links is None else self.links.url(card.public_id, self.now, card.link_number)

    def card_tag(self, card: Card) -> str:
        return card_tag(card, now=self.now, sandbox=self.account.sandbox)

    def require_card(self, card: str, *, locked: bool = True) -> Card:
        """The account's card with this id, or with this code; NotFound says the same for both.

        A card that is locked has lost its holds whose time is over. PreconditionFailed where
        it is not as the request's If-Match says.
        """
        public_id = card
        if not card.startswith("gc_"):
            found = cards.find_by_code(self.tx, self.ring, self.account.id, normal(card))
            if found is None:
                raise UnknownCode("There is no such card in this account.")
            public_id = found.public_id
        found = (cards.lock if locked else cards.find)(self.tx, self.account.id, public_id)
        if found is None:
            raise NotFound("There is no such card in this account.")
        if self.match is not None and self.match.subject == public_id:
            self.match.require(self.card_tag(found))  # before holds lapse: nobody could have seen that yet
        return holding.lapse_due(self, found) if locked and found.held else found

    def find_contact(self, name: Whom, *, pinned: bool = True) -> Contact | None:
        """The account's contact by our id; else by e-mail, phone or external id, as people write it.

        `pinned`: not merged or erased before the commit; whoever locks it has no need of that.
        """
        return whom.find(self.tx, self.account, name, pinned=pinned)

    def contact_of(self, card: Card) -> Contact | None:
        """Whose card it is, where anybody's."""
        return None if card.contact is None else contacts.find(self.tx, self.account.id, card.contact)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed gives. `code` only where this call may show it, once.

    Where it `is_simulated`, nothing was done, and the card is as it would be.
    """

    card: Card | None = None
    transfer: Transfer | None = None
    code: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of a command is read: its kind (domain.steps.FIELD_KINDS) and help for people.

    A `money` field holds minor units and has the field `currency` beside it; faces
    that write `25.00 USD` fill both. `step` is its name in recipes, "" where
    recipes do not have it; `is_path` marks what REST takes from the URL, `is_signed`
    a sum that may be below zero, `is_clearable` one that a null empties.
    """

    kind: str
    help: str
    choices: tuple[str, ...] = ()
    step: str | None = None
    is_path: bool = False
    is_signed: bool = False
    is_clearable: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One gift card deed and its faces; a face left out is None.

    `rest_path` is below `/v1` (`/gift-cards/{card}/redeem`) and asked by `method`, `action`
    below `/v1/actions/`, `step` the recipe word, `verb` below `connector cards`.
    `answer` shapes the REST answer; `also`: scopes that it takes beside `scope`. `chooses_code`: it gives
    a card another code, that is asked for: doors count each, for who wants codes learns which there are.
    """

    name: str
    title: str
    command: type
    perform: Callable[[Desk, Any], Outcome]
    scope: str
    answer: Callable[[Desk, Outcome], dict[str, Any]]
    also: tuple[str, ...] = ()
    status: int = 200
    rest_path: str | None = None
    method: str = "POST"
    action: str | None = None
    step: str | None = None
    verb: str | None = None
    gives: tuple[str, ...] = ()
    give: Callable[[Desk, Outcome], dict[str, Any]] | None = None
    changes: bool = True
    chooses_code: bool = False

    @property
    def fields(self) -> dict[str, Field]:
        """The command's fields by name, in order."""
        return {one.name: one.metadata["field"] for one in dataclasses.fields(self.command)}

    @property
    def required(self) -> set[str]:
        """Fields without a default."""
        return {
            one.name
            for one in dataclasses.fields(self.command)
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        }

    @property
    def of_path(self) -> dict[str, Field]:
        """The fields where a path or an argument names the card: none beside it says whose card is meant."""
        is_choice = any(one.is_path and name not in self.required for name, one in self.fields.items())
        return {
            name: one
            for name, one in self.fields.items()
            if not (is_choice and one.kind == "contact" and not one.is_path)
        }


def field_of(
    kind: str,
    help: str,  # noqa: A002 - what it is called wherever people meet it
    *,
    default: Any = dataclasses.MISSING,
    choices: tuple[str, ...] = (),
    step: str | None = None,
    is_path: bool = False,
    is_signed: bool = False,
    is_clearable: bool = False,
) -> Any:
    """A command's field: as `dataclasses.field`, with its kind and a sentence for people."""
    field = Field(kind, help, choices, step, is_path, is_signed, is_clearable)
    return dataclasses.field(default=default, metadata={"field": field})


def moved_answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """The answer of a call that moves money: the card after it, and the transaction."""
    assert outcome.card is not None and outcome.transfer is not None
    return {
        "gift_card": desk.card_json(outcome.card),
        "transaction": transaction_json(
            outcome.transfer, outcome.card.public_id, accounts.of_card(outcome.card)
        ),
    }


def require_amount(amount: int | None, field_name: str = "amount") -> int:
    """A whole number of minor units above zero and within what any card may hold."""
    if amount is None or not 0 < amount <= MAX_MINOR:
        raise wrong(field_name, f"must be above zero; {AT_MOST}")
    return amount


def require_own_currency(card: Card, currency: str | None) -> None:
    """Pass if `currency` is the card's or was left out: only redeem and transfer convert."""
    if currency not in (None, card.currency):
        raise CurrencyMismatch(f"Card {card.public_id} is in {card.currency}, not {currency}.")


def wrong(field_name: str, message: str) -> ValidationFailed:
    """The refusal of one field: `message` goes on where its name ends."""
    return ValidationFailed(f"{field_name} {message}", errors=[FieldError(field_name, message)])
