"""`connector db`: which migration there is, which is needed, and from one to the other."""

from dataclasses import replace

from connector.cli.builder import Database
from tests.cli.shell import Asked, Shell


def _shell(revision: str | None) -> Shell:
    """A database at `revision`, where 0002 is the newest."""
    has = [revision]

    def upgrade() -> tuple[str | None, str]:
        before, has[0] = has[0], "0002"
        return before, "0002"

    database = Database(upgrade, lambda: has[0], lambda: "0002")
    return Shell(replace(Asked().builder(), database=lambda _: database))


def test_an_empty_database_is_brought_to_the_newest() -> None:
    shell = _shell(None)

    assert shell.done("db", "upgrade").out == "The database is at 0002 now; it was empty.\n"
    assert shell.done("db", "upgrade").out == "The database is at 0002, the newest.\n"


def test_upgrade_says_in_json_what_it_was_and_what_it_is() -> None:
    assert _shell("0001").done("db", "upgrade", "--json").json == {"before": "0001", "current": "0002"}


def test_a_database_that_is_behind_names_the_next_command() -> None:
    out = _shell("0001").done("db", "current").out

    assert out == "The database is at 0001; 0002 is the newest.\nNext: connector db upgrade\n"
    assert _shell(None).done("db", "current").out.startswith("The database is empty;")
    assert _shell("0002").done("db", "current").out == "The database is at 0002, the newest.\n"


def test_current_in_json() -> None:
    shown = _shell(None).done("db", "current", "--json").json

    assert shown == {"current": None, "newest": "0002", "is_current": False}
