"""`connector endpoints`: who is told of what happens. A secret is shown once, when it is made."""

import click

from ..domain.accounts import Actor
from ..domain.messages import is_pattern
from .builder import Call
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table


def _require_patterns(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for text in value:
        if not is_pattern(text):
            raise click.BadParameter(f"{text[:80]!r} is no message type: write one, gift_card.* or *")
    return value


@click.group("endpoints")
def endpoints() -> None:
    """Subscribers of an account's webhooks."""


@endpoints.command("create")
@click.argument("account")
@click.argument("url")
@click.option(
    "--type",
    "types",
    multiple=True,
    callback=_require_patterns,
    help="A message type, gift_card.* or *; again for more. Left out: *.",
)
@click.option("--description", help="Words for yourselves.")
@json_option
@click.pass_obj
def create(
    call: Call, account: str, url: str, types: tuple[str, ...], description: str | None, as_json: bool
) -> None:
    """Send ACCOUNT's webhooks to URL."""
    with call.gateway() as gateway:
        made = gateway.create_endpoint(
            gateway.account(account),
            url=url,
            event_types=types or ("*",),
            description=description,
            by=Actor("manual", {"command": "endpoints create"}),
        )
    if as_json:
        print_json(made.body)
        return
    print_record(made.body)
    print_aside("The secret is shown this once: the receiver verifies with it.")


@endpoints.command("list")
@click.argument("account")
@json_option
@click.pass_obj
def show_all(call: Call, account: str, as_json: bool) -> None:
    """List the endpoints of ACCOUNT, newest first."""
    with call.gateway() as gateway:
        found = gateway.list_endpoints(gateway.account(account))
    if as_json:
        print_json({"data": found})
        return
    columns = ("id", "url", "event_types", "status", "last_success_at")
    rows = [[endpoint[column] for column in columns] for endpoint in found]
    empty = f"{account} has no endpoints. Next: connector endpoints create {account} https://…"
    print_table(columns, rows, empty=empty)


@endpoints.command("delete")
@click.argument("account")
@click.argument("endpoint")
@json_option
@click.pass_obj
def delete(call: Call, account: str, endpoint: str, as_json: bool) -> None:
    """Delete ENDPOINT (its id) of ACCOUNT; what was still to be sent to it is cancelled."""
    with call.gateway() as gateway:
        actor = Actor("manual", {"command": "endpoints delete"})
        gateway.delete_endpoint(gateway.account(account), endpoint, actor)
    if as_json:
        print_json({"id": endpoint, "deleted": True})
    else:
        print_line(f"{endpoint} is deleted.")


COMMAND = endpoints
