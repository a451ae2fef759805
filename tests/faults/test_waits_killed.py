"""`kill -9` while a sandbox's clock moves over a change of the clocks: each wait and each tick once."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from connector.domain.clock import SystemClock
from connector.store import tables
from tests.faults.shop import rows
from tests.flows.making import ISSUE, a_recipe, a_schedule
from tests.kit.journal import CARD
from tests.kit.process import Serving, settle
from tests.kit.receiver import Recorder
from tests.kit.wire import Reply

NEW_YORK: Final = ZoneInfo("America/New_York")
SHOP: Final = "sandbox"
WAITS: Final = a_recipe("waits", "custom.asked", ("wait: 1 days", ISSUE), given="tag: x")
NIGHTLY: Final = a_schedule(
    "nightly",
    "{schedule: every sunday at 2:30, for_each: contact}",
    ("send_webhook: {type: custom.nightly}",),
    condition="contact.email is not missing",
    holds="contact: {email: mia@example.com}",
    fails="contact: {}",
)
PEOPLE: Final = 40


def next_change(now: datetime) -> datetime:
    """Noon, in New York, of the day before its clocks change next."""
    noon = now.astimezone(NEW_YORK).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while noon.utcoffset() == (noon + timedelta(days=1)).utcoffset():
        noon += timedelta(days=1)
    return noon


def asked(served: Serving, key: str, path: str, body: Any) -> Any:
    served.key = key
    reply = served.ask("POST", path, json.dumps(body).encode())
    assert reply.status in (200, 201), reply
    return reply.json()


def test_a_gateway_that_is_killed_while_days_pass_does_each_thing_once(
    tmp_path: Path, receiver: Recorder
) -> None:
    """Forty people wait a day over the change, and are gone over in the night."""
    place = settle(tmp_path)
    (place.folder / "recipes" / "waits.yaml").write_text(WAITS)
    (place.folder / "recipes" / "nightly.yaml").write_text(NIGHTLY)
    gateway = place.gateway()
    platform = str(gateway.create_key(None, name="platform")["key"])
    gateway.close()
    with Serving.at(place) as served:
        account = {"slug": SHOP, "name": "Sandbox", "sandbox": True, "timezone": "America/New_York"}
        asked(served, platform, "/v1/accounts", account)
        key = asked(served, platform, "/v1/keys", {"account": SHOP, "name": "a", "scopes": ["admin"]})["key"]
        source = asked(served, key, "/v1/sources", {"slug": "zapier", "adapter": "zapier"})["secret"]
        saturday = next_change(SystemClock().now())
        way = saturday.astimezone(UTC) - SystemClock().now()
        asked(served, key, "/v1/clock", {"advance": int(way.total_seconds())})
        wanted = {"url": receiver.url, "event_types": ["custom.nightly", "gift_card.issued"]}
        asked(served, key, "/v1/webhook-endpoints", wanted)
        for number in range(PEOPLE):
            told = {"type": "custom.asked", "id": f"a-{number}", "email": f"p{number}@example.com"}
            served.key = source
            assert served.ask("POST", f"/hooks/{SHOP}/zapier", json.dumps(told).encode()).status == 200
        served.key = key

        dies_after(served, receiver, PEOPLE // 2)  # of the night's; waits are ending meanwhile
        asked(served, key, "/v1/clock", {"advance": "P1D"})

        noon = (saturday + timedelta(days=1)).astimezone(UTC)
        assert [row["balance"] for row in rows(place.database, tables.cards)] == [CARD] * PEOPLE
        made = {row["created_at"] - noon for row in rows(place.database, tables.cards)}
        assert timedelta(minutes=-1) < min(made), "at noon, a calendar's day later: 23 or 25 hours"
        assert max(made) < timedelta(minutes=30)
        due = [
            one["occurred_at"] for one in rows(place.database, tables.events) if one["type"] == "schedule.due"
        ]
        assert len(due) == PEOPLE, "everybody once"
        is_spring = saturday.utcoffset() < (saturday + timedelta(days=1)).utcoffset()  # type: ignore[operator]
        [first] = {moment.astimezone(NEW_YORK) for moment in due}
        assert (first.hour, first.minute) == ((3, 30) if is_spring else (2, 30))
        final = place.gateway()
        assert final.verify().is_ok
        final.close()


def dies_after(served: Serving, receiver: Recorder, messages: int) -> None:
    """Let a day pass, kill the gateway once so many messages are out, and start it again at once."""
    answers: list[Reply] = []

    def move() -> None:
        answers.append(served.ask("POST", "/v1/clock", b'{"advance": "P1D"}'))

    moving = threading.Thread(target=move, daemon=True)
    moving.start()
    receiver.wait_for(messages)
    served.again()
    moving.join()
