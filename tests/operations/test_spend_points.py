"""Spend points: exactly what is there, and not one more."""

import pytest

from connector.domain.errors import InsufficientPoints, ValidationFailed
from tests.kit.deeds import do
from tests.kit.house import House

MIA = "mia@example.com"


def test_all_that_there_is_can_be_spent_and_then_nothing(house: House) -> None:
    do(house, "add_points", points=50, contact={"email": MIA})
    with pytest.raises(InsufficientPoints):
        do(house, "spend_points", points=51, contact_id=MIA)

    assert do(house, "spend_points", points=50, contact_id=MIA)["balance"] == 0

    with pytest.raises(InsufficientPoints):
        do(house, "spend_points", points=1, contact_id=MIA)
    assert len(house.rows("facts")) == 2


def test_who_never_earned_any_spends_none(shop: House) -> None:
    shop.issue(1000, contact={"email": MIA})

    with pytest.raises(InsufficientPoints) as refused:
        do(shop, "spend_points", points=1, contact_id=MIA)

    assert "has 0 points, 1 asked" in refused.value.detail


def test_somebody_must_be_named(shop: House) -> None:
    with pytest.raises(ValidationFailed) as refused:
        do(shop, "spend_points", points=1)

    assert [one.field for one in refused.value.errors] == ["contact_id"]
