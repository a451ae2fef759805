"""A card by its link: shown to whoever has it, by the account's own clock; web tests the page itself."""

from datetime import timedelta

from connector.flows.card_pages import SHOWN_AFTER_END
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox, row_of, told
from tests.kit.house import House


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
    nobodys = shop.gateway.parts.links.token("gc_" + "0" * 26, shop.clock.now())

    assert shop.gateway.card_pages.shown(nobodys) is None and not shop.gateway.card_pages.opened(nobodys)
