"""`connector ledger`: proof of every balance and every chain."""

import click

from .builder import Call, Undone
from .printing import json_option, print_json, print_line


@click.group("ledger")
def ledger() -> None:
    """The ledger."""


@ledger.command("verify")
@click.option("--account", help="This account's part only.")
@json_option
@click.pass_obj
def verify(call: Call, account: str | None, as_json: bool) -> None:
    """Prove every balance against its transfers, and every chain; 1 and the first fault otherwise."""
    with call.gateway() as gateway:
        proof = gateway.verify(None if account is None else gateway.account(account))
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


COMMAND = ledger
