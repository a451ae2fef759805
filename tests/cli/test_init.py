"""`connector init`: a folder to begin with, and nothing written over."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.shell import Asked, Shell


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
    shell = Shell(replace(Asked().builder(), starting_config=lambda: 'keys = ["env:CONNECTOR_KEY"]\n'))

    assert 'export CONNECTOR_KEY="$(openssl rand -base64 32)"' in shell.done("init", str(tmp_path)).out


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
    assert ran.json == {"files": [str(tmp_path / name) for name in names]}
