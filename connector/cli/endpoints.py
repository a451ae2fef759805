"""`connector endpoints`: who is told of what happens. A secret is shown once, when it is made."""

from collections.abc import Callable
from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..domain.messages import is_pattern
from ..flows.endpoint_fields import ORDERINGS
from ..flows.subscribe import BACKLOGS
from .builder import Call
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table

_COLUMNS: Final = ("id", "url", "event_types", "status", "backlog", "last_success_at")


def _require_patterns(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for text in value:
        if not is_pattern(text):
            raise click.BadParameter(f"{text[:80]!r} is no message type: write one, gift_card.* or *")
    return value


def _read_headers(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    found = {}
    for text in value:
        name, colon, told = text.partition(":")
        if not colon:
            raise click.BadParameter("write NAME: VALUE")
        found[name.strip()] = told.strip()
    return found


_OPTIONS: Final = (
    click.option(
        "--type",
        "types",
        multiple=True,
        callback=_require_patterns,
        help="A message type, gift_card.* or *; again for more.",
    ),
    click.option("--description", help="Words for yourselves."),
    click.option("--program", multiple=True, help="Only cards of this program; again for more."),
    click.option("--recipe", multiple=True, help="Only what this recipe brought about; again for more."),
    click.option(
        "--header",
        "headers",
        multiple=True,
        callback=_read_headers,
        metavar="NAME: VALUE",
        help="A header to send along; again for more. Values are kept sealed.",
    ),
    click.option("--rate-limit", type=int, help="How many a second at most."),
    click.option("--concurrency", type=int, help="How many at once at most; 4 by itself."),
    click.option("--ordering", type=click.Choice(ORDERINGS), help="card: its messages one by one."),
)


def _fields(verb: Any) -> Any:
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


def _given(
    types: tuple[str, ...], program: tuple[str, ...], recipe: tuple[str, ...], **rest: Any
) -> dict[str, Any]:
    """What was said, as fields of an endpoint; what was not said is not among it."""
    wanted = {"program": list(program), "recipe": list(recipe)}
    asked = {name: names for name, names in wanted.items() if names}
    found = {"event_types": list(types), "filter": asked, **rest}
    return {name: value for name, value in found.items() if value not in (None, [], {}, ())}


@click.group("endpoints")
def endpoints() -> None:
    """Subscribers of an account's webhooks."""


@endpoints.command("create")
@click.argument("account")
@click.argument("url")
@_fields
@json_option
@click.pass_obj
def create(call: Call, /, account: str, url: str, as_json: bool, **said: Any) -> None:
    """Send ACCOUNT's webhooks to URL; all of them, unless a type is named."""
    with call.gateway() as gateway:
        made = gateway.create_endpoint(gateway.account(account), url=url, **_given(**said), by=_by("create"))
    _print(made.body, as_json)
    if not as_json:
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
    rows = [[endpoint[column] for column in _COLUMNS] for endpoint in found]
    empty = f"{account} has no endpoints. Next: connector endpoints create {account} https://…"
    print_table(_COLUMNS, rows, empty=empty)


def _verb(name: str, about: str, do: Callable[..., Any], *options: Any) -> None:
    """A verb on one ENDPOINT; `do(gateway, account, endpoint, **options)` gives what is printed."""

    def act(call: Call, account: str, endpoint: str, as_json: bool, **said: Any) -> None:
        with call.gateway() as gateway:
            told = do(gateway, gateway.account(account), endpoint, _by(name), **said)
        _print(told, as_json)

    made: Any = click.pass_obj(act)
    for option in (json_option, *reversed(options), click.argument("endpoint"), click.argument("account")):
        made = option(made)
    endpoints.command(name, help=about)(made)


_verb("show", "Show ENDPOINT (its id) of ACCOUNT: how it is doing.", lambda g, a, e, _by: g.endpoint(a, e))
_verb(
    "update",
    "Change ENDPOINT of ACCOUNT; id, secret and what waits for it stay.",
    lambda g, a, e, by, **said: g.webhooks.change(a, e, _given(**said), by=by).body,
    click.option("--url", help="Another address. Another host clears the headers."),
    *_OPTIONS,
)
_verb(
    "rotate",
    "Give ENDPOINT of ACCOUNT a new secret, shown this once; both sign for a while.",
    lambda g, a, e, by, **said: g.webhooks.rotate(a, e, **said, by=by).body,
    click.option("--overlap", "overlap_s", type=int, help="Seconds; 86400 if left out, 0 at once."),
    click.option("--secret", help="A secret of your own: whsec_ and the base64 of 24 to 64 bytes."),
)
_verb("ping", "Send ENDPOINT of ACCOUNT a ping now, and wait.", lambda g, a, e, _by: g.webhooks.ping(a, e))
_verb(
    "pause",
    "Send ENDPOINT of ACCOUNT nothing for now; what is for it waits.",
    lambda g, a, e, by: g.webhooks.pause(a, e, by=by).body,
)
_verb(
    "enable",
    "Send to ENDPOINT of ACCOUNT again.",
    lambda g, a, e, by, backlog: g.webhooks.enable(a, e, backlog, by=by).body,
    click.option(
        "--backlog",
        type=click.Choice(BACKLOGS),
        default="resume",
        show_default=True,
        help="What waited is sent or dropped.",
    ),
)


@endpoints.command("delete")
@click.argument("account")
@click.argument("endpoint")
@json_option
@click.pass_obj
def delete(call: Call, account: str, endpoint: str, as_json: bool) -> None:
    """Delete ENDPOINT (its id) of ACCOUNT; what was still to be sent to it is cancelled."""
    with call.gateway() as gateway:
        gateway.delete_endpoint(gateway.account(account), endpoint, _by("delete"))
    if as_json:
        print_json({"id": endpoint, "deleted": True})
    else:
        print_line(f"{endpoint} is deleted.")


def _by(verb: str) -> Actor:
    return Actor("manual", {"command": f"endpoints {verb}"})


def _print(told: Any, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        print_record(told)


COMMAND = endpoints
