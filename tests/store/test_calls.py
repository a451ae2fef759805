"""Calls between processes: heard by all who hear, also where nobody else ever looks; never in the way."""

import queue
import threading
from functools import partial

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from connector.domain.errors import Unavailable
from connector.store import calls
from connector.store.engine import open_engines
from tests.kit.crowd import Crowd

CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND starts_with(query, 'LISTEN') AND pid <> pg_backend_pid()"
)


def test_a_call_is_heard_by_everybody_who_hears_and_a_line_that_breaks_is_told(postgres_url: str) -> None:
    engines = open_engines(postgres_url)
    heard: list[queue.SimpleQueue[None]] = [queue.SimpleQueue(), queue.SimpleQueue()]
    never = threading.Event()
    hearing = [partial(calls.hear, engines, never.is_set, partial(one.put, None)) for one in heard]
    crowd = Crowd(hearing)
    for one in heard:
        one.get(timeout=10)  # at the start, for what was queued before

    for _ in range(2):
        calls.tell(engines)
        for one in heard:
            one.get(timeout=10)

    cutter = create_engine(engines.write.url, poolclass=NullPool)
    with cutter.connect() as connection:
        connection.execute(CUT)
    ended = crowd.wait()
    assert [type(one.error) for one in ended] == [Unavailable, Unavailable]
    cutter.dispose()
    engines.dispose()


def test_who_hears_ends_when_it_is_called_and_is_over(postgres_url: str) -> None:
    engines = open_engines(postgres_url)
    started, over = threading.Event(), threading.Event()
    crowd = Crowd([lambda: calls.hear(engines, over.is_set, started.set)])
    assert started.wait(10)

    over.set()
    calls.tell(engines)

    crowd.wait()
    engines.dispose()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none"])
def test_a_call_that_cannot_be_told_is_nobodys_trouble(url: str) -> None:
    engines = open_engines(url)

    calls.tell(engines)

    with pytest.raises(Unavailable):
        calls.hear(engines, lambda: False, lambda: None)
    engines.dispose()


def test_nobody_is_called_on_sqlite(sqlite_url: str) -> None:
    engines = open_engines(sqlite_url)

    calls.tell(engines)

    assert "in use: 0" in engines.write.pool.status() or "NullPool" in engines.write.pool.status()
    engines.dispose()
