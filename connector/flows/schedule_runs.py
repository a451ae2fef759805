"""Those whom a schedule's tick goes over: each with a run of its own, in a savepoint of its own.

An event is kept, with its run, only where the recipe acted or failed; whom it did not
match is counted, by condition. Where a recipe fails at everybody, that is kept once
and not for each of a hundred thousand; nobody is passed over for it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Actor
from ..domain.cards import Card, card_json
from ..domain.contacts import Person
from ..domain.errors import Unavailable
from ..domain.events import person_json, rfc3339
from ..domain.money import Money
from ..logs import log
from ..operations.kit import Desk
from ..recipes.recipe import Recipe
from ..recipes.schema import SCHEDULED
from ..recipes.tracing import ERROR
from ..store import cards, contacts, events, runs, ticks
from ..store.contacts import Contact
from ..store.ticks import Place
from ..store.writer import DatabaseFault, Writing
from .guesses import Guesser, Lookups
from .parts import Parts
from .payloads import kept_text
from .performing import Happening
from .run import COSTLY, Ended, Run, row_of, snapshot, tell_of, walk

SOURCE: Final = "schedule"
"""Source and adapter of events that a schedule makes."""

BATCH: Final = 100  # some 50 ms of SQLite's one writer; a delivery that waits for it is still answered inline
ALIKE: Final = 20
"""So many who fail at one place while nobody comes further: not they are wrong, but the recipe."""

_UNREAD: Final = ("not_matched", "already_done")


@dataclass(frozen=True, slots=True)
class Going:
    """One schedule as it is gone over: what each of its runs needs."""

    parts: Parts
    desk: Desk
    recipe: Recipe
    tick_at: datetime
    counts: "Counts"

    @property
    def asked(self) -> frozenset[str]:
        return frozenset(name for name in COSTLY if name in self.recipe.text)


class _NotKept(Exception):
    """A run that leaves nothing but a number: undo what little it did."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended


class _DoneBefore(Exception):
    """The same tick of the same recipe for the same subject is kept already."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One of those whom a tick goes over: its place, and the run that it is for."""

    place: Place
    walk: Callable[[], Ended | None]


class _Alike(Exception):
    """The recipe fails at everybody: undo what the batch kept, which is nothing but failures."""

    def __init__(self, last: Ended) -> None:
        self.last = last


def go_over(going: Going, turns: Sequence[Turn]) -> None:
    """Let each have its turn, of those who all fail at one place only the numbers are kept."""
    first = 0
    while first < len(turns):
        first = _go_on(going, turns, first)


def _go_on(going: Going, turns: Sequence[Turn], first: int) -> int:
    """From the turn `first` on; where to go on once that has shown that the recipe fails at everybody."""
    tx, counts, at = going.desk.tx, going.counts, first
    try:
        with tx.savepoint():
            for at in range(first, len(turns)):
                ended = turns[at].walk()
                counts.note(ended)
                tx.pause("scheduled.after_one")
                if ended is not None and counts.hopeless(ended):
                    raise _Alike(ended)
    except _Alike as alike:
        _keep_once(going, alike.last)
        for turn in turns[first : at + 1]:  # who failed at another place has a run of its own again
            turn.walk()
    return at + 1


def _keep_once(going: Going, last: Ended) -> None:
    """One run and one message for all of them; of nobody, and so not to be replayed."""
    desk, recipe, counts = going.desk, going.recipe, going.counts
    line = _line_of(last)
    count = counts.failing[line]
    run = ids.new_id(ids.RUN, desk.tx.wall)
    counts.alike[line] = run
    told = {
        "id": run,
        "recipe": recipe.name,
        "revision": recipe.revision,
        "reason": f"{count} failed here and nobody came further, so of this tick no more such runs are "
        f"kept, only how many they are. The last: {last.reason}",
        "place": last.place,
    }
    row = {name: value for name, value in told.items() if name != "id"}
    whose = {"public_id": run, "account_id": desk.account.id, "event_id": None, "contact_id": None}
    kept: dict[str, Any] = {
        **row,
        **whose,
        "outcome": "failed",
        "trace": _without_values(last.trace),
        "outputs": {},
    }
    runs.add_all(desk.tx, [kept])
    origin = Actor("recipe", {"recipe": recipe.name, "run_id": run})
    own = dataclasses.replace(desk, actor=origin, chain=(recipe.name,))
    tell_of(own, "recipe.failed", {**told, "event": None, "count": count})
    about = {"recipe": recipe.name, "account": desk.account.slug, "run": run, "failed": count}
    log.error("schedule_fails_alike", **about)


def _without_values(trace: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the lines saw is one person's, whom nothing of such a run leads to when they are erased."""
    return [{name: value for name, value in line.items() if name != "values"} for line in trace]


def newest_of(tx: Writing, recipe: Recipe) -> int:
    """The newest of those whom a tick that begins now goes over: what its own runs make has no turn in it."""
    assert recipe.schedule is not None
    newest = {"contact": ticks.newest_contact, "card": ticks.newest_card}.get(recipe.schedule.for_each or "")
    return 0 if newest is None else newest(tx)


def turns_of(going: Going, place: Place, upto_id: int) -> Sequence[Turn]:
    recipe, desk = going.recipe, going.desk
    assert recipe.schedule is not None
    if recipe.schedule.for_each == "contact":
        people = ticks.contacts_behind(desk.tx, desk.account.id, place, upto_id, BATCH)
        return [Turn(Place(one.id), partial(_for_contact, going, one)) for one in people]
    if recipe.schedule.for_each == "card":
        found = ticks.cards_behind(desk.tx, desk.account.id, place, upto_id, BATCH)
        return [Turn(behind, partial(_for_card, going, card)) for card, behind in found]
    return [Turn(Place(), partial(_run, going, "", None, None))]


def _for_contact(going: Going, contact: Contact) -> Ended | None:
    held = _held(going.desk, contact)
    return None if held is None else _run(going, held.public_id, held, None)


def _for_card(going: Going, public_id: str) -> Ended | None:
    desk = going.desk
    card = cards.find(desk.tx, desk.account.id, public_id)
    contact = None if card is None else desk.contact_of(card)
    if contact is not None:
        contact = contacts.lock(desk.tx, contact)
        card = cards.find(desk.tx, desk.account.id, public_id)
    if card is None or card.removed_at is not None:
        return None
    is_known = contact is not None and contact.erased_at is None
    return _run(going, card.public_id, contact if is_known else None, card)


def _held(desk: Desk, contact: Contact) -> Contact | None:
    """The contact, locked; None where it was merged meanwhile (who it went on as has a turn) or erased."""
    held = contacts.lock(desk.tx, contact)
    return held if held.id == contact.id and held.erased_at is None else None


def _run(going: Going, subject: str, contact: Contact | None, card: Card | None) -> Ended | None:
    """One run, in a savepoint of its own; None where nothing is to be counted."""
    try:
        with going.desk.tx.savepoint():
            return _kept_run(going, subject, contact, card)
    except _NotKept as unread:
        return unread.ended
    except _DoneBefore:
        return None
    except (DatabaseFault, Unavailable):
        raise
    except Exception as fault:  # noqa: BLE001 - one of a million must not stop the others for ever
        about = {"recipe": going.recipe.name, "subject": subject, "error": type(fault).__name__}
        log.error("schedule_left_one", **about)
        return None


def _kept_run(going: Going, subject: str, contact: Contact | None, card: Card | None) -> Ended:
    desk, recipe, tick_at = going.desk, going.recipe, going.tick_at
    tx, account = desk.tx, desk.account
    name = f"{account.public_id} {recipe.name} {subject}"
    event_id = ids.id_of(ids.EVENT, tick_at, name)
    envelope = _envelope(going, event_id, contact, card)
    lookups = Lookups(going.parts.guesses)
    lookups.start(Guesser(""))
    seen = None if card is None else card_seen(desk, card)
    happening = Happening(0, event_id, SCHEDULED, envelope, contact, SOURCE, SOURCE, lookups, card=seen)
    run = Run(ids.new_id(ids.RUN, tx.wall), recipe, happening)
    ended = walk(going.parts, desk, run, snapshot(tx, account, contact, desk.now, going.asked))
    if ended.outcome in _UNREAD or going.counts.is_told(ended):
        raise _NotKept(ended)
    row = events.add_own(
        tx,
        public_id=event_id,
        account_id=account.id,
        contact_id=None if contact is None else contact.id,
        event_type=SCHEDULED,
        occurred_at=tick_at,
        envelope=kept_text(envelope),
    )
    if row is None:
        raise _DoneBefore
    kept = dataclasses.replace(run, happening=dataclasses.replace(happening, row_id=row))
    runs.add_all(tx, [row_of(account, kept, ended)])
    return ended


def _envelope(going: Going, event_id: str, contact: Contact | None, card: Card | None) -> dict[str, Any]:
    desk, account = going.desk, going.desk.account
    data: dict[str, Any] = {"recipe": going.recipe.name}
    if card is not None:
        data["gift_card"] = desk.card_json(card)
    return {
        "id": event_id,
        "type": SCHEDULED,
        "occurred_at": rfc3339(going.tick_at),
        "source": SOURCE,
        "adapter": SOURCE,
        "account": account.slug,
        "contact": None if contact is None else person_of(contact),
        "data": data,
    }


def person_of(contact: Contact) -> dict[str, Any]:
    """A contact as an event's envelope shows people."""
    return person_json(
        Person(
            external_id=contact.external_id,
            email=contact.email,
            phone=contact.phone,
            first_name=contact.first_name,
            last_name=contact.last_name,
            tags=tuple(contact.tags),
        )
    )


def card_seen(desk: Desk, card: Card) -> dict[str, Any]:
    """A card as recipes see it: as the API shows it, its sums as Money."""
    shown = card_json(card, now=desk.now, sandbox=desk.account.sandbox)
    sums = ("initial_amount", "balance", "held", "available")
    return {**shown, **{name: Money(shown[name], card.currency) for name in sums}}


@dataclass(slots=True)
class Counts:
    """`unmatched`: the condition's place → its reason and how many it stopped.

    `failing`: the line that erred → at how many. `answered`: the lines that gave a verdict
    about anybody. `alike`: the lines that erred at everybody → the one run that tells it.
    """

    seen: int
    outcomes: dict[str, int]
    unmatched: dict[str, dict[str, Any]]
    failing: dict[str, int] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    alike: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Counts":
        return cls(
            kept.get("seen", 0),
            dict(kept.get("outcomes", {})),
            dict(kept.get("unmatched", {})),
            dict(kept.get("failing", {})),
            set(kept.get("answered", ())),
            dict(kept.get("alike", {})),
        )

    def hopeless(self, ended: Ended) -> bool:
        """Whether so many failed like this one that it is not they who are wrong; not told yet."""
        line = _line_of(ended)
        return self._is_at_all(ended) and line not in self.alike and self.failing[line] >= ALIKE

    def is_told(self, ended: Ended) -> bool:
        """Whether it is one more of those who fail alike, of which there is a run already."""
        return self._is_at_all(ended) and _line_of(ended) in self.alike

    def _is_at_all(self, ended: Ended) -> bool:
        """Whether it failed where nobody came further; else it may be they, and not the recipe."""
        if ended.outcome != "failed" or self.outcomes.keys() - {"failed", *_UNREAD}:
            return False
        return _line_of(ended) not in self.answered

    def note(self, ended: Ended | None) -> None:
        if ended is None:
            return
        self.seen += 1
        self.outcomes[ended.outcome] = self.outcomes.get(ended.outcome, 0) + 1
        self.answered |= {str(one["line"]) for one in ended.trace if isinstance(one.get("verdict"), bool)}
        if ended.outcome == "not_matched":
            found = self.unmatched.get(ended.place or "", {"reason": ended.reason, "count": 0})
            self.unmatched[ended.place or ""] = {**found, "count": found["count"] + 1}
        if ended.outcome == "failed":
            line = _line_of(ended)
            self.failing[line] = self.failing.get(line, 0) + 1

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"seen": self.seen, "outcomes": self.outcomes, "unmatched": self.unmatched}
        told |= {"failing": self.failing} if self.failing else {}
        told |= {"alike": self.alike} if self.alike else {}
        return {**told, "answered": sorted(self.answered)}


def _line_of(ended: Ended) -> str:
    """Where a run erred."""
    erring = (str(one["line"]) for one in ended.trace if one.get("verdict") == ERROR)
    return next(erring, ended.place or "")
