"""200 recipes in force, and events that three of them want: deciding alone, one after another."""

import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bench.figures import Context, Figures, Goal
from connector.domain.money import Money
from connector.flows.performing import step_specs
from connector.recipes.clauses import Goal as RecipeGoal
from connector.recipes.decide import Facts, run
from connector.recipes.library import Library
from connector.recipes.recipe import Action

NAME: Final = "decide: 3 of 200 recipes want an event"
GOAL: Final = Goal(p99_ms=1)
RECIPES: Final = 200
WANTING: Final = 3

_RECIPE: Final = """\
recipe: {name}
title: {name}
status: live
on: {event}
let: {{bonus: "percent(10, event.order.total)"}}
if:
  - contact.tags has "VIP"
  - contact.visits >= 5 and days_since(contact.last_visit_at) < 90
  - event.order.total >= 20.00 USD
once_per: event.order.id
do:
  - issue_card: {{amount: "${{{{ let.bonus }}}}", expires: 12 months, note: "${{{{ contact.visits }}}}"}}
    id: gift
  - choose:
      - if: contact.points > 100
        do: [send_webhook: {{type: custom.many, data: {{card: "${{{{ steps.gift.card.id }}}}"}}}}]
      - else: [send_webhook: {{type: custom.few}}]
tests:
  - name: pays
    event: {event}
    given:
      contact: {{tags: [VIP], visits: 5, last_visit_at: 2026-01-01}}
      event: {{order: {{id: "1", total: 49.95 USD}}}}
      steps: {{gift: {{card: {{id: gc_1}}}}}}
      now: 2026-01-15T12:00:00Z
    expect: [issue_card: {{amount: 5.00 USD}}, send_webhook: {{type: custom.few}}]
  - {{name: not, event: {event}, given: {{event: {{order: {{id: "1", total: 49.95 USD}}}}}}, expect: nothing}}
"""


class _Willing:
    """Hooks that let everything pass and do nothing."""

    def perform(self, _action: Action, _fields: dict[str, Any]) -> Mapping[str, Any]:
        return {"card": {"id": "gc_1", "balance": Money(500, "USD")}}

    def take_once(self, _value: str) -> bool:
        return True

    def enroll(self, _goal: RecipeGoal) -> bool:
        return True

    def seen_before(self, _subject: str, _at: datetime) -> str | None:
        return None


def measure(context: Context) -> Figures:
    folder = context.folder / "recipes"
    folder.mkdir()
    for number in range(RECIPES):
        event = "order.paid" if number < WANTING else "booking.completed"
        name = f"recipe-{number:03}"
        (folder / f"{name}.yaml").write_text(_RECIPE.format(name=name, event=event))
    current = Library(folder, step_specs()).load()
    live = [entry.recipe for entry in current.entries if entry.status == "live"]
    assert len(live) == RECIPES, current.faults
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    order = {"id": "o_1", "total": {"amount": "49.95", "currency": "USD"}}
    envelope = {"id": "evt_1", "type": "order.paid", "occurred_at": "2026-01-15T12:00:00Z", "order": order}
    contact = {"id": "ct_1", "tags": ["VIP"], "visits": 7, "points": 200, "last_visit_at": now}
    facts, hooks = Facts(envelope, contact, now, "America/New_York", "USD"), _Willing()
    took: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < context.seconds:
        start = time.perf_counter()
        wanting = current.for_event("order.paid", "glow-spa", "calendly", "calendly")
        outcomes = [run(recipe, facts, hooks).outcome for recipe in wanting]
        took.append(1_000 * (time.perf_counter() - start))
        assert outcomes == ["done"] * WANTING
    took.sort()
    return Figures(
        requests=len(took),
        errors=0,
        rate=1_000 * len(took) / sum(took),
        mean_ms=statistics.fmean(took),
        p50_ms=took[len(took) // 2],
        p99_ms=took[min(len(took) - 1, len(took) * 99 // 100)],
    )
