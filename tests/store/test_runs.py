"""Runs are kept with their traces; what is taken once is taken for life."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from connector.domain.accounts import Account
from connector.domain.errors import NotFound
from connector.store import runs
from connector.store.engine import Engines
from connector.store.tables import runs as run_rows
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter


def a_run(account: Account, name: str, **changed: Any) -> dict[str, Any]:
    return {
        "public_id": f"run_{name}",
        "account_id": account.id,
        "event_id": None,
        "contact_id": None,
        "recipe": name,
        "revision": "a" * 64,
        "outcome": "not_matched",
        "reason": "contact.visits == 0",
        "place": "r.yaml:5:5",
        "trace": [{"line": 5, "value": Decimal("1.50")}],
        "outputs": {"card": None, "steps": {}},
        **changed,
    }


def test_runs_are_kept_as_they_were_also_those_that_did_nothing(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    rows = [a_run(account, "one"), a_run(account, "two", outcome="done", reason=None, place=None)]

    writer.run(lambda tx: runs.add_all(tx, rows))
    writer.run(lambda tx: runs.add_all(tx, []))

    with engines.reading() as connection:
        kept = connection.execute(select(run_rows).order_by(run_rows.c.id)).mappings().all()
    assert [{name: row[name] for name in rows[0]} for row in kept] == rows
    assert kept[0]["created_at"] == THE_MOMENT


def test_once_is_once_for_each_account_recipe_and_value(
    writer: AnyWriter, account: Account, other: Account
) -> None:
    def take(account_id: int, recipe: str, value: str) -> bool:
        return writer.run(lambda tx: runs.take_once(tx, account_id, recipe, value, "run_1"))

    assert take(account.id, "one", "ct_1")
    assert not take(account.id, "one", "ct_1")
    assert take(account.id, "one", "ct_2")
    assert take(account.id, "two", "ct_1")
    assert take(other.id, "one", "ct_1")


@pytest.mark.parametrize("does_fail", [False, True])
def test_of_two_runs_at_once_one_takes_it_and_a_failed_one_gives_it_back(
    writer: AnyWriter, account: Account, does_fail: bool
) -> None:
    is_taken, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> bool:
        taken = runs.take_once(tx, account.id, "one", "ct_1", "run_1")
        is_taken.set()
        may_end.wait(10)
        if does_fail:
            raise NotFound
        return taken

    def second() -> bool:
        is_taken.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return writer.run(lambda tx: runs.take_once(tx, account.id, "one", "ct_1", "run_2"))

    one, two = at_once([lambda: writer.run(first), second])

    assert one.is_done != does_fail
    assert two.value == does_fail
