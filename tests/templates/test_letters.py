"""Letters are read anew when a file changes, as a whole, and a fault takes none away."""

import shutil
from pathlib import Path

import pytest

from connector.domain.errors import FaultyFiles
from connector.templates.letters import Letters, open_letters
from connector.templates.shelf import load
from tests.templates.test_shelf import VALUES

OWN = "{{ account.name }}: {{ card.amount }} until {{ card.expires }}, {{ card.link }}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    (made / "gift-card.sms").write_text(OWN)
    return made


def text_of(letters: Letters) -> str:
    return letters.shelf.write("gift-card", "sms", VALUES).text


def test_a_change_counts_when_two_looks_agree_on_it(folder: Path) -> None:
    letters = open_letters(folder)
    before = text_of(letters)

    (folder / "gift-card.sms").write_text("New! " + OWN)
    first = letters.look()
    (folder / "gift-card.sms").write_text("Newer! " + OWN)  # an editor that is not done
    second = letters.look()

    assert (first, second, text_of(letters)) == (False, False, before)
    assert letters.look()
    assert text_of(letters).startswith("Newer! ")
    assert not letters.look(), "nothing changed since"


def test_with_a_fault_all_letters_stay_until_it_is_mended(folder: Path) -> None:
    letters = open_letters(folder)
    before = text_of(letters)

    (folder / "gift-card.sms").write_text("New! " + OWN)
    (folder / "broken.sms").write_text("{{ card.colour }}")
    assert [letters.look() for _ in range(3)] == [False, True, False]
    assert text_of(letters) == before
    assert str(letters.faults[0]).startswith("templates/broken.sms:1:")

    (folder / "broken.sms").unlink()
    assert [letters.look() for _ in range(3)] == [False, True, False]
    assert text_of(letters).startswith("New! ")
    assert letters.faults == ()


def test_new_letters_are_known_and_those_that_are_gone_are_not(folder: Path) -> None:
    letters = open_letters(folder)
    assert "thanks" not in letters.kinds

    (folder / "thanks.sms").write_text("Thank you!")
    (folder / "gift-card.sms").unlink()
    assert [letters.look(), letters.look()] == [False, True]

    assert letters.kinds["thanks"].ways == ("sms",)
    assert text_of(letters) == load().write("gift-card", "sms", VALUES).text


def test_a_folder_that_goes_takes_no_letter_along_and_one_that_comes_is_read(folder: Path) -> None:
    letters = open_letters(folder)
    before = text_of(letters)

    shutil.move(folder, folder.with_name("elsewhere"))
    assert [letters.look(), letters.look()] == [False, True]
    assert text_of(letters) == before
    assert [str(fault) for fault in letters.faults] == [
        "templates:1:1: the folder is gone; what it held goes on"
    ]

    shutil.move(folder.with_name("elsewhere"), folder)
    assert [letters.look(), letters.look()] == [False, True]
    assert (text_of(letters), letters.faults) == (before, ())


def test_a_folder_that_was_never_there_is_no_fault(tmp_path: Path) -> None:
    letters = open_letters(tmp_path / "templates")

    assert not letters.look() and not letters.look()
    assert letters.faults == ()
    assert not Letters().look()


def test_the_start_is_refused_with_a_fault(folder: Path) -> None:
    (folder / "broken.sms").write_text("{{ card.colour }}")

    with pytest.raises(FaultyFiles):
        open_letters(folder)
