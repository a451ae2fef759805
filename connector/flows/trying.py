"""What a recipe would do about one event, line by line, whatever its status; nothing is changed.

The one rule: all of it happens in a transaction that is undone, so that steps which only
look may really look, and somebody new may be met, without a trace.
"""

import difflib
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from ..domain.accounts import Account, Actor
from ..domain.card_numbers import mask
from ..domain.contacts import Person, read_person
from ..domain.errors import NotFound, NotReplayable, ValidationFailed
from ..domain.events import is_event_type, rfc3339
from ..operations.kit import Desk
from ..recipes import decide
from ..recipes.recipe import Recipe
from ..store import accounts, contacts, events
from ..store.contacts import Contact
from ..store.writer import Writing
from .guesses import Guesser, Lookups
from .parts import Parts
from .performing import Happening, RunHooks, again, without_codes
from .run import COSTLY, snapshot

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
        happening = _kept(parts, desk, event) if isinstance(event, str) else _told(parts, desk, event)
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
    return again(found, whose, parts.guesses)


def _told(parts: Parts, desk: Desk, told: Mapping[str, Any]) -> Happening:
    """An envelope that somebody wrote: what it leaves out is filled, and its contact is met."""
    event_type = told.get("type")
    if not isinstance(event_type, str) or not is_event_type(event_type):
        raise ValidationFailed("The event has no `type` of ours, such as booking.completed.")
    shown = {
        "id": "evt_" + "0" * 26,
        "occurred_at": rfc3339(desk.now),
        "source": "try",
        "adapter": "standard",
        "account": desk.account.slug,
        "contact": None,
        "data": {},
        **told,
    }
    if not all(isinstance(shown[name], str) for name in ("id", "occurred_at", "source", "adapter")):
        raise ValidationFailed("`id`, `occurred_at`, `source` and `adapter` of an event are texts.")
    lookups = Lookups(parts.guesses)
    lookups.start(Guesser(""))
    contact = _met(parts, desk, shown)
    return Happening(0, shown["id"], event_type, shown, contact, shown["source"], shown["adapter"], lookups)


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
    facts = decide.Facts(happening.envelope, seen, desk.now, account.timezone, account.currency)
    try:
        decision = decide.trial(recipe, facts, {}, hooks.perform)
        outcome, reason, place = decision.outcome, decision.reason, decision.place
        trace = decision.trace
    except decide.Failed as failed:
        outcome, reason, place, trace = "failed", failed.detail, failed.place, failed.trace
    wants = happening.type in recipe.on and recipe.wants(account.slug, happening.source, happening.adapter)
    return {
        "recipe": recipe.name,
        "revision": recipe.revision,
        "status": recipe.status,
        "file": recipe.file,
        "event_id": happening.public_id,
        "contact_id": None if happening.contact is None else happening.contact.public_id,
        "wants": wants,
        "outcome": outcome,
        "reason": mask(without_codes(reason, codes)),
        "place": place,
        "trace": mask(without_codes(trace, codes)),
    }
