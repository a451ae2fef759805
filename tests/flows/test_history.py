"""What has happened, as doors ask for it: of one account, and without changing anything."""

import pytest

from connector.domain.errors import NotFound
from tests.kit.deeds import do
from tests.kit.house import House


def test_a_redemption_is_found_in_every_view_and_looking_changes_nothing(house: House) -> None:
    card = house.issue(2500)["id"]
    line = house.redeem(card, 700).body["transaction"]["id"]
    hold = do(house, "hold", card=card, amount=100)["hold"]["id"]
    before, history = house.everything(), house.gateway.history

    assert history.transaction(house.account, line)["gift_card_id"] == card
    assert history.list_transactions(house.account, {}).data[0]["id"] == line
    assert history.card_transactions(house.account, card, {}).data[0]["id"] == line
    assert history.hold(house.account, hold)["gift_card_id"] == card
    assert [one["id"] for one in history.holds_of(house.account, card, {}).data] == [hold]
    trail = history.audit_of(house.account, card, {}).data
    assert [one["act"] for one in trail] == ["hold", "redeem", "issue"]
    assert history.report(house.account, "liability", {}).data
    assert house.everything() == before


def test_what_has_happened_elsewhere_is_not_found(house: House) -> None:
    card = house.issue(2500)["id"]
    line = house.redeem(card, 700).body["transaction"]["id"]

    with pytest.raises(NotFound):
        house.gateway.history.transaction(house.other, line)
    with pytest.raises(NotFound):
        house.gateway.history.audit_of(house.other, card, {})
    assert house.gateway.history.list_transactions(house.other, {}).data == []
