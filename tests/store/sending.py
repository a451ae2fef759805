"""Endpoints, messages and leases, for tests of what is sent."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from connector.domain import ids
from connector.domain.accounts import Account
from connector.domain.endpoint_health import Condition, Health
from connector.domain.sealing import KeyRing
from connector.store import cards, conditions, endpoints, leases, outbox, settling
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from connector.store.leases import Leased
from connector.store.settling import Result, Settled
from connector.store.turns import START, Place, Slots
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter, a_card

LEASE: Final = timedelta(seconds=45)
DELIVERED: Final = Settled("delivered", "delivered")


def an_endpoint(
    writer: AnyWriter, ring: KeyRing, account: Account, *types: str, window: int = 1, **rest: Any
) -> Endpoint:
    """An endpoint that has shown that it can take `window` at once."""
    values: dict[str, Any] = {
        "account_id": account.id,
        "url": "https://example.com/",
        "event_types": list(types or ("*",)),
        "secret": "whsec_one",
        "description": None,
        "metadata": {},
        **rest,
    }
    made = writer.run(lambda tx: endpoints.add(tx, ring, **values))
    if window > 1:
        warm(writer, made, Health(window=window))
    return made


def warm(writer: AnyWriter, endpoint: Endpoint, health: Health, held_until: datetime | None = None) -> None:
    failing_since = THE_MOMENT if health.failures else None
    found = Condition(health, held_until, failing_since, THE_MOMENT)
    writer.run(lambda tx: conditions.write(tx, endpoint.id, found))


def add(writer: AnyWriter, account: Account, message_type: str = "ping", **changed: Any) -> bool:
    values: dict[str, Any] = {
        "account_id": account.id,
        "account": account.slug,
        "sandbox": False,
        "message_type": message_type,
        "data": {"a": 1},
        **changed,
    }
    return writer.run(lambda tx: outbox.add(tx, **values)).has_listeners


def lease(
    writer: AnyWriter, clock: FixedClock, limit: int = 50, after: Place = START, **room: Any
) -> list[Leased]:
    slots = Slots(limit, **room)
    return writer.run(lambda tx: leases.lease(tx, now=clock.now(), lease_for=LEASE, slots=slots, after=after))


def an_attempt() -> str:
    """The id of one."""
    return ids.new_id(ids.ATTEMPT, THE_MOMENT)


def settle(
    writer: AnyWriter,
    leased: Leased,
    settled: Settled = DELIVERED,
    *,
    status: int = 200,
    attempt: str | None = None,
) -> bool:
    result = Result(attempt or an_attempt(), leased, settled, THE_MOMENT, {"status": status})
    [is_ours] = writer.run(lambda tx: settling.settle(tx, [result]))
    return is_ours


def rows(engines: Engines, columns: str, table: str) -> list[tuple[Any, ...]]:
    with engines.reading() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY id"))
        return [tuple(row) for row in found]


def stored_card(writer: AnyWriter, ring: KeyRing, account: Account, number: int) -> int:
    """A card's row number."""
    code = f"CODE{number}"
    made = writer.run(
        lambda tx: cards.add(tx, ring, a_card(account, number), code=code, plain=code, contact_id=None)
    )
    assert made is not None
    return made
