"""A recipe's own tests run through the same code as an event, and say what differs."""

import pytest

from connector.recipes.selftest import lacks, run_tests

from .making import VIP, a_recipe


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
