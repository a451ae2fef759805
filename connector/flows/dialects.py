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
from . import dialect_giftcards
from .dialect_cards import Seen, see_in
from .dialect_giftcards import Sheet
from .parts import Parts
from .perform import Answered, Idempotency, once

Show = Callable[[Seen], Mapping[str, Any]]
"""A card in a dialect's own spelling."""


class Dialects:
    """The dialects' verbs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

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
