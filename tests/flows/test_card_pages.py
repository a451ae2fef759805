"""A card by its link: shown to whoever has it, by the account's own clock; web tests the page itself."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import CardDisabled
from connector.flows.card_pages import SHOWN_AFTER_END
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, make_sandbox, row_of, told
from tests.kit.house import BY_HAND, House


def token(house: House, card: str) -> str:
    return house.gateway.card_pages.url(house.account, card).rpartition("/")[2]


def test_a_card_that_is_not_usable_yet_says_from_when(shop: House) -> None:
    card = shop.issue(2500, usable_at=THE_MOMENT + timedelta(days=10))
    shown = shop.gateway.card_pages.shown(token(shop, card["id"]))

    assert shown is not None and shown.state == "pending" and shown.code == card["code"]
    assert shown.usable_from == "30 November 2026"


def test_a_sandbox_is_looked_at_by_its_own_clock(house: House) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + timedelta(days=30))["id"]
    link = token(house, card)
    make_sandbox(house, offset=timedelta(days=31))

    shown = house.gateway.card_pages.shown(link)
    assert shown is not None and shown.is_sandbox and (shown.state, shown.code) == ("expired", None)
    assert house.gateway.card_pages.opened(link)
    assert row_of(house, card)["opened_at"] == THE_MOMENT + timedelta(days=31)
    assert told(house, card) == ["gift_card.opened"]
    make_sandbox(house, offset=timedelta(days=30) + SHOWN_AFTER_END)
    assert house.gateway.card_pages.shown(link) is None and not house.gateway.card_pages.opened(link)


def test_a_link_of_nobodys_card_opens_nothing(shop: House) -> None:
    nobodys = shop.gateway.parts.links.token("gc_" + "0" * 26, shop.clock.now(), 0)

    assert shop.gateway.card_pages.shown(nobodys) is None and not shop.gateway.card_pages.opened(nobodys)


def leads(house: House, link: str) -> bool:
    shown, opened = house.gateway.card_pages.shown(link), house.gateway.card_pages.opened(link)
    assert (shown is not None) == opened
    return opened


def test_a_card_that_is_removed_and_restored_has_a_new_link_and_those_before_stay_dead(house: House) -> None:
    """Also one that was made while the card was out of sight."""
    card = house.issue(2500)["id"]
    links = [token(house, card)]
    do(house, "remove", card=card)
    links.append(token(house, card))
    assert not any(leads(house, link) for link in links)

    do(house, "restore", card=card)

    assert not any(leads(house, link) for link in links)
    assert leads(house, token(house, card))
    do(house, "restore", card=card)  # it is there already
    assert leads(house, token(house, card))


def test_a_renewed_link_leads_to_the_card_and_those_before_lead_nowhere(house: House) -> None:
    card, other = house.issue(2500)["id"], house.issue(2500)["id"]
    first, others = token(house, card), token(house, other)
    assert leads(house, first)

    do(house, "renew_link", card=card, reason="sent to the wrong person")

    second = token(house, card)
    assert (leads(house, first), leads(house, second), leads(house, others)) == (False, True, True)
    do(house, "renew_link", card=card)
    assert [leads(house, link) for link in (first, second, token(house, card))] == [False, False, True]


@pytest.mark.parametrize(("deed", "how"), [("remove", {}), ("disable", {"permanent": True})])
def test_no_link_leads_to_a_card_that_is_gone_for_good(shop: House, deed: str, how: dict[str, Any]) -> None:
    card = shop.issue(2500)["id"]
    link = token(shop, card)
    do(shop, deed, card=card, **how)
    assert not leads(shop, link)
    with pytest.raises(CardDisabled):
        do(shop, "renew_link", card=card)
    assert not leads(shop, token(shop, card))


def test_a_card_that_is_stopped_for_now_still_says_so(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "disable", card=card)
    shown = shop.gateway.card_pages.shown(token(shop, card))
    assert shown is not None and (shown.state, shown.code) == ("disabled", None)


def test_no_link_leads_to_a_card_of_somebody_who_was_erased(house: House) -> None:
    """Nor to another's that was sent to them, whose owner gets a new one."""
    ada = {"contact": {"email": "ada@example.com"}}
    own = house.issue(2500, **ada)["id"]
    sent = house.issue(2500, recipient={"email": "ada@example.com"})["id"]
    nobodys = house.issue(2500)["id"]
    links = [token(house, card) for card in (own, sent, nobodys)]
    [contact] = house.rows("contacts")

    house.gateway.people.erase(house.account, BY_HAND, contact["public_id"])

    assert [leads(house, link) for link in links] == [False, False, True]
    assert leads(house, token(house, sent))
