"""`connector recipes backtest`: what a recipe would have given over stored events; writes nothing."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..domain.errors import NotFound
from ..flows.backtest import Progress as Tell
from .builder import Call
from .moments import read_moment
from .printing import counted, json_option, print_aside, print_json, print_line, print_table, sum_of

MAX_FILE_BYTES: Final = 1_048_576
SHOWN: Final = 20  # people in the table: --json has a thousand
_AGO: Final = re.compile(r"([1-9]\d{0,4}) ?(h|hours?|d|days?|w|weeks?)", re.ASCII)
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.command("backtest")
@click.argument("name")
@click.option("--since", default="90d", show_default=True, metavar="AGO|MOMENT", help="Events from then on.")
@click.option("--until", metavar="AGO|MOMENT", help="Events before then; up to now if left out.")
@click.option("--account", help="Whose events; the recipe's account, or the only one, if left out.")
@click.option(
    "--file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The changed recipe; its file as it stands if left out.",
)
@json_option
@click.pass_obj
def backtest(
    call: Call,
    name: str,
    since: str,
    until: str | None,
    account: str | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Say what the recipe NAME would have given over the events of the past. Writes nothing.

    Where its file is not what is in force, both are run over the same events, and who gains and who
    loses is said. A span is 12h, 90d or 12w.
    """
    text = None if file is None else _read(file)
    with call.gateway() as gateway, _bar() as tell:
        now = call.builder.clock.now()
        zone = "UTC" if account is None else gateway.account(account).timezone
        found = gateway.runs.backtest(
            account,
            name,
            since=_moment("--since", since, now, zone),
            until=None if until is None else _moment("--until", until, now, zone),
            text=text,
            progress=tell,
        )
    if as_json:
        print_json(found)
    else:
        _print(found)


def _moment(option: str, written: str, now: datetime, zone: str) -> datetime:
    ago = _AGO.fullmatch(written)
    try:
        if ago is not None:
            return now - int(ago[1]) * _UNITS[ago[2][0]]
        return read_moment(written).after(now, zone)
    except (ValueError, OverflowError) as fault:
        raise click.BadParameter(f"{written[:60]!r}: write 90d or 2027-01-31", param_hint=option) from fault


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            body = opened.read(MAX_FILE_BYTES + 1)
    except OSError as fault:
        raise NotFound(f"{file} cannot be read: {fault.strerror}.") from fault
    if len(body) > MAX_FILE_BYTES:
        raise click.UsageError(f"--file: {file} has more than {MAX_FILE_BYTES} bytes.")
    return body


@contextmanager
def _bar() -> Iterator[Tell]:
    """Progress for people who look, on standard error; nothing where nobody does."""
    console = Console(stderr=True)
    shown = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Events", total=None)
        yield lambda seen, every: bar.update(task, completed=seen, total=every)


def _print(found: Mapping[str, Any]) -> None:
    changed, live, moved = found["changed"], found["in_force"], found["difference"]
    asked = "in force" if found["is_in_force"] else "as asked"
    columns = {asked: changed} if live is None else {"in force": live, asked: changed}
    rows = [[name, *(_shown(one, name) for one in columns.values())] for name in _ROWS]
    names = [name for name in _OUTCOMES if any(name in one["outcomes"] for one in columns.values())]
    rows += [[name, *(one["outcomes"].get(name, 0) for one in columns.values())] for name in names]
    print_table((found["recipe"], *columns), rows, empty="")
    if moved is not None:
        _print_moved(moved)
    elif changed["who"]:
        who = [[one["contact_id"], one["cards"], _sums(one["money"])] for one in changed["who"][:SHOWN]]
        print_table(("contact", "cards", "money"), who, empty="")
    for one in changed["reasons"]:
        place = f" ({one['place']})" if one["place"] else ""
        print_aside(f"{one['count']:,} {one['outcome']}: {one['reason']}{place}")
    for one in found["not_rebuilt"]:
        count = "" if one["count"] is None else f"{one['count']:,} "
        print_aside(f"not rebuilt: {count}{one['what']}")
    if live is None and not found["is_in_force"]:
        print_aside("No revision of it is live, so there is nothing to compare with.")
    print_aside(
        f"{counted(found['events'], 'event')} of {found['account']}, {found['since']} to {found['until']}"
    )


_ROWS: Final = ("cards", "money", "contacts", "held_money", "taken_back", "control_group")
_OUTCOMES: Final = (
    *("done", "waiting", "held", "skipped", "already_done", "not_matched", "failed", "not_rebuilt"),
)


def _shown(revision: Mapping[str, Any], name: str) -> object:
    value = revision[name]
    return _sums(value) if isinstance(value, Mapping) else value


def _sums(money: Mapping[str, int]) -> str:
    return ", ".join(sum_of(minor, currency) for currency, minor in money.items()) or "0"


def _print_moved(moved: Mapping[str, Any]) -> None:
    rows = [[one["contact_id"], f"{one['cards']:+}", _signed(one["money"])] for one in moved["who"][:SHOWN]]
    print_table(("contact", "cards", "money"), rows, empty="Nobody would get more or less.")
    if rows:
        total = f"{moved['cards']:+} cards, {_signed(moved['money'])}"
        print_line(f"{moved['gain']:,} gain, {moved['lose']:,} lose: {total} in all")
    if moved["gain"] + moved["lose"] > len(rows):
        print_aside(f"{moved['gain'] + moved['lose'] - len(rows):,} more: --json names up to a thousand.")


def _signed(money: Mapping[str, int]) -> str:
    return ", ".join(
        f"{'+' if minor > 0 else ''}{sum_of(minor, currency)}" for currency, minor in money.items()
    )
