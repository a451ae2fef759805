"""Delivering, as every deed that delivers asks for it."""

from datetime import timedelta

import pytest

from connector.domain.errors import DeliveryNotConfigured, ValidationFailed
from connector.operations import delivering
from connector.operations.kit import Desk
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox, put, row_of, told
from tests.kit.house import BY_HAND, House

DAY = timedelta(days=1)
MIA = {"email": "mia@example.com"}


def way(house: House, asked: str | None, recipient: dict[str, str] | None, at: object = None) -> str:
    def work(tx: Writing) -> str:
        desk: Desk = house.gateway.parts.desk(tx, house.account, BY_HAND)
        return delivering.require_way(desk, asked, at, recipient=recipient, contact=None)  # type: ignore[arg-type]

    return house.gateway.parts.writer.run(work)


def test_no_delivery_needs_nothing_and_has_no_moment(shop: House) -> None:
    assert way(shop, "none", None) == "none"
    with pytest.raises(ValidationFailed, match="deliver_at needs delivery beside it: email or sms"):
        way(shop, "none", None, at=THE_MOMENT + DAY)


def test_outside_a_sandbox_no_way_leads_anywhere(shop: House) -> None:
    for asked in ("email", "sms", None):
        with pytest.raises(DeliveryNotConfigured):
            way(shop, asked, {"email": "mia@example.com", "phone": "+12125550100"})
    with pytest.raises(ValidationFailed, match="is one of email, sms"):
        way(shop, "pigeon", MIA)


def test_in_a_sandbox_the_way_has_its_address(shop: House) -> None:
    make_sandbox(shop)

    assert way(shop, "email", MIA) == way(shop, None, MIA) == "email"
    for recipient in (None, {}, {"email": ""}, {"email": "mia"}, {"name": "Mia"}):
        with pytest.raises(ValidationFailed):
            way(shop, "email", recipient)
    with pytest.raises(ValidationFailed, match=r"recipient\.phone is nothing"):
        way(shop, "sms", {"phone": "7"})


@pytest.mark.parametrize(
    ("values", "types"),
    [
        ({"delivery": "none"}, []),
        ({"delivery": "email"}, ["gift_card.delivered"]),
        ({"delivery": "email", "deliver_at": THE_MOMENT}, ["gift_card.delivered"]),
        ({"delivery": "email", "deliver_at": THE_MOMENT + DAY}, []),
    ],
)
def test_a_card_is_sent_once_its_moment_has_come(
    shop: House, values: dict[str, object], types: list[str]
) -> None:
    make_sandbox(shop)
    card = shop.issue(2500, recipient=MIA)["id"]
    put(shop, card, **values)

    def work(tx: Writing) -> None:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        delivering.settle(desk, desk.require_card(card))

    shop.gateway.parts.writer.run(work)

    assert told(shop, card) == types
    assert (row_of(shop, card)["delivered_at"] is not None) == bool(types)
