"""A whole gateway for tests: real database, real rooms, a clock that stands still."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connector.adapters.kit import Adapter
from connector.app import Rooms, assemble
from connector.domain.accounts import Account, Actor, Caps
from connector.domain.clock import Clock
from connector.domain.contacts import read_person
from connector.domain.ids import random_symbols
from connector.domain.inbound import Request
from connector.domain.rates import NO_RATES, Rates
from connector.domain.signing import standard_headers, standard_key
from connector.flows import run
from connector.flows.gateway import Gateway
from connector.flows.limits import Rate
from connector.flows.parts import FOR_EVER, Retention
from connector.flows.perform import Answered
from connector.flows.receive import Received
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.redeem import Redeem
from connector.outside.sms import TextHook, TwilioAccount
from connector.outside.smtp import MailServer
from connector.store import accounts, contacts, deliveries, tables
from connector.store.writer import Pause, no_pause

from .clock import FixedClock

KEY = bytes(range(32))
ACCOUNT = "glow-spa"
OTHER = "other-shop"
ADDRESS = "192.0.2.7"
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
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        return self.gateway.list_cards(self.account, {"limit": 250}).data

    def send(self, source: str, event: str, **how: Any) -> Received:
        """A signed sample of `event`, received through the gateway's own verb."""
        return self.receive(source, self.signed(source, event, **how))

    def signed(self, source: str, event: str, **how: Any) -> Request:
        """The signed request that the source's platform would make."""
        url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/{source}"
        post = self.gateway.sample(ACCOUNT, source, event, url=url, **how)
        headers = {name.lower(): value for name, value in post.headers.items()}
        return Request("POST", url, headers, post.body, ADDRESS, self.clock.now())

    def receive(self, source: str, request: Request) -> Received:
        return self.gateway.receive(ACCOUNT, source, request)

    def tell(self, source: str = "standard", *, delivery: str | None = None, **fields: Any) -> Received:
        """One event in the flat names, from a source with the adapter `standard`.

        `delivery` is the sender's own id of the delivery, another one each time if left out.
        """
        return self.receive(source, self.told(source, delivery=delivery, **fields))

    def told(self, source: str = "standard", *, delivery: str | None = None, **fields: Any) -> Request:
        """The request that `tell` makes."""
        body, now = json.dumps(fields).encode(), self.clock.now()
        name = delivery or f"msg_{random_symbols('abcdefghijkmnpqrstuvwxyz', 20)}"
        headers = standard_headers([standard_key(self.secrets[source])], name, now, body)
        url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/{source}"
        return Request("POST", url, {"content-type": "application/json", **headers}, body, ADDRESS, now)

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """What the database holds in a table, oldest first, as it stands there."""
        found = tables.metadata.tables[table]
        wanted = select(found).where(*(found.c[name] == value for name, value in where.items()))
        wanted = wanted.order_by(*([found.c.id] if "id" in found.c else found.primary_key))
        with self.gateway.parts.engines.reading() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def body_of(self, row: dict[str, Any]) -> bytes:
        """The body of a kept inbound delivery, opened."""
        with self.gateway.parts.engines.reading() as connection:
            found = deliveries.find(connection, self.gateway.parts.ring, row["public_id"])
        assert found is not None
        return found.body

    def everything(self) -> str:
        """All that the database holds, as text: for what must stand nowhere in it."""
        return repr({name: self.rows(name) for name in tables.metadata.tables})

    def snapshot(self, email: str) -> dict[str, Any]:
        """A contact's running totals, as recipes see them."""
        person = read_person(country="US", email=email)

        def work(tx: Any) -> dict[str, Any]:
            contact = contacts.find_by(tx, self.account.id, person, "")
            asked = frozenset(run.COSTLY)
            return dict(run.snapshot(tx, self.account, contact, self.clock.now(), asked) or {})

        return self.gateway.parts.writer.run(work)

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
    keys: Sequence[bytes] = (KEY,),
    caps: Mapping[str, Caps] | None = None,
    rates: Rates = NO_RATES,
    failed_lookups: Rate | None = None,
    retention: Retention = FOR_EVER,
    mask_personal: bool = False,
    ca_file: str = "",
    limit_store: str = "",
    adapters: Sequence[Adapter] = (),
    sources: Mapping[str, Mapping[str, Any]] | None = None,
    templates: Path | None = None,
    mail: MailServer | None = None,
    texts: TwilioAccount | TextHook | None = None,
) -> House:
    """Build a house on the database at `url`, which is migrated already; its recipes lie in `folder`.

    Beside a source per adapter there are `sources`: slug → settings, `adapter` among them.
    `adapters` are added to those of the product.
    """
    files = folder / "recipes"
    files.mkdir(exist_ok=True)
    for name, text in recipes.items():
        (files / f"{name}.yaml").write_text(text)
    clock = clock or FixedClock()
    gateway = assemble(
        Rooms(
            database_url=url,
            keys=tuple(keys),
            caps=caps or {},
            rates=rates,
            failed_lookups=failed_lookups,
            retention=retention,
            mask_personal=mask_personal,
            ca_file=ca_file,
            limit_store=limit_store,
            recipes=files,
            public_url=PUBLIC_URL,
            allow_networks=tuple(allow_networks),
            allow_http=True,
            templates=templates,
            mail=mail,
            texts=texts,
        ),
        clock=clock,
        pause=pause,
    )
    if adapters:
        known = {**gateway.parts.adapters, **{one.name: one for one in adapters}}
        gateway = Gateway(dataclasses.replace(gateway.parts, adapters=known))
    settings: dict[str, Mapping[str, Any]] = {
        **{name: {"adapter": name} for name in gateway.parts.adapters},
        "vagaro": {"adapter": "vagaro", "options": {"addresses": [ADDRESS]}},
        **(sources or {}),
    }
    secrets = _seed(gateway, settings)
    return House(gateway, clock, url, files, secrets, settings)


def _seed(gateway: Gateway, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    parts = gateway.parts
    secrets = {slug: parts.adapters[one["adapter"]].new_secret() for slug, one in sources.items()}
    values = {"currency": "USD", "timezone": "America/New_York", "country": "US", "sandbox": False}

    def work(tx: Any) -> None:
        account = accounts.put(tx, slug=ACCOUNT, values={"name": "Glow Spa", **values}, managed_by="config")
        accounts.put(tx, slug=OTHER, values={"name": "Other Shop", **values}, managed_by="config")
        for slug, one in sources.items():
            own = {name: value for name, value in one.items() if name not in ("adapter", "credential")}
            accounts.put_source(
                tx,
                parts.ring,
                account,
                slug=slug,
                adapter=one["adapter"],
                secrets=[secrets[slug]],
                settings={"return_codes": True, "currency": "USD", **own},
                managed_by="config",
                credential=one.get("credential", ""),
            )

    parts.writer.run(work)
    return secrets
