"""Deliver: a sandbox simulates it, now or later; elsewhere it is refused rather than forgotten."""

from datetime import timedelta

import pytest

from connector.domain.errors import CardDisabled, CardExpired, DeliveryNotConfigured, ValidationFailed
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, last_told, make_sandbox, row_of, told, trail
from tests.kit.house import House

DAY = timedelta(days=1)
MIA = {"email": "mia@example.com"}


@pytest.fixture
def sandbox(shop: House) -> House:
    make_sandbox(shop)
    return shop


def test_in_a_sandbox_it_is_simulated_and_says_so(house: House) -> None:
    """S004-45."""
    make_sandbox(house)
    card = house.issue(2500, recipient=MIA)["id"]

    shown = do(house, "deliver", card=card, via="email")["gift_card"]

    assert shown["id"] == card
    assert told(house, card) == ["gift_card.delivered"]
    [kept] = house.rows("notifications")
    delivery = {"via": "email", "simulated": True, "notification_id": kept["public_id"]}
    assert last_told(house, card)["delivery"] == delivery and kept["state"] == "simulated"
    assert row_of(house, card)["delivered_at"] == THE_MOMENT
    assert trail(house, card) == ["deliver"]
    house.require_proof()


def test_elsewhere_it_is_refused(shop: House) -> None:
    card = shop.issue(2500, recipient=MIA)["id"]

    with pytest.raises(DeliveryNotConfigured):
        do(shop, "deliver", card=card, via="email")

    assert told(shop, card) == []
    assert row_of(shop, card)["delivery"] == "none"


def test_left_to_us_it_goes_where_there_is_an_address(sandbox: House) -> None:
    by_mail = sandbox.issue(2500, recipient={"email": "mia@example.com", "phone": "+12125550100"})["id"]
    by_phone = sandbox.issue(2500, recipient={"phone": "+12125550100"})["id"]
    to_contact = sandbox.issue(2500, recipient={"name": "Mia"}, contact=MIA)["id"]

    for card in (by_mail, by_phone, to_contact):
        do(sandbox, "deliver", card=card)

    assert [row_of(sandbox, card)["delivery"] for card in (by_mail, by_phone, to_contact)] == [
        "email",
        "sms",
        "email",
    ]


def test_without_an_address_it_goes_nowhere(sandbox: House) -> None:
    nobodys, mias = sandbox.issue(2500)["id"], sandbox.issue(2500, recipient=MIA)["id"]

    with pytest.raises(ValidationFailed, match="recipient needs"):
        do(sandbox, "deliver", card=nobodys)
    with pytest.raises(ValidationFailed, match=r"via needs recipient\.phone"):
        do(sandbox, "deliver", card=mias, via="sms")
    for way in ("pigeon", "none", ""):
        with pytest.raises(ValidationFailed):
            do(sandbox, "deliver", card=mias, via=way)


def test_later_is_later(sandbox: House) -> None:
    card = sandbox.issue(2500, recipient=MIA)["id"]

    do(sandbox, "deliver", card=card, at=THE_MOMENT + DAY)
    assert sandbox.gateway.tick() == 0
    sandbox.clock.forward(DAY)
    sandbox.gateway.tick()
    sandbox.gateway.tick()

    assert told(sandbox, card) == ["gift_card.updated", "gift_card.delivered"]
    assert row_of(sandbox, card)["delivered_at"] == THE_MOMENT + DAY
    assert trail(sandbox, card) == ["deliver", "deliver"]


def test_a_moment_that_has_passed_is_now(sandbox: House) -> None:
    card = sandbox.issue(2500, recipient=MIA)["id"]

    do(sandbox, "deliver", card=card, at=THE_MOMENT - DAY)

    assert told(sandbox, card) == ["gift_card.delivered"]


def test_it_can_be_sent_again(sandbox: House) -> None:
    card = sandbox.issue(2500, recipient=MIA)["id"]

    do(sandbox, "deliver", card=card)
    do(sandbox, "deliver", card=card)

    assert told(sandbox, card) == ["gift_card.delivered"] * 2


def test_a_card_that_ended_or_will_have_by_then_is_not_sent(sandbox: House) -> None:
    card = sandbox.issue(2500, recipient=MIA, expires_at=THE_MOMENT + DAY)["id"]
    with pytest.raises(ValidationFailed, match="before the card's expires_at"):
        do(sandbox, "deliver", card=card, at=THE_MOMENT + DAY)
    do(sandbox, "disable", card=card)
    with pytest.raises(CardDisabled):
        do(sandbox, "deliver", card=card)
    do(sandbox, "enable", card=card)
    sandbox.clock.forward(DAY)

    with pytest.raises(CardExpired):
        do(sandbox, "deliver", card=card)
