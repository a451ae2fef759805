"""Tags as they were told: late news never undoes newer, in whatever order it comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connector.domain.tag_logs import microseconds, tell, tell_all

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_newest_word_on_a_tag_stays() -> None:
    log: dict[str, Any] = {}

    assert tell(log, None, "VIP", is_on=True, at=NOON)
    assert not tell(log, None, "VIP", is_on=False, at=NOON - HOUR)
    assert log == {"VIP": [microseconds(NOON), True]}


def test_at_one_moment_on_wins_over_off() -> None:
    log: dict[str, Any] = {}
    tell(log, None, "VIP", is_on=False, at=NOON)

    assert tell(log, None, "VIP", is_on=True, at=NOON)
    assert not tell(log, None, "VIP", is_on=False, at=NOON)


def test_a_full_list_turns_off_what_it_leaves_out_but_nothing_newer() -> None:
    log: dict[str, Any] = {}
    for tag, at in (("old", NOON - HOUR), ("new", NOON + HOUR)):
        tell(log, None, tag, is_on=True, at=at)

    log, listed_at = tell_all(log, None, ["VIP"], NOON)

    assert listed_at == NOON
    assert log == {"VIP": [microseconds(NOON), True], "new": [microseconds(NOON + HOUR), True]}
    assert not tell(log, listed_at, "old", is_on=True, at=NOON - HOUR), "the list knew better"


def test_an_older_list_changes_nothing() -> None:
    log, listed_at = tell_all({}, None, ["VIP"], NOON)

    assert tell_all(dict(log), listed_at, ["late"], NOON - HOUR) == (log, NOON)
