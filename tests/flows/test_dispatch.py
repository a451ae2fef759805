"""Sending: one worker at a time, every answer kept, the schedule held, nothing begun after the end."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.clock import SystemClock
from connector.domain.errors import NotFound, OutcomeUnknown
from connector.domain.retries import SCHEDULE
from connector.flows.dispatch import AGAIN_S, BEGIN_WITHIN_S, LEASE_FOR, Dispatcher, Looper
from connector.store import endpoints, leases, outbox
from connector.store.turns import Slots
from connector.store.writer import DatabaseFault, Writing
from tests.flows.two_workers import scenario
from tests.kit.crowd import Crowd, until
from tests.kit.databases import PostgresMaker
from tests.kit.deeds import make_sandbox
from tests.kit.house import House, open_house
from tests.kit.pauses import Gate, Pauses
from tests.kit.receiver import Peer, Recorder, hostile
from tests.kit.sources import ROOT

NEVER_S = 600.0
"""An interval between looks that no test lives to see."""


def deliveries(house: House) -> list[dict[str, Any]]:
    return house.rows("webhook_deliveries")


def states(house: House) -> list[str]:
    return [row["state"] for row in deliveries(house)]


def outcomes(house: House) -> list[str]:
    return [row["record"]["outcome"] for row in house.rows("attempts")]


@contextmanager
def a_gated_receiver() -> Iterator[tuple[str, "queue.SimpleQueue[int]", dict[int, Gate]]]:
    """Answers the n-th connection with 200 once gate n is opened; the queue says who has arrived."""
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
    gates = {number: Gate() for number in range(1, 9)}

    def script(peer: Peer) -> None:
        peer.read_request()
        arrived.put(peer.number)
        gates[peer.number]()
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    with hostile(script) as url:
        yield url, arrived, gates
        for gate in gates.values():
            gate.open()


# What is due


def test_nothing_is_sent_to_an_endpoint_that_was_deleted(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()

    house.gateway.delete_endpoint(house.account, made.body["id"])

    assert house.gateway.dispatch() == 0
    assert states(house) == ["cancelled"]


def test_the_third_try_arrives_although_the_house_was_closed_meanwhile(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, database_url)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(503, 503)
    house.issue()
    for waited in SCHEDULE[:2]:
        assert house.gateway.dispatch() == 1
        house.clock.forward(waited * 1.2)
    house.gateway.close()

    again = open_house(tmp_path, database_url, clock=house.clock)

    assert again.gateway.dispatch() == 1
    first, _, third = receiver.requests
    assert first.body == third.body
    assert states(again) == ["delivered"]
    again.gateway.close()


# Workers


def test_a_late_result_is_kept_and_changes_nothing(database_url: str, tmp_path: Path) -> None:
    assert scenario(tmp_path, database_url) == []


def test_the_scenario_sees_it_when_the_fence_is_ignored(sqlite_url: str, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "connector", tmp_path / "planted" / "connector", ignore=shutil.ignore_patterns("__pycache__")
    )
    settling = tmp_path / "planted" / "connector" / "store" / "settling.py"
    text, count = re.subn(
        r"_d\.c\.fence == bindparam\(.our_fence., type_=Integer\)",
        'bindparam("our_fence", type_=Integer) > 0',
        settling.read_text(),
    )
    assert count == 1, "the fence is not where it was"
    settling.write_text(text)

    ended = subprocess.run(
        [sys.executable, "-m", "tests.flows.two_workers", str(tmp_path), sqlite_url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'planted'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["connector"] == str(tmp_path / "planted" / "connector")
    assert "two workers sent one delivery at once" in found["violations"]


def test_two_workers_share_the_work_and_send_nothing_twice(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    houses = [open_house(tmp_path, database_url) for _ in range(2)]
    houses[0].gateway.create_endpoint(houses[0].account, url=receiver.url)
    for _ in range(12):
        houses[0].issue(1000)

    crowd = Crowd([house.gateway.dispatch for house in houses])

    assert sum(one.value for one in crowd.wait()) == 12
    assert len({one.header("webhook-id") for one in receiver.requests}) == len(receiver.requests) == 12
    assert states(houses[0]) == ["delivered"] * 12
    for house in houses:
        house.gateway.close()


def test_what_was_leased_but_not_begun_in_time_is_given_back(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url)
    with a_gated_receiver() as (url, arrived, gates):
        house.gateway.create_endpoint(house.account, url=url)
        house.gateway.create_endpoint(house.account, url=url)
        house.issue()
        worker = Crowd([house.gateway.dispatch])
        assert arrived.get(timeout=10) == 1
        house.clock.forward(timedelta(seconds=BEGIN_WITHIN_S + 1))
        gates[1].open()

        [ended] = worker.wait()

        assert ended.value == 1
        assert states(house) == ["delivered", "pending"]
        assert [row["tries"] for row in house.rows("webhook_deliveries")] == [1, 0]
        house.gateway.close()


def test_what_was_not_begun_is_given_back_though_somebody_holds_it(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    """Else its lease would run out, and be charged an attempt that nobody made."""
    with postgres_maker.fresh(tmp_path) as database, a_gated_receiver() as (url, arrived, gates):
        house = open_house(tmp_path, database)
        house.gateway.create_endpoint(house.account, url=url)
        house.gateway.create_endpoint(house.account, url=url, ordering="card")
        house.issue()
        worker = Crowd([house.gateway.dispatch])
        assert arrived.get(timeout=10) == 1
        house.clock.forward(timedelta(seconds=BEGIN_WITHIN_S + 1))
        with money_under_way(house):
            gates[1].open()
            until(lambda: house.clock.waiting == 1)
            assert states(house) == ["delivered", "sending"]
        house.clock.forward(timedelta(seconds=AGAIN_S))

        [ended] = worker.wait()

        assert ended.value == 1
        left = [(row["state"], row["tries"]) for row in deliveries(house)]
        assert left == [("delivered", 1), ("pending", 0)]
        house.gateway.close()


# In the background


@pytest.fixture
def running(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house at work in the background, that looks around by itself as good as never."""
    house = open_house(tmp_path, database_url, clock=SystemClock())
    house.gateway.start(look_every_s=NEVER_S)
    yield house
    house.gateway.stop()


def test_a_commit_wakes_the_sender(running: House, receiver: Recorder) -> None:
    """S004-24, S004-78: delivery, opening and redemption are told when they happen."""
    make_sandbox(running)  # what would go out by e-mail counts as delivered there
    running.gateway.create_endpoint(running.account, url=receiver.url)

    card = running.issue(2500, recipient={"email": "mia@example.com"}, delivery="email")
    receiver.wait_for(2)
    assert running.gateway.card_pages.opened(card["url"].rpartition("/")[2])
    receiver.wait_for(3)
    running.redeem(card["id"], 100)
    receiver.wait_for(4)

    until(lambda: states(running) == ["delivered"] * 4)
    assert {json.loads(one.body)["type"] for one in receiver.requests} == {
        f"gift_card.{name}" for name in ("issued", "delivered", "opened", "redeemed")
    }


def test_more_than_there_are_slots_for_is_sent_all_the_same(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, sqlite_url, clock=SystemClock())
    house.gateway.create_endpoint(house.account, url=receiver.url)
    for _ in range(9):
        house.issue(1000)
    worker = Dispatcher(house.gateway.parts, slots=2, look_every_s=NEVER_S)
    worker.start()

    worker.wake()

    receiver.wait_for(9)
    until(lambda: states(house) == ["delivered"] * 9)
    worker.stop()
    house.gateway.close()


def test_a_loop_goes_on_after_a_secret_that_cannot_be_opened(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    old = open_house(tmp_path, sqlite_url, keys=(b"o" * 32,))
    old.gateway.create_endpoint(old.account, url="http://127.0.0.1:9999/hook")
    old.gateway.close()
    house = open_house(tmp_path, sqlite_url, keys=(b"n" * 32,), clock=SystemClock())
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.gateway.start(look_every_s=NEVER_S)

    house.issue()
    house.issue()

    receiver.wait_for(2)
    until(lambda: sorted(states(house)) == ["delivered"] * 2 + ["retrying"] * 2)
    house.gateway.stop()


@pytest.mark.parametrize(
    ("fault", "times"), [(DatabaseFault("gone"), 2), (OutcomeUnknown(), 1), (RuntimeError("a bug"), 1)]
)  # a group that is lost is tried again alone, hence two
def test_an_answer_is_not_lost_with_the_write_that_failed(
    sqlite_url: str, tmp_path: Path, receiver: Recorder, fault: Exception, times: int
) -> None:
    pauses, failures = Pauses(), queue.SimpleQueue[Exception]()
    house = open_house(tmp_path, sqlite_url, clock=SystemClock(), pause=pauses)
    house.gateway.create_endpoint(house.account, url=receiver.url)

    def fail_once() -> None:
        if receiver.requests and not failures.empty():
            raise failures.get_nowait()

    for _ in range(times):
        failures.put(fault)
    pauses.at("writer.before_commit", fail_once)
    house.issue()
    worker = Dispatcher(house.gateway.parts, look_every_s=0.01)
    worker.start()

    until(lambda: states(house) == ["delivered"])

    worker.stop()
    assert len(receiver.requests) == 1
    assert outcomes(house)[0] == "delivered"
    house.gateway.close()


def test_who_hangs_holds_up_nobody_while_the_database_is_slow_to_write(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    """The thread that leases is in the write, and cannot see that somebody waits."""
    pauses, disk = Pauses(), Gate()
    house = open_house(tmp_path, sqlite_url, clock=SystemClock(), pause=pauses)
    with Recorder() as hanging:
        hanging.holds()
        for url in (hanging.url, receiver.url):
            house.gateway.create_endpoint(house.account, url=url)
        house.issue()
        worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)

        def is_leasing() -> None:
            worker.wake()  # so that it writes again at once
            pauses.at("writer.before_commit", disk)

        pauses.at("writer.before_commit", is_leasing)
        worker.start()
        worker.wake()
        assert disk.reached.wait(10)

        receiver.wait_for(1)

        assert states(house) == ["sending"] * 2
        disk.open()
        hanging.let_go()
        until(lambda: states(house) == ["delivered"] * 2)
        worker.stop()
    house.gateway.close()


def test_an_endpoint_whose_row_somebody_holds_stops_no_other(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, database_url, clock=SystemClock())
    with Recorder() as other:
        held = house.gateway.create_endpoint(house.account, url=receiver.url).body["id"]
        house.gateway.create_endpoint(house.account, url=other.url)
        receiver.holds()
        worker = Dispatcher(house.gateway.parts, look_every_s=0.02)
        worker.start()
        house.issue()
        receiver.wait_for(1)
        until(lambda: sorted(states(house)) == ["delivered", "sending"])
        with holding(house, held):
            receiver.let_go()
            house.issue()
            other.wait_for(2)
            until(lambda: states(house).count("delivered") >= 2)
            assert house.gateway.parts.engines.is_sqlite or "sending" in states(house)
        until(lambda: states(house) == ["delivered"] * 4)
        worker.stop()
    house.gateway.close()


def test_money_under_way_on_a_card_holds_up_no_other_cards_results(
    postgres_maker: PostgresMaker, tmp_path: Path, receiver: Recorder
) -> None:
    """One that asks for order has its card's newest delivery held until the money's commit."""
    with postgres_maker.fresh(tmp_path) as url, Recorder() as other:
        house = open_house(tmp_path, url, clock=SystemClock())
        house.gateway.create_endpoint(house.account, url=receiver.url, ordering="card")
        house.gateway.create_endpoint(house.account, url=other.url)
        receiver.holds()
        worker = Dispatcher(house.gateway.parts, look_every_s=0.02)
        worker.start()
        card = house.issue()["id"]
        receiver.wait_for(1)
        until(lambda: sorted(states(house)) == ["delivered", "sending"])
        with money_under_way(house):
            receiver.let_go()
            house.issue()
            other.wait_for(2)
            until(lambda: sorted(states(house)) == ["delivered", "delivered", "pending", "sending"])
        house.redeem(card, 500)
        until(lambda: set(states(house)) == {"delivered"})
        worker.stop()
        told = [json.loads(one.body) for one in receiver.requests]
        assert [one["sequence"] for one in told if one["data"]["gift_card"]["id"] == card] == [1, 2]
        house.gateway.close()


@contextmanager
def money_under_way(house: House) -> Iterator[None]:
    """Something is told of the first card, in a transaction that takes its time and is undone."""
    parts, gate = house.gateway.parts, Gate()
    [card, *_] = house.rows("cards")

    def tell(tx: Writing) -> None:
        outbox.add(
            tx,
            account_id=house.account.id,
            account=house.account.slug,
            sandbox=False,
            message_type="gift_card.redeemed",
            data={},
            card_id=card["id"],
            sequence=9,
        )
        gate()
        raise NotFound("undone")

    someone = Crowd([lambda: parts.writer.run(tell)])
    assert gate.reached.wait(10)
    yield
    gate.open()
    [ended] = someone.wait()
    assert isinstance(ended.error, NotFound)


@contextmanager
def holding(house: House, endpoint: str) -> Iterator[None]:
    """Somebody changes an endpoint and takes their time; SQLite has one writer, so nobody can there."""
    parts, gate = house.gateway.parts, Gate()

    def change(tx: Writing) -> None:
        endpoints.lock(tx, house.account.id, endpoint)
        gate()

    if parts.engines.is_sqlite:
        yield
        return
    someone = Crowd([lambda: parts.writer.run(change)])
    assert gate.reached.wait(10)
    yield
    gate.open()
    someone.wait()


def test_stopping_waits_for_what_is_being_sent_and_records_it(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, clock=SystemClock())
    with a_gated_receiver() as (url, arrived, gates):
        house.gateway.create_endpoint(house.account, url=url)
        house.gateway.start(look_every_s=NEVER_S)
        house.issue()
        assert arrived.get(timeout=10) == 1

        stopping = Crowd([house.gateway.stop])
        gates[1].open()
        stopping.wait()

    again = open_house(tmp_path, sqlite_url)
    assert states(again) == ["delivered"]
    again.gateway.close()


def test_what_was_leased_while_the_end_was_told_is_given_back(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    pauses, gate = Pauses(), Gate()
    house = open_house(tmp_path, sqlite_url, clock=SystemClock(), pause=pauses)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)
    pauses.at("writer.before_commit", gate)
    worker.start()
    worker.wake()
    assert gate.reached.wait(10)

    worker.stop(0)
    gate.open()
    worker.stop()

    assert receiver.requests == []
    assert [(row["state"], row["tries"]) for row in house.rows("webhook_deliveries")] == [("pending", 0)]
    assert house.gateway.dispatch() == 1
    house.gateway.close()


def test_what_money_holds_when_the_end_is_told_is_given_back_once_it_is_free(
    postgres_maker: PostgresMaker, tmp_path: Path, receiver: Recorder
) -> None:
    """Else its lease would run out, and be charged an attempt that nobody made."""
    pauses, gate = Pauses(), Gate()
    with postgres_maker.fresh(tmp_path) as url:
        house = open_house(tmp_path, url, clock=SystemClock(), pause=pauses)
        house.gateway.create_endpoint(house.account, url=receiver.url, ordering="card")
        house.issue()
        worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)
        pauses.at("writer.after_commit", gate)  # it has leased, and sends nothing yet
        worker.start()
        worker.wake()
        assert gate.reached.wait(10)
        worker.end()

        with money_under_way(house):
            before = pauses.passed["writer.after_commit"]
            gate.open()
            until(lambda: pauses.passed["writer.after_commit"] >= before + 2)  # passed over, and again
            assert states(house) == ["sending"]
        worker.stop()

        assert receiver.requests == []
        assert [(row["state"], row["tries"]) for row in deliveries(house)] == [("pending", 0)]
        house.gateway.close()


@pytest.mark.parametrize("fault", [DatabaseFault("gone"), RuntimeError("a bug")])
def test_what_could_not_be_given_back_at_the_end_is_given_back_later(
    sqlite_url: str, tmp_path: Path, receiver: Recorder, fault: Exception
) -> None:
    pauses, gate = Pauses(), Gate()
    house = open_house(tmp_path, sqlite_url, clock=SystemClock(), pause=pauses)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)
    pauses.at("writer.after_commit", gate)
    worker.start()
    worker.wake()
    assert gate.reached.wait(10)
    worker.end()
    faults = [fault, fault]  # a group that is lost is tried again alone

    def fail() -> None:
        if faults:
            raise faults.pop()

    pauses.at("writer.before_commit", fail)
    gate.open()
    worker.stop()

    assert not faults
    assert receiver.requests == []
    assert [(row["state"], row["tries"]) for row in deliveries(house)] == [("pending", 0)]
    house.gateway.close()


def test_a_stop_does_not_wait_for_ever(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, clock=SystemClock())
    with a_gated_receiver() as (url, arrived, _gates):
        house.gateway.create_endpoint(house.account, url=url)
        house.issue()
        worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)
        worker.start()
        worker.wake()
        assert arrived.get(timeout=10) == 1

        worker.stop(0.05)

        assert states(house) == ["sending"], "its lease runs out, and that counts as an attempt"
    house.gateway.close()


def test_a_lease_that_ran_out_counts_as_an_attempt(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    now = house.clock.now()
    slots = Slots(1)
    house.gateway.parts.writer.run(lambda tx: leases.lease(tx, now=now, lease_for=LEASE_FOR, slots=slots))
    assert house.gateway.dispatch() == 0

    house.clock.forward(LEASE_FOR)

    assert house.gateway.dispatch() == 1
    assert outcomes(house) == ["lost", "delivered"]
    assert house.rows("webhook_deliveries")[0]["tries"] == 2


# The looper


def test_a_looper_goes_on_after_any_fault_and_ends_when_told() -> None:
    seen: list[int] = []
    done = threading.Event()

    def look() -> int:
        seen.append(1)
        if len(seen) == 1:
            raise RuntimeError("a bug")
        if len(seen) == 2:
            raise OutcomeUnknown
        done.set()
        return 0

    looper = Looper("test", look, look_every_s=0.01)
    looper.start()

    assert done.wait(10)
    looper.stop()
    count = len(seen)
    looper.wake()
    assert len(seen) == count
