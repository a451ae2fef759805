"""An agency's gateway with every shipped recipe live, and a sandbox of its own for each journey.

The rule that holds: a journey sees what a business, its tools and its customers see. Signed
webhooks and REST go in over HTTP, messages come out at a real receiver; no insides.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from connector.adapters import registry
from connector.domain.clock import Clock
from connector.domain.events import rfc3339
from connector.domain.signing import standard_headers, standard_key
from connector.web.factory import create_web
from connector.web.front import Front
from tests.kit.house import PUBLIC_URL, House, open_house
from tests.kit.receiver import Received, Recorder
from tests.kit.sources import ROOT
from tests.kit.wire import Reply, a_request, exchange, serving

SHIPPED: Final = ROOT / "recipes"
ADAPTERS: Final = registry.adapters()
FLAT: Final = tuple(name for name in ("standard", "zapier", "make", "n8n", "generic") if name in ADAPTERS)
"""The adapters that read the flat names: what a no-code tool or a few lines of a caller's own send."""

Told = Mapping[str, Any]


def made_live(*names: str) -> dict[str, str]:
    """Shipped recipe files, all of them if none is named, with the one edit that puts them to work."""
    files = {path.stem: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.yaml"))}
    return {
        name: re.sub(r"^status: draft$", "status: live", text, flags=re.MULTILINE)
        for name, text in files.items()
        if not names or name in names
    }


@dataclass
class Business:
    """One sandbox account behind the door: its admin key, a source per adapter, one subscriber."""

    agency: "Agency"
    slug: str
    key: str
    opened: datetime
    secrets: dict[str, str]
    subscriber: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.opened

    # What its tools tell

    def tell(self, source: str = "standard", **fields: Any) -> dict[str, Any]:
        """One event in the flat names, told at the account's own time; what was answered."""
        told = {"occurred_at": rfc3339(self.now), **fields}
        return self.post(source, json.dumps(told).encode())

    def post(
        self, source: str, body: bytes, kind: str = "application/json", **headers: str
    ) -> dict[str, Any]:
        """A body as the source's platform signs it; the answer is 200."""
        reply = self.posted(source, body, kind, **headers)
        assert reply.status == 200, (reply.status, reply.body)
        return dict(reply.json())

    def posted(self, source: str, body: bytes, kind: str = "application/json", **headers: str) -> Reply:
        now, secret = self.agency.clock.now(), self.secrets[source]
        url = f"{PUBLIC_URL}/hooks/{self.slug}/{source}"
        if source == "standard":  # by the body alone every copy would be a duplicate: a delivery of its own
            signed = standard_headers([standard_key(secret)], f"msg_{next(self.numbers)}", now, body)
        else:
            signed = ADAPTERS[source].sign(body, secret, now, url)
        return self.agency.send("POST", f"/hooks/{self.slug}/{source}", body, kind, **{**signed, **headers})

    # What time brings

    def goes_on(self, by: str) -> Mapping[str, int]:
        """Move the sandbox's clock; how much of each kind was done on the way."""
        answer = self.ask("POST", "/v1/clock", {"advance": by})
        assert answer["is_there"], answer
        self.now = datetime.fromisoformat(answer["now"])
        return dict(answer["did"])

    def goes_on_to(self, moment: datetime) -> Mapping[str, int]:
        return self.goes_on(str(int((moment - self.now).total_seconds())))

    # What its people ask

    def ask(self, method: str, path: str, body: Any = None, status: tuple[int, ...] = (200, 201)) -> Any:
        """One call with the account's admin key."""
        reply = self.agency.ask(self.key, method, path, body)
        assert reply.status in status, (method, path, reply.status, reply.body)
        return reply.json()

    def get(self, path: str, **query: str) -> Any:
        return self.ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def cards(self, **query: str) -> list[dict[str, Any]]:
        """Every card, oldest first."""
        return list(reversed(self.get("/v1/gift-cards", limit="250", **query)["data"]))

    def given(self, recipe: str | None = None) -> list[tuple[str | None, int]]:
        """Who was given how much, in cents, by a recipe or by all of them; sorted."""
        people = {one["id"]: one["email"] for one in self.get("/v1/contacts", limit="250")["data"]}
        return sorted(
            (people.get(card["contact_id"]), card["initial_amount"])
            for card in self.cards()
            if recipe is None or card["origin"].get("recipe") == recipe
        )

    def contact(self, email: str) -> dict[str, Any]:
        [found] = self.get("/v1/contacts", email=email)["data"]
        return dict(found)

    def runs(self, recipe: str, **query: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(reversed(self.get("/v1/runs", recipe=recipe, limit="250", **query)["data"]))

    def redeem(self, card: str, amount: int) -> None:
        self.ask("POST", f"/v1/gift-cards/{card}/redeem", {"amount": amount})

    # What its subscriber hears

    def messages(self, *types: str) -> list[dict[str, Any]]:
        """Every message of these types that has come to the subscriber, each once, its signature verified."""
        while self.agency.house.gateway.dispatch():
            pass
        came = [one for one in self.agency.receiver.requests if one.path == f"/{self.slug}"]
        bodies = [verified(one, self.subscriber) for one in came]
        assert len({one["id"] for one in bodies}) == len(bodies), "a message came twice"
        return [one for one in bodies if not types or one["type"] in types]


@dataclass
class Agency:
    """One running gateway that serves many businesses."""

    house: House
    port: int
    receiver: Recorder
    platform: str
    count: int = 0

    @property
    def clock(self) -> Clock:
        found: Clock = self.house.clock
        return found

    def business(
        self, timezone: str = "America/New_York", sources: Sequence[str] = ("standard",)
    ) -> Business:
        """Another account, made as an agency makes one: by REST, with the platform's key."""
        self.count += 1
        slug = f"shop-{self.count}"
        account = {"slug": slug, "name": slug, "currency": "USD", "timezone": timezone, "sandbox": True}
        self._made("/v1/accounts", account)
        key = self._made("/v1/keys", {"account": slug, "name": "admin", "scopes": ["admin"]})["key"]
        secrets = {name: self._source(slug, name) for name in sources}
        wanted = {"url": f"http://127.0.0.1:{self.receiver.port}/{slug}", "event_types": ["*"]}
        reply = self.ask(key, "POST", "/v1/webhook-endpoints", wanted)
        assert reply.status == 201, reply.body
        return Business(self, slug, key, self.clock.now(), secrets, reply.json()["secret"])

    def ask(self, key: str, method: str, path: str, body: Any = None) -> Reply:
        told = None if body is None else json.dumps(body).encode()
        return self.send(method, path, told, "application/json", Authorization=f"Bearer {key}")

    def send(self, method: str, path: str, body: bytes | None, kind: str, **headers: str) -> Reply:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Type: {kind}")
        return exchange(self.port, a_request(method, path, *lines, body=body))

    def _source(self, slug: str, adapter: str) -> str:
        made = self._made("/v1/sources", {"account": slug, "slug": adapter, "adapter": adapter})
        return str(made["secret"])

    def _made(self, path: str, body: Told) -> dict[str, Any]:
        reply = self.ask(self.platform, "POST", path, body)
        assert reply.status == 201, (path, reply.status, reply.body)
        return dict(reply.json())


@contextmanager
def an_agency(
    folder: Path, url: str, recipes: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Iterator[Agency]:
    """A gateway at a port of its own, on a migrated database, until the end."""
    house = open_house(folder, url, recipes=made_live() if recipes is None else recipes, clock=clock)
    for entry in house.gateway.recipes():
        assert entry["errors"] == [], entry
    web = create_web(house.gateway, public_url=PUBLIC_URL, max_body_bytes=1_048_576)
    platform = str(house.gateway.create_key(None, name="platform")["key"])
    try:
        with Recorder() as receiver, serving(Front(web.wsgi_app, threads=8)) as port:
            yield Agency(house, port, receiver, platform)
            house.require_proof()
    finally:
        house.gateway.close()


def verified(message: Received, secret: str) -> dict[str, Any]:
    """The body of a message whose signature is right by Standard Webhooks' own words, written out here."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message.header('webhook-id')}.{message.header('webhook-timestamp')}.".encode() + message.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert expected in message.header("webhook-signature").split(), "the signature is wrong"
    body: dict[str, Any] = json.loads(message.body)
    assert body["id"] == message.header("webhook-id")
    return body


def days(count: float) -> timedelta:
    return timedelta(days=count)
