"""`connector cards`: one verb for each operation that has a face here, and two ways to look.

The one rule: what a verb takes follows from the operation's fields, never from a list.
"""

import functools
from collections.abc import Mapping
from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..domain.cards import BALANCE_STATUSES, SOURCES, STATES
from ..domain.jsontext import dumps
from ..flows.perform import Idempotency
from ..flows.queries import ORDERS
from ..operations.kit import Operation
from ..operations.registry import operations
from .builder import Call
from .exporting import export_cards
from .fields import command_of, parameters, written
from .importing import import_cards
from .listing import print_more
from .moments import absolute_option
from .printing import (
    json_option,
    print_aside,
    print_json,
    print_record,
    print_table,
    sum_of,
)

CARD_PREFIX: Final = "gc_"
_MOMENTS: Final = ("created_after", "created_before", "expires_after", "expires_before")
_SUMS: Final = ("balance_min", "balance_max", "initial_min", "initial_max")
_CHOICES: Final = {"state": STATES, "balance_status": BALANCE_STATUSES, "source": SOURCES, "sort": ORDERS}
_FILTERS: Final = {
    "state": "Cards in this state now.",
    "balance_status": "How much is left.",
    "balance_min": "At least so much is left, in minor units (2500 is 25.00 USD).",
    "balance_max": "At most so much is left.",
    "initial_min": "Issued with at least so much.",
    "initial_max": "Issued with at most so much.",
    "currency": "Cards in this currency, such as USD.",
    "contact_id": "Cards of this contact.",
    "program": "Cards of this program.",
    "source": "The way in that they were made through.",
    "recipe": "Cards that this recipe gave.",
    "last4": "The last four symbols of the code.",
    "created_after": "Made after.",
    "created_before": "Made before.",
    "expires_after": "Expiring after.",
    "expires_before": "Expiring before.",
    "expiring_within": "Expiring within so many days.",
    "include_removed": "Removed cards too.",
    "q": "Words on the card, of its recipient or its contact.",
    "sort": "The order; behind a - the other way round.",
}


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


def _filters(verb: Any) -> Any:
    """An option for each filter of the list."""
    kinds: dict[str, dict[str, Any]] = {
        **{name: {"callback": absolute_option, "metavar": "WHEN"} for name in _MOMENTS},
        **{name: {"type": click.INT, "metavar": "MINOR"} for name in _SUMS},
        **{name: {"type": click.Choice(choices)} for name, choices in _CHOICES.items()},
        "expiring_within": {"type": click.INT, "metavar": "DAYS"},
        "include_removed": {"is_flag": True, "default": None},
    }
    for name, about in reversed(_FILTERS.items()):
        option = click.option("--" + name.replace("_", "-"), name, help=about, **kinds.get(name, {}))
        verb = option(verb)
    return verb


@cards.command("list")
@click.argument("account")
@_filters
@click.option("--limit", type=click.IntRange(1, 250), default=50, show_default=True, help="At most so many.")
@click.option("--cursor", help="Where the page before said to go on.")
@json_option
@click.pass_obj
def show_all(call: Call, /, account: str, limit: int, as_json: bool, **given: Any) -> None:
    """List the cards of ACCOUNT, newest first. All filters hold at once."""
    asked = {name: value for name, value in given.items() if value is not None}
    with call.gateway() as gateway:
        whose = gateway.account(account)
        for name in _MOMENTS:
            if name in asked:
                asked[name] = asked[name].after(call.builder.clock.now(), whose.timezone)
        page = gateway.list_cards(whose, {**asked, "limit": limit})
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
    print_more(page)


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
    may_be_negative = any(one.is_signed for one in operation.fields.values())
    return click.Command(
        verb,
        context_settings={"ignore_unknown_options": may_be_negative},  # `-2.00 USD` is a sum
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
    _print(_brief(answered.body))
    if answered.is_replayed:
        print_aside("This was done before, under the same key; nothing was done again.")
    elif "code" in answered.body and operation.status == 201:
        print_aside("The code is shown this once.")


def _print(told: Mapping[str, Any]) -> None:
    """Names and values; cards among them as a table below."""
    found = told.get("cards")
    print_record({name: value for name, value in told.items() if name != "cards"})
    if isinstance(found, list) and found:
        columns = ("id", "state", "available", "currency", "last4", "expires_at")
        print_table(columns, [[card[name] for name in columns] for card in found], empty="")


def _brief(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a movement changed; all of it with --json. Other answers, and reservations, as they are."""
    card, line = body.get("gift_card"), body.get("transaction")
    if not isinstance(card, Mapping) or not isinstance(line, Mapping):
        return _with_currency(body)
    return {
        "gift_card": card["id"],
        "last4": card["last4"],
        "state": card["state"],
        "amount": line["amount"],
        "balance_before": line["balance_after"] - line["amount"],
        "balance": line["balance_after"],
        "transaction": line["id"],
        **{name: one for name, one in body.items() if name not in ("gift_card", "transaction")},
        "currency": line["currency"],
    }


def _with_currency(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A hold's amount is in the currency of the card beside it."""
    card, hold = body.get("gift_card"), body.get("hold")
    if isinstance(card, Mapping) and isinstance(hold, Mapping):
        return {**body, "hold": {"currency": card["currency"], **hold}}
    return body


for _operation in operations().values():
    if _operation.verb is not None:
        cards.add_command(_verb(_operation, _operation.verb))

cards.add_command(import_cards)
cards.add_command(export_cards)

COMMAND = cards
