"""Retention: attempts and bodies go when their time is over, and the ledger never."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from connector.domain.errors import NotReplayable
from connector.flows.parts import Retention
from connector.flows.pruning import AT_ONCE, BODIES_AT_LEAST, LOOKED_AT
from connector.store.tables import attempts, inbound_deliveries, runs
from tests.flows.making import ISSUE, a_house, a_recipe, an_order
from tests.flows.post import MIA, open_post_house
from tests.flows.test_inbound import rejected
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.receiver import Recorder, Reply


def aged(tmp_path: Path, url: str, receiver: Recorder, days: int) -> House:
    """A house with a card of which one message was delivered and one endpoint is paused."""
    house = open_house(tmp_path, url, retention=Retention(attempts=days))
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body["id"]
    card = house.issue()
    house.gateway.dispatch()
    house.gateway.webhooks.pause(house.account, made)
    house.redeem(card["id"], 100)
    return house


def test_what_was_sent_is_forgotten_and_what_waits_is_not(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = aged(tmp_path, sqlite_url, receiver, 7)
    transfers = house.rows("transfers")

    house.clock.forward(timedelta(days=7))
    house.gateway.tick()
    assert len(house.rows("attempts")) == 1
    house.clock.forward(timedelta(days=1))
    house.gateway.tick()
    assert house.rows("attempts") == []
    assert all(row["body"] for row in house.rows("messages")), "recover reaches further back"
    house.clock.forward(BODIES_AT_LEAST)
    house.gateway.tick()

    assert [bool(row["body"]) for row in house.rows("messages")] == [False, True]
    assert house.rows("transfers") == transfers
    house.require_proof()
    house.gateway.close()


def test_without_an_end_everything_is_kept(sqlite_url: str, tmp_path: Path, receiver: Recorder) -> None:
    house = aged(tmp_path, sqlite_url, receiver, 0)

    house.clock.forward(timedelta(days=4000))
    house.gateway.tick()

    assert len(house.rows("attempts")) == 1
    house.gateway.close()


def test_what_is_open_in_front_keeps_nothing_behind_it(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    """An endpoint that is switched off keeps its attempts, however many: more than one look reads at once."""
    house = open_house(tmp_path, sqlite_url, retention=Retention(attempts=7))
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    house.gateway.dispatch()
    many(house, LOOKED_AT + 10)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    house.gateway.dispatch()
    kept = len(house.rows("attempts"))

    house.clock.forward(timedelta(days=8))
    house.gateway.tick()

    left = house.rows("attempts")
    assert {row["delivery_id"] for row in left} == {1}, "what has ended is forgotten"
    assert kept - len(left) == len([one for one in house.rows("webhook_deliveries") if one["ended_at"]])
    house.gateway.close()


def many(house: House, count: int) -> None:
    """So many attempts more of the first delivery."""
    [row] = house.rows("attempts")
    rows = [{**row, "id": 10 + n, "public_id": f"wha_{n}"} for n in range(count)]
    house.gateway.parts.writer.run(lambda tx: tx.execute(insert(attempts), rows) and None)


def test_an_undo_is_forgotten_when_it_can_call_nothing_off(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks").replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id, within: 2 days}\ntests:", 1
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        order = {"order_id": "o-1", "email": "mia@example.com", "amount": "80.00", "currency": "USD"}
        house.tell(type="order.refunded", id="r-1", **order)

        for days, left in ((2, 1), (1, 0)):
            house.clock.forward(timedelta(days=days))
            house.gateway.tick()
            assert len(house.rows("early_undos")) == left


ALL_KEPT = Retention(payloads=90, traces=180, attempts=90)


def test_payloads_go_when_their_time_is_over_and_copies_are_known_still(
    database_url: str, tmp_path: Path
) -> None:
    """What tells a duplicate from news is kept for ever, and so is the ledger."""
    with a_house(tmp_path, database_url, a_recipe("plain"), retention=ALL_KEPT) as house:
        first = house.tell(delivery="d-1", **an_order())
        again = house.gateway.events.replay
        transfers = house.rows("transfers")

        house.clock.forward(timedelta(days=90))
        house.gateway.tick()
        assert house.rows("inbound_deliveries")[0]["body"]
        house.clock.forward(timedelta(days=1))
        house.gateway.tick()

        [row] = house.rows("inbound_deliveries")
        assert (row["body"], row["request"]["headers"]) == (b"", {})
        shown = house.gateway.inbound.one(house.account, row["public_id"])
        assert (shown["body"], shown["status"], len(shown["events"])) == ("", "processed", 1)
        copy = house.tell(delivery="d-1", **an_order())
        assert copy.body["runs"] == first.body["runs"], "the first answer again"
        assert again(house.account, BY_HAND, shown["events"][0]["id"]).status == 200
        assert house.rows("transfers") == transfers
        house.require_proof()


def test_what_still_has_to_run_keeps_its_payload_and_what_was_parked_cannot_run_without(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("plain"), retention=ALL_KEPT) as house:
        _, parked = rejected(house)
        house.tell(**an_order())
        waits = house.rows("inbound_deliveries")[-1]["id"]
        at = inbound_deliveries.c.id == waits
        due = house.clock.now() + timedelta(days=400)
        house.gateway.parts.writer.run(
            lambda tx: tx.execute(update(inbound_deliveries).where(at).values(due_at=due)) and None
        )

        house.clock.forward(timedelta(days=91))
        house.gateway.tick()

        assert [bool(row["body"]) for row in house.rows("inbound_deliveries")] == [False, True]
        with pytest.raises(NotReplayable, match="was pruned"):
            house.gateway.inbound.replay(house.account, BY_HAND, parked)
        assert house.gateway.inbound.one(house.account, parked)["status"] == "rejected"


def test_traces_go_when_their_time_is_over_and_a_run_that_waits_keeps_its_own(
    database_url: str, tmp_path: Path
) -> None:
    waits = a_recipe("waits", do=("wait: 200 days", ISSUE))
    with a_house(tmp_path, database_url, a_recipe("plain"), waits, retention=ALL_KEPT) as house:
        house.tell(**an_order())

        house.clock.forward(timedelta(days=181))
        house.gateway.tick()

        kept = {row["recipe"]: row for row in house.rows("runs")}
        assert (kept["plain"]["trace"], kept["plain"]["outcome"]) == ([], "done")
        assert kept["plain"]["outputs"]["card"], "what it gave is known"
        assert kept["waits"]["trace"]
        house.clock.forward(timedelta(days=20))
        house.gateway.tick()
        assert {row["outcome"] for row in house.rows("runs")} == {"done"}
        assert len(house.cards()) == 2
        house.require_proof()


def test_what_people_were_written_goes_when_its_time_is_over(database_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, database_url, retention=ALL_KEPT) as post:
        post.house.issue(2500, recipient=MIA, delivery="email", message="Happy birthday")
        post.send()
        assert post.house.rows("notifications")[0]["written_sealed"]

        post.house.clock.forward(timedelta(days=91))
        post.house.gateway.tick()

        [row] = post.house.rows("notifications")
        assert (row["to_sealed"], row["written_sealed"], row["state"]) == (None, None, "sent")
        [shown] = post.notifications
        assert (shown["to"], shown["state"]) == (None, "sent")
        post.house.require_proof()


def test_nothing_goes_where_nothing_is_said_of_an_end(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("plain")) as house:
        house.tell(**an_order())
        before = house.rows("inbound_deliveries"), house.rows("runs")

        house.clock.forward(timedelta(days=4000))
        house.gateway.tick()

        assert (house.rows("inbound_deliveries"), house.rows("runs")) == before


def test_more_than_a_batch_is_forgotten_in_one_look(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("plain"), retention=ALL_KEPT) as house:
        house.tell(**an_order())
        [row] = house.rows("runs")
        rows = [{**row, "id": 10 + n, "public_id": f"run_{n}"} for n in range(AT_ONCE + 1)]
        house.gateway.parts.writer.run(lambda tx: tx.execute(insert(runs), rows) and None)

        house.clock.forward(timedelta(days=181))
        house.gateway.tick()

        assert {len(one["trace"]) for one in house.rows("runs")} == {0}
