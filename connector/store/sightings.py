"""What events told of, as a digest, so that a second tool that tells of the same is known."""

from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from ..domain.keys_kept import kept
from .prepared import Prepared
from .tables import sightings
from .writer import Writing

_ADD: Final = Prepared(insert(sightings))


def other(
    tx: Writing,
    contact_id: int,
    *,
    recipe: str,
    subject: str,
    first: datetime,
    last: datetime,
    source: str,
) -> str | None:
    """The first event by which another source told of this, of a time between `first` and `last`."""
    at = sightings.c
    wanted = (
        select(at.event)
        .where(
            at.contact_id == contact_id,
            at.recipe == recipe,
            at.subject == kept(subject),
            at.at >= first,
            at.at <= last,
            at.source != source,
        )
        .order_by(at.id)
        .limit(1)
    )
    found = tx.execute(wanted).scalar()
    return None if found is None else str(found)


def add(
    tx: Writing,
    account_id: int,
    contact_id: int,
    *,
    recipe: str,
    subject: str,
    at: datetime,
    source: str,
    event: str,
) -> None:
    """An event told of this."""
    tx.do(
        _ADD,
        {
            "account_id": account_id,
            "contact_id": contact_id,
            "recipe": recipe,
            "subject": kept(subject),
            "at": at,
            "source": source,
            "event": event,
        },
    )
