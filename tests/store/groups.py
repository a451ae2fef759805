"""Callers who share one transaction, made so on purpose: no luck is needed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from connector.store.engine import Engines, open_engines
from connector.store.writer import GroupWriter, Writing
from tests.kit.clock import FixedClock
from tests.kit.crowd import Crowd, until
from tests.store.making import note


@contextmanager
def a_group_writer(url: str) -> Iterator[tuple[GroupWriter, Engines]]:
    """A writer of its own on the SQLite database at `url`, beside the engines that only read."""
    engines = open_engines(url)
    writer = GroupWriter(engines, FixedClock())
    try:
        yield writer, engines
    finally:
        writer.close()
        engines.dispose()


def together(writer: GroupWriter, works: list[Callable[[Writing], str]]) -> Crowd[str]:
    """Start all works so that they share the first one's group: it waits until the others have queued."""
    is_led = threading.Event()

    def leading(tx: Writing) -> str:
        if not is_led.is_set():  # after a lost group it runs again, and nobody queues any more
            is_led.set()
            until(lambda: writer.waiting >= len(works) - 1)
        return works[0](tx)

    def follow(work: Callable[[Writing], str]) -> str:
        is_led.wait(10)
        return writer.run(work)

    return Crowd([partial(writer.run, leading), *(partial(follow, work) for work in works[1:])])


def noting(name: str) -> Callable[[Writing], str]:
    return lambda tx: note(tx, name)
