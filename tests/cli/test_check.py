"""`connector check`: every fault with its place, and an exit code for each kind."""

from connector.cli.builder import Checked
from connector.domain.errors import Fault
from tests.cli.shell import Asked

BAD_KEY = Fault("config.toml", 9, 1, "unknown key listn")
BAD_RECIPE = Fault("recipes/vip.yaml", 12, 5, "did you mean `visits`?")


def test_where_nothing_is_wrong_it_says_so() -> None:
    ran = Asked().shell.done("check")

    assert ran.out == "Configuration and recipes: nothing is wrong.\n"


def test_a_bad_recipe_is_a_line_on_standard_output_and_1() -> None:
    ran = Asked(checked=Checked(recipes=(BAD_RECIPE,))).shell("check")

    assert (ran.code, ran.out, ran.err) == (1, "recipes/vip.yaml:12:5: did you mean `visits`?\n", "")


def test_a_bad_configuration_is_2_and_everything_is_shown_together() -> None:
    ran = Asked(checked=Checked((BAD_KEY,), (BAD_RECIPE,))).shell("check")

    assert ran.code == 2
    assert ran.out == f"{BAD_KEY}\n{BAD_RECIPE}\n"


def test_json_has_the_same_lines() -> None:
    ran = Asked(checked=Checked((BAD_KEY,), (BAD_RECIPE,))).shell("check", "--json")

    assert ran.code == 2
    assert ran.json == {"ok": False, "faults": [str(BAD_KEY), str(BAD_RECIPE)]}
    assert Asked().shell.done("check", "--json").json == {"ok": True, "faults": []}
