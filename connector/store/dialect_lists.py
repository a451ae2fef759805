"""Cards in the order of their other names, a page at a time. A page is keyset on the name itself."""

from typing import Literal

from sqlalchemy import Connection

from ..domain.cards import Card
from .cards import card_of, with_contacts
from .tables import aliases, cards

By = Literal["number", "flake"]


def page(
    connection: Connection,
    account_id: int,
    by: By,
    *,
    currency: str,
    above: int | None = None,
    below: int | None = None,
    limit: int,
    with_removed: bool = False,
) -> list[Card]:
    """At most `limit` cards in this currency whose name is within the bounds, the lowest name first.

    With `below` alone they are the last ones before it.
    """
    name = aliases.c[by]
    wanted = (
        with_contacts()
        .join(aliases, aliases.c.subject == cards.c.public_id)
        .where(aliases.c.account_id == account_id, aliases.c.kind == "card")
        .where(cards.c.account_id == account_id, cards.c.currency == currency)
    )
    if above is not None:
        wanted = wanted.where(name > above)
    if below is not None:
        wanted = wanted.where(name < below)
    if not with_removed:
        wanted = wanted.where(cards.c.removed_at.is_(None))
    is_backwards = below is not None and above is None
    wanted = wanted.order_by(name.desc() if is_backwards else name.asc()).limit(limit)
    found = [card_of(row) for row in connection.execute(wanted).mappings()]
    return found[::-1] if is_backwards else found
