"""`connector cards export`: every card of an account as rows of a file that `import` reads again.

The one rule: a file with codes in it is its owner's alone, and each code that left is noted.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..domain import csvrows, jsonrows
from ..domain.accounts import Actor
from ..domain.jsontext import dumps
from ..flows.card_files import FORMATS, MAX_PIECE
from .builder import Call
from .printing import counted, print_aside, print_json

BY: Final = Actor("manual", {"command": "cards export"})
WARNING: Final = "The codes of all cards are in this file: whoever has it can spend them. Each is noted."

Row = Mapping[str, Any]


@click.command("export")
@click.argument("account")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By the name of --out; csv if left out.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file; else printed.")
@click.option("--after", metavar="ID", help="Go on behind this card, in the file of --out that ends with it.")
@click.option("--codes", is_flag=True, help="With the cards' codes: whoever has the file can spend them.")
@click.option("--json", "as_json", is_flag=True, help="With --out: print a line of JSON about the file.")
@click.pass_obj
def export_cards(
    call: Call,
    account: str,
    form: str | None,
    out: Path | None,
    after: str | None,
    codes: bool,
    as_json: bool,
) -> None:
    """Write every card of ACCOUNT, oldest first; those that were removed are left out."""
    if as_json and out is None:
        raise click.UsageError("--json tells of the file of --out; --format json prints the cards as JSON.")
    suffix = "" if out is None else out.suffix.lower().removeprefix(".")
    form = form or (suffix if suffix in FORMATS else "csv")
    if codes:
        print_aside(WARNING)
    count, last = 0, after
    with call.gateway() as gateway:
        by = BY if codes else None
        export = gateway.files.export(gateway.account(account), after=after, shown_to=by)
        goes_on = out is not None and after is not None and out.exists()
        if out is not None and after is not None and goes_on:
            _cut_behind(out, form, after, export.columns)
        with _target(out, goes_on=goes_on) as target, _counter(is_printed=out is None) as tell:
            opening, row_text, closing = _FORMS[form](export.columns)
            target.write("" if goes_on else opening)
            try:
                for page in export.pages:
                    for row in page:
                        target.write(row_text(row, last is None or not (count or goes_on)))
                        count, last = count + 1, row["id"]
                    target.flush()
                    tell(count)
            except KeyboardInterrupt:
                print_aside(f"Stopped. Go on with --after {last}" if last else "Stopped.")
                raise
            target.write(closing)
    print_aside(f"{counted(count, 'card')} exported.")
    if as_json:
        print_json({"cards": count, "format": form, "last": last, "out": str(out)})


def _csv(columns: Sequence[str]) -> tuple[str, Callable[[Row, bool], str], str]:
    def text(row: Row, _is_first: bool) -> str:
        return csvrows.written([_cell(row[name]) for name in columns])

    return csvrows.written(columns), text, ""


def _json(columns: Sequence[str]) -> tuple[str, Callable[[Row, bool], str], str]:
    def text(row: Row, is_first: bool) -> str:
        return ("" if is_first else ",\n") + _object(columns, row)

    return "[\n", text, "\n]\n"


def _jsonl(columns: Sequence[str]) -> tuple[str, Callable[[Row, bool], str], str]:
    def text(row: Row, _is_first: bool) -> str:
        return _object(columns, row) + "\n"

    return "", text, ""


_FORMS: Final = {"csv": _csv, "json": _json, "jsonl": _jsonl}
"""By format: what stands at the beginning, a row (and whether it is the first), what stands at the end."""


def _object(columns: Sequence[str], row: Row) -> str:
    return dumps({name: row[name] for name in columns if row[name] is not None})


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else dumps(value)


@contextmanager
def _counter(*, is_printed: bool) -> Iterator[Callable[[int], None]]:
    """How many cards so far, on a terminal that does not show the cards themselves."""
    console = Console(stderr=True)
    if not console.is_terminal or (is_printed and sys.stdout.isatty()):
        yield lambda _count: None
        return
    shown = (SpinnerColumn(), TextColumn("{task.completed:,.0f} cards"), TimeElapsedColumn())
    with Progress(*shown, console=console) as progress:
        task = progress.add_task("", total=None)
        yield lambda count: progress.update(task, completed=count)


@contextmanager
def _target(out: Path | None, *, goes_on: bool) -> Iterator[TextIO]:
    """Standard output, or a file that nobody else may read."""
    if out is None:
        yield sys.stdout
        return
    kind = os.O_APPEND if goes_on else os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(out, os.O_WRONLY | kind, 0o600)
    except FileExistsError as fault:
        hint = "name another file, or go on in it with --after ID"
        raise click.BadParameter(f"{out} is there already: {hint}", param_hint="--out") from fault
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as target:
        yield target


def _cut_behind(out: Path, form: str, after: str, columns: Sequence[str]) -> None:
    """Take off what a stop left behind the row of this card: half a row, or the end of a list."""
    with out.open("r+b") as file:
        pieces = iter(lambda: file.readline(MAX_PIECE), b"")
        ends = _ends_in_csv(pieces, columns) if form == "csv" else _ends_in_json(pieces)
        end = next((end for card, end in ends if card == after), None)
        if end is None:
            raise click.BadParameter(f"{out} has no row of {after[:40]}", param_hint="--after")
        file.truncate(end)


def _ends_in_csv(pieces: Iterable[bytes], columns: Sequence[str]) -> Iterator[tuple[str, int]]:
    rows = csvrows.rows(pieces)
    header = next(rows, None)
    if header is None or tuple(header.cells) != tuple(columns):
        raise click.BadParameter("has other columns: with or without --codes?", param_hint="--out")
    for row in rows:
        yield row.cells[0], row.end


def _ends_in_json(pieces: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    for one in jsonrows.objects(pieces):
        yield str(one.value.get("id")), one.end
