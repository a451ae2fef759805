"""A refusal that a call may answer with is told, with the codes of the error tree."""

import json

import pytest

from connector.domain.errors import ConnectorError
from connector.web import refusals
from connector.web.calls import Call
from connector.web.factory import every_call
from tests.web.door import PROBLEM


def test_a_refusal_tells_every_code_that_has_its_status() -> None:
    told = refusals.responses()
    for status in (400, 401, 402, 403, 404, 409, 422, 429, 503):
        for code in refusals.codes_of(status):
            assert f"`{code}`" in told[refusals.name_of(status)]["description"]
    assert "insufficient_balance" in refusals.codes_of(409)
    assert ConnectorError.code not in refusals.codes_of(409)


def test_what_only_platforms_are_told_is_not_in_the_document() -> None:
    assert "signature_refused" not in json.dumps(refusals.responses())


def test_a_refusal_is_a_problem_and_says_when_to_come_again() -> None:
    for name, one in refusals.responses().items():
        assert list(one["content"]) == [PROBLEM], name
        assert "X-Request-Id" in one["headers"]
    for status in (409, 429, 503, 504):
        assert "Retry-After" in refusals.responses()[refusals.name_of(status)]["headers"]


@pytest.mark.parametrize("call", every_call(), ids=lambda call: call.name)
def test_a_call_is_told_only_refusals_that_are_described(call: Call) -> None:
    there = refusals.responses()
    for status, one in refusals.of_call(call).items():
        assert one["$ref"].rpartition("/")[2] == refusals.name_of(int(status))
        assert refusals.name_of(int(status)) in there


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/v1/gift-cards", True),
        ("POST", "/v1/funding/{fund}/withdraw", True),
        ("POST", "/v1/funding", False),
        ("POST", "/v1/contacts", False),
    ],
)
def test_a_call_that_draws_on_funds_may_find_them_used_up(method: str, path: str, told: bool) -> None:
    call = next(one for one in every_call() if (one.method, one.path) == (method, path))
    assert ("402" in refusals.of_call(call)) == told
