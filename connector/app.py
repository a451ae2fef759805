"""Composition root: Settings in, Gateway out; the only module that knows every room."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from . import config, values
from .adapters import registry as adapter_registry
from .cli.builder import BOTH, NotConfigured
from .config import Settings
from .domain.accounts import Caps, caps_in_each
from .domain.clock import Clock, SystemClock
from .domain.errors import CannotOpen, Conflict, Fault, FaultyFiles, ValidationFailed
from .domain.rates import NO_RATES, Rates
from .domain.sealing import KeyRing
from .flows import recipe_files, setup
from .flows.gateway import Gateway
from .flows.guesses import Guesses
from .flows.limits import NO_LIMITS, Limits, Rate
from .flows.parts import FOR_EVER, Parts, Retention
from .flows.performing import step_specs
from .flows.sharing import Shared
from .outside.counts import SharedWindows
from .outside.http import Client
from .outside.post import senders
from .outside.sms import TextHook, TwilioAccount
from .outside.smtp import MailServer
from .recipes.copying import as_drafts, copy_recipe
from .recipes.json_schema import SCHEMA_FILE, schema_text
from .recipes.library import Library
from .server import address
from .store import migrate, ring_keys
from .store.engine import open_engines
from .store.writer import Pause, no_pause, open_writer
from .templates.letters import open_letters
from .templates.shelf import load as load_shelf

DATA: Final = Path("data")
LISTEN_NOTE: Final = "listen"
PACKAGED_RECIPES: Final = Path(__file__).parent.parent / "recipes"


@dataclass(frozen=True, slots=True)
class Rooms:
    """The values that the rooms are built from. `caps` by currency; `keys` newest first, 32 bytes each.

    `failed_lookups`: how many wrong card codes may be told through every door; None: any.
    `limit_store`: the URL of the Redis where all nodes count; empty: each in its memory.
    `templates`: a folder over the shipped letters; `mail` and `texts`: how they go, None: they do not.
    """

    database_url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    recipes: Path
    public_url: str
    allow_networks: tuple[str, ...] = ()
    allow_http: bool = False
    ca_file: str = ""
    own_port: int | None = None
    retention: Retention = FOR_EVER
    mask_personal: bool = False
    caps: Mapping[str, Caps] = field(default_factory=dict)
    rates: Rates = NO_RATES
    failed_lookups: Rate | None = None
    limit_store: str = field(default="", repr=False)
    templates: Path | None = None
    mail: MailServer | None = None
    texts: TwilioAccount | TextHook | None = None


def assemble(
    rooms: Rooms, *, clock: Clock | None = None, pause: Pause = no_pause, is_serving: bool = True
) -> Gateway:
    """A gateway over a database that is migrated already; its recipes are read, and kept as in force."""
    clock = clock or SystemClock()
    engines = open_engines(rooms.database_url)
    writer = open_writer(engines, clock, pause)
    letters = open_letters(rooms.templates)
    library = Library(rooms.recipes, step_specs(letters.shelf.letters))
    recipe_files.load(library, engines, writer, is_serving=is_serving)
    guard = (rooms.allow_networks, rooms.allow_http, rooms.ca_file, rooms.public_url)
    client = Client(*guard, clock, own_port=rooms.own_port)
    shared = Shared(SharedWindows(rooms.limit_store, clock), clock) if rooms.limit_store else None
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
            guesses=Guesses(rooms.failed_lookups, clock, shared),
            shared=shared,
            caps=rooms.caps,
            rates=rooms.rates,
            letters=letters,
            senders=senders(rooms.mail, rooms.texts, client, clock),
            mask_personal=rooms.mask_personal,
            retention=rooms.retention,
        )
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What serving needs to know. `database`: the SQLite file, if any; `api_key`: the demo's, if any."""

    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[str, ...]
    max_body_bytes: int
    database: Path | None
    warnings: tuple[str, ...]
    api_key: str | None = field(default=None, repr=False)
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration was found: a file, or the data folder of the embedded default.

    `is_named`: other verbs find the folder only where they are told of it.
    """

    settings: Settings
    data: Path | None = None
    is_named: bool = False


def plan_of(place: Place, clock: Clock) -> Plan:
    """The values that `serve` works with; the folder of an SQLite database is made."""
    settings = place.settings
    config.make_database_folder(settings)
    engines = open_engines(str(settings.database.url))
    engines.dispose()
    return Plan(
        host=settings.server.listen.host,
        port=settings.server.listen.port,
        public_url=settings.server.public_url,
        trusted_proxies=tuple(settings.server.trusted_proxies),
        max_body_bytes=settings.server.max_body_bytes,
        database=engines.path,
        warnings=tuple(config.warnings_about(settings, clock)),
        api_key=None if place.data is None else config.embedded_api_key(place.data),
        limits=Limits(
            values.rate_of(settings.limits.per_key),
            values.rate_of(settings.limits.per_address),
            values.rate_of(settings.limits.per_source),
        ),
    )


def find_settings(given: Path | None, *, may_begin: bool = False) -> Place:
    """The settings of `--config`, CONNECTOR_CONFIG or ./config.toml; else the embedded default in ./data.

    A folder as `given` is the data folder of an embedded default; there the address
    is the one where it was last served. FaultyFiles says everything that is wrong.
    NotConfigured where no embedded default has begun, unless it `may_begin` here: a verb that
    was called in the wrong folder must not write into a ledger of its own.
    """
    data = _data_folder(given)
    if data is not None and not may_begin and not config.has_begun(data):
        raise NotConfigured(_nothing_here(given))
    place = settings_to_serve(given) if data is None else settings_to_serve(None, data)
    if place.data is not None:
        with contextlib.suppress(OSError, ValueError, ValidationFailed):  # no note, or none that can be read
            known = (place.data / LISTEN_NOTE).read_text("ascii").strip()
            return replace(place, settings=place.settings.listening_on(known))
    return place


def settings_to_serve(given: Path | None, data: Path | None = None, listen: str | None = None) -> Place:
    """As find_settings, for `serve`: it listens where it is told now, whatever it was told before.

    `data` is the folder of an embedded default and goes before a configuration
    file; NotConfigured where both are given.
    """
    if given is not None and data is not None:
        raise NotConfigured(BOTH)
    environ = config.environment()
    path = config.find(given, environ) if data is None else data
    if path is not None and data is None and not path.is_dir():
        settings = config.load(path, environ, adapter_registry.adapters(), values.source_faults)
        return Place(settings.listening_on(listen) if listen else settings)
    makers = {name: one.new_secret for name, one in adapter_registry.adapters().items()}
    settings = config.embedded(path or DATA, listen, makers, PACKAGED_RECIPES)
    return Place(settings, path or DATA, is_named=path is not None)


def _data_folder(given: Path | None) -> Path | None:
    """Where the embedded default lives if it is meant; None where a file is, or should be."""
    path = config.find(given, config.environment())
    if path is None:
        return DATA
    return None if path.is_file() or (path.suffix and not path.is_dir()) else path


def _nothing_here(given: Path | None) -> str:
    """What to do where no embedded default has begun."""
    serve = "connector serve begins one for trying things on, connector init writes a configuration"
    if given is not None:
        return f"{given}: there is no configuration and no gateway's data here; {serve}."
    return f"There is no config.toml and no gateway's {DATA}/ here: give --config or --data; {serve}."


def on_port(place: Place, plan: Plan, port: int) -> tuple[Place, Plan]:
    """The same once the port is known: port 0 took a free one, and links are to lead there."""
    settings = place.settings.listening_on(address(plan.host, port))
    return replace(place, settings=settings), replace(plan, port=port, public_url=settings.server.public_url)


def build(place: Place, *, clock: Clock | None = None, is_serving: bool = False) -> Gateway:
    """The gateway that `place` describes, on a current database that knows its accounts and sources.

    Only who `is_serving` brings those to what the configuration says; others add what is not there.
    FaultyFiles where its key ring does not open the database: nothing is written then.
    An SQLite database is brought up to date here, unless another process serves it; a PostgreSQL
    behind its migrations is Unavailable, and the sentence names the command.
    """
    settings = place.settings
    config.make_database_folder(settings)
    is_noted = _require_ring(place)
    migrate.require_current(str(settings.database.url), is_serving=is_serving)
    gateway = assemble(rooms_of(settings), clock=clock, is_serving=is_serving)
    try:
        if not is_noted:
            _note_ring(place, gateway)
        _tell(place, gateway, is_serving=is_serving)
        if place.data is not None:
            demo = gateway.account(settings.accounts[0].slug)
            secret = config.embedded_api_key(place.data)
            gateway.create_key(demo, name="demo", scopes=["admin"], secret=secret)
    except BaseException:
        gateway.close()
        raise
    return gateway


def _tell(place: Place, gateway: Gateway, *, is_serving: bool) -> None:
    """Accounts and sources; FaultyFiles where the database has an account that is another one's."""
    settings = place.settings
    tell = setup.write if is_serving else setup.add
    try:
        tell(
            gateway.parts,
            [values.account_of(one) for one in settings.accounts],
            [values.source_of(one) for one in settings.sources],
        )
    except ValidationFailed as fault:
        if settings.path is None or not fault.errors:
            raise
        table, number, key = fault.errors[0].field.split(".")
        raise config.faulty_at(settings.path, (table, int(number), key), f"{key}: {fault.detail}") from fault


def upgrade(place: Place) -> tuple[str | None, str]:
    """Bring the database to the newest revision and to what `place` says; the revisions before and after."""
    config.make_database_folder(place.settings)
    _require_ring(place)
    before = migrate.bring_up(str(place.settings.database.url))
    build(place, is_serving=True).close()
    return before, migrate.newest()


def _require_ring(place: Place) -> bool:
    """As `ring_keys.require_all`."""
    engines = open_engines(str(place.settings.database.url))
    try:
        return ring_keys.require_all(engines, KeyRing(place.settings.secrets.keys))
    except CannotOpen as fault:
        raise _faulty_ring(place, fault) from fault
    finally:
        engines.dispose()


def _note_ring(place: Place, gateway: Gateway) -> None:
    parts = gateway.parts
    try:
        parts.writer.run(lambda tx: ring_keys.note(tx, parts.ring))
    except CannotOpen as fault:
        raise _faulty_ring(place, fault) from fault


def _faulty_ring(place: Place, fault: CannotOpen) -> FaultyFiles:
    """Where the ring stands that is not this database's."""
    message = f"{fault.detail}. Give it all the keys that it was used with, or another database"
    if place.settings.path is not None:
        return config.faulty_at(place.settings.path, ("secrets", "keys"), f"keys: {message}")
    return FaultyFiles([Fault(str(config.ring_file(place.data or DATA)), 1, 1, message)])


def rooms_of(settings: Settings) -> Rooms:
    """What the rooms get of the settings: values."""
    kept = settings.retention
    return Rooms(
        database_url=str(settings.database.url),
        keys=tuple(settings.secrets.keys),
        recipes=settings.recipes.path,
        mask_personal=settings.recipes.mask_personal,
        public_url=settings.server.public_url,
        allow_networks=tuple(settings.delivery.allow_networks),
        allow_http=settings.delivery.allow_http,
        ca_file=settings.delivery.ca_file,
        own_port=settings.server.listen.port,
        retention=Retention(kept.payload_days, kept.trace_days, kept.attempt_days),
        caps=caps_in_each(*settings.caps.each),
        rates=values.rates_of(settings.exchange_rates),
        failed_lookups=values.rate_of(settings.limits.failed_lookups),
        limit_store="" if settings.limits.store == config.MEMORY else str(settings.limits.store),
        templates=settings.template_folder,
        mail=values.mail_of(settings.email),
        texts=values.texts_of(settings.sms),
    )


def library(given: Path | None, *, is_whole: bool = False) -> Library:
    """The recipes as their files stand, without a database; `is_whole`: of a configuration without fault."""
    recipes, templates = _folders_of(given, is_whole=is_whole)
    found = Library(recipes, step_specs(load_shelf(templates).letters))
    found.load()
    return found


def _folders_of(given: Path | None, *, is_whole: bool = False) -> tuple[Path, Path]:
    """Recipes and templates."""
    path, data = config.find(given, config.environment()), _data_folder(given)
    if data is None and path is not None and not is_whole:
        return config.folders(path)
    if data is None or config.has_begun(data):
        settings = find_settings(given).settings
        return settings.recipes.path, settings.template_folder
    if given is None:
        recipes = config.recipes_of_embedded(PACKAGED_RECIPES)
        return recipes, recipes.parent / "templates"
    raise NotConfigured(_nothing_here(given))


def recipe_schema() -> str:
    """The JSON Schema of recipe files, as its file holds it."""
    return schema_text(step_specs())


def new_recipe(given: Path | None, name: str, source: str) -> Path:
    """A copy of a recipe under a new name, as a draft, in the folder of the recipes in force."""
    folder, _ = _folders_of(given)
    is_programs = folder.resolve() == PACKAGED_RECIPES and Path("recipes").resolve() != PACKAGED_RECIPES
    if is_programs:
        raise Conflict(f"{folder} came with the program. Next: connector init DIR makes a folder of yours.")
    return copy_recipe(folder, PACKAGED_RECIPES, source, name)


def base_url(given: Path | None) -> str:
    """Where the configured gateway listens: `http://127.0.0.1:8080`."""
    listen = find_settings(given).settings.server.listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)  # noqa: S104 - what it means here
    return f"http://{address(host, listen.port)}"


def database_url(given: Path | None, *, may_make: bool = True) -> str:
    """The database's URL; the folder of an SQLite file is made, unless it may not be."""
    settings = find_settings(given).settings
    if may_make:
        config.make_database_folder(settings)
    return str(settings.database.url)


def starting_config(sources: str = "") -> str:
    """A config.toml to begin with, with these blocks of sources."""
    return config.starting_config(sources)


def packaged_recipes() -> dict[str, str]:
    """The shipped recipe files by name, to begin with: as drafts, for nobody wants to give by surprise.

    With them the schema that their first lines name, so that an editor completes.
    """
    return {**as_drafts(PACKAGED_RECIPES), SCHEMA_FILE: recipe_schema()}


def note_address(data: Path, address: str) -> None:
    """Remember where an embedded gateway listens, so that `send` finds it without being told."""
    with contextlib.suppress(OSError):  # a convenience: --url says it otherwise
        (data / LISTEN_NOTE).write_text(address + "\n")
