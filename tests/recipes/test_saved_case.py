"""A run as the YAML of a test: what was read of event, contact and steps, and nothing else."""

from datetime import UTC, datetime

import pytest

from connector.domain.money import Money
from connector.recipes.decide import Facts
from connector.recipes.recipe import Recipe
from connector.recipes.saved_case import NotATest, pasted, require_passes, saved_case
from tests.recipes.making import a_recipe

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEXT = """\
recipe: thanks
title: thanks
status: draft
on: order.paid
if:
  - event.order.total >= 20.00 USD
  - contact.spent < 100.00 USD
do:
  - issue_card: {amount: 5.00 USD}
"""
ORDER = {"type": "order.paid", "order": {"id": "o-1", "total": {"amount": "25.00", "currency": "USD"}}}
CONTACT = {"id": "ct_1", "email": "noor@clinic.example", "visits": 7, "spent": Money(2_000, "USD")}


def build(text: str) -> Recipe:
    return a_recipe(text, "thanks")


def facts(total: str = "25.00") -> Facts:
    order = {"id": "o-1", "total": {"amount": total, "currency": "USD"}}
    return Facts({**ORDER, "order": order}, CONTACT, NOW, "Europe/Berlin", "EUR")


def test_only_what_was_read_is_given() -> None:
    text = saved_case(build(TEXT), facts(), {}, name="as it was", hidden={})

    assert text.splitlines() == [
        '  - name: "as it was"',
        "    event: order.paid",
        "    given:",
        '      now: "2026-05-01T12:00:00Z"',
        '      timezone: "Europe/Berlin"',
        "      currency: EUR",
        "      event: {order: {total: 25.00 USD}}",
        "      contact: {spent: 20.00 USD}",
        "    expect:",
        "      - issue_card: {amount: 5.00 USD}",
    ]


@pytest.mark.parametrize("tests", ["", "tests:\n  - {name: a, event: order.paid, expect: nothing}\n"])
def test_it_is_pasted_below_the_tests_that_are_there_or_that_are_not(tests: str) -> None:
    text = saved_case(build(TEXT), facts("19.00"), {}, name="too little", hidden={})

    made = build(pasted(TEXT + tests, text))

    assert made.cases[0].name == "too little"
    assert made.cases[0].because == "event.order.total >= 20.00 USD"
    require_passes(build(TEXT), made, "too little")


def test_one_that_comes_to_something_else_is_no_test() -> None:
    text = saved_case(build(TEXT), facts(), {}, name="enough", hidden={})
    other = build(pasted(TEXT.replace("5.00 USD", "6.00 USD"), text))

    with pytest.raises(NotATest, match="the test would not come to the same"):
        require_passes(build(TEXT), other, "enough")
    with pytest.raises(NotATest, match="cannot be pasted"):
        require_passes(build(TEXT), build(TEXT), "enough")
