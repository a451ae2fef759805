"""A card with its other names: allotted once, whoever looks."""

from datetime import timedelta

from connector.domain.cards import Card
from connector.flows.dialect_cards import see, see_in
from connector.store import cards
from tests.kit.deeds import do
from tests.kit.house import House


def of(house: House, *public_ids: str) -> list[Card]:
    with house.gateway.parts.engines.reading() as connection:
        found = [cards.find(connection, house.account.id, one) for one in public_ids]
    return [one for one in found if one is not None]


def test_a_card_has_one_set_of_names_in_a_transaction_and_out_of_one(house: House) -> None:
    made = [house.issue(100, contact={"email": "mia@example.com"})["id"] for _ in range(2)]
    found = of(house, *reversed(made))

    first = see(house.gateway.parts, house.account, found)
    again = house.gateway.parts.writer.run(lambda tx: see_in(tx, house.account, found))

    assert first == again == see(house.gateway.parts, house.account, found)
    assert [one.number for one in first] == [2, 1], "numbered as they were made, shown as they were asked"
    assert {one.owner for one in first} == {1}
    assert see(house.gateway.parts, house.account, []) == []


def test_who_made_and_who_changed_a_card_is_told_by_name(house: House) -> None:
    key = house.gateway.create_key(house.account, name="Ada Till", scopes=["cards:write"])
    made = house.issue(100)["id"]
    [fresh] = see(house.gateway.parts, house.account, of(house, made))
    house.clock.forward(timedelta(seconds=1))
    do(house, "reveal", card=made)
    [looked_at] = see(house.gateway.parts, house.account, of(house, made))
    do(house, "disable", card=made)
    [changed] = see(house.gateway.parts, house.account, of(house, made))

    assert (fresh.created_by.kind, fresh.created_by.name) == ("key", "key_test"), "a key that is not there"
    assert fresh.changed_by is None and fresh.changed_at is None
    assert looked_at.changed_by is None, "who looks changes nothing"
    assert changed.changed_by == changed.created_by
    assert changed.changed_at == house.clock.now()
    assert key["name"] == "Ada Till"


def test_what_a_recipe_gave_is_the_recipe_s(house: House) -> None:
    house.send("calendly", "booking.created")

    [seen] = see(house.gateway.parts, house.account, of(house, *(one["id"] for one in house.cards())))

    assert (seen.created_by.kind, seen.created_by.name) == ("recipe", "first-booking")
