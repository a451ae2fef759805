"""What the doors of the published dialects may ask: seeds 001, 002 and 003 on our ledger.

The one rule: one call is one transaction, its Idempotency-Key included, however many deeds
it comes to. Each deed has its message and its row in the audit trail as everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.accounts import Account, Actor
from ..domain.cards import Card
from ..operations.kit import Desk
from ..store.writer import Writing
from . import dialect_giftcards, dialect_stores
from .dialect_cards import Seen, see_in
from .dialect_external import External
from .dialect_giftcards import Sheet
from .dialect_stores import Draft, Wanted
from .parts import Parts
from .perform import Answered, Idempotency, once

Show = Callable[[Seen], Mapping[str, Any]]
"""A card in a dialect's own spelling."""


class Dialects:
    """The dialects' verbs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.external = External(parts)  # seed 002: /api/external

    # Seed 001: /giftcards

    def client_cards(self, account: Account, number: int) -> Sequence[Seen]:
        """Those of one client that are to be shown, oldest first; none for a number of nobody's."""
        return dialect_giftcards.of_client(self._parts, account, number)

    def put_gift_card(
        self, account: Account, actor: Actor, sheet: Sheet, show: Show, key: Idempotency | None
    ) -> Answered:
        """A card as it was written whole: made, or brought to that."""
        return do(self._parts, account, actor, lambda desk: dialect_giftcards.put(desk, sheet), show, key)

    def take_gift_card_away(
        self, account: Account, actor: Actor, uuid: str, show: Show, key: Idempotency | None
    ) -> Answered:
        """Out of sight, and it pays nothing any more."""
        return do(
            self._parts, account, actor, lambda desk: dialect_giftcards.take_away(desk, uuid), show, key
        )

    # Seed 003: /v1/stores

    def make_store_card(
        self,
        account: Account,
        actor: Actor,
        draft: Draft,
        show: Show,
        key: Idempotency | None,
        *,
        shows_codes: bool,
    ) -> Answered:
        """A new card. Its code is shown to who makes it; again to who is shown codes."""

        def deed(desk: Desk) -> Card:
            return dialect_stores.make(desk, draft)

        return _with_code(self._parts, account, actor, deed, show, key, 201, shows_again=shows_codes)

    def change_store_card(
        self,
        account: Account,
        actor: Actor,
        flake: int,
        written: Mapping[str, Any],
        show: Show,
        key: Idempotency | None,
        *,
        shows_codes: bool,
    ) -> Answered:
        """What is written changes, the rest stays."""

        def deed(desk: Desk) -> Card:
            return dialect_stores.change(desk, flake, written)

        if not shows_codes:
            return do(self._parts, account, actor, deed, show, key)
        return _with_code(self._parts, account, actor, deed, show, key)

    def delete_store_card(
        self, account: Account, actor: Actor, flake: int, key: Idempotency | None
    ) -> Answered:
        """Out of sight, and it pays nothing any more; nothing is shown."""

        def deed(desk: Desk) -> Card:
            return dialect_stores.delete(desk, flake)

        return do(self._parts, account, actor, deed, lambda _: {}, key, 204)

    def store_card(self, account: Account, actor: Actor, flake: int, *, shows_codes: bool) -> Seen:
        """NotFound."""
        return dialect_stores.one(self._parts, account, actor, flake, shows_codes=shows_codes)

    def store_cards(
        self, account: Account, actor: Actor, wanted: Wanted, *, shows_codes: bool
    ) -> Sequence[Seen]:
        """One page, the oldest first."""
        return dialect_stores.page(self._parts, account, actor, wanted, shows_codes=shows_codes)

    def store_cards_by_code(
        self, account: Account, actor: Actor, code: str, wanted: Wanted, *, shows_codes: bool
    ) -> Sequence[Seen]:
        """UnknownCode where no card has it."""
        return dialect_stores.with_code(self._parts, account, actor, code, wanted, shows_codes=shows_codes)


def do(
    parts: Parts,
    account: Account,
    actor: Actor,
    deed: Callable[[Desk], Card],
    show: Show,
    key: Idempotency | None,
    status: int = 200,
) -> Answered:
    """One call: its deeds, and the card that they end with as the dialect shows it."""

    def work(tx: Writing) -> Answered:
        card = deed(parts.desk(tx, account, actor))
        [seen] = see_in(tx, account, [card])
        return Answered(status, show(seen))

    return once(parts, account, work, key)


def _with_code(
    parts: Parts,
    account: Account,
    actor: Actor,
    deed: Callable[[Desk], Card],
    show: Show,
    key: Idempotency | None,
    status: int = 200,
    *,
    shows_again: bool = True,
) -> Answered:
    """As `do`, for a caller who is shown the card's code.

    `shows_again`: so is this caller where another one had the answer first.
    """

    def work(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        card = deed(desk)
        [seen] = dialect_stores.with_codes(desk, see_in(tx, account, [card]))
        return Answered(status, show(seen))

    def shown(tx: Writing, body: Mapping[str, Any], is_own: bool) -> Mapping[str, Any]:
        if is_own:
            return body
        if not shows_again:
            return {**body, "code": None}
        desk = parts.desk(tx, account, actor)
        dialect_stores.with_codes(
            desk, see_in(tx, account, [dialect_stores.find(tx, account, int(body["id"]))])
        )
        return body

    return once(parts, account, work, key, shown)
