"""The recipes that we ship load without a word, and their own tests hold."""

from pathlib import Path
from typing import Final

from connector.flows.performing import step_specs
from connector.recipes.library import Library

from .making import Deeds, a_contact, an_event, facts

SHIPPED: Final = Path(__file__).parents[2] / "recipes"
STEPS: Final = step_specs()


def test_every_shipped_recipe_loads_without_fault_or_warning() -> None:
    snapshot = Library(SHIPPED, STEPS).load()

    assert snapshot.faults == ()
    assert [(*entry.warnings, *entry.hints) for entry in snapshot.entries] == [()] * len(snapshot.entries)
    assert {entry.recipe for entry in snapshot.entries} == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_every_shipped_recipe_may_go_live_as_it_stands(tmp_path: Path) -> None:
    """Each has a test that expects a step, and one that expects nothing."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        text = path.read_text("utf-8").replace("status: draft", "status: live")
        (folder / path.name).write_text(text, "utf-8")

    snapshot = Library(folder, STEPS).load()

    assert {(entry.status, entry.warnings) for entry in snapshot.entries} == {("live", ())}
    assert {recipe.name for recipe in snapshot.scheduled} == {"anniversary", "credit-reminder", "win-back"}


def test_what_gives_to_strangers_of_the_recipes_is_a_draft_but_for_the_first_three() -> None:
    """Whoever tries the program for the first time is shown one card, and gives no other by surprise."""
    snapshot = Library(SHIPPED, STEPS).load()

    live = {entry.recipe for entry in snapshot.entries if entry.status != "draft"}
    assert live == {"demo-first-booking", "referral-reward", "vip-fifth-visit"}


def test_a_first_booking_earns_a_card_in_the_demo_account_and_nowhere_else() -> None:
    snapshot = Library(SHIPPED, STEPS).load()
    event = an_event("booking.created", booking={"id": "bk_1", "status": "created"})

    [recipe] = snapshot.for_event("booking.created", "demo", "calendly", "calendly")
    deeds = Deeds()
    deeds.decide(recipe, facts(event, a_contact()))

    assert [step for step, _ in deeds.done] == ["issue_card"]
    assert snapshot.for_event("booking.created", "glow-spa", "calendly", "calendly") == ()
