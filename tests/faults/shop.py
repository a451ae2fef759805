"""A gateway under load that dies and comes back, and the audit of what it promised before."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Executable, Table, select, update
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connector.domain.clock import SystemClock
from connector.store.engine import open_engines
from connector.store.tables import webhook_deliveries
from connector.store.writer import open_writer
from tests.kit.audit import Message, audit
from tests.kit.crowd import at_once
from tests.kit.journal import CALLERS, Deed, Journal, Load, Till, Told, judged, send
from tests.kit.process import PATIENCE_S, Place, Serving, call
from tests.kit.receiver import Received, Recorder
from tests.kit.sources import ROOT
from tests.kit.wire import Reply, Wire, exchange

OPENING = 100_000


@dataclass
class Shop:
    """A gateway under load: what it is, what was asked of it, who listens (`secret` is the listener's)."""

    place: Place
    served: Serving
    journal: Journal
    deeds: Iterator[Deed]
    load: Load
    opening: Mapping[str, int]
    receiver: Recorder | None
    secret: str

    @classmethod
    @contextmanager
    def open(
        cls, place: Place, served: Serving, receiver: Recorder | None, callers: int = CALLERS
    ) -> Iterator[Self]:
        """Callers are at work as long as this lasts."""
        secret = "" if receiver is None else _subscribe(served, receiver)
        opening = {} if receiver is None else dict(_a_card(served) for _ in range(2))
        with Journal(place.folder / "journal") as journal:
            deeds = Till(place, tuple(opening)).deeds()
            with Load(deeds, journal, served.port, callers) as load:
                yield cls(place, served, journal, deeds, load, opening, receiver, secret)

    def dies_and_returns(self) -> None:
        self.served.again()
        self.load.goes_to(self.served.port)

    def do(self, count: int) -> None:
        """So many deeds one after another, each of which must be done."""
        for _ in range(count):
            deed = next(self.deeds)
            self.journal.intend(deed)
            self.journal.note(deed, send(self.served.port, deed))
            assert self.journal.answers[deed.key].told is Told.ACK, self.journal.answers[deed.key]

    def do_at_once(self, count: int) -> list[Reply]:
        """So many deeds at the same time, and what was answered."""

        def do(deed: Deed) -> Reply:
            self.journal.intend(deed)
            reply = exchange(self.served.port, deed.request)
            self.journal.note(deed, judged(deed, reply))
            return reply

        deeds = [next(self.deeds) for _ in range(count)]
        return [ended.value for ended in at_once([partial(do, deed) for deed in deeds])]

    def begin(self) -> tuple[Deed, Wire]:
        """A deed that is sent, and whose answer nobody waits for yet."""
        deed = next(self.deeds)
        self.journal.intend(deed)
        wire = Wire(self.served.port)
        wire.send(deed.request)
        return deed, wire

    def end(self, deed: Deed, wire: Wire) -> Reply:
        """What was answered to a deed that was begun."""
        with wire:
            reply = wire.reply()
        self.journal.note(deed, judged(deed, reply))
        return reply

    def audit(self) -> list[str]:
        """Stop the load; what was lost or doubled, and what the ledger itself cannot prove."""
        self.load.stop()
        let_leases_run_out(self.place.database)
        drain = None if self.receiver is None else self._drain
        faults = audit(self.journal, self.served.port, lambda: balances(self.served), self.opening, drain)
        return [*faults, *_unproved(self.place)]

    def _drain(self, effects: int) -> tuple[Message, ...]:
        """The arrivals, once so many different effects were told of."""
        assert self.receiver is not None
        clock = SystemClock()
        deadline = clock.monotonic() + PATIENCE_S
        while True:
            arrived = self.receiver.requests
            messages = [_message(one, self.secret) for one in arrived]
            told = [one for one in messages if one.effect and one.effect not in self.opening]
            if len({one.effect for one in told}) >= effects or clock.monotonic() > deadline:
                return tuple(told)
            self.receiver.wait_for(len(arrived) + 1)


def balances(served: Serving) -> dict[str, int]:
    """Every card with its balance, by the REST list."""
    found: dict[str, int] = {}
    path = "/v1/gift-cards?limit=250"
    cursor = ""
    while True:
        page = served.get(path + cursor)
        found |= {card["id"]: card["balance"] for card in page["data"]}
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def rows(database: str, table: Table) -> list[dict[str, Any]]:
    """Every row as it stands, in order."""
    engines = open_engines(database)
    try:
        with engines.reading() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]
    finally:
        engines.dispose()


def let_leases_run_out(database: str) -> None:
    """As if the time of whoever died with a message in its hands were over."""
    now = SystemClock().now()
    held = webhook_deliveries.c.state == "sending"
    _write(database, update(webhook_deliveries).where(held).values(lease_until=now, due_at=now))


def let_retries_come_due(database: str) -> None:
    """As if the time until the next try had passed."""
    _plan_retries(database, SystemClock().now())


def postpone_retries(database: str) -> None:
    """As if the schedule had said so: an hour is longer than any start takes."""
    _plan_retries(database, SystemClock().now() + timedelta(hours=1))


def _plan_retries(database: str, due_at: datetime) -> None:
    planned = webhook_deliveries.c.state == "retrying"
    _write(database, update(webhook_deliveries).where(planned).values(due_at=due_at))


def _write(database: str, statement: Executable) -> None:
    """As the gateway does: of two transactions in each other's way the victim tries again."""
    engines = open_engines(database)
    writer = open_writer(engines, SystemClock())
    try:
        writer.run(lambda tx: tx.execute(statement) and None)
    finally:
        writer.close()
        engines.dispose()


def _subscribe(served: Serving, receiver: Recorder) -> str:
    body = json.dumps({"url": receiver.url, "event_types": ["gift_card.issued", "gift_card.redeemed"]})
    reply = served.ask("POST", "/v1/webhook-endpoints", body.encode())
    assert reply.status == 201, reply
    return str(reply.json()["secret"])


def _a_card(served: Serving) -> tuple[str, int]:
    body = json.dumps({"amount": OPENING, "currency": "USD"}).encode()
    reply = served.ask("POST", "/v1/gift-cards", body)
    assert reply.status == 201, reply
    return reply.json()["id"], OPENING


def _message(arrived: Received, secret: str) -> Message:
    data = json.loads(arrived.body)["data"]
    is_new_card = json.loads(arrived.body)["type"] == "gift_card.issued"
    effect = data["gift_card"]["id"] if is_new_card else data["transaction"]["id"]
    try:
        Webhook(secret).verify(arrived.body, dict(arrived.headers))
        is_signed = True
    except WebhookVerificationError:
        is_signed = False
    return Message(arrived.header("webhook-id"), arrived.body, effect, is_signed)


def _unproved(place: Place) -> list[str]:
    """What `connector ledger verify` says is wrong."""
    ran = call("ledger", "verify", "--json", "--config", place.config, folder=place.folder)
    told = ran.json
    if ran.code == 0 and told["ok"]:
        return []
    return [*told["faults"], f"`connector ledger verify` ended with {ran.code}"]


def planted(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the package below `folder`. A change is a file, a text that it has once, and another."""
    shutil.copytree(ROOT / "connector", folder / "connector", ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, after in changes:
        path = folder / "connector" / file
        text = path.read_text()
        assert text.count(before) == 1, f"{file} has this once no more: {before}"
        path.write_text(text.replace(before, after))
    return folder
