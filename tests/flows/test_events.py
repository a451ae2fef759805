"""Events as people see them: the envelope that recipes saw, and what became of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.errors import BadRequest, NotFound
from tests.flows.making import a_house, a_recipe, an_order

CODE = "SUMMER-PARTY-24"


def test_an_event_is_shown_as_recipes_saw_it_with_its_runs(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_recipe("plain"), a_recipe("shy", status="shadow")) as house:
        answer = house.tell(**an_order()).body
        [event] = answer["events"]

        shown = house.gateway.events.one(house.account, event["id"])

        assert (shown["id"], shown["type"], shown["account"]) == (event["id"], "order.paid", "glow-spa")
        assert shown["order"] == {"id": "o-1", "total": {"amount": "80.00", "currency": "USD"}}
        assert shown["data"]["order_id"] == "o-1"
        assert shown["contact"]["email"] == "mia@example.com"
        assert shown["delivery_id"] == answer["delivery_id"]
        assert shown["contact_id"] == house.rows("contacts")[0]["public_id"]
        assert {(one["recipe"], one["outcome"]) for one in shown["runs"]} == {
            ("plain", "done"),
            ("shy", "shadow"),
        }
        assert house.gateway.events.account_of(event["id"]).slug == "glow-spa"
        for name in ("evt_" + "0" * 26, "\x00", ""):
            with pytest.raises(NotFound):
                house.gateway.events.one(house.account, name)
            with pytest.raises(NotFound):
                house.gateway.events.account_of(name)
        with pytest.raises(NotFound):
            house.gateway.events.one(house.other, event["id"])


def test_a_code_that_came_with_an_event_is_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("check", do=("redeem_card: {card: '${{ event.order.id }}', amount: 1.00 USD}",))
    with a_house(tmp_path, sqlite_url, text) as house:
        made = house.issue(2500)["code"]
        house.issue(2500, code=CODE)
        for code in (made, CODE):
            house.tell(**an_order(code))

        whole = [house.gateway.events.one(house.account, row["public_id"]) for row in house.rows("events")]

        assert made not in repr(whole) and CODE not in repr(whole)
        assert len(whole) == 2


def test_events_are_listed_newest_first_by_what_is_asked(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_recipe("plain")) as house:
        house.tell(**an_order("o-1"))
        house.clock.forward(timedelta(hours=1))
        since = house.clock.now()
        house.tell(**an_order("o-2", email="zoe@example.com"))
        house.send("calendly", "booking.created")
        mia = house.gateway.people.page(house.account, {"email": "mia@example.com"}).data[0]["id"]
        page = house.gateway.events.page

        def asked(**how: object) -> list[str]:
            return [one.get("order", {"id": one["source"]})["id"] for one in page(house.account, how).data]

        assert asked() == ["calendly", "o-2", "o-1"]
        assert asked(type="order.paid") == asked(source="standard") == asked(recipe="plain") == ["o-2", "o-1"]
        assert asked(contact_id=mia) == asked(until=since) == ["o-1"]
        assert asked(since=since, outcome="done") == ["o-2"]
        assert asked(outcome="failed") == asked(source="no-such") == asked(type="no.such") == []
        assert all("data" not in one for one in page(house.account, {}).data), "a page stays small"
        first = page(house.account, {"limit": 2})
        assert [one["type"] for one in page(house.account, {"cursor": first.next_cursor}).data] == [
            "order.paid"
        ]
        with pytest.raises(BadRequest):
            page(house.account, {"cursor": first.next_cursor, "type": "order.paid"})
        with pytest.raises(BadRequest):
            page(house.other, {"cursor": first.next_cursor})
