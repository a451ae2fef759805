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

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.cards import Card, card_json
from ..domain.codes import normal
from ..domain.contacts import Person, read_person
from ..domain.errors import FieldError, MessageTooLong, NotFound, ValidationFailed
from ..domain.events import person_json
from ..domain.money import MAX_MINOR
from ..domain.sealing import KeyRing
from ..domain.transfers import Transfer, transaction_json
from ..ledger import accounts
from ..store import cards, contacts, outbox
from ..store.contacts import Contact
from ..store.writer import Writing

API_NAMESPACE: Final = "api"
"""Whose external ids those are that come by REST, actions and recipes."""

SCOPES: Final = (
    "cards:read",
    "cards:write",
    "cards:reveal",
    "contacts",
    "events",
    "webhooks",
    "reports",
    "admin",
)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be issued, in minor units of the account's currency; 0: no cap."""

    per_card: int = 0


@dataclass(frozen=True)
class Desk:
    """All that a deed works with: the open transaction, whose account, who asks, the key ring.

    `wake` is called after the commit when a message has a delivery to make.
    """

    tx: Writing
    account: Account
    actor: Actor
    ring: KeyRing
    caps: Caps = Caps()
    wake: Callable[[], None] = lambda: None

    @property
    def now(self) -> datetime:
        return self.tx.now

    def tell(
        self, message_type: str, card: Card | None, data: Mapping[str, Any], sequence: int | None = None
    ) -> None:
        """Store a message in this transaction; `sequence` is its number among the card's messages."""
        has_listeners = outbox.add(
            self.tx,
            account_id=self.account.id,
            account=self.account.slug,
            sandbox=self.account.sandbox,
            message_type=message_type,
            data=data,
            card_id=None if card is None else card.id,
            sequence=sequence,
        )
        if has_listeners:
            self.tx.after_commit(self.wake)

    def tell_of_card(
        self, types: tuple[str, ...], card: Card, transfer: Transfer, contact: Contact | None
    ) -> None:
        """One message for each of `types`, numbered up to the card's own count.

        A deed never fails because its notice is too long: what people wrote is left out
        then, and `shortened` says so.
        """
        data = {
            "gift_card": self.card_json(card),
            "transaction": transaction_json(transfer, card.public_id, accounts.of_card(card)),
            "contact": None if contact is None else contact_json(contact),
        }
        for place, message_type in enumerate(types, start=1):
            sequence = card.message_count - len(types) + place
            try:
                self.tell(message_type, card, data, sequence)
            except MessageTooLong:
                self.tell(message_type, card, _shortened(data), sequence)

    def card_json(self, card: Card) -> dict[str, Any]:
        return card_json(card, now=self.now, sandbox=self.account.sandbox)

    def require_card(self, card: str, *, locked: bool = True) -> Card:
        """The account's card with this id, or with this code; NotFound says the same for both."""
        public_id = card
        if not card.startswith("gc_"):
            found = cards.find_by_code(self.tx, self.ring, self.account.id, normal(card))
            public_id = "" if found is None else found.public_id
        found = (cards.lock if locked else cards.find)(self.tx, self.account.id, public_id)
        if found is None:
            raise NotFound("There is no such card in this account.")
        return found

    def find_contact(self, name: str) -> Contact | None:
        """The account's contact by our id; else by e-mail, phone or external id, as people write it."""
        found = contacts.find(self.tx, self.account.id, name)
        if found is None and not name.startswith(ids.CONTACT + "_"):
            kind = "email" if "@" in name else "phone" if name.startswith("+") else "external_id"
            person = read_person(country=self.account.country, **{kind: name})
            found = contacts.find_by(self.tx, self.account.id, person, API_NAMESPACE)
        return found

    def contact_of(self, card: Card) -> Contact | None:
        """Whose card it is, where anybody's."""
        return None if card.contact is None else contacts.find(self.tx, self.account.id, card.contact)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed gives. `code` only where this call may show it, once."""

    card: Card | None = None
    transfer: Transfer | None = None
    code: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of a command is read: its kind (domain.steps.FIELD_KINDS) and help for people.

    A `money` field holds minor units and has the field `currency` beside it; faces
    that write `25.00 USD` fill both. `step` is its name in recipes, "" where
    recipes do not have it; `is_path` marks what REST takes from the URL.
    """

    kind: str
    help: str
    choices: tuple[str, ...] = ()
    step: str | None = None
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One gift card deed and its faces; a face left out is None.

    `rest_path` is below `/v1/gift-cards` (`/{card}/redeem`; empty: the collection
    itself), `action` below `/v1/actions/`, `step` the recipe word, `verb` below
    `connector cards`. `answer` shapes the REST answer.
    """

    name: str
    title: str
    command: type
    perform: Callable[[Desk, Any], Outcome]
    scope: str
    answer: Callable[[Desk, Outcome], dict[str, Any]]
    status: int = 200
    rest_path: str | None = None
    action: str | None = None
    step: str | None = None
    verb: str | None = None
    gives: tuple[str, ...] = ()
    give: Callable[[Desk, Outcome], dict[str, Any]] | None = None
    changes: bool = True

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


def field_of(
    kind: str,
    help: str,  # noqa: A002 - what it is called wherever people meet it
    *,
    default: Any = dataclasses.MISSING,
    choices: tuple[str, ...] = (),
    step: str | None = None,
    is_path: bool = False,
) -> Any:
    """A command's field: as `dataclasses.field`, with its kind and a sentence for people."""
    return dataclasses.field(default=default, metadata={"field": Field(kind, help, choices, step, is_path)})


def _shortened(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says without the texts that people wrote: ids, sums and times are left."""
    card = {**data["gift_card"], "metadata": {}, "message": None, "note": None}
    contact = data["contact"] and {**data["contact"], "tags": []}
    return {**data, "gift_card": card, "contact": contact, "shortened": True}


def contact_json(contact: Contact) -> dict[str, Any]:
    """A contact as messages show them."""
    person = Person(
        contact.external_id,
        contact.email,
        contact.phone,
        contact.first_name,
        contact.last_name,
        tuple(contact.tags),
    )
    return {"id": contact.public_id, **person_json(person)}


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
        message = f"must be a whole number of minor units between 1 and {MAX_MINOR}"
        raise ValidationFailed(f"{field_name} {message}", errors=[FieldError(field_name, message)])
    return amount
