"""A folder of recipes: each file for itself, a bad one keeps its last good revision."""

import os
from pathlib import Path

import pytest

from connector.recipes.library import Entry, Library, Snapshot
from connector.recipes.yamltree import MAX_BYTES

from .making import STEPS, VIP

BROKEN = VIP.replace("status: live", "status: lvie")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recipes"
    made.mkdir()
    return made


def a_file(folder: Path, name: str, text: str = VIP) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("recipe: vip", f"recipe: {name}", 1), "utf-8")
    return path


def entry(snapshot: Snapshot, name: str) -> Entry:
    return next(each for each in snapshot.entries if each.recipe == name)


def wanted(snapshot: Snapshot, event_type: str = "booking.completed") -> list[str]:
    return [recipe.name for recipe in snapshot.for_event(event_type, "glow-spa", "calendly", "calendly")]


def test_recipes_are_found_by_event_in_the_order_of_their_names(folder: Path) -> None:
    for name in ("c", "a", "b"):
        a_file(folder, name)

    snapshot = Library(folder, STEPS).load()

    assert wanted(snapshot) == ["a", "b", "c"]
    assert wanted(snapshot, "order.paid") == []
    assert snapshot.faults == ()


def test_a_broken_file_is_rejected_and_the_others_go_on(folder: Path) -> None:
    a_file(folder, "good")
    a_file(folder, "bad", BROKEN)

    snapshot = Library(folder, STEPS).load()

    assert wanted(snapshot) == ["good"]
    assert entry(snapshot, "bad").status == "rejected"
    assert [str(fault) for fault in snapshot.faults] == [
        "recipes/bad.yaml:3:9: `lvie` is not a status: did you mean `live`?"
    ]
    assert entry(snapshot, "bad").errors == snapshot.faults


def test_all_faults_of_all_files_are_told(folder: Path) -> None:
    for number in range(20):
        a_file(folder, f"bad{number}", BROKEN)

    assert len(Library(folder, STEPS).load().faults) == 20


def test_a_broken_file_keeps_its_last_good_revision_over_a_restart(folder: Path) -> None:
    a_file(folder, "vip", BROKEN)

    snapshot = Library(folder, STEPS).load({"vip": VIP})

    assert wanted(snapshot) == ["vip"]
    assert snapshot.recipes[0].text == VIP
    assert (entry(snapshot, "vip").status, len(entry(snapshot, "vip").errors)) == ("live", 1)
    assert entry(snapshot, "vip").revision == snapshot.recipes[0].revision


def test_a_last_good_revision_that_is_no_longer_good_is_not_used(folder: Path) -> None:
    a_file(folder, "vip", BROKEN)

    assert wanted(Library(folder, STEPS).load({"vip": "recipe: vip"})) == []


def test_a_reload_keeps_what_was_good_and_takes_what_is_mended(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    first = library.load()

    path.write_text(BROKEN, "utf-8")
    broken = library.reload()
    path.write_text(VIP.replace("25.00", "30.00"), "utf-8")
    mended = library.reload()

    assert broken.recipes == first.recipes
    assert len(broken.faults) == 1
    assert mended.faults == ()
    assert mended.recipes[0].revision != first.recipes[0].revision
    assert library.current is mended


def test_a_snapshot_in_hand_never_changes(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    before = library.load()

    path.unlink()
    library.reload()

    assert wanted(before) == ["vip"]
    assert wanted(library.current) == []


def test_a_recipe_whose_tests_fail_does_not_go_live(folder: Path) -> None:
    a_file(
        folder,
        "vip",
        VIP.replace("visits >= 5\nonce", "visits >= 4\nonce").replace(
            "    because: contact.visits >= 5\n", ""
        ),
    )

    snapshot = Library(folder, STEPS).load()

    assert wanted(snapshot) == []
    assert entry(snapshot, "vip").status == "rejected"
    assert "test «too early»: expected nothing, but issue_card was done" in str(snapshot.faults[0])


def test_a_live_recipe_without_both_kinds_of_test_is_loaded_as_shadow_and_says_so(folder: Path) -> None:
    a_file(folder, "vip", VIP[: VIP.index("  - name: too early")])

    snapshot = Library(folder, STEPS).load()

    assert snapshot.recipes[0].status == entry(snapshot, "vip").status == "shadow"
    assert "loaded as shadow, since no test expects nothing" in str(entry(snapshot, "vip").warnings[0])


@pytest.mark.parametrize(
    ("status", "acts"), [("live", True), ("shadow", True), ("draft", False), ("paused", False)]
)
def test_only_live_and_shadow_recipes_get_events(folder: Path, status: str, acts: bool) -> None:
    a_file(folder, "vip", VIP.replace("status: live", f"status: {status}"))

    snapshot = Library(folder, STEPS).load()

    assert bool(wanted(snapshot)) is acts
    assert entry(snapshot, "vip").status == status


def test_an_empty_folder_has_no_recipes_and_no_faults(folder: Path) -> None:
    assert Library(folder, STEPS).load() == Snapshot()


def test_a_folder_that_is_gone_takes_no_recipe_away(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()

    path.unlink()
    folder.rmdir()
    snapshot = library.reload()

    assert wanted(snapshot) == ["vip"]
    assert "recipes:1:1: the folder cannot be read" in str(snapshot.faults[0])


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("_vars.yaml", "shared names, which are not available yet"),
        ("vip.yml", "ends in `.yaml`"),
        ("a.yaml/", "not a file"),
    ],
)
def test_what_is_no_recipe_file_is_named(folder: Path, name: str, fault: str) -> None:
    path = folder / name.rstrip("/")
    path.mkdir() if name.endswith("/") else path.write_text("x: 5\n", "utf-8")

    [told] = Library(folder, STEPS).load().faults

    assert fault in told.message
    assert told.file == f"recipes/{path.name}"


def test_what_editors_leave_behind_is_passed_over(folder: Path) -> None:
    for name in (".vip.yaml", "#vip.yaml", "~vip.yaml", "vip.yaml~", "vip.yaml.swp", "notes.txt"):
        (folder / name).write_text("rubbish: [", "utf-8")

    assert Library(folder, STEPS).load() == Snapshot()


def test_a_huge_file_is_refused_by_its_size(folder: Path) -> None:
    (folder / "vip.yaml").write_bytes(b"#" * (MAX_BYTES * 4))

    assert "more than 256 KiB" in str(Library(folder, STEPS).load().faults[0])


def test_a_change_is_taken_when_two_looks_agree_on_it(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()

    assert library.look() is False
    path.write_text(VIP.replace("25.00", "30.00 "), "utf-8")
    assert library.look() is False
    path.write_text(VIP.replace("25.00", "300.00"), "utf-8")
    assert library.look() is False
    assert library.look() is True
    assert "300.00" in library.current.recipes[0].text
    assert library.look() is False


def test_a_file_that_was_replaced_by_another_of_the_same_size_and_time_is_a_change(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    stat = path.stat()
    other = folder / "vip.new"
    other.write_text(VIP.replace("25.00", "35.00"), "utf-8")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    other.replace(path)

    assert [library.look(), library.look()] == [False, True]
    assert "35.00" in library.current.recipes[0].text


def test_an_unchanged_recipe_is_kept_as_it_is_over_a_reload(folder: Path) -> None:
    a_file(folder, "vip")
    library = Library(folder, STEPS)
    first = library.load()

    a_file(folder, "other")

    assert library.reload().recipes[1] is first.recipes[0]
