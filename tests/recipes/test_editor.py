"""What an editor shows of a recipe, by a real yaml-language-server and the schema as it is shipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from connector.domain.events import EVENT_TYPES
from connector.flows.performing import step_specs
from connector.recipes.json_schema import SCHEMA_FILE
from connector.recipes.recipe import STATUSES
from connector.recipes.steps import OWN_STEPS
from tests.kit.language_server import Editor
from tests.kit.node import program

SHIPPED: Final = Path(__file__).parents[2] / "recipes"
SETTINGS: Final = {
    # Nothing from the network: the schema is the one that the file's first line names.
    "yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
}
VIP: Final = (SHIPPED / "vip-fifth-visit.yaml").read_text("utf-8")
HERE: Final = "‸"  # where the person types
BEGUN: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}\nrecipe: thanks\ntitle: Thanks\n"


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    server = program("yaml-language-server/bin/yaml-language-server")
    with Editor([*server, "--stdio"], SHIPPED, SETTINGS) as opened:
        yield opened


def offered(editor: Editor, text: str) -> list[str]:
    """What is offered where the mark stands."""
    before, _, after = text.partition(HERE)
    editor.open("typed.yaml", before + after)
    return editor.complete("typed.yaml", before.count("\n"), len(before.rpartition("\n")[2]))


def told(editor: Editor, text: str, word: str) -> str:
    """What is told of the first place where the word stands."""
    before = text.partition(word)[0]
    editor.open("pointed.yaml", text)
    return editor.hover("pointed.yaml", before.count("\n"), len(before.rpartition("\n")[2]) + 1)


def test_nothing_is_marked_in_any_recipe_that_we_ship(editor: Editor) -> None:
    texts = {path.name: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.yaml"))}

    assert texts
    assert editor.open_all(texts) == {name: [] for name in texts}


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("status: live", "status: lvie", 4, 'Valid values: "draft", "shadow", "live", "paused"'),
        ("once_per: contact", "once_pre: contact", 12, "Property once_pre is not allowed"),
        ("      expires: 12", "      expiers: 12", 17, "Property expiers is not allowed"),
        ("  - issue_card:\n      a", "  - isue_card:\n      a", 15, "issue_card"),
        ("title: $25", "# title: $25", 2, 'Missing property "title"'),
        ("      amount: 25.00 USD\n      e", "      e", 15, 'Missing property "amount"'),
        ("booking.completed]", "booking.complete]", 6, "Value is not accepted"),
        ("visits: 5}", "visits: many}", 24, "Incorrect type"),
        ("recipe: vip", "recipe: VIP", 2, "pattern"),
    ],
)
def test_a_mistake_is_marked_at_its_line(
    editor: Editor, right: str, wrong: str, line: int, message: str
) -> None:
    assert right in VIP

    marks = editor.open("mistaken.yaml", VIP.replace(right, wrong, 1))

    at_line = [mark["message"] for mark in marks if mark["range"]["start"]["line"] == line - 1]
    assert any(message in one for one in at_line), marks


def test_a_mend_takes_the_mark_away(editor: Editor) -> None:
    assert editor.open("mended.yaml", VIP.replace("status: live", "status: lvie"))

    assert editor.open("mended.yaml", VIP) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (f"{BEGUN}{HERE}\n", {"status", "on", "if", "once_per", "do", "limits", "tests"}),
        (f"{BEGUN}status: {HERE}\n", set(STATUSES)),
        (f"{BEGUN}status: draft\non: {HERE}\n", set(EVENT_TYPES) - {"schedule.due"}),
        (f"{BEGUN}on: [order.paid, {HERE}]\n", {"booking.completed", "gift_card.redeemed"}),
        (f"{BEGUN}on: order.paid\ndo:\n  - {HERE}\n", {*step_specs(), *OWN_STEPS, "if", "id"}),
        (f"{BEGUN}do:\n  - issue_card:\n      {HERE}\n", {"amount", "expires", "note", "delivery"}),
        (f"{BEGUN}do:\n  - issue_card:\n      kind: {HERE}\n", {"promotional", "paid"}),
        (f"{BEGUN}limits:\n  {HERE}\n", {"per_contact", "budget", "burst", "when_reached"}),
        (f"{BEGUN}limits:\n  when_reached: {HERE}\n", {"hold", "skip"}),
        (f"{BEGUN}tests:\n  - given:\n      contact:\n        {HERE}\n", {"visits", "tags", "spent"}),
    ],
    ids=lambda value: value.removeprefix(BEGUN)[:40] if isinstance(value, str) else "",
)
def test_what_may_stand_at_a_place_is_offered_there(editor: Editor, typed: str, expected: set[str]) -> None:
    assert expected <= set(offered(editor, typed))


def test_nothing_is_offered_that_stands_there_already(editor: Editor) -> None:
    found = offered(editor, f"{BEGUN}status: draft\n{HERE}\n")

    assert not {"recipe", "title", "status"} & set(found)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("status", "draft, shadow, live, paused"),
        ("once_per", "once for each value"),
        ("issue_card", "Issue a gift card"),
        ("amount", "how much is on the card"),
        ("tests", "what is given, and what is expected"),
    ],
)
def test_a_word_is_explained_where_one_points_at_it(editor: Editor, word: str, expected: str) -> None:
    assert expected in told(editor, VIP, word)


def test_a_file_without_the_first_line_has_no_schema_to_be_held_to(editor: Editor) -> None:
    """So that it is known to be this line that brings it."""
    without = VIP.partition("\n")[2].replace("status: live", "status: lvie")

    assert editor.open("bare.yaml", without) == []
