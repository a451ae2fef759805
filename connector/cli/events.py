"""`connector events`: what happened, as recipes saw it, and again for the recipes of today."""

from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..flows.runs import OUTCOMES
from .builder import Call
from .listing import asked_of, list_options
from .printing import json_option, print_aside, print_json, print_record, print_table

FILTERS: Final = {
    "type": "Events of this type.",
    "source": "From this source.",
    "contact_id": "About this contact.",
    "recipe": "That this recipe had a run for.",
    "outcome": "That had a run which came to this.",
}
_COLUMNS: Final = ("id", "type", "source", "contact_id", "occurred_at", "created_at")
_RUNS: Final = ("id", "recipe", "outcome", "reason")


@click.group("events")
def events() -> None:
    """What happened."""


@events.command("list")
@click.argument("account")
@list_options(FILTERS, {"outcome": OUTCOMES})
@json_option
@click.pass_obj
def show_all(call: Call, /, account: str, as_json: bool, **given: Any) -> None:
    """List the events of ACCOUNT, newest first. All filters hold at once."""
    with call.gateway() as gateway:
        whose = gateway.account(account)
        asked = asked_of(given, gateway.parts.clock.now(), whose.timezone)
        page = gateway.events.page(whose, asked)
    if as_json:
        print_json(page.as_json())
        return
    rows = [[event[column] for column in _COLUMNS] for event in page.data]
    print_table(_COLUMNS, rows, empty=f"No event of {account} is like that.")
    if page.next_cursor is not None:
        print_aside(f"There are more: --cursor {page.next_cursor}")


@events.command("show")
@click.argument("account")
@click.argument("event")
@json_option
@click.pass_obj
def show(call: Call, account: str, event: str, as_json: bool) -> None:
    """Show EVENT (its id) of ACCOUNT, whole, with what became of it."""
    with call.gateway() as gateway:
        found = gateway.events.one(gateway.account(account), event)
    if as_json:
        print_json(found)
    else:
        print_record(found)


@events.command("replay")
@click.argument("account")
@click.argument("event")
@json_option
@click.pass_obj
def replay(call: Call, account: str, event: str, as_json: bool) -> None:
    """Run EVENT of ACCOUNT again for every recipe that wants it today. Nothing is given twice."""
    with call.gateway() as gateway:
        actor = Actor("manual", {"command": "events replay"})
        told = gateway.events.replay(gateway.account(account), actor, event).body
    if as_json:
        print_json(told)
        return
    rows = [[run[column] for column in _RUNS] for run in told["runs"]]
    print_table(_RUNS, rows, empty="No live or shadow recipe wants this event today.")


COMMAND = events
