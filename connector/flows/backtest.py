"""What a recipe would have given: stored events once more, by the revision asked for and the one in force.

The one rule: nothing is written, and nothing is guessed: what cannot be worked out anew for
its moment is counted, and said in words.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain import ids
from ..domain.accounts import Account, Caps
from ..domain.errors import FaultyFiles, NotFound, ValidationFailed
from ..domain.events import rfc3339
from ..domain.jsontext import read_own
from ..domain.money import Money
from ..recipes.names import CONTACT
from ..recipes.recipe import Recipe
from ..recipes.schema import SCHEDULED
from ..recipes.ticks import following
from ..store import accounts, past
from ..store import reports as rows
from ..store.columns import microseconds, moment
from ..store.past import Came
from .as_it_was import TELLERS, People, Person, chunks
from .backtest_told import Asked, told_of
from .own_messages import MAX_DEPTH
from .parts import Parts
from .rehearsal import Rehearsal, Verdicts
from .rehearsed_case import Case
from .rehearsed_deeds import DEEDS
from .rehearsed_undo import CameFirst, Open
from .run import COSTLY
from .schedule_runs import SOURCE
from .trying import recipe_of

_MICROSECOND: Final = timedelta(microseconds=1)
DEFAULT: Final = timedelta(days=90)
Progress = Callable[[int, int], None]


def backtest(
    parts: Parts,
    slug: str | None,
    name: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    text: bytes | None = None,
    progress: Progress = lambda _seen, _all: None,
) -> dict[str, Any]:
    """What the recipe, by its file or by `text` in its place, would have given, beside the live revision.

    NotFound, ValidationFailed: no such recipe or account, a faulty text, a span that is none.
    """
    found = rehearsed(parts, slug, name, since=since, until=until, text=text, progress=progress)
    return told_of(found.asked, found.both, found.seen, found.erased, found.cards_ticks)


def rehearsed(
    parts: Parts,
    slug: str | None,
    name: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    text: bytes | None = None,
    progress: Progress = lambda _seen, _all: None,
) -> "Pass":
    """As `backtest`, run by run and gift by gift."""
    recipe = recipe_of(parts, name) if text is None else _read(parts, name, text)
    account = _account(parts, slug, recipe)
    now = parts.clock.now() + _MICROSECOND  # what came at this very moment came
    until = now if until is None else min(until, now)
    since = until - DEFAULT if since is None else since
    if since >= until:
        raise ValidationFailed("since is not before until, which is now if left out")
    live = next((one for one in parts.library.current.recipes if one.name == name), None)
    is_other = live is not None and live.status == "live" and live.revision != recipe.revision
    asked = Asked(account, recipe, live, since, until)
    with parts.engines.reading() as connection:
        both = [_rehearsal(parts, connection, asked, recipe)]
        if is_other and live is not None:
            both.append(_rehearsal(parts, connection, asked, live))
        found = Pass.begun(connection, asked, both)
        with _uncollected():
            found.go(progress)
    return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for circles: there are none, and it goes over millions of values each time.

    A third of all time. What other threads leave meanwhile is collected afterwards, and what was made
    here is counted as old, so that not all of it is gone over once more the moment before it is freed.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()  # both at once: all that there is, into the oldest generation
            gc.enable()


def _read(parts: Parts, name: str, text: bytes) -> Recipe:
    try:
        return parts.library.read(name, text)
    except FaultyFiles as fault:
        faults = "; ".join(str(one) for one in fault.faults[:5])
        raise ValidationFailed(f"The recipe {name[:80]} cannot be read: {faults}") from fault


def _account(parts: Parts, slug: str | None, recipe: Recipe) -> Account:
    with parts.engines.reading() as connection:
        wanted = slug or recipe.account
        if wanted is not None:
            found = accounts.find(connection, wanted)
            if found is None:
                raise NotFound(f"There is no account {wanted[:60]!r}.")
            return found
        every = accounts.every(connection)
    if len(every) != 1:
        raise ValidationFailed("Say whose events: there are several accounts, and the recipe names none.")
    return every[0]


def _rehearsal(parts: Parts, connection: Any, asked: Asked, recipe: Recipe) -> Rehearsal:
    """The revision as it would have stood at the beginning, with what the recipe had given until then."""
    account, since = asked.account, asked.since
    found = Rehearsal(
        recipe=replace(recipe, status="live"),
        account=account,
        caps=parts.caps.get(account.currency, Caps()),
        rates=parts.rates,
        deeds=DEEDS,
        asked=_names(recipe),
        connection=connection,
        taken=past.taken_before(connection, account.id, recipe.name, since),
    )
    for contact, minor, currency, at in past.gifts_before(connection, account.id, recipe.name, since):
        found.remember(contact, Money(minor, currency), at)
    for contact, subject, at, source, event in past.sighted_before(
        connection, account.id, recipe.name, since
    ):
        found.seen.setdefault((contact, subject), []).append((at, source, event))
    for key, until, told_by, who in past.undoable_before(connection, account.id, recipe.name, since):
        found.undos.note(key, Open(None, until, told_by, who))
    for key, undo in past.undos_before(connection, account.id, recipe.name, since):
        found.undos.remember(key, CameFirst(*undo))
    return found


def _names(recipe: Recipe) -> frozenset[str]:
    """The names below `contact.` that the recipe's text holds: no other can matter to it."""
    return frozenset(name for name in CONTACT if name in recipe.text)


@dataclass(slots=True)
class Pass:
    """One pass over the events, in the order in which they came; waits and schedules come in between."""

    connection: Any
    asked: Asked
    both: list[Rehearsal]
    people: People
    types: dict[str, bool]
    begins: int
    wanted: frozenset[str]
    seen: int = 0
    erased: int = 0
    cards_ticks: int = 0
    has_ticks: bool = False
    ticks: dict[int, datetime | None] = field(default_factory=dict)
    crowd: list[Person] | None = None

    @classmethod
    def begun(cls, connection: Any, asked: Asked, both: list[Rehearsal]) -> "Pass":
        account = asked.account
        names = frozenset().union(*(one.asked for one in both))
        people = People(account, past.counting_spend(connection, account.id), names, asked.recipe.name)
        there = past.types_of(connection, account.id)
        wanted = frozenset(one for each in both for one in _wanted(each.recipe))
        needed = wanted | {kind for name in names for kind in TELLERS.get(name, ())}
        types = {one: one in needed for one in there if one in needed or "tags" in names}
        people.load(connection, asked.since, asked.until, there)
        found = cls(connection, asked, both, people, types, microseconds(asked.since), wanted)
        for number, each in enumerate(both):
            found.ticks[number] = found.following(each, asked.since)
            found.has_ticks |= found.ticks[number] is not None
        return found

    def go(self, progress: Progress) -> None:
        account, until = self.asked.account, self.asked.until
        total = past.count(self.connection, account.id, [one for one, whole in self.types.items() if whole])
        done = 0
        there = past.came(self.connection, account.id, self.types, until, self.people.telling)
        for events in chunks(there):
            self.people.meet(self.connection, {event[2] for event in events if event[2] is not None})
            for event in events:
                self.take(event)
            done += len(events)
            progress(done, max(total, done))
        self.advance(until)
        for each in self.both:
            each.sum_up()

    def take(self, event: Came) -> None:
        """One event: what it tells of its contact, and what each revision would have done about it."""
        _, kind, contact, _, _, came_at, text, public_id = event
        is_in = came_at >= self.begins
        if is_in and (self.has_ticks or self.both[0].waits or self.both[-1].waits):  # time brings something
            self.advance(moment(came_at))
        told = read_own(text)
        person = self.people.of(contact)
        is_gone = bool(told.get("erased"))
        if person is not None and not is_gone:
            self.people.fold(event, person, told)
        if not is_in or kind not in self.wanted:
            return
        self.seen += 1
        self.erased += is_gone
        if is_gone:
            return
        case = Case(public_id, kind, told, person, str(told["source"]), moment(came_at))
        verdicts: Verdicts = {}
        shown = None if person is None else self.people.shown(person, case.now, told)
        for each in self.both:
            self.meet(each, case, shown, verdicts)

    def meet(self, each: Rehearsal, case: Case, shown: Mapping[str, Any] | None, verdicts: Verdicts) -> None:
        """One revision's part in an event; `shown`: the contact but for what their cards hold."""
        recipe, told = each.recipe, case.envelope
        is_due = kind_of(recipe) is None and case.type in recipe.on
        undo = recipe.undo is not None and case.type in recipe.undo.on
        if undo and recipe.account in (None, self.asked.account.slug):
            each.undo(case, self.whole(each, case, shown))
        if not is_due or not recipe.wants(self.asked.account.slug, case.source, str(told["adapter"])):
            return
        chain = told["caused_by"].get("recipes", ()) if "caused_by" in told else ()
        if recipe.name in chain or len(chain) >= MAX_DEPTH:
            each.pass_over("a circle" if recipe.name in chain else f"{len(chain)} recipes began one another")
            return
        each.meet(case, self.whole(each, case, shown), verdicts)

    def shown(self, each: Rehearsal, case: Case) -> Mapping[str, Any] | None:
        """The contact at the case's moment."""
        if case.person is None:
            return None
        return self.whole(each, case, self.people.shown(case.person, case.now, case.envelope))

    def whole(self, each: Rehearsal, case: Case, shown: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """With what their cards held, where the recipe asks."""
        return {**shown, **self.purse(each, case)} if shown and each.asked & COSTLY else shown

    def purse(self, each: Rehearsal, case: Case) -> dict[str, Any]:
        """What their cards held: the ledger's as of then, but for what this recipe gives anew."""
        assert case.person is not None
        who, account, now = case.person.row.id, self.asked.account, case.now
        others = past.not_given_by(each.recipe.name, self.asked.since)
        held = rows.holdings(self.connection, account.id, [who], others, as_of=now, now=now)
        own = [one for one in each.cards.get(who, []) if one.balance > 0 and one.is_usable(now)]
        balance = sum(one["balance"] for one in held if one["currency"] == account.currency)
        balance += sum(one.balance for one in own if one.currency == account.currency)
        ends = [one["next_expiry_at"] for one in held] + [one.expires_at for one in own]
        return {
            "balance": Money.total(balance, account.currency),
            "next_expiry_at": min((one for one in ends if one is not None), default=None),
            "last_redeemed_at": past.last_redeemed_at(self.connection, account.id, who, now),
        }

    # What time brings

    def advance(self, now: datetime) -> None:
        """Ticks and waits that are due by then, the earliest first."""
        for number, each in enumerate(self.both):
            while True:
                tick, waits = self.ticks[number], each.first_due
                due = min((at for at in (tick, waits) if at is not None), default=None)
                if due is None or due > now:
                    break
                if due == waits:
                    self.go_on(each, due)
                else:
                    self.tick(each, due)
                    self.ticks[number] = self.following(each, due)

    def go_on(self, each: Rehearsal, now: datetime) -> None:
        for run in each.due(now):
            case = each.standing[run][1]
            later_on = Case(case.event, case.type, case.envelope, case.person, case.source, now)
            each.go_on(run, later_on, self.shown(each, later_on))

    def following(self, each: Rehearsal, after: datetime) -> datetime | None:
        schedule = each.recipe.schedule
        if schedule is None or not each.recipe.wants(self.asked.account.slug, SOURCE, SOURCE):
            return None
        found = following(schedule.cron, ZoneInfo(self.asked.account.timezone), after)
        return None if found is None or found >= self.asked.until else found

    def tick(self, each: Rehearsal, at: datetime) -> None:
        """A schedule's moment: everybody who was there then, or once where it goes over nobody."""
        goes_over = kind_of(each.recipe)
        if goes_over == "card":
            self.cards_ticks += 1
            return
        if goes_over == "once":
            each.meet(self.due(each, at, None), None)
            return
        if self.crowd is None:
            there = past.everybody(self.connection, self.asked.account.id)
            self.crowd = [self.people.add(one.id, one) for one in there]
        for person in self.crowd:
            if person.row.created_at <= at:
                case = self.due(each, at, person)
                each.meet(case, self.shown(each, case))

    def due(self, each: Rehearsal, at: datetime, person: Person | None) -> Case:
        """As flows/schedule_runs.py makes such an event."""
        account, name = self.asked.account, each.recipe.name
        subject = "" if person is None else person.row.public_id
        event = ids.id_of(ids.EVENT, at, f"{account.public_id} {name} {subject}")
        about = None
        if person is not None:
            seen = self.people.shown(person, at, None)
            about = {one: seen[one] for one in _ABOUT}
        told = {
            "id": event,
            "type": SCHEDULED,
            "occurred_at": rfc3339(at),
            "source": SOURCE,
            "adapter": SOURCE,
            "account": account.slug,
            "contact": about,
            "data": {"recipe": name},
        }
        return Case(event, SCHEDULED, told, person, SOURCE, at)


_ABOUT: Final = ("external_id", "email", "phone", "first_name", "last_name", "tags")


def kind_of(recipe: Recipe) -> str | None:
    """What its schedule goes over: `contact`, `card` or `once`; None: it has none."""
    return None if recipe.schedule is None else recipe.schedule.for_each or "once"


def _wanted(recipe: Recipe) -> tuple[str, ...]:
    """The types of events that it looks at, also those that take a run of it back."""
    own = recipe.on if recipe.schedule is None else ()
    return own if recipe.undo is None else (*own, *recipe.undo.on)
