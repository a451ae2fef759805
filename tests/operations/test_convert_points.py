"""Convert points: they become a promotional card, exactly those points go, and the rest stay."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Caps
from connector.domain.errors import CapReached, InsufficientPoints, ValidationFailed
from tests.flows.making import a_house
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.kit.deeds import do
from tests.kit.house import House, open_house

MIA = "mia@example.com"
POINTS_TO_CARD = """\
recipe: points-to-card
title: A card for a hundred points
status: live
on: points.earned
if:
  - contact.points >= 100
do:
  - convert_points: {points: 100, amount: 5.00 USD}
tests:
  - name: a hundred points
    event: points.earned
    given: {contact: {points: 100}}
    expect: [convert_points: {points: 100, amount: 5.00 USD}]
  - name: too few
    event: points.earned
    given: {contact: {points: 99}}
    expect: nothing
    because: contact.points >= 100
"""


def earn(house: House, count: int) -> str:
    return str(do(house, "add_points", points=count, contact={"email": MIA})["contact_id"])


def convert(house: House, **asked: Any) -> dict[str, Any]:
    return do(house, "convert_points", contact_id=MIA, **asked)


def test_points_become_a_promotional_card_whose_code_is_in_the_answer(house: House) -> None:
    """S000-42, S004-55, S004-56."""
    contact = earn(house, 520)

    told = convert(house, points=500, amount=500, message="Enjoy", expires_at=THE_MOMENT + timedelta(days=9))

    card = told["gift_card"]
    assert (card["balance"], card["currency"], card["kind"], card["contact_id"]) == (
        *(500, "USD", "promotional"),
        contact,
    )
    assert (card["message"], card["state"]) == ("Enjoy", "active")
    assert house.gateway.card_by_code(house.account, told["code"])["id"] == card["id"]
    assert card["code"] == told["code"]
    assert (told["points"]["type"], told["points"]["points"], told["points"]["balance"]) == (
        *("converted", -500),
        20,
    )
    assert told["points"]["gift_card_id"] == card["id"]
    assert told["points"]["transaction_id"] == told["transaction"]["id"]
    house.require_proof()


def test_exactly_the_converted_points_go_and_the_rest_stay(house: House) -> None:
    """S000-43: by a rate, only what makes whole cents goes."""
    earn(house, 1000)

    told = convert(house, points=101, rate="0.003")

    assert (told["gift_card"]["balance"], told["points"]["points"], told["points"]["balance"]) == (
        *(30, -100),
        900,
    )


@pytest.mark.parametrize(
    ("points", "rate", "currency", "goes", "amount"),
    [
        (100, "0.01", "USD", 100, 100),
        (1, "0.01", "USD", 1, 1),
        (333, "0.001", "USD", 330, 33),
        (3, "0.007", "USD", 3, 2),
        (7, "1.5", "JPY", 7, 10),
        (10, "1.5", "JPY", 10, 15),
        (5, "0.0015", "KWD", 5, 7),
        (1, "123456789.99", "USD", 1, 12345678999),
        (999, "0.000100001", "USD", 900, 9),
    ],
)
def test_a_rate_never_gives_more_than_the_points_are_worth(
    shop: House, points: int, rate: str, currency: str, goes: int, amount: int
) -> None:
    earn(shop, 1000)

    told = convert(shop, points=points, rate=rate, currency=currency)

    assert (told["points"]["points"], told["gift_card"]["balance"]) == (-goes, amount)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"points": 1}, "amount"),
        ({"points": 1, "amount": 1, "rate": "0.01"}, "amount"),
        ({"points": 1, "amount": 0}, "amount"),
        ({"points": 0, "amount": 1}, "points"),
        *(
            ({"points": 100, "rate": rate}, "rate")
            for rate in ("", "0", "0.0", "-1", "1e3", "1_000", "１", " 1", "0.0000000001", "nan", "1.", ".5")
        ),
        ({"points": 1, "rate": "0.009"}, "rate"),
        ({"points": 1000, "rate": "9999999"}, None),
        ({"points": 1000, "rate": "99999999"}, "rate"),
        ({"points": 10**9, "rate": "999999999"}, "rate"),
    ],
)
def test_what_they_are_worth_is_said_once_and_exactly(
    shop: House, asked: dict[str, Any], field: str | None
) -> None:
    earn(shop, 1000)
    if field is None:
        assert convert(shop, **asked)["gift_card"]["balance"] == 999999900000
        return
    with pytest.raises(ValidationFailed) as refused:
        convert(shop, **asked)

    assert [one.field for one in refused.value.errors] == [field]
    assert shop.snapshot(MIA)["points"] == 1000
    assert shop.cards() == []


def test_where_it_is_asked_their_newest_promotional_card_is_loaded(house: House) -> None:
    earn(house, 100)
    card = house.issue(1000, contact={"email": MIA})["id"]
    house.issue(1000, contact={"email": MIA}, kind="paid")

    told = convert(house, points=50, amount=250, load=True)

    assert (told["gift_card"]["id"], told["gift_card"]["balance"]) == (card, 1250)
    assert "code" not in told and told["points"]["balance"] == 50
    house.require_proof()


def test_who_has_none_to_load_gets_a_new_one(shop: House) -> None:
    earn(shop, 100)

    told = convert(shop, points=50, amount=250, load=True)

    assert (told["gift_card"]["balance"], len(shop.cards())) == (250, 1)
    assert shop.gateway.card_by_code(shop.account, told["code"])["id"] == told["gift_card"]["id"]


def test_who_has_too_few_keeps_them_and_gets_no_card(house: House) -> None:
    earn(house, 99)

    with pytest.raises(InsufficientPoints):
        convert(house, points=100, amount=100)

    assert (house.snapshot(MIA)["points"], house.cards()) == (99, [])


def test_where_no_card_may_be_given_no_points_go(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, caps={"USD": Caps(per_card=1000)})
    earn(house, 100)

    with pytest.raises(CapReached):
        convert(house, points=100, amount=1001)

    assert house.snapshot(MIA)["points"] == 100
    house.gateway.close()


def test_converted_many_times_at_once_no_point_becomes_two_cards(house: House) -> None:
    earn(house, 100)

    ended = at_once([partial(convert, house, points=30, amount=30)] * 10)

    assert sum(one.is_done for one in ended) == 3
    assert all(isinstance(one.error, InsufficientPoints) for one in ended if not one.is_done)
    assert (house.snapshot(MIA)["points"], len(house.cards())) == (10, 3)
    house.require_proof()


def test_a_recipe_converts_once_the_threshold_is_reached(database_url: str, tmp_path: Path) -> None:
    """S000-42: loyalty points become credit; what is above the threshold is kept."""
    with a_house(tmp_path, database_url, POINTS_TO_CARD) as house:
        for count in (60, 60, 60):
            house.tell(type="points.earned", email=MIA, points=count, id=f"p-{count}")
            house.clock.forward(timedelta(minutes=1))

        [card] = house.cards()
        assert (card["balance"], card["origin"]["recipe"]) == (500, "points-to-card")
        assert house.snapshot(MIA)["points"] == 80
        house.require_proof()
