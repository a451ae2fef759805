"""A card's balance by its code, for whoever holds the card and has no key: what the balance page asks.

The rule that holds: the code is the whole proof. No id finds a card here, nobody's name is told, and a
code that nobody has raises UnknownCode, so that the doors count it as a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.accounts import Account
from ..domain.cards import GOOD, state_of
from ..domain.codes import normal
from ..domain.errors import UnknownCode
from ..domain.spoken import first_day, spoken_sum
from ..store import accounts, cards
from .letter_values import account_values, page_locale, validity
from .parts import Parts

MAX_CODE = 100
"""More symbols than any code has, with blanks and dashes."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose cards a balance page is for."""

    slug: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class ShownBalance:
    """What is left on a card. `balance` is what can be spent; empty where nothing can."""

    locale: str
    state: str
    balance: str
    currency: str
    last4: str
    validity: str
    usable_from: str
    is_sandbox: bool


class BalancePages:
    """The verbs of the balance page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def issuer(self, slug: str) -> Issuer | None:
        """Whose page this is, or None."""
        account = self._account(slug)
        return None if account is None else self._issuer(account)

    def only_issuer(self) -> Issuer | None:
        """The one account that there is; None where there are several, each with a page of its own."""
        with self._parts.engines.reading() as connection:
            found = accounts.page(connection, after="", limit=2)
        return self._issuer(found[0]) if len(found) == 1 else None

    def shown(self, slug: str, code: str, wished: Sequence[str] = ()) -> ShownBalance:
        """What is left on the account's card with this code, told as `wished` by the browser. UnknownCode."""
        account = self._account(slug)
        if account is None or len(code) > MAX_CODE or not code.strip():
            raise UnknownCode("There is no such card in this account.")
        with self._parts.engines.reading() as connection:
            card = cards.find_by_code(connection, self._parts.ring, account.id, normal(code))
        if card is None:
            raise UnknownCode("There is no such card in this account.")
        state = state_of(card.life, self._parts.clock.now() + account.clock_offset)
        is_good, locale = state in GOOD, page_locale(*wished)
        return ShownBalance(
            locale=locale,
            state=state,
            balance=spoken_sum(card.available, card.currency, locale) if is_good else "",
            currency=card.currency,
            last4=card.last4,
            validity=validity(card, account, locale),
            usable_from="" if card.usable_at is None else first_day(card.usable_at, account.timezone, locale),
            is_sandbox=account.sandbox,
        )

    def _issuer(self, account: Account) -> Issuer:
        return Issuer(account.slug, account.name, account_values(self._parts, account)["color"])

    def _account(self, slug: str) -> Account | None:
        with self._parts.engines.reading() as connection:
            return accounts.find(connection, slug)
