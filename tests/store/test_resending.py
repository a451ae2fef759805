"""What is sent again keeps its id, and goes to who asked for it."""

from datetime import datetime, timedelta
from functools import partial

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store import resending
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from connector.store.settling import Settled
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import add, an_endpoint, lease, rows, settle

SINCE, UNTIL = THE_MOMENT, THE_MOMENT + timedelta(days=1)
DEAD = Settled("dead", "failed", None, "schedule_used_up")


def revive(endpoint: Endpoint, since: datetime, until: datetime, after: int, tx: Writing) -> tuple[int, int]:
    return resending.revive(tx, endpoint, since, until, after, 2)


def test_what_is_dead_gets_a_fresh_schedule_a_batch_at_a_time(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = an_endpoint(writer, ring, account, window=4)
    for _ in range(3):
        add(writer, account)
    for leased in lease(writer, clock):
        settle(writer, leased, DEAD)

    steps, after = [], 0
    for _ in range(3):
        count, after = writer.run(partial(revive, made, SINCE, UNTIL, after))
        steps.append(count)

    assert steps == [2, 1, 0]
    found = rows(engines, "state, tries, lane, trigger", "webhook_deliveries")
    assert found == [("pending", 0, 1, "recover")] * 3


def test_only_what_was_made_in_the_span_is_taken(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = an_endpoint(writer, ring, account)
    add(writer, account)
    settle(writer, lease(writer, clock)[0], DEAD)

    later = (THE_MOMENT + timedelta.resolution, UNTIL)
    for since, until in (later, (THE_MOMENT - timedelta(days=1), THE_MOMENT)):
        assert writer.run(partial(revive, made, since, until, 0)) == (0, 0)


def test_what_was_never_made_is_made_once(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    add(writer, account, "ping")
    add(writer, account, "gift_card.issued")
    made = an_endpoint(writer, ring, account, "gift_card.*")

    first = writer.run(lambda tx: resending.make_missed(tx, made, SINCE, UNTIL, 0, 9))
    again = writer.run(lambda tx: resending.make_missed(tx, made, SINCE, UNTIL, 0, 9))

    assert (first[:2], again[:2]) == ((2, 1), (2, 0))
    assert len(rows(engines, "id", "webhook_deliveries")) == 1


def test_what_a_recipe_told_is_wanted_by_who_asked_for_that_recipe(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    """The message itself does not name it: who sent it stands beside it."""
    for recipe in ("vip", "other", None):
        add(writer, account, "custom.thanks", sent_by=recipe)
    made = an_endpoint(writer, ring, account, filter={"recipe": ["vip"]})

    looked, count, _ = writer.run(lambda tx: resending.make_missed(tx, made, SINCE, UNTIL, 0, 9))

    assert (looked, count) == (3, 1)
    assert rows(engines, "message_id", "webhook_deliveries") == [(1,)]
    assert resending.is_wanted(made, "custom.thanks", {}, "vip")
    assert not resending.is_wanted(made, "custom.thanks", {}, None)
