"""Files are read within bounds, and what cannot be read is named."""

from pathlib import Path

import pytest

from connector.domain.errors import Fault
from connector.recipes.folder import MAX_FILES, MAX_FOLDER_BYTES, NOTHING, looks, read_files
from connector.recipes.yamltree import MAX_BYTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recipes"
    made.mkdir()
    return made


def test_recipes_and_shared_names_are_told_apart(folder: Path) -> None:
    for name in ("vip.yaml", "_vars.yaml", "recipe.schema.json", ".hidden.yaml", "#vip.yaml"):
        (folder / name).write_text("x", "utf-8")

    files = read_files(folder)

    assert (files.recipes, files.shared, files.faults) == ({"vip": b"x"}, b"x", ())
    assert set(looks(folder)) == {"vip.yaml", "_vars.yaml"}


def test_a_folder_that_is_missing_looks_like_nothing(folder: Path) -> None:
    folder.rmdir()

    assert looks(folder) == NOTHING
    assert read_files(folder).is_whole is False


def test_more_files_than_anybody_has_are_refused_before_they_are_read(folder: Path) -> None:
    """Row 144 of the loader's list."""
    for number in range(MAX_FILES + 5):
        (folder / f"r{number}.yaml").touch()

    files = read_files(folder)

    assert len(files.recipes) == MAX_FILES
    assert str(files.faults[0]) == f"recipes:1:1: more than {MAX_FILES} recipes; the rest is left out"
    assert len(looks(folder)) == MAX_FILES + 1


def test_files_that_are_too_much_together_are_left_out(folder: Path) -> None:
    for number in range(MAX_FOLDER_BYTES // MAX_BYTES + 1):
        with (folder / f"r{number:04}.yaml").open("wb") as opened:
            opened.truncate(MAX_BYTES)

    files = read_files(folder)

    refused = [data for data in files.recipes.values() if isinstance(data, Fault)]
    assert len(refused) == 1
    assert "all recipes together have more than 32 MiB" in str(refused[0])


def test_of_a_huge_file_no_more_is_read_than_is_allowed(folder: Path) -> None:
    with (folder / "vip.yaml").open("wb") as opened:
        opened.truncate(10 * 1024 * 1024)

    data = read_files(folder).recipes["vip"]

    assert isinstance(data, bytes) and len(data) == MAX_BYTES + 1


def test_a_link_to_nowhere_and_a_loop_are_faults_of_their_file(folder: Path) -> None:
    (folder / "a.yaml").symlink_to(folder / "nowhere")
    (folder / "b.yaml").symlink_to(folder / "b.yaml")

    files = read_files(folder)

    assert [isinstance(data, Fault) for data in files.recipes.values()] == [True, True]
