"""What is old and has ended is forgotten, a batch at a time; what is open never."""

from datetime import datetime, timedelta

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store import pruning
from connector.store.engine import Engines
from connector.store.settling import Settled
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import DELIVERED, add, an_endpoint, lease, rows, settle

LATER = THE_MOMENT + timedelta(days=1)


def test_only_what_has_ended_and_is_old_is_forgotten(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    an_endpoint(writer, ring, account, window=4)
    for _ in range(3):
        add(writer, account)
    results = [DELIVERED, Settled("retrying", "failed", LATER), Settled("dead", "gone", None, "gone")]
    for leased, result in zip(lease(writer, clock), results, strict=True):
        settle(writer, leased, result)
    with engines.reading() as connection:
        assert pruning.has_older(connection, LATER)
        assert not pruning.has_older(connection, THE_MOMENT)

    def old(before: datetime, after: int) -> tuple[list[int], int | None]:
        with engines.reading() as connection:
            return pruning.old_attempts(connection, before, after, 2)

    assert old(THE_MOMENT, 0) == ([], None)
    assert writer.run(lambda tx: pruning.forget_bodies(tx, THE_MOMENT, 9)) == 0
    first, place = old(LATER, 0)
    rest, end = old(LATER, place or 0)
    assert (len(first), len(rest), end) == (1, 1, None)
    assert writer.run(lambda tx: pruning.forget_attempts(tx, [1, 2, 3])) == 2, "never what is open"
    bodies = [writer.run(lambda tx: pruning.forget_bodies(tx, LATER, 1)) for _ in range(3)]

    assert bodies == [1, 1, 0]
    assert rows(engines, "delivery_id", "attempts") == [(2,)]
    assert [len(body) > 0 for (body,) in rows(engines, "body", "messages")] == [False, True, False]
    assert len(rows(engines, "id", "webhook_deliveries")) == 3
