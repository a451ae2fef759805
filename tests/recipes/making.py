"""What the tests of this room make again and again: steps, recipes from text, events and contacts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from connector.domain.errors import FaultyFiles
from connector.domain.money import Money
from connector.domain.steps import StepField, StepSpec
from connector.recipes.clauses import Goal
from connector.recipes.decide import Decision, Facts, run
from connector.recipes.expressions import Expression, Spot, compile_expression
from connector.recipes.names import Scene, Scope
from connector.recipes.reading import read_recipe
from connector.recipes.recipe import Action, Recipe
from connector.recipes.yamltree import Scalar

NOW: Final = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

ISSUE: Final = StepSpec(
    "issue_card",
    "Issue a card",
    (
        StepField("amount", "money", required=True, help="what the card is worth"),
        StepField("expires", "moment"),
        StepField("note", "text"),
        StepField("kind", "text", choices=("promotional", "paid")),
        StepField("to", "contact"),
        StepField("code", "text"),
        StepField("metadata", "mapping"),
    ),
    gives=("card",),
)
REDEEM: Final = StepSpec(
    "redeem_card",
    "Redeem a card",
    (StepField("card", "card"), StepField("amount", "money"), StepField("all", "flag")),
    gives=("amount", "balance"),
)
CHECK: Final = StepSpec(
    "check_balance",
    "Look at a balance",
    (StepField("card", "card"),),
    gives=("balance", "available", "state", "has_balance"),
    changes=False,
)
SEND: Final = StepSpec(
    "send_webhook",
    "Send a message",
    (StepField("type", "text", required=True), StepField("data", "mapping"), StepField("times", "whole")),
)
STEPS: Final = {spec.name: spec for spec in (ISSUE, REDEEM, CHECK, SEND)}

VIP: Final = """\
recipe: vip
title: A card for a VIP
status: live
on: [contact.tag_added, booking.completed]
if:
  - contact.tags has "VIP"
  - contact.visits >= 5
once_per: contact
do:
  - issue_card:
      amount: 25.00 USD
      expires: 12 months
      note: VIP since visit ${{ contact.visits }}
tests:
  - name: a VIP
    event: booking.completed
    given: {contact: {tags: [VIP], visits: 5}}
    expect:
      - issue_card: {amount: 25.00 USD}
  - name: too early
    event: booking.completed
    given: {contact: {tags: [VIP], visits: 4}}
    expect: nothing
    because: contact.visits >= 5
"""


def a_recipe(text: str = VIP, name: str = "vip", steps: Mapping[str, StepSpec] = STEPS) -> Recipe:
    """The recipe that `text` is."""
    return read_recipe(text.encode(), name, f"recipes/{name}.yaml", steps)


def doing(steps: str, *, conditions: str = "", status: str = "live") -> Recipe:
    """A recipe of these steps (indented by two), without tests."""
    head = f"recipe: vip\ntitle: A card\nstatus: {status}\non: booking.completed\n"
    return a_recipe(f"{head}{conditions}do:\n{steps}")


def faults_of(text: str, name: str = "vip", steps: Mapping[str, StepSpec] = STEPS) -> list[str]:
    """Every fault of the text as an operator sees it; empty where it is a recipe."""
    try:
        a_recipe(text, name, steps)
    except FaultyFiles as fault:
        return [str(each) for each in fault.faults]
    return []


def an_event(event_type: str = "booking.completed", **parts: Any) -> dict[str, Any]:
    """The envelope of an event, with nothing in it but `parts`."""
    return {
        "id": "evt_1",
        "type": event_type,
        "occurred_at": "2026-11-20T15:00:00Z",
        "source": "calendly",
        "adapter": "calendly",
        "account": "glow-spa",
        "contact": None,
        "data": {},
        **parts,
    }


def a_contact(**known: Any) -> dict[str, Any]:
    """A contact of whom nothing is known but what is given."""
    return {
        "id": "ct_1",
        "email": None,
        "tags": [],
        "attributes": {},
        "visits": 0,
        "points": 0,
        "spent": Money(0, "USD"),
        "last_visit_at": None,
        **known,
    }


def facts(
    event: Mapping[str, Any] | None = None,
    contact: Mapping[str, Any] | None = None,
    timezone: str = "America/New_York",
) -> Facts:
    return Facts(an_event() if event is None else event, contact, NOW, timezone, "USD")


def a_scene(event: Mapping[str, Any] | None = None, contact: Mapping[str, Any] | None = None) -> Scene:
    return Scene(
        event=an_event() if event is None else event, contact=contact, now=NOW, zone=UTC, currency="USD"
    )


def compiled(text: str, scope: Scope | None = None) -> Expression:
    """The expression, standing at line 12, column 5 of a recipe."""
    spot = Spot("recipes/vip.yaml", Scalar(text, text, 12, 5, 0))
    return compile_expression(text, scope or Scope(), spot)


def value_of(
    text: str, event: Mapping[str, Any] | None = None, contact: Mapping[str, Any] | None = None
) -> Any:
    return compiled(text).evaluate(a_scene(event, contact))


@dataclass
class Deeds:
    """Stands for the gateway: notes what a run asks for, and answers as told."""

    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    is_control: bool = False
    enrolled: int = 0

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        self.done.append((action.spec.name, fields))
        return self.answers.get(action.spec.name, {})

    def take_once(self, value: str) -> bool:
        is_first = value not in self.taken
        self.taken.add(value)
        return is_first

    def enroll(self, goal: Goal) -> bool:
        self.enrolled += 1
        return not self.is_control

    def seen_before(self, subject: str, at: datetime) -> str | None:
        self.asked.append((subject, at))
        return self.told.get(subject)

    def decide(self, recipe: Recipe, on: Facts) -> Decision:
        return run(recipe, on, self)


@dataclass
class Failing(Deeds):
    """Stands for a gateway that refuses every deed."""

    error: Exception = field(default_factory=RuntimeError)

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        raise self.error
