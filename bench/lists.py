"""How long list pages, look-ups and reports take on a large ledger, asked as a door asks.

    python -m bench.lists URL --cards 200000

`URL` is a database that bench.made_ledger filled; an empty one, or a SQLite file that is not
there, is filled first. Every pair of filters is asked, rare values and common ones.
"""

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import func, select

from bench.made_ledger import ACCOUNT, KEY, build
from connector.app import Rooms, assemble
from connector.domain.accounts import Account
from connector.flows.gateway import Gateway
from connector.flows.reports import CONTACTS, REPORTS
from connector.store import migrate
from connector.store.card_lists import SORTS
from connector.store.engine import open_engines
from connector.store.tables import cards

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """One thing that a door asks, by name."""

    name: str
    ask: Callable[[], Any]


@dataclass(frozen=True)
class Answer:
    """How long one question took, in milliseconds."""

    name: str
    median_ms: float
    worst_ms: float


def filters(now: datetime) -> dict[str, Sequence[Any]]:
    """Each filter with a common value and a rare one."""
    return {
        "state": ("active", "depleted", "expired", "pending", "disabled", "removed"),
        "balance_status": ("full", "partial", "empty", "full_or_partial"),
        "balance_min": (1, 19_000),
        "balance_max": (5_000, 30),
        "initial_min": (2_000, 20_000),
        "initial_max": (5_000, 1_000),
        "currency": ("USD", "EUR", "JPY"),
        "contact_id": (f"ct_{7:026d}",),
        "program": ("massage", "nobody"),
        "source": ("purchase", "import"),
        "recipe": ("welcome", "goodwill"),
        "last4": ("7K2Q",),
        "created_after": (now - 400 * DAY, now - DAY),
        "created_before": (now - 400 * DAY, now - 1_094 * DAY),
        "expires_after": (now - 100 * DAY, now + 4 * 365 * DAY),
        "expires_before": (now + 100 * DAY, now - 700 * DAY),
        "expiring_within": (30, 1),
        "q": ("mia", "order4321", "person77@example.com", "happy"),
    }


def pairs(now: datetime) -> Iterator[dict[str, Any]]:
    """Every filter alone, and every two filters with each of their values."""
    known = filters(now)
    yield {}
    for name, values in known.items():
        yield from ({name: value} for value in values)
    for first, second in itertools.combinations(known, 2):
        for one, other in itertools.product(known[first], known[second]):
            yield {first: one, second: other}


def questions(gateway: Gateway, account: Account, now: datetime, *, is_full: bool) -> Iterator[Question]:
    """Look-ups, lists in every order, every pair of filters."""
    some = gateway.list_cards(account, {"limit": 1}).data[0]
    yield Question("card by id", lambda: gateway.card(account, some["id"]))
    yield Question("card by code", lambda: _by_code(gateway, account))
    for column, sign in itertools.product(SORTS, ("", "-")):
        yield _list(gateway, account, {"sort": f"{sign}{column}"})
    for asked in pairs(now):
        yield _list(gateway, account, asked)
        if is_full:
            yield _list(gateway, account, {**asked, "sort": "created_at"})
            yield _list(gateway, account, {**asked, "sort": "-balance"})
    yield from _lines(gateway, account, now)
    for name in (*REPORTS, CONTACTS):
        yield _report(gateway, account, name)


def _report(gateway: Gateway, account: Account, name: str) -> Question:
    return Question(f"report {name}", lambda: gateway.history.report(account, name, {}))


def _list(gateway: Gateway, account: Account, asked: Mapping[str, Any]) -> Question:
    name = " ".join(f"{one}={_shown(value)}" for one, value in asked.items())
    return Question(f"cards {name}", lambda: gateway.list_cards(account, asked))


def _lines(gateway: Gateway, account: Account, now: datetime) -> Iterator[Question]:
    known: dict[str, Sequence[Any]] = {
        "gift_card_id": (f"gc_{7:026d}",),
        "contact_id": (f"ct_{7:026d}",),
        "type": ("redeem", "adjust", "refund"),
        "reason": ("goodwill",),
        "reference": ("order-7-2",),
        "recipe": ("welcome", "goodwill"),
        "currency": ("USD", "JPY"),
        "since": (now - 400 * DAY, now - DAY),
        "until": (now - 400 * DAY, now - 1_094 * DAY),
    }
    singles = [{name: value} for name, values in known.items() for value in values]
    doubles = [
        {first: one, second: other}
        for first, second in itertools.combinations(known, 2)
        for one, other in itertools.product(known[first], known[second])
    ]
    for asked in [{}, *singles, *doubles]:
        yield _line_list(gateway, account, asked)


def _line_list(gateway: Gateway, account: Account, asked: Mapping[str, Any]) -> Question:
    name = " ".join(f"{one}={_shown(value)}" for one, value in asked.items())
    return Question(f"transactions {name}", lambda: gateway.history.list_transactions(account, asked))


def _by_code(gateway: Gateway, account: Account) -> None:
    """As it costs: the keyed hash, one row by its index."""
    with gateway.parts.engines.reading() as connection:
        hashed = gateway.parts.ring.lookup_hashes("7k2q-m4xa-9rtc-hwne-3")
        connection.execute(
            select(cards.c.id).where(cards.c.account_id == account.id, cards.c.code_hash.in_(hashed))
        ).first()


def _shown(value: Any) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


def answer(question: Question, rounds: int) -> Answer:
    """Asked `rounds` times; the first time, when pages are read from disk, counts like any other."""
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        question.ask()
        took.append(1_000 * (time.perf_counter() - begin))
    return Answer(question.name, statistics.median(took), max(took))


def opened(url: str, count: int, folder: Path) -> Gateway:
    """A gateway on the ledger at `url`, which is filled first where it is empty."""
    engines = open_engines(url)
    migrate.upgrade(engines)
    with engines.reading() as connection:
        is_empty = connection.execute(select(func.count()).select_from(cards)).scalar_one() == 0
    engines.dispose()
    if is_empty:
        build(url, count, until=datetime.now(UTC))
    recipes = folder / "recipes"
    recipes.mkdir(exist_ok=True)
    return assemble(Rooms(url, (KEY,), recipes, "https://gifts.example.com"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("url", help="sqlite:///path or postgresql://…")
    parser.add_argument("--cards", type=int, default=1_000_000, help="how many to make where there are none")
    parser.add_argument("--rounds", type=int, default=3, help="how often each question is asked (3)")
    parser.add_argument("--worst", type=int, default=20, help="how many of the slowest are shown (20)")
    parser.add_argument("--full", action="store_true", help="every pair in other orders too")
    parser.add_argument("--only", default="", help="questions whose name holds this text")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        gateway = opened(asked.url, asked.cards, Path(folder))
        account, now = gateway.account(ACCOUNT), datetime.now(UTC)
        wanted = [
            one for one in questions(gateway, account, now, is_full=asked.full) if asked.only in one.name
        ]
        found = [answer(one, asked.rounds) for one in wanted]
        gateway.close()
    lists = [one for one in found if not one.name.startswith("report")]
    medians = sorted(one.median_ms for one in lists)
    for one in found:
        if one not in lists:
            print(f"{one.median_ms:9.2f} ms  (worst {one.worst_ms:9.2f})  {one.name}")
    for one in sorted(lists, key=lambda one: -one.median_ms)[: asked.worst]:
        print(f"{one.median_ms:9.2f} ms  (worst {one.worst_ms:9.2f})  {one.name}")
    told = {
        "questions": len(lists),
        "median_ms": round(statistics.median(medians or [0]), 2),
        "p99_ms": round(medians[len(medians) * 99 // 100] if medians else 0, 2),
        "over_20_ms": sum(one > 20 for one in medians),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
