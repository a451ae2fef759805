"""A row of a file: every column read or told by name, nothing guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain.accounts import Account
from connector.domain.errors import ValidationFailed
from connector.flows.card_rows import COLUMNS, TOLD, WRITTEN, read, require_columns

ACCOUNT = Account(1, "acct_1", "glow-spa", "Glow Spa", "USD", "America/New_York", "US", False)


def faults(**values: Any) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refused:
        read(ACCOUNT, values)
    assert refused.value.errors
    return {one.field: one.message for one in refused.value.errors}


def test_a_row_with_everything_becomes_an_issue() -> None:
    row = read(
        ACCOUNT,
        {
            "code": "OLD-CODE-1",
            "balance": "12.50",
            "initial_amount": "25.00",
            "currency": "EUR",
            "kind": "paid",
            "external_id": "c-7",
            "email": "Mia@example.com",
            "phone": "+14155550113",
            "first_name": "Mia",
            "last_name": "",
            "recipient_name": "Tom",
            "sender_name": "Mia",
            "message": "=for you",
            "note": None,
            "usable_at": "2027-01-01",
            "expires_at": "2027-06-01T12:00:00+02:00",
            "disabled_at": "2026-01-01T00:00:00Z",
            "disabled_finally": "true",
            "metadata": '{"a": [1]}',
            "id": "gc_1",
            "state": "disabled",
        },
    )

    issue = row.issue
    assert (issue.amount, row.balance, issue.currency, issue.kind) == (2500, 1250, "EUR", "paid")
    assert issue.contact == {
        "external_id": "c-7",
        "email": "Mia@example.com",
        "phone": "+14155550113",
        "first_name": "Mia",
    }
    assert (issue.recipient, issue.sender) == ({"name": "Tom"}, {"name": "Mia"})
    assert (issue.message, issue.note, issue.code) == ("=for you", None, "OLD-CODE-1")
    assert issue.usable_at == datetime(2027, 1, 1, 5, tzinfo=UTC)
    assert issue.expires_at == datetime(2027, 6, 1, 10, tzinfo=UTC)
    assert row.disabled_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert row.disabled_finally
    assert issue.metadata == {"a": [1]}


def test_a_row_with_an_amount_alone_is_a_card_in_the_accounts_currency() -> None:
    row = read(ACCOUNT, {"amount": "25"})

    assert (row.issue.amount, row.balance, row.issue.currency) == (2500, 2500, "USD")
    assert row.issue.contact is None


@pytest.mark.parametrize("column", ["expires_on", "expires_at"])
def test_a_day_ends_with_its_last_second_in_the_accounts_time_zone(column: str) -> None:
    row = read(ACCOUNT, {"amount": "25.00", column: "2027-01-31"})

    assert row.issue.expires_at == datetime(2027, 2, 1, 4, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("balance", ["0.00", "5.00"])
def test_a_card_may_have_begun_with_nothing(balance: str) -> None:
    row = read(ACCOUNT, {"balance": balance, "initial_amount": "0.00"})

    assert (row.issue.amount, row.balance) == (0, int(balance[0]) * 100)


def test_a_spent_card_keeps_what_it_began_with() -> None:
    row = read(ACCOUNT, {"balance": "0.00", "initial_amount": "25.00"})

    assert (row.issue.amount, row.balance) == (2500, 0)


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({}, "amount", "required"),
        ({"amount": ""}, "amount", "required"),
        ({"amount": "25,00"}, "amount", "not an amount"),
        ({"amount": "25.001"}, "amount", "decimals"),
        ({"amount": " 25.00"}, "amount", "not an amount"),
        ({"amount": "25.00 USD"}, "amount", "not an amount"),
        ({"amount": "1e3"}, "amount", "not an amount"),
        ({"amount": "-5.00"}, "amount", "below zero"),
        ({"amount": "0.00"}, "amount", "above zero"),
        ({"amount": "5.00", "initial_amount": "-1.00"}, "initial_amount", "above zero"),
        ({"initial_amount": "-1.00"}, "amount", "is required"),
        ({"amount": "9999999999999.00"}, "amount", ""),
        ({"amount": 2500}, "amount", 'text like "25.00"'),
        ({"amount": "5.00", "balance": "5.00"}, "amount", "not both"),
        ({"amount": "5.5", "currency": "JPY"}, "amount", "decimals"),
        ({"amount": "5", "currency": "usd"}, "currency", "ISO 4217"),
        ({"amount": "5", "email": "mia"}, "email", "no e-mail address"),
        ({"amount": "5", "phone": "12"}, "phone", "no phone number"),
        ({"amount": "5", "first_name": "Mia"}, "first_name", "needs external_id"),
        ({"amount": "5", "expires_at": "31.01.2027"}, "expires_at", "no moment"),
        ({"amount": "5", "expires_at": "2027-01-31T10:00:00"}, "expires_at", "no moment"),
        ({"amount": "5", "expires_on": "2027-02-30"}, "expires_on", "no day of the calendar"),
        ({"amount": "5", "usable_at": "2027-01-01T25:00:00Z"}, "usable_at", "no moment of the calendar"),
        ({"amount": "5", "usable_at": "0001-01-01T00:00:00+14:00"}, "usable_at", "calendar"),
        ({"amount": "5", "expires_at": "2027-01-31", "expires_on": "2027-01-31"}, "expires_on", "not both"),
        ({"amount": "5", "metadata": "[1]"}, "metadata", "JSON object"),
        ({"amount": "5", "metadata": "{"}, "metadata", "JSON object"),
        ({"amount": "5", "metadata": [1]}, "metadata", "object"),
        ({"amount": "5", "metadata": {"a": "x" * 9_000}}, "metadata", "bytes"),
        ({"amount": "5", "disabled_at": "yesterday"}, "disabled_at", "no moment"),
        ({"amount": "5", "disabled_finally": "maybe"}, "disabled_finally", "true or false"),
        ({"amount": "5", "disabled_finally": "true"}, "disabled_finally", "without disabled_at"),
        ({"amount": "5", "colour": "red"}, "colour", "no"),
        ({"amount": "5", "note": ["x"]}, "note", "must be text"),
        ({"amount": "5", "recipient_email": "bad"}, "recipient_email", "no e-mail address"),
        ({"amount": "5", "recipient_phone": "555"}, "recipient_phone", "no phone number"),
    ],
)
def test_what_is_wrong_is_told_by_its_column(values: dict[str, Any], field: str, said: str) -> None:
    assert said in faults(**values)[field]


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    assert set(faults(amount="x", email="y", expires_at="z")) == {"amount", "email", "expires_at"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["code", "amuont"], "did you mean amount?"),
        (["amount", "amount"], "stands twice"),
        (["code", "email"], "amount is missing"),
        (["amount", ""], "column 2"),
        (["x" * 500, "amount"], "is not a column"),
    ],
)
def test_a_header_that_cannot_be_right_is_refused(columns: list[str], said: str) -> None:
    with pytest.raises(ValidationFailed, match=said.replace("?", r"\?")):
        require_columns(columns)


def test_what_an_export_writes_an_import_reads() -> None:
    require_columns(WRITTEN)
    require_columns(["id", "code", *WRITTEN[1:]])
    require_columns(["error", *COLUMNS])
    assert not {*TOLD} & {*COLUMNS}
