"""A recipe's own tests run through the same code as an event, and say what differs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.recipes.fields import Filled, literal
from connector.recipes.names import Scene
from connector.recipes.recipe import Case, Expected, Step
from connector.recipes.selftest import lacks, run_tests
from connector.recipes.values import Duration

from .building import act, for_each, from_item, hold, note, recipe, wait
from .making import NOW, STEPS, VIP, a_recipe


def messages(text: str) -> list[str | None]:
    return [result.message for result in run_tests(a_recipe(text))]


def test_tests_that_hold_pass() -> None:
    assert messages(VIP) == [None, None]


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("{amount: 25.00 USD}", "{amount: 20.00 USD}", "`amount` is 25.00 USD, expected 20.00 USD"),
        ("{amount: 25.00 USD}", "{to: ada}", "`issue_card`: `to` was expected, but the step has none"),
        ("{amount: 25.00 USD}", "{expires: 11 months}", "`issue_card`: `expires` is 2027-01-15"),
        ("{amount: 25.00 USD}", "{}\n      - issue_card: {}", "expected issue_card, issue_card, but"),
        ("- issue_card: {amount: 25.00 USD}\n  -", "- check_balance: {}\n  -", "expected check_balance, but"),
        ("tags: [VIP], visits: 5", "tags: [VIP], visits: 3", "expected issue_card, but nothing was"),
        ("visits: 4", "visits: 6", "expected nothing, but issue_card was done"),
        ("tags: [VIP], visits: 4", "tags: [], visits: 4", "to stop it, but `contact.tags has"),
        ("- contact.visits >= 5", "- event.data.x >= 5", "the run failed: `event.data.x` is not in"),
    ],
)  # fmt: skip
def test_a_test_that_does_not_hold_says_what_differs(wrong: str, right: str, message: str) -> None:
    assert wrong in VIP
    text = VIP.replace(wrong, right, 1)
    if "event.data.x" in right:
        text = text.replace("    because: contact.visits >= 5\n", "")

    assert any(message in (each or "") for each in messages(text))


def test_a_test_starts_from_nothing() -> None:
    text = VIP.replace("{contact: {tags: [VIP], visits: 4}}", "{}").replace(
        "because: contact.visits >= 5", 'because: contact.tags has "VIP"'
    )

    assert messages(text) == [None, None]


def test_a_test_gives_the_results_of_steps_by_id() -> None:
    text = (
        "recipe: vip\ntitle: A card\nstatus: live\non: order.paid\ndo:\n"
        "  - check_balance: {}\n    id: before\n"
        "  - issue_card: {amount: 5.00 USD}\n    if: not steps.before.has_balance\n"
        "tests:\n"
        "  - name: has none\n    event: order.paid\n    given: {steps: {before: {has_balance: false}}}\n"
        "    expect: [{issue_card: {}}]\n"
        "  - name: has one\n    event: order.paid\n    given: {steps: {before: {has_balance: true}}}\n"
        "    expect: nothing\n    because: not steps.before.has_balance\n"
    )

    assert messages(text) == [None, None]


def test_a_step_that_only_looks_need_not_be_expected_but_can_be() -> None:
    text = VIP.replace("do:\n", "do:\n  - check_balance: {}\n", 1)

    assert messages(text) == [None, None]
    listed = text.replace(
        "      - issue_card: {amount", "      - check_balance: {}\n      - issue_card: {amount"
    )
    assert messages(listed) == [None, None]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (VIP, None),
        (VIP[: VIP.index("  - name: too early")], "no test expects nothing"),
        (VIP[: VIP.index("tests:")], "no test expects a step and none expects nothing"),
    ],
)
def test_what_a_live_recipe_lacks_is_named(text: str, missing: str | None) -> None:
    assert lacks(a_recipe(text)) == missing


def found(steps: tuple[Step, ...], *expected: Expected, visits: int = 1, **given: Any) -> str | None:
    """What a test of these steps says."""
    contact = {"id": "ct_test", "visits": visits}
    case = Case(
        "one", "order.paid", {"data": {"names": ["ada", "bo"]}}, contact, given, NOW, "UTC", "USD",
        expected, None, 1, 1,
    )  # fmt: skip
    [result] = run_tests(recipe(*steps, cases=(case,)))
    return result.message


def always(value: Any) -> Callable[[Scene], Any]:
    return lambda _: value


def expects(step: str, **fields: Any) -> Expected:
    return Expected(step, tuple(Filled(name, value, always(value)) for name, value in fields.items()))


A_WAIT = (wait("3 days"), hold("ask"), note("x"))


def test_a_test_goes_through_waits_and_holds_at_once() -> None:
    assert found(A_WAIT, expects("issue_card", note="x")) is None
    assert found(A_WAIT, expects("wait"), expects("hold"), expects("issue_card")) is None


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ((expects("wait", duration=Duration(days=3)), expects("issue_card")), None),
        ((expects("wait", until=NOW + timedelta(days=3)), expects("issue_card")), None),
        ((expects("hold", why="ask"), expects("issue_card")), None),
        ((expects("wait", duration=Duration(days=4)), expects("issue_card")),
         "`wait`: `duration` is 3 days, expected 4 days"),
        ((expects("issue_card"), expects("wait")),
         "expected issue_card, wait, but wait, issue_card was done"),
        ((expects("wait"), expects("wait"), expects("issue_card")),
         "expected wait, wait, issue_card, but wait, issue_card was done"),
    ],
)  # fmt: skip
def test_a_wait_or_hold_can_be_expected(expected: tuple[Expected, ...], message: str | None) -> None:
    assert found(A_WAIT, *expected) == message


@pytest.mark.parametrize(("pause", "name"), [(wait("1 day"), "wait"), (hold(), "hold")])
def test_nothing_means_no_wait_and_no_hold_either(pause: Step, name: str) -> None:
    assert found((pause,)) == f"expected nothing, but {name} was done"


def test_what_comes_after_a_wait_is_expected_as_of_then() -> None:
    expires = literal(STEPS["issue_card"].fields[1], "12 months")
    steps = (wait("3 days"), act("issue_card", expires))

    assert found(steps, Expected("issue_card", (expires,))) is None


def test_the_conditions_of_a_wait_are_asked_again_when_it_is_over() -> None:
    steps = (wait("3 days", "days_since(event.occurred_at) < 2"), note("x"))

    assert found(steps, expects("wait")) is None


def test_every_round_of_a_loop_is_expected() -> None:
    loop = for_each(
        "event.data.names", act("check_balance", step_id="look"), act("issue_card", from_item("note"))
    )

    assert (
        found((loop,), expects("issue_card", note="ada"), expects("issue_card", note="bo"), look={}) is None
    )
    assert found((loop,), expects("issue_card")) == "expected issue_card, but issue_card, issue_card was done"
