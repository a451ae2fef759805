"""The book of what was given: counted from a moment on, and forgotten again where a run is undone."""

from datetime import UTC, datetime, timedelta

from connector.domain.money import Money
from connector.flows.rehearsed_gifts import Book, BookOf, Made

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_what_was_given_counts_from_its_own_moment_on() -> None:
    book = Book()
    for number, who in enumerate([1, 1, 2]):
        book.add(who, Money(100 * (number + 1), "USD"), NOON + number * DAY)
    book.add(None, Money(7, "EUR"), NOON + 3 * DAY)

    assert book.count(NOON + DAY) == 3
    assert book.sums_since(NOON + DAY) == {"USD": 500, "EUR": 7}
    assert BookOf(book, 1).count_for(0, NOON + DAY) == 1
    assert BookOf(book, None).count_for(0, NOON) == 0


def test_the_last_is_forgotten_as_if_it_had_never_been() -> None:
    book = Book()
    book.add(1, Money(100, "USD"), NOON)
    book.add(1, Money(50, "USD"), NOON)
    book.drop(1, "USD")

    assert (book.count(NOON), book.sums_since(NOON)) == (1, {"USD": 100})
    assert BookOf(book, 1).count_for(0, NOON) == 1


def test_a_card_is_usable_between_its_moments() -> None:
    card = Made(1, "promotional", "USD", 100, NOON + DAY, NOON)

    assert [card.is_usable(NOON + at) for at in (-DAY, timedelta(0), DAY)] == [False, True, False]
