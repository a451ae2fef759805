"""What becomes of a delivery is decided once, by who holds its lease; one that ends lets the next go."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.accounts import Account
from connector.domain.jsontext import loads
from connector.domain.sealing import KeyRing
from connector.store import attempts, settling, turns
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from connector.store.settling import Settled
from connector.store.turns import AGAIN
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import (
    DELIVERED,
    LEASE,
    add,
    an_attempt,
    an_endpoint,
    lease,
    rows,
    settle,
    stored_card,
)

HOUR = timedelta(hours=1)
STATES = "webhook_deliveries"
REFUSED = Settled("dead", "failed", None, "told_to_stop")


@pytest.fixture
def endpoint(writer: AnyWriter, ring: KeyRing, account: Account) -> Endpoint:
    return an_endpoint(writer, ring, account, window=4)


def test_what_is_leased_is_not_leased_again_until_the_lease_runs_out(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)

    [first] = lease(writer, clock)
    assert lease(writer, clock) == []
    clock.forward(LEASE - timedelta(microseconds=1))
    assert lease(writer, clock) == []
    clock.forward(timedelta(microseconds=1))
    [second] = lease(writer, clock)

    assert (second.public_id, second.fence, second.tries) == (first.public_id, first.fence + 1, 1)
    assert rows(engines, "number", "attempts") == [(1,)], "a worker that died with it counts as an attempt"


def test_only_who_holds_the_lease_decides(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [dead] = lease(writer, clock)
    clock.forward(LEASE)
    [alive] = lease(writer, clock)

    assert not settle(writer, dead, Settled("dead", "failed", None, "schedule_used_up"))
    assert settle(writer, alive)
    assert not settle(writer, alive, Settled("retrying", "failed", THE_MOMENT)), "it was decided"

    found = rows(engines, "state, tries, reason, outcome", STATES)
    assert found == [("delivered", 2, None, "delivered")]
    records = [loads(record.encode()) for (record,) in rows(engines, "record", "attempts")]
    assert [record.get("is_late") for record in records] == [None, True, False, True]


def test_an_attempt_that_is_written_again_is_kept_once(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)
    attempt = an_attempt()

    assert settle(writer, first, attempt=attempt)
    assert not settle(writer, first, attempt=attempt), "nobody had said that it was written"

    [(found, record)] = rows(engines, "public_id, record", "attempts")
    assert found == attempt
    assert loads(record.encode())["is_late"] is False


def test_an_attempt_while_our_line_is_down_that_is_written_again_is_kept_once(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)
    again: dict[str, Any] = {"attempt": an_attempt(), "started_at": THE_MOMENT, "record": {}}

    for _ in range(2):
        writer.run(lambda tx: settling.hand_back(tx, first, due_at=clock.now(), **again))

    assert rows(engines, "public_id", "attempts") == [(again["attempt"],)]


def test_a_retry_is_due_at_its_time_and_the_end_is_the_end(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)
    settle(writer, first, Settled("retrying", "failed", clock.now() + HOUR), status=503)

    with engines.reading() as connection:
        assert not turns.is_due(connection, clock.now() + HOUR - timedelta(microseconds=1), LEASE)
        assert turns.is_due(connection, clock.now() + HOUR, LEASE)
    assert lease(writer, clock) == []
    clock.forward(HOUR)
    [second] = lease(writer, clock)
    settle(writer, second, Settled("dead", "failed", None, "schedule_used_up"), status=500)

    clock.forward(timedelta(days=9))
    assert lease(writer, clock) == []
    with engines.reading() as connection:
        assert not turns.is_due(connection, clock.now(), LEASE)
        told = attempts.of_message(connection, second.message)
        assert attempts.of_message(connection, "msg_nobody") == []
    assert [(one["number"], one["record"]["status"], one["state"]) for one in told] == [
        (1, 503, "dead"),
        (2, 500, "dead"),
    ]


def test_an_attempt_by_hand_is_numbered_on_and_does_not_move_the_schedule(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)

    settle(writer, first, Settled("retrying", "failed", clock.now() + HOUR, is_by_hand=True))

    assert rows(engines, "tries, by_hand", STATES) == [(0, 1)]
    clock.forward(HOUR)
    [second] = lease(writer, clock)
    assert second.number == 2


def test_what_was_not_begun_is_given_back_without_an_attempt(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    leased = lease(writer, clock)

    writer.run(lambda tx: settling.give_back(tx, leased, clock.now()))

    [again] = lease(writer, clock)
    assert (again.tries, rows(engines, "id", "attempts")) == (0, [])
    writer.run(lambda tx: settling.give_back(tx, leased, clock.now()))
    assert lease(writer, clock) == [], "a lease that is another's is not given back"


def test_an_attempt_while_our_line_is_down_is_kept_and_not_charged(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)
    due_at = clock.now() + timedelta(seconds=5)

    writer.run(
        lambda tx: settling.hand_back(
            tx, first, attempt=an_attempt(), started_at=THE_MOMENT, record={"status": None}, due_at=due_at
        )
    )

    assert rows(engines, "state, tries, lane", STATES) == [("pending", 0, AGAIN)], "behind first attempts"
    [(record,)] = rows(engines, "record", "attempts")
    assert loads(record.encode())["is_counted"] is False


def test_the_end_of_one_lets_the_next_of_its_card_go_and_no_other(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    an_endpoint(writer, ring, account, ordering="card", window=4)
    one, other = (stored_card(writer, ring, account, number) for number in (1, 2))
    for card, sequence in ((one, 1), (one, 2), (one, 3), (other, 1), (other, 2)):
        add(writer, account, card_id=card, sequence=sequence)

    head, stranger = lease(writer, clock)
    settle(writer, head, Settled("retrying", "failed", clock.now() + HOUR))
    settle(writer, stranger)

    assert [state for (state,) in rows(engines, "state", STATES)] == [
        *("retrying", "blocked", "blocked"),  # a head that fails holds its own card
        *("delivered", "pending"),
    ]
    clock.forward(HOUR)
    for _ in range(4):
        for leased in lease(writer, clock):
            settle(writer, leased, REFUSED if leased.tries else DELIVERED)
    assert [state for (state,) in rows(engines, "state", STATES)] == ["dead"] + ["delivered"] * 4
