"""`connector sources`: what to paste into each platform. A secret is shown once, where it is made."""

from pathlib import Path
from typing import Any, Final

import click

from ..domain.errors import BadJson
from ..domain.jsontext import loads
from ..flows.source_guide import guide
from ..flows.source_pages import pages
from ..flows.source_settings import SETTINGS
from . import inbound
from .builder import Call
from .printing import json_option, print_aside, print_json, print_line, print_record, print_table
from .send import read_source
from .source_trial import test

_FLAGS: Final = {"true": True, "false": False}
_OPTION: Final = "options."
_EVENTS: Final = ("type", "platform_name")


@click.group("sources")
def sources() -> None:
    """Inbound webhooks of an account."""


@sources.command("create")
@click.argument("account")
@click.argument("slug")
@click.argument("adapter")
@click.option("--secret", help="The platform's own; made and shown once if left out.")
@click.option("--credential", help="For the platform's own API, where payloads leave the person out.")
@click.option(
    "--set",
    "told",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting as in [[sources]], options.NAME for the adapter's own; again for more.",
)
@json_option
@click.pass_obj
def create(
    call: Call,
    account: str,
    slug: str,
    adapter: str,
    secret: str | None,
    credential: str | None,
    told: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make the source SLUG of ACCOUNT, which speaks with ADAPTER."""
    settings = _settings(told)
    with call.gateway() as gateway:
        made = gateway.directory.create_source(
            gateway.account(account),
            slug=slug,
            adapter=adapter,
            secret=secret,
            credential=credential,
            settings=settings,
        )
    if as_json:
        print_json(made.body)
        return
    print_record(made.body)
    print_aside("Paste the url into the platform. The secret is shown this once.")


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
    empty = f"{account} has no sources. Next: connector sources create {account} SLUG ADAPTER"
    print_table(columns, rows, empty=empty)


@sources.command("show")
@click.argument("source", metavar="ACCOUNT/SOURCE", callback=read_source)
@json_option
@click.pass_obj
def show(call: Call, source: tuple[str, str], as_json: bool) -> None:
    """Show what to paste into the platform of ACCOUNT/SOURCE, what it can tell of, and what came of late."""
    with call.gateway() as gateway:
        found = guide(gateway.directory, gateway.account(source[0]), source[1])
    if as_json:
        print_json(found)
        return
    apart = ("events", "last_deliveries", "headers", "secrets", "setup", "steps")
    headers = [f"{one['name']}: {one['value']}" for one in found["headers"]]
    secrets = [one["fingerprint"] for one in found["secrets"]]
    kept = {name: value for name, value in found.items() if name not in apart}
    print_record({**kept, "headers": headers, "secrets (fingerprints)": secrets})
    print_line("")
    for number, step in enumerate(found["steps"], 1):
        print_line(f"{number}. {step}")
    print_line("")
    print_table(_EVENTS, [[one[name] for name in _EVENTS] for one in found["events"]], empty="No event.")
    print_line("")
    rows = [[one[name] for name in inbound.COLUMNS] for one in found["last_deliveries"]]
    name = "/".join(source)
    empty = f"Nothing has come yet. Next: connector send {name} {found['events'][0]['type']}"
    print_table(inbound.COLUMNS, rows, empty=empty)
    print_line(
        f'What was refused is kept nowhere: the gateway\'s log says `refused` with "source": "{name}".'
    )


@sources.command("pages")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def write_pages(folder: Path) -> None:
    """Write a page for each platform into DIR: where to click, what to paste, a recipe to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    print_line(f"Wrote {len(texts)} pages into {folder}.")


def _settings(told: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` as typed settings; a usage error for what is none."""
    found: dict[str, Any] = {}
    for text in told:
        name, equals, value = text.partition("=")
        if not equals or (name not in SETTINGS and not name.startswith(_OPTION)) or name == "options":
            there = ", ".join(one for one in SETTINGS if one != "options")
            raise click.BadParameter(
                f"{text[:60]!r}: write key=value; there are: {there}, {_OPTION}NAME", param_hint="--set"
            )
        if name.startswith(_OPTION):
            found.setdefault("options", {})[name.removeprefix(_OPTION)] = _value(value)
        else:
            found[name] = _typed(name, value)
    return found


def _typed(name: str, value: str) -> Any:
    if isinstance(SETTINGS[name], bool):
        if value not in _FLAGS:
            raise click.BadParameter(f"{name} is true or false", param_hint="--set")
        return _FLAGS[value]
    return value.split(",") if isinstance(SETTINGS[name], list) else value


def _value(text: str) -> Any:
    """An adapter's own option: JSON where it is, else the text as it stands."""
    try:
        return loads(text.encode())
    except BadJson:
        return text


sources.add_command(test)

COMMAND = sources
