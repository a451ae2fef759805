"""`connector accounts`: businesses that are made at run time, beside those of config.toml."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click

from .builder import Call
from .printing import json_option, print_json, print_line, print_record, print_table


@click.group("accounts")
def accounts() -> None:
    """Businesses, each with cards, sources and keys of its own."""


@accounts.command("create")
@click.argument("slug")
@click.option("--name", help="Its name for people; the slug if left out.")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217. It never changes.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name.")
@click.option("--country", default="US", show_default=True, help="ISO 3166; reads phone numbers.")
@click.option(
    "--email",
    default="",
    help="Who runs it: for its access token and notices.",
)
@click.option("--color", default="", metavar="#RRGGBB", help="Of its letters and pages.")
@click.option("--logo-url", default="", metavar="URL", help="A picture by https: on its letters and pages.")
@click.option("--sandbox", is_flag=True, help="Nothing leaves by e-mail or text. It never changes.")
@json_option
@click.pass_obj
def create(
    call: Call,
    slug: str,
    name: str | None,
    currency: str,
    timezone: str,
    country: str,
    email: str,
    color: str,
    logo_url: str,
    sandbox: bool,
    as_json: bool,
) -> None:
    """Make the account SLUG."""
    with call.gateway() as gateway:
        made = gateway.directory.create_account(
            slug=slug,
            name=name,
            currency=currency,
            timezone=timezone,
            country=country,
            email=email,
            color=color,
            logo_url=logo_url,
            sandbox=sandbox,
        )
    if as_json:
        print_json(made.body)
    else:
        print_record(made.body)


@accounts.command("update")
@click.argument("slug")
@click.option("--name", help="Its name for people.")
@click.option("--timezone", help="An IANA name.")
@click.option("--country", help="ISO 3166; reads phone numbers.")
@click.option("--email", help="Who runs it: for its access token and notices; empty: nobody.")
@click.option("--color", metavar="#RRGGBB", help="Of its letters and pages; empty: the usual one.")
@click.option("--logo-url", metavar="URL", help="A picture by https: on its letters and pages; empty: none.")
@json_option
@click.pass_obj
def update(call: Call, /, slug: str, as_json: bool, **told: str | None) -> None:
    """Change the account SLUG; what is not told stays. Those of config.toml are changed there."""
    values = {name: value for name, value in told.items() if value is not None}
    if not values:
        raise click.UsageError("Nothing to change. Next: say what, such as --name or --email.")
    with call.gateway() as gateway:
        changed = gateway.directory.change_by_hand(gateway.account(slug), values)
    if as_json:
        print_json(changed)
    else:
        print_record(changed)


@accounts.command("list")
@json_option
@click.pass_obj
def show_all(call: Call, as_json: bool) -> None:
    """List all accounts, by slug."""
    with call.gateway() as gateway:
        found = gateway.directory.every_account()
    if as_json:
        print_json({"data": found})
        return
    columns = ("slug", "name", "currency", "timezone", "country", "sandbox", "managed_by")
    rows = [[account[column] for column in columns] for account in found]
    print_table(columns, rows, empty="There are no accounts. Next: connector accounts create SLUG")


@accounts.command("clock")
@click.argument("slug")
@click.option("--forward", required=True, metavar="DURATION", help='How far: "90 days", P90D, or seconds.')
@json_option
@click.pass_obj
def clock(call: Call, slug: str, forward: str, as_json: bool) -> None:
    """Move the clock of the sandbox SLUG forward; what comes due on the way is done."""
    with call.gateway() as gateway:
        advance = partial(gateway.directory.advance_clock, gateway.account(slug))
        told = moved(advance, forward, lambda now: click.echo(f"{now} …", err=True))
    if as_json:
        print_json(told)
        return
    did = ", ".join(f"{count} {kind}" for kind, count in told["did"].items())
    shown = {name: value for name, value in told.items() if name not in ("is_there", "left_s", "drafts")}
    print_record({**shown, "did": did or "nothing was due"})
    if told["drafts"]:
        print_line(
            f"Not run, for they are drafts: {', '.join(told['drafts'])}. Next: write `status: live` in the "
            "file of each that is to act, and move the clock again."
        )


def moved(
    advance: Callable[[object], Mapping[str, Any]], by: object, tell: Callable[[str], object]
) -> dict[str, Any]:
    """All the way, however many calls it takes; `tell` is told of each stop on it."""
    told = dict(advance(by))
    did, drafts = Counter[str](told["did"]), set(told["drafts"])
    while not told["is_there"]:
        tell(told["now"])
        told = dict(advance(told["left_s"]))
        did.update(told["did"])
        drafts.update(told["drafts"])
    return {**told, "did": dict(sorted(did.items())), "drafts": sorted(drafts)}


COMMAND = accounts
