"""Inbound deliveries in lists say what became of them, and never what they said."""

from connector.store import inbound_lists
from tests.kit.house import House


def test_a_delivery_is_listed_without_its_body(house: House) -> None:
    answer = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    with house.gateway.parts.engines.reading() as connection:
        found = inbound_lists.find(connection, house.account.id, answer.body["delivery_id"])
        assert found is not None
        assert (found.source, found.adapter, found.status, found.tries) == (
            "standard",
            "standard",
            "processed",
            0,
        )
        assert inbound_lists.page(connection, house.account.id, {}, before=None, limit=2) == [found]
        assert inbound_lists.page(connection, house.account.id, {}, before=found.id, limit=2) == []
        for name in ("\x00", "dlv_" + "0" * 26):
            assert inbound_lists.find(connection, house.account.id, name) is None
        assert inbound_lists.find(connection, house.other.id, found.public_id) is None
