"""A job as people see it: how far it is, and of each line what came of it."""

from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.errors import CapReached, FieldError, ValidationFailed
from connector.domain.jobs import BULK, Job, Line, error_json, job_json, line_json, without_people

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
JOB = Job(7, "job_1", 1, BULK, "running", 5, 2, 1, None, "api", {"key_id": "key_1"}, 0, AT)
KEPT = {"id": "gc_1", "code": "AAAA-BBBB"}
CARD = {"id": "gc_1", "balance": 2500}


def test_a_job_tells_how_far_it_is_and_nothing_of_who_asked() -> None:
    assert job_json(JOB) == {
        "id": "job_1",
        "kind": "bulk",
        "state": "running",
        "total": 5,
        "done": 2,
        "failed": 1,
        "skipped": 0,
        "created_at": "2026-11-20T15:00:00Z",
        "ended_at": None,
    }
    assert JOB.position == 3
    assert replace(JOB, skipped=2).position == 5
    assert job_json(replace(JOB, ended_at=AT))["ended_at"] == "2026-11-20T15:00:00Z"


def test_a_lines_code_is_shown_to_nobody_but_who_may_see_it() -> None:
    line = Line(1, "done", answer={"gift_card": KEPT})

    assert line_json(line, JOB, CARD, shows_code=True)["gift_card"] == {**CARD, "code": "AAAA-BBBB"}
    assert line_json(line, JOB, CARD, shows_code=False)["gift_card"] == {**CARD, "code": None}
    assert "AAAA" not in repr(line)


def test_a_line_that_a_cancelled_job_never_came_to_is_cancelled() -> None:
    cancelled = replace(JOB, state="cancelled")

    assert line_json(Line(4, "waiting"), cancelled, None, shows_code=True)["state"] == "cancelled"
    assert line_json(Line(4, "waiting"), JOB, None, shows_code=True)["state"] == "waiting"
    assert line_json(Line(1, "done"), cancelled, None, shows_code=True)["state"] == "done"


def test_a_failed_line_says_why_as_a_single_call_would() -> None:
    error = error_json(ValidationFailed("amount is wrong", errors=[FieldError("amount", "is wrong")]))
    line = line_json(Line(2, "failed", answer={"error": error}), JOB, None, shows_code=True)

    assert line["gift_card"] is None
    assert line["error"]["code"] == "validation_failed"
    assert line["error"]["errors"] == [{"field": "amount", "message": "is wrong"}]
    assert error_json(CapReached("so"))["status"] == 409


def test_what_is_kept_of_a_refusal_repeats_nobody_however_it_was_cut() -> None:
    long = "x" * 90 + "-the-third"
    told = {
        "contact": {"external_id": "+1 415 555-0113", "tags": ["vip"]},
        "contact_id": long,
        "note": "a",
        "amount": 500,
        "program": "spa",
    }
    error = error_json(
        ValidationFailed(
            f"{long[:80]} and +1 415 555-0113 are two; ask <Mia@Example.com>, of the program spa, for 500",
            errors=[FieldError("contact_id", "(mia@example.com) is an address; vip")],
        )
    )

    kept = without_people(error, told)

    assert kept["detail"] == "… and … are two; ask <…>, of the program spa, for 500"
    assert kept["errors"] == [{"field": "contact_id", "message": "(…) is an address; …"}]
    assert {**kept, "detail": 0, "errors": 0} == {**error, "detail": 0, "errors": 0}


def test_an_id_of_ours_is_not_hidden() -> None:
    error = error_json(ValidationFailed("contact_id ct_01JD names nobody"))

    assert without_people(error, {"contact_id": "ct_01JD"})["detail"] == "contact_id ct_01JD names nobody"
