"""Composition root: Settings in, Gateway out; the only module that knows every room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .adapters import registry as adapter_registry
from .domain.clock import Clock, SystemClock
from .domain.sealing import KeyRing
from .flows import recipe_files
from .flows.gateway import Gateway
from .flows.parts import Parts
from .flows.run import step_specs
from .operations.kit import Caps
from .outside.http import Client
from .recipes.library import Library
from .store.engine import open_engines
from .store.writer import Pause, no_pause, open_writer


@dataclass(frozen=True, slots=True)
class Rooms:
    """The values that the rooms are built from. `caps` by currency; `keys` newest first, 32 bytes each."""

    database_url: str
    keys: tuple[bytes, ...] = field(repr=False)
    recipes: Path
    public_url: str
    allow_networks: tuple[str, ...] = ()
    allow_http: bool = False
    ca_file: str = ""
    caps: Mapping[str, Caps] = field(default_factory=dict)


def assemble(rooms: Rooms, *, clock: Clock | None = None, pause: Pause = no_pause) -> Gateway:
    """A gateway over a database that is migrated already; its recipes are read and kept."""
    clock = clock or SystemClock()
    engines = open_engines(rooms.database_url)
    writer = open_writer(engines, clock, pause)
    library = Library(rooms.recipes, step_specs())
    recipe_files.load(library, engines, writer)
    client = Client(rooms.allow_networks, rooms.allow_http, rooms.ca_file, rooms.public_url, clock)
    return Gateway(
        Parts(
            engines=engines,
            writer=writer,
            ring=KeyRing(rooms.keys),
            clock=clock,
            library=library,
            client=client,
            adapters=adapter_registry.adapters(),
            public_url=rooms.public_url,
            caps=rooms.caps,
        )
    )
