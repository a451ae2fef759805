"""What recipes gave, counted for their limits: exact while the recipe's lock is held."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from .prepared import Prepared
from .tables import cards, gifts, given_points, recipe_locks
from .writer import Writing

_ADD = Prepared(insert(gifts))
_ADD_POINTS = Prepared(insert(given_points))


def lock(tx: Writing, account_id: int, recipe: str) -> None:
    """Nobody else counts or adds gifts of this recipe until the commit."""
    if tx.is_alone:
        return
    tx.insert_new(recipe_locks, {"account_id": account_id, "recipe": recipe}, ("account_id", "recipe"))
    wanted = select(recipe_locks.c.recipe).where(
        recipe_locks.c.account_id == account_id, recipe_locks.c.recipe == recipe
    )
    tx.execute(wanted.with_for_update())


def add(
    tx: Writing,
    account_id: int,
    *,
    recipe: str,
    run: str,
    contact_id: int | None,
    card_id: int,
    amount: int,
    currency: str,
) -> None:
    """One gift, as of now."""
    tx.do(
        _ADD,
        {
            "account_id": account_id,
            "recipe": recipe,
            "run": run,
            "contact_id": contact_id,
            "card_id": card_id,
            "amount": amount,
            "currency": currency,
            "given_at": tx.now,
        },
    )


@dataclass(frozen=True, slots=True)
class Points:
    """What a run did to somebody's points: above 0 earned, below converted to `card`, by its public id."""

    contact_id: int
    points: int
    card: str | None


def add_points(
    tx: Writing, account_id: int, *, run: str, contact_id: int, points: int, card_id: int | None
) -> None:
    """Points that a run gave, or (below 0) that became a card."""
    row = {
        "account_id": account_id,
        "run": run,
        "contact_id": contact_id,
        "points": points,
        "card_id": card_id,
        "given_at": tx.now,
    }
    tx.do(_ADD_POINTS, row)


def points_of(tx: Writing, run: str) -> list[Points]:
    """What the run did to points, oldest first."""
    wanted = (
        select(given_points.c.contact_id, given_points.c.points, cards.c.public_id)
        .outerjoin(cards, cards.c.id == given_points.c.card_id)
        .where(given_points.c.run == run)
        .order_by(given_points.c.id)
    )
    return [Points(row.contact_id, row.points, row.public_id) for row in tx.execute(wanted)]


def last_card(tx: Writing, run: str) -> str | None:
    """The card that this run last put value on, also before it waited; None: none."""
    wanted = select(cards.c.public_id).join(gifts, gifts.c.card_id == cards.c.id).where(gifts.c.run == run)
    return tx.execute(wanted.order_by(gifts.c.id.desc()).limit(1)).scalar()


def count(tx: Writing, account_id: int, recipe: str, since: datetime) -> int:
    """How many from `since` on."""
    wanted = select(func.count()).where(
        gifts.c.account_id == account_id, gifts.c.recipe == recipe, gifts.c.given_at >= since
    )
    return int(tx.execute(wanted).scalar_one())


def count_for(tx: Writing, contact_id: int, recipe: str, since: datetime) -> int:
    """How many this contact got from `since` on."""
    wanted = select(func.count()).where(
        gifts.c.contact_id == contact_id, gifts.c.recipe == recipe, gifts.c.given_at >= since
    )
    return int(tx.execute(wanted).scalar_one())


def sums(tx: Writing, account_id: int, recipe: str, since: datetime) -> dict[str, int]:
    """What was given from `since` on, in minor units by currency."""
    wanted = (
        select(gifts.c.currency, func.sum(gifts.c.amount).label("amount"))
        .where(gifts.c.account_id == account_id, gifts.c.recipe == recipe, gifts.c.given_at >= since)
        .group_by(gifts.c.currency)
    )
    return {row.currency: int(row.amount) for row in tx.execute(wanted)}
