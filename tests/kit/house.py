"""A whole gateway for tests: real database, real rooms, a clock that stands still."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.adapters import registry as adapter_registry
from connector.app import Rooms, assemble
from connector.domain.accounts import Account, Actor
from connector.domain.clock import Clock
from connector.domain.inbound import Request
from connector.flows.gateway import Gateway
from connector.flows.perform import Answered
from connector.flows.receive import Received
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.redeem import Redeem
from connector.store import accounts
from connector.store.writer import Pause, no_pause

from .clock import FixedClock

KEY = bytes(range(32))
ACCOUNT = "glow-spa"
OTHER = "other-shop"
BY_HAND = Actor("api", {"key_id": "key_test"})
PUBLIC_URL = "https://gifts.example.com"

RECIPES = {
    "first-booking": """\
recipe: first-booking
title: A card for the first booking
status: live
on: booking.created
if:
  - contact.visits == 0
once_per: contact
do:
  - issue_card: {amount: 25.00 USD, expires: 12 months}
tests:
  - name: the first booking
    event: booking.created
    given: {contact: {email: mia@example.com}}
    expect: [issue_card: {amount: 25.00 USD}]
  - name: who has been here before
    event: booking.created
    given: {contact: {email: mia@example.com, visits: 1}}
    expect: nothing
    because: contact.visits == 0
""",
}


@dataclass
class House:
    """A gateway with two accounts, `glow-spa` and `other-shop`, and a source per adapter in the first.

    `clock` is a FixedClock unless the test handed in another.
    """

    gateway: Gateway
    clock: Any
    url: str
    recipes: Path
    secrets: Mapping[str, str]

    @property
    def account(self) -> Account:
        return self.gateway.account(ACCOUNT)

    @property
    def other(self) -> Account:
        return self.gateway.account(OTHER)

    def key(self, *scopes: str, account: str = ACCOUNT) -> str:
        """A fresh API key's secret."""
        found = self.gateway.account(account)
        return str(self.gateway.create_key(found, name="test", scopes=scopes)["key"])

    def issue(self, amount: int = 2500, **fields: Any) -> dict[str, Any]:
        """A new card in `glow-spa`, as REST answers it, its code included."""
        return dict(self.perform(ISSUE, Issue(amount=amount, **fields)).body)

    def redeem(self, card: str, amount: int | None = None, **fields: Any) -> Answered:
        return self.perform(REDEEM, Redeem(card=card, amount=amount, **fields))

    def perform(self, operation: Any, command: object) -> Answered:
        return self.gateway.perform(self.account, BY_HAND, operation, command)

    def balance(self, card: str) -> int:
        return int(self.gateway.card(self.account, card)["balance"])

    def cards(self) -> list[dict[str, Any]]:
        """Every card of `glow-spa` (up to 250), newest first."""
        return self.gateway.list_cards(self.account, {"limit": "250"}).data

    def send(self, source: str, event: str, **how: Any) -> Received:
        """A signed sample of `event`, received through the gateway's own verb."""
        return self.receive(source, self.signed(source, event, **how))

    def signed(self, source: str, event: str, **how: Any) -> Request:
        """The signed request that the source's platform would make."""
        url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/{source}"
        post = self.gateway.sample(ACCOUNT, source, event, url=url, **how)
        headers = {name.lower(): value for name, value in post.headers.items()}
        return Request("POST", url, headers, post.body, "192.0.2.7", self.clock.now())

    def receive(self, source: str, request: Request) -> Received:
        return self.gateway.receive(ACCOUNT, source, request)

    def require_proof(self) -> None:
        """The ledger proves itself, or the test fails with the first fault."""
        proof = self.gateway.verify()
        assert proof.is_ok, proof.faults[0]


def open_house(
    folder: Path,
    url: str,
    *,
    recipes: Mapping[str, str] = RECIPES,
    pause: Pause = no_pause,
    clock: Clock | None = None,
    allow_networks: Sequence[str] = ("127.0.0.0/8",),
) -> House:
    """Build a house on the database at `url`, which is migrated already; its recipes lie in `folder`."""
    files = folder / "recipes"
    files.mkdir(exist_ok=True)
    for name, text in recipes.items():
        (files / f"{name}.yaml").write_text(text)
    clock = clock or FixedClock()
    gateway = assemble(
        Rooms(
            database_url=url,
            keys=(KEY,),
            recipes=files,
            public_url=PUBLIC_URL,
            allow_networks=tuple(allow_networks),
            allow_http=True,
        ),
        clock=clock,
        pause=pause,
    )
    secrets = _seed(gateway)
    return House(gateway, clock, url, files, secrets)


def _seed(gateway: Gateway) -> dict[str, str]:
    parts = gateway.parts
    secrets = {name: adapter.new_secret() for name, adapter in adapter_registry.adapters().items()}
    values = {"currency": "USD", "timezone": "America/New_York", "country": "US", "sandbox": False}

    def work(tx: Any) -> None:
        account = accounts.put(tx, slug=ACCOUNT, values={"name": "Glow Spa", **values}, managed_by="config")
        accounts.put(tx, slug=OTHER, values={"name": "Other Shop", **values}, managed_by="config")
        for name, secret in secrets.items():
            accounts.put_source(
                tx,
                parts.ring,
                account,
                slug=name,
                adapter=name,
                secrets=[secret],
                settings={"return_codes": True, "currency": "USD"},
                managed_by="config",
            )

    parts.writer.run(work)
    return secrets
