"""What else says something of a person: it goes, and what proves the money stays."""

from pathlib import Path
from typing import Any

from sqlalchemy import insert

from connector.domain.jsontext import read_own
from connector.store import contacts, erasing, tables
from connector.store.contacts import Contact
from tests.kit.house import House, open_house

MIA = "mia@example.com"


def contact_of(house: House, email: str = MIA) -> Contact:
    public_id = house.snapshot(email)["id"]
    with house.gateway.parts.engines.reading() as connection:
        found = contacts.find(connection, house.account.id, public_id)
    assert found is not None
    return found


def test_an_events_kind_ids_and_sums_stay_and_its_words_go(house: House) -> None:
    house.tell(
        type="order.paid", email=MIA, order_id="o-1", amount="80.00", currency="USD", secret="likes tea"
    )
    house.tell(type="order.paid", email="noor@example.com", order_id="o-2", amount="9.00", currency="USD")
    parts = house.gateway.parts

    mia = contact_of(house)
    emptied = parts.writer.run(lambda tx: erasing.forget_events(tx, parts.ring, mia))

    assert emptied == 1
    mine, others = (read_own(row["envelope"]) for row in house.rows("events"))
    assert {name: mine[name] for name in ("type", "order", "contact", "data", "erased")} == {
        "type": "order.paid",
        "order": {"id": "o-1", "total": {"amount": "80.00", "currency": "USD"}},
        "contact": None,
        "data": {},
        "erased": True,
    }
    assert others["contact"]["email"] == "noor@example.com"
    first, second = house.rows("inbound_deliveries")
    assert (house.body_of(first), first["request"]["headers"]) == (b"", {})
    assert house.body_of(second) != b""
    assert first["status"] == "ignored"


def test_a_runs_trace_goes_and_what_it_came_to_stays(house: House) -> None:
    house.send("calendly", "booking.created")
    [run] = house.rows("runs")
    whose = next(row for row in house.rows("contacts"))
    parts = house.gateway.parts
    assert run["trace"] != []

    mia = contact_of(house, whose["email"])
    parts.writer.run(lambda tx: erasing.forget_events(tx, parts.ring, mia))

    [after] = house.rows("runs")
    assert (after["trace"], after["outcome"], after["outputs"]) == ([], run["outcome"], run["outputs"])


def test_many_events_are_gone_through_in_chunks(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url)
    house.tell(type="points.earned", email=MIA, points=1)
    [event] = house.rows("events")
    del event["id"]
    parts = house.gateway.parts
    more = [{**event, "public_id": f"evt_{number}"} for number in range(erasing.CHUNK)]
    parts.writer.run(lambda tx: tx.execute(insert(tables.events), more) and None)

    mia = contact_of(house)
    emptied = parts.writer.run(lambda tx: erasing.forget_events(tx, parts.ring, mia))

    assert emptied == erasing.CHUNK + 1
    assert MIA not in str(house.rows("events"))
    house.gateway.close()


def test_what_was_told_of_their_cards_names_them_no_more(house: House) -> None:
    house.issue(2500, contact={"email": MIA}, recipient={"name": "Mia Ash"}, message="Dear Mia")
    house.issue(700, contact={"email": "noor@example.com"}, message="Dear Noor")
    parts = house.gateway.parts

    mia = contact_of(house)
    emptied = parts.writer.run(lambda tx: erasing.forget_messages(tx, mia, []))

    assert emptied == 1
    mine, others = (read_own(bytes(row["body"]).decode()) for row in house.rows("messages"))
    assert mine["data"]["contact"] == {"id": contact_of(house).public_id}
    assert (mine["data"]["gift_card"]["recipient"], mine["data"]["gift_card"]["balance"]) == (None, 2500)
    assert others["data"]["gift_card"]["message"] == "Dear Noor"


def test_what_is_still_on_its_way_is_sent_as_it_was_made(house: House) -> None:
    house.gateway.create_endpoint(house.account, url="http://127.0.0.1:9999/hook")
    house.issue(2500, contact={"email": MIA})
    parts = house.gateway.parts
    [before] = house.rows("messages")

    mia = contact_of(house)
    assert parts.writer.run(lambda tx: erasing.forget_messages(tx, mia, [])) == 0

    assert house.rows("messages") == [before]


def test_the_cards_that_speak_of_somebody_are_theirs_and_those_sent_to_them(house: House) -> None:
    own = house.issue(100, contact={"email": MIA}, note="likes tea")["id"]
    sent = house.issue(100, recipient={"email": MIA, "name": "Mia"})["id"]
    house.issue(100, contact={"email": MIA})
    house.issue(100, recipient={"email": "noor@example.com"})

    parts = house.gateway.parts
    mia = contact_of(house)
    found = parts.writer.run(lambda tx: erasing.cards_with_words(tx, mia, erasing.addresses_of(tx, mia)))

    assert found == [own, sent]


def test_an_erased_event_has_nothing_that_was_not_meant_to_stay() -> None:
    whole: dict[str, Any] = {
        **dict.fromkeys(("id", "type", "source", "contact", "data", "referrer", "form", "tag"), "Mia"),
        "points": 5,
    }

    assert erasing.erased(whole) == {
        **dict.fromkeys(("id", "type", "source"), "Mia"),
        "points": 5,
        "contact": None,
        "data": {},
        "erased": True,
    }
