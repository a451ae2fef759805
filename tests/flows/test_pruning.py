"""Retention: attempts and bodies go when their time is over, and the ledger never."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from connector.flows.pruning import BODIES_AT_LEAST, LOOKED_AT
from connector.store.tables import attempts
from tests.flows.making import a_house, a_recipe
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder, Reply


def aged(tmp_path: Path, url: str, receiver: Recorder, days: int) -> House:
    """A house with a card of which one message was delivered and one endpoint is paused."""
    house = open_house(tmp_path, url, attempt_days=days)
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
    house = open_house(tmp_path, sqlite_url, attempt_days=7)
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
