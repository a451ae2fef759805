"""A query's parameters are typed, or every fault of theirs is named."""

from datetime import UTC, datetime

import pytest

from connector.domain.errors import BadRequest
from connector.operations.kit import Field
from connector.web.parameters import read

KNOWN = {
    "limit": Field("whole", "how many"),
    "balance_min": Field("money", "at least"),
    "currency": Field("currency", "in"),
    "since": Field("moment", "not before"),
    "removed": Field("flag", "those too"),
    "fields": Field("texts", "only these"),
    "state": Field("text", "in this state", choices=("active", "expired")),
}


def test_each_parameter_is_of_its_kind() -> None:
    found = read(
        KNOWN,
        {
            "limit": "5",
            "balance_min": "-2500",
            "currency": "USD",
            "since": "2026-11-20T15:00:00Z",
            "removed": "true",
            "fields": "id,balance",
            "state": "active",
        },
    )

    assert (found["limit"], found["balance_min"], found["currency"]) == (5, -2500, "USD")
    assert (found["since"], found["removed"]) == (datetime(2026, 11, 20, 15, tzinfo=UTC), True)
    assert (found["fields"], found["state"]) == (["id", "balance"], "active")


def test_a_plus_that_was_not_percent_encoded_is_one_all_the_same() -> None:
    assert read(KNOWN, {"since": "2026-11-20T15:00:00 02:00"}) == read(
        KNOWN, {"since": "2026-11-20T13:00:00Z"}
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("limit", text) for text in ("abc", "", "1.5", "1e2", "５", "--1", "9" * 40, " 1", "0x1")),
        *(("removed", text) for text in ("yes", "True", "1", "")),
        *(
            ("since", text)
            for text in ("yesterday", "2026-11-20", "1", "2026-11-20 15:00", "2026-11-20T15:00:00  02:00")
        ),
        *(("state", text) for text in ("Active", "any", "")),
        ("currency", "usd"),
        ("limt", "5"),
        ("", "5"),
    ],
)
def test_what_is_not_known_or_not_of_its_kind_is_named(name: str, text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(KNOWN, {name: text})

    assert [one.field for one in refused.value.errors] == [name]


def test_all_faults_are_named_at_once_and_a_slip_gets_a_hint() -> None:
    with pytest.raises(BadRequest) as refused:
        read(KNOWN, {"limt": "5", "currency": "usd", "state": "active"})

    assert [one.field for one in refused.value.errors] == ["currency", "limt"]
    assert "did you mean limit?" in refused.value.errors[1].message
