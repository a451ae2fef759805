"""Calls that keep whoever asked waiting for seconds, as they wait for others themselves or do months of work.

The one rule: they never take all threads of the doors, whoever asks for however many of them.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from ..domain.accounts import Account
from ..domain.errors import RateLimited

EACH: Final = 4  # of one account: those that hang, and one that is tried meanwhile
ALL: Final = 6  # of the sixteen threads that the doors have: ten are left for tills
RETRY_AFTER: Final = timedelta(seconds=15)  # the longest that a receiver is waited for


class LongCalls:
    """How many are under way in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[int] = Counter()
        self._all = ALL

    def keep_within(self, threads: int) -> None:
        """The doors have so many: of few, some are left for tills too, unless there is one alone."""
        self._all = max(1, min(ALL, threads * 3 // 8))

    @contextmanager
    def one(self, account: Account) -> Iterator[None]:
        """Around such a call; RateLimited before it where too many are under way."""
        with self._lock:
            if self._running[account.id] >= EACH or self._running.total() >= self._all:
                raise RateLimited(
                    "Too many calls that wait for somebody else are under way; "
                    f"{EACH} of an account are the most, and {self._all} of all.",
                    retry_after=RETRY_AFTER,
                )
            self._running[account.id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[account.id] -= 1
                if not self._running[account.id]:
                    del self._running[account.id]
