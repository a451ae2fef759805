"""A schedule in words or as cron comes out as five fields that any cron can read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.recipes.rates import Misworded
from connector.recipes.schedules import read_cron, read_words


@pytest.mark.parametrize(
    ("words", "cron"),
    [
        ("every day at 10:00", "0 10 * * *"),
        ("every day at 0:05", "5 0 * * *"),
        ("every tuesday at 10:00", "0 10 * * 2"),
        ("every Sunday at 23:59", "59 23 * * 0"),
        ("every weekday at 9:30", "30 9 * * 1-5"),
        ("every month on the 1st at 10:00", "0 10 1 * *"),
        ("every month on the 28th at 10:00", "0 10 28 * *"),
        ("every month on the 15 at 10:00", "0 10 15 * *"),
        ("every year on january 2nd at 8:00", "0 8 2 1 *"),
        ("every year on february 29 at 8:00", "0 8 29 2 *"),
        ("every  day  at  10:00", "0 10 * * *"),
    ],
)
def test_words_are_five_fields(words: str, cron: str) -> None:
    assert read_words(words) == cron == read_cron(cron)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("every tusday at 10:00", "did you mean `every tuesday at …`?"),
        ("every tuesdays at 10:00", "did you mean `every tuesday at …`?"),
        ("every day at 10", "did you mean `10:00`?"),
        ("every day at 10am", "did you mean `10:00`?"),
        ("every day at 3pm", "did you mean `15:00`?"),
        ("every day at 12am", "did you mean `0:00`?"),
        ("every day at 10.30", "did you mean `10:30`?"),
        ("every day at 25:00", "is not a time of the day such as `10:00`"),
        ("every day at 10:60", "is not a time of the day"),
        ("every day at noon", "is not a time of the day"),
        ("every day", "did you mean `every day at 10:00`?"),
        ("every month at 10:00", "did you mean `every month on the 1st at …`?"),
        ("every month on the 31st at 10:00", "not every month has a day 31"),
        ("every month on the 0th at 10:00", "a month has no day 0"),
        ("every year on february 30 at 8:00", "February has no day 30"),
        ("every year on febuary 3 at 8:00", "is not known"),
        ("every 3 days at 10:00", "is not known"),
        ("evry day at 10:00", "did you mean `every`?"),
        ("daily", "did you mean `every day at 10:00`?"),
        ("weekly at 9:30", "did you mean `every monday at 9:30`?"),
        ("monthly at 9:30", "did you mean `every month on the 1st at 9:30`?"),
        ("0 10 * * 2", 'did you mean `cron: "0 10 * * 2"`?'),
        ("at ten", "write `every day at 10:00`"),
        ("", "is not a schedule"),
        (" at ", "is not a schedule"),
        ("x" * 500, "is not a schedule"),
    ],
)
def test_other_words_are_told_the_right_ones(words: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_words(words)

    assert hint in caught.value.detail


@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "0 9-17/2 * * mon-fri", "0,30 8 1,15 jan,JUL *", "0 0 29 2 *", "5 4 * * 7"]
)
def test_cron_is_taken_as_it_is(cron: str) -> None:
    assert read_cron(f" {cron.replace(' ', '  ')} ") == cron


@pytest.mark.parametrize(
    ("cron", "hint"),
    [
        ("0 10 * *", "`cron` has five fields"),
        ("0 0 10 * * 2", "has 6"),
        ("@daily", "five fields, such as `0 10 * * 2`"),
        ("60 10 * * *", "`60` is not a minute of `cron`: 0 to 59"),
        ("0 24 * * *", "`24` is not a hour"),
        ("0 10 0 * *", "`0` is not a day of the month"),
        ("0 10 * 13 *", "`13` is not a month"),
        ("0 10 * * 8", "`8` is not a day of the week"),
        ("0 10 * * xyz", "`xyz` is not a day of the week"),
        ("5-1 10 * * *", "`5-1` is not a minute"),
        ("*/0 10 * * *", "`*/0` is not a minute"),
        ("1-2-3 10 * * *", "is not a minute"),
        ("1, 10 * * *", "`` is not a minute"),
        ("0 10 31 2 *", "February never has 31 days"),
        ("0 10 L * *", "`L` is not a day of the month"),
        ("* " * 100, "has 100"),
    ],
)
def test_cron_that_no_clock_could_follow_is_refused(cron: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_cron(cron)

    assert hint in caught.value.detail


def test_the_column_of_a_wrong_field_is_its_own() -> None:
    with pytest.raises(Misworded) as caught:
        read_cron("0 24 * * *")

    assert caught.value.offset == 2


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["every", "day", "tuesday", "month", "on", "the", "31st", "at", "9:30", "*", "5", "*/2", "²"]
        ),
        max_size=7,
    ).map(" ".join)
    | st.text(max_size=30)
)
def test_any_text_is_a_schedule_or_a_fault(text: str) -> None:
    for read in (read_words, read_cron):
        try:
            assert len(read(text).split()) == 5
        except Misworded as fault:
            assert fault.detail and 0 <= fault.offset <= len(text)
