"""From an operation's fields to words on the command line, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from connector.cli.fields import command_of, parameters, written
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.kit import Desk, Operation, Outcome, field_of
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.registry import operations

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Settle:
    """A deed with a field of each kind that none of today's has."""

    card: str = field_of("card", "from which")
    balance: int = field_of("money", "how much there shall be")
    currency: str | None = field_of("currency", "in which", default=None)
    expected_balance: int | None = field_of("money", "how much there is", default=None)
    reason: str = field_of("text", "why", default="other", choices=("correction", "other"))
    days: int | None = field_of("whole", "how long", default=None)
    other: Any = field_of("any", "whatever", default=None)


def _perform(_desk: Desk, _command: Settle) -> Outcome:
    return Outcome()


SETTLE = Operation(
    name="settle",
    title="Settle",
    command=Settle,
    perform=_perform,
    scope="cards:write",
    answer=lambda _desk, _outcome: {},
)


def _read(operation: Operation, *words: str) -> Any:
    """The command that these words mean."""
    command = click.Command("it", params=parameters(operation), callback=lambda **given: given)
    given = command.main([*words], standalone_mode=False)
    return command_of(operation, given, lambda: NOW, "UTC")


@pytest.mark.parametrize("operation", operations().values(), ids=operations())
def test_every_operation_can_be_said_on_a_command_line(operation: Operation) -> None:
    names = {str(one.name) for one in parameters(operation)}
    has_money = any(field.kind == "money" for field in operation.fields.values())

    wanted = {name for name, field in operation.of_path.items() if field.kind != "currency" or not has_money}
    assert wanted <= names


def test_each_kind_of_a_field_is_read() -> None:
    words = ("gc_1", "25.00", "EUR", "--expected-balance", "5.00 EUR", "--reason", "correction")

    command = _read(SETTLE, *words, "--days", "3", "--other", "x")

    assert command == Settle("gc_1", 2500, "EUR", 500, "correction", 3, "x")


@pytest.mark.parametrize(
    "words",
    [
        ("25.00", "EUR", "--expected-balance", "5.00"),
        ("25.00 EUR", "--expected-balance", "5"),
        ("25.00", "EUR", "--expected-balance", "5.00", "EUR"),
        ("25.00", "--expected-balance", "5.00", "EUR"),
        ("--expected-balance", "5.00", "25.00", "EUR"),
    ],
)
def test_a_second_sum_has_the_currency_of_the_first(words: tuple[str, ...]) -> None:
    command = _read(SETTLE, "gc_1", *words)

    assert command == Settle("gc_1", 2500, "EUR", 500)


@pytest.mark.parametrize(
    "words",
    [
        ("25.00", "EUR", "--expected-balance", "much"),
        ("25.00", "EUR", "--expected-balance", "5.001"),
        ("25.00", "EUR", "--expected-balance", "5.00", "USD"),
        ("25.00", "EUR", "EUR", "EUR"),
        ("25.00", "--expected-balance", "5.00"),
        ("25.00 EUR", "--expected-balance", "5.00EUR"),
    ],
)
def test_a_second_sum_that_is_none_is_wrong_usage(words: tuple[str, ...]) -> None:
    with pytest.raises(click.BadParameter):
        _read(SETTLE, "gc_1", *words)


def test_what_is_left_out_has_the_operation_s_own_default() -> None:
    command = _read(REDEEM, "gc_1", "--all")

    assert command == REDEEM.command(card="gc_1", all=True)


@pytest.mark.parametrize("amount", [("25.00 USD",), ("25.00", "USD")])
def test_a_sum_is_written_with_or_without_quotes(amount: tuple[str, ...]) -> None:
    command = _read(ISSUE, *amount)

    assert (command.amount, command.currency) == (2500, "USD")


@pytest.mark.parametrize("amount", ["25", "25.00", "25.00USD", "25.001 USD", "1e3 USD", "25.00 XXX", "much"])
def test_what_is_no_sum_is_wrong_usage(amount: str) -> None:
    with pytest.raises(click.BadParameter):
        _read(ISSUE, amount)


def test_two_sums_have_one_currency() -> None:
    with pytest.raises(click.UsageError, match="different currencies"):
        _read(SETTLE, "gc_1", "25.00 EUR", "--expected-balance", "5.00 USD")


def test_a_contact_is_said_by_its_own_options_or_by_pairs() -> None:
    command = _read(
        ISSUE,
        *("25.00 USD", "--email", "mia@example.com", "--phone", "+14155550113"),
        *("--contact", "first_name=Mia", "--metadata", "a=b=c", "--recipient", "name=Zoë"),
    )

    assert command.contact == {"email": "mia@example.com", "phone": "+14155550113", "first_name": "Mia"}
    assert command.metadata == {"a": "b=c"}
    assert command.recipient == {"name": "Zoë"}


@pytest.mark.parametrize("pair", ["name", "=Mia", ""])
def test_a_pair_without_a_key_or_a_sign_is_wrong_usage(pair: str) -> None:
    with pytest.raises(click.BadParameter, match="write key=value"):
        _read(ISSUE, "25.00 USD", "--recipient", pair)


def test_a_span_counts_from_the_account_s_present() -> None:
    command = _read(ISSUE, "25.00 USD", "--expires-at", "12 months")

    assert command.expires_at == datetime(2027, 11, 20, 15, tzinfo=UTC)


def test_the_same_words_are_alike_whenever_they_are_said() -> None:
    params = parameters(ISSUE)
    command = click.Command("it", params=params, callback=lambda **given: written(given))

    said = command.main(["25.00", "USD", "--expires-at", "12 months"], standalone_mode=False)

    assert said == {"amount": "25.00 USD", "expires_at": "12 months"}
