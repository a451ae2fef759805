"""`connector keys`: who may use the API. A key is shown once, when it is made."""

from typing import Final

import click

from ..domain.accounts import Account, Actor
from ..flows.gateway import Gateway
from ..operations.kit import SCOPES
from .builder import Call
from .moments import Moment, moment_option
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table

_PLATFORM: Final = "The platform's, in place of ACCOUNT: for making accounts, their sources and keys."


@click.group("keys")
def keys() -> None:
    """API keys of an account."""


@keys.command("create")
@click.argument("account", required=False)
@click.option("--platform", is_flag=True, help=_PLATFORM)
@click.option("--name", default="", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it may do; again for more. Left out: cards:read, cards:write, contacts, events.",
)
@click.option("--expires", callback=moment_option, help="When it ends: '90 days', 2027-01-31 or a moment.")
@click.option("--allow-ip", "allow_ips", multiple=True, help="A network it may be used from; again for more.")
@json_option
@click.pass_obj
def create(
    call: Call,
    account: str | None,
    platform: bool,
    name: str,
    scopes: tuple[str, ...],
    expires: Moment | None,
    allow_ips: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a key for ACCOUNT."""
    with call.gateway() as gateway:
        found = _owner(gateway, account, platform)
        zone = "UTC" if found is None else found.timezone
        # A key's life is wall time, also where a sandbox has moved its clock.
        ends = None if expires is None else expires.after(call.builder.clock.now(), zone, is_end=True)
        made = gateway.create_key(
            found,
            name=name,
            scopes=scopes,
            expires_at=ends,
            allow_ips=allow_ips,
            by=Actor("manual", {"command": "keys create"}),
        )
    if as_json:
        print_json(made)
        return
    print_record(made)
    print_aside("The key is shown this once: keep it where only you can read it.")


@keys.command("list")
@click.argument("account", required=False)
@click.option("--platform", is_flag=True, help=_PLATFORM)
@json_option
@click.pass_obj
def show_all(call: Call, account: str | None, platform: bool, as_json: bool) -> None:
    """List the keys of ACCOUNT, without their secrets."""
    with call.gateway() as gateway:
        found = gateway.list_keys(_owner(gateway, account, platform))
    if as_json:
        print_json({"data": found})
        return
    columns = ("id", "name", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at")
    rows = [[key[column] for column in columns] for key in found]
    whose, how = ("The platform", "--platform") if platform else (account, account)
    print_table(columns, rows, empty=f"{whose} has no keys. Next: connector keys create {how}")


@keys.command("revoke")
@click.argument("account", required=False)
@click.argument("key", required=False)
@click.option("--platform", is_flag=True, help=_PLATFORM)
@click.option("--keep-minted", is_flag=True, help="Let the keys live that it made.")
@json_option
@click.pass_obj
def revoke(
    call: Call, account: str | None, key: str | None, platform: bool, keep_minted: bool, as_json: bool
) -> None:
    """End KEY (its id) of ACCOUNT, and the keys that it made, from the next request on."""
    if platform and key is None:
        account, key = None, account
    if key is None:
        raise click.UsageError("Which key? Its id begins with key_.")
    with call.gateway() as gateway:
        found = _owner(gateway, account, platform)
        by = Actor("manual", {"command": "keys revoke"})
        gateway.revoke_key(found, key, keep_minted=keep_minted, by=by)
        revoked = next(one for one in gateway.list_keys(found) if one["id"] == key)
    if as_json:
        print_json(revoked)
    else:
        print_line(f"{key} is revoked.")


def _owner(gateway: Gateway, account: str | None, platform: bool) -> Account | None:
    """Whose key it is: an account's, or nobody's, which is the platform's."""
    if platform == (account is not None):
        raise click.UsageError("Name an account, or say --platform.")
    return None if account is None else gateway.account(account)


COMMAND = keys
