"""Whole cards as deeds: only what differs is done. What its client sees is tested at its door."""

from dataclasses import replace

from connector.flows.dialect_cards import Seen
from connector.flows.dialect_giftcards import Sheet, is_shown, status_of
from tests.kit.clock import THE_MOMENT
from tests.kit.house import BY_HAND, House

SHEET = Sheet(None, True, 2500, 2500, 9, THE_MOMENT, "Active")


def put(house: House, sheet: Sheet) -> Seen:
    kept: list[Seen] = []

    def show(seen: Seen) -> dict[str, str]:
        kept.append(seen)
        return {"uuid": seen.uuid}

    house.gateway.dialects.put_gift_card(house.account, BY_HAND, sheet, show, None)
    return kept[0]


def test_the_same_sheet_again_does_no_deed(house: House) -> None:
    made = put(house, SHEET)
    before = house.rows("messages"), house.rows("transfers")

    again = put(house, replace(SHEET, uuid=made.uuid))

    assert (house.rows("messages"), house.rows("transfers")) == before
    assert (again.card.balance, again.uuid, again.owner) == (2500, made.uuid, 9)
    assert [row["act"] for row in house.rows("audit")] == ["issue", "update"]


def test_everything_at_once_is_a_deed_each(house: House) -> None:
    made = put(house, SHEET)

    done = put(house, replace(SHEET, uuid=made.uuid, balance=100, client=8, status="Deleted"))

    assert (status_of(done), is_shown(done), done.card.balance, done.owner) == ("Deleted", False, 100, 8)
    assert [row["act"] for row in house.rows("audit")] == ["issue", "update", "set_balance", "remove"]
    assert [row["type"] for row in house.rows("messages")] == [
        *("gift_card.issued", "gift_card.updated", "gift_card.adjusted", "gift_card.removed")
    ]
    house.require_proof()
