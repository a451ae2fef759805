"""The recipes that we ship load without a word, and their own tests hold."""

from pathlib import Path
from typing import Final

from connector.recipes.library import Library

from .making import STEPS, Deeds, a_contact, an_event, facts

SHIPPED: Final = Path(__file__).parents[2] / "recipes"


def test_every_shipped_recipe_loads_without_fault_or_warning() -> None:
    snapshot = Library(SHIPPED, STEPS).load()

    assert snapshot.faults == ()
    assert [entry.warnings for entry in snapshot.entries] == [()] * len(snapshot.entries)
    assert {entry.recipe for entry in snapshot.entries} == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_a_first_booking_earns_a_card_in_the_demo_account_and_nowhere_else() -> None:
    snapshot = Library(SHIPPED, STEPS).load()
    event = an_event("booking.created", booking={"id": "bk_1", "status": "created"})

    [recipe] = snapshot.for_event("booking.created", "demo", "calendly", "calendly")
    deeds = Deeds()
    deeds.decide(recipe, facts(event, a_contact()))

    assert [step for step, _ in deeds.done] == ["issue_card"]
    assert snapshot.for_event("booking.created", "glow-spa", "calendly", "calendly") == ()
