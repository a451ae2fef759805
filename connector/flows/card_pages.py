"""A card's page by its signed link: what its recipient sees, and that it was opened.

The rule that holds: a link that is forged, over, renewed, or of a card that is gone is None, and nobody
learns which. Opening is a deed of its own, told once for each sitting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..domain.accounts import Account, Actor
from ..domain.cards import GOOD, Card, state_of
from ..domain.errors import NotFound
from ..domain.links import Opened
from ..domain.spoken import first_day, spoken_sum
from ..operations import choosing
from ..operations.kit import Desk
from ..store import accounts, audit, cards, contacts, programs
from ..store.engine import Reading
from ..store.writer import Writing
from .letter_values import account_values, page_locale, validity
from .parts import Parts

ONE_OPENING: Final = timedelta(minutes=30)
"""Who looks again within it goes on looking: a reloaded page is no second opening, nor a flood."""
SHOWN_AFTER_END: Final = timedelta(days=90)
"""How long a page says that its card has ended; then its link is over, too."""
BY_RECIPIENT: Final = Actor("link", {"by": "recipient"})


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card as its recipient reads it. `code` is None where it cannot be spent any more.

    `choices`: slug and name of each program that its holder may choose still; `program`: the name of the
    one that was chosen.
    """

    locale: str
    issuer: str
    color: str
    state: str
    balance: str
    amount: str
    currency: str
    code: str | None
    validity: str
    usable_from: str
    message: str
    sender: str
    recipient: str
    balance_page: str
    is_sandbox: bool
    choices: tuple[tuple[str, str], ...] = ()
    program: str = ""


class CardPages:
    """The verbs on cards' pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def url(self, account: Account, card: str) -> str:
        """The address of a card's page, for whoever may see its code."""
        with self._parts.engines.reading() as connection:
            found = cards.find(connection, account.id, card)
        if found is None:
            raise NotFound(f"There is no gift card {card[:80]} in this account.")
        now = self._parts.clock.now() + account.clock_offset
        return self._parts.links.url(found.public_id, now, found.link_number)

    def shown(self, token: str, wished: Sequence[str] = ()) -> ShownCard | None:
        """The card that a link leads to, or None. Changes nothing.

        In its recipient's language, else its owner's, else the first of `wished` that we speak.
        """
        parts = self._parts
        said = parts.links.read(token, parts.clock.now())
        if said is None:
            return None
        with parts.engines.reading() as connection:
            account_id = cards.account_of(connection, said.card)
            if account_id is None:
                return None
            account = accounts.by_id(connection, account_id)
            card = cards.find(connection, account.id, said.card)
            if card is None or self._is_over(account, card, said):
                return None
            state = state_of(card.life, parts.clock.now() + account.clock_offset)
            is_good = state in GOOD
            code = cards.open_code(connection, parts.ring, card) if is_good else None
            locale = page_locale((card.recipient or {}).get("locale"), _owners(connection, card), *wished)
            choices, chosen = _programs(connection, card) if is_good else ((), "")
        values = account_values(parts, account)
        return ShownCard(
            locale=locale,
            issuer=account.name,
            color=values["color"],
            state=state,
            balance=spoken_sum(card.available, card.currency, locale),
            amount=spoken_sum(card.initial_amount, card.currency, locale),
            currency=card.currency,
            code=code,
            validity=validity(card, account, locale),
            usable_from="" if card.usable_at is None else first_day(card.usable_at, account.timezone, locale),
            message=card.message or "",
            sender=str((card.sender or {}).get("name") or ""),
            recipient=str((card.recipient or {}).get("name") or ""),
            balance_page=values["balance_page"],
            is_sandbox=account.sandbox,
            choices=choices,
            program=chosen,
        )

    def choose(self, token: str, program: str) -> bool:
        """Bind the card to the program that its holder chose. False: the link leads to no good card.

        ValidationFailed for what is none of its choices, Conflict where it is of another one already.
        """
        said = self._parts.links.read(token, self._parts.clock.now())
        return said is not None and self._parts.writer.run(lambda tx: self._bind(tx, said, program))

    def _bind(self, tx: Writing, said: Opened, program: str) -> bool:
        found = self._card(tx, said)
        if found is None or state_of(found[1].life, found[0].now) not in GOOD:
            return False
        choosing.bind(*found, program)
        return True

    def opened(self, token: str) -> bool:
        """Somebody looks at a card: told once for each opening. False: the link leads nowhere."""
        said = self._parts.links.read(token, self._parts.clock.now())
        return said is not None and self._parts.writer.run(lambda tx: self._note(tx, said))

    def _note(self, tx: Writing, said: Opened) -> bool:
        found = self._card(tx, said)
        if found is None:
            return False
        desk, card = found
        is_new = card.opened_at is None or desk.now - card.opened_at >= ONE_OPENING
        if is_new:
            desk.change("open", card, {"opened_at": desk.now}, ("gift_card.opened",))
        return True

    def _card(self, tx: Writing, said: Opened) -> tuple[Desk, Card] | None:
        """The locked card that a link leads to, and where its holder's deeds are done; None: nowhere."""
        account_id = cards.account_of(tx, said.card)
        if account_id is None:
            return None
        account = accounts.by_id(tx, account_id)
        desk = self._parts.desk(tx, account, BY_RECIPIENT)
        card = desk.require_card(said.card)
        return None if self._is_over(account, card, said) else (desk, card)

    def _is_over(self, account: Account, card: Card, said: Opened) -> bool:
        if card.has_no_page or said.number != card.link_number:
            return True
        now = self._parts.clock.now() + account.clock_offset
        return card.expires_at is not None and card.expires_at <= now - SHOWN_AFTER_END


def _owners(connection: Reading, card: Card) -> object:
    """The locale of whose card it is."""
    if card.contact is None:
        return None
    found = contacts.find(connection, card.account_id, card.contact)
    return None if found is None else found.attributes.get("locale")


def _programs(connection: Reading, card: Card) -> tuple[tuple[tuple[str, str], ...], str]:
    """What the card may choose among still, by slug and name; or the name of what was chosen.

    A program that its issuer gave it is no business of its holder's: its name may be for the house alone.
    """
    if card.programs:
        found = [programs.find(connection, card.account_id, slug) for slug in card.programs]
        return tuple((one.slug, one.name) for one in found if one is not None), ""
    if card.program is None:
        return (), ""
    chosen = audit.Filters(subject=card.public_id, act=choosing.CHOSEN)
    if not audit.list_page(connection, card.account_id, chosen, after=None, limit=1):
        return (), ""
    own = programs.find(connection, card.account_id, card.program)
    return (), "" if own is None else own.name
