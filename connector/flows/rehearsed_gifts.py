"""What rehearsed runs have given: cards that hold it, and a book of it for the limits. Values in memory."""

import bisect
from dataclasses import dataclass, field
from datetime import datetime

from ..domain.money import Money


@dataclass(slots=True)
class Made:
    """A card that a run made: what it holds, of which nothing is ever spent, and when it can be spent."""

    who: int | str | None
    kind: str
    currency: str
    balance: int
    expires_at: datetime | None
    usable_at: datetime | None
    program: str | None = None
    programs: tuple[str, ...] = ()

    def is_usable(self, now: datetime) -> bool:
        has_begun = self.usable_at is None or self.usable_at <= now
        return has_begun and (self.expires_at is None or self.expires_at > now)

    def is_like(self, other: "Made") -> bool:
        """Whether what is put on the one may be put on the other: a card's kind and program are its own."""
        own = (self.kind, self.currency, self.program, self.programs)
        return own == (other.kind, other.currency, other.program, other.programs)


@dataclass(frozen=True, slots=True)
class Gift:
    """Value that a run put on a card. `who`: the receiver's row, the address of somebody new, or nobody."""

    event: str
    run: int
    who: int | str | None
    money: Money
    at: datetime
    card: Made


@dataclass(slots=True)
class Book:
    """What the recipe has given, for its limits: by receiver and in all, oldest first."""

    times: list[datetime] = field(default_factory=list)
    sums: dict[str, tuple[list[datetime], list[int]]] = field(default_factory=dict)
    whose: dict[int | str, list[datetime]] = field(default_factory=dict)

    def add(self, who: int | str | None, money: Money, at: datetime) -> None:
        self.times.append(at)
        times, totals = self.sums.setdefault(money.currency, ([], [0]))
        times.append(at)
        totals.append(totals[-1] + money.minor)
        if who is not None:
            self.whose.setdefault(who, []).append(at)

    def drop(self, who: int | str | None, currency: str) -> None:
        """Forget the last one."""
        self.times.pop()
        for parts in self.sums[currency]:
            parts.pop()
        if who is not None:
            self.whose[who].pop()

    def count(self, since: datetime) -> int:
        return len(self.times) - bisect.bisect_left(self.times, since)

    def sums_since(self, since: datetime) -> dict[str, int]:
        found = {}
        for currency, (times, totals) in self.sums.items():
            first = bisect.bisect_left(times, since)
            if first < len(times):
                found[currency] = totals[-1] - totals[first]
        return found


@dataclass(frozen=True, slots=True)
class BookOf:
    """The book as limits ask it, for one receiver."""

    book: Book
    who: int | str | None

    def count_for(self, _contact: int, since: datetime) -> int:
        times = self.book.whose.get(self.who, []) if self.who is not None else []
        return len(times) - bisect.bisect_left(times, since)

    def count(self, since: datetime) -> int:
        return self.book.count(since)

    def sums(self, since: datetime) -> dict[str, int]:
        return self.book.sums_since(since)
