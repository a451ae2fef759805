"""A row is known by what it says, under every key of the ring."""

from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.accounts import Actor
from connector.domain.sealing import KeyRing
from connector.flows.card_rows import CardRow
from connector.flows.known_rows import Known, marks_of
from connector.operations.issue import Issue
from connector.store import jobs
from connector.store.writer import Writing
from tests.kit.house import KEY, House

ROW = CardRow(Issue(500, "USD", contact={"email": "mia@example.com"}), 500)
OLD, NEW = b"o" * 32, b"n" * 32


def test_what_differs_in_anything_differs_in_its_mark() -> None:
    ring = KeyRing([KEY])
    rows = [
        ROW,
        replace(ROW, balance=400),
        replace(ROW, disabled_at=datetime(2026, 1, 1, tzinfo=UTC)),
        replace(ROW, issue=replace(ROW.issue, currency="EUR")),
        replace(ROW, issue=replace(ROW.issue, contact={"email": "kim@example.com"})),
        replace(ROW, issue=replace(ROW.issue, expires_at=datetime(2027, 1, 1, tzinfo=UTC))),
    ]

    marks = [marks_of(ring, row)[0] for row in rows]

    assert len(set(marks)) == len(rows)
    assert marks == [marks_of(ring, row)[0] for row in rows]
    assert not any("mia" in mark for mark in marks)


def test_a_row_is_known_after_the_ring_got_a_new_key(house: House) -> None:
    before, after = marks_of(KeyRing([OLD]), ROW), marks_of(KeyRing([NEW, OLD]), ROW)

    def first(tx: Writing) -> None:
        by = Actor("import", {})
        job = jobs.add(tx, account_id=house.account.id, kind="import", total=1, by=by, digest="a")
        assert job is not None
        known = Known(tx, house.account.id, job, [before])
        assert not known.meet(before)
        known.made(before)
        known.keep(tx, job)

    house.gateway.parts.writer.run(first)

    def second(tx: Writing) -> list[bool]:
        known = Known(tx, house.account.id, None, [after])
        return [known.meet(after), known.meet(after)]

    assert house.gateway.parts.writer.run(second) == [True, False]
