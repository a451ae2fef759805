"""Gateway: the built house and its verbs, all that a door may ask."""

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account, Actor, InboundSource
from ..domain.errors import NotFound, Unavailable
from ..domain.inbound import Request
from ..ledger import proof
from ..ledger.proof import Proof
from ..operations.kit import Operation
from ..store import accounts, attempts, health
from . import access, queries, recipe_files, samples, subscribe
from .access import Access
from .backlog import run_due
from .dispatch import LOOK_EVERY_S, Dispatcher, Looper, turn
from .parts import Parts
from .perform import Answered, Idempotency, perform
from .queries import Page
from .receive import Received, receive

STOP_WITHIN_S: Final = 15.0  # as long as the longest attempt; who told us to end waits 20 s
SOURCES_KEPT_S: Final = 1.0  # how long another process's change to a source may go unseen


class Gateway:
    """One built house. Safe to share between threads; `start` and `stop` once."""

    def __init__(self, parts: Parts) -> None:
        self._sources: dict[tuple[str, str], tuple[float, InboundSource]] = {}
        self._lock = threading.Lock()
        self._dispatcher: Dispatcher | None = None
        self._backlog: Looper | None = None
        self.parts = dataclasses.replace(
            parts, wake_outbox=self._wake_outbox, wake_backlog=self._wake_backlog
        )

    # Workers

    def start(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Begin sending webhooks and running stored deliveries in the background.

        What is committed here wakes the work at once; `look_every_s` is for what
        other processes queued and for what has come due meanwhile.
        """
        self._dispatcher = Dispatcher(self.parts, look_every_s=look_every_s)
        self._backlog = Looper("backlog", lambda: run_due(self.parts), look_every_s)
        self._dispatcher.start()
        self._backlog.start()

    def end(self) -> None:
        """Begin no more background work, the doors still being open; `stop` waits for what has begun."""
        if self._backlog is not None:
            self._backlog.end()
        if self._dispatcher is not None:
            self._dispatcher.end()

    def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """End the background work: what is being sent ends, nothing new begins; then close the database."""
        deadline = self.parts.clock.monotonic() + within_s
        self.end()
        if self._dispatcher is not None:
            self._dispatcher.stop(within_s)
        if self._backlog is not None:
            self._backlog.stop(max(1.0, deadline - self.parts.clock.monotonic()))
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

    def authenticate(self, secret: str) -> Access:
        """The caller with this key, or Unauthorized."""
        return access.authenticate(self.parts, secret)

    def create_key(
        self,
        account: Account,
        *,
        name: str,
        scopes: Sequence[str] = (),
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> dict[str, Any]:
        """A new key, its secret shown this once."""
        return access.create_key(
            self.parts, account, name=name, scopes=scopes, expires_at=expires_at, secret=secret
        )

    def list_keys(self, account: Account) -> list[dict[str, Any]]:
        return access.list_keys(self.parts, account)

    def revoke_key(self, account: Account, key: str) -> None:
        access.revoke_key(self.parts, account, key)

    # Gift cards

    def perform(
        self,
        account: Account,
        actor: Actor,
        operation: Operation,
        command: object,
        key: Idempotency | None = None,
    ) -> Answered:
        """One deed, in one transaction, under the caller's idempotency key where there is one."""
        return perform(self.parts, account, actor, operation, command, key)

    def card(self, account: Account, public_id: str) -> dict[str, Any]:
        return queries.card(self.parts, account, public_id)

    def card_by_code(self, account: Account, code: str) -> dict[str, Any]:
        return queries.card_by_code(self.parts, account, code)

    def list_cards(self, account: Account, asked: Mapping[str, str]) -> Page:
        return queries.list_cards(self.parts, account, asked)

    # Endpoints

    def create_endpoint(
        self,
        account: Account,
        *,
        url: str,
        event_types: Sequence[str] = ("*",),
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        key: Idempotency | None = None,
    ) -> Answered:
        """A new endpoint, its secret shown this once."""
        return subscribe.create(
            self.parts,
            account,
            url=url,
            event_types=event_types,
            description=description,
            metadata=metadata,
            key=key,
        )

    def list_endpoints(self, account: Account) -> list[dict[str, Any]]:
        return subscribe.every(self.parts, account)

    def endpoint(self, account: Account, public_id: str) -> dict[str, Any]:
        return subscribe.one(self.parts, account, public_id)

    def delete_endpoint(self, account: Account, public_id: str) -> None:
        subscribe.delete(self.parts, account, public_id)

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

    def verify(self, account: Account | None = None) -> Proof:
        """Prove the ledger, or one account's part of it."""
        return proof.prove(self.parts.engines, None if account is None else account.id)

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether this gateway can do its job now, and each check by name; a bad recipe is named, no more."""
        checks = {
            "database": health.is_writable(self.parts.writer),
            "migrations": health.is_current(self.parts.engines),
            "recipes": True,
        }
        is_ready = all(checks.values())
        faults = [error for entry in self.recipes() for error in entry["errors"]]
        return is_ready, {
            "status": "ready" if is_ready else "not_ready",
            "checks": checks,
            "recipe_faults": faults,
        }

    # Inside

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
        with self._lock:
            if found is None:
                self._sources.pop((account, source), None)
            else:
                self._sources[(account, source)] = (now, found)
        return found

    def _wake_outbox(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.wake()

    def _wake_backlog(self) -> None:
        if self._backlog is not None:
            self._backlog.wake()
