"""Deliveries to receivers that answer at once: sent by the thread that leased them; nobody is waited for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from connector.domain.clock import SystemClock
from connector.domain.signing import require_standard, standard_key
from connector.flows import at_once
from connector.flows.dispatch import LEASE_FOR, Dispatcher
from connector.flows.sending import Sent
from connector.store import leases
from connector.store.leases import Leased
from connector.store.turns import Slots
from tests.kit.crowd import until
from tests.kit.house import House, open_house
from tests.kit.receiver import Received, Recorder

NEVER_S = 600.0
MANY = Slots(64)
WARM = b"warm"


def leased(house: House) -> list[Leased]:
    return house.gateway.parts.writer.run(
        lambda tx: leases.lease(tx, now=house.clock.now(), lease_for=LEASE_FOR, slots=MANY)
    )


def states(house: House) -> list[str]:
    return [row["state"] for row in house.rows("webhook_deliveries")]


def warmed(house: House, url: str) -> None:
    """A connection to it is kept, and its last answer came at once, however slow the machine is now."""
    client = house.gateway.parts.client
    until(lambda: client.post(url, WARM, {}).outcome == "delivered" and client.quick_place(url) is not None)


def arrived(receiver: Recorder) -> list[Received]:
    return [one for one in receiver.requests if one.body != WARM]


def sent(house: House, orders: Sequence[Leased]) -> tuple[list[Sent], list[Leased]]:
    """What was begun, all of it ended by now, and what was not: how much ends at once depends."""
    ended: list[Sent] = []
    left = at_once.send_at_once(house.gateway.parts, orders, ended.append)
    ended += [at_once.finish(house.gateway.parts, waiting) for waiting in left.waiting]
    return ended, left.unbegun


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path, sqlite_url)
    yield opened
    opened.gateway.close()


def test_who_answers_at_once_gets_it_signed_as_any_other(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url, headers={"x-shop": "Glow Spa"})
    house.issue()
    [one] = leased(house)
    warmed(house, receiver.url)

    ended, unbegun = sent(house, [one])

    assert [(done.leased, done.answer.outcome, done.started_at) for done in ended] == [
        (one, "delivered", house.clock.now())
    ]
    assert unbegun == []
    [request] = arrived(receiver)
    assert (request.body, request.header("webhook-id")) == (one.body, one.message)
    assert (request.header("x-shop"), request.header("content-type")) == ("Glow Spa", "application/json")
    require_standard(
        [standard_key(str(made.body["secret"]))],
        one.message,
        request.header("webhook-timestamp"),
        request.header("webhook-signature"),
        request.body,
        house.clock.now(),
    )


def test_one_connection_serves_them_in_turn_and_a_thread_opens_the_next(
    house: House, receiver: Recorder
) -> None:
    for _ in range(5):
        house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    orders = leased(house)
    warmed(house, receiver.url)

    ended, unbegun = sent(house, orders)

    assert [one.leased for one in ended] == orders[: len(ended)]
    assert {one.id for one in unbegun} == {one.id for one in orders[len(ended) :]}
    assert orders[-1] in unbegun
    assert len(arrived(receiver)) == len(ended) >= 1


def test_whoever_has_no_connection_is_left_to_the_threads(house: House, receiver: Recorder) -> None:
    with Recorder() as new:
        for url in (new.url, receiver.url):
            house.gateway.create_endpoint(house.account, url=url)
        house.issue()
        to_new, to_known = leased(house)
        warmed(house, receiver.url)

        ended, unbegun = sent(house, [to_new, to_known])

        assert [one.leased for one in ended] == [to_known]
        assert unbegun == [to_new]
        assert new.requests == []


def test_who_hangs_is_left_to_a_thread_and_finished_there(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    [one] = leased(house)
    warmed(house, receiver.url)
    receiver.answers(503)
    receiver.holds()

    ended: list[Sent] = []
    left = at_once.send_at_once(house.gateway.parts, [one], ended.append)

    assert (ended, left.unbegun) == ([], [])
    [waiting] = left.waiting
    receiver.let_go()
    done = at_once.finish(house.gateway.parts, waiting)
    assert (done.leased, done.answer.status, done.started_at) == (one, 503, waiting.started_at)
    assert len(arrived(receiver)) == 1


def test_a_secret_that_no_key_opens_stops_no_other(
    house: House, receiver: Recorder, sqlite_url: str, tmp_path: Path
) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.gateway.close()
    after = open_house(tmp_path, sqlite_url, keys=(b"n" * 32,))
    after.gateway.create_endpoint(after.account, url=receiver.url)
    after.issue()
    sealed, opened = leased(after)
    warmed(after, receiver.url)

    ended, unbegun = sent(after, [sealed, opened])

    assert unbegun == [sealed]
    assert [one.leased for one in ended] == [opened]
    after.gateway.close()


def test_a_worker_sends_each_once_whether_its_receiver_answers_at_once_or_hangs(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A receiver that answers and then hangs holds up nobody, and its attempt ends where it is answered."""
    house = open_house(tmp_path, sqlite_url, clock=SystemClock())
    with Recorder() as quick, Recorder() as hanging:
        for url in (quick.url, hanging.url, quick.url):
            house.gateway.create_endpoint(house.account, url=url)
        worker = Dispatcher(house.gateway.parts, look_every_s=NEVER_S)
        worker.start()
        house.issue()
        worker.wake()
        until(lambda: states(house) == ["delivered"] * 3)
        hanging.holds()
        for _ in range(4):
            house.issue()
        worker.wake()

        until(lambda: states(house).count("delivered") == 11)
        hanging.let_go()
        until(lambda: set(states(house)) == {"delivered"})

        worker.stop()
        assert (len(quick.requests), len(hanging.requests)) == (10, 5)
        for receiver in (quick, hanging):
            pairs = Counter(one.header("webhook-id") for one in receiver.requests)
            assert set(pairs.values()) == {len(receiver.requests) // 5}
    house.gateway.close()
