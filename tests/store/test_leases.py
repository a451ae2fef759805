"""Which deliveries are taken next, whatever else lies in the table; and that each of them ends."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.endpoint_health import COLD_AFTER, Condition, Health
from connector.domain.retries import SCHEDULE
from connector.domain.sealing import KeyRing
from connector.store import conditions, leases, turns
from connector.store.engine import Engines, open_engines
from connector.store.leases import Leased
from connector.store.prepared import Prepared
from connector.store.settling import Settled
from connector.store.turns import AGAIN, FIRST, Place
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter
from tests.store.sending import LEASE, add, an_endpoint, lease, rows, settle, stored_card, warm


def tell(writer: AnyWriter, account: Account, count: int) -> None:
    for _ in range(count):
        add(writer, account)


def test_a_new_endpoint_gets_one_at_a_time_and_a_proven_one_its_window(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = an_endpoint(writer, ring, account)
    tell(writer, account, 9)

    assert len(lease(writer, clock)) == 1
    warm(writer, made, Health(window=4))
    assert len(lease(writer, clock)) == 3
    assert lease(writer, clock) == [], "until one of them has ended"


def test_an_attempt_that_is_not_answered_for_a_second_lets_no_further_one_begin(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    an_endpoint(writer, ring, account, window=4)
    tell(writer, account, 4)
    lease(writer, clock, limit=1)

    clock.forward(timedelta(milliseconds=999))
    [second] = lease(writer, clock, limit=1)
    clock.forward(timedelta(milliseconds=1))

    assert lease(writer, clock) == []
    settle(writer, second)
    assert lease(writer, clock) == [], "the first one hangs still"


def test_first_attempts_go_before_retries_and_retries_have_a_share(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    an_endpoint(writer, ring, account, window=4)
    tell(writer, account, 3)
    for failed in lease(writer, clock):
        settle(writer, failed, Settled("retrying", "failed", clock.now()))
    tell(writer, account, 1)

    taken = lease(writer, clock, again=2)

    assert [one.lane for one in taken] == [turns.FIRST, turns.AGAIN, turns.AGAIN]
    assert lease(writer, clock, again=0) == []


def test_a_probe_is_the_oldest_that_is_due_and_one_only(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = an_endpoint(writer, ring, account)
    tell(writer, account, 1)
    [old] = lease(writer, clock)
    settle(writer, old, Settled("retrying", "failed", clock.now()))
    clock.forward(timedelta(seconds=1))
    tell(writer, account, 2)
    warm(writer, made, Health(window=4, failures=10, trips=1), held_until=clock.now() + LEASE)

    assert lease(writer, clock) == [], "the breaker is open"
    clock.forward(LEASE)
    [probe] = lease(writer, clock)

    assert probe.id == old.id
    assert lease(writer, clock) == []


def test_probes_of_open_breakers_take_no_slot_from_first_attempts(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    """What a probe is sent may never have been tried: it hangs as long as what opened the breaker."""
    failing = [an_endpoint(writer, ring, account) for _ in range(3)]
    healthy = an_endpoint(writer, ring, account)
    tell(writer, account, 1)
    for one in failing:
        warm(writer, one, Health(failures=10, trips=1), held_until=clock.now())

    [first] = lease(writer, clock, 2, again=0)
    probes = lease(writer, clock, 9, again=2)

    assert (first.endpoint.id, first.is_again) == (healthy.id, False)
    assert [one.endpoint.id for one in probes] == [one.id for one in failing[:2]]
    assert all(one.is_again for one in probes), "they count among the retries"


def test_retries_of_many_endpoints_have_their_turn_one_after_another(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = [an_endpoint(writer, ring, account).id for _ in range(3)]
    tell(writer, account, 1)
    again = Settled("retrying", "failed", clock.now())
    for failed in lease(writer, clock):
        settle(writer, failed, again)

    place, taken = turns.START, []
    for _ in range(3):
        [one] = lease(writer, clock, 9, again=1, after=place)
        place = turns.place_after(place, [one])
        taken.append(one.endpoint.id)
        settle(writer, one, again)

    assert taken == made


def test_a_retry_that_goes_out_with_a_first_attempt_leaves_the_ring_of_retries_where_it_is(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    busy = an_endpoint(writer, ring, account, "custom.*").id
    failing = [an_endpoint(writer, ring, account, "ping") for _ in range(3)]
    for endpoint in failing:
        warm(writer, endpoint, Health(failures=1))
    tell(writer, account, 1)
    add(writer, account, "custom.a")
    clock.forward(COLD_AFTER + timedelta(seconds=1))
    well = Condition(Health(window=4), None, None, clock.now())
    writer.run(lambda tx: conditions.write(tx, busy, well))
    again = Settled("retrying", "failed", clock.now())
    settle(writer, lease(writer, clock, 1)[0], again)

    place, taken = turns.START, []
    for _ in range(3):
        add(writer, account, "custom.a")
        found = lease(writer, clock, 9, again=3, stale=1, after=place)
        place = turns.place_after(place, found)
        taken.append([one.endpoint.id for one in found])
        for one in found:
            settle(writer, one, again)

    assert {turn.count(busy) for turn in taken} == {2, 3}, "a first attempt, and retries beside it"
    assert [[one for one in turn if one != busy] for turn in taken] == [[one.id] for one in failing]


def test_a_round_ends_behind_the_furthest_endpoint_that_had_its_turn() -> None:
    """Not behind whoever had a second one, after all others had their first."""

    @dataclass(frozen=True)
    class Turn:
        endpoint_id: int
        ring: int = FIRST

    had = [Turn(7), Turn(9), Turn(2), Turn(7), Turn(8, AGAIN)]

    assert turns.place_after(Place(5, 3), had) == Place(2, 8)
    assert turns.place_after(Place(5, 3), had[:2]) == Place(9, 3)
    assert turns.place_after(Place(5, 3), []) == Place(5, 3)


def test_a_rate_limit_holds_over_each_second(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    an_endpoint(writer, ring, account, rate_limit=2, concurrency=8, window=8)
    tell(writer, account, 5)

    def sent() -> int:
        taken = lease(writer, clock)
        for one in taken:
            settle(writer, one)
        return len(taken)

    counts = []
    for _ in range(4):
        counts.append(sent())
        clock.forward(timedelta(milliseconds=500))
    assert counts == [2, 1, 1, 1]


def test_the_ring_reaches_every_endpoint_before_any_comes_twice(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = [an_endpoint(writer, ring, account).id for _ in range(5)]
    tell(writer, account, 2)

    first = lease(writer, clock, 3)
    second = lease(writer, clock, 2, after=turns.place_after(turns.START, first))

    assert [one.endpoint.id for one in (*first, *second)] == made


def test_every_endpoint_has_its_turn_however_much_one_of_them_has(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    busy = an_endpoint(writer, ring, account, window=4)
    tell(writer, account, 5)
    quiet = an_endpoint(writer, ring, account)
    tell(writer, account, 1)

    turns = [lease(writer, clock, limit=2) for _ in range(4)]

    assert {one.endpoint.public_id for one in turns[0]} == {busy.public_id, quiet.public_id}
    assert [len(turn) for turn in turns] == [2, 2, 1, 0], "four in flight are the most for one endpoint"


@pytest.mark.parametrize("status", ["paused", "disabled", "deleted", "held"])
def test_who_is_switched_off_or_held_back_gets_nothing_now(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock, status: str
) -> None:
    an_endpoint(writer, ring, account)
    add(writer, account)
    changes = {"deleted": "deleted_at = 1", "held": f"held_until = {2**52}"}
    change = changes.get(status, f"status = '{status}'")
    writer.run(lambda tx: tx.execute(text(f"UPDATE endpoints SET {change}")) and None)

    assert lease(writer, clock) == []
    with engines.reading() as connection:
        assert not turns.is_due(connection, clock.now(), LEASE)


def test_a_delivery_that_kills_every_worker_ends(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines
) -> None:
    an_endpoint(writer, ring, account)
    tell(writer, account, 1)

    lost = 0
    while lease(writer, clock, 1):
        lost += 1
        clock.forward(LEASE)
        assert lost < 100, "it never ends"

    assert lost == len(SCHEDULE) + 1
    assert rows(engines, "state, reason, tries", "webhook_deliveries") == [
        ("dead", "lost", len(SCHEDULE) + 1)
    ]
    with engines.reading() as connection:
        assert not turns.is_due(connection, clock.now() + LEASE, LEASE)


@pytest.mark.parametrize("change", ["body = ''", "erased_at = 1"])
def test_what_is_not_as_it_was_told_is_never_leased(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines, change: str
) -> None:
    """Whatever way it got there: one id never stands over two bodies."""
    made = an_endpoint(writer, ring, account, ordering="card")
    card = stored_card(writer, ring, account, 1)
    for sequence in (1, 2):
        add(writer, account, card_id=card, sequence=sequence)
    spoil = text(f"UPDATE messages SET {change} WHERE sequence = 1")
    writer.run(lambda tx: tx.execute(spoil) and None)

    assert lease(writer, clock) == []
    assert len(lease(writer, clock)) == 1, "the next of its card goes"
    found = rows(engines, "state, reason", "webhook_deliveries")
    assert found == [("dead", "message_gone"), ("sending", None)]
    assert made.ordering == "card"


def test_many_workers_at_once_lease_each_delivery_once(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    for _ in range(5):
        an_endpoint(writer, ring, account, window=4)
    tell(writer, account, 4)
    start = threading.Barrier(4)

    def work() -> list[Leased]:
        start.wait(10)
        taken: list[Leased] = []
        while batch := lease(writer, clock, limit=3):
            taken += batch
        return taken

    ended = at_once([work] * 4)

    leased = [one.public_id for each in ended for one in each.value]
    left = [one.public_id for one in lease(writer, clock)]
    assert len({*leased}) == len(leased), "each was leased once"
    assert len(leased) + len(left) == 20


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (leases._DUE[True], {"lane_due_at"}),
        (leases._IN_FLIGHT, {"sending"}),
        (turns._RINGS["sqlite", turns.FIRST], {"lane_due_at", "sending"}),
        (turns._RINGS["sqlite", turns.AGAIN], {"lane_due_at", "sending"}),
    ],
    ids=["claim", "count", "first", "again"],
)
def test_what_was_delivered_long_ago_is_not_read_again(
    sqlite_url: str, statement: Prepared, indexes: set[str]
) -> None:
    """The plan walks the partial indexes over open rows, never the table: asked of SQLite, which says so."""
    engines = open_engines(sqlite_url)
    sql = statement.compiled(engines.read.dialect, {}).sql
    with engines.read.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, (1,) * sql.count("?")).all()
    engines.dispose()

    steps = [row[-1] for row in plan if "webhook_deliveries" in row[-1]]
    used = {step.partition("ix_webhook_deliveries_endpoint_id_")[2].partition(" ")[0] for step in steps}
    assert used == indexes, steps
    assert all(step.startswith("SEARCH") or "COVERING INDEX" in step for step in steps), steps
