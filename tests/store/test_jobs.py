"""Jobs as rows: found again, locked, moved on; their lines sealed."""

from typing import Any

from connector.domain.accounts import Actor
from connector.domain.jobs import BULK, IMPORT, Job
from connector.store import jobs
from connector.store.writer import Writing
from tests.kit.house import House

BY = Actor("api", {"key_id": "key_1"})


def added(house: House, kind: str = BULK, digest: str | None = None, contents: int = 0) -> Job | None:
    ring, account = house.gateway.parts.ring, house.account

    def work(tx: Writing) -> Job | None:
        job = jobs.add(tx, account_id=account.id, kind=kind, total=contents, by=BY, digest=digest)
        if job is not None:
            rows = [jobs.sealed(ring, number, "waiting", f"do {number}") for number in range(1, contents + 1)]
            jobs.add_lines(tx, job, rows)
        return job

    return house.gateway.parts.writer.run(work)


def run(house: House, work: Any) -> Any:
    return house.gateway.parts.writer.run(work)


def test_a_job_is_found_as_it_was_added(house: House) -> None:
    job = added(house)
    assert job is not None

    with house.gateway.parts.engines.reading() as connection:
        assert jobs.find(connection, house.account.id, job.public_id) == job
        assert jobs.find(connection, house.other.id, job.public_id) is None
        assert jobs.find(connection, house.account.id, "job_\x00") is None
        assert jobs.page(connection, house.account.id, before=None, limit=5) == [job]
        assert jobs.page(connection, house.account.id, before=job.id, limit=5) == []


def test_one_file_is_one_import_of_an_account(house: House) -> None:
    job = added(house, IMPORT, "abc")

    assert added(house, IMPORT, "abc") is None
    assert added(house, IMPORT, "abd") is not None
    assert run(house, lambda tx: jobs.find_import(tx, house.account.id, IMPORT, "abc")) == job


def test_the_next_lines_follow_from_how_far_the_job_is(house: House) -> None:
    job, ring = added(house, contents=5), house.gateway.parts.ring
    assert job is not None

    def work(tx: Writing) -> list[int]:
        held = jobs.lock(tx, job.id)
        assert held is not None
        first = jobs.next_lines(tx, ring, held, 2)
        for line in first:
            assert line.content == f"do {line.number}"
            jobs.end_line(tx, ring, held, line.number, "done", {"gift_card": {"code": "X"}})
        moved = jobs.change(tx, held, done=2, state="running")
        return [line.number for line in first + jobs.next_lines(tx, ring, moved, 9)]

    assert run(house, work) == [1, 2, 3, 4, 5]
    with house.gateway.parts.engines.reading() as connection:
        lines = jobs.lines(connection, ring, job, after=1, limit=2)
    assert [(line.number, line.state) for line in lines] == [(2, "done"), (3, "waiting")]
    assert lines[0].answer == {"gift_card": {"code": "X"}}
    assert "do 3" not in house.everything()


def test_bulk_jobs_that_wait_are_told_by_account_and_imports_never(house: House) -> None:
    first, _second = added(house), added(house)
    added(house, IMPORT, "abc")
    assert first is not None

    with house.gateway.parts.engines.reading() as connection:
        assert jobs.waiting(connection) == [(house.account.id, first.id)]


def test_what_failed_is_read_again_in_order(house: House) -> None:
    job, ring = added(house, IMPORT, "abc"), house.gateway.parts.ring
    assert job is not None
    rows = [jobs.sealed(ring, n, "failed", f"row {n}", {"error": n}) for n in range(1, 602)]
    run(house, lambda tx: jobs.add_lines(tx, job, rows))

    with house.gateway.parts.engines.reading() as connection:
        found = list(jobs.failed_inputs(connection, ring, job))

    assert found == [(f"row {n}", {"error": n}) for n in range(1, 602)]


def test_what_nobody_will_come_to_is_forgotten(house: House) -> None:
    job = added(house, contents=3)
    assert job is not None

    run(house, lambda tx: jobs.forget_inputs(tx, job))

    assert [row["input_sealed"] for row in house.rows("job_lines")] == [None] * 3
