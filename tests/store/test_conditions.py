"""An endpoint's condition is read and written under its row's lock."""

from dataclasses import replace
from datetime import timedelta

from connector.domain.accounts import Account
from connector.domain.endpoint_health import Condition, Health
from connector.domain.sealing import KeyRing
from connector.store import conditions
from connector.store.engine import open_engines
from connector.store.writer import Writing, open_writer
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import Crowd
from tests.kit.pauses import Gate
from tests.store.making import AnyWriter, make_account
from tests.store.sending import an_endpoint


def test_what_is_written_is_what_is_held_next(writer: AnyWriter, ring: KeyRing, account: Account) -> None:
    made = an_endpoint(writer, ring, account, rate_limit=7, concurrency=9, ordering="card")
    health = Health(2, 3, ("whd_1",), ("2026-11-20",), 1, THE_MOMENT)
    found = Condition(health, THE_MOMENT, THE_MOMENT - timedelta(days=1), None)

    writer.run(lambda tx: conditions.write(tx, made.id, found))
    held = writer.run(lambda tx: conditions.hold(tx, made.id))

    assert held is not None
    assert held.condition == found
    assert (held.rate_limit, held.concurrency, held.ordering, held.status) == (7, 9, "card", "enabled")
    assert writer.run(lambda tx: conditions.hold(tx, made.id + 1)) is None


def test_what_is_spent_leaves_the_rest_as_it_is(writer: AnyWriter, ring: KeyRing, account: Account) -> None:
    made = an_endpoint(writer, ring, account, window=3)

    writer.run(lambda tx: conditions.spend(tx, made.id, replace(Health(window=3), paid_until=THE_MOMENT)))

    held = writer.run(lambda tx: conditions.hold(tx, made.id))
    assert held is not None
    assert held.condition.health == Health(window=3, paid_until=THE_MOMENT)
    assert held.condition.last_success_at == THE_MOMENT


def test_a_second_worker_passes_over_what_the_first_one_holds(
    postgres_url: str, ring: KeyRing, clock: FixedClock
) -> None:
    engines = open_engines(postgres_url)
    writer = open_writer(engines, clock)
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    made, gate = an_endpoint(writer, ring, account), Gate()

    def hold(tx: Writing) -> None:
        conditions.hold(tx, made.id)
        gate()

    holding = Crowd([lambda: writer.run(hold)])
    assert gate.reached.wait(10)

    assert writer.run(lambda tx: conditions.hold(tx, made.id, or_pass=True)) is None

    gate.open()
    holding.wait()
    assert writer.run(lambda tx: conditions.hold(tx, made.id, or_pass=True)) is not None
    writer.close()
    engines.dispose()
