"""The first answer under a key is the answer; the key waits for what becomes of the first."""

import threading

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.errors import IdempotencyInProgress, NotFound
from connector.domain.sealing import KeyRing
from connector.store import idempotency
from connector.store.engine import Engines, open_engines
from connector.store.idempotency import FirstAnswer
from connector.store.writer import DirectWriter, Writing
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once
from tests.store.making import KEY, OTHER_KEY, AnyWriter, make_account

BODY = b'{"code":"7K2Q-M4XA"}'


def answer(writer: AnyWriter, ring: KeyRing, account: Account, key: str = "k") -> FirstAnswer | None:
    def work(tx: Writing) -> FirstAnswer | None:
        first = idempotency.take(tx, ring, account.id, key, "asked")
        if first is None:
            idempotency.keep(tx, ring, account.id, key, 201, BODY)
        return first

    return writer.run(work)


def test_the_first_is_asked_to_answer_and_the_second_gets_its_answer(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    assert answer(writer, ring, account) is None
    assert answer(writer, ring, account) == FirstAnswer("asked", 201, BODY)
    assert answer(writer, KeyRing([OTHER_KEY, KEY]), account) == FirstAnswer("asked", 201, BODY)
    assert answer(writer, ring, account, "another") is None
    assert answer(writer, ring, other) is None, "another account's keys are its own"
    with engines.reading() as connection:
        kept = connection.execute(text("SELECT answer_sealed FROM idempotency_keys")).scalars().all()
    assert all("7K2Q" not in sealed for sealed in kept)


def test_a_key_whose_first_came_to_nothing_is_free(
    writer: AnyWriter, ring: KeyRing, account: Account
) -> None:
    def fail(tx: Writing) -> None:
        idempotency.take(tx, ring, account.id, "k", "asked")
        raise NotFound

    with pytest.raises(NotFound):
        writer.run(fail)

    assert answer(writer, ring, account) is None


def test_a_second_one_waits_for_the_first(writer: AnyWriter, ring: KeyRing, account: Account) -> None:
    is_taken, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> FirstAnswer | None:
        idempotency.take(tx, ring, account.id, "k", "asked")
        is_taken.set()
        may_end.wait(10)
        idempotency.keep(tx, ring, account.id, "k", 201, BODY)
        return None

    def second() -> FirstAnswer | None:
        is_taken.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return answer(writer, ring, account)

    one, two = at_once([lambda: writer.run(first), second])

    assert (one.value, two.value) == (None, FirstAnswer("asked", 201, BODY))


def test_who_waits_too_long_is_told_that_the_first_still_runs(postgres_url: str, ring: KeyRing) -> None:
    """On SQLite nobody can wait inside a transaction: there is one at a time."""
    engines = open_engines(postgres_url)
    writer = DirectWriter(engines, FixedClock())
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    is_taken, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> None:
        idempotency.take(tx, ring, account.id, "k", "asked")
        is_taken.set()
        may_end.wait(10)

    def impatient(tx: Writing) -> None:
        tx.execute(text("SET LOCAL lock_timeout = 50"))  # in production it is 8 s
        idempotency.take(tx, ring, account.id, "k", "asked")

    def second() -> None:
        is_taken.wait(10)
        try:
            writer.run(impatient)
        finally:
            may_end.set()

    _, refused = at_once([lambda: writer.run(first), second])

    assert isinstance(refused.error, IdempotencyInProgress)
    assert (refused.error.status, refused.error.retryable) == (409, True)
    engines.dispose()
