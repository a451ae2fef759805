"""The newest of what was recorded, by page, and no more than was asked for."""

from connector.store import recorded
from connector.store.recorded import AT_ONCE
from tests.flows.making import an_order
from tests.kit.house import BY_HAND, House


def test_the_newest_events_of_one_type_and_account_come_first(house: House) -> None:
    for number in range(AT_ONCE + 5):
        house.tell(**an_order(f"o-{number}"))
    house.tell(type="custom.other", id="1")

    with house.gateway.parts.engines.reading() as connection:
        whose = house.account.id
        all_of_them = list(recorded.latest_events(connection, whose, "order.paid", 10_000))
        few = list(recorded.latest_events(connection, whose, "order.paid", 3))
        none = list(recorded.latest_events(connection, house.other.id, "order.paid", 3))

    ids = [one["order"]["id"] for one in all_of_them]
    assert ids == [f"o-{number}" for number in reversed(range(AT_ONCE + 5))]
    assert few == all_of_them[:3]
    assert none == []


def test_attributes_of_people_who_are_still_there(house: House) -> None:
    for name in ("ada", "bea", "cee"):
        made = house.gateway.people.create(
            house.account, BY_HAND, {"email": f"{name}@example.com", "attributes": {"name": name}}
        )
    house.gateway.people.erase(house.account, BY_HAND, str(made.body["id"]))

    with house.gateway.parts.engines.reading() as connection:
        found = list(recorded.latest_attributes(connection, house.account.id, 10))
        newest = list(recorded.latest_attributes(connection, house.account.id, 1))

    assert found == [{"name": "bea"}, {"name": "ada"}]
    assert newest == [{"name": "bea"}]
