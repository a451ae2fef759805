"""A sandbox's clock goes forward, and what comes due on the way is done in its order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.domain.errors import NotSandbox, ValidationFailed
from connector.flows import virtual_clock
from connector.flows.perform import Idempotency
from connector.flows.virtual_clock import STOPS
from tests.flows.making import ISSUE, a_house, a_recipe, a_schedule, an_order, people
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, make_sandbox, told
from tests.kit.house import House

DAY = timedelta(days=1)
WIN_BACK = a_schedule(
    "win-back",
    "{schedule: every month on the 1st at 10:00, for_each: contact}",
    ("issue_card: {amount: 10.00 USD, expires: 10 days}",),
    once_per="contact",
)
LATER = a_recipe("later", do=("wait: 3 days", ISSUE))


def advance(house: House, by: object) -> dict[str, Any]:
    return house.gateway.directory.advance_clock(house.account, by)


def test_ninety_days_bring_everything_in_its_order(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, WIN_BACK, LATER) as house:
        make_sandbox(house)
        people(house, 2)
        house.tell(**an_order())
        old = house.issue(2500, expires_at=THE_MOMENT + 40 * DAY)["id"]
        held = house.issue(2500)["id"]
        do(house, "hold", card=held, amount=500, expires_in=int((2 * DAY).total_seconds()))

        answer = advance(house, "P90D")

        assert (answer["now"], answer["is_there"], answer["left_s"]) == ("2027-02-18T15:00:00Z", True, 0)
        moments = [(one["type"], one["created_at"] - THE_MOMENT) for one in house.rows("messages")]
        order = [one for one in moments if one[1] > timedelta(0)]
        assert order == sorted(order, key=lambda one: one[1]), "in the order of their moments"
        assert (order[0], order[1][0]) == (("gift_card.hold_released", 2 * DAY), "gift_card.issued")
        assert order[1][1] == 3 * DAY, "the wait"
        first_of_december = datetime(2026, 12, 1, 15, tzinfo=UTC) - THE_MOMENT
        given = [at for kind, at in order if kind == "gift_card.issued" and at == first_of_december]
        assert len(given) == 2, "the schedule, in New York"
        gone = [at for kind, at in order if kind == "gift_card.expired"]
        assert gone == [first_of_december + 10 * DAY] * 2 + [40 * DAY]
        assert told(house, old) == ["gift_card.expiring", "gift_card.expired"]
        assert ("gift_card.expiring", 10 * DAY) in order
        assert answer["did"]["expiry"] == 3 and answer["did"]["runs"] == 1 and answer["did"]["holds"] == 1
        due = {one["occurred_at"] for one in house.rows("events", type="schedule.due")}
        assert due == {THE_MOMENT + first_of_december}
        house.require_proof()


def test_drafts_that_would_have_been_due_are_named(sqlite_url: str, tmp_path: Path) -> None:
    """A newcomer moves the clock and sees nothing: the recipes that came along are drafts."""
    texts = {
        "due": WIN_BACK,
        "later": WIN_BACK.replace("every month on the 1st", "every year on may 1"),
        "theirs": WIN_BACK.replace("status: ", "account: other-shop\nstatus: "),
        "told": LATER,
    }
    drafts = [
        text.replace(text.partition("\n")[0], f"recipe: {name}").replace("status: live", "status: draft")
        for name, text in texts.items()
    ]
    with a_house(tmp_path, sqlite_url, WIN_BACK, *drafts) as house:
        make_sandbox(house)

        assert advance(house, "8 days")["drafts"] == []
        assert advance(house, "8 days")["drafts"] == ["due"]


def test_a_live_account_has_the_worlds_clock(shop: House) -> None:
    with pytest.raises(NotSandbox):
        advance(shop, 60)
    assert shop.account.clock_offset == timedelta(0)


def test_other_accounts_stay_where_they_are(database_url: str, tmp_path: Path) -> None:
    text = a_schedule(
        "nightly",
        "{schedule: every day at 10:00}",
        ("send_webhook: {type: custom.report}",),
        condition='event.source == "schedule"',
        holds="event: {source: schedule}",
        fails="event: {source: other}",
    )
    with a_house(tmp_path, database_url, text) as house:
        house.gateway.tick()
        make_sandbox(house)

        answer = advance(house, "10 days")
        house.gateway.tick()

        assert answer["did"]["schedules"] == 10
        events = house.rows("events")
        assert {one["account_id"] for one in events} == {house.account.id}
        assert [one["occurred_at"] for one in events] == [THE_MOMENT + n * DAY for n in range(1, 11)]
        assert house.other.clock_offset == timedelta(0)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (60, "2026-11-20T15:01:00"),
        ("60", "2026-11-20T15:01:00"),
        ("PT1H30M", "2026-11-20T16:30:00"),
        ("P2W", "2026-12-04T15:00:00"),
        ("P1Y2M3DT4H", "2028-01-23T19:00:00"),
        ("90 days", "2027-02-18T15:00:00"),
        ("4 months", "2027-03-20T14:00:00"),  # by New York's calendar, where the clocks have changed
        ("P1D", "2026-11-21T15:00:00"),
        ("10 years", "2036-11-20T15:00:00"),
    ],
)
def test_a_length_is_read(by: object, expected: str) -> None:
    found = virtual_clock.read(by, THE_MOMENT, ZoneInfo("America/New_York"))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "by",
    [
        0,
        -5,
        True,
        None,
        "",
        "P",
        "PT",
        "P1DT",
        "0",
        "soon",
        "-P1D",
        "P1.5D",
        "11 years",
        10**10,
        [],
        "P9999Y",
    ],
)
def test_a_length_that_is_none_is_refused(by: object) -> None:
    with pytest.raises(ValidationFailed, match="advance"):
        virtual_clock.read(by, THE_MOMENT, ZoneInfo("America/New_York"))


def test_what_is_too_much_for_one_call_is_gone_on_with_by_the_next(sqlite_url: str, tmp_path: Path) -> None:
    text = a_schedule(
        "busy",
        '{cron: "* * * * *"}',
        ("send_webhook: {type: custom.minute}",),
        condition='event.source == "other"',
        holds="event: {source: other}",
        fails="event: {source: schedule}",
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        make_sandbox(house)

        first = advance(house, (STOPS + 5) * 60)
        second = advance(house, first["left_s"])

        assert (first["is_there"], first["left_s"], first["did"]) == (False, 5 * 60, {"schedules": STOPS})
        assert (second["is_there"], second["did"]) == (True, {"schedules": 5})


def test_it_goes_on_from_where_it_was_moved_to(shop: House) -> None:
    make_sandbox(shop)
    advance(shop, "1 day")
    assert advance(shop, "1 day")["now"] == "2026-11-22T15:00:00Z"
    assert shop.issue(100)["created_at"] == "2026-11-22T15:00:00Z"


def test_a_clock_that_was_moved_on_and_on_ends_where_all_can_still_be_reckoned(shop: House) -> None:
    """Moved to the last years of the calendar, it answered 500 to whatever came next."""
    end = virtual_clock.FURTHEST
    zone = ZoneInfo("Pacific/Kiritimati")

    assert virtual_clock.read("P1D", end - DAY, zone) == end
    for now in (end - DAY + timedelta(seconds=1), end, datetime(9999, 12, 30, tzinfo=UTC)):
        with pytest.raises(ValidationFailed, match=r"clock ends|beyond the calendar"):
            virtual_clock.read("P1D", now, zone)


def test_the_same_request_again_moves_the_clock_no_further(house: House) -> None:
    make_sandbox(house)
    key = Idempotency("k-1", "POST", "/v1/clock", b'{"advance": "P1D"}')
    directory = house.gateway.directory

    first = directory.advance_clock_once(house.account, "P1D", key)
    again = directory.advance_clock_once(house.account, "P1D", key)
    further = directory.advance_clock_once(house.account, "P1D", None)

    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert first.body["now"] == again.body["now"]
    assert (again.body["is_there"], again.body["did"]) == (True, {})
    gone = datetime.fromisoformat(further.body["now"]) - datetime.fromisoformat(first.body["now"])
    assert gone == timedelta(days=1)


def test_a_refusal_to_move_the_clock_is_given_again(shop: House) -> None:
    make_sandbox(shop)
    key = Idempotency("k-1", "POST", "/v1/clock", b'{"advance": "P0D"}')
    with pytest.raises(ValidationFailed):
        shop.gateway.directory.advance_clock_once(shop.account, "P0D", key)

    again = shop.gateway.directory.advance_clock_once(shop.account, "P0D", key)

    assert (again.is_replayed, again.status) == (True, 422)
