"""`connector recipes`: the files as they stand, without a database."""

from pathlib import Path

import pytest

from connector.cli.builder import RecipeEntry, RecipeTest, RecipeTested
from connector.domain.errors import Fault
from tests.cli.shell import Asked

FAULT = Fault("recipes/bad.yaml", 12, 5, "did you mean `visits`?")
GOOD = RecipeEntry("good", "live", "a" * 64)
BAD = RecipeEntry("bad", "rejected", None, (FAULT,))
PASSED = RecipeTested(GOOD, (RecipeTest("the first booking"),))
FAILED = RecipeTested(
    GOOD, (RecipeTest("the first booking"), RecipeTest("the second", "expected nothing, but it paid"))
)
UNREAD = RecipeTested(BAD)


def test_list_shows_every_recipe_with_its_status_also_a_bad_one() -> None:
    ran = Asked(entries=[GOOD, BAD]).shell.done("recipes", "list", "--json")

    assert ran.json == {
        "data": [
            {"recipe": "good", "status": "live", "revision": "a" * 64, "errors": [], "warnings": []},
            {
                "recipe": "bad",
                "status": "rejected",
                "revision": None,
                "errors": ["recipes/bad.yaml:12:5: did you mean `visits`?"],
                "warnings": [],
            },
        ]
    }
    assert "rejected" in Asked(entries=[GOOD, BAD]).shell.done("recipes", "list").out


def test_check_prints_each_fault_with_its_place_and_is_1() -> None:
    ran = Asked(entries=[GOOD, BAD]).shell("recipes", "check")

    assert ran.code == 1
    assert ran.out == f"{FAULT}\n1 of 2 recipes are good.\n"


def test_check_of_good_recipes_is_0_and_warnings_do_not_change_that() -> None:
    warned = RecipeEntry("shy", "shadow", "b" * 64, (), (Fault("recipes/shy.yaml", 1, 1, "as shadow"),))

    ran = Asked(entries=[GOOD, warned]).shell.done("recipes", "check")

    assert ran.out == "recipes/shy.yaml:1:1: as shadow\n2 of 2 recipes are good.\n"


def test_only_the_named_ones_are_looked_at() -> None:
    asked = Asked(entries=[GOOD, BAD], tested=[PASSED, UNREAD])

    assert asked.shell.done("recipes", "check", "good").out == "1 of 1 recipes are good.\n"
    assert asked.shell("recipes", "check", "good", "bad", "--json").code == 1
    assert len(asked.shell.done("recipes", "test", "good", "--json").json["data"]) == 1


@pytest.mark.parametrize("verb", ["list", "check", "test"])
def test_a_name_of_no_recipe_is_an_error_with_the_nearest(verb: str) -> None:
    ran = Asked(entries=[GOOD, BAD]).shell("recipes", verb, "goood")

    assert (ran.code, ran.out, ran.err) == (1, "", "There is no recipe 'goood'. Did you mean good?\n")


def test_tests_that_pass_are_0() -> None:
    ran = Asked(entries=[GOOD], tested=[PASSED]).shell.done("recipes", "test")

    assert ran.out.splitlines()[1].split() == ["good", "the", "first", "booking", "passed"]


def test_a_test_that_fails_says_how_and_is_1() -> None:
    asked = Asked(entries=[GOOD], tested=[FAILED])

    assert "expected nothing, but it paid" in asked.shell("recipes", "test").out
    ran = asked.shell("recipes", "test", "--json")
    assert ran.code == 1
    assert ran.json["data"][0]["tests"] == [
        {"name": "the first booking", "passed": True, "message": None},
        {"name": "the second", "passed": False, "message": "expected nothing, but it paid"},
    ]


def test_a_recipe_that_cannot_be_read_fails_its_tests() -> None:
    ran = Asked(entries=[BAD], tested=[UNREAD]).shell("recipes", "test")

    assert ran.code == 1
    assert "could not be read" in ran.out and str(FAULT) in ran.out


@pytest.mark.parametrize("verb", ["list", "check", "test"])
def test_no_recipes_at_all_name_the_next_command(verb: str) -> None:
    ran = Asked().shell.done("recipes", verb)

    assert ran.out == "There are no recipes. Next: connector init DIR writes some to begin with\n"
    assert Asked().shell.done("recipes", verb, "--json").json == {"data": []}


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    file = tmp_path / "recipe.schema.json"

    assert Asked().shell.done("recipes", "schema").out == '{\n "title": "Recipe"\n}\n'
    ran = Asked().shell.done("recipes", "schema", str(file))

    assert file.read_text("utf-8") == '{\n "title": "Recipe"\n}\n'
    assert "# yaml-language-server: $schema=recipe.schema.json" in ran.out


def test_a_schema_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    ran = Asked().shell("recipes", "schema", str(tmp_path / "nowhere" / "x.json"))

    assert ran.code == 1
    assert "cannot be written: No such file or directory" in ran.err


def test_a_new_recipe_is_a_copy_and_names_the_next_command() -> None:
    asked = Asked()

    assert asked.shell.done("recipes", "new", "gold", "--from", "vip").out == (
        "Wrote recipes/gold.yaml, a draft. Next: connector recipes check gold\n"
    )
    assert asked.copied == [("gold", "vip")]
    assert asked.shell.done("recipes", "new", "gold", "--from", "vip", "--json").json == {
        "recipe": "gold",
        "file": "recipes/gold.yaml",
    }


def test_a_new_recipe_goes_where_data_or_config_says_and_never_where_both_do() -> None:
    asked = Asked()
    new = ("recipes", "new", "gold", "--from", "vip")

    asked.shell.done(*new, "--data", "elsewhere")
    asked.shell.done("--config", "other.toml", *new)

    assert asked.configs == [Path("elsewhere"), Path("other.toml")]
    assert asked.shell(*new, "--config", "other.toml", "--data", "elsewhere").code == 2
    assert len(asked.copied) == 2


def test_a_new_recipe_needs_one_to_copy() -> None:
    assert Asked().shell("recipes", "new", "gold").code == 2
