"""What a recipe file may say: the keys as a file writes them, and what may start a recipe."""

import pytest

from connector.recipes.reader import MAX_LINES
from connector.recipes.schema import CaseFile, RecipeFile, can_start, keys_of

from .making import VIP, faults_of


def test_keys_are_named_as_a_file_writes_them() -> None:
    assert {"if", "from", "on", "do", "limits", "goal", "undo", "same_as"} <= set(keys_of(RecipeFile))
    assert keys_of(CaseFile) == ("name", "event", "given", "expect", "because")


@pytest.mark.parametrize(
    ("event_type", "can"),
    [
        ("booking.completed", True),
        ("gift_card.redeemed", True),
        ("funding.low", True),
        ("custom.nightly", True),
        ("schedule.due", False),
        ("custom.", False),
        ("gift_card.*", False),
    ],
)
def test_events_and_messages_start_a_recipe_a_schedule_is_written_in_words(
    event_type: str, can: bool
) -> None:
    assert can_start(event_type) is can


def test_a_list_of_a_hundred_thousand_is_refused_by_its_length() -> None:
    """Row 144 of the loader's list."""
    types = ", ".join(["bookin.completed"] * 2_000)

    faults = faults_of(VIP.replace("on: [contact.tag_added, booking.completed]", f"on: [{types}]"))

    assert 0 < len(faults) <= 100
    assert any(f"`on` is too long: {MAX_LINES} at most" in each or "event type" in each for each in faults)
