"""Whose turn it is: hosts that hang cost whoever has them, and leave something for everybody else."""

from datetime import timedelta

from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.endpoint_health import COLD_AFTER, Health
from connector.domain.sealing import KeyRing
from connector.store import turns
from connector.store.columns import microseconds
from connector.store.engine import Engines
from connector.store.settling import Settled
from connector.store.turns import AGAIN, FIRST, Slots
from tests.kit.clock import FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import LEASE, add, an_endpoint, lease, settle, warm


def test_one_account_never_has_over_three_times_the_slots_that_stay_free(
    writer: AnyWriter, ring: KeyRing, account: Account, other: Account, clock: FixedClock
) -> None:
    for _ in range(20):
        an_endpoint(writer, ring, account)
    theirs = [an_endpoint(writer, ring, other).id for _ in range(4)]
    add(writer, account)
    add(writer, other)

    taken = lease(writer, clock, 16, all=16)
    later = lease(writer, clock, 4, all=16, taken={account.id: 12})

    ours = [one.endpoint.id for one in taken if one.endpoint.account_id == account.id]
    assert len(ours) == 12, "three quarters, where it is alone"
    assert [one.endpoint.id for one in taken[12:]] == theirs[:3], "what is left goes to whoever has less"
    assert [one.endpoint.id for one in later] == theirs[3:], "and to nobody who has his share"


def test_an_account_alone_with_few_slots_has_all_of_them(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    for _ in range(3):
        an_endpoint(writer, ring, account)
    add(writer, account)

    assert len(lease(writer, clock, 2, all=2)) == 2
    assert Slots(0, all=1, taken={account.id: 1}).has_room(account.id, {}) is False


def test_an_endpoint_that_fails_waits_among_the_retries_with_all_it_has(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines
) -> None:
    failing, healthy = (an_endpoint(writer, ring, account) for _ in range(2))
    warm(writer, failing, Health(failures=1))
    add(writer, account)

    with engines.reading() as connection:
        rings = [
            [
                one.endpoint
                for page in turns.candidates(connection, lane, now=clock.now(), lease_for=LEASE)
                for one in page
            ]
            for lane in (FIRST, AGAIN)
        ]

    assert rings == [[healthy.id], [failing.id]]
    assert [one.endpoint.id for one in lease(writer, clock, again=0)] == [healthy.id]
    [probe] = lease(writer, clock, again=1)
    assert (probe.endpoint.id, probe.is_again, probe.lane) == (failing.id, True, FIRST)


def test_endpoints_without_a_success_of_late_leave_a_part_of_the_retries_to_the_others(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    """Three hundred dead hosts take fifteen seconds each; whoever failed once must not wait behind them."""
    dead = [an_endpoint(writer, ring, account) for _ in range(3)]
    for one in dead:
        warm(writer, one, Health(failures=9))
    clock.forward(COLD_AFTER + timedelta(seconds=1))
    wavering = an_endpoint(writer, ring, account)
    add(writer, account)
    writer.run(
        lambda tx: (
            tx.execute(
                text("UPDATE endpoints SET failing_since = 1, last_success_at = :at WHERE id = :id"),
                {"at": microseconds(clock.now()), "id": wavering.id},
            )
            and None
        )
    )

    taken = lease(writer, clock, again=3, stale=1)
    none = lease(writer, clock, again=3, stale=0)

    assert [(one.endpoint.id, one.is_stale) for one in taken] == [(dead[0].id, True), (wavering.id, False)]
    assert none == []
    assert [one.endpoint.id for one in lease(writer, clock, again=3, stale=5)] == [one.id for one in dead[1:]]


def test_where_an_attempt_hangs_there_is_no_turn_until_it_ends(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines
) -> None:
    an_endpoint(writer, ring, account, window=4)
    for _ in range(2):
        add(writer, account)
    [hanging] = lease(writer, clock, 1)

    def is_due() -> bool:
        with engines.reading() as connection:
            return turns.is_due(connection, clock.now(), LEASE)

    assert is_due()
    clock.forward(turns.UNANSWERED)
    assert not is_due(), "or a worker would look in vain all the time"
    settle(writer, hanging, Settled("retrying", "timeout", clock.now() + LEASE))
    assert is_due()


def test_a_ring_of_many_pages_comes_round_once_and_ends(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines
) -> None:
    made = [an_endpoint(writer, ring, account).id for _ in range(5)]
    add(writer, account)

    with engines.reading() as connection:
        pages = [
            [one.endpoint for one in page]
            for page in turns.candidates(
                connection, FIRST, now=clock.now(), lease_for=LEASE, after=made[1], most=2
            )
        ]

    assert pages == [made[2:4], made[4:], made[:2]]
