"""`connector recipes`: the files as they stand. Needs neither a database nor a running gateway."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..domain.errors import Conflict, NotFound
from .backtesting import backtest
from .builder import Call, RecipeEntry, RecipeTested, Undone
from .printing import json_option, print_json, print_line, print_table
from .trying import try_recipe

NO_RECIPES = "There are no recipes. Next: connector init DIR writes some to begin with"


@click.group("recipes")
def recipes() -> None:
    """The automations."""


@recipes.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def show_all(call: Call, names: tuple[str, ...], as_json: bool) -> None:
    """List recipes with the status in force."""
    entries = _chosen(call, names)
    if as_json:
        print_json({"data": [_shown(entry) for entry in entries]})
        return
    rows = [[one.recipe, one.status, (one.revision or "")[:12], len(one.errors) or ""] for one in entries]
    print_table(("recipe", "status", "revision", "faults"), rows, empty=NO_RECIPES)


@recipes.command("check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def check(call: Call, names: tuple[str, ...], as_json: bool) -> None:
    """Check recipes; each fault as file:line:column: message."""
    entries = _chosen(call, names)
    if as_json:
        print_json({"data": [_shown(entry) for entry in entries]})
    else:
        for fault in (fault for entry in entries for fault in (*entry.errors, *entry.warnings)):
            print_line(str(fault))
        good = sum(not entry.errors for entry in entries)
        print_line(f"{good} of {len(entries)} recipes are good." if entries else NO_RECIPES)
    if any(entry.errors for entry in entries):
        raise Undone


@recipes.command("test")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def test(call: Call, names: tuple[str, ...], as_json: bool) -> None:
    """Run the recipes' own tests."""
    chosen = [entry.recipe for entry in _chosen(call, names)]
    tested = call.builder.test_recipes(call.place, chosen)
    if as_json:
        print_json({"data": [_shown_tests(one) for one in tested]})
    else:
        _print_tests(tested)
    if any(one.entry.errors or any(case.message for case in one.tests) for one in tested):
        raise Undone


@recipes.command("schema")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def schema(call: Call, file: Path | None) -> None:
    """Print the JSON Schema of recipe files, or write it to FILE."""
    text = call.builder.recipe_schema()
    if file is None:
        click.echo(text, nl=False)  # ours, and many lines: `print_line` writes line ends out
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as fault:
        raise Conflict(f"{file} cannot be written: {fault.strerror}.") from fault
    print_line(f"Wrote {file}. In a recipe's first line: # yaml-language-server: $schema={file.name}")


@recipes.command("new")
@click.argument("name")
@click.option("--from", "source", metavar="NAME", required=True, help="The recipe to copy.")
@json_option
@click.pass_obj
def new(call: Call, name: str, source: str, as_json: bool) -> None:
    """Copy a recipe under a new name, as a draft."""
    made = call.builder.new_recipe(call.place, name, source)
    if as_json:
        print_json({"recipe": name, "file": str(made)})
        return
    print_line(f"Wrote {made}, a draft. Next: connector recipes check {name}")


def _chosen(call: Call, names: Sequence[str]) -> list[RecipeEntry]:
    """The recipes of these names, in that order, or all; NotFound for one that is not there."""
    known = {entry.recipe: entry for entry in call.builder.recipes(call.place)}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name[:80], known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise NotFound(f"There is no recipe {name[:80]!r}.{hint}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


def _shown(entry: RecipeEntry) -> dict[str, Any]:
    return {
        "recipe": entry.recipe,
        "status": entry.status,
        "revision": entry.revision,
        "errors": [str(fault) for fault in entry.errors],
        "warnings": [str(fault) for fault in entry.warnings],
    }


def _shown_tests(tested: RecipeTested) -> Mapping[str, Any]:
    cases = [
        {"name": case.name, "passed": case.message is None, "message": case.message} for case in tested.tests
    ]
    return {**_shown(tested.entry), "tests": cases}


def _print_tests(tested: Sequence[RecipeTested]) -> None:
    rows = [row for one in tested for row in _rows_of(one)]
    print_table(("recipe", "test", "result"), rows, empty=NO_RECIPES)
    for fault in (fault for one in tested if not one.tests for fault in one.entry.errors):
        print_line(str(fault))


def _rows_of(tested: RecipeTested) -> list[list[str]]:
    recipe = tested.entry.recipe
    if not tested.tests:
        return [[recipe, "", "could not be read" if tested.entry.errors else "has no tests"]]
    return [[recipe, case.name, "passed" if case.message is None else case.message] for case in tested.tests]


recipes.add_command(try_recipe)
recipes.add_command(backtest)
COMMAND = recipes
