"""What ends at an endpoint ends in batches, and nothing waits for nobody."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.jsontext import loads
from connector.domain.sealing import KeyRing
from connector.store import closing, conditions, endpoints
from connector.store.conditions import DROPPED, GONE
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from connector.store.settling import Settled
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import DELIVERED, LEASE, add, an_endpoint, lease, rows, settle, stored_card

STATES = "webhook_deliveries"
REFUSED = Settled("dead", "failed", None, "told_to_stop")
LATER = Settled("retrying", "failed", THE_MOMENT + timedelta(hours=1))


@pytest.fixture
def endpoint(writer: AnyWriter, ring: KeyRing, account: Account) -> Endpoint:
    return an_endpoint(writer, ring, account, window=4)


def due(engines: Engines) -> list[int]:
    with engines.reading() as connection:
        return closing.due(connection)


def lonely(engines: Engines, clock: FixedClock) -> list[tuple[int, list[int]]]:
    with engines.reading() as connection:
        return closing.lonely(connection, clock.now())


def states(engines: Engines) -> list[str]:
    return [state for (state,) in rows(engines, "state", STATES)]


def remove(endpoint: Endpoint, tx: Writing) -> None:
    endpoints.remove(tx, endpoint)


def mark(endpoint: Endpoint, reason: str, tx: Writing) -> int:
    return closing.mark(tx, endpoint.id, reason)


def step(endpoint: Endpoint, tx: Writing, limit: int = closing.AT_ONCE) -> int:
    return closing.step(tx, endpoint.id, limit)


def in_order(writer: AnyWriter, ring: KeyRing, account: Account, count: int) -> tuple[Endpoint, int]:
    """An endpoint that asks for order, and a card with so many deliveries there."""
    made = an_endpoint(writer, ring, account, ordering="card", window=4)
    card = stored_card(writer, ring, account, 1)
    for sequence in range(1, count + 1):
        add(writer, account, card_id=card, sequence=sequence)
    return made, card


def test_a_deleted_endpoint_ends_all_that_was_open_but_what_is_on_its_way(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    for _ in range(3):
        add(writer, account)
    settle(writer, lease(writer, clock, limit=1)[0])
    [late] = lease(writer, clock, limit=1)

    writer.run(partial(remove, endpoint))
    ended = writer.run(partial(step, endpoint))

    assert ended == 1
    assert settle(writer, late), "a receiver that said yes is believed"
    assert sorted(rows(engines, "state, reason", STATES), key=str) == [
        ("cancelled", "endpoint_deleted"),
        ("delivered", None),
        ("delivered", None),
    ]
    assert due(engines) == []


def test_what_a_worker_died_with_ends_once_its_lease_is_over(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    lease(writer, clock)
    writer.run(partial(remove, endpoint))

    assert writer.run(partial(step, endpoint)) == 0
    clock.forward(LEASE)
    assert due(engines) == [endpoint.id]
    assert writer.run(partial(step, endpoint)) == 1

    assert states(engines) == ["cancelled"]
    [(number, record)] = rows(engines, "number, record", "attempts")
    assert (number, loads(record.encode())) == (1, {"outcome": "lost"})


def test_what_is_open_is_ended_in_batches_of_which_each_stands_alone(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    gone, _ = in_order(writer, ring, account, 5)
    paused = an_endpoint(writer, ring, account)
    add(writer, account)
    writer.run(lambda tx: conditions.disable(tx, gone.id, "gone", THE_MOMENT))
    writer.run(lambda tx: endpoints.change(tx, paused, status="disabled", disabled_reason="receiver"))

    assert due(engines) == [gone.id]
    assert [writer.run(partial(step, gone, limit=2)) for _ in range(4)] == [2, 2, 2, 0]
    assert due(engines) == []
    assert rows(engines, "state, reason", STATES) == [("dead", "gone")] * 6 + [("pending", None)]


def test_what_waited_is_dropped_before_anything_else_is_sent(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made, card = in_order(writer, ring, account, 2)
    [head] = lease(writer, clock)
    writer.run(partial(mark, made, DROPPED))
    add(writer, account, card_id=card, sequence=3)
    other = stored_card(writer, ring, account, 2)
    add(writer, account, card_id=other, sequence=1)

    assert lease(writer, clock) == [], "it is not through: a crash here leaves the mark in the row"
    settle(writer, head, REFUSED)
    assert due(engines) == [made.id]
    writer.run(partial(step, made))

    assert states(engines) == ["dead", "cancelled", "pending", "pending"]
    assert due(engines) == []
    assert len(lease(writer, clock)) == 2


def test_one_that_was_gone_and_is_switched_on_ends_what_410_had_ended(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made, card = in_order(writer, ring, account, 4)
    writer.run(lambda tx: conditions.disable(tx, made.id, "gone", THE_MOMENT))
    writer.run(partial(step, made, limit=1))

    writer.run(lambda tx: endpoints.change(tx, made, status="enabled", disabled_reason=None))
    writer.run(partial(mark, made, GONE))
    add(writer, account, card_id=card, sequence=5)

    assert rows(engines, "state, reason", STATES)[:4] == [("dead", "gone")] * 4
    assert [one.fence for one in lease(writer, clock)] == [1]


def test_without_order_all_that_waited_goes_oldest_first(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made, _ = in_order(writer, ring, account, 4)
    writer.run(lambda tx: endpoints.change(tx, made, ordering="none"))

    assert due(engines) == [made.id]
    assert [writer.run(partial(step, made, limit=2)) for _ in range(3)] == [2, 1, 0]
    assert due(engines) == []
    assert len(lease(writer, clock)) == 4


def test_the_end_of_one_lets_the_next_go_whatever_the_order_is_by_then(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    """A message that was told while the order changed was told to wait by the old one."""
    made, _ = in_order(writer, ring, account, 2)
    [head] = lease(writer, clock)
    writer.run(lambda tx: endpoints.change(tx, made, ordering="none"))

    settle(writer, head, DELIVERED)

    assert states(engines) == ["delivered", "pending"]


def test_who_waits_for_nobody_is_found_and_let_go(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made, card = in_order(writer, ring, account, 3)
    assert lonely(engines, clock) == [], "the first of them is open"
    lose = text("UPDATE webhook_deliveries SET state = 'dead', ended_at = 1 WHERE state = 'pending'")
    writer.run(lambda tx: tx.execute(lose) and None)

    assert lonely(engines, clock) == [(made.id, [card])]
    assert writer.run(lambda tx: closing.free(tx, made.id, [card])) == 1

    assert states(engines) == ["dead", "pending", "blocked"]
    assert lonely(engines, clock) == []
    assert writer.run(lambda tx: closing.free(tx, made.id, [card])) == 0


def test_looks_for_who_waits_come_to_all_rows_one_after_another(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    _, card = in_order(writer, ring, account, 2)
    far = text("UPDATE webhook_deliveries SET id = 1000000 WHERE state = 'blocked'")
    writer.run(lambda tx: tx.execute(far) and None)
    other = stored_card(writer, ring, account, 2)
    for sequence in (1, 2):
        add(writer, account, card_id=other, sequence=sequence)
    lose = text("UPDATE webhook_deliveries SET state = 'dead', ended_at = 1 WHERE state = 'pending'")
    writer.run(lambda tx: tx.execute(lose) and None)
    near = text("UPDATE webhook_deliveries SET id = 5 WHERE state = 'blocked' AND id <> 1000000")
    writer.run(lambda tx: tx.execute(near) and None)

    seen = set()
    for _ in range(1_000_000 // closing.WINDOW + 1):
        seen |= {one for _, cards in lonely(engines, clock) for one in cards}
        clock.forward(closing.LOOKS_EVERY)

    assert seen == {card, other}
