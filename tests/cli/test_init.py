"""`connector init`: a folder to begin with, and nothing written over."""

import base64
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from connector import app
from connector.config import load
from connector.flows.first_sources import platforms
from connector.flows.performing import step_specs
from connector.recipes.library import Library
from tests.cli.shell import Asked, Shell
from tests.cli.terminal import answered
from tests.kit.house import KEY


def test_it_writes_the_files_and_says_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "gifts"

    ran = Asked().shell.done("init", str(folder))

    assert (folder / "config.toml").read_text() == "[server]\n"
    assert (folder / "recipes" / "first.yaml").read_text() == "recipe: first\n"
    told = ran.out.splitlines()[1:]
    assert told[:4] == ["Next:", f"  cd {folder}", "  connector check", "  connector serve"]
    assert "drafts" in told[4]


def test_the_configuration_is_for_its_owner_s_eyes(tmp_path: Path) -> None:
    Asked().shell.done("init", str(tmp_path))

    assert (tmp_path / "config.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("taken", ["config.toml", "recipes/first.yaml"])
def test_a_file_that_is_there_stops_it_before_anything_is_written(tmp_path: Path, taken: str) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / taken).write_text("mine")

    ran = Asked().shell("init", str(tmp_path))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{tmp_path / taken} is there already; nothing was written.\n"
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


def test_a_dangling_link_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere")

    ran = Asked().shell("init", str(tmp_path))

    assert ran.code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_configuration_that_needs_a_key_says_how_to_make_one(tmp_path: Path) -> None:
    shell = Shell(replace(Asked().builder(), starting_config=lambda _: 'keys = ["env:CONNECTOR_KEY"]\n'))

    told = shell.done("init", str(tmp_path)).out

    assert 'export CONNECTOR_KEY="$(openssl rand -base64 32)"' in told
    assert 'echo "$CONNECTOR_KEY"   # keep it' in told and "other terminals need it too" in told


def test_a_file_in_place_of_the_folder_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")

    assert Asked().shell("init", str(tmp_path / "shop")).code == 2


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ran = Asked().shell("init", str(tmp_path / "file" / "below"))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith(": Not a directory\n")


def test_json_names_the_files(tmp_path: Path) -> None:
    ran = Asked(recipes={"b.yaml": "b", "a.yaml": "a"}).shell.done("init", str(tmp_path), "--json")

    names = ["config.toml", "recipes/a.yaml", "recipes/b.yaml"]
    assert ran.json == {"files": [str(tmp_path / name) for name in names], "sources": []}


# Platforms


def test_each_platform_gets_a_source_a_secret_a_recipe_and_what_to_paste(tmp_path: Path) -> None:
    words = ("--platform", "calendly", "--platform", "STRIPE", "--platform", "calendly")
    ran = Asked().shell.done("init", str(tmp_path), *words)

    config = tomllib.loads((tmp_path / "config.toml").read_text())
    assert [(one["slug"], one["secrets"]) for one in config["sources"]] == [
        ("calendly", ["file:secrets/calendly"]),
        ("stripe", ["file:secrets/stripe"]),
    ]
    secret = (tmp_path / "secrets" / "calendly").read_text().strip()
    assert f"  secret  {secret}\n" in ran.out
    assert "  URL     http://127.0.0.1:8080/hooks/my-shop/calendly\n" in ran.out
    assert "the one that Stripe shows: write it into secrets/stripe" in ran.out
    assert (tmp_path / "secrets" / "stripe").read_text().strip() not in ran.out
    assert (tmp_path / "recipes" / "calendly-first-visit.yaml").is_file()
    assert secret not in (tmp_path / "config.toml").read_text()


def test_the_secrets_are_for_their_owner_s_eyes(tmp_path: Path) -> None:
    Asked().shell.done("init", str(tmp_path), "--platform", "zapier")

    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert (tmp_path / "secrets" / "zapier").stat().st_mode & 0o077 == 0


def test_what_is_written_for_all_platforms_together_is_a_good_configuration(tmp_path: Path) -> None:
    config = tmp_path / "shop" / "config.toml"
    words = [word for name in platforms() for word in ("--platform", name)]
    asked = Asked().builder()
    shell = Shell(replace(asked, starting_config=app.starting_config, starting_recipes=app.packaged_recipes))

    told = shell.done("init", str(tmp_path / "shop"), "--json", *words).json

    settings = load(config, {"CONNECTOR_KEY": base64.b64encode(KEY).decode()}, list(platforms()))
    assert [one.adapter for one in settings.sources] == list(platforms())
    assert [str(one.secrets[0]) for one in settings.sources] == [one["secret"] for one in told["sources"]]
    snapshot = Library(settings.recipes.path, step_specs()).load()
    assert snapshot.faults == () and {one.status for one in snapshot.entries} == {"draft"}
    assert {one["recipe"] for one in told["sources"]} <= {one.recipe for one in snapshot.entries}


def test_a_platform_that_is_none_is_wrong_usage_and_writes_nothing(tmp_path: Path) -> None:
    ran = Asked().shell("init", str(tmp_path / "shop"), "--platform", "fax")

    assert ran.code == 2
    assert "calendly" in ran.err
    assert not (tmp_path / "shop").exists()


def test_a_secret_s_file_that_is_there_stops_it_too(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "zapier").write_text("mine")

    assert Asked().shell("init", str(tmp_path), "--platform", "zapier").code == 1
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.parametrize(
    ("typed", "sources"),
    [
        ("fax\n0\n99\n3, zapier\n", ["calendly", "zapier"]),
        ("\n", []),
    ],
)
def test_somebody_at_a_terminal_is_asked(tmp_path: Path, typed: str, sources: list[str]) -> None:
    code, shown = answered(typed, "init", str(tmp_path / "shop"))

    assert code == 0
    assert "Which platforms send webhooks?" in shown and "Calendly  (calendly)" in shown
    config = tomllib.loads((tmp_path / "shop" / "config.toml").read_text())
    assert [one["slug"] for one in config.get("sources", [])] == sources
