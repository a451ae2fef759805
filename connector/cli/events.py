"""`connector events`: what happened, as recipes saw it, and again for the recipes of today."""

from typing import Final

import click

from ..domain.accounts import Actor
from ..flows.runs import OUTCOMES
from .builder import Call
from .listing import list_verb
from .printing import json_option, print_json, print_record, print_table

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


events.add_command(
    list_verb(
        "List the events of ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.events.page(whose, asked),
        _COLUMNS,
        filters=FILTERS,
        choices={"outcome": OUTCOMES},
        empty="No event of {account} is like that.",
    )
)


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
