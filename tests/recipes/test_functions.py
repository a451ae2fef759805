"""The functions, and what each refuses."""

import pytest

from connector.recipes.functions import FUNCTIONS
from connector.recipes.values import EvaluationFailed, as_text

from .making import a_contact, an_event, value_of

EVENT = an_event(
    order={"id": "1", "total": {"amount": "19.99", "currency": "USD"}},
    data={"yen": {"amount": "999", "currency": "JPY"}, "price": "12.50", "at": "2026-11-10T15:00:00Z"},
)
CONTACT = a_contact(tags=["VIP", "New"], visits=7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count(contact.tags)", "2"),
        ("count(event.data)", "3"),
        ("floor(2.9)", "2"),
        ("floor(-2.1)", "-3"),
        ("round(2.5)", "3"),
        ("round(3.5)", "4"),
        ("floor(event.order.total / 3)", "6.66 USD"),
        ("round(event.order.total * 0.5)", "10.00 USD"),
        ("percent(10, event.order.total)", "2.00 USD"),
        ("percent(10, event.data.yen)", "100 JPY"),
        ("percent(10, contact.visits)", "0.7"),
        ("lower('VIP Ä')", "vip ä"),
        ("number(event.data.price) + 1", "13.5"),
        ("number(event.order.total)", "19.99"),
        ("floor(number(event.order.total))", "19"),
        ("money(25)", "25.00 USD"),
        ("money(25, 'EUR')", "25.00 EUR"),
        ("money('25.00 EUR')", "25.00 EUR"),
        ("money(event.data.price, 'USD')", "12.50 USD"),
        ("days_since(event.data.at)", "10"),
        ("days_until('2026-11-30')", "10"),
        ("now()", "2026-11-20T15:00:00Z"),
    ],
)
def test_what_a_function_gives(text: str, value: str) -> None:
    assert as_text(value_of(text, EVENT, CONTACT)) == value


@pytest.mark.parametrize(
    "text",
    [
        "count('VIP')",
        "count(5)",
        "lower(5)",
        "floor('5')",
        "round(contact.tags)",
        "number('five')",
        "number(contact.tags)",
        "money('five')",
        "money(25, 'usd')",
        "money(25, 5)",
        "money(event.order.total, 'EUR')",
        "percent('10', event.order.total)",
        "days_since('yesterday')",
        "days_since(5)",
        "round(1 / 3 * 99999999999999999999)" + " + round(9)" * 0 + " + count(5)",
    ],
)
def test_what_a_function_refuses(text: str) -> None:
    with pytest.raises(EvaluationFailed):
        value_of(text, EVENT, CONTACT)


def test_the_set_of_functions_is_closed() -> None:
    assert set(FUNCTIONS) == {
        "count",
        "floor",
        "round",
        "lower",
        "number",
        "money",
        "percent",
        "days_since",
        "days_until",
        "now",
    }
