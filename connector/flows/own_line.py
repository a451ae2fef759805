"""Whether our own line is down: then nobody's delivery is charged for it.

The one rule: one host that answers anything, a refusal too, says that the line is up.
Belongs to one worker, and to one thread of it.
"""

from collections import deque
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from ..domain.clock import Clock
from ..domain.retries import LINE_DOWN
from ..logs import log
from ..outside.answers import Answer

WITHIN_S: Final = 30.0
HOSTS: Final = 5  # fewer can be down at once by themselves
PROBE_EVERY: Final = timedelta(seconds=5)
_SAYS_NOTHING: Final = ("internal", "refused_by_us", "lost")


class OwnLine:
    """What attempts tell of the line."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: deque[tuple[float, str]] = deque()
        self._probed_at: float | None = None
        self.is_down = False

    def note(self, url: str, answer: Answer) -> bool:
        """Take notice of an attempt; False where it says nothing of its receiver, and is not charged."""
        if answer.outcome in _SAYS_NOTHING:
            return True
        if answer.error not in LINE_DOWN:
            if self.is_down:
                log.info("delivery_network_up")
            self.is_down = False
            self._failed.clear()
            return True
        if self.is_down:
            return False
        now = self._clock.monotonic()
        self._failed.append((now, _host(url)))
        while self._failed and now - self._failed[0][0] > WITHIN_S:
            self._failed.popleft()
        if len({host for _, host in self._failed}) >= HOSTS:
            self.is_down = True
            self._probed_at = now
            log.error("delivery_network_down", hosts=HOSTS, within_s=WITHIN_S)
        return True

    def room(self, free: int) -> int:
        """How many attempts may begin, of `free`: all, or one probe now and then while the line is down."""
        if not self.is_down or free <= 0:
            return free
        now = self._clock.monotonic()
        if self._probed_at is not None and now - self._probed_at < PROBE_EVERY.total_seconds():
            return 0
        self._probed_at = now
        return 1


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
