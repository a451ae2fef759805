"""What the tables of other names refuse by themselves, whatever the code above forgets."""

from typing import Any

import pytest
from sqlalchemy import insert

from connector.domain.accounts import Account
from connector.domain.errors import Unavailable
from connector.store import alias_tables, tables
from connector.store.writer import Writing
from tests.store.making import AnyWriter

ALIAS: dict[str, Any] = {"kind": "card", "subject": "gc_1", "number": 1, "uuid": "u1", "flake": 1}


def put(writer: AnyWriter, account: Account, **changed: Any) -> None:
    def work(tx: Writing) -> None:
        tx.execute(insert(alias_tables.aliases), {**ALIAS, "account_id": account.id, **changed})

    writer.run(work)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 2, "uuid": "u2", "flake": 2},
        {"subject": "gc_2", "uuid": "u2", "flake": 2},
        {"subject": "gc_2", "number": 2, "flake": 2},
        {"subject": "gc_2", "number": 2, "uuid": "u2"},
        {"kind": "planet", "subject": "gc_2", "number": 2, "uuid": "u2", "flake": 2},
    ],
    ids=["two names for one", "a number twice", "a UUID twice", "a flake twice", "no kind of ours"],
)
def test_a_name_stands_for_one_thing_and_a_thing_has_one_name(
    writer: AnyWriter, account: Account, changed: dict[str, Any]
) -> None:
    put(writer, account)

    with pytest.raises(Unavailable):
        put(writer, account, **changed)


def test_another_account_has_numbers_of_its_own(writer: AnyWriter, account: Account, other: Account) -> None:
    put(writer, account)
    put(writer, other, uuid="u2", flake=2)


def test_the_tables_are_among_all_tables() -> None:
    assert tables.aliases is alias_tables.aliases
    assert tables.alias_counters is alias_tables.alias_counters
