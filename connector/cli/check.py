"""`connector check`: the configuration and every recipe, each fault with its place."""

import click

from .builder import Call, Misconfigured, Undone
from .printing import json_option, print_json, print_line


@click.command("check")
@json_option
@click.pass_obj
def check(call: Call, as_json: bool) -> None:
    """Check configuration and recipes.

    Each fault is a line, file:line:column: message: 2 for the configuration, 1 for a recipe.
    """
    checked = call.builder.check(call.place)
    faults = [*checked.configuration, *checked.recipes]
    if as_json:
        print_json({"ok": not faults, "faults": [str(fault) for fault in faults]})
    if not faults:
        if not as_json:
            print_line("Configuration and recipes: nothing is wrong.")
        return
    if not as_json:
        for fault in faults:
            print_line(str(fault))
    if checked.configuration:
        raise Misconfigured
    raise Undone


COMMAND = check
