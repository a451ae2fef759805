"""Lists of cards against a model: every filter, every two filters, every order, page by page (T56).

S000-12 to S000-17, S002-82: whatever is asked holds all at once.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bench.made_ledger import Dice
from connector.domain.accounts import Account
from connector.domain.cards import BALANCE_STATUSES, STATES, Life, state_of
from connector.store import card_lists, words
from connector.store.card_filters import Filters
from connector.store.card_lists import SORTS, Bounds, Sort
from connector.store.engine import Engines, open_engines
from connector.store.tables import cards, contacts
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

COUNT = 160
DAY = timedelta(days=1)
NARROW = Bounds(
    few=3, block=12, near=20, many=30, some=10, entries=40
)  # so that few cards go every way that a million go
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """The cards of an account, as rows, and what their contacts are called."""

    engines: Engines
    account: Account
    rows: Sequence[Row]
    people: Mapping[int, str]


def a_row(number: int, account: Account, dice: Dice) -> Row:
    """A card of any kind: few values, so that two filters meet on it."""
    made = THE_MOMENT - dice.below(80) * DAY
    expires = dice.one_of((None, -40, -1, 0, 1, 9, 40))
    is_ahead = expires is not None and expires > 0 and not dice.below(3)  # a clock ahead of ours ended it
    expires_at = None if expires is None else THE_MOMENT + expires * DAY
    is_over = expires_at is not None and expires_at <= THE_MOMENT
    recipe = dice.one_of((None, "welcome", "birthday"))
    program = dice.one_of((None, "spa", "nails"))
    if program == "nails":  # of the first weeks only, and never by a recipe
        made, recipe = THE_MOMENT - 80 * DAY, None
    return {
        "id": number,
        "public_id": f"gc_{number:026d}",
        "account_id": account.id,
        "currency": dice.one_of(("USD", "USD", "EUR")),
        "code_hash": f"hash {number}",
        "code_sealed": "",
        "last4": dice.one_of(("7K2Q", "MIA2", "9999")),
        "balance": dice.one_of((0, 0, 500, 1_000, 1_500)),
        "held": 0,
        "initial_amount": dice.one_of((500, 1_000, 1_000, 2_000)),
        "kind": "promotional",
        "contact_id": dice.one_of((None, 1, 2)),
        "program": program,
        "recipient": dice.one_of((None, None, {"name": "Zoë Ångström", "email": "zoe@example.com"})),
        "message": dice.one_of((None, "Happy Birthday, Mia!", "thank YOU")),
        "note": dice.one_of((None, None, "from the fair")),
        "usable_at": dice.one_of((None, None, THE_MOMENT - DAY, THE_MOMENT, THE_MOMENT + DAY)),
        "expires_at": expires_at,
        "expired_at": expires_at + DAY
        if expires_at is not None and (is_ahead or (is_over and dice.below(3)))
        else None,
        "disabled_at": dice.one_of((None, None, None, THE_MOMENT)),
        "removed_at": dice.one_of((None, None, None, None, THE_MOMENT)),
        "source": "recipe" if recipe else dice.one_of(("api", "import")),
        "recipe": recipe,
        "origin": {},
        "metadata": {},
        "transfer_count": 1,
        "head_hash": "",
        "message_count": 0,
        "created_at": made,
        "updated_at": made + dice.below(3) * DAY,
    }


@pytest.fixture
def made(writer: AnyWriter, engines: Engines, account: Account, other: Account) -> Made:
    dice = Dice("lists")
    rows = [a_row(number, account, dice) for number in range(1, COUNT + 1)]
    theirs = [a_row(COUNT + number, other, dice) for number in range(1, 20)]
    people = {1: "Mia Smith mia@example.com", 2: "Kai Öztürk kai.o@example.com"}

    def work(tx: Writing) -> None:
        for number, text in people.items():
            first, last, email = text.split()
            person = {"first_name": first, "last_name": last, "email": email}
            moments = dict.fromkeys(("first_seen_at", "created_at", "updated_at"), THE_MOMENT)
            empty = {"tags": {}, "attributes": {}, "public_id": f"ct_{number}", "id": number}
            tx.execute(insert(contacts), {**person, **moments, **empty, "account_id": account.id})
            words.follow(tx, account.id, words.CONTACT, number, set(), words.of_contact(first, last, email))
        for row in (*rows, *({**one, "contact_id": None} for one in theirs)):
            tx.execute(insert(cards), row)
            found = words.of_card(row["message"], row["note"], row["recipient"])
            words.follow(tx, row["account_id"], words.CARD, row["id"], set(), found)

    writer.run(work)
    return Made(engines, account, rows, people)


ASKED: dict[str, Sequence[Any]] = {
    "state": STATES,
    "balance_status": BALANCE_STATUSES,
    "balance_min": (1, 501),
    "balance_max": (0, 1_000),
    "initial_min": (1_000,),
    "initial_max": (999,),
    "currency": ("EUR", "JPY"),
    "contact_id": (1, 404),
    "program": ("spa", "nails"),
    "source": ("import",),
    "recipe": ("welcome",),
    "last4": ("7K2Q",),
    "created_after": (THE_MOMENT - 9 * DAY,),
    "created_before": (THE_MOMENT - 9 * DAY,),
    "expires_after": (THE_MOMENT, THE_MOMENT - 5 * DAY),
    "expires_before": (THE_MOMENT + 9 * DAY, THE_MOMENT - 39 * DAY),
    "expiring_within": (timedelta(days=9),),
    "include_removed": (True,),
    "words": ((b"mia",), (b"birthday", b"fair"), (b"mia2",), ("ångström".encode(),), (b"nobody",)),
}


def fits(row: Row, name: str, value: Any, people: Mapping[int, str]) -> bool:
    """What one filter asks of one card, said once more in plain words."""
    now, expires = THE_MOMENT, row["expires_at"]
    ends = expires, row["disabled_at"], row["removed_at"], row["expired_at"]
    life = Life(row["balance"], row["usable_at"], *ends)
    balance, initial = row["balance"], row["initial_amount"]
    tests: dict[str, Callable[[], bool]] = {
        "state": lambda: state_of(life, now) == value,
        "balance_status": lambda: (
            value
            in {
                "empty" if balance == 0 else "full" if balance >= initial else "partial",
                "full_or_partial" if balance else "",
            }
        ),
        "balance_min": lambda: balance >= value,
        "balance_max": lambda: balance <= value,
        "initial_min": lambda: initial >= value,
        "initial_max": lambda: initial <= value,
        "created_after": lambda: row["created_at"] > value,
        "created_before": lambda: row["created_at"] < value,
        "expires_after": lambda: expires is not None and expires > value,
        "expires_before": lambda: expires is not None and expires < value,
        "expiring_within": lambda: expires is not None and now < expires <= now + value,
        "include_removed": lambda: True,
        "words": lambda: all(word in words_of(row, people) for word in value),
    }
    return tests[name]() if name in tests else bool(row[name] == value)


def words_of(row: Row, people: Mapping[int, str]) -> set[bytes]:
    recipient = row["recipient"] or {}
    texts = [row["message"], row["note"], *recipient.values(), people.get(row["contact_id"]), row["last4"]]
    folded = " ".join(text for text in texts if text).casefold()
    whole = folded.split()
    return {one.strip("!,").encode() for one in whole} | {one.partition("@")[0].encode() for one in whole}


def expected(made: Made, asked: Mapping[str, Any], sort: Sort) -> list[str]:
    shows_removed = asked.get("state") == "removed" or asked.get("include_removed")
    rows = [
        row
        for row in made.rows
        if all(fits(row, name, value, made.people) for name, value in asked.items())
        and (row["removed_at"] is None or shows_removed or asked.get("state"))
    ]
    empty = [row for row in rows if row[sort.column] is None]
    full = [row for row in rows if row[sort.column] is not None]
    full.sort(key=lambda row: (row[sort.column], row["id"]), reverse=sort.is_descending)
    empty.sort(key=lambda row: int(row["id"]), reverse=sort.is_descending)
    return [row["public_id"] for row in (*full, *empty)]


def found(made: Made, asked: Mapping[str, Any], sort: Sort, *, limit: int = 250) -> Iterator[str]:
    """Every page's cards, one after another."""
    after: tuple[int | None, int] | None = None
    while True:
        with made.engines.reading() as connection:
            page = card_lists.page(
                connection,
                made.account.id,
                Filters(**asked),
                sort,
                now=THE_MOMENT,
                after=after,
                limit=limit,
                bounds=NARROW,
            )
        yield from (card.public_id for card in page)
        if len(page) < limit:
            return
        after = card_lists.sort_value(page[-1], sort), page[-1].id


def orders() -> list[Sort]:
    return [Sort(column, is_down) for column, is_down in itertools.product(SORTS, (True, False))]


def questions() -> list[dict[str, Any]]:
    """Nothing, each filter with each of its values, and every two filters with each of theirs."""
    singles = [{name: value} for name, values in ASKED.items() for value in values]
    doubles = [
        {first: one, second: another}
        for first, second in itertools.combinations(ASKED, 2)
        for one, another in itertools.product(ASKED[first], ASKED[second])
    ]
    return [{}, *singles, *doubles]


def test_every_two_filters_find_what_the_model_finds(made: Made) -> None:
    turns = itertools.cycle(orders())

    for asked in questions():
        sort = next(turns)
        assert list(found(made, asked, sort)) == expected(made, asked, sort), (asked, sort)


def test_every_order_goes_on_where_the_page_before_ended(made: Made) -> None:
    """The cards without a value come last, and cards with the same value are told apart by their number."""
    some: list[dict[str, Any]] = [{}, {"state": "expired"}, {"balance_max": 500}, {"words": (b"mia",)}]

    for sort, asked in itertools.product(orders(), some):
        assert list(found(made, asked, sort, limit=7)) == expected(made, asked, sort), (sort, asked)


def test_a_state_is_that_of_the_moment_asked(made: Made) -> None:
    later: datetime = THE_MOMENT + 10 * DAY
    with made.engines.reading() as connection:
        page = card_lists.page(
            connection, made.account.id, Filters(state="expired"), Sort(), now=later, after=None, limit=250
        )

    alive = [row for row in made.rows if row["removed_at"] is None and row["disabled_at"] is None]
    over = {row["public_id"] for row in alive if row["expires_at"] and row["expires_at"] <= later} | {
        row["public_id"] for row in alive if row["expired_at"]
    }
    assert {card.public_id for card in page} == over


def test_pages_go_on_where_they_were_while_cards_are_added(made: Made, writer: AnyWriter) -> None:
    """Newest first: what was there is given once, in order, and what comes later is on no later page."""
    asked: list[dict[str, Any]] = [{}, {"program": "spa"}, {"expires_before": THE_MOMENT + 9 * DAY}]
    numbers = itertools.count(1_000)
    dice = Dice("later")

    def add(tx: Writing) -> None:
        row = a_row(next(numbers), made.account, dice)
        tx.execute(insert(cards), {**row, "created_at": THE_MOMENT + DAY, "expires_at": THE_MOMENT})

    for one in asked:
        before = list(found(made, one, Sort()))
        seen = []
        for card in found(made, one, Sort(), limit=7):
            seen.append(card)
            writer.run(add)
        assert seen == before


def test_expired_cards_are_passed_over_by_the_index_that_has_no_others(sqlite_url: str) -> None:
    """Of a million cards few are; SQLite has another index in this order, which has all of them."""
    engines = open_engines(sqlite_url)
    with engines.reading() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT created_at, id FROM cards WHERE account_id = 1 "
            "AND expired_at IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET 4000"
        ).all()
    engines.dispose()

    assert [row[-1].partition("INDEX ")[2].split()[0] for row in plan] == [
        "ix_cards_account_id_created_at_id_expired"
    ]
