"""One call of a dialect is one transaction: all of its deeds, or none."""

from dataclasses import replace

import pytest

from connector.domain.errors import ConnectorError
from connector.flows.perform import Idempotency
from tests.flows.test_dialect_giftcards import SHEET
from tests.kit.house import BY_HAND, House


def test_what_is_refused_half_way_was_never_begun(house: House) -> None:
    """The card would be issued, its person made; then its balance is refused."""
    for key in (None, Idempotency("k", "POST", "/giftcards", b"")):
        with pytest.raises(ConnectorError):
            house.gateway.dialects.put_gift_card(
                house.account, BY_HAND, replace(SHEET, balance=-1), lambda _: {}, key
            )

    for table in ("cards", "contacts", "transfers", "messages", "audit", "aliases"):
        assert house.rows(table) == []


def test_the_same_key_gets_the_first_answer(house: House) -> None:
    key = Idempotency("k", "POST", "/giftcards", b"")
    told = [
        house.gateway.dialects.put_gift_card(
            house.account, BY_HAND, SHEET, lambda seen: {"uuid": seen.uuid}, key
        )
        for _ in range(2)
    ]

    assert told[0].body == told[1].body
    assert [one.is_replayed for one in told] == [False, True]
    assert len(house.rows("cards")) == 1
