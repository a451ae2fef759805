"""One recipe's runs in memory: what it would have given, held to its limits, with nothing written.

The one rule: it decides by the code that decides for real (recipes/decide.py, flows/bounds.py,
flows/goals.py), and a step whose deed cannot be known now ends the run as `not_rebuilt`,
undone, rather than by a guess.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.accounts import Account, Caps
from ..domain.errors import DailyCapReached, RunFailed
from ..domain.keys_kept import kept
from ..domain.money import Money
from ..domain.rates import Rates
from ..domain.tag_logs import microseconds
from ..domain.validity import local_day
from ..operations.giving import counted_in
from ..recipes import decide
from ..recipes.clauses import Goal
from ..recipes.recipe import Action, Recipe
from ..recipes.values import later
from ..store import past
from . import goals
from .bounds import LimitReached, Setting, require_within
from .rehearsed_case import Case, Told
from .rehearsed_gifts import Book, BookOf, Gift, Made
from .rehearsed_undo import CameFirst, Late, Open, Undos, is_unclear, matching
from .undoing import about

NOT_REBUILT: Final = "not_rebuilt"
OUTCOMES: Final = ("done", "waiting", "held", "skipped", "already_done", "not_matched", "failed", NOT_REBUILT)


class NotRebuilt(RunFailed):
    """A step whose deed depends on what is not known of that moment."""


Verdicts = dict[Any, tuple[int | None, Any]]
Deed = Callable[["Rehearsal", Case, int, Action, dict[str, Any]], Mapping[str, Any]]


@dataclass(slots=True)
class Rehearsal:
    """One revision, and all that its runs would have left. `deeds`: what each step comes to, by its name."""

    recipe: Recipe
    account: Account
    caps: Caps
    rates: Rates
    deeds: Mapping[str, Deed]
    asked: frozenset[str]
    connection: Any = None
    taken: set[str] = field(default_factory=set)
    seen: dict[tuple[int, str], list[tuple[datetime, str, str]]] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    gifts: list[Gift] = field(default_factory=list)
    cards: dict[int | str | None, list[Made]] = field(default_factory=dict)
    points: Counter[int] = field(default_factory=Counter)
    tags: dict[int, dict[str, int]] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    undos: Undos = field(default_factory=Undos)
    standing: dict[int, tuple[datetime, Case, Any]] = field(default_factory=dict)
    names: dict[int | str | None, str] = field(default_factory=dict)
    waits: list[tuple[datetime, int]] = field(default_factory=list)
    marks: list[Callable[[], object]] = field(default_factory=list)
    runs: int = 0
    stops: Counter[int] = field(default_factory=Counter)
    question: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """`question`: its conditions, where these mean the same in every revision that has them."""
        texts = tuple(one.text for one in self.recipe.conditions)
        self.question = None if any("let" in text or "vars" in text for text in texts) else texts

    # Deciding

    def meet(self, case: Case, shown: Mapping[str, Any] | None, told: Verdicts | None = None) -> str:
        """A new run of the recipe; what it came to.

        `told`: where another revision that asks the same was stopped on the same facts; this one adds to it.
        """
        contact = self._with_own(case, shown)
        key = (self.question, id(contact))
        if told is None or self.question is None or key not in told:
            place = self._stopped_at(self._about(case, contact))
            if told is not None:
                told[key] = (place, contact)  # which stays as long as its id does
        else:
            place = told[key][0]
        if place is not None:
            self.stops[place] += 1
            return "not_matched"
        facts = self._about(case, contact)
        undo, late = self.recipe.undo, Late(case.event, *case.whose, case.now)
        if undo is not None and self.undos.calls_off(self.recipe, facts, late, self._is_timed):
            return self._note("skipped", "an event that takes it back came first", undo.same.spot.place())
        self.runs += 1
        return self._walked(case, facts, self.runs, None)

    def _is_timed(self, event: str) -> bool:
        return past.is_timed(self.connection, event, self.account.clock_offset)

    def _stopped_at(self, facts: decide.Facts) -> int | None:
        """The number of the condition that stops it."""
        stopping = decide.stopped_by(self.recipe, facts)
        numbers = (place for place, one in enumerate(self.recipe.conditions) if one is stopping)
        return next(numbers, None)

    def pass_over(self, reason: str) -> None:
        """It does not begin on this event, and a run that is `skipped` says so."""
        self._note("skipped", reason, None)

    def go_on(self, run: int, case: Case, shown: Mapping[str, Any] | None) -> str:
        """A wait is over; `case` is the run's own, later."""
        _, _, journal = self.standing.pop(run)
        self.told.outcomes["waiting"] -= 1
        return self._walked(case, self._facts(case, shown), run, journal)

    @property
    def first_due(self) -> datetime | None:
        """When the next wait is over."""
        while self.waits and self.waits[0][1] not in self.standing:
            heapq.heappop(self.waits)
        return self.waits[0][0] if self.waits else None

    def due(self, until: datetime) -> list[int]:
        """The runs whose wait is over by then, first come first; they wait no more."""
        found = []
        while (first := self.first_due) is not None and first <= until:
            found.append(heapq.heappop(self.waits)[1])
        return found

    def remember(self, contact: int | None, money: Money, at: datetime) -> None:
        """A gift of before, which counts for limits."""
        self.book.add(contact, money, at)
        counted = counted_in(self.account.currency, money, self.rates)
        self.days[local_day(at, self.account.timezone).isoformat(), counted.currency] += counted.minor

    def undo(self, case: Case, shown: Mapping[str, Any] | None) -> None:
        """Take back the runs about what this event is about: all that they gave, for none of it is spent."""
        undo = self.recipe.undo
        assert undo is not None
        seen = self._facts(case, shown)
        told = decide.Facts(about(case.envelope), seen.contact, seen.now, seen.timezone, seen.currency)
        try:
            key = kept(decide.text_of(self.recipe, told, undo.same))
        except decide.Failed as fault:
            self._note("failed", fault.detail, fault.place)
            return
        source, who = case.whose
        found = matching(self.undos.opened.get(key, []), source, who, case.now)
        if is_unclear(found, who):
            self._note("failed", "the event names nobody, and the runs are of several people", None)
            return
        self.undos.drop(key, found)
        at = min(datetime.fromisoformat(case.envelope["occurred_at"]), case.now)
        until = later(case.now, undo.within, ZoneInfo(self.account.timezone))
        self.undos.remember(key, CameFirst(case.event, at, case.now, until, source, who))
        self.told.undone_before += sum(one.run is None for one in found)
        runs = {one.run for one in found if one.run is not None}
        for gift in self.gifts if runs else ():
            if gift.run in runs:
                gift.card.balance -= gift.money.minor
                self.told.taken_back[gift.money.currency] += gift.money.minor
        for run in runs & self.standing.keys():
            del self.standing[run]
            self.told.outcomes["waiting"] -= 1
            self._note("skipped", f"taken back by a {case.type}", None)

    def _facts(self, case: Case, shown: Mapping[str, Any] | None) -> decide.Facts:
        return self._about(case, self._with_own(case, shown))

    def _about(self, case: Case, contact: Mapping[str, Any] | None) -> decide.Facts:
        account = self.account
        return decide.Facts(case.envelope, contact, case.now, account.timezone, account.currency)

    def _with_own(self, case: Case, shown: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        has_own = shown is not None and (self.points or self.tags)
        return self.seen_by(case, shown) if has_own and shown is not None else shown

    def seen_by(self, case: Case, shown: Mapping[str, Any]) -> Mapping[str, Any]:
        """The contact, with what this revision's own runs have added."""
        assert case.person is not None
        who = case.person.row.id
        own: dict[str, Any] = {}
        if who in self.points:
            own["points"] = shown["points"] + self.points[who]
        if who in self.tags:
            lasting = {tag for tag, at in self.tags[who].items() if case.person.keeps(tag, at)}
            own["tags"] = sorted({*shown["tags"], *lasting})
        return {**shown, **own} if own else shown

    def _walked(self, case: Case, facts: decide.Facts, run: int, journal: Any) -> str:
        begun = len(self.marks)
        hooks = _Hooks(self, case, run)
        try:
            if journal is None:
                decision = decide.run(self.recipe, facts, hooks, is_brief=True)
            else:
                decision = decide.resume(self.recipe, facts, journal, hooks, is_brief=True)
            if self.recipe.undo is not None and decision.outcome in ("done", "waiting", "held"):
                self._note_undoable(run, case, facts)
        except decide.Failed as failed:
            self._take_back_to(begun)
            return self._stopped(failed)
        del self.marks[begun:]
        if decision.outcome == "waiting":
            assert decision.until is not None
            self.standing[run] = (decision.until, case, decision.journal)
            heapq.heappush(self.waits, (decision.until, run))
        self.told.control += decision.reason == "control group"
        return self._note(decision.outcome, decision.reason or "", decision.place)

    def _stopped(self, failed: decide.Failed) -> str:
        """As flows/run.py takes it: failed, or at a limit."""
        cause = failed.__cause__
        if isinstance(cause, NotRebuilt):
            self.told.not_rebuilt[cause.detail] += 1
            return self._note(NOT_REBUILT, cause.detail, failed.place)
        outcome = "held" if isinstance(cause, DailyCapReached) else "failed"
        place = failed.place
        if isinstance(cause, LimitReached):
            limits = self.recipe.limits
            outcome = "skipped" if limits is not None and limits.when_reached == "skip" else "held"
            place = cause.place or place
        reason = failed.detail if outcome == "failed" else failed.detail.partition(":")[0]
        return self._note(outcome, reason, place)

    def _note(self, outcome: str, reason: str, place: str | None) -> str:
        self.told.outcomes[outcome] += 1
        if outcome not in ("done", "waiting"):
            self.told.reasons[outcome, reason, place] += 1
        return outcome

    def _note_undoable(self, run: int, case: Case, facts: decide.Facts) -> None:
        undo = self.recipe.undo
        assert undo is not None
        key = kept(decide.text_of(self.recipe, facts, undo.same))
        until = later(case.now, undo.within, ZoneInfo(self.account.timezone))
        self.marks.append(self.undos.note(key, Open(run, until, *case.whose)))

    def _take_back_to(self, mark: int) -> None:
        while len(self.marks) > mark:
            self.marks.pop()()

    def sum_up(self) -> None:
        """Add the runs that did not match, which are many, to what is told."""
        for place, count in self.stops.items():
            stopping = self.recipe.conditions[place]
            self.told.outcomes["not_matched"] += count
            why = f"`{stopping.text}` does not hold"
            self.told.reasons["not_matched", why, stopping.spot.place()] += count
        self.stops.clear()

    # What deeds leave

    def name_of(self, who: int | str | None) -> str | None:
        """The contact id of a receiver; None of nobody, and of somebody who was not known."""
        return self.names.get(who)

    def give(self, gift: Gift) -> None:
        """Count a gift under the caps and the recipe's limits, as flows/bounds.py does."""
        account, money = self.account, gift.money
        counted = counted_in(account.currency, money, self.rates)
        day = local_day(gift.at, account.timezone).isoformat()
        cap = self.caps.per_recipe
        if cap and self.days[day, counted.currency] + counted.minor > cap:
            self.told.held_money[money.currency] += money.minor
            raise DailyCapReached(
                f"The cap of {Money(cap, counted.currency)} a day for the recipe is reached"
            )
        self.days[day, counted.currency] += counted.minor
        self.marks.append(lambda: self.days.subtract({(day, counted.currency): counted.minor}))
        limits = self.recipe.limits
        if limits is not None:
            setting = Setting(gift.at, account.timezone, self.rates)
            receiver = None if gift.who is None else 0
            try:
                require_within(limits, BookOf(self.book, gift.who), money, receiver, setting)
            except LimitReached:
                if limits.when_reached == "hold":
                    self.told.held_money[money.currency] += money.minor
                raise
        self._put(gift)
        self.book.add(gift.who, money, gift.at)
        self.marks.append(lambda: self.book.drop(gift.who, money.currency))

    def _put(self, gift: Gift) -> None:
        card, minor = gift.card, gift.money.minor
        whose = self.cards.setdefault(card.who, [])
        if not any(card is one for one in whose):
            whose.append(card)
            self.marks.append(whose.pop)
        card.balance += minor
        self.gifts.append(gift)
        self.marks.append(lambda: self._take(card, minor))

    def _take(self, card: Made, minor: int) -> None:
        self.gifts.pop()
        card.balance -= minor

    def newest(self, like: Made, now: datetime) -> Made | None:
        """The newest card of theirs, of such a kind, that can be spent, as store/cards.newest_usable."""
        for card in reversed(self.cards.get(like.who, [])):
            if card.is_like(like) and card.is_usable(now):
                return card
        return None

    def add_points(self, who: int, points: int) -> None:
        self.points[who] += points
        self.marks.append(lambda: self.points.subtract({who: points}))

    def add_tag(self, who: int, tag: str, at: datetime) -> None:
        own = self.tags.setdefault(who, {})
        before = own.get(tag)
        own[tag] = microseconds(at)
        self.marks.append(lambda: own.pop(tag) if before is None else own.update({tag: before}))

    def say(self) -> None:
        """A message would have gone out."""
        self.told.messages += 1
        self.marks.append(self._unsay)

    def _unsay(self) -> None:
        self.told.messages -= 1


@dataclass(frozen=True, slots=True)
class _Hooks:
    """What a run may ask of the world, answered from what is known of that moment."""

    rehearsal: Rehearsal
    case: Case
    run: int

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        deed = self.rehearsal.deeds.get(action.spec.name)
        if deed is None:
            raise NotRebuilt(f"`{action.spec.name}`: what the cards were then is not rebuilt")
        return deed(self.rehearsal, self.case, self.run, action, fields)

    def take_once(self, value: str) -> bool:
        taken, value = self.rehearsal.taken, kept(value)
        if value in taken:
            return False
        taken.add(value)
        self.rehearsal.marks.append(lambda: taken.discard(value))
        return True

    def enroll(self, goal: Goal) -> bool:
        person = self.case.person
        return person is None or not goals.in_control(
            self.rehearsal.recipe.name, person.row.public_id, goal.control
        )

    def seen_before(self, subject: str, at: datetime) -> str | None:
        """As flows/performing.py: the first that another source told near this moment."""
        same, person, case = self.rehearsal.recipe.same_as, self.case.person, self.case
        if same is None or person is None:
            return None
        zone = ZoneInfo(self.rehearsal.account.timezone)
        first, last = later(at, same.within, zone, sign=-1), later(at, same.within, zone)
        known = self.rehearsal.seen.setdefault((person.row.id, kept(subject)), [])
        for when, source, event in known:
            if first <= when <= last and source != case.source:
                return event
        known.append((at, case.source, case.event))
        self.rehearsal.marks.append(known.pop)
        return None
