"""Issue: a card with value, its code shown once, and all that may be wrong with the wish for one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.cards import KINDS
from connector.domain.errors import CapReached, CodeTaken, ConnectorError, NotFound, ValidationFailed
from connector.domain.money import MAX_MINOR
from connector.operations.issue import OPERATION, Issue
from connector.operations.kit import Caps
from connector.store import cards
from tests.kit.clock import THE_MOMENT
from tests.kit.house import BY_HAND, House

LATER = THE_MOMENT + timedelta(days=30)
BEFORE = THE_MOMENT - timedelta(seconds=1)


def count(shop: House, table: str) -> int:
    with shop.gateway.parts.engines.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def first_line(shop: House, card: str) -> Any:
    with shop.gateway.parts.engines.reading() as connection:
        wanted = text(
            "SELECT t.* FROM transfers t JOIN cards c ON c.id = t.card_id WHERE c.public_id = :card"
        )
        return connection.execute(wanted, {"card": card}).mappings().one()


def test_a_card_is_made_and_its_code_is_shown_this_once(house: House) -> None:
    made = house.issue(2500, message="Enjoy", note="regular", metadata={"order": "7"})

    assert made["code"].replace("-", "")[-4:] == made["last4"]
    assert (made["balance"], made["initial_amount"], made["currency"]) == (2500, 2500, "USD")
    assert (made["state"], made["kind"], made["source"]) == ("active", "promotional", "api")
    assert (made["message"], made["note"], made["metadata"]) == ("Enjoy", "regular", {"order": "7"})
    [shown] = house.cards()
    assert "code" not in shown
    assert shown == {key: value for key, value in made.items() if key != "code"}
    house.require_proof()


def test_the_code_is_nowhere_in_the_database_in_clear(shop: House) -> None:
    code = shop.issue(2500)["code"]

    with shop.gateway.parts.engines.reading() as connection:
        dump = "\n".join(connection.connection.iterdump())

    assert code not in dump
    assert code.replace("-", "").lower() not in dump.lower()


def test_the_code_can_be_shown_again_to_who_may_see_it(shop: House) -> None:
    made = shop.issue(2500)

    with shop.gateway.parts.engines.reading() as connection:
        card = cards.find(connection, shop.account.id, made["id"])
        assert card is not None
        assert cards.open_code(connection, shop.gateway.parts.ring, card) == made["code"]


@pytest.mark.parametrize("kind", KINDS)
def test_who_gives_the_value_decides_where_it_comes_from(shop: House, kind: str) -> None:
    card = shop.issue(2500, kind=kind)["id"]

    assert first_line(shop, card)["debit"] == {"promotional": "promo:api", "paid": "funding:-"}[kind]


@pytest.mark.parametrize("amount", [1, 2500, MAX_MINOR])
def test_any_lawful_amount_is_kept_exactly(shop: House, amount: int) -> None:
    assert shop.balance(shop.issue(amount)["id"]) == amount
    shop.require_proof()


@pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "KWD"])
def test_a_card_has_the_currency_that_was_asked_for(shop: House, currency: str) -> None:
    assert shop.issue(100, currency=currency)["currency"] == currency


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError], str | None]] = [
    ("nothing", {"amount": 0}, ValidationFailed, "amount"),
    ("less than nothing", {"amount": -1}, ValidationFailed, "amount"),
    ("too much", {"amount": MAX_MINOR + 1}, ValidationFailed, "amount"),
    ("a truth for an amount", {"amount": True}, ValidationFailed, None),
    ("no currency of this world", {"currency": "XXX"}, ValidationFailed, None),
    ("a currency in small letters", {"currency": "usd"}, ValidationFailed, None),
    ("a kind that there is not", {"kind": "stolen"}, ValidationFailed, "kind"),
    ("an end in the past", {"expires_at": BEFORE}, ValidationFailed, "expires_at"),
    ("an end now", {"expires_at": THE_MOMENT}, ValidationFailed, "expires_at"),
    ("usable only after its end", {"usable_at": LATER, "expires_at": LATER}, ValidationFailed, "usable_at"),
    ("a code too short", {"code": "12345"}, ValidationFailed, None),
    ("a code too long", {"code": "A" * 65}, ValidationFailed, None),
    ("a code of strange signs", {"code": "GIFT_CARD_1"}, ValidationFailed, None),
    ("a payment card's number", {"code": "4242 4242 4242 4242"}, ValidationFailed, None),
    ("two persons", {"contact_id": "ct_1", "contact": {"email": "a@b.c"}}, ValidationFailed, "contact"),
    ("a person without a name", {"contact": {"first_name": "Mia"}}, ValidationFailed, "contact"),
    ("an unknown field of a person", {"contact": {"shoe": 43}}, ValidationFailed, "contact.shoe"),
    ("a stranger", {"contact_id": "ct_" + "0" * 26}, NotFound, None),
    ("a stranger's address", {"contact_id": "noor@example.com"}, NotFound, None),
    ("a message beyond measure", {"message": "x" * 2_001}, ValidationFailed, "message"),
    ("half a surrogate pair", {"note": "\ud83d"}, ValidationFailed, None),
]


@pytest.mark.parametrize(
    ("fields", "error", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        shop.issue(**{"amount": 2500, **fields})

    assert field is None or [one.field for one in refused.value.errors] == [field]
    assert [count(shop, table) for table in ("cards", "transfers", "messages", "contacts")] == [0, 0, 0, 0]


def test_a_code_of_ones_own_is_taken_once_however_it_is_written(shop: House) -> None:
    made = shop.issue(2500, code="Summer-2026")
    assert (made["code"], made["last4"]) == ("Summer-2026", "2026")

    for again in ("Summer-2026", "SUMMER 2026", "summer2026", "S-U-M-M-E-R-2026"):
        with pytest.raises(CodeTaken):
            shop.issue(100, code=again)

    assert len(shop.cards()) == 1


def test_another_account_may_have_the_same_code(shop: House) -> None:
    shop.issue(2500, code="SUMMER2026")

    other = shop.gateway.perform(shop.other, BY_HAND, OPERATION, Issue(amount=100, code="SUMMER2026"))

    assert other.body["balance"] == 100


def test_a_cards_owner_is_named_made_or_nobody(shop: House) -> None:
    made = shop.issue(100, contact={"email": "Mia@Example.com", "name": "Mia Moss"})
    assert made["contact_id"] is not None

    assert shop.issue(100, contact_id=made["contact_id"])["contact_id"] == made["contact_id"]
    assert shop.issue(100, contact_id="mia@example.com")["contact_id"] == made["contact_id"]
    assert shop.issue(100, contact={"email": "mia@example.com"})["contact_id"] == made["contact_id"]
    assert shop.issue(100)["contact_id"] is None
    assert count(shop, "contacts") == 1


def test_a_card_lives_from_and_until(shop: House) -> None:
    made = shop.issue(100, usable_at=THE_MOMENT + timedelta(days=1), expires_at=LATER)

    assert made["state"] == "pending"
    shop.clock.forward(timedelta(days=1))
    assert shop.gateway.card(shop.account, made["id"])["state"] == "active"
    shop.clock.forward(timedelta(days=29))
    assert shop.gateway.card(shop.account, made["id"])["state"] == "expired"


@pytest.mark.parametrize(("amount", "is_lawful"), [(4999, True), (5000, True), (5001, False)])
def test_no_card_is_issued_above_the_cap(shop: House, amount: int, is_lawful: bool) -> None:
    parts = shop.gateway.parts

    def work(tx: Any) -> Any:
        desk = replace(parts.desk(tx, shop.account, BY_HAND), caps=Caps(per_card=5000))
        return OPERATION.perform(desk, Issue(amount=amount))

    if is_lawful:
        assert parts.writer.run(work).card.balance == amount
    else:
        with pytest.raises(CapReached, match=r"50\.01 USD is above the cap of 50\.00 USD"):
            parts.writer.run(work)
        assert count(shop, "cards") == 0


@pytest.mark.parametrize(("amount", "is_lawful"), [(50, True), (51, False)])
def test_another_currency_is_no_way_round_the_cap(shop: House, amount: int, is_lawful: bool) -> None:
    parts = shop.gateway.parts

    def work(tx: Any) -> Any:
        desk = replace(parts.desk(tx, shop.account, BY_HAND), caps=Caps(per_card=5000))
        return OPERATION.perform(desk, Issue(amount=amount, currency="JPY"))

    if is_lawful:
        assert parts.writer.run(work).card.balance == amount
    else:
        with pytest.raises(CapReached, match=r"51 JPY is above the cap of 50\.00 USD"):
            parts.writer.run(work)


@pytest.mark.parametrize(
    "fields",
    [{"recipient": {"balance": "9"}}, {"recipient": {"name": 7}}, {"sender": {"email": "a@example.com"}}],
)
def test_a_recipient_and_a_sender_have_known_fields_only(shop: House, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        shop.issue(**fields)
