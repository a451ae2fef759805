"""What verbs print: tables and records for people, one line of JSON for programs.

The one rule: what others wrote cannot steer the terminal; it is shown, never obeyed.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..domain.jsontext import dumps
from ..domain.money import EXPONENT, Money

WIDTH: Final = 1_000  # where nobody looks, a line is never folded: grep and cut see whole rows
_SUMS: Final = frozenset(
    {"amount", "initial_amount", "balance", "balance_before", "balance_after", "held", "available"}
)

F = TypeVar("F", bound=Callable[..., Any])


def json_option(verb: F) -> F:
    """`--json`, for every verb that prints data."""
    return click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")(verb)


def print_json(value: Mapping[str, Any]) -> None:
    """One line, ASCII only."""
    click.echo(dumps(dict(value)))


def print_line(text: str) -> None:
    """One line for people."""
    click.echo(clean(text))


def print_aside(text: str) -> None:
    """One line beside the data, on standard error."""
    click.echo(clean(text), err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Rows under their columns; where there are none, `empty` says what to do next."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    if table.row_count:
        _console().print(table)
    else:
        print_line(empty)


def print_record(record: Mapping[str, Any]) -> None:
    """Names and values, one a line; what is empty is left out, sums are written with their currency."""
    lines = [(cell(name), cell(value)) for name, value in _flat(record)]
    width = max((len(name) for name, _ in lines), default=0)
    for name, value in lines:
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {value}")


def cell(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(one) for one in value)
    return clean(str(value))


def clean(text: str) -> str:
    """Without a character that a terminal would obey: escapes are written out."""
    return "".join(symbol if symbol.isprintable() else _written(symbol) for symbol in text)


def counted(count: int, thing: str) -> str:
    """`1 card`, `1,234 cards`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def sum_of(minor: int, currency: object) -> str:
    """`25.00 USD`."""
    is_money = isinstance(currency, str) and currency in EXPONENT
    return str(Money.total(minor, str(currency))) if is_money else str(minor)


def _written(symbol: str) -> str:
    return symbol.encode("unicode_escape").decode("ascii")


def _flat(record: Mapping[str, Any], above: str = "", outer: object = None) -> Iterable[tuple[str, object]]:
    """`outer` is the currency of what is around the record, where it names none itself."""
    currency = record.get("currency", outer)
    for name, value in record.items():
        place = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}.", currency)
        elif name in _SUMS and isinstance(value, int) and currency is not None:
            yield place, sum_of(value, currency)
        elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value):
                yield from _flat(one, f"{place}.{number}.", currency)
        elif value not in (None, "", [], ()):
            yield place, value


def _console() -> Console:
    """Made for each call: standard output may be another one by now."""
    width = None if sys.stdout.isatty() else WIDTH
    return Console(file=sys.stdout, highlight=False, width=width)
