"""The line of an invoice that a card was sold or redeemed on."""

from typing import Any

import pytest

from connector.domain.errors import ValidationFailed
from tests.kit.deeds import do, last_told
from tests.kit.house import House


def lines(house: House, **asked: Any) -> list[tuple[str, str | None, Any]]:
    """What lists of transactions say: type, card, invoice; oldest first."""
    found = house.gateway.history.list_transactions(house.account, asked).data
    return [(one["type"], one["gift_card_id"], one["invoice"]) for one in reversed(found)]


def test_an_invoices_line_names_the_card_that_it_sold_or_was_paid_with(house: House) -> None:
    """S001-29: told with the deed, in its own transaction; found from either side."""
    sold = house.issue(2500, kind="paid", invoice="INV-7", invoice_line="1")["id"]
    other = house.issue(900, kind="paid", invoice="INV-7", invoice_line="2")["id"]
    do(house, "load", card=other, amount=100, invoice="INV-8")
    paid = house.redeem(sold, 700, invoice="INV-9", invoice_line="till").body["transaction"]

    assert paid["invoice"] == {"id": "INV-9", "line": "till"}
    assert last_told(house, sold)["transaction"] == paid
    assert lines(house, invoice="INV-7") == [
        ("issue", sold, {"id": "INV-7", "line": "1"}),
        ("issue", other, {"id": "INV-7", "line": "2"}),
    ]
    assert lines(house, invoice="INV-7", invoice_line="2", gift_card_id=other) == [
        ("issue", other, {"id": "INV-7", "line": "2"})
    ]
    assert lines(house, invoice="INV-7", type="redeem") == lines(house, invoice="INV-0") == []
    assert lines(house, gift_card_id=other)[1] == ("load", other, {"id": "INV-8", "line": None})
    assert len(lines(house)) == 4
    house.require_proof()


def test_who_loads_for_a_person_has_the_new_card_on_the_invoice(shop: House) -> None:
    mia = shop.issue(100, kind="promotional", contact={"email": "mia@example.com"})["contact_id"]

    told = do(shop, "load", contact_id=mia, amount=500, kind="paid", invoice="INV-3")

    assert told["transaction"]["invoice"] == {"id": "INV-3", "line": None}


def test_a_trial_says_it_and_keeps_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]

    told = shop.redeem(card, 100, invoice="INV-1", simulate=True).body["transaction"]

    assert told["invoice"] == {"id": "INV-1", "line": None}
    assert shop.rows("invoice_lines") == []


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"invoice": ""}, "invoice"),
        ({"invoice": " "}, "invoice"),
        ({"invoice": "x" * 101}, "invoice"),
        ({"invoice": "INV-1", "invoice_line": ""}, "invoice_line"),
        ({"invoice_line": "1"}, "invoice_line"),
    ],
)
def test_what_is_no_line_is_refused_and_moves_nothing(shop: House, told: dict[str, Any], field: str) -> None:
    card = shop.issue(2500)["id"]

    for deed in (shop.issue, lambda amount, **more: shop.redeem(card, amount, **more)):
        with pytest.raises(ValidationFailed) as refusal:
            deed(100, **told)
        assert [one.field for one in refusal.value.errors] == [field]

    assert len(shop.rows("transfers")) == 1


def test_a_payment_cards_number_is_kept_here_neither(shop: House) -> None:
    shop.issue(100, invoice="4242 4242 4242 4242")

    assert "4242 4242 4242 4242" not in shop.everything()
