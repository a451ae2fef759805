"""`connector audit`: who changed what, and why."""

from typing import Any, Final

import click

from ..flows.trail import TYPES
from .listing import list_verb

FILTERS: Final = {
    "subject": "Changes of this: an id, or ACCOUNT/SOURCE.",
    "type": "Changes of things of this type.",
    "act": "Changes by this deed.",
    "actor": "Changes by this: a key's or run's id, a recipe, a command, or the way in.",
}
_COLUMNS: Final = ("created_at", "act", "subject", "source", "origin", "reason", "note")


@click.group("audit")
def audit() -> None:
    """Who changed what, and why."""


def _shown(value: Any) -> Any:
    """`key_id: key_01…` of an origin."""
    return ", ".join(f"{name}: {word}" for name, word in value.items()) if isinstance(value, dict) else value


audit.add_command(
    list_verb(
        "List the changes in ACCOUNT, newest first. All filters hold at once.",
        lambda gateway, whose, asked: gateway.history.trail(whose, asked),
        _COLUMNS,
        filters=FILTERS,
        choices={"type": TYPES},
        empty="No change in {account} is like that.",
        shown=_shown,
        or_platform=True,
    )
)


COMMAND = audit
