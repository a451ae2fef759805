"""Card rows: found by code under any key, counted as their owner can spend them, listed in order."""

from datetime import timedelta
from typing import Any

from connector.domain.accounts import Account
from connector.domain.contacts import Person
from connector.domain.sealing import KeyRing
from connector.store import cards, contacts
from connector.store.cards import Purse
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import KEY, OTHER_KEY, AnyWriter, a_card

DAY = timedelta(days=1)


def add(
    writer: AnyWriter,
    ring: KeyRing,
    account: Account,
    number: int,
    *,
    contact: int | None = None,
    code: str | None = None,
    **changed: Any,
) -> int | None:
    plain = code or f"CODE-{number:04}"
    card = a_card(account, number, **changed)
    return writer.run(
        lambda tx: cards.add(
            tx, ring, card, code=plain.lower().replace("-", ""), plain=plain, contact_id=contact
        )
    )


def a_contact(writer: AnyWriter, account: Account) -> int:
    def work(tx: Writing) -> int:
        found = contacts.resolve(tx, account.id, Person(email="mia@example.com"), "api", THE_MOMENT)
        assert found is not None
        return found.id

    return writer.run(work)


def test_a_card_comes_out_as_it_went_in(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    contact = a_contact(writer, account)
    given: dict[str, Any] = {
        "program": "spa",
        "sender": {"name": "Noor"},
        "recipient": {"email": "mia@example.com"},
        "message": "Enjoy",
        "note": "…",
        "usable_at": THE_MOMENT,
        "expires_at": THE_MOMENT + DAY,
        "origin": {"recipe": "r"},
        "metadata": {"a": [1]},
    }

    row = add(writer, ring, account, 1, contact=contact, **given)

    with engines.reading() as connection:
        found = cards.find(connection, account.id, a_card(account, 1).public_id)
        assert found is not None and found.id == row
        assert found.contact is not None and found.contact.startswith("ct_")
        assert {name: getattr(found, name) for name in given} == given
        assert cards.open_code(connection, ring, found) == "CODE-0001"
        assert writer.run(lambda tx: cards.lock(tx, account.id, found.public_id)) == found


def test_a_card_is_its_accounts_alone(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    add(writer, ring, account, 1)
    public_id = a_card(account, 1).public_id

    with engines.reading() as connection:
        assert cards.find(connection, other.id, public_id) is None
        assert cards.find_by_code(connection, ring, other.id, "code0001") is None
    assert writer.run(lambda tx: cards.lock(tx, other.id, public_id)) is None
    assert add(writer, ring, other, 2, code="CODE-0001") is not None, "their code is their own"


def test_a_code_is_found_and_taken_under_every_key_of_the_ring(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    old, rotated, foreign = ring, KeyRing([OTHER_KEY, KEY]), KeyRing([OTHER_KEY])
    add(writer, old, account, 1)
    add(writer, rotated, account, 2)

    assert add(writer, old, account, 3, code="CODE-0001") is None
    assert add(writer, rotated, account, 3, code="CODE-0001") is None
    assert add(writer, rotated, account, 3, code="CODE-0002") is None
    with engines.reading() as connection:
        for code in ("code0001", "code0002"):
            assert cards.find_by_code(connection, rotated, account.id, code) is not None
        assert cards.find_by_code(connection, foreign, account.id, "code0001") is None
        assert cards.find_by_code(connection, rotated, account.id, "code0003") is None


def test_a_purse_holds_what_can_be_spent_now(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    contact = a_contact(writer, account)
    facts: list[dict[str, Any]] = [
        {"balance": 1000, "held": 300, "expires_at": THE_MOMENT + 3 * DAY},
        {"balance": 500, "expires_at": THE_MOMENT + 2 * DAY},
        {"balance": 0, "expires_at": THE_MOMENT + DAY},
        {"balance": 70, "currency": "EUR"},
        {"balance": 9000, "expires_at": THE_MOMENT},
        {"balance": 8000, "usable_at": THE_MOMENT + DAY},
    ]
    for number, changed in enumerate(facts):
        add(writer, ring, account, number, contact=contact, **changed)
    add(writer, ring, account, 99, balance=40)

    with engines.reading() as connection:
        now = cards.purse(connection, account.id, contact, THE_MOMENT)
        tomorrow = cards.purse(connection, account.id, contact, THE_MOMENT + DAY)
        nobody = cards.purse(connection, account.id, contact + 1, THE_MOMENT)
        assert cards.last_redeemed_at(connection, account.id, contact) is None

    assert now == Purse({"USD": 1200, "EUR": 70}, THE_MOMENT + 2 * DAY)
    assert tomorrow.balances == {"USD": 9200, "EUR": 70}
    assert nobody == Purse({})
