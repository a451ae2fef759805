"""Money under way on a card holds its newest undone delivery: whoever ends deliveries never waits for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store import card_order, closing, settling
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines, open_engines
from connector.store.settling import Result, Settled
from connector.store.writer import Writing, open_writer
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import Crowd
from tests.kit.pauses import Gate
from tests.store.making import AnyWriter, make_account
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

REFUSED = Settled("retrying", "failed", THE_MOMENT)


@pytest.fixture
def engines(postgres_url: str) -> Iterator[Engines]:
    """PostgreSQL alone: SQLite has one writer, so nobody holds anything beside it."""
    opened = open_engines(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def writer(engines: Engines, clock: FixedClock) -> Iterator[AnyWriter]:
    opened = open_writer(engines, clock)
    yield opened
    opened.close()


@pytest.fixture
def account(writer: AnyWriter) -> Account:
    return writer.run(lambda tx: make_account(tx, "glow-spa"))


@pytest.fixture
def endpoint(writer: AnyWriter, ring: KeyRing, account: Account) -> Endpoint:
    return an_endpoint(writer, ring, account, ordering="card", window=4)


@contextmanager
def money_under_way(writer: AnyWriter, endpoint: Endpoint, card: int) -> Iterator[None]:
    """Somebody asked whether a delivery of this card has to wait, and has not committed yet."""
    gate = Gate()

    def tell(tx: Writing) -> None:
        card_order.has_to_wait(tx, endpoint.id, card)
        gate()

    someone = Crowd([lambda: writer.run(tell)])
    assert gate.reached.wait(10)
    yield
    gate.open()
    someone.wait()


def told(writer: AnyWriter, account: Account, card: int, count: int) -> None:
    for sequence in range(2, count + 2):
        add(writer, account, card_id=card, sequence=sequence)


def states(engines: Engines) -> list[str]:
    return [state for (state,) in rows(engines, "state", "webhook_deliveries")]


def test_a_delivery_that_is_held_is_passed_over_and_written_later(
    writer: AnyWriter,
    engines: Engines,
    ring: KeyRing,
    account: Account,
    endpoint: Endpoint,
    clock: FixedClock,
) -> None:
    cards = [stored_card(writer, ring, account, number) for number in (1, 2)]
    for card in cards:
        told(writer, account, card, 1)
    results = [Result(an_attempt(), one, DELIVERED, THE_MOMENT, {}) for one in lease(writer, clock)]

    def write(tx: Writing) -> list[int]:
        free = settling.free(tx, results)
        settling.settle(tx, free)
        return [one.leased.id for one in free]

    with money_under_way(writer, endpoint, cards[0]):
        assert writer.run(write) == [2]
        assert states(engines) == ["sending", "delivered"]
    results.pop()
    assert writer.run(write) == [1]
    assert states(engines) == ["delivered", "delivered"]


def test_a_card_whose_next_delivery_is_held_keeps_its_head_until_it_can_go(
    writer: AnyWriter, ring: KeyRing, account: Account, endpoint: Endpoint, clock: FixedClock
) -> None:
    """A failed attempt ends nothing, and is written at once."""
    card = stored_card(writer, ring, account, 1)
    told(writer, account, card, 2)
    [head] = lease(writer, clock)

    def free(settled: Settled) -> int:
        return len(
            writer.run(lambda tx: settling.free(tx, [Result(an_attempt(), head, settled, THE_MOMENT, {})]))
        )

    with money_under_way(writer, endpoint, card):
        assert (free(DELIVERED), free(REFUSED)) == (0, 1)
    assert (free(DELIVERED), free(REFUSED)) == (1, 1)


def test_an_endpoint_that_ends_ends_what_nobody_holds(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, endpoint: Endpoint
) -> None:
    card = stored_card(writer, ring, account, 1)
    told(writer, account, card, 2)

    with money_under_way(writer, endpoint, card):
        assert writer.run(lambda tx: closing.mark(tx, endpoint.id, "backlog_dropped")) == 1
        assert states(engines) == ["cancelled", "blocked"]
    assert writer.run(lambda tx: closing.step(tx, endpoint.id)) == 1
    assert states(engines) == ["cancelled", "cancelled"]


def test_what_is_given_back_comes_back_where_it_is_held(
    writer: AnyWriter,
    engines: Engines,
    ring: KeyRing,
    account: Account,
    endpoint: Endpoint,
    clock: FixedClock,
) -> None:
    card = stored_card(writer, ring, account, 1)
    told(writer, account, card, 1)
    leased = lease(writer, clock)

    with money_under_way(writer, endpoint, card):
        assert writer.run(lambda tx: settling.give_back(tx, leased, clock.now())) == leased
        assert states(engines) == ["sending"]
    assert writer.run(lambda tx: settling.give_back(tx, leased, clock.now())) == []
    assert states(engines) == ["pending"]


def test_one_whose_workers_died_dies_once_nobody_holds_who_goes_next(
    writer: AnyWriter,
    engines: Engines,
    ring: KeyRing,
    account: Account,
    endpoint: Endpoint,
    clock: FixedClock,
) -> None:
    card = stored_card(writer, ring, account, 1)
    told(writer, account, card, 2)
    for _ in range(9):
        assert lease(writer, clock)
        clock.forward(LEASE)

    with money_under_way(writer, endpoint, card):
        assert lease(writer, clock) == []
        assert states(engines) == ["sending", "blocked"]
    [following] = [one for _ in range(2) for one in lease(writer, clock)]
    assert settle(writer, following)
    assert states(engines) == ["dead", "delivered"]
