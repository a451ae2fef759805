"""Conflicts: what the state of things forbids is a 409, and no fault of the request."""

import pytest

from connector.domain import conflicts
from connector.domain.errors import Conflict, Refused, every_error

EVERY = [one for one in every_error() if issubclass(one, Conflict)]


@pytest.mark.parametrize("kind", EVERY)
def test_a_conflict_is_a_409_and_the_request_is_not_wrong(kind: type[Conflict]) -> None:
    assert kind.status == 409
    assert not issubclass(kind, Refused)
    assert kind.__module__ == conflicts.__name__


def test_what_is_caught_as_a_cap_holds_the_days_sum_too() -> None:
    assert issubclass(conflicts.DailyCapReached, conflicts.CapReached)
    assert conflicts.DailyCapReached.code == conflicts.CapReached.code
