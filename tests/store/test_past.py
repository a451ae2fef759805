"""Events as they came: of the types that are asked for, in one order, whatever page they stand on."""

from datetime import timedelta
from typing import Any

from connector.store import past
from tests.kit.house import BY_HAND, House


def tell(house: House, kind: str, number: int, **more: Any) -> None:
    house.tell(type=kind, email="mia@example.com", id=f"{kind}-{number}", **more)
    house.clock.forward(timedelta(minutes=1))


def test_types_are_merged_in_the_order_in_which_they_were_kept(house: House) -> None:
    kinds = ["custom.a", "custom.b", "custom.a", "custom.c", "custom.b", "custom.a"]
    for number, kind in enumerate(kinds):
        tell(house, kind, number)
    account, until = house.account.id, house.clock.now() - timedelta(minutes=1)

    with house.gateway.parts.engines.reading() as connection:
        assert past.types_of(connection, account) == ["custom.a", "custom.b", "custom.c"]
        assert past.types_of(connection, house.other.id) == []
        found = list(past.came(connection, account, {"custom.a": True, "custom.b": True}, until))
        assert past.count(connection, account, ["custom.a", "custom.b"]) == 5
        assert list(past.came(connection, account, {}, until)) == []

    assert [event[1] for event in found] == ["custom.a", "custom.b", "custom.a", "custom.b"]
    assert [event[0] for event in found] == sorted(event[0] for event in found)


def test_of_a_type_only_what_tells_tags(house: House) -> None:
    tell(house, "custom.a", 1)
    tell(house, "custom.a", 2, tags=["VIP"])
    tell(house, "custom.a", 3, tags=[])

    with house.gateway.parts.engines.reading() as connection:
        found = list(past.came(connection, house.account.id, {"custom.a": False}, house.clock.now()))
        again = past.came(
            connection, house.account.id, {"custom.a": False}, house.clock.now(), {"custom.a": found}
        )
        assert list(again) == found, "read before, and not searched for again"
        tagged = [one.tags for one in past.everybody(connection, house.account.id, is_tagged=True)]

    assert [event[7] for event in found] == [house.rows("events")[1]["public_id"]]
    assert tagged in ([], [[]]), "the last list took it off"


def test_whoever_was_merged_is_who_they_went_on_as(house: House) -> None:
    for name in ("mia", "zoe"):
        house.tell(type="custom.a", email=f"{name}@example.com")
    mia, zoe = house.rows("contacts")
    house.gateway.people.merge(house.account, BY_HAND, mia["public_id"], zoe["public_id"])

    with house.gateway.parts.engines.reading() as connection:
        found = past.people(connection, [mia["id"], zoe["id"]])
        everybody = [one.id for one in past.everybody(connection, house.account.id)]

    assert {row: one.id for row, one in found.items()} == {mia["id"]: mia["id"], zoe["id"]: mia["id"]}
    assert everybody == [mia["id"]]
