"""Wrong card codes: one budget over every door by which a card can be found by its code.

The one rule: only the guessing door closes. Cards by their ids are served as ever,
and so are the codes of a key that has told no wrong one within the window,
whatever others did at its address.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ..domain.clock import Clock
from ..domain.errors import RateLimited, UnknownCode
from ..domain.networks import block_of
from ..logs import log
from .limits import Limiter, Rate, Standing, too_many

EVERYBODY: Final = 30
"""So many callers' budgets are everybody's together: past it, somebody tries codes from many places."""

PATIENCE_S: Final = 1.0  # a miss is answered in milliseconds: what takes longer is a card that was found


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tells a code. `key` and `account` are empty for somebody without a key, at a page say."""

    address: str
    key: str = ""
    account: str = ""


@dataclass
class _Turn:
    """Look-ups of one caller under way, and who waits for the end of one."""

    running: int = 0
    waiting: list[threading.Event] = field(default_factory=list)


class Guesses:
    """The budgets. `failed` counts wrong codes, `alarms` how often everybody's budget was spent."""

    def __init__(self, rate: Rate | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._limiter = Limiter(clock)
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._alarmed_at: float | None = None
        self.failed = 0
        self.alarms = 0

    @contextmanager
    def looking(self, who: Guesser) -> Iterator[None]:
        """Around every look-up by code: RateLimited before it where the budget is spent.

        An UnknownCode that leaves it is counted, as `missed` counts what is no error.
        """
        rate = self._rate
        if rate is None:
            try:
                yield
            except UnknownCode:
                self.failed += 1
                raise
            return
        self._enter(rate, who)
        try:
            yield
        except UnknownCode:
            self.missed(who)
            raise
        finally:
            self._leave(who)

    def missed(self, who: Guesser) -> None:
        """A code was told that nobody has."""
        self.failed += 1
        if self._rate is None:
            return
        self._limiter.hit(self._rate, "guesses", *_own(who))
        if who.key:
            self._limiter.hit(self._rate, "guesses at", who.account, block_of(who.address))
        if not self._limiter.hit(_everybodys(self._rate), "guesses of all"):
            self._alarm(self._rate)

    def _enter(self, rate: Rate, who: Guesser) -> None:
        """Wait for a place, so that as many at once as there are threads get no more than the budget."""
        while True:
            with self._lock:
                spent = self._spent(rate, who)
                if spent is not None:
                    raise too_many(spent)
                turn = self._turns.setdefault(_own(who), _Turn())
                missed = self._missed(rate, who)
                if missed + turn.running < rate.count:
                    turn.running += 1
                    return
                waits = threading.Event()
                turn.waiting.append(waits)
            if self._clock.wait(waits, PATIENCE_S):
                continue
            with self._lock:
                if waits in turn.waiting:
                    turn.waiting.remove(waits)
                if missed:
                    raise RateLimited("Too many codes at once.", retry_after=timedelta(seconds=1))
                turn = self._turns.setdefault(_own(who), _Turn())
                turn.running += 1
                return

    def _leave(self, who: Guesser) -> None:
        with self._lock:
            turn = self._turns[_own(who)]
            turn.running -= 1
            for waits in turn.waiting:
                waits.set()
            turn.waiting.clear()
            if not turn.running:
                del self._turns[_own(who)]

    def _spent(self, rate: Rate, who: Guesser) -> Standing | None:
        """The budget that closes the door to this caller, if one does."""
        own = self._limiter.standing(rate, "guesses", *_own(who))
        if own.is_spent:
            return own
        if who.key and own.remaining == own.limit:
            return None  # a till at the same address as a guesser, or while a herd guesses
        if who.key:
            here = self._limiter.standing(rate, "guesses at", who.account, block_of(who.address))
            if here.is_spent:
                return here
        every = self._limiter.standing(_everybodys(rate), "guesses of all")
        return every if every.is_spent else None

    def _missed(self, rate: Rate, who: Guesser) -> int:
        own = self._limiter.standing(rate, "guesses", *_own(who))
        return own.limit - own.remaining

    def _alarm(self, rate: Rate) -> None:
        """Say so, once in each window."""
        now = self._clock.monotonic()
        with self._lock:
            if self._alarmed_at is not None and now - self._alarmed_at < rate.period_s:
                return
            self._alarmed_at = now
            self.alarms += 1
        log.warning("guessing", failed=_everybodys(rate).count, within_s=rate.period_s)


def _own(who: Guesser) -> tuple[str, str]:
    return ("key", who.key) if who.key else ("address", block_of(who.address))


def _everybodys(rate: Rate) -> Rate:
    return Rate(rate.count * EVERYBODY, rate.period_s)
