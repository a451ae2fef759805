"""`kill -9` of a sender at every named point: what was committed is sent at least once, and never lost (F1).

SQLite; in the soak PostgreSQL too.
"""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from standardwebhooks.webhooks import Webhook

from connector.store import tables
from tests.faults.mortal import CASES, Case
from tests.faults.shop import rows
from tests.kit.process import environment
from tests.kit.receiver import Received, Recorder, Reply
from tests.kit.sources import ROOT

SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
DATABASES: Final = ("sqlite_maker", "postgres_maker") if SOAK else ("sqlite_maker",)


class Scripted(Recorder):
    """Answers as the first part of the path says: `/503,200/…` is 503 once, and 200 from then on."""

    def __init__(self) -> None:
        super().__init__()
        self._came: Counter[str] = Counter()

    def take(self, received: Received) -> Reply:
        super().take(received)
        statuses = received.path.split("/")[1].split(",")
        place = self._came[received.path]
        self._came[received.path] += 1
        return Reply(int(statuses[min(place, len(statuses) - 1)]))


@pytest.mark.parametrize("maker", DATABASES)
def test_a_sender_that_is_killed_at_any_point_loses_nothing(
    maker: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A worker dies at each point and the next one inherits; what arrived and what is kept are compared."""
    with request.getfixturevalue(maker).fresh(tmp_path) as url, Scripted() as receiver:
        secrets = killed(tmp_path, url, receiver.port)
        kept = {name: rows(url, getattr(tables, name)) for name in ("accounts", "endpoints", "messages")}
        deliveries = rows(url, tables.webhook_deliveries)
        arrived = receiver.requests

    by_place: dict[str, list[Received]] = defaultdict(list)
    for one in arrived:
        by_place[one.path].append(one)
    for place, (name, case) in enumerate(CASES.items()):
        account = next(row["id"] for row in kept["accounts"] if row["slug"] == f"case-{place}")
        mine = {
            key: [row for row in kept[key] if row["account_id"] == account]
            for key in kept
            if key != "accounts"
        }
        ours = [row for row in deliveries if row["endpoint_id"] in {one["id"] for one in mine["endpoints"]}]
        require_nothing_lost(name, case, mine, ours, by_place)
        for at, secret in secrets[name].items():
            require_signed(by_place[urlsplit(at).path], secret)


def killed(folder: Path, database: str, port: int) -> dict[str, dict[str, str]]:
    """Every case once; the secrets by URL."""
    words = ["-m", "tests.faults.mortal", str(folder), database, str(port), *CASES]
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def require_nothing_lost(
    name: str,
    case: Case,
    mine: dict[str, list[dict[str, Any]]],
    ours: list[dict[str, Any]],
    by_place: dict[str, list[Received]],
) -> None:
    """Every message is with everybody who was to get it, and each delivery ended as it should."""
    types = Counter(row["type"] for row in mine["messages"])
    is_switched_off = bool(case.ends)
    assert types["gift_card.issued"] == 1, name
    assert types["endpoint.disabled"] == is_switched_off, f"{name}: told once, whoever died over it"
    public = {row["id"]: row["public_id"] for row in mine["messages"]}
    for row in mine["endpoints"]:
        path = urlsplit(row["url"]).path
        got = Counter(one.header("webhook-id") for one in by_place[path])
        answers = path.split("/")[1]
        ends = case.ends.get(answers, "delivered")
        assert row["status"] == ("enabled" if ends == "delivered" else "disabled"), name
        to_it = [one for one in ours if one["endpoint_id"] == row["id"]]
        assert to_it, name
        for one in to_it:
            assert one["state"] == ends, (name, path, one)
            assert got[public[one["message_id"]]] >= 1, (name, path)
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for sent in (sent for came in by_place.values() for sent in came):
        bodies[sent.header("webhook-id")].add(sent.body)
    assert {len(each) for each in bodies.values()} == {1}, "one body under one id"
    if case.is_ordered:
        [path] = {urlsplit(row["url"]).path for row in mine["endpoints"]}
        sequences = [json.loads(sent.body)["sequence"] for sent in by_place[path]]
        assert sequences == sorted(sequences), name
        assert set(sequences) == {1, 2}, name


def require_signed(got: list[Received], secret: str) -> None:
    """By the reference package's own words; its clock is not ours, so the signature is made again."""
    for one in got:
        at = datetime.fromtimestamp(int(one.header("webhook-timestamp")), UTC)
        made = Webhook(secret).sign(one.header("webhook-id"), at, one.body.decode())
        assert made == one.header("webhook-signature")
