"""Rows that tests of the store begin with."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text

from connector.domain.accounts import Account
from connector.domain.cards import Card
from connector.domain.transfers import NO_HASH
from connector.store import accounts, revisions
from connector.store.engine import Engines
from connector.store.tables import revisions as revision_rows
from connector.store.writer import DirectWriter, GroupWriter, Writing
from tests.kit.clock import THE_MOMENT

KEY: Final = bytes(range(32))
OTHER_KEY: Final = bytes(range(32, 64))
VALUES: Final = {
    "name": "Glow Spa",
    "currency": "USD",
    "timezone": "America/New_York",
    "country": "US",
    "sandbox": False,
}

FAILING: Final = text("INSERT INTO revisions (sha256) VALUES ('half a row')")
"""A statement that every database refuses: the row lacks what may not be missing."""

AnyWriter = GroupWriter | DirectWriter


def make_account(tx: Writing, slug: str, **changed: Any) -> Account:
    return accounts.put(tx, slug=slug, values={**VALUES, **changed}, managed_by="config")


def an_account() -> Account:
    """An account that no database holds."""
    return Account(1, "acct_1", "glow-spa", "Glow Spa", "USD", "UTC", "US", sandbox=False)


def a_card(account: Account, number: int = 1, **changed: Any) -> Card:
    """A card that has not been stored."""
    values: dict[str, Any] = {
        "id": 0,
        "public_id": f"gc_{number:026d}",
        "account_id": account.id,
        "currency": "USD",
        "balance": 2500,
        "held": 0,
        "initial_amount": 2500,
        "last4": "7K2Q",
        "kind": "promotional",
        "source": "api",
        "created_at": THE_MOMENT,
        "updated_at": THE_MOMENT,
        "transfer_count": 0,
        "head_hash": NO_HASH,
        "message_count": 0,
    }
    return Card(**{**values, **changed})


def note(tx: Writing, name: str, text: str = "…") -> str:
    """Keep one row that nothing else depends on."""
    revisions.keep(tx, recipe="any", sha256=name, text=text)
    return name


def noted(engines: Engines) -> set[str]:
    """The names of all rows that `note` kept, as another connection sees them now."""
    with engines.reading() as connection:
        return set(connection.execute(select(revision_rows.c.sha256)).scalars())


def later(minutes: int) -> datetime:
    return THE_MOMENT.replace(minute=minutes)
