"""Seed 002's calls as deeds of ours: cards made, changed and disabled by their numbers.

The one rule: one call is one transaction. After its making a card's end, note and template may
change; its balance only by the call that is for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from ..domain import codes
from ..domain.accounts import Account, Actor
from ..domain.cards import Card, require_alive, state_of
from ..domain.errors import NotFound
from ..domain.orders import Coded
from ..domain.validity import end_of_day, local_day
from ..operations import disable, issue, revive, set_balance, update
from ..operations.kit import Desk, Outcome, wrong
from ..store import aliases, cards, dialect_cards
from ..store.dialect_cards import NOTHING_SAID
from ..store.writer import Writing
from . import dialect_people, token_mails
from .assigning import assign, dashed_end, folded
from .dialect_cards import Seen, card_in, see, see_in
from .dialect_external_lists import Line, Page, Wanted, line_in, list_cards
from .parts import Parts
from .perform import Answered, Idempotency, once

Show = Callable[[Seen], Mapping[str, Any]]

_WHY: Final = "written by a client of /api/external"
MAX_SUFFIX: Final = 255  # characters of a template's name: it is a file's


@dataclass(frozen=True, slots=True)
class Draft:
    """A new card as somebody wrote it; the amount in minor units of the account's currency."""

    amount: int
    code: str | None = None
    note: str | None = None
    template_suffix: str | None = None
    expires_on: date | None = None
    customer: int | None = None


class External:
    """The verbs of this dialect."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def card(self, account: Account, card_number: int) -> Seen:
        """NotFound."""
        with self._parts.engines.reading() as connection:
            found = cards.find(connection, account.id, _named(connection, account, card_number))
        if found is None:
            raise NotFound("There is no such card in this account.")
        return see(self._parts, account, [found])[0]

    def cards(self, account: Account, wanted: Wanted) -> Page:
        """One page of those that are asked for. BadRequest."""
        return list_cards(self._parts, account, wanted)

    def make(
        self, account: Account, actor: Actor, draft: Draft, show: Show, key: Idempotency | None
    ) -> Answered:
        """A new card, with its code in the answer this once."""

        def work(tx: Writing) -> Answered:
            card, code = make(self._parts.desk(tx, account, actor), draft)
            [seen] = see_in(tx, account, [card])
            return Answered(201, show(replace(seen, code=code)))

        return once(self._parts, account, work, key)

    def change(
        self,
        account: Account,
        actor: Actor,
        card_number: int,
        written: Mapping[str, Any],
        show: Show,
        key: Idempotency | None,
    ) -> Answered:
        """What is written changes (expires_on, note, template_suffix), the rest stays."""

        def work(tx: Writing) -> Answered:
            card = change(self._parts.desk(tx, account, actor), card_number, written)
            return Answered(200, show(see_in(tx, account, [card])[0]))

        return once(self._parts, account, work, key)

    def disable(
        self, account: Account, actor: Actor, card_number: int, show: Show, key: Idempotency | None
    ) -> Answered:
        """For good; again is harmless."""

        def work(tx: Writing) -> Answered:
            card = stop(self._parts.desk(tx, account, actor), card_number)
            return Answered(200, show(see_in(tx, account, [card])[0]))

        return once(self._parts, account, work, key)

    def set_balance(
        self,
        account: Account,
        actor: Actor,
        card_number: int,
        read: Callable[[str], int],
        show: Callable[[Line], Mapping[str, Any]],
        key: Idempotency | None,
    ) -> Answered:
        """The card holds what `read` makes of its currency; what is shown is the movement."""

        def work(tx: Writing) -> Answered:
            desk = self._parts.desk(tx, account, actor)
            outcome = bring_to(desk, card_number, read)
            return Answered(200, show(line_in(tx, account, actor, outcome)))

        return once(self._parts, account, work, key)

    def ask_for_token(self, address: str) -> None:
        """The account with this address, if there is one, is sent an access token."""
        token_mails.ask(self._parts, address)

    def assign(
        self,
        account: Account,
        actor: Actor,
        order: int,
        asked: Sequence[Coded],
        key: Idempotency | None,
    ) -> Answered:
        """Predefined codes for the gift cards of an order, which a job makes."""
        return assign(self._parts, account, actor, order, asked, key)


def make(desk: Desk, draft: Draft) -> tuple[Card, str]:
    """The card, and its code as this dialect writes it. ValidationFailed, CodeTaken."""
    owner = None
    if draft.customer is not None:
        owner = dialect_people.found_or_made(desk, draft.customer, "customer_id").public_id
    _require_suffix(draft.template_suffix)
    ends = draft.expires_on
    outcome = issue.perform(
        desk,
        issue.Issue(
            amount=draft.amount,
            code=draft.code,
            note=draft.note,
            kind="paid",
            contact_id=owner,
            expires_at=None if ends is None else end_of_day(ends, desk.account.timezone),
        ),
    )
    assert outcome.code is not None
    # One of ours is told without the dashes that make it readable on paper; a caller keeps its own.
    code = codes.normal(outcome.code) if draft.code is None else folded(draft.code)
    last = dashed_end(code)
    if last is not None or draft.template_suffix is not None:
        said = replace(NOTHING_SAID, template_suffix=draft.template_suffix, last_characters=last)
        dialect_cards.put(desk.tx, card_in(outcome).id, said)
    return card_in(outcome), code


def change(desk: Desk, card_number: int, written: Mapping[str, Any]) -> Card:
    """What of `written` (expires_on, note, template_suffix) differs is done; NotFound, ValidationFailed."""
    card = before = desk.require_card(_named(desk.tx, desk.account, card_number))
    if "template_suffix" in written:
        _require_suffix(written["template_suffix"])
        said = dialect_cards.of(desk.tx, [card.id]).get(card.id, NOTHING_SAID)
        kept = replace(said, template_suffix=written["template_suffix"])
        if kept != said:
            dialect_cards.put(desk.tx, card.id, kept)
    changed = {"note": written["note"]} if "note" in written else {}
    if "expires_on" in written and written["expires_on"] != end_shown(desk.account, card):
        ends = written["expires_on"]
        ends_at = None if ends is None else end_of_day(ends, desk.account.timezone)
        if state_of(replace(card.life, disabled_at=None), desk.now) == "expired":
            if ends_at is not None and ends_at <= desk.now:
                raise wrong("expires_on", "is in the past: a card that is over has a later end, or none")
            card = card_in(revive.perform(desk, revive.Revive(card.public_id, _WHY, ends_at)))
        else:
            changed["expires_at"] = ends_at
    if changed:
        card = card_in(update.perform(desk, update.Update(card.public_id, **changed)))
    return card if card is not before and card != before else _touched(desk, card, written)


def stop(desk: Desk, card_number: int) -> Card:
    """Disabled for good, a removed card too: it may be restored elsewhere. NotFound."""
    card = desk.require_card(_named(desk.tx, desk.account, card_number))
    return card_in(disable.for_good(desk, card, _WHY))


def bring_to(desk: Desk, card_number: int, read: Callable[[str], int]) -> Outcome:
    """One transfer of the difference, under the card's lock; none where it holds that already.

    NotFound, ValidationFailed, CardDisabled, CardExpired.
    """
    card = desk.require_card(_named(desk.tx, desk.account, card_number))
    require_alive(card.life, card.public_id, desk.now)
    return set_balance.perform(desk, set_balance.SetBalance(card.public_id, read(card.currency)))


def end_shown(account: Account, card: Card) -> date | None:
    """The last day on which it is good, where the business is."""
    return None if card.expires_at is None else local_day(card.expires_at, account.timezone)


def last_characters(seen: Seen) -> str:
    """The last four of its code; with a dash where whoever chose the code put one there."""
    own, kept = seen.card.last4.lower(), seen.said.last_characters
    # A code can be changed elsewhere: what was kept holds while it still fits.
    return kept if kept is not None and own.endswith(codes.normal(kept)) else own


def _named(connection: Any, account: Account, card_number: int) -> str:
    """The public id of the account's card with this number; NotFound."""
    found = aliases.by_number(connection, account.id, "card", card_number)
    if found is None:
        raise NotFound("There is no such card in this account.")
    return found


def _require_suffix(text: str | None) -> None:
    if text is not None and len(text) > MAX_SUFFIX:
        raise wrong("template_suffix", f"has more than {MAX_SUFFIX} characters")


def _touched(desk: Desk, card: Card, written: Sequence[str] | Mapping[str, Any]) -> Card:
    """Marked as written: nothing moved that anybody is told of."""
    if card.removed_at is not None:
        return card
    changed = cards.change(desk.tx, card, {})
    desk.note("update", changed, details={"fields": sorted(written)})
    return changed
