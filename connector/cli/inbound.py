"""`connector inbound`: what platforms sent, what became of it, and again after a mend."""

from typing import Final

import click

from ..domain.accounts import Actor
from ..flows.inbound import STATUSES
from ..flows.runs import OUTCOMES
from .builder import Call
from .listing import list_verb
from .printing import json_option, print_json, print_record

FILTERS: Final = {
    "status": "What became of them.",
    "source": "From this source.",
    "type": "That told of an event of this type.",
    "contact_id": "That told of this contact.",
    "recipe": "That this recipe had a run for.",
    "outcome": "That had a run which came to this.",
}
COLUMNS: Final = ("id", "source", "status", "reason", "tries", "received_at")


@click.group("inbound")
def inbound() -> None:
    """What platforms sent."""


inbound.add_command(
    list_verb(
        "List the inbound deliveries of ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.inbound.page(whose, asked),
        COLUMNS,
        filters=FILTERS,
        choices={"status": STATUSES, "outcome": OUTCOMES},
        empty="No inbound delivery of {account} is like that.",
    )
)


@inbound.command("show")
@click.argument("account")
@click.argument("delivery")
@json_option
@click.pass_obj
def show(call: Call, account: str, delivery: str, as_json: bool) -> None:
    """Show DELIVERY (its id) of ACCOUNT with what it said, without proofs and card codes."""
    with call.gateway() as gateway:
        found = gateway.inbound.one(gateway.account(account), delivery)
    if as_json:
        print_json(found)
    else:
        print_record(found)


@inbound.command("replay")
@click.argument("account")
@click.argument("delivery")
@json_option
@click.pass_obj
def replay(call: Call, account: str, delivery: str, as_json: bool) -> None:
    """Run DELIVERY of ACCOUNT again after a mend: one that was rejected, or that was given up."""
    with call.gateway() as gateway:
        actor = Actor("manual", {"command": "inbound replay"})
        found = gateway.inbound.replay(gateway.account(account), actor, delivery).body
    if as_json:
        print_json(found)
    else:
        print_record(found)


COMMAND = inbound
