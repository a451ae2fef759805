"""Cards for a file: by number, with their people, another account's never."""

from typing import Any

from connector.store import exports
from tests.kit.house import House


def page(house: House, **asked: Any) -> list[str]:
    how = {"after": 0, "last": 10_000, "limit": 10, "namespace": "api", **asked}
    with house.gateway.parts.engines.reading() as connection:
        return [row["public_id"] for row in exports.page(connection, house.account.id, **how)]


def test_cards_come_by_number_between_two_numbers(house: House) -> None:
    made = [house.issue()["id"] for _ in range(4)]
    with house.gateway.parts.engines.reading() as connection:
        numbers = [exports.number_of(connection, house.account.id, card) for card in made]
        assert exports.last(connection, house.account.id) == numbers[-1]
        assert exports.last(connection, house.other.id) == 0
        assert exports.number_of(connection, house.other.id, made[0]) is None
        assert exports.number_of(connection, house.account.id, "gc_\x00") is None
        assert exports.count(connection, house.account.id, after=numbers[1] or 0) == 2

    assert page(house) == made
    assert page(house, after=numbers[0], last=numbers[2]) == made[1:3]
    assert page(house, limit=3) == made[:3]


def test_a_card_comes_with_its_contact_and_their_own_id(house: House) -> None:
    house.issue(contact={"external_id": "c-7", "email": "mia@example.com", "first_name": "Mia"})
    house.issue()

    with house.gateway.parts.engines.reading() as connection:
        how = {"after": 0, "last": 10_000, "limit": 10}
        [known, nobody] = exports.page(connection, house.account.id, **how, namespace="api")
        [elsewhere, _] = exports.page(connection, house.account.id, **how, namespace="shop")

    assert (known["external_id"], known["email"], known["first_name"]) == ("c-7", "mia@example.com", "Mia")
    assert (nobody["external_id"], nobody["email"]) == (None, None)
    assert elsewhere["external_id"] is None
