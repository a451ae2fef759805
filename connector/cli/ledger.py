"""`connector ledger`: proof of every balance and every chain, and the seals to keep elsewhere."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..domain.errors import ConnectorError, ValidationFailed
from ..domain.jsontext import load_object
from ..ledger.seals import Seal, read_seal
from .builder import Call, Undone
from .printing import json_option, print_json, print_line, print_record


@click.group("ledger")
def ledger() -> None:
    """The ledger."""


@ledger.command("verify")
@click.option("--account", help="This account's part only.")
@click.option(
    "--seal",
    "seal_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A seal that you kept elsewhere: the ledger must still have its history.",
)
@json_option
@click.pass_obj
def verify(call: Call, account: str | None, seal_file: Path | None, as_json: bool) -> None:
    """Prove every balance against its transfers, and every chain; 1 and the first fault otherwise."""
    if account is not None and seal_file is not None:
        raise click.UsageError("A seal is of the whole ledger: give --account or --seal.")
    kept = None if seal_file is None else _read(seal_file)
    with call.gateway() as gateway, _bar() as bar:
        task = bar.add_task("Proving", total=None)
        proof = gateway.verify(
            None if account is None else gateway.account(account),
            kept=kept,
            progress=lambda seen, every: bar.update(task, completed=seen, total=every),
        )
    if as_json:
        print_json(
            {
                "ok": proof.is_ok,
                "cards": proof.cards,
                "transfers": proof.transfers,
                "faults": list(proof.faults),
            }
        )
    elif proof.is_ok:
        print_line(f"Proved: {proof.cards} cards, {proof.transfers} transfers, no fault.")
    else:
        print_line(proof.faults[0])
        if len(proof.faults) > 1:
            print_line(f"{len(proof.faults) - 1} more: --json lists them all.")
    if not proof.is_ok:
        raise Undone


@ledger.command("seal")
@json_option
@click.pass_obj
def seal(call: Call, as_json: bool) -> None:
    """Show today's seal, making it if need be; keep its --json elsewhere, for `verify --seal`."""
    with call.gateway() as gateway:
        made = gateway.seal()
    if made is None:
        raise Undone
    (print_json if as_json else print_record)(made.as_json())


def _read(file: Path) -> Seal:
    """The seal in a file, as `ledger seal --json` printed it."""
    try:
        return read_seal(load_object(file.read_bytes()))
    except (ConnectorError, ValueError) as fault:
        message = f"{file.name} holds no seal as `connector ledger seal --json` prints it"
        raise ValidationFailed(message) from fault


def _bar() -> Progress:
    """Progress for people who look, on standard error; nothing where nobody does."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


COMMAND = ledger
