"""Rows of files by digest: other jobs' cards count, this job's rows go on where they were."""

from connector.domain.accounts import Actor
from connector.domain.jobs import IMPORT, Job
from connector.store import imported_rows, jobs
from connector.store.writer import Writing
from tests.kit.house import House


def a_job(tx: Writing, house: House, digest: str) -> Job:
    job = jobs.add(
        tx, account_id=house.account.id, kind=IMPORT, total=1, by=Actor("import", {}), digest=digest
    )
    assert job is not None
    return job


def test_a_jobs_rows_grow_and_are_cards_elsewhere_to_every_other(house: House) -> None:
    def work(tx: Writing) -> tuple[imported_rows.Copies, imported_rows.Copies]:
        job = a_job(tx, house, "a")
        for grown in ({"x": (2, 1), "y": (1, 0)}, {"x": (1, 1)}):
            known = imported_rows.copies(tx, house.account.id, job, ["x", "y"])
            imported_rows.add(tx, job, known, grown)
        return (
            imported_rows.copies(tx, house.account.id, job, ["x", "y", "z"]),
            imported_rows.copies(tx, house.account.id, a_job(tx, house, "b"), ["x", "y", "z"]),
        )

    own, others = house.gateway.parts.writer.run(work)

    assert (own.elsewhere, own.met, own.kept) == ({}, {"x": 3, "y": 1}, {"x", "y"})
    assert (others.elsewhere, others.met, others.kept) == ({"x": 2, "y": 0}, {}, set())


def test_another_account_has_none_of_them(house: House) -> None:
    def work(tx: Writing) -> imported_rows.Copies:
        job = a_job(tx, house, "a")
        imported_rows.add(tx, job, imported_rows.Copies(), {"x": (1, 1)})
        return imported_rows.copies(tx, house.other.id, None, ["x"])

    assert house.gateway.parts.writer.run(work) == imported_rows.Copies()
