"""A card as the published dialects see it: its other names, whose it is by number, who made and changed it.

The one rule: a page of cards costs the same few queries as one card.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card, state_of
from ..domain.ids import KEY
from ..operations.kit import Outcome
from ..store import aliases, audit, dialect_cards, keys
from ..store.aliases import Alias, Kind
from ..store.audit import Entry
from ..store.dialect_cards import NOTHING_SAID, Saying
from ..store.writer import Writing
from .parts import Parts

NAMED: Final[tuple[Kind, ...]] = ("contact", "card", "actor")
"""What has other names, in the order in which they are allotted."""

Names = Mapping[Kind, Mapping[str, Alias]]


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever did something: a key, a recipe, or a way in, by number, flake and name.

    `kind`: `key`, `recipe`, or where nobody is named the way in, such as `manual`.
    """

    kind: str
    number: int
    flake: int
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A card and what dialects say of it. `owner` is its contact's number, None where it is nobody's.

    `changed_by` and `changed_at` are None on a card that is as it was made. `code` is there
    only where the caller is shown it.
    """

    card: Card
    state: str
    number: int
    uuid: str
    flake: int
    owner: int | None
    created_by: Who
    changed_by: Who | None
    changed_at: datetime | None
    said: Saying
    code: str | None = None


def see(parts: Parts, account: Account, found: Sequence[Card]) -> list[Seen]:
    """These cards, read now; a name that is still missing is allotted."""
    with parts.engines.reading() as connection:
        facts = _Facts.of(connection, found)
        names: Names = {
            kind: aliases.known(connection, account.id, kind, facts.subjects[kind]) for kind in NAMED
        }
    if any(one not in names[kind] for kind in NAMED for one in facts.subjects[kind]):
        names = parts.writer.run(lambda tx: _allotted(tx, account, facts))
    return facts.seen(names, parts.clock.now() + account.clock_offset)


def see_in(tx: Writing, account: Account, found: Sequence[Card]) -> list[Seen]:
    """These cards as they are in an open transaction."""
    facts = _Facts.of(tx, found)
    return facts.seen(_allotted(tx, account, facts), tx.now)


def card_in(outcome: Outcome) -> Card:
    """The card that a deed leaves."""
    assert outcome.card is not None
    return outcome.card


def _allotted(tx: Writing, account: Account, facts: "_Facts") -> Names:
    return {kind: aliases.allot(tx, account.id, kind, facts.subjects[kind]) for kind in NAMED}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What stands beside a page of cards."""

    cards: Sequence[Card]
    changes: Mapping[int, Entry]
    said: Mapping[int, Saying]
    keys: Mapping[str, str]
    subjects: Mapping[Kind, Sequence[str]]

    @classmethod
    def of(cls, connection: Any, found: Sequence[Card]) -> "_Facts":
        rows = [card.id for card in found]
        changes = audit.newest_of(connection, rows)
        actors = dict.fromkeys(_actor(card.source, card.origin) for card in found)
        actors |= dict.fromkeys(_actor(one.source, one.origin) for one in changes.values())
        subjects: dict[Kind, Sequence[str]] = {
            "card": [card.public_id for card in sorted(found, key=lambda card: card.id)],
            "contact": list(dict.fromkeys(card.contact for card in found if card.contact is not None)),
            "actor": list(actors),
        }
        named = [one for one in actors if one.startswith(f"{KEY}_")]
        said = dialect_cards.of(connection, rows)
        return cls(found, changes, said, keys.names_of(connection, named), subjects)

    def seen(self, names: Names, now: datetime) -> list[Seen]:
        return [self._seen(card, names, now) for card in self.cards]

    def _seen(self, card: Card, names: Names, now: datetime) -> Seen:
        own, change = names["card"][card.public_id], self.changes.get(card.id)
        return Seen(
            card=card,
            state=state_of(card.life, now),
            number=own.number,
            uuid=own.uuid,
            flake=own.flake,
            owner=None if card.contact is None else names["contact"][card.contact].number,
            created_by=self._who(_actor(card.source, card.origin), names),
            changed_by=None if change is None else self._who(_actor(change.source, change.origin), names),
            changed_at=None if change is None else max(change.created_at, card.updated_at),
            said=self.said.get(card.id, NOTHING_SAID),
        )

    def _who(self, subject: str, names: Names) -> Who:
        kind, _, rest = subject.partition(":")
        if subject.startswith(f"{KEY}_"):
            kind, rest = "key", self.keys.get(subject) or subject
        own = names["actor"][subject]
        return Who(kind, own.number, own.flake, rest or kind)


def _actor(source: str, origin: Mapping[str, Any]) -> str:
    """Under which name whoever did something is numbered: a key's id, `recipe:…`, or the way in."""
    key, recipe = origin.get("key_id"), origin.get("recipe")
    if key:
        return str(key)
    return f"recipe:{recipe}" if recipe else source
