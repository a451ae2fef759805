"""What operations share: the desk, commands' fields, and how a card is named."""

from dataclasses import MISSING, dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.contacts import Person
from connector.domain.errors import NotFound, ValidationFailed
from connector.domain.jsontext import loads
from connector.domain.money import MAX_MINOR
from connector.operations.kit import Desk, Field, field_of, require_amount
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.telling import contact_json
from connector.store import contacts
from connector.store.writer import Writing
from tests.kit.house import BY_HAND, House


def at_desk(house: House, deed: Any) -> Any:
    """What `deed(desk)` gives, committed."""

    def work(tx: Writing) -> Any:
        return deed(house.gateway.parts.desk(tx, house.account, BY_HAND))

    return house.gateway.parts.writer.run(work)


@pytest.mark.parametrize("amount", [1, 2500, MAX_MINOR])
def test_an_amount_is_a_whole_number_above_nothing(amount: int) -> None:
    assert require_amount(amount) == amount


@pytest.mark.parametrize("amount", [None, 0, -1, MAX_MINOR + 1])
def test_what_is_no_amount_is_refused_by_the_fields_name(amount: int | None) -> None:
    with pytest.raises(ValidationFailed) as refused:
        require_amount(amount, "balance")

    [error] = refused.value.errors
    assert error.field == "balance"
    assert str(MAX_MINOR) in error.message


def test_a_field_keeps_its_kind_its_help_and_its_default() -> None:
    @dataclass(frozen=True)
    class Tip:
        amount: int = field_of("money", "how much")
        card: str = field_of("card", "which", is_path=True)
        kind: str = field_of("text", "what", default="cash", choices=("cash", "card"), step="how")

    operation = replace(REDEEM, command=Tip)

    assert operation.required == {"amount", "card"}
    assert operation.fields == {
        "amount": Field("money", "how much"),
        "card": Field("card", "which", is_path=True),
        "kind": Field("text", "what", ("cash", "card"), "how"),
    }
    assert field_of("text", "x").default is MISSING


def test_a_card_is_found_by_id_or_code_and_by_nothing_else(shop: House) -> None:
    made = shop.issue(100)
    card, code = made["id"], made["code"]

    for name in (card, code, code.lower(), code.replace("-", "")):
        assert at_desk(shop, lambda desk, name=name: desk.require_card(name)).public_id == card
    for name in ("", card[:-1], card + "0", card.lower(), made["last4"], "%", "*", "gc_%"):
        with pytest.raises(NotFound):
            at_desk(shop, lambda desk, name=name: desk.require_card(name))


def test_somebody_is_named_by_our_id_email_phone_or_external_id(shop: House) -> None:
    person = Person(external_id="crm-7", email="mia@example.com", phone="+14155550113")
    made = at_desk(
        shop, lambda desk: contacts.resolve(desk.tx, shop.account.id, person, "api", desk.now)
    ).public_id

    for name in (made, "Mia@Example.com", "+1 (415) 555-0113", "crm-7"):
        assert at_desk(shop, lambda desk, name=name: desk.find_contact(name)).public_id == made
    for name in ("ct_" + "0" * 26, "noor@example.com", "+14155550114", "crm-8", "", "\x00", "\ud83d"):
        assert at_desk(shop, lambda desk, name=name: desk.find_contact(name)) is None


@pytest.mark.parametrize(
    ("told", "is_found"),
    [
        ({"external_id": "crm-8", "email": "MIA@example.com"}, True),
        ({"email": "noor@example.com", "phone": "(415) 555-0113"}, True),
        ({"external_id": "crm-8", "email": "noor@example.com"}, False),
        ({"first_name": "Mia"}, False),
        ({}, False),
    ],
)
def test_somebody_is_named_by_several_things_of_which_one_finds_them(
    shop: House, told: dict[str, str], is_found: bool
) -> None:
    person = Person(external_id="crm-7", email="mia@example.com", phone="+14155550113")
    at_desk(shop, lambda desk: contacts.resolve(desk.tx, shop.account.id, person, "api", desk.now))

    assert (at_desk(shop, lambda desk: desk.find_contact(told)) is not None) == is_found


def test_another_accounts_people_are_not_found(shop: House) -> None:
    person = Person(email="mia@example.com")
    shop.gateway.parts.writer.run(lambda tx: contacts.resolve(tx, shop.other.id, person, "api", tx.now))

    assert at_desk(shop, lambda desk: desk.find_contact("mia@example.com")) is None


def test_a_contact_is_shown_with_its_id_and_what_is_known(shop: House) -> None:
    person = Person(email="mia@example.com", first_name="Mia", tags=("vip", "new"))
    contact = at_desk(shop, lambda desk: contacts.resolve(desk.tx, shop.account.id, person, "api", desk.now))

    assert contact_json(contact) == {
        "id": contact.public_id,
        "external_id": None,
        "email": "mia@example.com",
        "phone": None,
        "first_name": "Mia",
        "last_name": None,
        "tags": ["new", "vip"],
    }


def test_a_message_is_stored_with_the_deed_and_numbered_by_card(shop: House) -> None:
    card = shop.issue(100)["id"]
    shop.redeem(card, 40)
    shop.redeem(card, 60)

    with shop.gateway.parts.engines.reading() as connection:
        rows = connection.execute(text("SELECT type, sequence, body FROM messages ORDER BY id")).all()

    assert [(row.type, row.sequence) for row in rows] == [
        ("gift_card.issued", 1),
        ("gift_card.redeemed", 2),
        ("gift_card.redeemed", 3),
        ("gift_card.depleted", 4),
    ]
    bodies = [loads(bytes(row.body)) for row in rows]
    assert [body["sequence"] for body in bodies] == [1, 2, 3, 4]
    assert [body["data"]["gift_card"]["balance"] for body in bodies] == [100, 60, 0, 0]
    assert bodies[2]["data"]["transaction"] == bodies[3]["data"]["transaction"]


def test_who_listens_is_woken_after_the_commit_and_nobody_else(shop: House) -> None:
    woken: list[str] = []

    def tell(tx: Writing) -> None:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        Desk(tx, desk.account, desk.actor, desk.ring, wake=lambda: woken.append("up")).tell(
            "custom.hello", None, {}
        )
        assert woken == []

    shop.gateway.parts.writer.run(tell)
    assert woken == [], "no endpoint wants it"

    shop.gateway.create_endpoint(shop.account, url="http://127.0.0.1:9999/hook")
    shop.gateway.parts.writer.run(tell)
    assert woken == ["up"]
