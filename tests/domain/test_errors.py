"""The tree of errors: one root, a code and a status each, and drawn as it is."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.domain import errors
from connector.domain.errors import (
    ConnectorError,
    Fault,
    FaultyFiles,
    FieldError,
    Refused,
    RunFailed,
    Unavailable,
    ValidationFailed,
)

CODES_SHARED_WITH_THE_PARENT = {"BadRequest", "BadAmount", "DailyCapReached", "UnknownCode"}
CONTRACT_CONFLICTS = {
    "insufficient_balance",
    "card_disabled",
    "card_expired",
    "card_not_yet_usable",
    "hold_not_open",
    "currency_mismatch",
    "code_taken",
    "balance_changed",
    "cap_reached",
    "refund_exceeds_redemption",
}
CONTRACT_REFUSALS = {
    "validation_failed": 422,
    "idempotency_key_reused": 422,
    "missing_scope": 403,
    "insufficient_funds": 402,
}
SAFE_TO_SEND_AGAIN = {408, 409, 429, 503, 504}


def _below(kind: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("connector.domain."):
            yield child
            yield from _below(child)


TREE: list[type[ConnectorError]] = sorted(
    {ConnectorError, *_below(ConnectorError)}, key=lambda kind: kind.__name__
)


def test_the_tree_is_walked_whole_and_without_what_others_derive_from_it() -> None:
    class Strange(errors.Conflict):
        code = "strange"

    walked = errors.every_error()

    assert walked[0] is ConnectorError
    assert len(walked) == len(set(walked))
    assert set(walked) == set(TREE)
    assert errors.by_code(Strange.code) is ConnectorError


def test_every_error_of_the_module_hangs_on_the_one_root() -> None:
    exceptions = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert exceptions == set(TREE)


def test_the_drawing_shows_every_error_and_no_other() -> None:
    drawing = (errors.__doc__ or "").partition("An error has")[0]
    drawn = re.findall(r"\b(?:[A-Z][a-z]+){2,}\b|(?<=── )[A-Z][a-z]+\b", drawing)
    assert sorted(drawn) == [kind.__name__ for kind in TREE]


@pytest.mark.parametrize("kind", TREE)
def test_an_error_has_a_code_a_title_and_a_status(kind: type[ConnectorError]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*[a-z]", kind.code)
    assert kind.title
    assert not kind.title.endswith(".")
    assert 400 <= kind.status <= 599


def test_no_two_errors_share_a_code_but_those_that_mean_the_same() -> None:
    for kind in TREE:
        for other in TREE:
            if kind is not other and kind.code == other.code:
                assert {kind.__name__, other.__name__} & CODES_SHARED_WITH_THE_PARENT
                assert issubclass(kind, other) or issubclass(other, kind)


@pytest.mark.parametrize("kind", TREE)
def test_trying_again_helps_only_where_the_state_may_pass(kind: type[ConnectorError]) -> None:
    if kind.retryable:
        assert kind.status in SAFE_TO_SEND_AGAIN
    else:
        assert kind.status not in (429, 503, 504)
    if issubclass(kind, Refused):
        assert not kind.retryable
        assert 400 <= kind.status < 500


def test_only_the_conflict_that_passes_by_itself_is_worth_trying_again() -> None:
    retryable = {kind.__name__ for kind in TREE if issubclass(kind, errors.Conflict) and kind.retryable}
    assert retryable == {"IdempotencyInProgress"}


def test_the_contracts_conflicts_are_all_there() -> None:
    codes = {kind.code for kind in TREE if issubclass(kind, errors.Conflict)}
    assert codes >= CONTRACT_CONFLICTS
    assert {kind.status for kind in TREE if issubclass(kind, errors.Conflict)} == {409}


def test_the_contracts_refusals_are_all_there() -> None:
    found = {kind.code: kind.status for kind in TREE}
    assert {code: found.get(code) for code in CONTRACT_REFUSALS} == CONTRACT_REFUSALS
    statuses = {kind.status for kind in TREE}
    assert statuses >= {400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 422, 429, 503}


def _made(kind: type[ConnectorError], detail: str) -> ConnectorError:
    return FaultyFiles([Fault("a.yaml", 1, 1, detail)]) if issubclass(kind, FaultyFiles) else kind(detail)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_says_what_it_was_told(kind: type[ConnectorError]) -> None:
    error = _made(kind, "Card gc_1 has 1500 USD.")
    assert "Card gc_1 has 1500 USD." in error.detail
    assert str(error) == error.detail
    assert error.errors == ()
    assert error.retry_after is None


def test_an_error_without_a_sentence_says_its_title() -> None:
    assert str(Unavailable()) == Unavailable().detail == Unavailable.title


def test_an_error_carries_its_fields_and_its_patience() -> None:
    faults = [FieldError("amount", "is missing"), FieldError("card.currency", "is unknown")]
    assert ValidationFailed("Two fields are wrong", errors=faults).errors == tuple(faults)
    assert Unavailable(retry_after=timedelta(seconds=5)).retry_after == timedelta(seconds=5)


def test_all_faults_of_files_are_shown_in_the_order_of_their_places() -> None:
    faults = [
        Fault("b.yaml", 1, 1, "third"),
        Fault("a.yaml", 10, 1, "second"),
        Fault("a.yaml", 9, 1, "first"),
    ]
    error = FaultyFiles(faults)
    assert str(error) == "a.yaml:9:1: first\na.yaml:10:1: second\nb.yaml:1:1: third"
    assert error.faults == tuple(reversed(faults))


def test_a_failed_run_knows_its_place() -> None:
    assert RunFailed("No contact", place="vip.yaml:3:5").place == "vip.yaml:3:5"
    assert RunFailed("No contact").place is None
