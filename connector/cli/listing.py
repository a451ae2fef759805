"""A list as a verb: its filters, its span, its pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from ..flows.gateway import Gateway
from ..flows.paging import Page
from .builder import Call
from .moments import Moment, absolute_option
from .printing import json_option, print_aside, print_json, print_table

_SPAN: Final = {"since": "From then on.", "until": "Before then."}

F = TypeVar("F", bound=Callable[..., Any])


def list_options(filters: Mapping[str, str], choices: Mapping[str, Sequence[str]]) -> Callable[[F], F]:
    """An option for each filter, `--since`, `--until`, `--limit` and `--cursor`."""

    def add(verb: Any) -> Any:
        verb = click.option("--cursor", help="Where the page before said to go on.")(verb)
        verb = click.option(
            "--limit", type=click.IntRange(1, 250), default=50, show_default=True, help="At most so many."
        )(verb)
        for name, about in reversed([*_SPAN.items()]):
            option = click.option("--" + name, name, callback=absolute_option, metavar="MOMENT", help=about)
            verb = option(verb)
        for name, about in reversed([*filters.items()]):
            kind: Any = click.Choice(choices[name]) if name in choices else None
            verb = click.option("--" + name.replace("_", "-"), name, type=kind, help=about)(verb)
        return verb

    return add


def asked_of(given: Mapping[str, Any], now: datetime, timezone: str) -> dict[str, Any]:
    """What was said, as the gateway's lists take it; a day begins by the calendar of `timezone`."""
    asked = {name: value for name, value in given.items() if value is not None}
    moments = {name: one.after(now, timezone) for name, one in asked.items() if isinstance(one, Moment)}
    return {**asked, **moments}


def list_verb(
    title: str,
    read: Callable[[Gateway, Any, Mapping[str, Any]], Page],
    columns: Sequence[str],
    *,
    filters: Mapping[str, str],
    choices: Mapping[str, Sequence[str]],
    empty: str,
    shown: Callable[[Any], Any] = lambda value: value,
    or_platform: bool = False,
) -> click.Command:
    """`list ACCOUNT` with an option for each filter: a table of `columns`, or the page as JSON.

    `empty` is said where nothing is like that, with `{account}` filled in; `shown` makes a value printable.
    `or_platform`: with `--platform` in place of ACCOUNT `read` is asked for None's, the platform's own.
    """

    @click.command("list", help=title)
    @click.argument("account", required=not or_platform)
    @list_options(filters, choices)
    @json_option
    @click.pass_obj
    def show_all(
        call: Call, /, account: str | None, as_json: bool, platform: bool = False, **given: Any
    ) -> None:
        if platform == (account is not None):
            raise click.UsageError("Name an account, or say --platform.")
        with call.gateway() as gateway:
            whose = None if account is None else gateway.account(account)
            timezone = "UTC" if whose is None else whose.timezone
            page = read(gateway, whose, asked_of(given, gateway.parts.clock.now(), timezone))
        if as_json:
            print_json(page.as_json())
            return
        rows = [[shown(row[column]) for column in columns] for row in page.data]
        print_table(columns, rows, empty=empty.format(account=account or "the platform"))
        print_more(page)

    if or_platform:
        return click.option("--platform", is_flag=True, help="The platform's, in place of ACCOUNT.")(show_all)
    return show_all


def print_more(page: Page) -> None:
    """Where the next page begins, if there is one."""
    if page.next_cursor is not None:
        print_aside(f"There are more: --cursor {page.next_cursor}")
