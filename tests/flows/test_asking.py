"""Bookings that a platform says are still to be agreed to, told in whatever order."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.flows.asking import NOT_AGREED
from tests.kit.house import House, open_house

from .bookings import VISITED
from .by_square import HOUR, told, types


def test_a_booking_that_was_asked_for_is_made_once_it_is_agreed_to(house: House) -> None:
    asked = told(house, "booking.created", "PENDING")
    noted = told(house, "booking.updated", "PENDING")
    assert (asked["status"], asked["events"], noted["events"]) == ("ignored", [], [])
    assert {row["reason"] for row in house.rows("inbound_deliveries")} == {NOT_AGREED}
    assert (house.rows("facts"), house.cards(), house.rows("awaited_completions")) == ([], [], [])

    agreed = told(house, "booking.updated", "ACCEPTED")
    noted = told(house, "booking.updated", "ACCEPTED")
    moved = told(house, "booking.updated", "ACCEPTED", starts=30 * HOUR)

    assert types(agreed) == ["booking.created"]
    assert (types(noted), types(moved)) == ([], ["booking.rescheduled"])
    [event, _] = house.rows("events")
    assert json.loads(event["envelope"])["booking"]["status"] == "created"
    assert (len(house.cards()), len(house.rows("awaited_completions"))) == (1, 1)


def test_a_booking_that_stood_and_is_asked_for_again_is_not_made_a_second_time(shop: House) -> None:
    """Its new time must be agreed to; and a request that comes late says nothing new."""
    assert types(told(shop, "booking.created", "ACCEPTED")) == ["booking.created"]

    asked = told(shop, "booking.updated", "PENDING", starts=30 * HOUR)
    agreed = told(shop, "booking.updated", "ACCEPTED", starts=30 * HOUR)

    assert (asked["events"], types(agreed)) == ([], ["booking.rescheduled"])
    assert len(shop.cards()) == 1


def test_what_was_asked_for_and_never_agreed_to_gives_nothing(shop: House) -> None:
    told(shop, "booking.created", "PENDING")
    assert types(told(shop, "booking.updated", "DECLINED")) == ["booking.cancelled"]
    assert (shop.cards(), shop.rows("awaited_completions")) == ([], [])


def test_an_agreement_that_overtakes_its_request_is_told_as_made_once_that_comes(house: House) -> None:
    asked_at = house.clock.now()
    house.clock.forward(HOUR)

    agreed = told(house, "booking.updated", "ACCEPTED", version=1)
    asked = told(house, "booking.created", "PENDING", at=asked_at, version=0)
    noted = told(house, "booking.updated", "PENDING", at=asked_at, version=0)

    assert (types(agreed), types(asked), types(noted)) == (["booking.rescheduled"], ["booking.created"], [])
    [fact] = house.rows("facts")
    [_, made] = house.rows("events")
    assert fact["first_at"] == made["occurred_at"] == asked_at + HOUR
    assert (len(house.cards()), len(house.rows("awaited_completions"))) == (1, 1)


def test_a_request_that_comes_late_makes_nothing_of_what_was_taken_back_or_made(shop: House) -> None:
    asked_at = shop.clock.now()
    shop.clock.forward(HOUR)
    told(shop, "booking.updated", "CANCELLED_BY_CUSTOMER")
    assert types(told(shop, "booking.created", "PENDING", at=asked_at)) == []
    assert shop.cards() == []


def test_a_request_of_nobody_makes_nobody_a_contact(shop: House) -> None:
    told(shop, "booking.created", "PENDING", customer=None)
    told(shop, "booking.created", "PENDING", customer="c-9")
    assert shop.rows("contacts") == []


@pytest.fixture
def spa(sqlite_url: str, tmp_path: Path) -> Any:
    house = open_house(
        tmp_path, sqlite_url, recipes={"visited": VISITED}, sources={"square": {"adapter": "square"}}
    )
    yield house
    house.gateway.close()


def completed(house: House) -> list[str]:
    house.clock.forward(72 * HOUR)
    house.gateway.tick()
    house.gateway.tick()
    rows = [json.loads(row["envelope"]) for row in house.rows("events")]
    return [row["booking"]["ends_at"] for row in rows if row["type"] == "booking.completed"]


def test_a_booking_that_is_asked_for_at_another_time_is_not_kept_at_the_old_one(spa: House) -> None:
    told(spa, "booking.created", "ACCEPTED", version=0)
    asked = told(spa, "booking.updated", "PENDING", starts=30 * HOUR, version=1)
    assert (asked["status"], types(asked)) == ("ignored", [])
    assert (completed(spa), spa.cards()) == ([], [])
    assert spa.rows("awaited_completions") == []


@pytest.mark.parametrize(("starts", "told_of"), [(30, ["booking.rescheduled"]), (24, [])])
def test_whichever_time_is_agreed_to_is_the_one_that_is_kept(
    spa: House, starts: int, told_of: list[str]
) -> None:
    told(spa, "booking.created", "ACCEPTED", version=0)
    [first] = spa.rows("awaited_completions")
    told(spa, "booking.updated", "PENDING", starts=30 * HOUR, version=1)

    agreed = told(spa, "booking.updated", "ACCEPTED", starts=starts * HOUR, version=2)

    assert types(agreed) == told_of
    [wait] = spa.rows("awaited_completions")
    assert wait["due_at"] - first["due_at"] == (starts - 24) * HOUR
    assert (len(completed(spa)), len(spa.cards())) == (1, 1)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_one_second_the_higher_version_is_the_newest_word(spa: House, order: tuple[int, int]) -> None:
    told(spa, "booking.created", "ACCEPTED", version=0)
    at = spa.clock.now()
    for version in order:
        told(spa, "booking.updated", "ACCEPTED", starts=(24 + version) * HOUR, at=at, version=version)
    [fact], [wait] = spa.rows("facts"), spa.rows("awaited_completions")
    assert fact["at"] == wait["due_at"]
    assert (fact["at"].hour, fact["rank"] // 5) == (3, 2)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_request_and_its_answer_of_one_second_leave_the_booking_agreed_to(
    spa: House, order: tuple[int, int]
) -> None:
    told(spa, "booking.created", "ACCEPTED", version=0)
    at = spa.clock.now()
    for version in order:
        status = {1: "PENDING", 2: "ACCEPTED"}[version]
        told(spa, "booking.updated", status, starts=30 * HOUR, at=at, version=version)
    assert len(completed(spa)) == 1
