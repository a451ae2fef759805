"""A copy of a recipe is a draft under its new name, and otherwise the same to the letter."""

from pathlib import Path

import pytest

from connector.domain.errors import Conflict, FaultyFiles, NotFound, ValidationFailed
from connector.recipes.copying import as_drafts, copy_as_draft, copy_recipe

from .making import VIP, a_recipe

FILE = "recipes/vip.yaml"


def test_a_copy_has_its_own_name_and_is_a_draft() -> None:
    text = f"# first line\n{VIP}"

    copy = copy_as_draft(text.encode(), FILE, "gold")

    assert copy == text.replace("recipe: vip", "recipe: gold").replace("status: live", "status: draft")
    assert a_recipe(copy, "gold").status == "draft"


def test_what_stands_behind_the_name_and_in_quotes_stays() -> None:
    text = VIP.replace("recipe: vip", "recipe: 'vip'   # the first").replace("\n", "\r\n")

    copy = copy_as_draft(text.encode(), FILE, "gold")

    assert copy.startswith("recipe: gold   # the first\r\n")
    assert copy.count("\r\n") == text.count("\r\n")


@pytest.mark.parametrize("name", ["", "VIP", "a b", "../x", "-x", "a" * 81, "a/b", "_vars", "x\n"])
def test_a_name_that_no_recipe_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValidationFailed):
        copy_as_draft(VIP.encode(), FILE, name)


def test_a_recipe_that_cannot_be_read_cannot_be_copied() -> None:
    with pytest.raises(FaultyFiles):
        copy_as_draft(b"recipe: [", FILE, "gold")
    with pytest.raises(ValidationFailed):
        copy_as_draft(b"recipe: {a: b}\nstatus: live\n", FILE, "gold")


def test_a_copy_of_a_recipe_of_ones_own_goes_before_one_that_came_with_the_program(tmp_path: Path) -> None:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    for place, title in ((own, "Mine"), (packaged, "Theirs")):
        place.mkdir()
        (place / "vip.yaml").write_text(VIP.replace("A card for a VIP", title), "utf-8")
    (packaged / "win-back.yaml").write_text(VIP.replace("recipe: vip", "recipe: win-back"), "utf-8")

    assert "title: Mine" in copy_recipe(own, packaged, "vip", "gold").read_text("utf-8")
    assert "recipe: lapsed" in copy_recipe(own, packaged, "win-back", "lapsed").read_text("utf-8")


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "vip.yaml").write_text(VIP, "utf-8")

    with pytest.raises(Conflict):
        copy_recipe(tmp_path, tmp_path, "vip", "vip")
    assert (tmp_path / "vip.yaml").read_text("utf-8") == VIP


def test_what_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "vip.yaml").write_text(VIP, "utf-8")

    with pytest.raises(NotFound, match="Did you mean vip"):
        copy_recipe(tmp_path, tmp_path, "vipp", "gold")
    with pytest.raises(NotFound):
        copy_recipe(tmp_path, tmp_path, "../vip", "gold")
    with pytest.raises(NotFound, match="connector init"):
        copy_recipe(tmp_path / "nowhere", tmp_path, "vip", "gold")


def test_the_live_ones_of_a_folder_are_handed_out_as_drafts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("recipe: a\nstatus: live\n")
    (tmp_path / "b.yaml").write_text("recipe: b\nstatus: paused\n")
    (tmp_path / "notes.txt").write_text("status: live")

    found = as_drafts(tmp_path)

    assert sorted(found) == ["a.yaml", "b.yaml"]
    assert "\nstatus: draft " in found["a.yaml"]
    assert found["b.yaml"] == "recipe: b\nstatus: paused\n"
