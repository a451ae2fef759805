"""`connector db`: the database's migrations."""

import click

from .builder import Call
from .printing import json_option, print_json, print_line


@click.group("db")
def db() -> None:
    """Bring the database up to date."""


@db.command("upgrade")
@json_option
@click.pass_obj
def upgrade(call: Call, as_json: bool) -> None:
    """Run the migrations that are missing."""
    before, after = call.builder.database(call.place).upgrade()
    if as_json:
        print_json({"before": before, "current": after})
    elif before == after:
        print_line(f"The database is at {after}, the newest.")
    else:
        print_line(f"The database is at {after} now; it was {before or 'empty'}.")


@db.command("current")
@json_option
@click.pass_obj
def current(call: Call, as_json: bool) -> None:
    """Show which migration the database has, and which it needs."""
    database = call.builder.database(call.place)
    now, newest = database.current(), database.newest()
    if as_json:
        print_json({"current": now, "newest": newest, "is_current": now == newest})
    elif now == newest:
        print_line(f"The database is at {now}, the newest.")
    else:
        print_line(f"The database is {f'at {now}' if now else 'empty'}; {newest} is the newest.")
        print_line("Next: connector db upgrade")


COMMAND = db
