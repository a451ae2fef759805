"""`python -m connector`, and the console script: hands the command line what it may ask for."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import app, logs, service
from .cli.builder import Builder, Checked, Database, RecipeEntry, RecipeTest, RecipeTested
from .cli.main import run
from .domain.clock import SystemClock
from .domain.errors import ConnectorError, FaultyFiles
from .flows import held_against, recipe_files
from .outside.local import post_local
from .recipes.library import Entry
from .store import migrate
from .store.engine import open_engines


def main() -> None:
    """The program. What verbs log goes to standard error, so that their output is data only."""
    logs.configure("warning")
    raise SystemExit(run(builder()))


def builder() -> Builder:
    """What the verbs may ask for."""
    return Builder(
        clock=SystemClock(),
        gateway=lambda given: app.build(app.find_settings(given)),
        serve=service.serve,
        check=_check,
        recipes=_recipes,
        test_recipes=_test_recipes,
        recipe_schema=app.recipe_schema,
        new_recipe=app.new_recipe,
        base_url=app.base_url,
        starting_config=app.starting_config,
        starting_recipes=app.packaged_recipes,
        database=_database,
        post=_post,
    )


def _check(given: Path | None) -> Checked:
    try:
        library = app.library(given, is_whole=True)
    except FaultyFiles as faulty:
        return Checked(configuration=faulty.faults)
    return Checked(recipes=library.current.faults)


def _recipes(given: Path | None) -> list[RecipeEntry]:
    """The files as they stand; where there is a database that can be read now, held against its records."""
    library = app.library(given)
    found: Sequence[Entry] = ()
    with contextlib.suppress(ConnectorError):  # none is needed
        engines = open_engines(app.database_url(given, may_make=False))
        try:
            library.hint(library.current, held_against.hints(engines, library.current))
            found = recipe_files.in_force(engines, library.current.entries)
        finally:
            engines.dispose()
    return [_entry(one) for one in found or library.current.entries]


def _test_recipes(given: Path | None, names: Sequence[str]) -> list[RecipeTested]:
    found = {one.entry.recipe: one for one in recipe_files.tested(app.library(given))}
    return [
        RecipeTested(
            _entry(found[name].entry), tuple(RecipeTest(each, why) for each, why in found[name].results)
        )
        for name in names
    ]


def _entry(entry: Entry) -> RecipeEntry:
    warnings = (*entry.warnings, *entry.hints)
    return RecipeEntry(entry.recipe, entry.status, entry.revision, entry.errors, warnings)


def _database(given: Path | None) -> Database:
    def upgrade() -> tuple[str | None, str]:
        return app.upgrade(app.find_settings(given, may_begin=True))

    def current() -> str | None:
        engines = open_engines(app.database_url(given))
        try:
            return migrate.current(engines)
        finally:
            engines.dispose()

    return Database(upgrade, current, migrate.newest)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    answer = post_local(url, body, headers)
    return answer.status, answer.headers, answer.body


if __name__ == "__main__":
    main()
