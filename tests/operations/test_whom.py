"""Whom a door means: by whatever name, never somebody else, and nothing unreadable is passed over."""

from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import ConnectorError, ValidationFailed
from connector.operations.check_balance import CheckBalance
from connector.operations.registry import operations
from connector.operations.whom import read_described, require_addresses
from tests.kit.deeds import do
from tests.kit.house import House

PHONE = "+12125550147"


def has(shop: House, whom: Any) -> str:
    """What somebody has, by the name that a door gives."""
    operation = operations()["check_balance"]
    told = shop.gateway.perform(shop.account, Actor("api", {}), operation, CheckBalance(contact_id=whom))
    return str(told.body["balance"])


@pytest.mark.parametrize("named", ["(212) 555-0147", "212-555-0147", "2125550147", PHONE, "1 212 555 0147"])
def test_somebody_is_found_by_their_number_however_it_is_written(house: House, named: str) -> None:
    house.issue(2500, contact={"phone": "(212) 555-0147"})

    assert has(house, named) == "25.00"
    assert has(house, {"phone": named}) == "25.00"


@pytest.mark.parametrize("named", ["mia@example.com", "Mia@Example.com", "c-7", "mia@shop"])
def test_somebody_is_found_by_e_mail_and_by_their_id(shop: House, named: str) -> None:
    """An id may look like an address that is none."""
    shop.issue(1000, contact={"email": "mia@example.com", "external_id": "c-7"})
    shop.issue(1000, contact={"external_id": "mia@shop"})

    assert has(shop, named) == "10.00"


def test_a_text_that_two_people_have_names_neither(shop: House) -> None:
    """A number without country code is one person's phone and another's id: money must find the right one."""
    shop.issue(100, contact={"external_id": "6465550123"})
    shop.issue(200, contact={"phone": "+16465550123"})

    with pytest.raises(ValidationFailed, match="external id of one contact and the phone of one") as told:
        has(shop, "6465550123")

    assert [one.field for one in told.value.errors] == ["contact_id"]
    assert has(shop, {"external_id": "6465550123"}) == "1.00"
    assert has(shop, {"phone": "6465550123"}) == "2.00"
    assert has(shop, "+16465550123") == "2.00"


def test_a_text_that_one_person_has_twice_names_them(shop: House) -> None:
    shop.issue(100, contact={"external_id": "6465550123", "phone": "+16465550123"})

    assert has(shop, "6465550123") == "1.00"


def test_what_is_called_an_e_mail_finds_nobody_by_another_name(shop: House) -> None:
    shop.issue(100, contact={"external_id": "6465550123"})

    with pytest.raises(ValidationFailed, match="email is no e-mail address"):
        has(shop, {"email": "6465550123"})


WRONG = [
    ({"email": "bad@@x"}, "email"),
    ({"email": "mia"}, "email"),
    ({"email": ["mia@example.com"]}, "email"),
    ({"phone": "555"}, "phone"),
    ({"phone": "123"}, "phone"),
    ({"phone": {}}, "phone"),
    ({"external_id": "x" * 256}, "external_id"),
    ({"external_id": True}, "external_id"),
    ({"first_name": 5}, "first_name"),
    ({"tags": 5}, "tags"),
    ({"tags": [1]}, "tags"),
    ({"emial": "mia@example.com"}, "emial"),
]
GOOD = {"email": "mia@example.com", "phone": PHONE, "external_id": "c-7"}


@pytest.mark.parametrize(("told", "field"), WRONG)
def test_what_cannot_be_read_is_refused_though_there_is_another_name(
    shop: House, told: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_described(shop.account, {**GOOD, **told})

    assert [one.field for one in refused.value.errors] == [f"contact.{field}"]


@pytest.mark.parametrize("nothing", [None, "", " ", "null", "N/A"])
def test_what_says_nothing_is_left_out(shop: House, nothing: object) -> None:
    person = read_described(shop.account, {"email": "mia@example.com", "phone": nothing, "name": None})

    assert (person.email, person.phone) == ("mia@example.com", None)
    require_addresses(shop.account, {"email": nothing, "phone": nothing}, "recipient")
    require_addresses(shop.account, None, "recipient")


DOORS: list[tuple[str, dict[str, Any], str]] = [
    ("issue", {"amount": 100, "contact": {"phone": "555", "email": "mia@example.com"}}, "contact.phone"),
    ("issue", {"amount": 100, "contact": {"phone": "123"}}, "contact.phone"),
    ("issue", {"amount": 100, "recipient": {"email": "bad"}}, "recipient.email"),
    ("issue", {"amount": 100, "recipient": {"phone": "555"}}, "recipient.phone"),
    ("add_points", {"points": 5, "contact": {"email": "bad@@x", "phone": PHONE}}, "contact.email"),
    ("spend_points", {"points": 5, "contact_id": {"email": "bad@@x", "phone": PHONE}}, "email"),
    ("check_balance", {"contact_id": {"email": "bad@@x", "phone": PHONE}}, "email"),
]


@pytest.mark.parametrize(("name", "given", "field"), DOORS)
def test_a_bad_address_is_refused_by_every_deed_and_nothing_is_done(
    shop: House, name: str, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ConnectorError) as told:
        do(shop, name, **given)

    assert [one.field for one in told.value.errors] == [field]
    assert shop.rows("cards") == shop.rows("contacts") == []


def test_a_card_s_recipient_is_changed_to_none_who_cannot_be_reached(shop: House) -> None:
    card = shop.issue(100)["id"]

    with pytest.raises(ValidationFailed, match=r"recipient\.email is no e-mail address"):
        do(shop, "update", card=card, recipient={"email": "bad"})
    assert do(shop, "update", card=card, recipient=None)["recipient"] is None
