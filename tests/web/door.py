"""A client at the door of a whole gateway: what a program outside sees, no server in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.flows.gateway import Gateway
from connector.web.factory import create_web
from tests.kit.house import ACCOUNT, PUBLIC_URL, House

MAX_BODY_BYTES = 65_536
PROBLEM = "application/problem+json"


@dataclass
class Door:
    """Requests to one house. `body` is sent as JSON, `raw` as it is."""

    house: House
    client: FlaskClient

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str = "",
        body: Any = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        peer: str = "203.0.113.7",
        query: str | None = None,
    ) -> TestResponse:
        sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        what: dict[str, Any] = {} if body is None else {"json": body}
        if raw is not None:
            what = {"data": raw, "content_type": content_type}
        return self.client.open(
            path,
            method=method,
            headers=sent,
            query_string=query,
            environ_overrides={"REMOTE_ADDR": peer},
            **what,
        )

    def post(self, path: str, **how: Any) -> TestResponse:
        return self.call("POST", path, **how)

    def get(self, path: str, **how: Any) -> TestResponse:
        return self.call("GET", path, **how)

    def deliver(self, source: str, event: str, *, path: str = "", **how: Any) -> TestResponse:
        """A signed sample of `event`, as the source's platform posts it; `headers` on top."""
        post = self.house.gateway.sample(
            ACCOUNT,
            source,
            event,
            url=f"{PUBLIC_URL}/hooks/{ACCOUNT}/{source}",
            is_new=how.pop("is_new", False),
        )
        signed = {name: value for name, value in post.headers.items() if name.lower() != "content-type"}
        how["headers"] = {**signed, **how.get("headers", {})}
        how.setdefault("content_type", "application/json")
        return self.post(path or f"/hooks/{ACCOUNT}/{source}", raw=post.body, **how)


def door_of(house: House, gateway: Gateway | None = None, **how: Any) -> Door:
    """A door to `house`, or to another gateway on its database."""
    how = {"public_url": PUBLIC_URL + "/", "max_body_bytes": MAX_BODY_BYTES, **how}
    return Door(house, create_web(gateway or house.gateway, **how).test_client())


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal, which must be one in the contract's form."""
    assert answer.content_type == PROBLEM, answer.text
    told = answer.get_json(force=True)
    keys = ["type", "title", "status", "code", "detail", "errors", "retryable", "request_id"]
    assert list(told) == keys
    assert told["status"] == answer.status_code
    assert told["type"] == f"{PUBLIC_URL}/errors/{told['code']}"
    assert told["request_id"] == answer.headers["X-Request-Id"]
    return answer.status_code, told["code"]


def wrong_fields(answer: TestResponse) -> dict[str, str]:
    """What a refusal says of each field."""
    told = answer.get_json(force=True)
    return {one["field"]: one["message"] for one in told["errors"]}
