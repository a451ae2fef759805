"""Inbound deliveries as people see them: what came, what became of it, and again after a mend."""

import dataclasses
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.kit import Adapter, Verified
from connector.domain.errors import NotFound, NotReplayable, NotUnderstood
from connector.domain.events import Event
from connector.domain.inbound import Request
from connector.flows.gateway import Gateway
from connector.flows.news import MAX_EVENTS
from connector.flows.perform import Idempotency
from connector.store.writer import DatabaseFault
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House
from tests.kit.pauses import Pauses

PLAIN = a_recipe("plain")


def mend(house: House, **adapters: Any) -> Gateway:
    """The next release of the program, whose adapters read otherwise."""
    known = house.gateway.parts.adapters
    changed = {name: dataclasses.replace(known[name], read=read) for name, read in adapters.items()}
    return Gateway(dataclasses.replace(house.gateway.parts, adapters={**known, **changed}))


def blind(_verified: Verified) -> list[Event]:
    raise NotUnderstood("we do not read this yet")


def rejected(house: House, delivery: str = "d-1", **order: Any) -> tuple[Adapter, str]:
    """An order that the program of today does not understand; the adapter that will, and the delivery."""
    adapter = house.gateway.parts.adapters["standard"]
    with pytest.raises(NotUnderstood):
        mend(house, standard=blind).receive(
            "glow-spa", "standard", house.told("standard", delivery=delivery, **an_order(**order))
        )
    return adapter, house.rows("inbound_deliveries")[-1]["public_id"]


def test_a_delivery_is_shown_with_its_body_its_events_and_their_runs(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, PLAIN) as house:
        answer = house.tell(**an_order()).body

        shown = house.gateway.inbound.one(house.account, answer["delivery_id"])

        assert (shown["status"], shown["source"], shown["adapter"]) == ("processed", "standard", "standard")
        assert '"order_id": "o-1"' in shown["body"]
        assert shown["headers"]["content-type"] == "application/json"
        assert shown["events"] == answer["events"]
        assert [(one["id"], one["outcome"]) for one in shown["runs"]] == [
            (one["id"], one["outcome"]) for one in answer["runs"]
        ]
        with pytest.raises(NotFound):
            house.gateway.inbound.one(house.other, answer["delivery_id"])


def test_nothing_that_proves_the_sender_is_shown(house: House) -> None:
    """T66."""
    request = house.told(**an_order())
    house.receive("standard", request)
    [row] = house.rows("inbound_deliveries")

    shown = repr(house.gateway.inbound.one(house.account, row["public_id"]))

    assert house.secrets["standard"] not in shown
    assert request.headers["webhook-signature"] not in shown
    assert request.headers["webhook-id"] in shown


def test_deliveries_are_listed_newest_first_by_what_is_asked(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, PLAIN) as house:
        rejected(house, "d-0", number="o-0")
        house.tell(**an_order("o-1"))
        house.clock.forward(timedelta(hours=1))
        since = house.clock.now()
        house.tell(type="booking.created", booking_id="b", email="z@example.com")
        people = house.gateway.people.page(house.account, {"email": "mia@example.com"})
        mia = people.data[0]["id"]

        def asked(**how: object) -> list[str]:
            return [one["status"] for one in house.gateway.inbound.page(house.account, how).data]

        assert asked() == ["ignored", "processed", "rejected"]
        assert asked(status="rejected") == ["rejected"]
        assert asked(source="standard", limit=250) == asked()
        assert asked(source="calendly") == asked(source="no-such") == asked(contact_id="ct_nobody") == []
        assert asked(type="order.paid") == asked(recipe="plain", outcome="done") == ["processed"]
        assert asked(contact_id=mia) == ["processed"]
        assert asked(recipe="plain", outcome="failed") == asked(type="order.paid", recipe="other") == []
        assert asked(since=since) == ["ignored"]
        assert asked(until=since) == ["processed", "rejected"]
        first = house.gateway.inbound.page(house.account, {"limit": 1})
        second = house.gateway.inbound.page(house.account, {"limit": 2, "cursor": first.next_cursor})
        assert [one["status"] for one in second.data] == ["processed", "rejected"]
        assert second.next_cursor is None
        assert house.gateway.inbound.page(house.other, {}).data == []


def test_what_was_not_understood_runs_after_the_mend_and_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, PLAIN) as house:
        _, delivery = rejected(house)

        def again() -> Any:
            return house.gateway.inbound.replay(house.account, BY_HAND, delivery).body

        ended = at_once([again] * 3)

        assert sorted(type(one.error).__name__ for one in ended) == ["NoneType"] + ["NotReplayable"] * 2
        shown = house.gateway.inbound.one(house.account, delivery)
        assert (shown["status"], shown["reason"]) == ("processed", None)
        assert [card["balance"] for card in house.cards()] == [2500]
        copy = house.tell(delivery="d-1", **an_order())
        assert (copy.body["status"], copy.body["delivery_id"]) == ("duplicate", delivery)
        assert len(house.cards()) == 1
        assert [row["act"] for row in house.rows("audit", subject=delivery)] == ["replay_delivery"]
        house.require_proof()


def test_a_copy_that_came_after_the_mend_has_done_it_already(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, PLAIN) as house:
        _, delivery = rejected(house)
        copy = house.tell(delivery="d-1", **an_order()).body["delivery_id"]

        shown = house.gateway.inbound.replay(house.account, BY_HAND, delivery).body

        assert (shown["status"], shown["reason"], shown["runs"]) == ("ignored", f"the same as {copy}", [])
        assert len(house.cards()) == 1


def by_zapier(house: House, order: str, **also: str) -> Request:
    """An order as a Zap tells it; `also` are headers of its own."""
    made = house.signed("zapier", "order.paid")
    body = json.dumps({"type": "order.paid", **an_order(order)}).encode()
    return replace(made, headers={**made.headers, "content-type": "application/json", **also}, body=body)


def rejected_zap(house: House, **also: str) -> str:
    """The order of a Zap that the program of today does not understand; the delivery."""
    with pytest.raises(NotUnderstood):
        mend(house, zapier=blind).receive("glow-spa", "zapier", by_zapier(house, "", **also))
    return str(house.rows("inbound_deliveries")[-1]["public_id"])


def test_a_delivery_that_its_sender_named_is_known_by_that_name_when_it_is_replayed(
    database_url: str, tmp_path: Path
) -> None:
    """An Idempotency-Key proves nothing and says which delivery it is: kept for the replay."""
    with a_house(tmp_path, database_url, PLAIN) as house:
        delivery = rejected_zap(house, **{"idempotency-key": "order-78"})
        first = house.receive("zapier", by_zapier(house, "", **{"idempotency-key": "order-78"})).body

        shown = house.gateway.inbound.replay(house.account, BY_HAND, delivery).body

        assert (shown["status"], shown["reason"]) == ("ignored", f"the same as {first['delivery_id']}")
        assert len(house.cards()) == 1


def test_a_copy_that_came_since_is_one_however_late_the_replay(database_url: str, tmp_path: Path) -> None:
    """Nothing names the delivery but its body, which is remembered for ten minutes from the copy on."""
    with a_house(tmp_path, database_url, PLAIN) as house:
        delivery = rejected_zap(house)
        house.clock.forward(timedelta(minutes=3))
        first = house.receive("zapier", by_zapier(house, "")).body
        house.clock.forward(timedelta(hours=2))

        shown = house.gateway.inbound.replay(house.account, BY_HAND, delivery).body

        assert (shown["status"], shown["reason"]) == ("ignored", f"the same as {first['delivery_id']}")
        assert len(house.cards()) == 1


def test_what_is_still_not_understood_stays_rejected(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, PLAIN) as house:
        _, delivery = rejected(house)

        def too_many(verified: Verified) -> list[Event]:
            return house.gateway.parts.adapters["standard"].read(verified) * (MAX_EVENTS + 1)

        for read in (blind, too_many):
            with pytest.raises(NotUnderstood):
                mend(house, standard=read).inbound.replay(house.account, BY_HAND, delivery)
        assert house.gateway.inbound.one(house.account, delivery)["status"] == "rejected"
        assert house.rows("audit") == house.cards() == []


def test_what_was_understood_is_not_replayed(sqlite_url: str, tmp_path: Path) -> None:
    later = {"later": {"adapter": "standard", "respond": "async"}}
    with a_house(tmp_path, sqlite_url, PLAIN, sources=later) as house:
        done = house.tell(**an_order()).body["delivery_id"]
        queued = house.tell("later", **an_order("o-2")).body["delivery_id"]

        for delivery in (done, queued):
            with pytest.raises(NotReplayable):
                house.gateway.inbound.replay(house.account, BY_HAND, delivery)
        for delivery in ("dlv_" + "0" * 26, "\x00"):
            with pytest.raises(NotFound):
                house.gateway.inbound.replay(house.account, BY_HAND, delivery)
        with pytest.raises(NotFound):
            house.gateway.inbound.replay(house.other, BY_HAND, done)
        assert len(house.cards()) == 1


def test_what_a_worker_gave_up_can_be_run_by_hand(sqlite_url: str, tmp_path: Path) -> None:
    def fail() -> None:
        raise DatabaseFault("the disk is gone")

    later, pauses = {"standard": {"adapter": "standard", "respond": "async"}}, Pauses()
    spending = a_recipe("spending", do=(ISSUE, SPEND))
    with a_house(tmp_path, sqlite_url, spending, sources=later, pause=pauses) as house:
        delivery = house.tell(**an_order()).body["delivery_id"]
        pauses.at("redeem.card_read", fail)
        for _ in range(5):
            house.gateway.run_backlog()
            house.clock.forward(timedelta(hours=1))
        assert house.gateway.inbound.one(house.account, delivery)["due_at"] is None
        pauses.nowhere()

        shown = house.gateway.inbound.replay(house.account, BY_HAND, delivery).body

        assert (shown["status"], [card["balance"] for card in house.cards()]) == ("processed", [2000])


def test_the_same_key_gives_the_first_answer_again(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, PLAIN) as house:
        _, delivery = rejected(house)
        key = Idempotency("k1", "POST", f"/v1/inbound/{delivery}/replay", b"")

        first = house.gateway.inbound.replay(house.account, BY_HAND, delivery, key)
        again = house.gateway.inbound.replay(house.account, BY_HAND, delivery, key)

        assert again.is_replayed and again.body == first.body
        assert len(house.cards()) == 1
