"""An invoice's line that is told after the deed, or mended."""

import pytest

from connector.domain.errors import NotFound
from tests.kit.house import BY_HAND, House


def test_the_last_word_counts_and_each_is_in_the_trail(house: House) -> None:
    """S001-29: also of a card that was sold by an API that knows no invoices."""
    card = house.issue(2500, kind="paid")["id"]
    [line] = house.gateway.history.list_transactions(house.account, {}).data

    def told(**said: str | None) -> object:
        return house.gateway.link_invoice(house.account, BY_HAND, line["id"], said).body["invoice"]

    assert told(invoice="INV-1", invoice_line="1") == {"id": "INV-1", "line": "1"}
    assert told(invoice="INV-2") == told(invoice="INV-2") == {"id": "INV-2", "line": None}
    assert told(invoice=None) is None

    trail = [row["details"]["invoice"] for row in house.rows("audit") if row["act"] == "link_invoice"]
    assert trail == [{"id": "INV-1", "line": "1"}, {"id": "INV-2", "line": None}, None]
    assert house.rows("invoice_lines") == []
    assert house.gateway.history.transaction(house.account, line["id"]) == line
    assert house.balance(card) == 2500
    house.require_proof()


def test_nobody_says_it_of_another_accounts_transaction(house: House) -> None:
    house.issue(2500)
    [line] = house.rows("transfers")

    for account, name in ((house.other, line["public_id"]), (house.account, "tr_" + "0" * 26)):
        with pytest.raises(NotFound):
            house.gateway.link_invoice(account, BY_HAND, name, {"invoice": "INV-1"})
    assert house.rows("invoice_lines") == []
