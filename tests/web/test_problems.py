"""Every error becomes one form of answer; what went wrong inside is logged by type and place alone."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug import exceptions

from connector.domain import errors
from connector.domain.errors import ConnectorError, FieldError
from connector.web import problems
from connector.web.arrival import Site, note_id

SECRET = "gck_the-secret-of-somebody"


def every_error() -> list[type[ConnectorError]]:
    return [one for one in errors.every_error() if one.code != "faulty_files"]


def app_that_raises(error: Exception) -> FlaskClient:
    app = Flask("test", static_folder=None)
    problems.install(app, Site.of("https://gifts.example.com/", []))
    app.before_request(lambda: note_id(request.environ, "req_1"))

    def view(token: str) -> str:
        raise error

    app.add_url_rule("/hooks/<token>", "view", view, methods=["POST"])
    return app.test_client()


def test_a_refusal_has_exactly_the_contracts_form() -> None:
    error = errors.InsufficientBalance(
        "Card gc_1 has 1500 USD available, 2500 asked.", errors=[FieldError("amount", "is too much")]
    )

    answer = app_that_raises(error).post("/hooks/x")

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.data) == {
        "type": "https://gifts.example.com/errors/insufficient_balance",
        "title": "Insufficient balance",
        "status": 409,
        "code": "insufficient_balance",
        "detail": "Card gc_1 has 1500 USD available, 2500 asked.",
        "errors": [{"field": "amount", "message": "is too much"}],
        "retryable": False,
        "request_id": "req_1",
    }


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_its_status_and_headers(kind: type[ConnectorError]) -> None:
    """S004-61."""
    answer = app_that_raises(kind("told")).post("/hooks/x")

    told = json.loads(answer.data)
    is_inside = kind.status == 500
    assert answer.status_code == told["status"] == kind.status
    assert told["code"] == ("internal" if is_inside else kind.code)
    assert told["detail"] == ("Internal error" if is_inside else "told")
    assert ("Retry-After" in answer.headers) == kind.retryable
    assert ("Allow" in answer.headers) == (kind.status == 405)
    is_key = kind.status == 401 and kind is not errors.SignatureRefused
    assert ("WWW-Authenticate" in answer.headers) == is_key


@pytest.mark.parametrize(
    ("after", "header"),
    [(timedelta(seconds=90), "90"), (timedelta(milliseconds=10), "1"), (None, "1")],
)
def test_who_should_come_again_is_told_when(after: timedelta | None, header: str) -> None:
    answer = app_that_raises(errors.Unavailable(retry_after=after)).post("/hooks/x")

    assert answer.headers["Retry-After"] == header


def test_files_with_faults_are_named_to_nobody_outside() -> None:
    fault = errors.FaultyFiles([errors.Fault("/etc/secret.toml", 1, 1, SECRET)])

    answer = app_that_raises(fault).post("/hooks/x")

    assert answer.status_code == 500
    assert "secret" not in answer.text


UNEXPECTED: list[Exception] = [
    ValueError(SECRET),
    KeyError(SECRET),
    RecursionError(SECRET),
    exceptions.InternalServerError(SECRET),
    exceptions.BadGateway(SECRET),
    UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
]


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_what_nobody_expected_is_one_answer_and_a_line_without_its_words(error: Exception) -> None:
    with capture_logs() as lines:
        answer = app_that_raises(error).post(f"/hooks/{SECRET}")

    told = json.loads(answer.data)
    assert (answer.status_code, told["code"], told["detail"]) == (500, "internal", "Internal error")
    assert told["errors"] == []
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    [line] = lines
    assert (line["event"], line["error"], line["request"]) == ("failed", type(error).__name__, "req_1")
    assert line["at"].startswith("test_problems.py:")
    assert SECRET not in json.dumps(lines)


def test_a_refusal_is_one_short_line_with_the_route_and_not_the_path() -> None:
    with capture_logs() as lines:
        app_that_raises(errors.NotFound(SECRET)).post(f"/hooks/{SECRET}")

    assert lines == [
        {
            "event": "refused",
            "log_level": "info",
            "code": "not_found",
            "method": "POST",
            "route": "/hooks/{token}",
            "status": 404,
            "request": "req_1",
        }
    ]


def test_a_path_of_nobody_is_not_logged_either() -> None:
    with capture_logs() as lines:
        app_that_raises(ValueError()).post(f"/elsewhere/{SECRET}\r\n{SECRET}")

    [line] = lines
    assert line["route"] == "none"
    assert SECRET not in json.dumps(lines)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (exceptions.BadRequest, 400, "bad_request"),
        (exceptions.ClientDisconnected, 400, "bad_request"),
        (exceptions.NotFound, 404, "not_found"),
        (exceptions.RequestTimeout, 408, "body_too_slow"),
        (exceptions.RequestEntityTooLarge, 413, "body_too_large"),
        (exceptions.UnsupportedMediaType, 415, "wrong_content_type"),
        (exceptions.ImATeapot, 400, "bad_request"),
    ],
)
def test_the_frameworks_refusals_become_ours(
    kind: Callable[[], exceptions.HTTPException], status: int, code: str
) -> None:
    answer = app_that_raises(kind()).post("/hooks/x")

    told: dict[str, Any] = json.loads(answer.data)
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)


def test_another_method_is_told_which_there_are() -> None:
    answer = app_that_raises(ValueError()).get("/hooks/x")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert json.loads(answer.data)["code"] == "method_not_allowed"


def test_the_front_writes_its_refusals_in_the_same_form() -> None:
    write = problems.writer("https://gifts.example.com/")

    told = json.loads(write(errors.BodyTooLarge("too much"), "req_2"))

    assert told["type"] == "https://gifts.example.com/errors/body_too_large"
    assert (told["status"], told["request_id"], told["detail"]) == (413, "req_2", "too much")
