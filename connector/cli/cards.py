"""`connector cards`: one verb for each operation that has a face here, and two ways to look.

The one rule: what a verb takes follows from the operation's fields, never from a list.
"""

import functools
from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..domain.jsontext import dumps
from ..flows.perform import Idempotency
from ..operations.kit import Operation
from ..operations.registry import operations
from .builder import Call
from .fields import command_of, parameters, written
from .printing import (
    json_option,
    print_aside,
    print_json,
    print_record,
    print_table,
    sum_of,
)

CARD_PREFIX: Final = "gc_"


@click.group("cards")
def cards() -> None:
    """Gift cards, by hand."""


@cards.command("show")
@click.argument("account")
@click.argument("card")
@json_option
@click.pass_obj
def show(call: Call, account: str, card: str, as_json: bool) -> None:
    """Show CARD (its id or its code) of ACCOUNT."""
    with call.gateway() as gateway:
        look = gateway.card if card.startswith(CARD_PREFIX) else gateway.card_by_code
        found = look(gateway.account(account), card)
    if as_json:
        print_json(found)
    else:
        print_record(found)


@cards.command("list")
@click.argument("account")
@click.option("--balance-status", help="full, partial, empty or full_or_partial.")
@click.option("--currency", help="Cards in this currency, such as USD.")
@click.option("--last4", help="The last four symbols of the code.")
@click.option("--contact-id", help="Cards of this contact.")
@click.option("--limit", type=click.IntRange(1, 250), default=50, show_default=True, help="At most so many.")
@click.option("--cursor", help="Where the page before said to go on.")
@json_option
@click.pass_obj
def show_all(call: Call, /, account: str, limit: int, as_json: bool, **filters: str | None) -> None:
    """List the cards of ACCOUNT, newest first."""
    asked = {name: value for name, value in filters.items() if value is not None}
    with call.gateway() as gateway:
        page = gateway.list_cards(gateway.account(account), {**asked, "limit": str(limit)})
    if as_json:
        print_json(page.as_json())
        return
    rows = [
        [
            card["id"],
            card["state"],
            sum_of(card["balance"], card["currency"]),
            card["last4"],
            card["expires_at"],
            card["created_at"],
        ]
        for card in page.data
    ]
    empty = (
        f"No card of {account} is like that."
        if asked
        else f"{account} has no cards. Next: connector cards issue {account} 25.00 USD"
    )
    print_table(("id", "state", "balance", "last4", "expires_at", "created_at"), rows, empty=empty)
    if page.next_cursor is not None:
        print_aside(f"There are more: --cursor {page.next_cursor}")


def _verb(operation: Operation, verb: str) -> click.Command:
    """The sub-command of one operation."""
    options: list[click.Parameter] = [
        click.Option(["--json", "as_json"], is_flag=True, help="Print one line of JSON.")
    ]
    if operation.changes:
        options.append(
            click.Option(["--idempotency-key"], help="The same key and words again: the first answer again.")
        )
    deed = functools.partial(_perform, operation, verb)
    return click.Command(
        verb,
        callback=click.pass_obj(deed),
        params=[click.Argument(["account"]), *parameters(operation), *options],
        help=f"{operation.title}.",
        short_help=operation.title,
    )


def _perform(
    operation: Operation,
    verb: str,
    call: Call,
    account: str,
    as_json: bool,
    idempotency_key: str | None = None,
    **given: Any,
) -> None:
    command_line = f"cards {verb}"
    with call.gateway() as gateway:
        found = gateway.account(account)
        command = command_of(
            operation, given, lambda: call.builder.clock.now() + found.clock_offset, found.timezone
        )
        key = (
            None
            if idempotency_key is None
            else Idempotency(idempotency_key, "CLI", command_line, dumps(written(given)).encode())
        )
        answered = gateway.perform(found, Actor("manual", {"command": command_line}), operation, command, key)
    if answered.error is not None:  # a refusal that the key has kept
        raise answered.error
    if as_json:
        print_json(answered.body)
        return
    print_record(answered.body)
    if answered.is_replayed:
        print_aside("This was done before, under the same key; nothing was done again.")
    elif "code" in answered.body:
        print_aside("The code is shown this once.")


for _operation in operations().values():
    if _operation.verb is not None:
        cards.add_command(_verb(_operation, _operation.verb))

COMMAND = cards
