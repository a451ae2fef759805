"""`connector cards import`: cards from a file, however large; stopped, it goes on where it stopped.

The one rule: rows that fail are told with their place, and lie in FILE.rejected.csv afterwards.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..domain import csvrows
from ..domain.accounts import Account
from ..domain.errors import ValidationFailed
from ..domain.jobs import Job
from ..flows import importing
from ..flows.card_files import FORMATS, MAX_PIECE, CardFile, open_file
from ..flows.gateway import Gateway
from .builder import Call, Undone
from .printing import clean, counted, json_option, print_aside, print_json

MAX_TOLD: Final = 20  # the others are in the file of rejected rows
ORIGIN: Final = {"command": "cards import"}
_BLOCK: Final = 1 << 20


@click.command("import")
@click.argument("account")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check every row against the database, and keep nothing.")
@click.option("--quiet", is_flag=True, help="Tell no subscriber: no webhook for the imported cards.")
@click.option("--again", is_flag=True, help="Also the rows that were imported before: more cards like them.")
@json_option
@click.pass_obj
def import_cards(
    call: Call, account: str, file: Path, dry_run: bool, quiet: bool, again: bool, as_json: bool
) -> None:
    """Import the cards of FILE (.csv, .json or .jsonl) into ACCOUNT.

    The same file is imported once: run again after a stop, this goes on where it stopped.
    A row that another file brought already is skipped.
    """
    form = file.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise click.BadParameter(f"{file.name} is none of: .{', .'.join(FORMATS)}", param_hint="FILE")
    with call.gateway() as gateway, file.open("rb") as raw:
        found = gateway.account(account)
        digest, lines = _look_over(raw)
        told = _Told(file, dry_run)
        cards = _opened(file, raw, form)
        if dry_run:
            summary = _rehearse(gateway, found, cards, told, is_again=again)
        else:
            job = gateway.files.take_up(found, ORIGIN, digest=digest, total=lines, is_again=again)
            how = {"is_quiet": quiet, "is_again": again}
            summary = _import(gateway, found, job, cards, told, **how)
    if as_json:
        print_json(summary)
    if summary["failed"] and not summary["was_done"]:
        raise Undone


@dataclass
class Bar:
    """The progress bar of a terminal, in bytes of the file beside its rows."""

    progress: Progress
    task: Any

    def show(self, now: importing.Progress) -> None:
        self.progress.update(self.task, completed=now.end, rows=f"{now.rows:,} rows{self._rate(now)}")

    def _rate(self, now: importing.Progress) -> str:
        elapsed = self.progress.tasks[0].elapsed
        return f", {now.rows / elapsed:,.0f}/s" if elapsed else ""


@dataclass
class _Told:
    """What the rows that failed were told as: the first of them at once, the others counted."""

    file: Path
    is_rehearsal: bool
    bar: Bar | None = None
    count: int = 0
    skipped: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, now: importing.Progress) -> None:
        for failure in now.failures:
            self.count += 1
            if self.count <= MAX_TOLD:
                text = f"{self.file}:{failure.line}: {failure.error.detail}"
                self.first.append({"line": failure.line, "message": failure.error.detail})
                self._print(text)
        for line in now.skipped:
            self.skipped += 1
            if self.skipped <= MAX_TOLD:
                self._print(f"{self.file}:{line}: was imported before, and is skipped")
        if self.bar is not None:
            self.bar.show(now)

    def _print(self, text: str) -> None:
        if self.bar is None:
            print_aside(text)
        else:
            self.bar.progress.console.print(clean(text), markup=False, highlight=False)


def _import(
    gateway: Gateway,
    account: Account,
    job: Job,
    cards: CardFile,
    told: _Told,
    *,
    is_quiet: bool,
    is_again: bool,
) -> dict[str, Any]:
    file = told.file
    was_done, before = job.state == "done", job.position
    if was_done:
        print_aside(
            f"{file} was imported already: {counted(job.done, 'card')}. Nothing was done; "
            "--again imports it once more."
        )
    else:
        if before:
            print_aside(f"Going on behind row {before:,}.")
        how = {"is_quiet": is_quiet, "is_again": is_again}
        try:
            with _drawn(told):
                job = gateway.files.run(account, job, cards.records, tell=told, **how)
        except KeyboardInterrupt:
            print_aside("Stopped. The same command goes on from here.")
            raise
    rejected = _write_rejected(gateway, file, cards, job) if job.failed else None
    if not was_done:
        _conclude(f"{counted(job.done, 'card')} imported", told, job.failed, job.skipped, rejected)
    return {
        "job": job.public_id,
        "rows": job.position,
        "done": job.done,
        "failed": job.failed,
        "skipped": job.skipped,
        "was_done": was_done,
        "dry_run": False,
        "errors": told.first,
        "rejected": None if rejected is None else str(rejected),
    }


def _rehearse(
    gateway: Gateway, account: Account, cards: CardFile, told: _Told, *, is_again: bool
) -> dict[str, Any]:
    with _drawn(told):
        found = gateway.files.rehearse(account, cards.records, tell=told, is_again=is_again)
    _conclude(f"{counted(found.done, 'card')} would be imported", told, found.failed, found.skipped, None)
    return {
        "job": None,
        "rows": found.done + found.failed + found.skipped,
        "done": found.done,
        "failed": found.failed,
        "skipped": found.skipped,
        "was_done": False,
        "dry_run": True,
        "errors": told.first,
        "rejected": None,
    }


def _conclude(what: str, told: _Told, failed: int, skipped: int, rejected: Path | None) -> None:
    """The last lines, printed when no bar is drawn any more: it would be drawn again below them."""
    if told.count > MAX_TOLD:
        print_aside(f"{counted(told.count - MAX_TOLD, 'more row')} failed.")
    if told.skipped > MAX_TOLD:
        print_aside(f"{counted(told.skipped - MAX_TOLD, 'more row')} skipped.")
    if failed:
        where = "" if rejected is None else f"; see {rejected}: mend what is there and import that file"
        what += f", {counted(failed, 'row')} failed{where}"
    print_aside(f"{what}.")
    if skipped:
        print_aside(f"{counted(skipped, 'row')} skipped: imported before; --again takes them too.")


def _opened(file: Path, raw: BinaryIO, form: str) -> CardFile:
    try:
        return open_file(_pieces(raw), form)
    except ValidationFailed as fault:
        print_aside(f"{file}:1: {fault.detail}")
        raise Undone from fault


def _look_over(raw: BinaryIO) -> tuple[str, int]:
    """The file's digest, and how many lines it has behind the first."""
    digest, lines = hashlib.sha256(), 0
    while block := raw.read(_BLOCK):
        digest.update(block)
        lines += block.count(b"\n")
    raw.seek(0)
    return digest.hexdigest(), max(0, lines - 1)


def _pieces(raw: BinaryIO) -> Iterator[bytes]:
    while piece := raw.readline(MAX_PIECE):
        yield piece


def _write_rejected(gateway: Gateway, file: Path, cards: CardFile, job: Job) -> Path:
    """All rows that failed, anew: it is complete whatever stopped in between. Codes are in it: ours alone."""
    target = file.with_name(f"{file.stem}.rejected.csv")
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    columns = [name for name in cards.columns if name != "error"]
    keeps = [name != "error" for name in cards.columns]
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        out.write(csvrows.written(["error", *columns]))
        for cells, why in gateway.files.rejected(job):
            kept = [cell for place, cell in enumerate(cells) if place >= len(keeps) or keeps[place]]
            out.write(csvrows.written([why, *kept]))
    return target


@contextmanager
def _drawn(told: _Told) -> Iterator[None]:
    """With a bar on a terminal, with nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    try:
        with Drawn(told.file.stat().st_size, Console(file=sys.stderr)) as told.bar:
            yield
    finally:
        told.bar = None


class Drawn:
    """A bar for so many bytes, for as long as the context lasts."""

    def __init__(self, size: int, console: Console) -> None:
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[rows]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._size = size

    def __enter__(self) -> Bar:
        self._progress.start()
        return Bar(self._progress, self._progress.add_task("", total=self._size, rows="0 rows"))

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
