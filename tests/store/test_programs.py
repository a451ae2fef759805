"""Program rows: by name within the account, every rule kept as it was told."""

from dataclasses import replace
from typing import Any

from connector.domain.accounts import Account
from connector.domain.programs import Program
from connector.store import programs
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

FIELDS: dict[str, Any] = {
    "slug": "spa",
    "name": "Spa day",
    "currency": "USD",
    "kind": "paid",
    "is_active": True,
    "description": "A day off",
    "amounts": (2500, 5000),
    "countries": ("US", "CA"),
    "valid_for": "12 months",
    "code_prefix": "GLOW",
    "design": {"color": "red"},
    "max_balance": 50_000,
    "per_day": 100_000,
    "on_expiry": "move",
    "cash_out_below": 1_000,
    "metadata": {"shelf": 7},
}


def make(writer: AnyWriter, account: Account, **changed: Any) -> Program | None:
    program = Program(
        id=0,
        public_id="",
        account_id=account.id,
        created_at=THE_MOMENT,
        updated_at=THE_MOMENT,
        **{**FIELDS, **changed},
    )
    return writer.run(lambda tx: programs.add(tx, program))


def test_what_was_told_is_found_again(writer: AnyWriter, engines: Engines, account: Account) -> None:
    made = make(writer, account)

    with engines.reading() as connection:
        found = programs.find(connection, account.id, "spa")
    assert found == made
    assert found is not None
    assert {name: getattr(found, name) for name in FIELDS} == FIELDS


def test_a_slug_is_taken_once_in_an_account(writer: AnyWriter, account: Account, other: Account) -> None:
    assert make(writer, account) is not None
    assert make(writer, account, name="Another") is None
    assert make(writer, other) is not None


def test_nobody_elses_program_is_there(
    writer: AnyWriter, engines: Engines, account: Account, other: Account
) -> None:
    make(writer, other)

    with engines.reading() as connection:
        for slug in ("spa", "", "no such", "\x00", "\ud83d"):
            assert programs.find(connection, account.id, slug) is None
    assert writer.run(lambda tx: programs.lock(tx, account.id, "spa")) is None


def test_a_change_leaves_the_other_rules(writer: AnyWriter, engines: Engines, account: Account) -> None:
    make(writer, account)

    def work(tx: Writing) -> Program:
        found = programs.lock(tx, account.id, "spa")
        assert found is not None
        return programs.change(tx, replace(found, per_day=7, is_active=False))

    changed = writer.run(work)

    with engines.reading() as connection:
        found = programs.find(connection, account.id, "spa")
    assert found == changed
    assert (changed.per_day, changed.is_active, changed.amounts) == (7, False, (2500, 5000))


def test_a_page_is_in_the_order_of_the_slugs(writer: AnyWriter, engines: Engines, account: Account) -> None:
    for slug in ("b", "c", "a"):
        make(writer, account, slug=slug, kind="promotional" if slug == "b" else "paid")

    with engines.reading() as connection:
        every = programs.page(connection, account.id, conditions=[], after=None, limit=9)
        paid = programs.page(
            connection, account.id, conditions=[programs.has("kind", "paid")], after="a", limit=9
        )
    assert [one.slug for one in every] == ["a", "b", "c"]
    assert [one.slug for one in paid] == ["c"]
