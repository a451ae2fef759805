"""`connector report`: what is owed, what was spent, what recipes brought, who has credit, who gave."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from ..flows.goal_report import COLUMNS as GOALS
from ..flows.reports import CONTACTS, DIMENSIONS, Report
from .builder import Call
from .moments import Moment, absolute_option
from .printing import json_option, print_aside, print_json, print_table, sum_of

COUNTS: Final = frozenset(
    {
        *("cards", "cards_used", "contacts", "contacts_back", "redemptions"),
        *("treated", "treated_reached", "control", "control_reached"),
    }
)
_MOMENTS: Final = ("as_of", "since", "until")
PAGE: Final = 250  # contacts; all pages are printed

F = TypeVar("F", bound=Callable[..., Any])


@click.group("report")
def report() -> None:
    """Tables over the ledger."""


def _when(name: str, about: str) -> Callable[[F], F]:
    return click.option(
        "--" + name.replace("_", "-"), name, callback=absolute_option, metavar="MOMENT", help=about
    )


_AS_OF: Final = _when("as_of", "As it stood then; now if left out.")
_SINCE: Final = _when("since", "From then on.")
_UNTIL: Final = _when("until", "Before then; up to now if left out.")
_BY: Final = click.option(
    "--by", multiple=True, type=click.Choice(DIMENSIONS), help="Part it further; again for more."
)


def _verb(name: str, about: str, *options: Callable[[Any], Any], report_name: str = "") -> None:
    """One report as a verb of its own."""

    @click.pass_obj
    def show(call: Call, /, account: str, as_csv: bool, as_json: bool, **given: Any) -> None:
        _show(call, report_name or name, account, given, as_csv=as_csv, as_json=as_json)

    verb: Any = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, sums in minor units.")(
        json_option(show)
    )
    for option in reversed(options):
        verb = option(verb)
    report.command(name, help=about)(click.argument("account")(verb))


def _show(call: Call, name: str, account: str, given: dict[str, Any], *, as_csv: bool, as_json: bool) -> None:
    asked = {key: value for key, value in given.items() if value}
    with call.gateway() as gateway:
        whose = gateway.account(account)
        now = call.builder.clock.now() + whose.clock_offset
        for key in _MOMENTS:
            if isinstance(asked.get(key), Moment):
                asked[key] = _at(key, asked[key], now, whose.timezone)
        if name == CONTACTS:
            asked["limit"] = PAGE
        found = gateway.history.report(whose, name, asked)
        data, cursor = list(found.data), found.next_cursor
        while cursor is not None:
            page = gateway.history.report(whose, name, {**asked, "cursor": cursor})
            data += page.data
            cursor = page.next_cursor
    whole = Report(found.name, found.columns, data, found.about, goals=found.goals)
    if as_json:
        print_json(whole.as_json())
    elif as_csv:
        click.echo(whole.as_csv(), nl=False)
    else:
        _print(whole)


def _at(option: str, moment: Moment, now: datetime, timezone: str) -> datetime:
    """When it is: how things stood on a day is how they stood at its end, or stand now."""
    if option != "as_of":
        return moment.after(now, timezone)
    end = moment.after(now, timezone, is_end=True)
    has_begun = moment.day is not None and moment.after(now, timezone) <= now
    return min(end, now) if has_begun else end


def _print(found: Report) -> None:
    """A table, sums written with their currency, and what it tells of."""
    rows = [[_shown(row, name) for name in found.columns] for row in found.data]
    print_table(found.columns, rows, empty=f"There is nothing to tell in {found.name}.")
    if found.goals:
        goals = [[_shown(row, name) for name in GOALS] for row in found.goals]
        print_table(GOALS, goals, empty="")
    about = ", ".join(f"{name} {value}" for name, value in found.about.items() if value)
    print_aside(f"{found.name}: {about}")


def _shown(row: dict[str, Any], name: str) -> object:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name not in COUNTS:
        return sum_of(value, row.get("currency"))
    return value


_verb("liability", "What is owed on the gift cards of ACCOUNT.", _AS_OF, _BY)
_verb("redemptions", "What was spent, given back, and what expired.", _SINCE, _UNTIL, _BY)
_verb("recipes", "What each recipe gave, and what became of it.", _SINCE, _UNTIL)
_verb("contacts", "Who has credit to spend.", _AS_OF, report_name=CONTACTS)
_verb(CONTACTS, "As contacts, under its name in REST.", _AS_OF)
_verb("funding", "Where the value on cards came from.", _AS_OF)

COMMAND = report
