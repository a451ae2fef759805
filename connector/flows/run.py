"""Recipes × event: decide, perform, trace; a savepoint each, so that one failure undoes only itself."""

import dataclasses
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.card_numbers import mask
from ..domain.codes import spelled
from ..domain.errors import ConnectorError, DailyCapReached, RunFailed, Unavailable
from ..domain.events import rfc3339
from ..domain.money import Money
from ..domain.steps import StepField, StepSpec
from ..logs import log
from ..operations.kit import Desk, Operation
from ..operations.registry import operations
from ..recipes import decide
from ..recipes.clauses import Goal
from ..recipes.recipe import Action, Recipe
from ..recipes.tracing import HIDDEN as HIDDEN
from ..store import cards, facts, runs
from ..store.contacts import Contact
from ..store.writer import DatabaseFault, Writing
from .guesses import Lookups
from .parts import Parts

_STOPPED: Final = {"failed": "recipe.failed", "held": "recipe.held"}
SEND_WEBHOOK: Final = StepSpec(
    name="send_webhook",
    title="Send a message to the endpoints that want it",
    fields=(
        StepField("type", "text", required=True, help="custom.<name>"),
        StepField("data", "mapping", help="what the message says"),
    ),
    gives=("type",),
)

PURSE: Final = frozenset({"balance", "next_expiry_at"})
COSTLY: Final = PURSE | {"last_redeemed_at"}
"""Names below `contact.` that a recipe's text must hold for their query to be made."""


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


class TooSlow(Exception):
    """Running took longer than the sender will wait; a worker does it without hurry."""


def step_specs() -> dict[str, StepSpec]:
    """Every step that is a gift card deed, and `send_webhook`: what the recipe language is told."""
    specs = [_spec(one) for one in operations().values() if one.step is not None]
    return {spec.name: spec for spec in [*specs, SEND_WEBHOOK]}


def run_event(
    parts: Parts, tx: Writing, account: Account, happening: Happening, deadline: float | None
) -> list[dict[str, Any]]:
    """Run every recipe that listens, by name; what each came to, as the delivery's answer shows it.

    A run's failure is its outcome. A failure of the database leaves as it is.
    """
    listening = parts.library.current.for_event(
        happening.type, account.slug, happening.source, happening.adapter
    )
    if not listening:
        return []
    desk = parts.desk(tx, account, Actor("recipe"))
    asked = frozenset(name for name in COSTLY if any(name in recipe.text for recipe in listening))
    shown = snapshot(tx, account, happening.contact, desk.now, asked)
    rows, answers = [], []
    for recipe in listening:
        if deadline is not None and parts.clock.monotonic() > deadline:
            raise TooSlow
        row, answer = _run(desk, happening, recipe, shown)
        rows.append(row)
        answers.append(answer)
    runs.add_all(tx, rows)
    return answers


def snapshot(
    tx: Writing, account: Account, contact: Contact | None, now: datetime, asked: frozenset[str]
) -> dict[str, Any] | None:
    """The contact as recipes see it, with this event counted; None where there is none.

    What costs a query of its own is worked out only where it is `asked` for.
    """
    if contact is None:
        return None
    totals = facts.totals(tx, contact.id)
    purse = cards.purse(tx, account.id, contact.id, now) if asked & PURSE else cards.Purse({})
    redeemed = "last_redeemed_at" in asked
    return {
        "id": contact.public_id,
        "external_id": contact.external_id,
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "tags": contact.tags,
        "attributes": dict(contact.attributes),
        "referred_by": contact.referred_by,
        "first_seen_at": contact.first_seen_at,
        "visits": totals.visits,
        "last_visit_at": totals.last_visit_at,
        "last_booking_at": totals.last_booking_at,
        "spent": Money.total(totals.spent_in(account.currency), account.currency),
        "points": totals.points,
        "no_shows": totals.no_shows,
        "balance": Money.total(purse.balances.get(account.currency, 0), account.currency),
        "next_expiry_at": purse.next_expiry_at,
        "last_redeemed_at": cards.last_redeemed_at(tx, account.id, contact.id) if redeemed else None,
    }


Row = dict[str, Any]


def _run(
    desk: Desk, happening: Happening, recipe: Recipe, shown: Mapping[str, Any] | None
) -> tuple[Row, dict[str, Any]]:
    """One recipe: its row, and what the answer says of it."""
    tx, account = desk.tx, desk.account
    run_id = ids.new_id(ids.RUN, tx.wall)
    origin = {"recipe": recipe.name, "run_id": run_id, "event_id": happening.public_id}
    own = dataclasses.replace(desk, actor=Actor("recipe", origin))
    seen = decide.Facts(
        event=happening.envelope,
        contact=shown,
        now=desk.now,
        timezone=account.timezone,
        currency=account.currency,
    )
    steps: dict[str, Any] = {}
    codes: set[str] = set()
    reason = place = None
    try:
        with tx.savepoint():
            decision = decide.run(recipe, seen, _Hooks(own, happening, codes, recipe.name, run_id))
            if decision.journal is not None:  # nobody would wake it
                raise decide.Failed("this step cannot be done yet", decision.place, decision.trace)
        outcome, reason, place, trace = decision.outcome, decision.reason, decision.place, decision.trace
        steps = dict(decision.steps)
    except decide.Failed as failed:
        outcome = "held" if isinstance(failed.__cause__, DailyCapReached) else "failed"  # a person decides
        reason, place, trace = failed.detail, failed.place, failed.trace
    except (DatabaseFault, Unavailable, TooSlow):  # nothing happened: the delivery is tried again
        raise
    except Exception as fault:  # noqa: BLE001 - a bug of ours fails this run, never the delivery
        log.error("run_crashed", run=run_id, recipe=recipe.name, error=type(fault).__name__)
        outcome, reason, trace = "failed", f"internal error: {type(fault).__name__}", []
    reason, trace = mask(without_codes(reason, codes)), mask(without_codes(trace, codes))
    if outcome in ("failed", "held"):
        _tell_stopped(own, happening, recipe, run_id, _STOPPED[outcome], reason, place)
    kept = {
        "public_id": run_id,
        "account_id": account.id,
        "event_id": happening.row_id,
        "contact_id": None if happening.contact is None else happening.contact.id,
        "recipe": recipe.name,
        "revision": recipe.revision,
        "outcome": outcome,
        "reason": reason,
        "place": place,
        "trace": trace,
        "outputs": outputs_of(steps, with_codes=False),
    }
    tx.after_commit(partial(log.info, "run", run=run_id, recipe=recipe.name, outcome=outcome))
    answer: dict[str, Any] = {"id": run_id, "recipe": recipe.name, "outcome": outcome}
    if reason:
        answer["reason"] = reason
    answer["outputs"] = outputs_of(steps, with_codes=True)
    return kept, answer


@dataclass(frozen=True, slots=True)
class _Hooks:
    """Does a run's steps. `codes` grows with those that they give or use: nothing that is kept shows one.

    A code that came with the event is looked up under the source's budget of wrong
    ones; one that an earlier step of this run gave is no guess.
    """

    desk: Desk
    happening: Happening
    codes: set[str]
    recipe: str
    run_id: str

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        desk, happening, codes, step = self.desk, self.happening, self.codes, action.spec.name
        if step == SEND_WEBHOOK.name:
            return _send_webhook(desk, mask(without_codes(fields, codes)))
        operation = _by_step()[step]
        used = _codes_used(operation, fields)
        guessed = used - codes
        codes.update(used)
        happening.codes.update(used)
        cleared = _cleared(operation, fields, codes)
        with happening.lookups.looking(guessed):
            outcome = operation.perform(desk, command_of(operation, cleared, happening.contact))
        if outcome.code is not None:
            codes.add(outcome.code)
        return operation.give(desk, outcome) if operation.give is not None else {}

    def take_once(self, value: str) -> bool:
        return runs.take_once(self.desk.tx, self.desk.account.id, self.recipe, value, self.run_id)

    def enroll(self, _goal: Goal) -> bool:
        return True

    def seen_before(self, _subject: str, _at: datetime) -> str | None:
        return None


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
            value = spelled(code).sub(HIDDEN, value)
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


def _send_webhook(desk: Desk, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    message_type = str(fields["type"])
    if not message_type.startswith("custom."):
        raise RunFailed(f"{message_type}: a recipe sends custom.<name> messages only")
    data = {**as_json(dict(fields.get("data") or {})), "origin": dict(desk.actor.origin)}
    desk.tell(message_type, None, data)
    return {"type": message_type}


def _tell_stopped(
    desk: Desk,
    happening: Happening,
    recipe: Recipe,
    run_id: str,
    message_type: str,
    reason: str | None,
    place: str | None,
) -> None:
    run = {
        "id": run_id,
        "recipe": recipe.name,
        "revision": recipe.revision,
        "reason": reason,
        "place": place,
        "event": {"id": happening.public_id, "type": happening.type},
    }
    try:
        with desk.tx.savepoint():
            desk.tell(message_type, None, {"run": run})
    except ConnectorError as error:  # a reason too long for a message must not fail the delivery
        log.error("message_refused", run=run_id, error=error.code)


def _spec(operation: Operation) -> StepSpec:
    assert operation.step is not None
    fields = tuple(
        StepField(
            _step_name(name, one.step),
            one.kind,
            required=name in operation.required,
            help=one.help,
            choices=one.choices,
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
