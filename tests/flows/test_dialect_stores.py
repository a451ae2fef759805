"""Seed 003's calls as deeds: all that is written is done in one transaction, or nothing is."""

import pytest

from connector.domain.errors import CodeTaken, ConnectorError, UnknownCode
from connector.flows.dialect_cards import Seen
from connector.flows.dialect_stores import Draft, Wanted
from tests.kit.house import BY_HAND, House

ANY = Wanted(limit=100)


def made(house: House, code: str) -> Seen:
    kept: list[Seen] = []

    def show(seen: Seen) -> dict[str, str]:
        kept.append(seen)
        return {"id": str(seen.flake)}

    house.gateway.dialects.make_store_card(
        house.account, BY_HAND, Draft(code, 500, is_enabled=False), show, None, shows_codes=True
    )
    return kept[0]


def test_what_is_refused_last_undoes_what_was_done_first(house: House) -> None:
    card = made(house, "GIFT-100")
    made(house, "GIFT-200")
    before = house.rows("audit"), house.rows("messages")

    for written in (
        {"enabled": True, "code": "gift 200"},
        {"enabled": True, "code": "GIFT-300", "balance": -1},
    ):
        with pytest.raises(ConnectorError):
            house.gateway.dialects.change_store_card(
                house.account, BY_HAND, card.flake, written, lambda _: {}, None, shows_codes=True
            )

    assert (house.rows("audit"), house.rows("messages")) == before
    [again] = house.gateway.dialects.store_cards_by_code(
        house.account, BY_HAND, "gift100", ANY, shows_codes=True
    )
    assert (again.code, again.state) == ("GIFT-100", "disabled")


def test_codes_are_opened_only_for_who_is_shown_them(house: House) -> None:
    card = made(house, "GIFT-100")
    dialects = house.gateway.dialects

    hidden = dialects.store_cards(house.account, BY_HAND, ANY, shows_codes=False)
    assert [one.code for one in hidden] == [None]
    assert dialects.store_card(house.account, BY_HAND, card.flake, shows_codes=False).code is None
    assert [row["act"] for row in house.rows("audit")] == ["issue", "disable", "reveal"]
    with pytest.raises(UnknownCode):
        dialects.store_cards_by_code(house.account, BY_HAND, "NOBODY-1", ANY, shows_codes=True)
    with pytest.raises(CodeTaken):
        made(house, "gift-100")


def test_a_card_in_another_currency_is_in_no_list_and_under_no_id(house: House) -> None:
    house.issue(900, currency="EUR", code="EURO-100")
    dialects = house.gateway.dialects

    assert dialects.store_cards(house.account, BY_HAND, ANY, shows_codes=True) == []
    assert dialects.store_cards_by_code(house.account, BY_HAND, "EURO-100", ANY, shows_codes=True) == []
