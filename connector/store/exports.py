"""Cards with their people for a file: by number, page by page, nothing held open in between."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from .columns import is_name
from .tables import cards, contacts, identities

_EXTERNAL_ID: Final = (
    select(func.min(identities.c.value))
    .where(
        identities.c.contact_id == cards.c.contact_id,
        identities.c.kind == "external_id",
        identities.c.namespace == bindparam("namespace"),
    )
    .scalar_subquery()
)
_PAGE: Final = (
    select(
        cards,
        contacts.c.email,
        contacts.c.phone,
        contacts.c.first_name,
        contacts.c.last_name,
        _EXTERNAL_ID.label("external_id"),
    )
    .select_from(cards.outerjoin(contacts, contacts.c.id == cards.c.contact_id))
    .where(
        cards.c.account_id == bindparam("account"),
        cards.c.id > bindparam("after"),
        cards.c.id <= bindparam("last"),
        cards.c.removed_at.is_(None),
    )
    .order_by(cards.c.id)
    .limit(bindparam("limit"))
)


def last(connection: Connection, account_id: int) -> int:
    """The number of the account's newest card; 0 without any."""
    found = connection.execute(select(func.max(cards.c.id)).where(cards.c.account_id == account_id)).scalar()
    return int(found or 0)


def count(connection: Connection, account_id: int, *, after: int) -> int:
    """How many cards of the account stand behind the number `after`, those that were removed left out."""
    wanted = select(func.count()).where(
        cards.c.account_id == account_id, cards.c.id > after, cards.c.removed_at.is_(None)
    )
    return int(connection.execute(wanted).scalar_one())


def number_of(connection: Connection, account_id: int, public_id: str) -> int | None:
    """The number of the account's card with this id."""
    if not is_name(public_id):
        return None
    wanted = select(cards.c.id).where(cards.c.account_id == account_id, cards.c.public_id == public_id)
    found = connection.execute(wanted).scalar()
    return None if found is None else int(found)


def page(
    connection: Connection, account_id: int, *, after: int, last: int, limit: int, namespace: str
) -> list[Mapping[str, Any]]:
    """At most `limit` cards behind `after` and up to `last`, its contact's names beside its columns.

    External ids are those of `namespace`.
    """
    values = {
        "account": account_id,
        "after": after,
        "last": last,
        "limit": limit,
        "namespace": namespace,
    }
    return [dict(row) for row in connection.execute(_PAGE, values).mappings()]
