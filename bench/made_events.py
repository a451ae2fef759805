"""A database with hundreds of thousands of stored events, as a busy business has them after a while.

Written straight into the tables: what matters is how they are read.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert

from connector.domain import ids
from connector.domain.jsontext import dumps
from connector.flows.gateway import Gateway
from connector.store import accounts
from connector.store.tables import contacts, events

ACCOUNT: Final = "glow-spa"
EACH: Final = 15  # events of one person, on average
AT_ONCE: Final = 5_000
TYPES: Final = (
    ("booking.created", 30),
    ("booking.completed", 22),
    ("booking.cancelled", 4),
    ("payment.succeeded", 18),
    ("invoice.paid", 10),
    ("contact.updated", 12),
    ("contact.tag_added", 2),
    ("form.submitted", 2),
)
"""How often each comes, of a hundred."""


def filled(gateway: Gateway, count: int, until: datetime) -> None:
    """An account with a source, people, and so many events of the 100 days before `until`."""
    parts = gateway.parts
    drawn = random.Random(7)
    gateway.directory.create_account(slug=ACCOUNT, currency="USD", timezone="America/New_York", country="US")
    begin = until - timedelta(days=100)
    step = (until - begin) / count
    people = count // EACH + 1
    writer = parts.writer

    def first(tx: Any) -> int:
        account = accounts.find(tx, ACCOUNT)
        assert account is not None
        accounts.put_source(
            tx,
            parts.ring,
            account,
            slug="till",
            adapter="standard",
            secrets=["nobody's"],
            settings={},
            managed_by="api",
        )
        for start in range(0, people, AT_ONCE):
            some = range(start, min(start + AT_ONCE, people))
            tx.execute(insert(contacts), [_person(account.id, begin, one) for one in some])
        return account.id

    account_id = writer.run(first)
    rows = _events(account_id, drawn, begin, step, count, people)
    while page := [row for row, _ in zip(rows, range(AT_ONCE), strict=False)]:
        writer.run(lambda tx, page=page: tx.execute(insert(events), page))  # type: ignore[misc]


def _person(account_id: int, at: datetime, number: int) -> dict[str, Any]:
    return {
        "public_id": f"ct_{number:026d}",
        "account_id": account_id,
        "email": f"person{number}@example.com",
        "tags": {},
        "attributes": {},
        "first_seen_at": at,
        "created_at": at,
        "updated_at": at,
    }


def _events(
    account_id: int, drawn: random.Random, begin: datetime, step: timedelta, count: int, people: int
) -> Iterator[dict[str, Any]]:
    names, weights = zip(*TYPES, strict=True)
    for number in range(count):
        [kind] = drawn.choices(names, weights)
        who, at = drawn.randrange(people), begin + number * step
        yield {
            "public_id": ids.id_of(ids.EVENT, at, str(number)),
            "account_id": account_id,
            "source_id": 1,
            "delivery_id": None,
            "contact_id": who + 1,
            "type": kind,
            "occurred_at": at,
            "envelope": dumps(_envelope(kind, number, who, at)),
            "created_at": at,
        }


def _envelope(kind: str, number: int, who: int, at: datetime) -> dict[str, Any]:
    written = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    told: dict[str, Any] = {
        "id": f"evt_{number:026d}",
        "type": kind,
        "occurred_at": written,
        "source": "till",
        "adapter": "standard",
        "account": ACCOUNT,
        "contact": {
            "external_id": f"c{who}",
            "email": f"person{who}@example.com",
            "phone": None,
            "first_name": "Mia",
            "last_name": f"Person {who}",
            "tags": ["VIP"] if kind == "contact.updated" and who % 5 == 0 else [],
        },
        "data": {"type": kind, "id": str(number), "note": "as it came from the platform", "staff": [1, 2, 3]},
    }
    topic = kind.partition(".")[0]
    money = {"amount": f"{20 + who % 80}.00", "currency": "USD"}
    if topic == "booking":
        status = kind.partition(".")[2]
        told["booking"] = {
            "id": f"b{number if status == 'created' else number // 2}",
            "status": status,
            "service": "Massage",
            "starts_at": written,
            "ends_at": written,
            "price": money,
        }
    elif topic == "payment":
        told["payment"] = {"id": f"p{number}", "amount": money, "invoice_id": None}
    elif topic == "invoice":
        told["invoice"] = {"id": f"i{number}", "total": money}
    elif kind == "contact.tag_added":
        told["tag"] = "VIP"
    return told
