"""What the document says of events, deliveries and runs is what the answers hold."""

from connector.flows.runs import OUTCOMES
from connector.web.event_schemas import SCHEMAS
from tests.kit.house import House
from tests.web.test_schemas import faults


def test_every_field_of_an_answer_is_described_and_no_other(sqlite_house: House) -> None:
    gateway, account = sqlite_house.gateway, sqlite_house.account
    sqlite_house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    told = [
        ("RunPage", gateway.runs.page(account, {}).as_json()),
        ("EventPage", gateway.events.page(account, {}).as_json()),
        ("InboundPage", gateway.inbound.page(account, {}).as_json()),
    ]
    for name, page in told:
        assert len(page["data"]) == 1, name
        assert faults(name, page) == []
    assert set(SCHEMAS["Run"]["properties"]) == set(told[0][1]["data"][0])
    assert SCHEMAS["Run"]["properties"]["outcome"]["enum"] == list(OUTCOMES)


def test_an_event_of_every_adapter_is_what_is_described(sqlite_house: House) -> None:
    adapters = sqlite_house.gateway.parts.adapters
    for name, adapter in adapters.items():
        for event_type in adapter.samples:
            sqlite_house.send(name, event_type)
    gateway, account = sqlite_house.gateway, sqlite_house.account
    page = gateway.events.page(account, {"limit": 250})

    assert len(page.data) > 10
    for one in page.data:
        assert faults("Event", gateway.events.one(account, one["id"])) == [], one
    for row in sqlite_house.rows("inbound_deliveries"):
        assert faults("InboundDelivery", gateway.inbound.one(account, row["public_id"])) == []
