"""A recipe that should do something now and then, and did not: `recipe.silent`, once in its period.

Only where it has been in force for so long; one that never ran counts from then on. A recipe for all
accounts is expected in those where anything began it, and in all of them while nothing did anywhere.
"""

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from ..domain.accounts import Account, Actor
from ..domain.events import rfc3339
from ..recipes.clauses import Rate
from ..recipes.periods import beginning
from ..recipes.recipe import Recipe
from ..store import accounts, silences
from ..store.engine import Reading
from ..store.writer import Writing
from .parts import Parts


def look(parts: Parts) -> int:
    """Tell of every silence that has lasted too long; how many were told."""
    expected = [one for one in parts.library.current.recipes if one.status == "live" and one.expect_at_least]
    if not expected:
        return 0
    told = 0
    with parts.engines.reading() as connection:
        everybody = accounts.every(connection)
        found = [
            (account, recipe)
            for recipe in expected
            for account in _where(connection, recipe, everybody)
            if _is_silent(parts, connection, account, recipe)
        ]
    for account, recipe in found:
        told += parts.writer.run(partial(_tell, parts, account, recipe))
    return told


def _where(connection: Reading, recipe: Recipe, everybody: Sequence[Account]) -> Sequence[Account]:
    """The accounts in which it is expected: an account without such events may have no use for it."""
    if recipe.account is not None:
        return [account for account in everybody if account.slug == recipe.account]
    ran = [account for account in everybody if silences.has_run(connection, account.id, recipe.name)]
    return ran or everybody


def _is_silent(parts: Parts, connection: Reading, account: Account, recipe: Recipe) -> bool:
    rate = _rate(recipe)
    now = parts.clock.now() + account.clock_offset
    since = beginning(rate.period, now, ZoneInfo(account.timezone))
    last = silences.last_told(connection, account.id, recipe.name)
    if last is not None and last >= since:
        return False
    began = silences.in_force_since(connection, recipe.name)
    if began is None or began + account.clock_offset > since:
        return False
    newest = silences.nth_newest(connection, account.id, recipe.name, rate.count)
    return newest is None or newest < since


def _tell(parts: Parts, account: Account, recipe: Recipe, tx: Writing) -> bool:
    desk = parts.desk(tx, account, Actor("recipe", {"recipe": recipe.name}))
    rate = _rate(recipe)
    since = beginning(rate.period, desk.now, ZoneInfo(account.timezone))
    newest = silences.nth_newest(tx, account.id, recipe.name, rate.count)
    if (newest is not None and newest >= since) or not silences.tell(tx, account.id, recipe.name, since):
        return False
    last = silences.nth_newest(tx, account.id, recipe.name, 1)
    about = {
        "name": recipe.name,
        "expected": str(rate),
        "since": rfc3339(since),
        "last_done_at": None if last is None else rfc3339(last),
    }
    desk.tell("recipe.silent", None, {"recipe": about})
    return True


def _rate(recipe: Recipe) -> Rate:
    assert recipe.expect_at_least is not None
    return recipe.expect_at_least
