"""Gateway: the built house and its verbs, all that a door may ask."""

import contextlib
import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..domain.accounts import BY_HAND, Account, Actor, InboundSource
from ..domain.errors import ConnectorError, NotFound, Unavailable
from ..domain.inbound import Request
from ..domain.tags import Match
from ..ledger import proof
from ..ledger.proof import Progress, Proof
from ..ledger.seals import Seal
from ..operations.kit import Operation
from ..store import accounts, attempts, health
from . import (
    access,
    bulk,
    invoicing,
    own_messages,
    queries,
    recipe_files,
    recovery,
    samples,
    sealing,
    subscribe,
    timetable,
    token_mails,
)
from .access import Access
from .backlog import run_due
from .backlog_loops import BacklogLoops
from .balance_pages import BalancePages
from .calling import Calls
from .card_pages import CardPages
from .catalogue import Catalogue
from .contacts import People
from .dialects import Dialects
from .directory import Directory
from .dispatch import LOOK_EVERY_S, Dispatcher, Looper, turn
from .events import Events
from .files import Files
from .history import History
from .inbound import Inbound
from .notifications import Notifications
from .orders import Orders
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, perform
from .receive import Received, receive
from .rest_hooks import RestHooks
from .runs import Runs
from .webhooks import Webhooks

STOP_WITHIN_S: Final = 15.0  # as long as the longest attempt; who told us to end waits 20 s
SOURCES_KEPT_S: Final = 1.0  # how long another process's change to a source may go unseen


class Gateway:
    """One built house. Safe to share between threads; `start` and `stop` once."""

    def __init__(self, parts: Parts) -> None:
        self._sources: dict[tuple[str, str], tuple[float, InboundSource]] = {}
        self._lock = threading.Lock()
        self._dispatcher: Dispatcher | None = None
        self._calls = Calls(parts.engines)
        self._backlog: BacklogLoops | None = None
        self._jobs: Looper | None = None
        self._timetable: Looper | None = None
        self._starts: Looper | None = None
        self._uses = access.Uses()
        self._noter: Looper | None = None
        self._watch: Looper | None = None
        self.parts = dataclasses.replace(
            parts,
            wake_outbox=lambda: self._calls.wake(self._dispatcher),
            wake_backlog=lambda: _wake(self._backlog),
            wake_jobs=lambda: _wake(self._jobs),
            wake_starts=lambda: _wake(self._starts),
            wake_notifications=lambda: self.notifications.wake(),
        )
        self._bulk = bulk.Worker(self.parts)
        self.directory = Directory(self.parts, self._forget)
        self.people = People(self.parts)
        self.catalogue = Catalogue(self.parts)
        self.files = Files(self.parts)
        self.runs = Runs(self.parts)
        self.events = Events(self.parts)
        self.inbound = Inbound(self.parts)
        self.history = History(self.parts)
        self.notifications = Notifications(self.parts)
        self.card_pages = CardPages(self.parts)
        self.balance_pages = BalancePages(self.parts)
        self.jobs = bulk.Jobs(self.parts)
        self.webhooks = Webhooks(self.parts)
        self.rest_hooks = RestHooks(self.parts)
        self.dialects = Dialects(self.parts)
        self.orders = Orders(self.parts)

    # Workers

    def attend(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Begin what the doors leave behind them: when keys were used. Every role with doors does it."""
        self._noter = Looper("uses", self.note_uses, look_every_s)
        self._noter.start()
        self._calls.start_telling()
        self._start_watch(look_every_s)

    def start(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Begin sending webhooks, running stored deliveries and doing jobs in the background.

        What is committed here wakes the work at once; `look_every_s` is for what
        other processes queued and for what has come due meanwhile.
        """
        self._dispatcher = Dispatcher(self.parts, look_every_s=look_every_s)
        self._backlog = BacklogLoops(self.parts, look_every_s)
        self._jobs = Looper("jobs", self._job_turn, look_every_s)
        self._starts = Looper("messages", lambda: own_messages.run_due(self.parts), look_every_s)
        self.start_timetable()
        self._dispatcher.start()
        self._calls.start_hearing(self._dispatcher.wake)
        self._backlog.start()
        self._jobs.start()
        self._starts.start()
        self.notifications.start(look_every_s)

    def _start_watch(self, look_every_s: float) -> None:
        """See recipes change: in every process, for each runs some."""
        if self._watch is None:
            self._watch = Looper("recipes", recipe_files.Watch(self.parts).look, look_every_s)
            self._watch.start()

    def start_timetable(self) -> None:
        """Begin what time does, expiry before all; any number of processes may."""
        self._start_watch(LOOK_EVERY_S)
        self._timetable = Looper("timetable", self.tick, timetable.LOOK_EVERY_S)
        self._timetable.start()

    def end(self) -> None:
        """Begin no more background work, the doors still being open; `stop` waits for what has begun."""
        for loop in self._loops:
            if loop is not None:
                loop.end()
        if self._dispatcher is not None:
            self._dispatcher.end()

    def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """End the background work: what is being sent ends, nothing new begins; then close the database."""
        deadline = self.parts.clock.monotonic() + within_s
        self.end()
        if self._dispatcher is not None:
            self._dispatcher.stop(within_s)
        self._calls.stop()
        for loop in self._loops:
            if loop is not None:
                loop.stop(max(1.0, deadline - self.parts.clock.monotonic()))
        with contextlib.suppress(ConnectorError):  # a hint for people: nothing waits for it
            self.note_uses()
        self.close()

    def close(self) -> None:
        """Let go of sockets and the database."""
        self.parts.client.close()
        self.parts.writer.close()
        self.parts.engines.dispose()

    def dispatch(self) -> int:
        """Send what is due now, one after another, and wait for it; how many attempts there were."""
        return turn(self.parts)

    def run_backlog(self) -> int:
        """Run stored deliveries that are due now; how many."""
        return run_due(self.parts)

    def tick(self) -> int:
        """Do what time has brought: expiry, notices, holds that lapse, deliveries; how many were done."""
        return timetable.tick(self.parts)

    def run_jobs(self) -> int:
        """Do all that bulk jobs wait for; how many lines ended."""
        return sum(iter(self._job_turn, 0))

    def _job_turn(self) -> int:
        done = self._bulk.turn() + recovery.run_due(self.parts)
        return done + token_mails.run_due(self.parts)

    # Receiving

    def receive(self, account: str, source: str, request: Request) -> Received:
        """One inbound delivery (docs/receiving.md). Raises its refusals."""
        return receive(self.parts, self._source(account, source), request)

    def answers_head(self, account: str, source: str) -> bool:
        """Whether this source's platform checks the address by HEAD."""
        found = self._source(account, source)
        if found is None or not found.is_enabled:
            return False
        return self.parts.adapters[found.source.adapter].answers.answers_head

    def busy_status(self, account: str, source: str) -> int:
        """The status for 'not now': 503, or what the source's platform retries after."""
        found = self._source(account, source)
        return 503 if found is None else self.parts.adapters[found.source.adapter].answers.busy

    # Accounts and access

    def account(self, slug: str) -> Account:
        """The account of this name, or NotFound."""
        with self.parts.engines.reading() as connection:
            found = accounts.find(connection, slug)
        if found is None:
            raise NotFound(f"There is no account {slug[:60]!r}.")
        return found

    def authenticate(self, secret: str, address: str = "") -> Access:
        """The caller with this key or token, who asks from `address`; Unauthorized, AddressNotAllowed."""
        found = access.authenticate(self.parts, secret, address)
        self._uses.note(found.key, self.parts.clock.now())
        return found

    def note_uses(self) -> int:
        """Write when keys were last used; how many."""
        return self._uses.write(self.parts)

    def create_key(self, account: Account | None, **fields: Any) -> dict[str, Any]:
        """A new key (None: the platform's), its secret shown this once; fields as `access.create_key`."""
        return dict(access.create_key(self.parts, account, **fields).body)

    def list_keys(self, account: Account | None) -> list[dict[str, Any]]:
        return access.list_keys(self.parts, account)

    def revoke_key(self, account: Account | None, key: str, **how: Any) -> None:
        """End a key and those that it made; `how` as `access.revoke_key`."""
        access.revoke_key(self.parts, account, key, **how)

    # Gift cards

    def perform(
        self,
        account: Account,
        actor: Actor,
        operation: Operation,
        command: object,
        key: Idempotency | None = None,
        match: Match | None = None,
    ) -> Answered:
        """One deed, in one transaction, under the caller's idempotency key where there is one."""
        return perform(self.parts, account, actor, operation, command, key, match)

    def card(self, account: Account, public_id: str, **how: Any) -> dict[str, Any]:
        """`how`: `expand` and `fields`, as in the list."""
        return dict(self.tagged_card(account, public_id, **how).body)

    def card_by_code(self, account: Account, code: str) -> dict[str, Any]:
        return dict(self.tagged_card_by_code(account, code).body)

    def tagged_card(self, account: Account, public_id: str, **how: Any) -> Answered:
        """As `card`, with the card's ETag."""
        return queries.card(self.parts, account, public_id, **how)

    def tagged_card_by_code(self, account: Account, code: str) -> Answered:
        return queries.card_by_code(self.parts, account, code)

    def currency_of(self, account: Account, card: str) -> str:
        """In what a sum is meant that names a card and no currency."""
        return queries.currency_of(self.parts, account, card)

    def link_invoice(
        self, account: Account, actor: Actor, transaction: str, told: Mapping[str, Any], key: Any = None
    ) -> Answered:
        return invoicing.link(self.parts, account, actor, transaction, told, key)

    def list_cards(self, account: Account, asked: Mapping[str, Any]) -> Page:
        return queries.list_cards(self.parts, account, asked)

    # Endpoints

    def create_endpoint(self, account: Account, **fields: Any) -> Answered:
        """A new endpoint, its secret shown this once; `fields` as `subscribe.create`."""
        return subscribe.create(self.parts, account, **fields)

    def list_endpoints(self, account: Account) -> list[dict[str, Any]]:
        return subscribe.every(self.parts, account)

    def endpoint(self, account: Account, public_id: str) -> dict[str, Any]:
        return subscribe.one(self.parts, account, public_id)

    def delete_endpoint(self, account: Account, public_id: str, by: Actor = BY_HAND) -> None:
        subscribe.delete(self.parts, account, public_id, by)

    def attempts(self, message: str) -> list[dict[str, Any]]:
        """The attempts of one message, oldest first."""
        with self.parts.engines.reading() as connection:
            return attempts.of_message(connection, message)

    # Sources and samples

    def sources(self, account: Account) -> list[InboundSource]:
        with self.parts.engines.reading() as connection:
            return accounts.sources_of(connection, self.parts.ring, account)

    def sample(
        self,
        account: str,
        source: str,
        event: str,
        *,
        url: str,
        is_new: bool = False,
        changes: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> samples.Post:
        """What the source's platform would post to `url`; NotFound for an unknown source."""
        found = self._source(account, source)
        if found is None:
            raise NotFound(f"There is no source {account[:60]}/{source[:60]}.")
        return samples.sample(
            self.parts,
            found,
            event,
            url=url,
            now=self.parts.clock.now(),
            is_new=is_new,
            changes=changes,
            body=body,
        )

    # Recipes, ledger, health

    def recipes(self) -> list[dict[str, Any]]:
        """Every recipe file with the status in force and its faults."""
        return recipe_files.entries(self.parts.library.current)

    def verify(
        self,
        account: Account | None = None,
        *,
        kept: Seal | None = None,
        progress: Progress = lambda _seen, _all: None,
    ) -> Proof:
        """Prove the ledger, or one account's part of it; `kept` is a seal that was kept elsewhere."""
        account_id = None if account is None else account.id
        return proof.prove(self.parts.engines, account_id, ring=self.parts.ring, kept=kept, progress=progress)

    def seal(self) -> Seal | None:
        """Today's seal, made now unless it was already; None where there is none to show."""
        return sealing.seal(self.parts)

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether this gateway can do its job now, and each check by name; a bad file is named, no more."""
        checks = {
            "database": health.is_writable(self.parts.writer),
            "migrations": health.is_current(self.parts.engines),
            "recipes": True,
        }
        is_ready = all(checks.values())
        faults = recipe_files.faults(self.parts)
        told: dict[str, Any] = {"status": "ready" if is_ready else "not_ready", "checks": checks, **faults}
        if self.parts.shared is not None:  # away it makes nobody unready: each node holds the limits itself
            told["limits"] = "shared" if self.parts.shared.look() else "apart"
        return is_ready, told

    # Inside

    @property
    def _loops(self) -> tuple[Looper | BacklogLoops | None, ...]:
        loops = self._backlog, self._jobs, self._timetable, self._starts, self._noter, self._watch
        return *loops, *self.notifications.loops

    def _source(self, account: str, source: str) -> InboundSource | None:
        """The source, remembered for a second: opening its secrets costs more than the look-up."""
        now = self.parts.clock.monotonic()
        kept = self._sources.get((account, source))
        if kept is not None and now - kept[0] < SOURCES_KEPT_S:
            return kept[1]
        try:
            with self.parts.engines.reading() as connection:
                found = accounts.find_source(connection, self.parts.ring, account, source)
        except Unavailable:
            if kept is None:
                raise
            return kept[1]  # the sender is still told 'not now' in the words that it tries again after
        if found is None:
            self._forget(account, source)
        else:
            with self._lock:
                self._sources[(account, source)] = (now, found)
        return found

    def _forget(self, account: str, source: str) -> None:
        """A source was changed here: what was remembered of it is looked up again."""
        with self._lock:
            self._sources.pop((account, source), None)


def _wake(loop: Looper | BacklogLoops | None) -> None:
    if loop is not None:
        loop.wake()
