"""Which cards have a word: themselves, by their contact, or at the end of their code.

The one rule: a word is first looked up in the index of words, where most belong to cards or to
contacts only: what nobody has is not asked of a thousand cards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from . import words
from .card_filters import SHIELDED
from .tables import cards, search_words

_BOTH: Final = frozenset((words.CARD, words.CONTACT))


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is asked for, and what has it: words.CARD, words.CONTACT, or both."""

    account_id: int
    word: bytes
    kinds: frozenset[str] = _BOTH

    @property
    def ending(self) -> str | None:
        """What a code may end in; None where none ends in the word."""
        text = self.word.decode("utf-8", "replace").upper()
        return text if len(text) == 4 and text.isascii() else None

    @property
    def is_nowhere(self) -> bool:
        return not self.kinds and self.ending is None

    def numbers(self) -> Any:
        """The numbers of the cards that have it."""
        here = select(search_words.c.row_id).where(*self._here())
        found = []
        if words.CARD in self.kinds:
            found.append(here.where(search_words.c.kind == words.CARD))
        if words.CONTACT in self.kinds:
            people = here.where(search_words.c.kind == words.CONTACT)
            found.append(self._cards().where(cards.c.contact_id.in_(people)))
        if self.ending is not None or not found:
            found.append(self._cards().where(cards.c.last4 == self.ending))
        union = found[0].union_all(*found[1:]).subquery()
        return select(next(iter(union.c)))

    def is_of(self, columns: Mapping[str, Any] = SHIELDED) -> Any:
        """Whether one card has it, asked of that card.

        Without its offset, PostgreSQL would make a join of it, and turn that round, or first
        take all cards that have it.
        """
        here = select(1).where(*self._here()).offset(0)
        rows = {words.CARD: "id", words.CONTACT: "contact_id"}
        found = [
            here.where(search_words.c.kind == kind, search_words.c.row_id == columns[name]).exists()
            for kind, name in rows.items()
            if kind in self.kinds
        ]
        return or_(*found, *([] if self.ending is None else [columns["last4"] == self.ending]))

    def is_in(self, kind: str) -> Any:
        """Whether any card, or any contact, has it."""
        return select(1).where(*self._here(), search_words.c.kind == kind).exists()

    def _here(self) -> list[Any]:
        return [search_words.c.account_id == self.account_id, search_words.c.word == self.word]

    def _cards(self) -> Any:
        return select(cards.c.id).where(cards.c.account_id == self.account_id)


def looked_up(connection: Connection, account_id: int, asked: Sequence[bytes]) -> list[Word]:
    """The words, and what has them, in one question."""
    if not asked:
        return []
    pairs = [(Word(account_id, word), kind) for word in asked for kind in sorted(_BOTH)]
    there = connection.execute(select(*(word.is_in(kind) for word, kind in pairs))).one()
    having = [(word.word, kind) for (word, kind), is_there in zip(pairs, there, strict=True) if is_there]
    return [
        Word(account_id, word, frozenset(kind for other, kind in having if other == word)) for word in asked
    ]


def with_word(account_id: int, word: bytes) -> Any:
    """The numbers of the cards that have a word, whoever may have it."""
    return Word(account_id, word).numbers()
