"""`connector sources`: what to paste into each platform. No secret is ever shown here."""

import click

from .builder import Call
from .printing import json_option, print_json, print_table


@click.group("sources")
def sources() -> None:
    """Inbound webhooks of an account."""


@sources.command("list")
@click.argument("account")
@json_option
@click.pass_obj
def show_all(call: Call, account: str, as_json: bool) -> None:
    """List the sources of ACCOUNT and the URL to paste for each."""
    with call.gateway() as gateway:
        base = gateway.parts.public_url.rstrip("/")
        found = [
            {
                "slug": one.source.slug,
                "adapter": one.source.adapter,
                "url": f"{base}/hooks/{account}/{one.source.slug}",
                "is_enabled": one.is_enabled,
                "secrets": len(one.source.secrets),
            }
            for one in gateway.sources(gateway.account(account))
        ]
    if as_json:
        print_json({"data": found})
        return
    columns = ("slug", "adapter", "url", "is_enabled")
    rows = [[source[column] for column in columns] for source in found]
    empty = f'{account} has no sources. Next: add [[sources]] with account = "{account}" to config.toml'
    print_table(columns, rows, empty=empty)


COMMAND = sources
