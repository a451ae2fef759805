"""`connector notifications`: what people were written, what is on its way, and a failed one again."""

from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..domain.notifications import STATES, WAYS
from .builder import Call
from .listing import asked_of, list_options
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table

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


@notifications.command("list")
@click.argument("account")
@list_options(FILTERS, {"state": STATES, "via": WAYS})
@json_option
@click.pass_obj
def show_all(call: Call, /, account: str, as_json: bool, **given: Any) -> None:
    """List the notifications of ACCOUNT, newest first. All filters hold at once."""
    with call.gateway() as gateway:
        whose = gateway.account(account)
        page = gateway.notifications.page(whose, asked_of(given, gateway.parts.clock.now(), whose.timezone))
    if as_json:
        print_json(page.as_json())
        return
    rows = [[one[column] for column in _COLUMNS] for one in page.data]
    print_table(_COLUMNS, rows, empty=f"No notification of {account} is like that.")
    if page.next_cursor is not None:
        print_aside(f"There are more: --cursor {page.next_cursor}")


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
        print_line("")
        for line in (f"Subject: {content['subject']}" if content["subject"] else "", content["text"]):
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
