"""What a recipe would do about one event, line by line, whatever its status; nothing is changed.

The one rule: all of it happens in a transaction that is undone, so that steps which only
look may really look, and somebody new may be met, without a trace.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from ..domain.accounts import Account, Actor
from ..domain.card_numbers import mask
from ..domain.cards import Card
from ..domain.contacts import Person, read_person
from ..domain.errors import NotFound, NotReplayable, ValidationFailed
from ..domain.events import EVENT_TYPES, is_event_type, rfc3339
from ..operations.kit import Desk
from ..recipes import decide
from ..recipes.recipe import Recipe
from ..recipes.wording import suggest
from ..store import accounts, cards, contacts, events, runs
from ..store.contacts import Contact
from ..store.writer import Writing
from .guesses import Guesser, Lookups
from .parts import Parts
from .performing import Happening, RunHooks, again, without_codes
from .resuming import card_of
from .run import COSTLY, snapshot
from .schedule_runs import SOURCE, card_seen, person_of

NOBODY: Final = "run_" + "0" * 26
"""Stands where a run's id would: a trial is none."""


class _Tried(Exception):
    """The way out of the transaction, so that it is undone."""

    def __init__(self, found: dict[str, Any]) -> None:
        super().__init__("tried")
        self.found = found


def try_recipe(parts: Parts, account: Account, name: str, event: str | Mapping[str, Any]) -> dict[str, Any]:
    """What the recipe, as its file stands now, would do about `event`: a kept one's id, or an envelope.

    NotFound, NotReplayable for what was erased; ValidationFailed for a faulty recipe or envelope.
    The contact is as it is now; an envelope is not counted among what they did.
    """
    recipe = recipe_of(parts, name)

    def work(tx: Writing) -> NoReturn:
        desk = parts.desk(tx, account, Actor("recipe"))
        happening = _kept(parts, desk, event) if isinstance(event, str) else _told(parts, desk, recipe, event)
        if recipe.schedule is not None and recipe.schedule.for_each == "card" and happening.card is None:
            raise ValidationFailed(
                "This recipe goes over cards, and the event has none: a file names one, such as "
                '`{"type": "schedule.due", "data": {"gift_card": {"id": "gc_…"}}}`.'
            )
        raise _Tried(_tried(desk, recipe, happening))

    try:
        parts.writer.run(work)
    except _Tried as tried:
        return tried.found


def recipe_of(parts: Parts, name: str) -> Recipe:
    """The recipe as its file stands now, acting or not; NotFound, ValidationFailed where it has faults."""
    found = parts.library.as_written(name)
    if found is not None:
        return found
    listed = {entry.recipe: entry for entry in parts.library.current.entries}
    if name in listed:
        faults = "; ".join(str(fault) for fault in listed[name].errors)
        raise ValidationFailed(f"The recipe {name} cannot be read: {faults or 'see connector recipes check'}")
    near = difflib.get_close_matches(name[:80], listed, n=1)
    raise NotFound(f"There is no recipe {name[:80]!r}.{f' Did you mean {near[0]}?' if near else ''}")


def _kept(parts: Parts, desk: Desk, event: str) -> Happening:
    found = events.find(desk.tx, desk.account.id, event)
    if found is None:
        raise NotFound(f"There is no event {event[:80]} in this account.")
    if found.envelope.get("erased"):
        raise NotReplayable(f"Event {found.public_id} is of somebody who was erased.")
    whose = None if found.contact is None else contacts.find(desk.tx, desk.account.id, found.contact)
    return again(found, whose, parts.guesses, card_of(desk, found.envelope))


def _told(parts: Parts, desk: Desk, recipe: Recipe, told: Mapping[str, Any]) -> Happening:
    """An envelope that somebody wrote: what it leaves out is filled, and its contact is met.

    A schedule's is of the schedule; the card that it names is as it is now, and its owner the contact.
    """
    event_type = told.get("type")
    if not isinstance(event_type, str) or not is_event_type(event_type):
        near = suggest(event_type, EVENT_TYPES) if isinstance(event_type, str) else ""
        raise ValidationFailed(f"The event has no `type` of ours, such as booking.completed{near}")
    shown = {
        "id": "evt_" + "0" * 26,
        "occurred_at": rfc3339(desk.now),
        "source": "try" if recipe.schedule is None else SOURCE,
        "adapter": "standard" if recipe.schedule is None else SOURCE,
        "account": desk.account.slug,
        "contact": None,
        "data": {},
        **told,
    }
    if not all(isinstance(shown[name], str) for name in ("id", "occurred_at", "source", "adapter")):
        raise ValidationFailed("`id`, `occurred_at`, `source` and `adapter` of an event are texts.")
    lookups = Lookups(parts.guesses)
    lookups.start(Guesser(""))
    contact, card = _met(parts, desk, shown), _card(desk, recipe, shown)
    if card is not None:
        shown = {**shown, "data": {**shown["data"], "gift_card": desk.card_json(card)}}
        contact = desk.contact_of(card)
        is_known = contact is not None and contact.erased_at is None
        shown["contact"] = person_of(contact) if contact is not None and is_known else None
    whose = contact if shown["contact"] is not None else None
    about = (0, shown["id"], event_type, shown, whose, shown["source"], shown["adapter"], lookups)
    return Happening(*about, card=None if card is None else card_seen(desk, card))


def _card(desk: Desk, recipe: Recipe, shown: Mapping[str, Any]) -> Card | None:
    """The card that the event of a schedule over cards names; ValidationFailed where there is no such one."""
    data = shown["data"]
    told = data.get("gift_card") if isinstance(data, Mapping) else None
    named = told.get("id") if isinstance(told, Mapping) else None
    if recipe.schedule is None or recipe.schedule.for_each != "card" or not isinstance(named, str):
        return None
    found = cards.find(desk.tx, desk.account.id, named)
    if found is None or found.removed_at is not None:
        raise ValidationFailed(f"There is no card {named[:80]} in this account.")
    return found


def _met(parts: Parts, desk: Desk, shown: Mapping[str, Any]) -> Contact | None:
    told = shown["contact"]
    if told is None:
        return None
    names = Person.__dataclass_fields__ if isinstance(told, Mapping) else ()
    known = {name: told.get(name) for name in names}
    if not any(known.get(name) for name in ("external_id", "email", "phone")):
        raise ValidationFailed("`contact` of an event has external_id, email or phone.")
    person = read_person(country=desk.account.country, **known)
    source = accounts.find_source(desk.tx, parts.ring, desk.account.slug, shown["source"])
    namespace = shown["source"] if source is None else source.namespace
    return contacts.resolve(desk.tx, desk.account.id, person, namespace, desk.now)


def _tried(desk: Desk, recipe: Recipe, happening: Happening) -> dict[str, Any]:
    account = desk.account
    asked = frozenset(name for name in COSTLY if name in recipe.text)
    seen = snapshot(desk.tx, account, happening.contact, desk.now, asked)
    codes: set[str] = set()
    hooks = RunHooks(desk, happening, codes, recipe, NOBODY, is_waived=True)
    own = _Own(hooks)
    facts = decide.Facts(
        happening.envelope, seen, desk.now, account.timezone, account.currency, happening.card
    )
    try:
        decision = decide.trial(recipe, facts, {}, hooks.perform, decide.Before(own.is_taken, hooks.told_by))
        outcome, reason, place = decision.outcome, decision.reason, decision.place
        trace = decision.trace
    except decide.Failed as failed:
        outcome, reason, place, trace = "failed", failed.detail, failed.place, failed.trace
    begins = recipe.schedule is None or happening.source == SOURCE
    begins = begins and happening.type in recipe.on
    return {
        "recipe": recipe.name,
        "revision": recipe.revision,
        "status": recipe.status,
        "file": recipe.file,
        "event_id": happening.public_id,
        "contact_id": None if happening.contact is None else happening.contact.public_id,
        "wants": begins and recipe.wants(account.slug, happening.source, happening.adapter),
        "outcome": outcome,
        "reason": mask(without_codes(reason, codes)),
        "place": place,
        "trace": mask(without_codes(trace, codes)),
        "done_by": own.run,
    }


@dataclass(slots=True)
class _Own:
    """`run`: the one that has `once_per` by the very event that is tried; it stops nothing."""

    hooks: RunHooks
    run: str | None = None

    def is_taken(self, value: str) -> bool:
        tx, account = self.hooks.desk.tx, self.hooks.desk.account
        run = runs.who_took(tx, account.id, self.hooks.recipe.name, value)
        kept = None if run is None else runs.find(tx, account.id, run)
        is_own = kept is not None and kept.event == self.hooks.happening.public_id
        self.run = run if is_own else None
        return run is not None and not is_own
