"""What is in force at one moment, and the revisions before it whose runs may not be over."""

from pathlib import Path

from connector.recipes.library import Library, Snapshot
from connector.recipes.snapshot import FORMER, went

from .making import STEPS, VIP

FIRST = VIP.replace(
    "\ntests:",
    "\nundo: {on: booking.cancelled, same: event.booking.id}\ngoal: {back: booking.completed}\ntests:",
    1,
)
SECOND = FIRST.replace("booking.cancelled", "booking.no_show").replace("{back:", "{again:")


def loaded(library: Library, folder: Path, text: str) -> Snapshot:
    (folder / "vip.yaml").write_text(text)
    return library.reload()


def test_a_revision_that_went_is_asked_by_its_own_events_until_it_is_forgotten(tmp_path: Path) -> None:
    library = Library(tmp_path, STEPS)
    [first] = loaded(library, tmp_path, FIRST).recipes
    now = loaded(library, tmp_path, SECOND)

    assert [(one.revision, one.status) for one in now.former] == [(first.revision, FORMER)]
    assert [one.revision for one in now.undoing["booking.cancelled"]] == [first.revision]
    assert now.goals["booking.completed"] == {("vip", ""): ("again",), ("vip", first.revision): ("back",)}
    assert now.former_of("vip") == {first.revision}
    assert [one.name for one in now.for_event("booking.completed", "a", "s", "s")] == ["vip"], "begins once"

    library.forget({first.revision})
    assert library.current.former == ()
    assert "booking.cancelled" not in library.current.undoing


def test_a_revision_that_comes_back_is_former_no_more(tmp_path: Path) -> None:
    library = Library(tmp_path, STEPS)
    [first] = loaded(library, tmp_path, FIRST).recipes
    [second] = loaded(library, tmp_path, SECOND).recipes

    now = loaded(library, tmp_path, FIRST)

    assert [one.revision for one in now.recipes] == [first.revision]
    assert [one.revision for one in now.former] == [second.revision]


def test_what_has_no_clause_or_never_ran_leaves_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path, STEPS)
    for text in (VIP, FIRST.replace("status: live", "status: draft"), VIP):
        now = loaded(library, tmp_path, text)

    assert now.former == ()
    assert went(now, []) == []


def test_what_the_database_knows_is_there_after_a_restart(tmp_path: Path) -> None:
    before = Library(tmp_path, STEPS)
    loaded(before, tmp_path, FIRST)
    [second] = loaded(before, tmp_path, SECOND).recipes

    now = Library(tmp_path, STEPS).load(former=[("vip", FIRST), ("vip", SECOND), ("vip", "not: a recipe")])

    assert [one.revision for one in now.recipes] == [second.revision]
    assert [one.undo.on for one in now.former if one.undo is not None] == [("booking.cancelled",)]
