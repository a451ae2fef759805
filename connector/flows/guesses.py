"""Wrong card codes: one budget over every door by which a card can be found by its code.

The one rule: only the guessing door closes. Cards by their ids are served as ever,
and so are the codes of a key that has told no wrong one within the window,
whatever others did at its address.

Work in a transaction may run again, and nobody may wait in one: what it misses is
held against the budget at once, and counted when it is known to stand (`Lookups`).
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from ..domain.clock import Clock
from ..domain.errors import CodeTaken, OutcomeUnknown, RateLimited, UnknownCode
from ..domain.networks import block_of
from ..logs import log
from .limits import Limiter, Rate, Standing, too_many
from .sharing import Shared

EVERYBODY: Final = 30
"""So many callers' budgets are everybody's together: past it, somebody tries codes from many places."""

TELLING: Final = (UnknownCode, CodeTaken)
"""What tells something of a code: that nobody has it; to who wants it for a new card, that somebody has."""

PATIENCE_S: Final = 1.0  # a miss is answered in milliseconds: what takes longer is a card that was found


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tells a code. `key` and `account` are empty for somebody without a key, at a page say.

    A source is a caller too: its name stands for the key, and it has no address.
    """

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

    def __init__(self, rate: Rate | None, clock: Clock, shared: Shared | None = None) -> None:
        self._rate = rate
        self._clock = clock
        self._limiter = Limiter(clock, shared)
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._held: Counter[tuple[str, ...]] = Counter()
        self._alarmed_at: float | None = None
        self.failed = 0
        self.alarms = 0

    @contextmanager
    def looking(self, who: Guesser) -> Iterator[None]:
        """Around every look-up by code: RateLimited before it where the budget is spent.

        What leaves it and is TELLING is counted, as `missed` counts what is no error.
        """
        rate = self._rate
        if rate is None:
            try:
                yield
            except TELLING:
                self.failed += 1
                raise
            return
        self._enter(rate, who)
        try:
            yield
        except TELLING as fault:
            for _ in range(fault.taken if isinstance(fault, CodeTaken) else 1):
                self.missed(who)
            raise
        finally:
            self._leave(who)

    def chosen(self, who: Guesser, card: str) -> None:
        """A code of somebody's own choice was free, and is this card's now.

        Once in each window that is what a shop does; of the same card again and again it is how codes
        are tried, and each counts as a wrong one.
        """
        rate = self._rate
        if rate is not None and not self._limiter.hit(Rate(1, rate.period_s), "codes of", card):
            self.missed(who)

    def missed(self, who: Guesser) -> None:
        """A code was told that nobody has."""
        self.failed += 1
        if self._rate is None:
            return
        if self._count(self._rate, who):
            self._alarm(self._rate)

    @contextmanager
    def lookups(self) -> Iterator["Lookups"]:
        """Around `writer.run`, for work that looks cards up by code.

        What the work's last try missed counts once it is known to stand, also where
        nobody can know. A try that was undone has told nobody anything: it costs nothing.
        """
        found = Lookups(self)
        try:
            yield found
        except OutcomeUnknown:
            found.settle()
            raise
        except BaseException:
            found.drop()
            raise
        else:
            found.settle()

    def require_room(self, who: Guesser) -> None:
        """RateLimited where the budget is spent. Never waits.

        As many as look up at this very moment may get past a budget that is all but
        spent, once in each window: whoever asks holds rows that others wait for, and
        refusing right codes because they come together would be worse.
        """
        if self._rate is None:
            return
        with self._lock:
            spent = self._spent(self._rate, who)
        if spent is not None:
            raise _too_many(spent)

    def hold(self, who: Guesser) -> None:
        """Take one miss out of the budget for as long as it is not known whether it stands."""
        if self._rate is not None:
            with self._lock:
                self._held.update(names for _, names in _windows(self._rate, who))

    def release(self, who: Guesser, count: int, *, is_counted: bool) -> None:
        """What was held stands and is counted, or never happened."""
        if is_counted:
            self.failed += count
        if self._rate is None:
            return
        with self._lock:  # no moment between in which it is neither held nor counted
            overran = sum(self._count(self._rate, who) for _ in range(count if is_counted else 0))
            for _, names in _windows(self._rate, who):
                self._held[names] -= count
                if self._held[names] <= 0:
                    del self._held[names]
        if overran:
            self._alarm(self._rate)

    def _count(self, rate: Rate, who: Guesser) -> bool:
        """Count one miss; whether everybody's budget was spent before."""
        passed = [self._limiter.hit(one, *names) for one, names in _windows(rate, who)]
        return not passed[-1]

    def _enter(self, rate: Rate, who: Guesser) -> None:
        """Wait for a place, so that as many at once as there are threads get no more than the budget."""
        while True:
            with self._lock:
                spent = self._spent(rate, who)
                if spent is not None:
                    raise _too_many(spent)
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
        own, *others = _windows(rate, who)
        standing = self._standing(*own)
        if who.key and standing.remaining == standing.limit:
            return None  # a till at the same address as a guesser, or while a herd guesses
        if standing.is_spent:
            return standing
        found = (self._standing(*other) for other in others)
        return next((one for one in found if one.is_spent), None)

    def _missed(self, rate: Rate, who: Guesser) -> int:
        own = self._standing(*_windows(rate, who)[0])
        return own.limit - own.remaining

    def _standing(self, rate: Rate, names: tuple[str, ...]) -> Standing:
        """What is left of one budget, what is held against it being taken."""
        found = self._limiter.standing(rate, *names)
        held = self._held[names]  # of a Counter: asking adds nothing
        if not held:
            return found
        return replace(
            found, remaining=max(0, found.remaining - held), reset_s=found.reset_s or rate.period_s
        )

    def _alarm(self, rate: Rate) -> None:
        """Say so, once in each window."""
        now = self._clock.monotonic()
        with self._lock:
            if self._alarmed_at is not None and now - self._alarmed_at < rate.period_s:
                return
            self._alarmed_at = now
            self.alarms += 1
        log.warning("guessing", failed=_everybodys(rate).count, within_s=rate.period_s)


class Lookups:
    """The codes that one piece of work looks up, in a transaction that may be run again.

    `start` before each try; every miss until then belongs to a try that was undone.
    A code that several recipes look up is one guess: the second learns nothing new.
    """

    def __init__(self, guesses: Guesses) -> None:
        self._guesses = guesses
        self._who = Guesser("")
        self._missed = 0
        self._seen: set[str] = set()

    def start(self, who: Guesser) -> None:
        """A try begins; what an earlier one missed was undone with it."""
        self.drop()
        self._seen.clear()
        self._who = who

    @contextmanager
    def looking(self, codes: Collection[str]) -> Iterator[None]:
        """Around what looks these codes up: RateLimited before it where the budget is spent."""
        if self._seen.issuperset(codes):
            yield
            return
        self._guesses.require_room(self._who)
        with self.counting(codes):
            yield

    @contextmanager
    def counting(self, codes: Collection[str]) -> Iterator[None]:
        """The same for who may see every code anyhow: counted, and never refused."""
        self._seen.update(codes)
        try:
            yield
        except TELLING:
            self._guesses.hold(self._who)
            self._missed += 1
            raise

    def settle(self) -> None:
        """The work stands: what it missed counts."""
        self._end(is_counted=True)

    def drop(self) -> None:
        """The work was undone, and nobody was told what it found."""
        self._end(is_counted=False)

    def _end(self, *, is_counted: bool) -> None:
        missed, self._missed = self._missed, 0
        if missed:
            self._guesses.release(self._who, missed, is_counted=is_counted)


def _windows(rate: Rate, who: Guesser) -> list[tuple[Rate, tuple[str, ...]]]:
    """The budgets that a miss is taken from: the caller's own, that of its address, everybody's."""
    here = [(rate, ("guesses at", who.account, block_of(who.address)))] if who.key else []
    return [(rate, ("guesses", *_own(who))), *here, (_everybodys(rate), ("guesses of all",))]


def _too_many(spent: Standing) -> RateLimited:
    """Whoever is refused for codes can still ask by the card's id."""
    told = too_many(spent).detail
    return RateLimited(f"Too many wrong card codes: {told} The card's id is taken.", retry_after=spent.wait)


def _own(who: Guesser) -> tuple[str, str]:
    return ("key", who.key) if who.key else ("address", block_of(who.address))


def _everybodys(rate: Rate) -> Rate:
    return Rate(rate.count * EVERYBODY, rate.period_s)
