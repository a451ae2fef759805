"""`connector keys`: who may use the API. A key is shown once, when it is made."""

import click

from ..operations.kit import SCOPES
from .builder import Call
from .moments import Moment, moment_option
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table


@click.group("keys")
def keys() -> None:
    """API keys of an account."""


@keys.command("create")
@click.argument("account")
@click.option("--name", default="", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it may do; again for more. Left out: cards:read, cards:write, contacts, events.",
)
@click.option("--expires", callback=moment_option, help="When it ends: '90 days' or 2027-01-31T12:00:00Z.")
@json_option
@click.pass_obj
def create(
    call: Call, account: str, name: str, scopes: tuple[str, ...], expires: Moment | None, as_json: bool
) -> None:
    """Make a key for ACCOUNT."""
    with call.gateway() as gateway:
        found = gateway.account(account)
        # A key's life is wall time, also where a sandbox has moved its clock.
        ends = None if expires is None else expires.after(call.builder.clock.now(), found.timezone)
        made = gateway.create_key(found, name=name, scopes=scopes, expires_at=ends)
    if as_json:
        print_json(made)
        return
    print_record(made)
    print_aside("The key is shown this once: keep it where only you can read it.")


@keys.command("list")
@click.argument("account")
@json_option
@click.pass_obj
def show_all(call: Call, account: str, as_json: bool) -> None:
    """List the keys of ACCOUNT, without their secrets."""
    with call.gateway() as gateway:
        found = gateway.list_keys(gateway.account(account))
    if as_json:
        print_json({"data": found})
        return
    columns = ("id", "name", "prefix", "scopes", "expires_at", "revoked_at")
    rows = [[key[column] for column in columns] for key in found]
    print_table(columns, rows, empty=f"{account} has no keys. Next: connector keys create {account}")


@keys.command("revoke")
@click.argument("account")
@click.argument("key")
@json_option
@click.pass_obj
def revoke(call: Call, account: str, key: str, as_json: bool) -> None:
    """End KEY (its id) of ACCOUNT, from the next request on."""
    with call.gateway() as gateway:
        found = gateway.account(account)
        gateway.revoke_key(found, key)
        revoked = next(one for one in gateway.list_keys(found) if one["id"] == key)
    if as_json:
        print_json(revoked)
    else:
        print_line(f"{key} is revoked.")


COMMAND = keys
