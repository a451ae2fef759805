"""Exports: every card as a row that an import reads again; codes only where asked, and noted."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import NotFound
from connector.flows import exporting, importing
from connector.flows.card_files import Record
from connector.flows.card_rows import TOLD
from connector.flows.dialect_stores import Draft
from connector.flows.exporting import AT_ONCE
from tests.kit.deeds import do
from tests.kit.house import House

BY = Actor("manual", {"command": "cards export"})
EQUAL = (
    *("state", "currency", "initial_amount", "balance", "held", "available", "last4", "kind", "program"),
    *("sender", "recipient", "message", "note", "usable_at", "expires_at", "disabled_at", "metadata"),
)


def rows(house: House, **how: Any) -> list[dict[str, Any]]:
    export = exporting.export(house.gateway.parts, house.account, **how)
    return [{name: row[name] for name in export.columns} for page in export.pages for row in page]


def test_every_card_is_a_row_oldest_first_without_its_code(house: House) -> None:
    made = [house.issue(amount=100 + n) for n in range(3)]
    house.redeem(made[0]["id"], 50)

    found = rows(house)

    assert [row["id"] for row in found] == [card["id"] for card in made]
    assert (found[0]["balance"], found[0]["initial_amount"], found[0]["held"]) == ("0.50", "1.00", "0.00")
    assert (found[0]["state"], found[0]["last4"]) == ("active", made[0]["last4"])
    assert all(card["code"] not in str(found) for card in made)
    assert not [row for row in house.rows("audit") if row["act"] == "reveal"]


def test_codes_are_shown_where_asked_and_each_is_noted(house: House) -> None:
    made = [house.issue() for _ in range(3)]

    found = rows(house, with_codes_for=BY)

    assert [row["code"] for row in found] == [card["code"] for card in made]
    noted = [row for row in house.rows("audit") if row["act"] == "reveal"]
    assert [row["subject"] for row in noted] == [card["id"] for card in made]
    assert {row["source"] for row in noted} == {"manual"}


def test_an_export_goes_on_behind_a_card(house: House) -> None:
    made = [house.issue()["id"] for _ in range(4)]

    assert [row["id"] for row in rows(house, after=made[1])] == made[2:]
    assert rows(house, after=made[3]) == []
    with pytest.raises(NotFound):
        rows(house, after="gc_" + "0" * 26)
    with pytest.raises(NotFound):
        exporting.export(house.gateway.parts, house.other, after=made[0])


def test_pages_follow_each_other_and_end_with_what_was_there_at_the_beginning(shop: House) -> None:
    rows_of_a_file = [Record(1, {"amount": "1.00"}, [], 0)] * (AT_ONCE + 5)
    parts = shop.gateway.parts
    job = importing.take_up(parts, shop.account, {}, digest="abc", total=0)
    importing.run(parts, shop.account, job, rows_of_a_file, is_quiet=True, tell=lambda _: None)

    export = exporting.export(parts, shop.account)
    first = next(export.pages)
    shop.issue()
    rest = [row for page in export.pages for row in page]

    assert export.total == AT_ONCE + 5
    assert (len(first), len(rest)) == (AT_ONCE, 5)
    assert len({row["id"] for row in first + rest}) == AT_ONCE + 5


def an_empty_card(house: House, code: str, then: int = 0) -> dict[str, Any]:
    """A card that began with nothing, as stores of seed 003 make them; loaded `then`."""
    made = house.gateway.dialects.make_store_card(
        house.account, BY, Draft(code, 0), lambda seen: {"id": seen.card.public_id}, None, shows_codes=False
    )
    if then:
        do(house, "load", card=made.body["id"], amount=then)
    return {"id": made.body["id"], "code": code}


def test_what_was_exported_with_codes_is_imported_as_it_was(house: House) -> None:
    """A round trip into another account: the same cards, spendable by the same codes."""
    now = house.clock.now()
    mia = {"external_id": "c-7", "email": "mia@example.com", "phone": "+14155550113", "first_name": "Mia"}
    made = [
        house.issue(2500),
        house.issue(5000, currency="JPY", kind="paid", note="=SUM(1)", metadata={"a": [1, None, "x"]}),
        house.issue(700, contact=mia, expires_at=now + timedelta(days=9), usable_at=now + timedelta(days=1)),
        house.issue(800, recipient={"name": "-Tom", "phone": "+49 30 1234567"}, sender={"name": "@mia"}),
        house.issue(900, message='two\r\nlines, "quoted"', code="OWN-CODE-9"),
    ]
    house.redeem(made[0]["id"], 1000)
    house.redeem(made[4]["id"], 900)
    made += [an_empty_card(house, "EMPTY-CODE-1"), an_empty_card(house, "EMPTY-CODE-2", then=300)]
    parts, other = house.gateway.parts, house.other
    values = [
        {name: value for name, value in row.items() if name not in TOLD}
        for row in rows(house, with_codes_for=BY)
    ]

    job = importing.take_up(parts, other, {}, digest="abc", total=0)
    records = [Record(n, one, [], 0) for n, one in enumerate(values, 2)]
    ended = importing.run(parts, other, job, records, is_quiet=True, tell=lambda _: None)

    assert (ended.done, ended.failed) == (7, 0)
    for card in made:
        before = house.gateway.card(house.account, card["id"])
        after = house.gateway.card_by_code(other, card["code"])
        assert {name: after[name] for name in EQUAL} == {name: before[name] for name in EQUAL}
    [contact] = [row for row in house.rows("contacts") if row["account_id"] == other.id]
    assert (contact["email"], contact["phone"]) == (mia["email"], mia["phone"])
    house.require_proof()


def test_a_row_tells_the_state_of_the_moment_that_its_page_is_read(shop: House) -> None:
    shop.issue(expires_at=shop.clock.now() + timedelta(days=1))
    sandbox = dataclasses.replace(shop.account, clock_offset=timedelta(days=2))

    [page] = exporting.export(shop.gateway.parts, sandbox).pages

    assert page[0]["state"] == "expired"
