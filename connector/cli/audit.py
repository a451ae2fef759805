"""`connector audit`: who changed what, and why."""

from typing import Any, Final

import click

from ..flows.trail import TYPES
from .builder import Call
from .listing import asked_of, list_options
from .printing import json_option, print_aside, print_json, print_table

FILTERS: Final = {
    "subject": "Changes of this: an id, or ACCOUNT/SOURCE.",
    "type": "Changes of things of this type.",
    "act": "Changes by this deed.",
    "actor": "Changes by this: a key's or run's id, a recipe, a command, or the way in.",
}
_COLUMNS: Final = ("created_at", "act", "subject", "source", "origin", "reason", "note")


@click.group("audit")
def audit() -> None:
    """Who changed what, and why."""


@audit.command("list")
@click.argument("account")
@list_options(FILTERS, {"type": TYPES})
@json_option
@click.pass_obj
def show_all(call: Call, /, account: str, as_json: bool, **given: Any) -> None:
    """List the changes in ACCOUNT, newest first. All filters hold at once."""
    with call.gateway() as gateway:
        whose = gateway.account(account)
        asked = asked_of(given, gateway.parts.clock.now(), whose.timezone)
        page = gateway.history.trail(whose, asked)
    if as_json:
        print_json(page.as_json())
        return
    rows = [[_shown(row[column]) for column in _COLUMNS] for row in page.data]
    print_table(_COLUMNS, rows, empty=f"No change in {account} is like that.")
    if page.next_cursor is not None:
        print_aside(f"There are more: --cursor {page.next_cursor}")


def _shown(value: Any) -> Any:
    """`key_id: key_01…` of an origin."""
    return ", ".join(f"{name}: {word}" for name, word in value.items()) if isinstance(value, dict) else value


COMMAND = audit
