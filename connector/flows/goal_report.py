"""What came of recipes' goals: how many reached each, beside those of the control group, who got nothing.

The one rule: a rate is of those who were watched, exact to four places, and none where nobody was.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ..recipes.recipe import Recipe
from ..store import goals

COLUMNS: Final = (
    *("recipe", "goal", "treated", "treated_reached", "control", "control_reached"),
    *("treated_rate", "control_rate", "difference", "currency", "cost"),
)
_PLACES: Final = Decimal("0.0001")


def goals_of(
    connection: Any, account_id: int, recipes: Sequence[Recipe], *, since: datetime | None, until: datetime
) -> list[dict[str, Any]]:
    """A row for each recipe and goal, and for each currency that its runs gave (null: nothing).

    `cost`: what they gave, in minor units; rates and their difference are exact decimals.
    """
    counts: dict[tuple[str, bool, str | None], int] = {
        (row["recipe"], bool(row["is_control"]), row["name"]): row["count"]
        for row in goals.totals(connection, account_id, since, until)
    }
    costs = goals.costs(connection, account_id, since, until)
    names: dict[str, set[str]] = {}
    for recipe, _, name in counts:
        names.setdefault(recipe, set()).update([name] if name is not None else [])
    for one in recipes:
        if one.name in names and one.goal is not None:
            names[one.name].update(one.goal.names)
    found = []
    for recipe in sorted(names):
        for goal in sorted(names[recipe]):
            row = _row(counts, recipe, goal)
            given = costs.get(recipe, {})
            found += [{**row, "currency": currency, "cost": minor} for currency, minor in given.items()]
            if not given:
                found.append({**row, "currency": None, "cost": 0})
    return found


def _row(counts: Mapping[tuple[str, bool, str | None], int], recipe: str, goal: str) -> dict[str, Any]:
    treated, reached = (counts.get((recipe, False, name), 0) for name in (None, goal))
    control, without = (counts.get((recipe, True, name), 0) for name in (None, goal))
    rate, other = rate_of(reached, treated), rate_of(without, control)
    return {
        "recipe": recipe,
        "goal": goal,
        "treated": treated,
        "treated_reached": reached,
        "control": control,
        "control_reached": without,
        "treated_rate": rate,
        "control_rate": other,
        "difference": None if rate is None or other is None else rate - other,
    }


def rate_of(reached: int, count: int) -> Decimal | None:
    """The share to four places; None of nothing."""
    return None if not count else (Decimal(reached) / count).quantize(_PLACES)
