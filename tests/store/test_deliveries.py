"""What makes an inbound delivery unique, and what is kept of it."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from connector.domain.accounts import Account
from connector.domain.errors import CannotOpen, NotFound
from connector.domain.inbound import Request
from connector.domain.sealing import KeyRing
from connector.store import accounts, deliveries
from connector.store.engine import Engines, open_engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import KEY, OTHER_KEY, AnyWriter

DAY = timedelta(days=1)
HEADERS = {
    "content-type": "application/json",
    "x-signature": "proof",
    "authorization": "Bearer proof",
    "cookie": "proof",
    "x-connector-secret": "proof",
    "x-api-key": "proof",
    "x-hmac": "proof",
    "x-long": "l" * 5_000,
}
POSTED = Request("POST", "https://x/hooks/a/b", HEADERS, b"\x00\xff{}", "192.0.2.7", THE_MOMENT, "a=1")


@pytest.fixture
def source(writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account) -> int:
    def work(tx: Writing) -> None:
        accounts.put_source(
            tx, ring, account, slug="s", adapter="a", secrets=[], settings={}, managed_by="api"
        )

    writer.run(work)
    with engines.reading() as connection:
        [found] = accounts.sources_of(connection, ring, account)
    return found.id


def take(writer: AnyWriter, delivery: str, *keys: str, source: int = 1, is_weak: bool = False) -> str | None:
    return writer.run(
        lambda tx: deliveries.take_keys(tx, source, delivery, [(key, is_weak) for key in keys], DAY)
    )


def add(writer: AnyWriter, account: Account, source: int, name: str, **changed: Any) -> int:
    ring = KeyRing([KEY])
    values: dict[str, Any] = {"status": "accepted", "request": POSTED, **changed}
    return writer.run(
        lambda tx: deliveries.add(tx, ring, public_id=name, account_id=account.id, source_id=source, **values)
    )


def test_a_delivery_is_known_by_any_of_its_keys(writer: AnyWriter) -> None:
    assert take(writer, "first", "id 1", "second key", "id 1") is None, "its own key twice is no copy"

    assert take(writer, "again", "id 1") == "first"
    assert take(writer, "again", "second key") == "first"
    assert take(writer, "other", "id 2") is None
    assert take(writer, "theirs", "id 1", source=2) is None, "another source's ids are its own"
    assert take(writer, "none") is None


def test_a_copy_with_a_new_id_is_still_the_first_when_it_comes_again(writer: AnyWriter) -> None:
    """What the copy claimed before it was known speaks for the first: it was never stored itself."""
    take(writer, "first", "id 1", "body")

    assert take(writer, "copy", "id 2", "body") == "first"
    assert take(writer, "third", "id 2") == "first"


def test_keys_of_a_delivery_that_turns_out_to_be_another_can_be_given_to_it(writer: AnyWriter) -> None:
    take(writer, "first", "item 1")
    take(writer, "batch", "id 9")

    writer.run(lambda tx: deliveries.give_keys(tx, 1, ["id 9"], "first"))
    writer.run(lambda tx: deliveries.give_keys(tx, 1, [], "first"))

    assert take(writer, "again", "id 9") == "first"


def test_a_key_is_kept_for_ever_and_a_weak_one_for_its_time(writer: AnyWriter, clock: Any) -> None:
    take(writer, "strong", "id 1")
    take(writer, "weak", "hash", is_weak=True)
    clock.forward(DAY)
    assert take(writer, "copy", "hash", is_weak=True) == "weak"

    clock.forward(timedelta(microseconds=1))

    assert take(writer, "new", "hash", is_weak=True) is None
    clock.forward(timedelta(days=4_000))
    assert take(writer, "copy", "id 1") == "strong"


def test_any_text_can_be_a_key(writer: AnyWriter) -> None:
    for key in ("", "\x00", "\ud83d", "ü" * 10_000):
        assert take(writer, "first", key) is None
        assert take(writer, "again", key) == "first"


@pytest.mark.parametrize("does_fail", [False, True])
def test_a_copy_that_comes_while_the_first_still_runs_waits_for_it(
    writer: AnyWriter, does_fail: bool
) -> None:
    is_taken, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> None:
        deliveries.take_keys(tx, 1, "first", [("id 1", False)], DAY)
        is_taken.set()
        may_end.wait(10)
        if does_fail:
            raise NotFound

    def copy() -> str | None:
        is_taken.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return take(writer, "copy", "id 1")

    _, told = at_once([lambda: writer.run(first), copy])

    assert told.value == (None if does_fail else "first")


def test_a_delivery_is_kept_without_what_proves_who_sent_it(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, source: int
) -> None:
    row = add(writer, account, source, "dlv_1", status="processed")

    with engines.reading() as connection:
        found = deliveries.find(connection, ring, "dlv_1")
        assert deliveries.find(connection, ring, "dlv_2") is None
        kept = connection.execute(text("SELECT * FROM inbound_deliveries")).mappings().one()
    assert found is not None
    assert (found.id, found.body, found.received_at, found.answer) == (row, POSTED.body, THE_MOMENT, None)
    assert (found.request["method"], found.request["query"]) == ("POST", "a=1")
    assert found.request["headers"] == {"content-type": "application/json", "x-long": "l" * 1_000}
    assert "proof" not in str(dict(kept))


def test_its_first_answer_is_kept_sealed(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, source: int
) -> None:
    row = add(writer, account, source, "dlv_1", due_at=THE_MOMENT)
    answer = b'{"code":"7K2Q-M4XA"}'

    writer.run(lambda tx: deliveries.settle(tx, ring, row, status="processed", answer=answer))

    with engines.reading() as connection:
        found = deliveries.find(connection, ring, "dlv_1")
        with pytest.raises(CannotOpen):
            deliveries.find(connection, KeyRing([OTHER_KEY]), "dlv_1")
        assert deliveries.due(connection, THE_MOMENT + DAY, 9) == []
        assert "7K2Q" not in str(connection.execute(text("SELECT * FROM inbound_deliveries")).one())
    assert found is not None
    assert (found.status, found.reason, found.answer) == ("processed", None, answer)


def test_what_is_due_is_run_oldest_first_and_no_sooner(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, source: int
) -> None:
    rows = {
        name: add(writer, account, source, name, due_at=due_at)
        for name, due_at in (
            ("later", THE_MOMENT + timedelta(hours=1)),
            ("second", THE_MOMENT),
            ("first", THE_MOMENT - DAY),
            ("never", None),
        )
    }

    with engines.reading() as connection:
        assert deliveries.due(connection, THE_MOMENT, 9) == ["first", "second"]
        assert deliveries.due(connection, THE_MOMENT, 1) == ["first"]
        assert deliveries.due(connection, THE_MOMENT + DAY, 9) == ["first", "second", "later"]
    writer.run(lambda tx: deliveries.postpone(tx, rows["first"], tries=3, due_at=None, reason="internal"))
    writer.run(
        lambda tx: deliveries.postpone(
            tx, rows["second"], tries=1, due_at=THE_MOMENT + DAY, reason="unavailable"
        )
    )
    with engines.reading() as connection:
        assert deliveries.due(connection, THE_MOMENT + DAY, 9) == ["later", "second"]
        parked = deliveries.find(connection, ring, "first")
    assert parked is not None and parked.tries == 3


def test_what_is_due_is_found_without_a_walk_through_what_was_told(sqlite_url: str) -> None:
    """A source has told a million things, of which three are due."""
    engines = open_engines(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(engines.read, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    with engines.reading() as connection:
        deliveries.due(connection, THE_MOMENT, 9)
        deliveries.due(connection, THE_MOMENT, 9, ("acuity",))
        deliveries.due(connection, THE_MOMENT, 9, source_id=1)
        deliveries.due_sources(connection, THE_MOMENT, ("acuity",), (2,), 9)

    looks = [one for one in asked if "inbound_deliveries" in one[0]]
    assert len(looks) == 4
    with engines.read.connect() as connection:
        for sql, values in looks:
            plan = [row[-1] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values)]
            assert "ix_inbound_deliveries_due_at" in plan[0], plan
    engines.dispose()


def test_a_due_delivery_is_claimed_by_one_worker(
    writer: AnyWriter, ring: KeyRing, account: Account, source: int
) -> None:
    row = add(writer, account, source, "dlv_1", due_at=THE_MOMENT)
    is_claimed, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> bool:
        found = deliveries.claim(tx, ring, "dlv_1", THE_MOMENT)
        is_claimed.set()
        may_end.wait(10)
        deliveries.settle(tx, ring, row, status="processed", answer=b"{}")
        return found is not None

    def second() -> bool:
        is_claimed.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return writer.run(lambda tx: deliveries.claim(tx, ring, "dlv_1", THE_MOMENT)) is not None

    one, two = at_once([lambda: writer.run(first), second])

    assert (one.value, two.value) == (True, False)


def test_a_delivery_is_held_for_its_own_account_only(
    writer: AnyWriter, ring: KeyRing, account: Account, source: int
) -> None:
    add(writer, account, source, "dlv_1")

    found = writer.run(lambda tx: deliveries.lock(tx, ring, account.id, "dlv_1"))
    others = writer.run(lambda tx: deliveries.lock(tx, ring, account.id + 1, "dlv_1"))
    nobodys = [
        writer.run(lambda tx, name=name: deliveries.lock(tx, ring, account.id, name))  # type: ignore[misc]
        for name in ("dlv_2", "", "\x00", "dlv_1 ")
    ]

    assert found is not None and found.body == POSTED.body
    assert [others, *nobodys] == [None] * 5


def test_of_two_who_hold_one_delivery_the_second_sees_what_the_first_did(
    writer: AnyWriter, ring: KeyRing, account: Account, source: int
) -> None:
    row = add(writer, account, source, "dlv_1", status="rejected")
    is_held, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> str:
        found = deliveries.lock(tx, ring, account.id, "dlv_1")
        assert found is not None
        is_held.set()
        may_end.wait(10)
        deliveries.close(tx, row, status="ignored", reason="the same as dlv_0")
        return found.status

    def second() -> str:
        is_held.wait(10)
        threading.Timer(0.05, may_end.set).start()
        found = writer.run(lambda tx: deliveries.lock(tx, ring, account.id, "dlv_1"))
        assert found is not None
        return found.status

    one, two = at_once([lambda: writer.run(first), second])

    assert (one.value, two.value) == ("rejected", "ignored")


def test_what_is_closed_is_never_run_and_says_why(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, source: int
) -> None:
    closed = add(writer, account, source, "dlv_1", due_at=THE_MOMENT)
    add(writer, account, source, "dlv_2", due_at=THE_MOMENT)

    writer.run(lambda tx: deliveries.close(tx, closed, status="ignored", reason="the same as dlv_0"))

    assert writer.run(lambda tx: deliveries.claim(tx, ring, "dlv_1", THE_MOMENT + DAY)) is None
    with engines.reading() as connection:
        assert deliveries.due(connection, THE_MOMENT + DAY, 10) == ["dlv_2"]
        kept = connection.execute(text("SELECT status, reason, due_at FROM inbound_deliveries ORDER BY id"))
        assert kept.all()[0] == ("ignored", "the same as dlv_0", None)


def test_what_must_not_be_kept_of_a_body_is_gone_and_the_rest_is_sealed(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, source: int
) -> None:
    row = add(writer, account, source, "dlv_1", request=replace(POSTED, body=b"a secret code"))
    other = add(writer, account, source, "dlv_2")

    writer.run(lambda tx: deliveries.replace_body(tx, ring, row, b"a ..."))

    with engines.reading() as connection:
        found = deliveries.find(connection, ring, "dlv_1")
        untouched = deliveries.find(connection, ring, "dlv_2")
        stands = connection.execute(text("SELECT body FROM inbound_deliveries ORDER BY id")).scalars().all()
    assert found is not None and untouched is not None
    assert (found.body, untouched.body) == (b"a ...", POSTED.body)
    assert b"a ..." not in bytes(stands[0]), "sealed, as what came"
    with pytest.raises(CannotOpen), engines.reading() as connection:
        deliveries.find(connection, KeyRing([OTHER_KEY]), "dlv_1")
    assert other != row


def test_an_event_is_kept_with_its_envelope(
    writer: AnyWriter, engines: Engines, account: Account, source: int
) -> None:
    values: dict[str, Any] = {
        "public_id": "evt_1",
        "account_id": account.id,
        "source_id": source,
        "delivery_id": None,
        "contact_id": None,
        "event_type": "booking.created",
        "occurred_at": THE_MOMENT - DAY,
        "envelope": '{"a":1}',
    }

    row = writer.run(lambda tx: deliveries.add_event(tx, **values))

    with engines.reading() as connection:
        kept = connection.execute(text("SELECT id, type, envelope FROM events")).one()
    assert tuple(kept) == (row, "booking.created", '{"a":1}')
