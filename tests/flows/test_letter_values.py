"""What a letter says of a business, a person and a card."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from connector.flows import letter_values
from connector.store import notifications, tables
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.kit.house import ACCOUNT, House


def values(house: House, **fields: Any) -> dict[str, Any]:
    """Of the notification by which a card like this is delivered."""
    make_sandbox(house)
    house.issue(2500, delivery="email", **fields)
    parts = house.gateway.parts
    with parts.engines.reading() as connection:
        [one] = notifications.page(connection, parts.ring, house.account.id, {}, before=None, limit=5)
        about = letter_values.about(parts, connection, house.account, one)
        return letter_values.values_of(parts, connection, about, one)


def test_a_card_in_words(house: House) -> None:
    found = values(
        house,
        recipient={"name": "Mia Meyer", "email": "mia@example.com"},
        expires_at=THE_MOMENT + timedelta(days=30),
        sender={"name": "Bob"},
        message="Enjoy",
    )

    assert found["card"] | {"code": "", "link": "", "last4": ""} == {
        "amount": "$25.00",
        "balance": "$25.00",
        "currency": "USD",
        "code": "",
        "last4": "",
        "link": "",
        "expires": "20 December 2026",
        "validity": "Valid until 20 December 2026.",
        "message": "Enjoy",
        "sender": "Bob",
    }
    assert found["recipient"] == {"name": "Mia Meyer", "first_name": "Mia", "balance": ""}
    assert found["account"]["name"] == "Glow Spa" and found["account"]["color"] == letter_values.COLOR


def test_a_contacts_credit_is_what_can_be_spent_in_each_currency(shop: House) -> None:
    ada = {"email": "ada@example.com", "first_name": "Ada"}
    shop.issue(1000, currency="EUR", contact=ada)
    found = values(shop, contact=ada)

    assert found["recipient"] == {"name": "Ada", "first_name": "Ada", "balance": "$25.00, €10.00"}
    assert found["card"]["validity"] == "It does not expire."


@pytest.mark.parametrize("name", ["Mia\r\nBcc: eve@example.com", "  Mia \u202e ", "M" * 300])
def test_names_are_one_line(shop: House, name: str) -> None:
    found = values(shop, recipient={"name": name, "email": "mia@example.com"})

    assert len(found["recipient"]["name"]) <= letter_values.MAX_NAME
    assert not set(found["recipient"]["name"]) & set("\r\n\u202e")


def test_a_business_has_its_colour_and_picture(shop: House) -> None:
    brand = {"color": "#123456", "logo_url": "https://glow.example.com/logo.png"}
    change = update(tables.accounts).where(tables.accounts.c.slug == ACCOUNT).values(brand=brand)
    shop.gateway.parts.writer.run(lambda tx: tx.execute(change) and None)

    found = values(shop, recipient={"email": "mia@example.com"})
    assert {**found["account"], **brand} == found["account"]
