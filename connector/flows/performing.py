"""A run's steps as deeds: which there are, what each needs, what may be shown. Codes are kept nowhere."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain import ids
from ..domain.card_numbers import mask
from ..domain.codes import hide
from ..domain.contacts import read_tags
from ..domain.errors import Conflict, RunFailed
from ..domain.events import rfc3339
from ..domain.money import Money
from ..domain.orders import number_told
from ..domain.steps import StepField, StepSpec
from ..operations.details import RECIPIENT, SENDER
from ..operations.issue import OPERATION as ISSUE
from ..operations.kit import Desk, Operation, Outcome
from ..operations.load import OPERATION as LOAD
from ..operations.registry import operations
from ..recipes.clauses import Goal
from ..recipes.recipe import Action, Recipe
from ..recipes.tracing import HIDDEN as HIDDEN
from ..recipes.values import later
from ..store import contacts, orders, runs, sightings
from ..store.contacts import Contact
from ..store.events import Kept
from . import bounds, goals, notifying, taking_back
from .guesses import Guesser, Guesses, Lookups

SEND_WEBHOOK: Final = StepSpec(
    name="send_webhook",
    title="Send a message to the endpoints that want it",
    fields=(
        StepField("type", "custom_type", required=True, help="custom.<name>"),
        StepField("data", "mapping", help="what the message says"),
    ),
    gives=("type",),
)


ADD_TAG: Final = StepSpec(
    name="add_tag",
    title="Put a tag on the contact",
    fields=(
        StepField("tag", "text", required=True, help="the tag"),
        StepField("to", "contact", help="whom; the event's contact if left out"),
    ),
    gives=("tag",),
)


_NAMES: Final = {"recipient": RECIPIENT, "sender": SENDER}
"""Blocks below a step whose names are closed: `emial` there would send a card to nobody."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event that recipes look at: its row, its envelope, whom it concerns."""

    row_id: int
    public_id: str
    type: str
    envelope: Mapping[str, Any]
    contact: Contact | None
    source: str
    adapter: str
    lookups: Lookups
    codes: set[str] = field(default_factory=set)
    """Card codes that came with the event and that a step used: they are not kept in clear."""
    card: Mapping[str, Any] | None = None
    """The card that a schedule over cards is at, as recipes see it."""
    chain: tuple[str, ...] = ()
    """The recipes by whose runs this event came about, where it is a message of our own."""
    is_timed: bool = True
    """Whether it says itself when it happened; else it did as it came in."""


def again(
    event: Kept, contact: Contact | None, guesses: Guesses, card: Mapping[str, Any] | None = None
) -> Happening:
    """A kept event for runs that come later; card codes that came with it are not there any more.

    `card`: the one that a schedule over cards was at. Wrong codes of nobody's at a door: none is counted.
    """
    lookups = Lookups(guesses)
    lookups.start(Guesser(""))
    told = event.envelope
    return Happening(
        event.id,
        event.public_id,
        event.type,
        told,
        contact,
        told["source"],
        told["adapter"],
        lookups,
        card=card,
        chain=tuple(told.get("caused_by", {}).get("recipes", ())),
        is_timed=False,  # nobody knows any more whether its moment was told, or is that of its coming
    )


def step_specs(letters: Collection[str] = ()) -> dict[str, StepSpec]:
    """Every step that is a gift card deed, and those beside: what the recipe language is told.

    `letters`: the templates that there are; none: any name is one.
    """
    specs = [_spec(one) for one in operations().values() if one.step is not None]
    return {spec.name: spec for spec in [*specs, SEND_WEBHOOK, ADD_TAG, notifying.spec(letters)]}


@dataclass(frozen=True, slots=True)
class RunHooks:
    """Does a run's steps. `codes` grows with those that they give or use: nothing that is kept shows one.

    A code that came with the event is looked up under the source's budget of wrong
    ones; one that an earlier step of this run gave is no guess.
    """

    desk: Desk
    happening: Happening
    codes: set[str]
    recipe: Recipe
    run_id: str
    is_waived: bool = False
    """A person approved: the recipe's limits were looked at by somebody who may go past them."""

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        desk, happening, codes, step = self.desk, self.happening, self.codes, action.spec.name
        if step == SEND_WEBHOOK.name:
            return _send_webhook(desk, mask(without_codes(fields, codes)))
        if step == ADD_TAG.name:
            return _add_tag(desk, fields, happening.contact)
        if step == notifying.NAME:
            return notifying.notify(desk, fields, self._met)
        operation = _by_step()[step]
        used = _codes_used(operation, fields) | _codes_chosen(action, fields)
        guessed = used - codes
        codes.update(used)
        happening.codes.update(used)
        cleared = _cleared(operation, fields, codes)
        with happening.lookups.looking(guessed):
            outcome = operation.perform(desk, command_of(operation, cleared, happening.contact))
        if outcome.code is not None:
            codes.add(outcome.code)
        if step in (ISSUE.step, LOAD.step):
            _require_unassigned(desk, happening, outcome)
        limits = None if self.is_waived else self.recipe.limits
        bounds.note_gift(desk, self.recipe.name, self.run_id, limits, outcome, happening.contact)
        taking_back.note_points(desk, self.run_id, step, outcome)
        return operation.give(desk, outcome) if operation.give is not None else {}

    @property
    def _met(self) -> notifying.Met:
        happening = self.happening
        return notifying.Met(self.run_id, happening.contact, happening.card, happening.envelope)

    def take_once(self, value: str) -> bool:
        return runs.take_once(self.desk.tx, self.desk.account.id, self.recipe.name, value, self.run_id)

    def enroll(self, goal: Goal) -> bool:
        return goals.enroll(self.desk, self.recipe, self.run_id, goal, self.happening.contact)

    def seen_before(self, subject: str, at: datetime) -> str | None:
        """The event by which another source told the same; where there is none, this one is noted."""
        happening, contact = self.happening, self.happening.contact
        found = self.told_by(subject, at)
        if found is None and contact is not None and self.recipe.same_as is not None:
            about = {"recipe": self.recipe.name, "subject": subject, "source": happening.source}
            sightings.add(
                self.desk.tx, self.desk.account.id, contact.id, at=at, event=happening.public_id, **about
            )
        return found

    def told_by(self, subject: str, at: datetime) -> str | None:
        """The event by which another source told the same; nothing is noted."""
        same, happening, contact = self.recipe.same_as, self.happening, self.happening.contact
        if same is None or contact is None:
            return None
        zone = ZoneInfo(self.desk.account.timezone)
        first, last = later(at, same.within, zone, sign=-1), later(at, same.within, zone)
        about = {"recipe": self.recipe.name, "subject": subject, "source": happening.source}
        return sightings.other(self.desk.tx, contact.id, first=first, last=last, **about)


@functools.cache
def _by_step() -> Mapping[str, Operation]:
    return {one.step: one for one in operations().values() if one.step is not None}


def _codes_used(operation: Operation, fields: Mapping[str, Any]) -> set[str]:
    """What stands where a card is named and is no id of ours: a code that somebody typed in."""
    named = {_step_name(name, one.step) for name, one in operation.fields.items() if one.kind == "card"}
    return {
        value
        for name, value in fields.items()
        if name in named and isinstance(value, str) and not value.startswith(ids.CARD + "_")
    }


def _codes_chosen(action: Action, fields: Mapping[str, Any]) -> set[str]:
    """The code of a new card where it came with the event: whoever sent it learns whether it is taken.

    One that stands in the recipe is nobody's guess.
    """
    written = {str(one.source) for one in action.fields if one.name == "code"}
    code = fields.get("code")
    return {code} if isinstance(code, str) and code not in written else set()


def _cleared(operation: Operation, fields: Mapping[str, Any], codes: set[str]) -> dict[str, Any]:
    """A step's fields, the codes of this run taken out of its texts: notes are kept, and told, in clear."""
    texts = {
        _step_name(name, one.step)
        for name, one in operation.fields.items()
        if one.kind in ("text", "mapping") and name != "code"
    }
    return {name: without_codes(value, codes) if name in texts else value for name, value in fields.items()}


def without_codes(value: Any, codes: Collection[str]) -> Any:
    """The value with each code in its texts, however it is spelled there, made unreadable."""
    if not codes:
        return value
    if isinstance(value, str):
        for code in codes:
            value = hide(value, code, HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {name: without_codes(item, codes) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_codes(item, codes) for item in value]
    return value


def command_of(operation: Operation, fields: Mapping[str, Any], contact: Contact | None) -> object:
    """The operation's command from a step's fields, for the event's contact unless they say whose."""
    values: dict[str, Any] = {}
    for name, one in operation.fields.items():
        given = fields.get(_step_name(name, one.step))
        if given is None:
            continue
        if isinstance(given, Money):
            values[name], values["currency"] = given.minor, given.currency
        else:
            values[name] = given
    whose = "contact_id" in operation.fields and "contact_id" not in values
    if whose and contact is not None and values.get("card") is None:
        values["contact_id"] = contact.public_id
    return operation.command(**values)


def _require_unassigned(desk: Desk, happening: Happening, outcome: Outcome) -> None:
    """Conflict for a card sold by an order whose gift cards were asked for by their codes: no two for one.

    Asked once the card is there, as its program may say that it is sold; a run that fails undoes it.
    """
    order = happening.envelope.get("order")
    if outcome.card is None or outcome.card.kind != "paid" or not isinstance(order, Mapping):
        return
    data, name = happening.envelope.get("data"), str(order.get("id", ""))
    beside = data.get("id") if happening.type == "order.paid" and isinstance(data, Mapping) else None
    number = number_told(name, beside)
    if number is not None and orders.are_assigned(desk.tx, desk.account.id, number):
        raise Conflict(f"codes were assigned to this order: {name[:80]}")


def _add_tag(desk: Desk, fields: Mapping[str, Any], own: Contact | None) -> Mapping[str, Any]:
    [tag] = read_tags([fields["tag"]]) or (None,)
    named = fields.get("to")
    found = own if named is None else desk.find_contact(named)
    if tag is None or found is None:
        raise RunFailed("an empty text is no tag" if tag is None else "there is nobody to put the tag on")
    contacts.set_tag(desk.tx, contacts.lock(desk.tx, found), tag, is_on=True, at=desk.now)
    return {"tag": tag}


def _send_webhook(desk: Desk, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    message_type = str(fields["type"])
    data = {**as_json(dict(fields.get("data") or {})), "origin": dict(desk.actor.origin)}
    desk.tell(message_type, None, data)
    return {"type": message_type}


def _spec(operation: Operation) -> StepSpec:
    assert operation.step is not None
    fields = tuple(
        StepField(
            _step_name(name, one.step),
            one.kind,
            required=name in operation.required,
            help=one.help,
            choices=one.choices,
            names=_NAMES.get(name, ()),
            above_zero=one.kind in ("money", "whole") and not one.is_signed,
        )
        for name, one in operation.fields.items()
        if one.step != "" and one.kind != "currency" and name != "simulate"
    )
    return StepSpec(operation.step, operation.title, fields, operation.gives, operation.changes)


def _step_name(name: str, step: str | None) -> str:
    return name if step is None else step


def outputs_of(steps: Mapping[str, Any], *, with_codes: bool) -> dict[str, Any]:
    """`{"card": the last card, "steps": {id: …}}`; codes are for the one answer only, never kept."""
    shown = {name: _card_in(as_json(result), with_codes) for name, result in steps.items()}
    found = [result["card"] for result in shown.values() if isinstance(result, dict) and "card" in result]
    return {"card": found[-1] if found else None, "steps": shown}


def _card_in(result: Any, with_codes: bool) -> Any:
    if not isinstance(result, dict) or not isinstance(result.get("card"), dict):
        return result
    card = result["card"]
    names = ("id", "code", "balance", "currency", "last4", "expires_at")
    kept = {name: card[name] for name in names if name in card and (with_codes or name != "code")}
    return {**result, "card": kept}


def as_json(value: Any) -> Any:
    """A step's or trace's value as JSON: money as amount and currency, moments as RFC 3339."""
    if isinstance(value, Money):
        return value.as_json()
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value
