"""What only a dialect says of a card: kept as it was said. It moves nothing and means nothing to us."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from .tables import dialect_cards
from .writer import Writing


@dataclass(frozen=True, slots=True)
class Saying:
    """When a card was bought, how it looks, which line of which order it was sold by; None: nothing was said.

    Numbers of orders and lines are the shop's own. `last_characters`: the end of a code that has a
    dash there, as whoever chose it is shown it.
    """

    purchased_at: datetime | None = None
    template_suffix: str | None = None
    order_id: int | None = None
    line_item_id: int | None = None
    last_characters: str | None = None


NOTHING_SAID: Final = Saying()
_SAID: Final = tuple(one.name for one in fields(Saying))


def of(connection: Connection | Writing, card_ids: Sequence[int]) -> dict[int, Saying]:
    """By each card's number what was said of it; none where nothing was."""
    wanted = select(dialect_cards).where(dialect_cards.c.card_id.in_(card_ids))
    return {
        row["card_id"]: Saying(**{name: row[name] for name in _SAID})
        for row in connection.execute(wanted).mappings()
    }


def put(tx: Writing, card_id: int, saying: Saying) -> None:
    """Keep this of a locked card, in place of what was said before."""
    tx.execute(delete(dialect_cards).where(dialect_cards.c.card_id == card_id))
    tx.execute(insert(dialect_cards), {"card_id": card_id, **asdict(saying)})
