"""The built parts of a gateway, as the flows pass them on. Values only: no settings, no globals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from typing import Final, TypeVar

from ..adapters.kit import Adapter
from ..domain.accounts import Account, Actor, Caps
from ..domain.clock import Clock
from ..domain.links import Links
from ..domain.notifications import Post, Result, Sending
from ..domain.rates import NO_RATES, Rates
from ..domain.sealing import KeyRing
from ..operations.kit import Desk
from ..outside.http import Client
from ..recipes.library import Library
from ..store.engine import Engines
from ..store.writer import Writer, Writing
from ..templates.letters import Letters
from ..templates.shelf import Shelf
from .guesses import Guesses
from .limits import Limiter
from .long_calls import LongCalls
from .sharing import Shared

T = TypeVar("T")

INLINE_LIMIT: timedelta = timedelta(seconds=2)
"""A delivery that takes longer to run is stored instead, and a worker runs it: platforms wait 3 to 5 s."""


def _asleep() -> None:
    """Nobody is to be woken: no worker runs in this process."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept is kept; 0: for ever. Ledger and what tells duplicates always are.

    `payloads` that platforms sent; `traces` of runs; `attempts` of our webhooks, with them their bodies and
    what people were written.
    """

    payloads: int = 0
    traces: int = 0
    attempts: int = 0


FOR_EVER: Final = Retention()


@dataclass(frozen=True)
class Parts:
    """What every flow works with. What begins with `wake` is a hint after a commit."""

    engines: Engines
    writer: Writer
    ring: KeyRing
    clock: Clock
    library: Library
    client: Client
    adapters: Mapping[str, Adapter]
    public_url: str
    guesses: Guesses
    shared: Shared | None = None
    caps: Mapping[str, Caps] = field(default_factory=dict)
    rates: Rates = NO_RATES
    letters: Letters = field(default_factory=Letters)
    senders: Mapping[str, Callable[[Sending], Result]] = field(default_factory=dict)
    wake_outbox: Callable[[], None] = _asleep
    wake_backlog: Callable[[], None] = _asleep
    wake_jobs: Callable[[], None] = _asleep
    wake_starts: Callable[[], None] = _asleep
    wake_notifications: Callable[[], None] = _asleep
    inline_limit: timedelta = INLINE_LIMIT
    mask_personal: bool = False
    """Whether traces of runs are kept without who it was."""
    long_calls: LongCalls = field(default_factory=LongCalls)
    retention: Retention = FOR_EVER

    def limiter(self) -> Limiter:
        """A room of its own to count in, so that a flood at one door is forgotten at no other."""
        return Limiter(self.clock, self.shared)

    @cached_property
    def links(self) -> Links:
        """What makes and reads the addresses of cards' pages."""
        return Links(self.public_url, self.ring.link_keys())

    @property
    def shelf(self) -> Shelf:
        """The letters in force now."""
        return self.letters.shelf

    @property
    def post(self) -> Post:
        """What people can be sent now."""
        return Post(frozenset(self.senders), self.letters.kinds, self.wake_notifications)

    def desk(self, tx: Writing, account: Account, actor: Actor) -> Desk:
        """Where a deed is done: this account's, in this transaction, in the account's own time."""
        tx.at_account(account.clock_offset)
        caps = self.caps.get(account.currency, Caps())
        return Desk(
            tx,
            account,
            actor,
            self.ring,
            caps,
            self.rates,
            self.wake_outbox,
            begins=partial(self.library.current.begins_on, account.slug),
            wake_starts=self.wake_starts,
            post=self.post,
            links=self.links,
        )
