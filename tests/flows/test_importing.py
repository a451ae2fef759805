"""Imports: every row once, whatever stops in between; a bad row is named and spoils no other."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Caps
from connector.domain.errors import Conflict
from connector.domain.jobs import Job
from connector.flows import importing
from connector.flows.card_files import Record, open_file
from connector.flows.importing import AT_ONCE, Progress, Rehearsed
from connector.flows.limits import Rate
from tests.kit.catalogue import a_program
from tests.kit.house import House, open_house
from tests.kit.pauses import Pauses

ORIGIN = {"command": "cards import"}


def a_file(*rows: str, header: str = "code,amount") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def numbered(count: int) -> bytes:
    return a_file(*[f"IMPORTED-{n:05},{n + 1}.00" for n in range(count)])


def records(body: bytes) -> Iterator[Record]:
    return open_file(io.BytesIO(body), "csv").records


def begun(house: House, digest: str = "abc", total: int = 0) -> Job:
    return importing.take_up(house.gateway.parts, house.account, ORIGIN, digest=digest, total=total)


def imported(house: House, body: bytes, job: Job | None = None, **how: Any) -> tuple[Job, list[Progress]]:
    told: list[Progress] = []
    how = {"is_quiet": False, "tell": told.append, **how}
    job = job or begun(house)
    return importing.run(house.gateway.parts, house.account, job, records(body), **how), told


def failures(told: list[Progress]) -> list[tuple[int, str]]:
    return [(one.line, one.error.code) for progress in told for one in progress.failures]


class Stopped(BaseException):
    """The process ends here."""


def stop() -> None:
    raise Stopped


def test_rows_become_cards_from_the_opening_account(house: House) -> None:
    body = a_file("FIRST-CODE,25.00,mia@example.com", ",5.50,", header="code,amount,email")

    job, told = imported(house, body)

    assert (job.state, job.total, job.done, job.failed) == ("done", 2, 2, 0)
    assert told[-1].rows == 2
    assert told[-1].end == len(body)
    found = house.gateway.card_by_code(house.account, "first code")
    assert (found["balance"], found["source"]) == (2500, "import")
    assert found["origin"] == {**ORIGIN, "job_id": job.public_id}
    assert {row["debit"] for row in house.rows("transfers")} == {"import_opening"}
    assert [row["source"] for row in house.rows("audit")] == ["import", "import"]
    assert len(house.rows("messages")) == 2
    house.require_proof()


def test_a_card_keeps_what_it_began_with_beside_what_is_left(house: House) -> None:
    body = a_file("20.00,50.00", "0.00,50.00", "80.00,50.00", "50.00,50.00", header="balance,initial_amount")

    imported(house, body)

    cards = house.cards()[::-1]
    assert [card["balance"] for card in cards] == [2000, 0, 8000, 5000]
    assert {card["initial_amount"] for card in cards} == {5000}
    assert {row["debit"] for row in house.rows("transfers")} >= {"import_opening"}
    assert cards[1]["state"] == "depleted"
    house.require_proof()


def test_a_card_that_was_stopped_elsewhere_is_stopped_here(house: House) -> None:
    rows = ("5.00,2026-01-01T00:00:00Z,true", "6.00,2026-01-01T00:00:00Z,", "7.00,,")

    imported(house, a_file(*rows, header="amount,disabled_at,disabled_finally"))

    final, stopped, active = house.cards()[::-1]
    assert [one["state"] for one in (final, stopped, active)] == ["disabled", "disabled", "active"]
    assert final["disabled_at"] == "2026-01-01T00:00:00Z"
    assert [bool(row["disabled_finally"]) for row in house.rows("cards")] == [True, False, False]
    house.require_proof()


def test_a_bad_row_is_named_and_spoils_no_other(house: House) -> None:
    """T116: ragged, wrong amounts, codes that come twice or are taken, ends in the past."""
    house.issue(code="TAKEN-CODE")
    body = a_file(
        "GOOD-CODE-1,5.00,",
        "GOOD-CODE-1,6.00,",
        "TAKEN CODE,5.00,",
        "ragged",
        "GOOD-CODE-2,5;00,",
        "GOOD-CODE-3,5.00,2020-01-31",
        "x,5.00,",
        "GOOD-CODE-4,7.00,2099-01-31",
        header="code,amount,expires_on",
    )

    job, told = imported(house, body)

    assert (job.done, job.failed) == (2, 6)
    assert failures(told) == [
        (3, "code_taken"),
        (4, "code_taken"),
        (5, "validation_failed"),
        (6, "validation_failed"),
        (7, "validation_failed"),
        (8, "validation_failed"),
    ]
    kept = list(importing.rejected(house.gateway.parts, job))
    assert [cells[0] for cells, _ in kept] == [
        "GOOD-CODE-1",
        "TAKEN CODE",
        "ragged",
        "GOOD-CODE-2",
        "GOOD-CODE-3",
        "x",
    ]
    assert kept[2][1] == "row has 1 cells, the header has 3"
    assert "GOOD-CODE-2" not in house.everything()
    house.require_proof()


def test_an_import_has_no_caps(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url, caps={"USD": Caps(per_card=100, per_key=100, per_recipe=100)})

    a_program(house, per_day=5_000)

    job, _ = imported(house, a_file(",1000.00", "spa,30.00", "spa,30.00", header="program,amount"))

    assert job.done == 3
    assert house.rows("cap_sums") == []
    house.gateway.close()


@pytest.mark.parametrize("point", ["writer.before_commit", "writer.after_commit"])
def test_a_stop_anywhere_loses_no_row_and_does_none_twice(
    database_url: str, tmp_path: Path, point: str
) -> None:
    pauses = Pauses()
    house = open_house(tmp_path, database_url, pause=pauses)
    body = numbered(2 * AT_ONCE + 3) + b"ragged\n"
    job = begun(house)

    def then_stop(now: Progress) -> None:
        if now.rows == AT_ONCE:
            pauses.at(point, stop)

    with pytest.raises(Stopped):
        imported(house, body, job, tell=then_stop)
    house.gateway.close()
    again = open_house(tmp_path, database_url)
    resumed = begun(again)
    assert resumed.position == (AT_ONCE if point == "writer.before_commit" else 2 * AT_ONCE)

    ended, told = imported(again, body, resumed)

    assert (ended.state, ended.done, ended.failed) == ("done", 2 * AT_ONCE + 3, 1)
    assert failures(told) == [(2 * AT_ONCE + 5, "validation_failed")]
    amounts = sorted(row["initial_amount"] for row in again.rows("cards"))
    assert amounts == [100 * (n + 1) for n in range(2 * AT_ONCE + 3)]
    assert len(list(importing.rejected(again.gateway.parts, ended))) == 1
    again.require_proof()
    again.gateway.close()


def test_the_same_file_is_imported_once_by_each_account(house: House) -> None:
    job, _ = imported(house, numbered(2))

    assert begun(house) == job
    assert begun(house, "another").position == 0
    others = importing.take_up(house.gateway.parts, house.other, ORIGIN, digest="abc", total=2)
    assert others.state == "running"


def test_whoever_goes_on_with_an_import_stops_the_one_before(house: House) -> None:
    body = numbered(AT_ONCE + 1)
    first = begun(house)

    def overtaken(_now: Progress) -> None:
        begun(house)

    with pytest.raises(Conflict, match="Another process"):
        imported(house, body, first, tell=overtaken)

    ended, _ = imported(house, body, begun(house))
    assert (ended.done, ended.failed) == (AT_ONCE + 1, 0)


def test_an_import_that_is_cancelled_stops_and_can_go_on(house: House) -> None:
    body = numbered(AT_ONCE + 1)
    job = begun(house)

    def cancelled(_now: Progress) -> None:
        house.gateway.jobs.cancel(house.account, job.public_id)

    with pytest.raises(Conflict, match="cancelled after 100 rows"):
        imported(house, body, job, tell=cancelled)
    assert house.gateway.jobs.one(house.account, job.public_id)["state"] == "cancelled"

    ended, _ = imported(house, body, begun(house))
    assert ended.done == AT_ONCE + 1


def test_an_import_is_never_taken_for_bulk_work(house: House) -> None:
    begun(house)

    assert house.gateway.run_jobs() == 0


def test_a_quiet_import_tells_no_subscriber(house: House) -> None:
    imported(house, a_file("5.00,10.00", header="amount,initial_amount"), is_quiet=True)

    assert house.rows("messages") == []
    assert [row["act"] for row in house.rows("audit")] == ["issue", "adjust"]
    [card] = house.rows("cards")
    assert card["message_count"] == 2, "whoever counts sees that there was something"
    house.require_proof()


def test_a_rehearsal_keeps_nothing_and_says_what_would_come(house: House) -> None:
    house.issue(code="TAKEN-CODE")
    before = house.everything()
    rows = [f"IMPORTED-{n:05},5.00" for n in range(AT_ONCE)]
    body = a_file(*rows, "TAKEN-CODE,5.00", "imported 00007,5.00", "ragged")
    told: list[Progress] = []

    found = importing.rehearse(house.gateway.parts, house.account, records(body), tell=told.append)

    assert found == Rehearsed(done=AT_ONCE, failed=3, skipped=0)
    lines = [AT_ONCE + 2, AT_ONCE + 3, AT_ONCE + 4]
    assert failures(told) == list(zip(lines, ["code_taken", "code_taken", "validation_failed"], strict=True))
    assert house.everything() == before


def skipped(told: list[Progress]) -> list[int]:
    return [line for progress in told for line in progress.skipped]


def test_a_file_that_was_mended_makes_only_what_is_new_in_it(house: House) -> None:
    header = "amount,email"
    rows = [f"25.00,person{n}@example.com" for n in range(AT_ONCE)]
    first, _ = imported(house, a_file(*rows, "25;00,mia@example.com", header=header))
    assert (first.done, first.failed, first.skipped) == (AT_ONCE, 1, 0)
    body = a_file(*rows, "25.00,mia@example.com", header=header)
    rehearsed = importing.rehearse(house.gateway.parts, house.account, records(body), tell=lambda _: None)

    second, told = imported(house, body, begun(house, "mended"))

    assert rehearsed == Rehearsed(done=1, failed=0, skipped=AT_ONCE)
    assert (second.done, second.failed, second.skipped, second.position) == (1, 0, AT_ONCE, AT_ONCE + 1)
    assert skipped(told) == list(range(2, AT_ONCE + 2))
    assert len(house.rows("cards")) == AT_ONCE + 1
    assert "mia@example.com" not in str(house.rows("imported_rows"))
    house.require_proof()


def test_two_rows_alike_in_one_file_are_two_cards(house: House) -> None:
    header = "amount,email"
    twice = ["5.00,mia@example.com"] * 2
    imported(house, a_file(*twice, header=header))

    job, told = imported(house, a_file(*twice, twice[0], header=header), begun(house, "third"))

    assert (job.done, job.skipped, skipped(told)) == (1, 2, [2, 3])
    assert len(house.rows("cards")) == 3


def test_a_row_is_known_however_it_is_written(house: House) -> None:
    imported(house, a_file("5.00,2099-01-31", header="amount,expires_on"))
    others = [
        (a_file("2099-01-31,5,x", header="expires_at,balance,id"), "other columns"),
        (a_file("5.0,2099-01-31", header="amount,expires_on"), "other digits"),
    ]

    for body, digest in others:
        job, _ = imported(house, body, begun(house, digest))
        assert (job.done, job.skipped) == (0, 1)
    later, _ = imported(house, a_file("5.00,2099-02-01", header="amount,expires_on"), begun(house, "later"))

    assert (later.done, later.skipped) == (1, 0)


def test_a_row_that_is_meant_again_is_imported_again(house: House) -> None:
    body = a_file("5.00", header="amount")
    imported(house, body)

    again = importing.take_up(
        house.gateway.parts, house.account, ORIGIN, digest="abc", total=1, is_again=True
    )
    job, _ = imported(house, body, again, is_again=True)
    third, _ = imported(house, a_file("5.00", "5.00", "5.00", header="amount"), begun(house, "third"))

    assert (job.done, job.skipped) == (1, 0)
    assert (third.done, third.skipped) == (1, 2)


def test_what_was_stopped_counts_its_own_rows_once(house: House) -> None:
    """The rows alike stand on both sides of the stop, and the file before had fewer of them."""
    imported(house, a_file("1.00", "1.00", header="amount"))
    body = a_file(*["1.00"] * (AT_ONCE + 2), header="amount")
    job = begun(house, "long")

    def stopped(_now: Progress) -> None:
        stop()

    with pytest.raises(Stopped):
        imported(house, body, job, tell=stopped)
    ended, _ = imported(house, body, begun(house, "long"))

    assert (ended.done, ended.skipped) == (AT_ONCE, 2)
    assert len(house.rows("cards")) == AT_ONCE + 2


def test_a_row_of_another_account_is_not_known(house: House) -> None:
    body = a_file("5.00", header="amount")
    imported(house, body)
    others = importing.take_up(house.gateway.parts, house.other, ORIGIN, digest="abc", total=1)

    ended = importing.run(
        house.gateway.parts, house.other, others, records(body), is_quiet=False, tell=lambda _: None
    )

    assert (ended.done, ended.skipped) == (1, 0)


def test_a_row_that_failed_is_not_known(house: House) -> None:
    house.issue(code="TAKEN-CODE")
    body = a_file("TAKEN-CODE,5.00")
    imported(house, body)

    job, told = imported(house, body, begun(house, "another"))

    assert (job.failed, job.skipped, failures(told)) == (1, 0, [(2, "code_taken")])


def test_an_empty_file_is_an_import_of_nothing(shop: House) -> None:
    job, told = imported(shop, a_file())

    assert (job.state, job.total, told) == ("done", 0, [])


def test_codes_that_are_taken_count_as_guesses_and_close_no_import(database_url: str, tmp_path: Path) -> None:
    """T17: also by a rehearsal, which keeps nothing and yet tells."""
    house = open_house(tmp_path, database_url, failed_lookups=Rate(2, 60))
    house.gateway.files.run(
        house.account, begun(house), records(numbered(6)), is_quiet=True, tell=lambda _: None
    )
    guesses = house.gateway.parts.guesses
    assert guesses.failed == 0
    body = a_file(*[f"IMPORTED-{n:05},99.00" for n in range(6)], "ANOTHER-CODE-1,5.00", ",5.00")

    told: list[Progress] = []
    rehearsed = importing.rehearse(house.gateway.parts, house.account, records(body), tell=told.append)
    assert (rehearsed.done, rehearsed.failed, guesses.failed) == (2, 6, 6)
    job, again = imported(house, body, begun(house, "another"))

    assert (job.done, job.failed, guesses.failed) == (2, 6, 12)
    assert failures(told) == failures(again) == [(line, "code_taken") for line in range(2, 8)]
    house.gateway.close()
