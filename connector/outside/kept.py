"""Connections kept for the next attempt to the same place.

The rule that holds: never more than the limits say, the oldest goes first, and
none is handed out that is idle or open for too long, or that the far side closed.
"""

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

from ..domain.clock import Clock
from .exchange import Exchange, Limits
from .urls import Place, Target


class Keepable(Protocol):
    """What can be kept: a connection that knows its last exchange."""

    opened_at: float
    answered_in_s: float

    @property
    def exchange(self) -> Exchange: ...
    @property
    def is_closed(self) -> bool: ...
    @property
    def is_connected(self) -> bool: ...
    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Keepable)


class Kept(Generic[Connection]):
    """Open connections by place, the freshest handed out first."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._by_place: dict[Place, OrderedDict[int, Connection]] = {}
        self._all: OrderedDict[int, tuple[float, Connection]] = OrderedDict()  # oldest first
        self._is_open = True

    def answers_within(self, target: Target, seconds: float) -> bool:
        """Whether the connection that would be handed out next got its last answer so soon."""
        with self._lock:
            here = self._by_place.get(target.place)
            return here is not None and next(reversed(here.values())).answered_in_s <= seconds

    def take(self, target: Target) -> Connection | None:
        """A connection that still seems alive, None where there is none."""
        while True:
            with self._lock:
                here = self._by_place.get(target.place)
                if not here:
                    return None
                key = next(reversed(here))
                kept_at, connection = self._all[key]
                self._forget(key, connection)
            now = self._clock.monotonic()
            is_fresh = now - kept_at < self._limits.idle_s and now - connection.opened_at < self._limits.age_s
            if is_fresh and connection.is_connected:
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Keep an open connection whose answer was read to its end; close what is too much or too old."""
        if connection.is_closed:
            return
        now = self._clock.monotonic()
        dropped: list[Connection] = []
        with self._lock:
            self._keep(connection, now)
            here = self._by_place[connection.exchange.target.place]
            if len(here) > self._limits.kept_per_host:
                dropped.append(self._drop(next(iter(here))))
            while self._all:
                key, (kept_at, _) = next(iter(self._all.items()))
                is_over = len(self._all) > self._limits.kept or not self._is_open
                if not is_over and now - kept_at < self._limits.idle_s:
                    break
                dropped.append(self._drop(key))
        for one in dropped:
            one.close()

    def close(self) -> None:
        """Close all that is kept, and keep nothing from now on."""
        with self._lock:
            self._is_open = False
            dropped = [connection for _, connection in self._all.values()]
            self._all.clear()
            self._by_place.clear()
        for connection in dropped:
            connection.close()

    def __len__(self) -> int:
        return len(self._all)

    def _keep(self, connection: Connection, now: float) -> None:
        key = id(connection)
        self._all[key] = (now, connection)
        self._by_place.setdefault(connection.exchange.target.place, OrderedDict())[key] = connection

    def _drop(self, key: int) -> Connection:
        connection = self._all[key][1]
        self._forget(key, connection)
        return connection

    def _forget(self, key: int, connection: Connection) -> None:
        del self._all[key]
        place = connection.exchange.target.place
        here = self._by_place[place]
        del here[key]
        if not here:
            del self._by_place[place]
