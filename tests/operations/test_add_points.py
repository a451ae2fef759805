"""Add points: by our id, e-mail, phone or external id, whoever is new being made."""

from typing import Any

import pytest

from connector.domain.errors import CapReached, NotFound, ValidationFailed
from connector.operations import points
from connector.operations.add_points import OPERATION
from tests.kit.deeds import do
from tests.kit.house import BY_HAND, House

MIA = {"external_id": "7", "email": "mia@example.com", "phone": "+14155550113"}


def test_somebody_new_is_made_and_found_again_by_every_name(house: House) -> None:
    made = do(house, "add_points", points=5, contact={**MIA, "first_name": "Mia"})

    for name in (made["contact_id"], *MIA.values()):
        again = do(house, "add_points", points=5, contact_id=name)
        assert again["contact_id"] == made["contact_id"]
    assert again["balance"] == 25
    assert len(house.rows("contacts")) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"contact_id": "mia@example.com", "contact": MIA},
        {"contact": {"pet": "Rex"}},
        {"contact": {}},
        {"contact": {"email": "no address"}},
        {},
    ],
)
def test_one_person_must_be_named_in_one_way(shop: House, asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        do(shop, "add_points", points=5, **asked)

    assert shop.rows("contacts") == []


def test_who_is_named_and_unknown_is_not_made(shop: House) -> None:
    for name in ("noor@example.com", "+14155550199", "99", "ct_" + "0" * 26):
        with pytest.raises(NotFound):
            do(shop, "add_points", points=5, contact_id=name)


def test_a_contact_has_a_most(shop: House) -> None:
    for _ in range(points.MAX_SUM // points.MAX_POINTS):
        do(shop, "add_points", points=points.MAX_POINTS, contact=MIA)

    with pytest.raises(CapReached):
        do(shop, "add_points", points=1, contact=MIA)


def test_the_deed_is_the_contacts_scope_and_changes_no_card(shop: House) -> None:
    answered = shop.gateway.perform(
        shop.account, BY_HAND, OPERATION, OPERATION.command(points=5, contact=MIA)
    )

    assert (OPERATION.scope, answered.status, shop.cards()) == ("contacts", 200, [])
