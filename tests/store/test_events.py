"""Events as they were kept."""

from connector.store import events
from tests.kit.house import House


def test_an_event_is_kept_as_recipes_saw_it(house: House) -> None:
    told = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    [row] = house.rows("events")

    with house.gateway.parts.engines.reading() as connection:
        found = events.by_id(connection, row["id"])

    assert (found.public_id, found.type) == (told.body["events"][0]["id"], "booking.created")
    assert found.envelope["booking"]["id"] == "b-1"
    assert found.contact_id == house.rows("contacts")[0]["id"]
