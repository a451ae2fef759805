"""The composition root: which settings are found, what the rooms get of them, and what stands afterwards."""

import base64
import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector import app
from connector.__main__ import builder
from connector.app import Place
from connector.cli.builder import NotConfigured
from connector.domain.accounts import Caps
from connector.domain.clock import SystemClock
from connector.domain.errors import (
    Conflict,
    CurrencyMismatch,
    FaultyFiles,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from connector.domain.money import Money
from connector.flows.limits import Limits, Rate
from connector.store.lock import ServeLock
from tests.cli.shell import Shell
from tests.kit.clock import FixedClock
from tests.kit.counting import CountingServer
from tests.kit.databases import PostgresMaker
from tests.kit.house import KEY
from tests.kit.process import settle


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with nothing said in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONNECTOR_CONFIG", raising=False)
    return tmp_path


# Which settings


def test_without_anything_it_is_the_demo_in_data_on_this_machine_only(here: Path) -> None:
    place = app.settings_to_serve(None)

    assert place.data == Path("data")
    assert str(place.settings.server.listen) == "127.0.0.1:8080"
    assert [one.slug for one in place.settings.accounts if one.sandbox] == ["demo"]
    assert not place.is_named


def test_a_configuration_in_this_folder_goes_before_the_demo(here: Path) -> None:
    settle(here)

    place = app.find_settings(None)

    assert place.data is None
    assert [one.slug for one in place.settings.accounts] == ["glow-spa"]


def test_the_environment_names_one_and_the_command_line_another(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named", "given"):
        config = settle(here / name).config
        config.write_text(
            config.read_text().replace("127.0.0.1:0", {"named": "[::1]:1", "given": "[::1]:2"}[name])
        )
    monkeypatch.setenv("CONNECTOR_CONFIG", "named/config.toml")

    assert str(app.find_settings(None).settings.server.listen) == "[::1]:1"
    assert str(app.find_settings(Path("given/config.toml")).settings.server.listen) == "[::1]:2"


def test_a_folder_is_the_demo_that_lives_there(here: Path) -> None:
    first = app.settings_to_serve(None, Path("elsewhere"))
    again = app.find_settings(Path("elsewhere"))

    assert first.data == again.data == Path("elsewhere")
    assert first.settings.secrets == again.settings.secrets
    assert first.is_named and again.is_named


def test_a_data_folder_goes_before_a_configuration_that_lies_around(here: Path) -> None:
    settle(here)

    place = app.settings_to_serve(None, Path("elsewhere"))

    assert place.data == Path("elsewhere")


def test_a_data_folder_and_a_configuration_together_are_refused(here: Path) -> None:
    with pytest.raises(NotConfigured, match="Give --config or --data"):
        app.settings_to_serve(settle(here).config, Path("elsewhere"))


@pytest.mark.parametrize("with_file", [True, False])
def test_the_address_of_the_command_line_goes_before_every_other(here: Path, with_file: bool) -> None:
    config = settle(here).config if with_file else None

    place = app.settings_to_serve(config, None, "[::1]:9000")

    assert str(place.settings.server.listen) == "[::1]:9000"


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:99999", ""])
def test_an_address_that_is_none_is_refused(here: Path, listen: str) -> None:
    if listen:
        with pytest.raises(ValidationFailed):
            app.settings_to_serve(None, None, listen)
    else:
        assert str(app.settings_to_serve(None, None, listen).settings.server.listen) == "127.0.0.1:8080"


def test_faults_come_with_their_places(here: Path) -> None:
    config = settle(here).config
    config.write_text("[server]\nlisen = 1\n")

    with pytest.raises(FaultyFiles) as refusal:
        app.find_settings(config)

    assert [one for one in map(str, refusal.value.faults) if one.startswith(f"{config}:2:1: ")]


def test_an_adapters_own_faults_of_a_source_are_found_with_the_others(here: Path) -> None:
    config = settle(here).config
    config.write_text(config.read_text() + 'delivery_id = "no..path"\n')

    with pytest.raises(FaultyFiles, match="delivery_id"):
        app.find_settings(config)


# Where there is nothing yet


@pytest.mark.parametrize("given", [None, Path("elsewhere"), Path("empty")])
def test_only_serving_begins_a_demo(here: Path, given: Path | None) -> None:
    """A verb in the wrong folder must not write into a ledger of its own."""
    (here / "empty").mkdir()
    before = sorted(here.rglob("*"))

    with pytest.raises(NotConfigured, match=r"connector serve begins one"):
        app.find_settings(given)
    with pytest.raises(NotConfigured):
        app.database_url(given)

    assert sorted(here.rglob("*")) == before


def test_a_folder_named_data_that_is_somebody_elses_is_not_taken(here: Path) -> None:
    (here / "data").mkdir()
    (here / "data" / "sales.csv").write_text("1\n")

    with pytest.raises(NotConfigured, match=r"no gateway's data/ here: give --config or --data"):
        app.find_settings(None)


def test_a_configuration_that_is_missing_is_not_taken_for_a_folder(here: Path) -> None:
    with pytest.raises(FaultyFiles, match=r"nowhere\.toml"):
        app.find_settings(Path("nowhere.toml"), may_begin=True)


@pytest.mark.parametrize("given", [None, Path("elsewhere")])
def test_an_upgrade_may_begin_one(here: Path, given: Path | None) -> None:
    before, after = app.upgrade(app.find_settings(given, may_begin=True))

    assert before is None and after.isdigit()
    assert app.database_url(given).endswith(f"{given or 'data'}/connector.db")
    assert app.find_settings(given).data == (given or Path("data"))


def test_recipes_are_read_where_there_is_nothing_else_and_nothing_is_made(here: Path) -> None:
    assert app.library(None).current.entries
    assert list(here.iterdir()) == []
    with pytest.raises(NotConfigured):
        app.library(Path("elsewhere"))


def test_who_writes_recipes_needs_none_of_the_configurations_secrets(here: Path) -> None:
    """A whole check of the configuration does."""
    (here / "config.toml").write_text('[secrets]\nkeys = ["env:CONNECTOR_TEST_NOBODY_SET_IT"]\n')
    (here / "recipes").mkdir()

    assert app.library(None).current.entries == ()
    assert app.new_recipe(None, "gold", "vip-fifth-visit") == here / "recipes" / "gold.yaml"
    with pytest.raises(FaultyFiles, match="CONNECTOR_TEST_NOBODY_SET_IT"):
        app.library(None, is_whole=True)


# Where a running demo is found


def test_other_verbs_find_the_demo_where_it_listens_now(here: Path) -> None:
    app.settings_to_serve(None)
    app.note_address(Path("data"), "127.0.0.1:43210")

    assert app.base_url(None) == "http://127.0.0.1:43210"
    assert app.find_settings(None).settings.server.public_url == "http://127.0.0.1:43210"


def test_a_demo_that_was_open_to_others_once_is_not_so_the_next_time(here: Path) -> None:
    app.settings_to_serve(None)
    app.note_address(Path("data"), "0.0.0.0:43210")

    assert str(app.settings_to_serve(None).settings.server.listen) == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("noted", "url"),
    [
        ("0.0.0.0:43210", "http://127.0.0.1:43210"),
        ("[::]:43210", "http://[::1]:43210"),
        ("[::1]:43210", "http://[::1]:43210"),
        ("", "http://127.0.0.1:8080"),
        ("nonsense", "http://127.0.0.1:8080"),
        ("\x00ü", "http://127.0.0.1:8080"),
    ],
)
def test_a_note_becomes_a_url_that_this_machine_reaches(here: Path, noted: str, url: str) -> None:
    app.settings_to_serve(None)
    (here / "data" / "listen").write_text(noted)

    assert app.base_url(None) == url


def test_a_configured_gateway_is_found_by_its_configuration(here: Path) -> None:
    config = settle(here).config
    config.write_text(config.read_text().replace("127.0.0.1:0", "0.0.0.0:8443"))

    assert app.base_url(config) == "http://127.0.0.1:8443"


def test_a_free_port_is_in_every_link_once_it_is_known(here: Path) -> None:
    place = app.settings_to_serve(None, None, "127.0.0.1:0")
    place, plan = app.on_port(place, app.plan_of(place, SystemClock()), 43210)

    assert plan.port == 43210
    assert plan.public_url == app.rooms_of(place.settings).public_url == "http://127.0.0.1:43210"


# What is built


@pytest.fixture
def place(here: Path) -> Iterator[Place]:
    yield app.find_settings(settle(here).config)


def test_a_plan_names_the_file_that_only_one_may_serve(place: Place, here: Path) -> None:
    plan = app.plan_of(place, SystemClock())

    assert plan.database == here / "data" / "connector.db"
    assert plan.api_key is None


def test_a_plan_for_the_demo_has_its_key_and_shows_it_to_nobody(here: Path) -> None:
    plan = app.plan_of(app.settings_to_serve(None), SystemClock())

    assert plan.api_key == (here / "data/keys/api").read_text().strip()
    assert plan.api_key not in repr(plan)


def test_a_clock_that_was_never_set_is_warned_of(place: Place) -> None:
    plan = app.plan_of(place, FixedClock(datetime(1970, 1, 2, tzinfo=UTC)))

    assert any("1970" in warning for warning in plan.warnings)


def test_rooms_get_values_and_show_no_secret(place: Place) -> None:
    rooms = app.rooms_of(place.settings)

    assert rooms.keys[0].hex() not in repr(rooms)
    assert repr(rooms.keys[0]) not in repr(rooms)
    assert "connector.db" not in repr(rooms)


def test_each_rate_has_its_place_the_budget_of_wrong_codes_below_the_doors(here: Path) -> None:
    config = settle(here).config
    keys = ("per_key", "per_address", "failed_lookups", "per_source")
    rates = "".join(f'{key} = "{count}/minute"\n' for count, key in enumerate(keys, start=1))
    before = '[limits]\nper_key = "0"\nper_address = "0"\n'
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, f"[limits]\n{rates}"))

    place = app.find_settings(config)

    assert app.plan_of(place, FixedClock()).limits == Limits(Rate(1, 60), Rate(2, 60), Rate(4, 60))
    assert app.rooms_of(place.settings).failed_lookups == Rate(3, 60)


def test_the_redis_of_the_configuration_is_where_a_built_gateway_counts(here: Path) -> None:
    config = settle(here).config
    with CountingServer() as redis:
        for told in ("", f'store = "{redis.url}"\n'):
            config.write_text(config.read_text().replace("[limits]\n", f"[limits]\n{told}"))
            gateway = app.build(app.find_settings(config))
            try:
                assert gateway.readiness()[1].get("limits") == ("shared" if told else None)
            finally:
                gateway.close()


def test_a_built_gateway_has_the_accounts_and_sources_of_its_configuration(place: Place) -> None:
    gateway = app.build(place)
    try:
        [source] = gateway.sources(gateway.account("glow-spa"))
        assert source.source.slug == "calendly"
        with pytest.raises(NotFound):
            gateway.account("demo")
    finally:
        gateway.close()


def test_a_source_that_is_configured_no_more_is_closed(here: Path) -> None:
    config = settle(here).config
    text = config.read_text()
    config.write_text(text[: text.index("[[sources]]")])

    gateway = app.build(app.find_settings(config), is_serving=True)

    [source] = gateway.sources(gateway.account("glow-spa"))
    assert not source.is_enabled
    gateway.close()


@pytest.mark.parametrize(
    ("key", "told"), [("currency", 'currency = "EUR"'), ("sandbox", 'currency = "USD"\nsandbox = true')]
)
@pytest.mark.parametrize("is_serving", [True, False])
def test_an_accounts_currency_and_sandbox_stay_what_they_were(
    here: Path, key: str, told: str, is_serving: bool
) -> None:
    config = settle(here).config
    other = '[[accounts]]\nslug = "new"\ncurrency = "USD"\n'
    text = config.read_text().replace('currency = "USD"', told)
    config.write_text(text.replace("[[accounts]]", f"{other}[[accounts]]", 1))

    with pytest.raises(FaultyFiles) as refused:
        app.build(app.find_settings(config), is_serving=is_serving)

    [fault] = refused.value.faults
    at = next(n for n, line in enumerate(config.read_text().splitlines(), 1) if line == told.splitlines()[-1])
    assert (fault.file, fault.line) == (str(config), at)
    assert fault.message.startswith(f"{key}: Account glow-spa exists with currency USD")


# Whose key ring it is


def new_ring(config: Path, *keys: bytes) -> None:
    """Write these keys where the configuration finds its own, newest first."""
    for number, key in enumerate(keys):
        (config.parent / f"ring{number}").write_text(base64.b64encode(key).decode())
    names = ", ".join(f'"file:ring{number}"' for number in range(len(keys)))
    told = re.sub(r"(?m)^keys = .*$", f"keys = [{names}]", config.read_text())
    config.write_text(told)


def dump(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / "data" / "connector.db")) as database:
        return "\n".join(database.iterdump())


@pytest.mark.parametrize("verb", [["cards", "issue", "glow-spa", "25.00 USD"], ["cards", "list", "glow-spa"]])
def test_a_ring_that_is_not_the_databases_is_a_fault_of_the_configuration(
    here: Path, verb: list[str]
) -> None:
    """Row 170 of the threats. What a foreign ring sealed, its own would never open again."""
    config = settle(here).config
    new_ring(config, bytes(32))
    before = dump(here)

    ran = Shell(builder())("--config", str(config), *verb)

    at = 1 + config.read_text().splitlines().index('keys = ["file:ring0"]')
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{config}:{at}:1: keys: this key ring does not open the database: key ")
    assert dump(here) == before, "nothing was written"


def test_a_ring_grows_in_front_and_loses_none(here: Path) -> None:
    config = settle(here).config
    new_ring(config, bytes(32), KEY)
    app.build(app.find_settings(config)).close()

    for left in ([bytes(32)], [KEY]):
        new_ring(config, *left)
        with pytest.raises(FaultyFiles, match="does not open the database"):
            app.build(app.find_settings(config))


def test_a_demo_whose_ring_was_lost_names_the_file(here: Path) -> None:
    app.build(app.settings_to_serve(None)).close()
    (here / "data" / "keys" / "ring").unlink()

    with pytest.raises(FaultyFiles, match=r"data/keys/ring:1:1: this key ring does not open the database"):
        app.build(app.settings_to_serve(None))


def test_of_two_that_begin_with_different_rings_the_second_is_told_so(
    here: Path, postgres_maker: PostgresMaker
) -> None:
    with postgres_maker.fresh(here) as url:
        config = settle(here, url).config
        new_ring(config, bytes(32))

        with pytest.raises(FaultyFiles, match=r"config\.toml:\d+:1: keys: "):
            app.build(app.find_settings(config))


def test_the_demos_key_is_one_row_however_often_it_is_built(here: Path) -> None:
    for _ in range(2):
        gateway = app.build(app.settings_to_serve(None))
        keys = gateway.list_keys(gateway.account("demo"))
        gateway.close()

    assert len(keys) == 1


@pytest.mark.parametrize("act", [app.build, app.upgrade])
def test_a_sqlite_database_is_upgraded_but_never_beneath_who_serves_it(
    place: Place, here: Path, act: Callable[[Place], object]
) -> None:
    file = here / "data" / "connector.db"
    file.unlink()

    with ServeLock(file):
        with pytest.raises(Unavailable, match=r"needs \d+\. Another connector serves it: stop"):
            act(place)
        assert not file.exists()
        app.build(place, is_serving=True).close()
        app.upgrade(place)
    file.unlink()
    app.build(place).close()


# What a command beside a gateway leaves alone


OTHER_DAY = (
    ('currency = "USD"', 'name = "Other"\ncurrency = "USD"'),
    ('secrets = ["file:signing-key"]', 'secrets = ["file:other-key"]'),
)


@pytest.fixture
def other_day(here: Path) -> Path:
    """The configuration as it was told to who serves, and then edited."""
    config = settle(here).config
    app.build(app.find_settings(config), is_serving=True).close()
    (here / "other-key").write_text("sk-" + "y" * 40)
    for told, changed in OTHER_DAY:
        assert told in config.read_text()
        config.write_text(config.read_text().replace(told, changed))
    return config


def test_a_command_changes_nothing_of_what_a_running_gateway_was_told(other_day: Path, here: Path) -> None:
    before = dump(here)

    assert Shell(builder())("--config", str(other_day), "cards", "list", "glow-spa").code == 0

    assert dump(here) == before


def test_a_command_with_an_older_configuration_closes_no_source(other_day: Path, here: Path) -> None:
    text = other_day.read_text()
    other_day.write_text(text[: text.index("[[sources]]")])
    before = dump(here)

    assert Shell(builder())("--config", str(other_day), "cards", "list", "glow-spa").code == 0

    assert dump(here) == before


@pytest.mark.parametrize("bring_up", ["serve", "db upgrade"])
def test_who_serves_and_an_upgrade_bring_it_to_what_the_configuration_says(
    other_day: Path, bring_up: str
) -> None:
    if bring_up == "serve":
        app.build(app.find_settings(other_day), is_serving=True).close()
    else:
        assert Shell(builder())("--config", str(other_day), "db", "upgrade").code == 0

    gateway = app.build(app.find_settings(other_day))
    account = gateway.account("glow-spa")
    [source] = gateway.sources(account)
    gateway.close()
    assert (account.name, source.source.secrets) == ("Other", ("sk-" + "y" * 40,))


def test_a_command_adds_what_the_database_does_not_know(here: Path) -> None:
    config = settle(here).config
    config.write_text(
        f"{config.read_text()}\n"
        '[[accounts]]\nslug = "new-spa"\ncurrency = "EUR"\n'
        '[[sources]]\naccount = "new-spa"\nslug = "calendly"\nadapter = "calendly"\n'
        'secrets = ["file:signing-key"]\n'
    )

    made = Shell(builder())("--config", str(config), "keys", "create", "new-spa", "--json")

    assert made.code == 0, made.err
    gateway = app.build(app.find_settings(config))
    [source] = gateway.sources(gateway.account("new-spa"))
    gateway.close()
    assert source.is_enabled and source.managed_by == "config"


def test_a_command_puts_no_recipe_of_another_folder_in_force(here: Path) -> None:
    config = settle(here).config
    recipe = here / "recipes" / "a-card-each.yaml"
    recipe.write_text(recipe.read_text().replace("status: live", "status: paused"))

    def in_force() -> list[str]:
        return [line for line in dump(here).splitlines() if '"recipe_states" VALUES' in line]

    before = in_force()
    app.build(app.find_settings(config)).close()
    assert before and in_force() == before
    app.build(app.find_settings(config), is_serving=True).close()
    assert in_force() != before


def test_a_postgresql_is_never_upgraded_by_the_way(here: Path, postgres_maker: PostgresMaker) -> None:
    config = settle(here).config
    config.write_text(config.read_text().replace("sqlite:///data/connector.db", postgres_maker.empty()))

    with pytest.raises(Unavailable, match=r"empty, this program needs \d+. Run: connector db upgrade"):
        app.build(app.find_settings(config))


def test_a_cap_is_in_each_currencys_own_minor_units(here: Path) -> None:
    config = settle(here).config
    config.write_text(config.read_text().replace('per_card = "0"', 'per_card = "2000.00"'))

    caps = app.rooms_of(app.find_settings(config).settings).caps

    assert {code: caps[code].per_card for code in ("USD", "JPY", "KWD")} == {
        "USD": 200_000,
        "JPY": 2_000,
        "KWD": 2_000_000,
    }


def test_each_cap_has_its_place_and_none_of_them_vanishes_in_rounding(here: Path) -> None:
    config = settle(here).config
    text = config.read_text()
    for key, cap in (("per_card", "2000.00"), ("per_day_per_key", "500.00"), ("per_day_per_recipe", "0.50")):
        text = text.replace(f'{key} = "0"', f'{key} = "{cap}"')
    config.write_text(text)

    found = app.rooms_of(app.find_settings(config).settings).caps

    assert found["USD"] == Caps(per_card=200_000, per_key=50_000, per_recipe=50)
    assert found["JPY"] == Caps(per_card=2_000, per_key=500, per_recipe=1), "an account made at run time"


def test_a_cap_of_none_caps_nothing(place: Place) -> None:
    assert app.rooms_of(place.settings).caps == {}


def test_the_shipped_recipes_are_sound_where_nobody_wrote_any(here: Path) -> None:
    assert app.library(None).current.faults == ()
    assert set(app.packaged_recipes()) >= {"demo-first-booking.yaml"}


def test_recipes_to_begin_with_give_nothing_before_somebody_has_read_them() -> None:
    recipes = {name: text for name, text in app.packaged_recipes().items() if name.endswith(".yaml")}
    assert set(app.packaged_recipes()) - set(recipes) == {"recipe.schema.json"}
    for name, text in recipes.items():
        assert "\nstatus: draft" in text, name
        assert "\nstatus: live" not in text, name


def test_a_recipe_is_copied_into_a_folder_of_ones_own_and_never_into_the_programs(here: Path) -> None:
    with pytest.raises(Conflict, match="connector init"):
        app.new_recipe(None, "gold", "vip-fifth-visit")
    (here / "recipes").mkdir()

    made = app.new_recipe(None, "gold", "vip-fifth-visit")

    assert made == (here / "recipes" / "gold.yaml").absolute()
    assert [entry.status for entry in app.library(None).current.entries] == ["draft"]


def test_the_configured_rates_are_those_that_tills_get(here: Path) -> None:
    config = settle(here).config
    without = app.rooms_of(app.find_settings(config).settings).rates
    config.write_text(config.read_text() + '[exchange_rates]\nbase = "USD"\nEUR = "0.92"\n')

    rates = app.rooms_of(app.find_settings(config).settings).rates

    assert rates.convert(Money(1000, "USD"), "EUR").money == Money(920, "EUR")
    with pytest.raises(CurrencyMismatch):
        without.convert(Money(1000, "USD"), "EUR")
