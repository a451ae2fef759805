"""Builders: what Square tells of one booking, again and again, under one id."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, Final

from connector.domain.events import rfc3339
from connector.domain.inbound import Request
from tests.kit.house import ACCOUNT, ADDRESS, PUBLIC_URL, House

URL: Final = f"{PUBLIC_URL}/hooks/{ACCOUNT}/square"
HOUR: Final = timedelta(hours=1)


def told(
    house: House,
    name: str,
    status: str,
    *,
    starts: timedelta = 24 * HOUR,
    late: timedelta = timedelta(0),
    at: datetime | None = None,
    version: int | None = None,
    customer: str | None = "c-1",
) -> dict[str, Any]:
    """One webhook on one booking of one customer, told now or `at`; every one has an id of its own."""
    now = house.clock.now()
    booking = {
        "id": "b-1",
        "customer_id": customer,
        "status": status,
        "start_at": rfc3339(now.replace(hour=0, minute=0) + starts),
        "appointment_segments": [{"duration_minutes": 60}],
        "version": version,
    }
    told_at = rfc3339((at or now) - late)
    data = {"type": "booking", "id": "b-1:1", "object": {"booking": booking}}
    fields = {"type": name, "event_id": f"{told_at} {rfc3339(now)}", "created_at": told_at, "data": data}
    body = json.dumps(fields).encode()
    key = house.secrets["square"].encode()
    made = base64.b64encode(hmac.new(key, URL.encode() + body, hashlib.sha256).digest()).decode()
    headers = {"content-type": "application/json", "x-square-hmacsha256-signature": made}
    answer = house.receive("square", Request("POST", URL, headers, body, ADDRESS, now))
    house.clock.forward(timedelta(minutes=1))
    return dict(answer.body)


def types(answer: dict[str, Any]) -> list[str]:
    return [event["type"] for event in answer["events"]]
