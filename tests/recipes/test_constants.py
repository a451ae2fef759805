"""Constants are told from expressions; the shared ones that a recipe uses are kept with its revision."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import FaultyFiles
from connector.recipes.constants import Shared, constant, kept_text, parted, read_shared
from connector.recipes.reading import read_recipe
from connector.recipes.recipe import Recipe
from connector.recipes.values import Duration, read_amount
from connector.recipes.yamltree import Scalar

from .making import STEPS, a_scene, faults_of

USING = """\
recipe: vip
title: A card
status: draft
on: booking.completed
if: contact.visits >= vars.visits
do:
  - issue_card: {amount: "${{ vars.reward }}", note: "${{ vars.texts.thanks }}"}
"""
SHARED = """\
reward: 25.00 USD
visits: 5
other: 1
texts: {thanks: "Danke: \\u2028 #1 \\"you\\"", all: [a, 5, null]}
"""


def shared(text: str = SHARED) -> Shared:
    return read_shared(text.encode(), "recipes/_vars.yaml")


def using(names: Shared | None, text: str = USING) -> Recipe:
    return read_recipe(text.encode(), "vip", "recipes/vip.yaml", STEPS, names)


def test_what_is_written_like_a_sum_or_a_duration_is_one() -> None:
    names = {
        name: constant(node) for name, node in shared("a: 25.00 USD\nb: 12 months\nc: x\nd: 5\n").items()
    }

    assert names == {"a": read_amount("25.00 USD"), "b": Duration(months=12), "c": "x", "d": 5}


def test_a_shared_name_is_read_and_a_recipes_own_goes_before() -> None:
    own = USING.replace("if:", "vars: {visits: 9}\nif:")

    assert using(shared()).vars["visits"] == 5
    assert using(shared(), own).vars["visits"] == 9


def test_a_name_that_nobody_shares_is_a_fault_where_it_is_used() -> None:
    with pytest.raises(FaultyFiles) as caught:
        using(shared("visit: 5\nreward: 5.00 USD\ntexts: {thanks: x}\n"))

    assert str(caught.value) == (
        "recipes/vip.yaml:5:23: `vars.visits` is not known at this place: did you mean `visit`?"
    )


def test_the_revision_changes_with_the_shared_names_it_uses_and_with_no_others() -> None:
    first = using(shared())

    assert using(shared(SHARED.replace("25.00", "30.00"))).revision != first.revision
    assert using(shared(SHARED.replace("other: 1", "other: 2\nanother: 3"))).revision == first.revision
    assert first.revision == hashlib.sha256(first.text.encode()).hexdigest()


def test_a_recipe_without_shared_names_is_its_file_to_the_byte() -> None:
    text = USING.replace("if:", "vars: {visits: 9, reward: 5.00 USD, texts: {thanks: x}}\nif:")

    assert using(shared(), text).text == text


@pytest.mark.parametrize("text", [USING, USING.rstrip("\n"), f"\ufeff{USING}", f"{USING}# a comment"])
def test_the_kept_text_of_a_revision_is_enough_to_read_it_again(text: str) -> None:
    first = using(shared(), text)

    again = using(None, first.text)

    assert (again.text, again.revision, again.vars) == (first.text, first.revision, first.vars)
    assert again.vars["texts"] == {"thanks": 'Danke: \u2028 #1 "you"', "all": ["a", 5, None]}
    assert again.steps[0].fields[0].fill(a_scene()).text == "25.00"  # type: ignore[union-attr]


def test_comments_that_only_look_like_kept_names_are_comments() -> None:
    looking = kept_text(USING, shared("visits: 5\n")).replace("visits: 5", "visits: [")

    assert parted(looking) == (looking, {})
    below = kept_text("", shared()).lstrip()
    assert parted(f"x {below}") == (f"x {below}", {})


def test_kept_names_in_somebodys_file_do_not_count_there() -> None:
    with pytest.raises(FaultyFiles):
        using({}, kept_text(USING, shared()))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: ${{ contact.visits }}\n", "1:4: a constant holds no expression: write it below `let`"),
        ("a: {b: [1, '${{ 5 }}']}\n", "1:12: a constant holds no expression"),
        ("1a: 5\n", "1:1: `1a` is not a name"),
        ("a-b: 5\n", "1:1: `a-b` is not a name"),
        ("- a\n", "1:1: a file of shared names is a block"),
        ("a: 5\na: 6\n", "2:1: `a` stands twice"),
        ("a: &x 5\n", "1:4: anchors"),
        ("".join(f"n{number}: 1\n" for number in range(201)), "1:1: at most 200 names"),
    ],
)
def test_a_fault_among_the_shared_names_has_its_place(text: str, fault: str) -> None:
    with pytest.raises(FaultyFiles) as caught:
        shared(text)

    assert str(caught.value).startswith(f"recipes/_vars.yaml:{fault}")


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n\n"])
def test_a_file_of_no_shared_names_shares_none(text: str) -> None:
    assert shared(text) == {}


def test_an_expression_among_a_recipes_own_constants_is_a_fault() -> None:
    text = USING.replace(
        "if: contact.visits >= vars.visits", 'vars: {reward: "${{ contact.spent }}", texts: {}}'
    )

    assert faults_of(text)[0].startswith("recipes/vip.yaml:5:16: a constant holds no expression")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_that_is_shared_is_kept_to_the_letter(text: str) -> None:
    used = {"a": Scalar(text, text, 1, 1, None)}

    assert {name: constant(node) for name, node in parted(kept_text("x: 1", used))[1].items()} in (
        {"a": constant(used["a"])},
        {},  # signs that no file may hold are not shared in the first place
    )
