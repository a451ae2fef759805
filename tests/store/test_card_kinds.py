"""When the cards that are asked for can have been made: true of every card, as near as weeks are."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from connector.domain.accounts import Account
from connector.store.card_filters import Filters, as_asked
from connector.store.card_kinds import made_between
from connector.store.columns import microseconds
from connector.store.engine import Engines
from connector.store.kind_tables import WEEK_US, card_ends, card_kinds
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

WEEK = timedelta(weeks=1)
NOW = microseconds(THE_MOMENT)
THIS = NOW // WEEK_US
THESE = NOW // (4 * WEEK_US)


@pytest.fixture
def known(writer: AnyWriter, engines: Engines, account: Account, other: Account) -> Engines:
    """Of `spa` there are cards since long, of `old` none since 40 weeks, `other` is another account's."""

    def work(tx: Writing) -> None:
        for owner, program, recipe, made in (
            (account, "spa", "", THESE),
            (account, "spa", "", THESE - 20),
            (account, "old", "", THESE - 10),
            (account, "", "welcome", THESE - 3),
            (other, "other", "welcome", THESE),
        ):
            row = {"program": program, "recipe": recipe, "source": "api", "currency": "USD"}
            tx.execute(insert(card_kinds), {"account_id": owner.id, "made": made, **row})
        for made, ends in ((THIS, THIS + 52), (THIS - 30, THIS + 22), (THIS - 60, THIS - 8)):
            tx.execute(insert(card_ends), {"account_id": account.id, "made": made, "ends": ends})

    writer.run(work)
    return engines


def between(engines: Engines, account: Account, **asked: Any) -> Any:
    [one] = as_asked(Filters(**asked), account.id, NOW)
    with engines.reading() as connection:
        return made_between(connection, account.id, one)


def of(first: int, last: int, weeks: int) -> tuple[int, int]:
    """From the begin of one time of so many weeks to the end of another."""
    return first * weeks * WEEK_US, (last + 1) * weeks * WEEK_US - 1


def test_a_kinds_cards_were_made_between_its_first_and_its_last(known: Engines, account: Account) -> None:
    assert between(known, account, program="spa") == of(THESE - 20, THESE, 4)
    assert between(known, account, program="old", currency="USD") == of(THESE - 10, THESE - 10, 4)


@pytest.mark.parametrize(
    "asked",
    [
        {"program": "spa", "recipe": "welcome"},
        {"program": "other"},
        {"program": "old", "created_after": THE_MOMENT - 4 * WEEK},
        {"expires_before": THE_MOMENT - 20 * WEEK},
        {"program": "spa", "expires_after": THE_MOMENT + 60 * WEEK},
    ],
    ids=str,
)
def test_what_never_was_is_known(known: Engines, account: Account, asked: dict[str, Any]) -> None:
    assert between(known, account, **asked) is None


def test_cards_that_end_by_then_were_made_long_before(known: Engines, account: Account) -> None:
    assert between(known, account, expires_before=THE_MOMENT + 30 * WEEK) == of(THIS - 60, THIS - 30, 1)
    assert between(known, account, expires_after=THE_MOMENT) == of(THIS - 30, THIS, 1)


def test_both_hold_at_once(known: Engines, account: Account) -> None:
    low, high = between(known, account, program="spa", expires_before=THE_MOMENT + 30 * WEEK)

    assert (low, high) == ((THIS - 60) * WEEK_US, (THIS - 29) * WEEK_US - 1)


def test_of_anything_else_nothing_is_known(known: Engines, account: Account) -> None:
    assert between(known, account, balance_min=1, created_after=THE_MOMENT) == (None, None)


@pytest.mark.parametrize("days", [-1, 1])
def test_before_1970_is_a_time_too(writer: AnyWriter, engines: Engines, account: Account, days: int) -> None:
    """Both databases divide towards 1970: nothing of that time is ever left out."""
    moment = datetime.fromisoformat("1970-01-01T00:00:00Z") + timedelta(days=days)

    def work(tx: Writing) -> None:
        tx.execute(insert(card_ends), {"account_id": account.id, "made": 0, "ends": 0})

    writer.run(work)

    low, high = between(engines, account, expires_before=moment, created_after=moment - timedelta(days=2))
    assert (low, high) == (None, WEEK_US - 1)
