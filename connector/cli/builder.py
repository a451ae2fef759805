"""What the composition root hands to the command line, and what a verb hands back to it.

The one rule: a verb gets values and callables from here, and never learns of settings,
databases, recipes' text or sockets. A path handed over is what `--config` or `--data` said;
None: look for it as always (`CONNECTOR_CONFIG`, then `./config.toml`, then `./data`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..domain.clock import Clock
from ..domain.errors import ConnectorError, Fault
from ..flows.gateway import Gateway

ROLES = ("all", "gateway", "worker", "scheduler")
BOTH = "Give --config or --data, not both: a configuration names its own database."


class NotConfigured(ConnectorError):
    """Nothing says which database is meant, two things do, or it cannot be served so; for verbs only."""

    code = "faulty_files"
    title = "Not configured"


@dataclass(frozen=True, slots=True)
class Service:
    """What `serve` was asked for; None: left out, so the configuration or the default decides.

    `data` is the folder for the embedded database, `listen` is `host:port` with a port
    that can be one, `workers` counts processes and `threads` those of each.
    """

    config: Path | None = None
    data: Path | None = None
    listen: str | None = None
    role: str = "all"
    workers: int | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Every fault found without a database, sorted by place. Both empty: nothing is wrong.

    Apart, because a wrong configuration is the caller's mistake and ends with another
    exit code than a bad recipe. Recipes are looked at as far as the configuration tells where.
    """

    configuration: tuple[Fault, ...] = ()
    recipes: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipeEntry:
    """One recipe file. `status` is the one in force; `revision` None where no good one is known.

    `errors`: why the file was not taken. `warnings`: what it was changed to, and what is worth a look.
    """

    recipe: str
    status: str
    revision: str | None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipeTest:
    """One of a recipe's own tests; `message` says what differed, None where it passed."""

    name: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class RecipeTested:
    """A recipe file and its tests in order; none where the file cannot be read."""

    entry: RecipeEntry
    tests: tuple[RecipeTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Database:
    """The configured database; each call connects and lets go again.

    `upgrade` brings it to the newest revision, beginning a demo where there is none, and gives
    the revisions before and after; `current` is the one it has, None for an empty one; `newest`
    is the one that this program needs.
    """

    upgrade: Callable[[], tuple[str | None, str]]
    current: Callable[[], str | None]
    newest: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Filled by the composition root. Every callable may raise a ConnectorError.

    FaultyFiles and NotConfigured mean a wrong configuration, and end with exit code 2; the rest
    with 1. Only `serve` and the database's `upgrade` begin a demo that is not there.
    """

    clock: Clock

    gateway: Callable[[Path | None], Gateway]
    """An opened gateway on a current database, its accounts and sources written; not started.
    Whoever asked closes it. Unavailable where a PostgreSQL is behind its migrations."""

    serve: Callable[[Service], int]
    """Serve until SIGTERM or SIGINT; 0 where all ended in order. CannotListen for a taken port."""

    check: Callable[[Path | None], Checked]
    """Look at configuration and recipes; no database. Never FaultyFiles: faults are the answer."""

    recipes: Callable[[Path | None], Sequence[RecipeEntry]]
    """Every recipe file by name, as it stands now; no database."""

    test_recipes: Callable[[Path | None, Sequence[str]], Sequence[RecipeTested]]
    """Run the tests of the recipes of these names, all of which exist; no database."""

    recipe_schema: Callable[[], str]
    """The JSON Schema of recipe files, as its file holds it."""

    new_recipe: Callable[[Path | None, str, str], Path]
    """The file of a new recipe of this name, a draft copied from the second; NotFound, Conflict."""

    base_url: Callable[[Path | None], str]
    """Where the gateway listens, `http://127.0.0.1:8080`, without a slash at the end."""

    starting_config: Callable[[str], str]
    """A config.toml to begin with, sound as it stands, with these blocks of sources in it."""

    starting_recipes: Callable[[], Mapping[str, str]]
    """File name (`first-booking.yaml`) to text, for the folder recipes/; their schema among them."""

    database: Callable[[Path | None], Database]
    """The database of this configuration."""

    post: Callable[[str, bytes, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]
    """POST body and headers to a URL: status, headers, body. Unavailable where nobody answers."""


@dataclass(slots=True)
class Call:
    """One call of the program. Not frozen: its options stand before or after the verb."""

    builder: Builder
    config: Path | None = None
    data: Path | None = None
    is_debug: bool = False

    @property
    def place(self) -> Path | None:
        """What --config or --data said; NotConfigured where both did."""
        self.require_one_place()
        return self.config or self.data

    def require_one_place(self) -> None:
        """Pass unless both --config and --data were said."""
        if self.config is not None and self.data is not None:
            raise NotConfigured(BOTH)

    @contextmanager
    def gateway(self) -> Iterator[Gateway]:
        """The gateway for the length of one verb."""
        gateway = self.builder.gateway(self.place)
        try:
            yield gateway
        finally:
            gateway.close()


class Undone(Exception):
    """What was asked did not come about, and the reason is printed already."""


class Misconfigured(Undone):
    """As Undone, where the configuration is to blame."""
