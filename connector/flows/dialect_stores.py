"""Seed 003's calls as deeds of ours: a store's cards, made, listed, changed one field at a time.

The one rule: whoever is shown a code here stands in the card's audit trail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.cards import Card, state_of
from ..domain.codes import normal
from ..domain.errors import NotFound, UnknownCode
from ..operations import change_code, disable, enable, expire, issue, remove, revive, set_balance, update
from ..operations.kit import Desk, wrong
from ..store import aliases, cards, dialect_lists
from ..store.writer import Writing
from .dialect_cards import Seen, card_in, see, see_in
from .parts import Parts

NUMBERED_AT_ONCE: Final = 1_000
"""Cards that get their names when a list first comes to them, so many in one transaction."""

_WHY: Final = "written by a client of /v1/stores"
_OVER: Final = "made with an end that had passed"
_SHOWN: Final = "shown to a client of /v1/stores"


@dataclass(frozen=True, slots=True)
class Draft:
    """A new card as somebody wrote it; the balance in minor units."""

    code: str
    balance: int
    is_enabled: bool = True
    usable_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a store's cards, by flakes."""

    limit: int
    after: int | None = None
    before: int | None = None
    with_removed: bool = False


def make(desk: Desk, draft: Draft) -> Card:
    """ValidationFailed, CodeTaken, and what else an issue may be refused for.

    One whose end has passed is made all the same, and is over: stores bring their old cards here.
    """
    ended_at = draft.expires_at
    if ended_at is not None and ended_at > desk.now:
        ended_at = None
    if ended_at is not None and draft.usable_at is not None and draft.usable_at >= ended_at:
        raise wrong("usable_at", "must be before expires_at")
    outcome = issue.perform(
        desk,
        issue.Issue(
            amount=draft.balance,
            code=draft.code,
            kind="paid",
            usable_at=draft.usable_at,
            expires_at=None if ended_at is not None else draft.expires_at,
        ),
        may_be_empty=True,
    )
    card = card_in(outcome)
    if ended_at is not None:
        card, _ = expire.end_life(desk, replace(card, expires_at=ended_at), reason=_OVER)
    return card if draft.is_enabled else card_in(disable.perform(desk, disable.Disable(card.public_id)))


def change(desk: Desk, flake: int, written: Mapping[str, Any]) -> Card:
    """Do what differs from how the card stands; `written`: enabled, code, balance, usable_at, expires_at.

    NotFound, ValidationFailed, or the deeds' Conflicts.
    """
    card = desk.require_card(named(desk, flake))
    if written.get("enabled") is True and (card.disabled_at is not None or card.removed_at is not None):
        card = card_in(enable.perform(desk, enable.Enable(card.public_id)))
    if "code" in written:
        card = card_in(change_code.perform(desk, change_code.ChangeCode(card.public_id, written["code"])))
    card = _dated(
        desk, card, {name: written[name] for name in ("usable_at", "expires_at") if name in written}
    )
    if "balance" in written:
        asked = set_balance.SetBalance(card.public_id, written["balance"])
        card = card_in(set_balance.perform(desk, asked))
    if written.get("enabled") is False:
        card = card_in(disable.perform(desk, disable.Disable(card.public_id)))
    return card


def delete(desk: Desk, flake: int) -> Card:
    """Out of sight, and it pays nothing any more; again is harmless. NotFound."""
    return card_in(remove.perform(desk, remove.Remove(named(desk, flake), _WHY)))


def named(desk: Desk, flake: int) -> str:
    """The public id of the account's card with this flake; NotFound."""
    return find(desk.tx, desk.account, flake).public_id


def find(connection: Any, account: Account, flake: int) -> Card:
    """The account's card with this flake, in the account's currency; NotFound."""
    subject = aliases.by_flake(connection, account.id, "card", flake)
    found = None if subject is None else cards.find(connection, account.id, subject)
    if found is None or found.currency != account.currency:
        raise NotFound("There is no such card in this store.")
    return found


def one(parts: Parts, account: Account, actor: Actor, flake: int, *, shows_codes: bool) -> Seen:
    """NotFound."""
    with parts.engines.reading() as connection:
        found = find(connection, account, flake)
    [seen] = _seen(parts, account, actor, [found], shows_codes=shows_codes)
    return seen


def page(parts: Parts, account: Account, actor: Actor, wanted: Wanted, *, shows_codes: bool) -> list[Seen]:
    """The store's cards by their flakes, the oldest first; cards that have no names yet get them."""
    while wanted.before is not None and _number(parts, account):
        pass  # their names are above all that there are, and may be below that
    while True:
        with parts.engines.reading() as connection:
            found = dialect_lists.page(
                connection,
                account.id,
                "flake",
                currency=account.currency,
                above=wanted.after,
                below=wanted.before,
                limit=wanted.limit,
                with_removed=wanted.with_removed,
            )
        # New names are above all that there are: a page that is full, or that ends below one, has no more.
        if len(found) == wanted.limit or not _number(parts, account):
            return _seen(parts, account, actor, found, shows_codes=shows_codes)


def with_code(
    parts: Parts, account: Account, actor: Actor, code: str, wanted: Wanted, *, shows_codes: bool
) -> list[Seen]:
    """The one card of the page that has this code, in any spelling; UnknownCode where nobody's has it."""
    with parts.engines.reading() as connection:
        found = cards.find_by_code(connection, parts.ring, account.id, normal(code))
    if found is None:
        raise UnknownCode("There is no card with this code in this store.")
    is_hidden = found.removed_at is not None and not wanted.with_removed
    if is_hidden or found.currency != account.currency:
        return []
    [seen] = _seen(parts, account, actor, [found], shows_codes=False)
    is_after = wanted.after is None or seen.flake > wanted.after
    if not (is_after and (wanted.before is None or seen.flake < wanted.before)):
        return []
    return _seen(parts, account, actor, [found], shows_codes=shows_codes)


def with_codes(desk: Desk, seen: Sequence[Seen]) -> list[Seen]:
    """The same with their codes; a row of each card's audit trail keeps who was shown it."""
    codes = cards.open_codes(desk.tx, desk.ring, [one.card for one in seen])
    for one in seen:
        desk.note("reveal", one.card, reason=_SHOWN)
    return [replace(one, code=codes[one.card.id]) for one in seen]


def _seen(
    parts: Parts, account: Account, actor: Actor, found: Sequence[Card], *, shows_codes: bool
) -> list[Seen]:
    if not shows_codes or not found:
        return see(parts, account, found)

    def work(tx: Writing) -> list[Seen]:
        desk = parts.desk(tx, account, actor)
        return with_codes(desk, see_in(tx, account, found))

    return parts.writer.run(work)


def _number(parts: Parts, account: Account) -> int:
    return parts.writer.run(lambda tx: aliases.number_cards(tx, account.id, NUMBERED_AT_ONCE))


def _dated(desk: Desk, card: Card, moments: Mapping[str, Any]) -> Card:
    """With its new moments; one that is over lives again by a later end, or by none.

    A card that is sent back as it was read says when it was made where no `usable_at` is told.
    """
    if card.usable_at is None and moments.get("usable_at") == card.created_at:
        moments = {name: at for name, at in moments.items() if name != "usable_at"}
    if "expires_at" in moments and state_of(replace(card.life, disabled_at=None), desk.now) == "expired":
        ends_at = moments["expires_at"]
        if ends_at == card.expires_at:
            moments = {name: at for name, at in moments.items() if name != "expires_at"}
        elif ends_at is not None and ends_at <= desk.now:
            raise wrong("expires_at", "is in the past: a card that is over has a later end, or none")
        else:
            card = card_in(revive.perform(desk, revive.Revive(card.public_id, _WHY, ends_at)))
    if not moments:
        return card
    return card_in(update.perform(desk, update.Update(card.public_id, **moments)))
