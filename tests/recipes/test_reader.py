"""What one file's reading collects: every fault, and no more than anybody reads."""

from connector.recipes.rates import Misworded
from connector.recipes.reader import MAX_LINES, Reader
from connector.recipes.yamltree import MAX_FAULTS, Listing, Scalar

from .making import STEPS


def a_reader() -> Reader:
    return Reader("recipes/vip.yaml", STEPS)


def text(written: str, shift: int | None = 0) -> Scalar:
    return Scalar(written, written, 3, 7, shift)


def test_a_fault_in_words_is_told_at_its_column() -> None:
    reader = a_reader()

    def read(_words: str) -> int:
        raise Misworded("`mnth` is not a period", 6)

    assert reader.worded(text("1 per mnth"), read) is None
    assert reader.worded(text("1 per mnth", None), read) is None
    assert [str(each) for each in reader.faults] == [
        "recipes/vip.yaml:3:13: `mnth` is not a period",
        "recipes/vip.yaml:3:7: `mnth` is not a period",
    ]


def test_no_more_faults_are_noted_than_anybody_reads() -> None:
    reader = a_reader()

    reader.conditions(Listing(tuple(text("visits = 5") for _ in range(5_000)), 1, 1))

    assert len(reader.faults) == min(MAX_FAULTS, MAX_LINES)


def test_what_is_nothing_or_no_text_has_no_words() -> None:
    reader = a_reader()

    assert reader.worded(None, len) is None
    assert reader.worded(Scalar("null", None, 1, 1, 0), len) is None
    assert reader.worded(Listing((), 1, 1), len) is None
    assert reader.faults == []
