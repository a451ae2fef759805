"""A folder of recipes: each file for itself, a bad one keeps its last good revision."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.recipes.library import GRACE, Entry, Library, Snapshot
from connector.recipes.yamltree import MAX_BYTES

from .making import NOW, STEPS, VIP

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
        ("_rewards.yaml", "a file that begins with `_` is no recipe; shared names are in _vars.yaml"),
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

    assert library.look(NOW) is False
    path.write_text(VIP.replace("25.00", "30.00 "), "utf-8")
    assert library.look(NOW) is False
    path.write_text(VIP.replace("25.00", "300.00"), "utf-8")
    assert library.look(NOW) is False
    assert library.look(NOW) is True
    assert "300.00" in library.current.recipes[0].text
    assert library.look(NOW) is False


def test_a_file_that_was_replaced_by_another_of_the_same_size_and_time_is_a_change(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    stat = path.stat()
    other = folder / "vip.new"
    other.write_text(VIP.replace("25.00", "35.00"), "utf-8")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    other.replace(path)

    assert [library.look(NOW), library.look(NOW)] == [False, True]
    assert "35.00" in library.current.recipes[0].text


def test_an_unchanged_recipe_is_kept_as_it_is_over_a_reload(folder: Path) -> None:
    a_file(folder, "vip")
    library = Library(folder, STEPS)
    first = library.load()

    a_file(folder, "other")

    assert library.reload().recipes[1] is first.recipes[0]


SECOND = timedelta(seconds=1)


def settled(library: Library, at: datetime) -> Snapshot:
    """After two looks that agree."""
    library.look(at)
    library.look(at)
    return library.current


def test_a_deleted_file_pauses_its_recipe_after_a_minutes_grace(folder: Path) -> None:
    path = a_file(folder, "vip")
    a_file(folder, "other")
    library = Library(folder, STEPS)
    first = library.load()

    path.unlink()

    assert settled(library, NOW) is first
    assert settled(library, NOW + GRACE - SECOND) is first
    paused = settled(library, NOW + GRACE)
    assert wanted(paused) == ["other"]
    assert (entry(paused, "vip").status, entry(paused, "vip").revision) == (
        "paused",
        entry(first, "vip").revision,
    )
    assert "the file is gone, so the recipe is paused" in str(entry(paused, "vip").warnings[0])
    assert settled(library, NOW + 2 * GRACE) is paused


def test_a_deleted_file_keeps_its_recipe_while_others_change(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    path.unlink()
    library.look(NOW)

    a_file(folder, "other")

    assert wanted(settled(library, NOW + SECOND)) == ["other", "vip"]
    assert wanted(settled(library, NOW + GRACE)) == ["other"]


def test_a_file_that_comes_back_is_a_change(folder: Path) -> None:
    """Some editors save by unlinking and making anew."""
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    path.unlink()
    settled(library, NOW)

    a_file(folder, "vip", VIP.replace("25.00", "35.00"))

    assert "35.00" in settled(library, NOW + SECOND).recipes[0].text
    path.unlink()
    assert wanted(settled(library, NOW + 2 * SECOND)) == ["vip"], "the minute begins anew"
    assert wanted(settled(library, NOW + GRACE + SECOND)) == ["vip"]


def test_a_recipe_that_was_paused_by_deleting_lives_again_with_its_file(folder: Path) -> None:
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    path.unlink()
    settled(library, NOW)
    settled(library, NOW + GRACE)

    a_file(folder, "vip")

    assert wanted(settled(library, NOW + GRACE)) == ["vip"]
    assert len(library.current.entries) == 1


def test_a_folder_that_goes_takes_no_recipe_away_and_brings_none_back(folder: Path) -> None:
    """Row 158 of the loader's list: the previous set stays."""
    path = a_file(folder, "gone")
    a_file(folder, "vip")
    library = Library(folder, STEPS)
    library.load()
    path.unlink()
    settled(library, NOW)
    settled(library, NOW + GRACE)
    folder.rename(folder.with_name("elsewhere"))

    missing = settled(library, NOW + 3 * GRACE)
    folder.with_name("elsewhere").rename(folder)
    again = settled(library, NOW + 4 * GRACE)

    assert [wanted(missing), wanted(again)] == [["vip"], ["vip"]]
    assert "the folder cannot be read" in str(missing.faults[0])
    assert again.faults == ()


def test_at_a_start_without_the_folder_the_last_good_revisions_act(folder: Path) -> None:
    folder.rmdir()

    library = Library(folder, STEPS)
    snapshot = library.load({"vip": VIP})

    assert wanted(snapshot) == ["vip"]
    assert wanted(library.reload()) == ["vip"]


def test_a_recipe_with_a_schedule_is_started_by_no_event(folder: Path) -> None:
    """Whoever sends `schedule.due` from outside starts nothing."""
    text = VIP.replace(
        "[contact.tag_added, booking.completed]", "{schedule: every day at 9:00, for_each: contact}"
    )
    a_file(folder, "vip", text.replace("event: booking.completed", "event: schedule.due"))

    snapshot = Library(folder, STEPS).load()

    assert [recipe.name for recipe in snapshot.scheduled] == ["vip"]
    assert wanted(snapshot, "schedule.due") == []


# Shared names

SHARING = VIP.replace("25.00 USD\n      expires", "${{ vars.reward }}\n      expires")


def share(folder: Path, text: str) -> None:
    (folder / "_vars.yaml").write_text(text, "utf-8")


def test_shared_names_are_read_and_are_no_recipe(folder: Path) -> None:
    share(folder, "reward: 25.00 USD\n")
    a_file(folder, "vip", SHARING)

    snapshot = Library(folder, STEPS).load()

    assert (snapshot.faults, [each.recipe for each in snapshot.entries]) == ((), ["vip"])
    assert wanted(snapshot) == ["vip"]


def test_a_change_of_shared_names_reads_the_recipes_that_use_them_again_and_no_others(folder: Path) -> None:
    share(folder, "reward: 25.00 USD\n")
    a_file(folder, "vip", SHARING)
    a_file(folder, "other")
    library = Library(folder, STEPS)
    first = library.load()

    share(folder, "visits: 5\nreward: 30.00 USD\n")
    changed = settled(library, NOW)

    assert changed.recipes[0] is first.recipes[0]
    assert changed.recipes[1].revision == first.recipes[1].revision, "its tests fail: the last good one stays"
    assert "expected 25.00 USD" in str(entry(changed, "vip").errors[0])
    a_file(folder, "vip", SHARING.replace("{amount: 25.00 USD}", "{amount: 30.00 USD}"))
    mended = settled(library, NOW)
    assert mended.faults == ()
    assert mended.recipes[1].revision != first.recipes[1].revision


def test_a_name_that_is_shared_at_last_mends_the_recipe_that_waited_for_it(folder: Path) -> None:
    a_file(folder, "vip", SHARING)
    library = Library(folder, STEPS)
    assert "`vars.reward` is not known at this place" in str(library.load().faults[0])

    share(folder, "reward: 25.00 USD\n")

    assert wanted(settled(library, NOW)) == ["vip"]


def test_a_fault_in_the_shared_names_is_told_once_and_the_last_good_ones_stay(folder: Path) -> None:
    share(folder, "reward: 25.00 USD\n")
    for name in ("vip", "other"):
        a_file(folder, name, SHARING)
    library = Library(folder, STEPS)
    first = library.load()

    share(folder, "reward: 25.00 USD\nreward: 5\n")
    broken = settled(library, NOW)

    assert broken.recipes == first.recipes
    assert [str(fault).partition(": ")[0] for fault in broken.faults] == ["recipes/_vars.yaml:2:1"]
    assert [(each.recipe, len(each.errors)) for each in broken.entries] == [
        ("_vars", 1),
        ("other", 0),
        ("vip", 0),
    ]


def test_over_a_restart_a_fault_in_the_shared_names_leaves_recipes_those_they_used(folder: Path) -> None:
    share(folder, "reward: 25.00 USD\n")
    a_file(folder, "vip", SHARING)
    first = Library(folder, STEPS).load()
    share(folder, "reward: [\n")

    again = Library(folder, STEPS).load({recipe.name: recipe.text for recipe in first.recipes})

    assert [recipe.revision for recipe in again.recipes] == [first.recipes[0].revision]
    assert len(again.faults) == 1


def test_shared_names_that_are_gone_for_good_leave_recipes_their_last_good_revision(folder: Path) -> None:
    share(folder, "reward: 25.00 USD\n")
    a_file(folder, "vip", SHARING)
    library = Library(folder, STEPS)
    first = library.load()

    (folder / "_vars.yaml").unlink()

    assert settled(library, NOW) is first
    gone = settled(library, NOW + GRACE)
    assert gone.recipes[0].revision == first.recipes[0].revision
    assert "`vars.reward` is not known" in str(gone.faults[0])
    assert wanted(library.reload()) == ["vip"]


def test_ten_thousand_reloads_leave_the_same_set(folder: Path) -> None:
    """Row 158 of the loader's list; 300 here."""
    a_file(folder, "vip")
    library = Library(folder, STEPS)
    first = library.load()

    for _ in range(300):
        library.reload()

    assert library.current.recipes == first.recipes
    assert library.current.recipes[0] is first.recipes[0]


def test_a_file_cut_at_any_byte_while_it_is_read_changes_nothing_or_is_a_whole_recipe(folder: Path) -> None:
    """T51: no event is decided by a mixture."""
    path = a_file(folder, "vip")
    library = Library(folder, STEPS)
    first = library.load()

    for length in range(0, len(VIP), 7):
        path.write_text(VIP[:length], "utf-8")
        [recipe] = settled(library, NOW).recipes
        assert recipe is first.recipes[0] or (len(recipe.conditions) == 2 and recipe.once_per is not None)


@pytest.mark.parametrize(
    ("status", "acted"), [("live", "shadow"), ("shadow", "shadow"), ("paused", "shadow")]
)
def test_a_revision_without_its_tests_acted_as_shadow_and_is_again(
    tmp_path: Path, status: str, acted: str
) -> None:
    text = f"recipe: r\ntitle: T\nstatus: {status}\non: order.paid\ndo:\n  - stop: ok\n"
    library = Library(tmp_path / "recipes", {})

    found = library.as_it_was("r", text)

    assert found is not None and found.status == acted
    assert library.as_it_was("r", "nonsense") is None
    assert library.file_of("r") == "recipes/r.yaml"
