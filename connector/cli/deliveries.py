"""`connector deliveries`: what was sent to whom, what came of it, and again."""

from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..domain.retries import OUTCOMES
from ..flows.delivery_json import STATES
from .builder import Call
from .listing import list_verb
from .moments import absolute_option
from .printing import json_option, print_json, print_record, print_table

FILTERS: Final = {
    "endpoint_id": "To this endpoint.",
    "state": "What became of them.",
    "outcome": "Of the last attempt.",
    "type": "Messages of this type.",
    "message_id": "Of this message.",
    "gift_card_id": "Of this card.",
}
_COLUMNS: Final = ("id", "type", "endpoint_id", "state", "waiting_for", "outcome", "attempts", "due_at")
_ATTEMPTS: Final = ("number", "trigger", "started_at", "status", "outcome", "error", "duration_ms", "hint")


@click.group("deliveries")
def deliveries() -> None:
    """Our webhooks on their way."""


deliveries.add_command(
    list_verb(
        "List the deliveries of ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.webhooks.page(whose, asked),
        _COLUMNS,
        filters=FILTERS,
        choices={"state": STATES, "outcome": OUTCOMES},
        empty="No delivery of {account} is like that.",
    )
)


@deliveries.command("show")
@click.argument("account")
@click.argument("delivery")
@json_option
@click.pass_obj
def show(call: Call, account: str, delivery: str, as_json: bool) -> None:
    """Show DELIVERY (its id) of ACCOUNT with its attempts."""
    with call.gateway() as gateway:
        whose = gateway.account(account)
        found = gateway.webhooks.one(whose, delivery)
        attempts = gateway.webhooks.attempts(whose, delivery)["data"]
    if as_json:
        print_json({**found, "attempts": attempts})
        return
    print_record(found)
    rows = [[one[column] for column in _ATTEMPTS] for one in attempts]
    print_table(_ATTEMPTS, rows, empty="It was not tried yet.")


def _verb(word: str, about: str) -> None:
    @click.argument("account")
    @click.argument("delivery")
    @json_option
    @click.pass_obj
    def act(call: Call, account: str, delivery: str, as_json: bool) -> None:
        with call.gateway() as gateway:
            do = getattr(gateway.webhooks, word)
            actor = Actor("manual", {"command": f"deliveries {word}"})
            told = do(gateway.account(account), actor, delivery).body
        if as_json:
            print_json(told)
        else:
            print_record(told)

    deliveries.command(word, help=about)(act)


_verb("retry", "Send DELIVERY of ACCOUNT now, beside its schedule: same id, same body.")
_verb("cancel", "End DELIVERY of ACCOUNT, which is open.")


@deliveries.command("recover")
@click.argument("account")
@click.argument("endpoint")
@click.option("--since", required=True, callback=absolute_option, metavar="MOMENT", help="From then on.")
@click.option("--until", callback=absolute_option, metavar="MOMENT", help="And before then.")
@click.option("--missed", is_flag=True, help="Also what was never made, as while it was disabled.")
@json_option
@click.pass_obj
def recover(
    call: Call, account: str, endpoint: str, since: Any, until: Any, missed: bool, as_json: bool
) -> None:
    """Send again what is dead at ENDPOINT (its id) of ACCOUNT. A job, which `connector serve` does."""
    with call.gateway() as gateway:
        whose = gateway.account(account)
        now = gateway.parts.clock.now()
        span = {
            name: one.after(now, whose.timezone)
            for name, one in (("since", since), ("until", until))
            if one is not None
        }
        actor = Actor("manual", {"command": "deliveries recover"})
        job = gateway.webhooks.recover(whose, actor, endpoint, missed=missed, **span).body
    if as_json:
        print_json(job)
    else:
        print_record(job)


COMMAND = deliveries
