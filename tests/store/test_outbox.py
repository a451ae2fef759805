"""Messages leave from rows: leased once, sent, recorded, and never decided by two workers."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.jsontext import loads
from connector.domain.sealing import KeyRing
from connector.store import attempts, endpoints, leases, outbox
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from connector.store.leases import Leased
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter

LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


@pytest.fixture
def endpoint(writer: AnyWriter, ring: KeyRing, account: Account) -> Endpoint:
    return an_endpoint(writer, ring, account)


def an_endpoint(writer: AnyWriter, ring: KeyRing, account: Account, *types: str) -> Endpoint:
    values: dict[str, Any] = {
        "account_id": account.id,
        "url": "https://example.com/",
        "event_types": list(types or ("*",)),
        "secret": "whsec_one",
        "description": None,
        "metadata": {},
    }
    return writer.run(lambda tx: endpoints.add(tx, ring, **values))


def add(writer: AnyWriter, account: Account, message_type: str = "ping", **changed: Any) -> bool:
    values: dict[str, Any] = {
        "account_id": account.id,
        "account": account.slug,
        "sandbox": False,
        "message_type": message_type,
        "data": {"a": 1},
        **changed,
    }
    return writer.run(lambda tx: outbox.add(tx, **values)).has_listeners


def lease(writer: AnyWriter, clock: FixedClock, limit: int = 50) -> list[Leased]:
    return writer.run(lambda tx: leases.lease(tx, now=clock.now(), lease_for=LEASE, limit=limit))


def settle(writer: AnyWriter, leased: Leased, **changed: Any) -> bool:
    values: dict[str, Any] = {
        "state": "delivered",
        "due_at": None,
        "reason": None,
        "started_at": THE_MOMENT,
        "record": {"status": 200},
        **changed,
    }
    return writer.run(lambda tx: outbox.settle(tx, leased, **values))


def rows(engines: Engines, columns: str, table: str) -> list[tuple[Any, ...]]:
    with engines.reading() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY id"))
        return [tuple(row) for row in found]


def test_a_message_has_a_delivery_for_each_endpoint_that_wants_it(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account, clock: FixedClock
) -> None:
    every = an_endpoint(writer, ring, account)
    cards = an_endpoint(writer, ring, account, "gift_card.*")
    an_endpoint(writer, ring, account, "gift_card.redeemed")
    an_endpoint(writer, ring, other)

    assert add(writer, account, "gift_card.issued", sequence=7)

    leased = lease(writer, clock)
    assert {one.endpoint.public_id for one in leased} == {every.public_id, cards.public_id}
    assert len({one.message for one in leased}) == 1
    body = loads(leased[0].body)
    assert (body["id"], body["type"], body["sequence"]) == (leased[0].message, "gift_card.issued", 7)
    assert leased[0].body == leased[1].body


def test_a_message_that_nobody_wants_is_kept_all_the_same(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    assert not add(writer, account)

    assert len(rows(engines, "id", "messages")) == 1
    assert rows(engines, "id", "webhook_deliveries") == []


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

    assert not settle(writer, dead, state="dead", reason="schedule_used_up")
    assert settle(writer, alive)
    assert not settle(writer, alive, state="retrying", due_at=THE_MOMENT), "it was decided"

    assert rows(engines, "state, tries, reason", "webhook_deliveries") == [("delivered", 2, None)]
    records = [loads(record.encode()) for (record,) in rows(engines, "record", "attempts")]
    assert [record.get("is_late") for record in records] == [None, True, False, True]


def test_a_retry_is_due_at_its_time_and_the_end_is_the_end(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    [first] = lease(writer, clock)
    settle(writer, first, state="retrying", due_at=clock.now() + HOUR, record={"status": 503})

    with engines.reading() as connection:
        assert leases.next_due(connection) == clock.now() + HOUR
    assert lease(writer, clock) == []
    clock.forward(HOUR)
    [second] = lease(writer, clock)
    settle(writer, second, state="dead", reason="schedule_used_up", record={"status": 500})

    clock.forward(timedelta(days=9))
    assert lease(writer, clock) == []
    with engines.reading() as connection:
        assert leases.next_due(connection) is None
        told = attempts.of_message(connection, second.message)
        assert attempts.of_message(connection, "msg_nobody") == []
    assert [(one["number"], one["record"]["status"], one["state"]) for one in told] == [
        (1, 503, "dead"),
        (2, 500, "dead"),
    ]


def test_what_was_not_begun_is_given_back_without_an_attempt(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    add(writer, account)
    leased = lease(writer, clock)

    writer.run(lambda tx: outbox.give_back(tx, leased, clock.now()))

    [again] = lease(writer, clock)
    assert (again.tries, rows(engines, "id", "attempts")) == (0, [])
    writer.run(lambda tx: outbox.give_back(tx, leased, clock.now()))
    assert lease(writer, clock) == [], "a lease that is another's is not given back"


def test_every_endpoint_has_its_turn_however_much_one_of_them_has(
    writer: AnyWriter, ring: KeyRing, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    for _ in range(5):
        add(writer, account)
    quiet = an_endpoint(writer, ring, account)
    add(writer, account)

    turns = [lease(writer, clock, limit=2) for _ in range(4)]

    assert {one.endpoint.public_id for one in turns[0]} == {endpoint.public_id, quiet.public_id}
    assert [len(turn) for turn in turns] == [2, 2, 1, 0], "four in flight are the most for one endpoint"


@pytest.mark.parametrize("status", ["paused", "disabled", "deleted"])
def test_who_is_switched_off_gets_nothing_now(
    writer: AnyWriter,
    engines: Engines,
    account: Account,
    endpoint: Endpoint,
    clock: FixedClock,
    status: str,
) -> None:
    add(writer, account)
    change = "deleted_at = 1" if status == "deleted" else f"status = '{status}'"
    writer.run(lambda tx: tx.execute(text(f"UPDATE endpoints SET {change}")) and None)

    assert lease(writer, clock) == []
    with engines.reading() as connection:
        assert leases.next_due(connection) is None


def test_an_endpoint_that_is_gone_ends_all_that_was_open(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    for _ in range(3):
        add(writer, account)
    settle(writer, lease(writer, clock, limit=1)[0])
    [late] = lease(writer, clock, limit=1)

    writer.run(lambda tx: outbox.close_endpoint(tx, endpoint.id, state="cancelled", reason="endpoint_gone"))

    assert not settle(writer, late)
    assert sorted(rows(engines, "state, reason", "webhook_deliveries"), key=str) == [
        ("cancelled", "endpoint_gone"),
        ("cancelled", "endpoint_gone"),
        ("delivered", None),
    ]


def test_an_endpoint_knows_since_when_it_fails_and_when_it_last_said_yes(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    def attempt(state: str, counts: str, at: int) -> Endpoint:
        add(writer, account)
        due_at = clock.now() + timedelta(days=99) if state == "retrying" else None
        [leased] = lease(writer, clock)
        settle(writer, leased, state=state, due_at=due_at, counts=counts, started_at=THE_MOMENT + at * HOUR)
        with engines.reading() as connection:
            found = endpoints.find(connection, account.id, endpoint.public_id)
        assert found is not None
        return found

    assert attempt("retrying", "nothing", 0).failing_since is None, "our own fault is not theirs"
    assert attempt("retrying", "failure", 1).failing_since == THE_MOMENT + HOUR
    assert attempt("retrying", "failure", 2).failing_since == THE_MOMENT + HOUR
    healed = attempt("delivered", "success", 3)
    assert (healed.failing_since, healed.last_success_at) == (None, THE_MOMENT + 3 * HOUR)


def test_many_workers_at_once_lease_each_delivery_once(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    for _ in range(5):
        an_endpoint(writer, ring, account)
    for _ in range(4):
        add(writer, account)
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


def test_a_deed_that_is_undone_takes_its_message_along(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint
) -> None:
    def work(tx: Writing) -> None:
        outbox.add(tx, account_id=account.id, account="x", sandbox=False, message_type="ping", data={})
        raise KeyError("undone")

    with pytest.raises(KeyError):
        writer.run(work)

    assert rows(engines, "id", "messages") == rows(engines, "id", "webhook_deliveries") == []
