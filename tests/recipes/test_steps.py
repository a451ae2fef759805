"""Steps are read with every fault; what comes later is refused, not ignored."""

import pytest

from connector.recipes.recipe import Action, Choose, Stop
from connector.recipes.steps import LATER_STEPS

from .making import doing, faults_of

HEAD = "recipe: vip\ntitle: A card\nstatus: draft\non: booking.completed\ndo:\n"


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        ("  - isue_card: {amount: 1 USD}\n", ["6:5: `isue_card` is not a step: did you mean `issue_card`?"]),
        ("  - issue_card:\n      amnt: 1 USD\n", ["7:7: `amnt` is not a field of `issue_card`: did"]),
        ("  - issue_card: {}\n", ["6:5: `issue_card` needs `amount`: what the card is worth"]),
        ("  - issue_card\n", ["6:5: `issue_card` needs `amount`: what the card is worth"]),
        ("  - issue_card: 25.00 USD\n", ["6:17: `issue_card` has fields: amount, expires"]),
        ("  - issue_card: {amount: 25}\n", ["6:26: `amount` has no currency: write it like `25.00 USD`"]),
        ("  - issue_card: {amount: 25 Dollars}\n", ["6:26: 'Dollars' is not an ISO 4217"]),
        ("  - issue_card: {amount: 1.001 USD}\n", ["6:26: 1.001 has more decimals than USD allows"]),
        ("  - issue_card: {amount: [1 USD]}\n", ["6:26: `amount` is one value, not a list"]),
        ("  - issue_card: {amount: 1 USD, expires: soon}\n", ["6:42: `soon` is neither a duration"]),
        ("  - issue_card: {amount: 1 USD, note: null}\n", ["6:39: `note` is null: leave it out"]),
        ("  - issue_card: {amount: 1 USD, kind: bought}\n", ["6:39: `kind`: `bought` is not a choice"]),
        ("  - issue_card: {amount: 1 USD, metadata: x}\n", ["6:43: `metadata` is the text `x`"]),
        ("  - issue_card: {amount: 1 USD}\n    redeem_card: {}\n", ["7:5: two steps in one entry"]),
        ("  - issue_card:\n    amount: 1 USD\n", ["6:16: `issue_card` is empty"]),
        ("  - if: true\n", ["6:5: a step has a name"]),
        ("  - [issue_card]\n", ["6:5: a step is expected here, not a list"]),
        ("  - issue_card: {amount: 1 USD}\n    id: a b\n", ["7:9: an id is a word"]),
        ("  - check_balance\n    \n  - stop: x\n    id: a\n", ["9:9: `stop` gives nothing"]),
        (
            "  - check_balance: {}\n    id: a\n  - check_balance: {}\n    id: a\n",
            ["9:9: the id `a` stands twice"],
        ),
        ("  - send_webhook: {type: x, times: 1.5}\n", ["6:36: `times` is the number `1.5`, where a whole"]),
        ("  - redeem_card: {all: yes}\n", ["6:24: `all` is the text `yes`, where `true` or `false`"]),
        ("  - issue_card: {amount: 1 USD}\n    if: contact.vists > 1\n", ["7:17: `contact.vists` is"]),
        ("  - issue_card: {amount: 1 USD}\n    if: contact.visits\n", ["7:9: a condition such as"]),
        ("  - issue_card: {amount: 1 USD, note: \"${{ previous.card }}\"}\n", ["6:44: there is no step"]),
        (
            "  - check_balance\n  - issue_card: {amount: \"${{ previous.balence }}\"}\n",
            ["7:40: `previous.balence` is not given by that step: did you mean `balance`?"],
        ),
        (
            "  - check_balance: {}\n    id: now\n  - issue_card: {amount: \"${{ steps.then.balance }}\"}\n",
            ["8:31: `steps.then` is not known at this place"],
        ),
        ("  - choose: []\n", ["6:13: `choose` has a list of branches"]),
        ("  - choose:\n      - issue_card: {amount: 1 USD}\n", ["7:9: a branch has `if:` and `do:`"]),
        ("  - choose:\n      - else: [stop]\n      - if: true\n        do: [stop]\n", ["7:9: a branch has"]),
        ("  - choose:\n      - if: true\n        do: []\n", ["8:13: there is no step here"]),
        ("  - choose:\n      - if: true\n        do: stop\n", ["8:13: a list of steps is expected"]),
    ],
)  # fmt: skip
def test_a_slip_in_a_step_is_told_where_it_stands(steps: str, faults: list[str]) -> None:
    found = faults_of(HEAD + steps)

    assert len(found) == len(faults)
    for told, expected in zip(found, faults, strict=True):
        assert told.startswith(f"recipes/vip.yaml:{expected}")


@pytest.mark.parametrize("name", LATER_STEPS)
def test_a_step_that_comes_later_is_refused_rather_than_ignored(name: str) -> None:
    assert faults_of(f"{HEAD}  - {name}: {{}}\n") == [
        f"recipes/vip.yaml:6:5: the step `{name}` is not available yet"
    ]


def test_choices_nest_to_a_bound() -> None:
    steps = "stop: x"
    for _ in range(6):
        steps = f"choose: [{{if: true, do: [{{{steps}}}]}}]"

    assert any("stands in more than 5 others" in each for each in faults_of(f"{HEAD}  - {steps}\n"))


def test_steps_are_read_in_order_with_their_conditions() -> None:
    recipe = doing(
        "  - check_balance: {}\n    id: before\n    if: [contact.visits > 1, contact.visits < 9]\n"
        "  - choose:\n      - if: steps.before.has_balance\n        do: [{stop: has one}]\n"
        "      - else:\n          - issue_card: {amount: 5.00 USD}\n"
        "  - stop\n"
    )

    first, second, third = recipe.steps
    assert isinstance(first, Action)
    assert (first.id, len(first.conditions)) == ("before", 2)
    assert isinstance(second, Choose)
    assert [len(branch.conditions) for branch in second.branches] == [1, 0]
    assert isinstance(third, Stop)
