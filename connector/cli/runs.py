"""`connector runs`: what recipes did and why, what a person decides, and again."""

from typing import Any, Final

import click

from ..domain.accounts import Actor
from ..flows.replay import WITH
from ..flows.runs import OUTCOMES
from .builder import Call
from .listing import list_verb
from .printing import json_option, print_aside, print_json, print_line
from .tracing import print_run

FILTERS: Final = {
    "recipe": "Runs of this recipe.",
    "outcome": "What they came to.",
    "source": "Of events from this source.",
    "type": "Of events of this type.",
    "event_id": "Of this event.",
    "contact_id": "For this contact.",
    "replays": "That are this run again.",
}
_COLUMNS: Final = ("id", "recipe", "outcome", "reason", "event_id", "created_at")


@click.group("runs")
def runs() -> None:
    """What recipes did, and why."""


runs.add_command(
    list_verb(
        "List the runs of ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.runs.page(whose, asked),
        _COLUMNS,
        filters=FILTERS,
        choices={"outcome": OUTCOMES},
        empty="No run of {account} is like that.",
    )
)


@runs.command("show")
@click.argument("account")
@click.argument("run")
@json_option
@click.pass_obj
def show(call: Call, account: str, run: str, as_json: bool) -> None:
    """Show RUN (its id) of ACCOUNT with its trace, line by line."""
    with call.gateway() as gateway:
        _print(gateway.runs.one(gateway.account(account), run), as_json)


def _decider(word: str, about: str, *, is_approved: bool) -> None:
    @click.argument("account")
    @click.argument("run")
    @click.option("--note", help="Why; it is kept in the audit trail.")
    @json_option
    @click.pass_obj
    def decide(call: Call, account: str, run: str, note: str | None, as_json: bool) -> None:
        with call.gateway() as gateway:
            actor = Actor("manual", {"command": f"runs {word}"})
            answered = gateway.runs.decide(
                gateway.account(account), actor, run, note, is_approved=is_approved
            )
        _print(answered.body, as_json)

    runs.command(word, help=about)(decide)


_decider("approve", "Let RUN of ACCOUNT go on, which is held, past its limit.", is_approved=True)
_decider("refuse", "End RUN of ACCOUNT, which is held.", is_approved=False)


@runs.command("replay")
@click.argument("account")
@click.argument("run")
@click.option(
    "--with",
    "which",
    type=click.Choice(WITH),
    required=True,
    help="The recipe as it was for that run, or as it is today.",
)
@json_option
@click.pass_obj
def replay(call: Call, account: str, run: str, which: str, as_json: bool) -> None:
    """Run RUN of ACCOUNT again, on its event and the contact as it is now. Nothing is given twice."""
    with call.gateway() as gateway:
        actor = Actor("manual", {"command": "runs replay"})
        answered = gateway.runs.replay(gateway.account(account), actor, run, which)
    _print(answered.body, as_json)


@runs.command("test")
@click.argument("account")
@click.argument("run")
@json_option
@click.pass_obj
def as_test(call: Call, account: str, run: str, as_json: bool) -> None:
    """Print RUN of ACCOUNT as a test, to be pasted below `tests:` of its recipe. No file is written."""
    with call.gateway() as gateway:
        made = gateway.runs.as_test(gateway.account(account), run)
    if as_json:
        print_json(made)
        return
    click.echo(made["yaml"], nl=False)
    print_aside(f"Paste it below `tests:` in {made['file']}; then: connector recipes test {made['recipe']}")


def _print(run: Any, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    print_line(str(run["id"]))
    print_run(run)


COMMAND = runs
