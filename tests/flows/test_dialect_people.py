"""One number a person: it finds them, or makes them, and never changes hands."""

import pytest

from connector.domain.errors import ContactErased, ValidationFailed
from connector.flows import dialect_people
from connector.store import aliases
from connector.store.contacts import Contact
from tests.kit.house import BY_HAND, House


def numbered(house: House, number: int) -> Contact:
    parts = house.gateway.parts
    return parts.writer.run(
        lambda tx: dialect_people.found_or_made(parts.desk(tx, house.account, BY_HAND), number, "clientId")
    )


def test_a_number_makes_a_person_once(house: House) -> None:
    assert numbered(house, 5146945).public_id == numbered(house, 5146945).public_id
    assert numbered(house, aliases.MAX_NUMBER).public_id != numbered(house, 1).public_id
    assert len(house.rows("contacts")) == 3


def test_a_number_follows_a_person_into_whom_they_became(house: House) -> None:
    first, second = numbered(house, 1), numbered(house, 2)

    house.gateway.people.merge(house.account, BY_HAND, second.public_id, first.public_id)

    assert numbered(house, 1).public_id == numbered(house, 2).public_id == second.public_id


def test_who_was_erased_is_given_nothing_by_their_number(house: House) -> None:
    person = numbered(house, 7)
    house.gateway.people.erase(house.account, BY_HAND, person.public_id)

    with pytest.raises(ContactErased):
        numbered(house, 7)
    assert len(house.rows("contacts")) == 1


@pytest.mark.parametrize("number", [0, -1, 2**53, 2**80])
def test_what_can_be_no_number_is_refused_by_the_field_s_name(shop: House, number: int) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        numbered(shop, number)
    assert [one.field for one in refusal.value.errors] == ["clientId"]


def test_whoever_has_no_number_is_found_by_none(house: House) -> None:
    house.issue(100, contact={"email": "mia@example.com"})

    with house.gateway.parts.engines.reading() as connection:
        assert dialect_people.known(connection, house.account.id, 1) is None
