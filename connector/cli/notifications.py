"""`connector notifications`: what people were written, what is on its way, and a failed one again."""

from typing import Final

import click

from ..domain.accounts import Actor
from ..domain.notifications import STATES, WAYS
from .builder import Call
from .listing import list_verb
from .printing import json_option, print_json, print_line, print_record

FILTERS: Final = {
    "state": "Those in this state.",
    "via": "That go this way.",
    "template": "Of this letter.",
    "card_id": "About this card.",
    "contact_id": "To this contact.",
    "run": "That this run asked for.",
}
_COLUMNS: Final = ("id", "state", "via", "template", "to", "tries", "reason", "created_at")


@click.group("notifications")
def notifications() -> None:
    """What people are written, by e-mail and text message."""


notifications.add_command(
    list_verb(
        "List the notifications of ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.notifications.page(whose, asked),
        _COLUMNS,
        filters=FILTERS,
        choices={"state": STATES, "via": WAYS},
        empty="No notification of {account} is like that.",
    )
)


@notifications.command("show")
@click.argument("account")
@click.argument("notification")
@json_option
@click.pass_obj
def show(call: Call, account: str, notification: str, as_json: bool) -> None:
    """Show NOTIFICATION (its id) of ACCOUNT with what it says: in a sandbox, what would have been sent."""
    with call.gateway() as gateway:
        found = gateway.notifications.one(gateway.account(account), notification, shows_text=True)
    if as_json:
        print_json(found)
        return
    content = found.pop("content")
    print_record(found)
    if content is not None:
        subject = f"Subject: {content['subject']}\n" if content["subject"] else ""
        for line in f"\n{subject}\n{content['text']}".splitlines():
            print_line(line)


@notifications.command("retry")
@click.argument("account")
@click.argument("notification")
@json_option
@click.pass_obj
def retry(call: Call, account: str, notification: str, as_json: bool) -> None:
    """Send a NOTIFICATION of ACCOUNT that failed once more, by the whole schedule."""
    with call.gateway() as gateway:
        actor = Actor("manual", {"command": "notifications retry"})
        told = dict(gateway.notifications.retry(gateway.account(account), actor, notification).body)
    if as_json:
        print_json(told)
    else:
        print_line(f"{told['id']} is {told['state']}: a running gateway sends it.")


COMMAND = notifications
