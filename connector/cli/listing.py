"""The options of a list: its filters, its span, its pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from .moments import Moment, absolute_option

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
