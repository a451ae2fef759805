"""`connector recipes try`: what a recipe would do about one event, line by line; changes nothing."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from ..domain.errors import BadJson, NotFound
from ..domain.jsontext import load_object
from .builder import Call
from .printing import json_option, print_aside, print_json
from .tracing import print_run

MAX_FILE_BYTES: Final = 1_048_576  # as much as a webhook may bring
_IDS: Final = "evt_"


@click.command("try")
@click.argument("name")
@click.option(
    "--event",
    "event",
    required=True,
    metavar="ID|FILE",
    help="A kept event, or a file; - reads stdin.",
)
@click.option(
    "--account",
    help="Whose contacts a file's event is about; its own, or the only one, if left out.",
)
@json_option
@click.pass_obj
def try_recipe(call: Call, name: str, event: str, account: str | None, as_json: bool) -> None:
    """Say what the recipe NAME would do about an event, with every line that it looks at. Changes nothing."""
    told: str | Mapping[str, Any] = event if event.startswith(_IDS) else _read(event)
    with call.gateway() as gateway:
        if isinstance(told, str):
            whose = gateway.events.account_of(told) if account is None else gateway.account(account)
        else:
            slug = account or told.get("account") or _only(gateway.directory.every_account())
            if not isinstance(slug, str):
                raise click.UsageError("Say whose event it is: --account, or `account` in the file.")
            whose = gateway.account(slug)
        found = gateway.runs.trial(whose, name, told)
    if as_json:
        print_json(found)
        return
    print_run(found)
    if found["done_by"]:
        print_aside(f"{found['done_by']} has done it for this very event: once_per keeps it from doubling.")
    if not found["wants"]:
        print_aside(f"{name} does not listen to this event: it would not have run.")


def _only(accounts: Sequence[Mapping[str, Any]]) -> Any:
    """The account where there is one alone, as backtest takes it; None where there are several."""
    return accounts[0]["slug"] if len(accounts) == 1 else None


def _read(name: str) -> dict[str, Any]:
    if name == "-":
        body = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                body = file.read(MAX_FILE_BYTES + 1)
        except OSError as fault:
            hint = "connector events list ACCOUNT shows ids, evt_…"
            raise NotFound(
                f"{name[:200]} is no event's id, and no file: {fault.strerror}. Next: {hint}"
            ) from fault
    if len(body) > MAX_FILE_BYTES:
        raise click.UsageError(f"--event: {name[:200]} has more than {MAX_FILE_BYTES} bytes.")
    try:
        return load_object(body)
    except BadJson as fault:
        raise BadJson(f"{name[:200]}: {fault.detail}") from fault
