"""Whoever is refused can read what to do about it."""

from connector.domain import errors
from connector.domain.errors import ConnectorError
from connector.web.advice import ADVICE
from tests.kit.pages import table


def test_every_code_that_can_stand_in_an_answer_has_its_sentence() -> None:
    by_http = {row[0].strip("`") for row in table("docs/errors.md", "## By HTTP")}
    there = {code for code in by_http if errors.by_code(code).code == code}
    assert there <= set(ADVICE), f"web/advice.py: {sorted(there - set(ADVICE))} is missing"


def test_no_code_has_a_sentence_that_is_no_error() -> None:
    for code, sentence in ADVICE.items():
        assert code == ConnectorError.code or errors.by_code(code) is not ConnectorError, code
        assert sentence.endswith("."), code
