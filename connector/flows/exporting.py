"""Exports: every card of an account as rows of a file, oldest first, page by page.

Codes are in it only where they were asked for, and each is noted before it is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.cards import Life, state_of
from ..domain.errors import NotFound
from ..domain.events import rfc3339
from ..domain.money import Money
from ..operations.kit import API_NAMESPACE
from ..store import audit, cards, exports
from ..store.writer import Writing
from .card_rows import RECIPIENT, WRITTEN
from .parts import Parts

AT_ONCE: Final = 500
_MOMENTS: Final = ("usable_at", "expires_at", "disabled_at", "created_at")
_SUMS: Final = ("balance", "held", "initial_amount")
_TEXTS: Final = (
    *("last4", "currency", "kind", "program", "external_id", "email", "phone", "first_name", "last_name"),
    *("message", "note", "source"),
)


@dataclass(frozen=True, slots=True)
class Export:
    """An export that has been begun: its columns, how many cards are to come, and their pages.

    A page's rows hold texts by column; only `metadata` is an object, None is nothing.
    """

    columns: tuple[str, ...]
    total: int
    pages: Iterator[list[dict[str, Any]]]


def export(
    parts: Parts, account: Account, *, after: str | None = None, with_codes_for: Actor | None = None
) -> Export:
    """The account's cards as they are when their page is read, those made meanwhile left out.

    `after`: only those behind this card's id, NotFound where there is none. Cards that
    were removed are left out. Codes are shown to `with_codes_for`, and to nobody else.
    """
    with parts.engines.reading() as connection:
        start = 0 if after is None else exports.number_of(connection, account.id, after)
        if start is None:
            raise NotFound(f"There is no card {(after or '')[:40]!r} in this account to go on behind.")
        last = exports.last(connection, account.id)
        total = exports.count(connection, account.id, after=start)
    columns = WRITTEN if with_codes_for is None else (WRITTEN[0], "code", *WRITTEN[1:])
    return Export(columns, total, _pages(parts, account, start, last, with_codes_for))


def _pages(
    parts: Parts, account: Account, after: int, last: int, shown_to: Actor | None
) -> Iterator[list[dict[str, Any]]]:
    while True:
        with parts.engines.reading() as connection:
            found = exports.page(
                connection, account.id, after=after, last=last, limit=AT_ONCE, namespace=API_NAMESPACE
            )
        if not found:
            return
        codes = {} if shown_to is None else _codes(parts, account, found, shown_to)
        now = parts.clock.now() + account.clock_offset
        yield [{**_row(card, state_of(_life(card), now)), "code": codes.get(card["id"])} for card in found]
        after = found[-1]["id"]


def _row(card: Mapping[str, Any], state: str) -> dict[str, Any]:
    recipient, sender = card["recipient"] or {}, card["sender"] or {}
    return {
        "id": card["public_id"],
        "state": state,
        **{name: card[name] for name in _TEXTS},
        **{name: Money(card[name], card["currency"]).text for name in _SUMS},
        **{name: None if card[name] is None else rfc3339(card[name]) for name in _MOMENTS},
        **{name: recipient.get(part) for name, part in RECIPIENT.items()},
        "sender_name": sender.get("name"),
        "disabled_finally": "true" if card["disabled_finally"] else None,
        "metadata": card["metadata"] or None,
    }


def _life(card: Mapping[str, Any]) -> Life:
    return Life(
        card["balance"],
        card["usable_at"],
        card["expires_at"],
        card["disabled_at"],
        card["removed_at"],
        card["expired_at"],
    )


def _codes(parts: Parts, account: Account, found: list[Mapping[str, Any]], shown_to: Actor) -> dict[int, str]:
    """The codes of a page by the cards' numbers, each noted; the notes are on disk when this returns."""

    def work(tx: Writing) -> dict[int, str]:
        tx.at_account(account.clock_offset)
        for card in found:
            audit.add(
                tx,
                account_id=account.id,
                subject=card["public_id"],
                act="reveal",
                source=shown_to.source,
                origin=shown_to.origin,
                card_id=card["id"],
            )
        return {
            card["id"]: cards.opened(parts.ring, card["public_id"], card["code_sealed"]) for card in found
        }

    return parts.writer.run(work)
