"""Steps are read with every fault; what comes later is refused, not ignored."""

import pytest

from connector.recipes.recipe import Action, Choose, ForEach, Hold, Stop, Wait

from .making import a_scene, an_event, doing, faults_of

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
        ("  - issue_card: {amount: 25 Dollars}\n", ["6:26: '25 Dollars' is not an amount: did you mean"]),
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


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ("  - wait: 3days\n", "6:11: `3days` is not a duration: did you mean `3 days`?"),
        ("  - wait: 0 days\n", "6:11: `0 days` is no time at all"),
        ("  - wait\n", "6:5: `wait` has a duration, `wait: 3 days`, or a time"),
        ("  - wait: null\n", "6:11: `wait` has a duration"),
        ("  - wait: [3 days]\n", "6:11: `wait` has a duration"),
        ("  - wait: {for: 3 days}\n", "6:12: `wait` has a duration"),
        ("  - wait: {until: 3 days}\n", "6:19: `until` is a time; for a duration write `wait: 3 days`"),
        ("  - wait: {until: tomorrow}\n", "6:19: `tomorrow` is neither a duration"),
        ("  - wait: ${{ event.booking.ends_at }}\n", "6:11: a wait until a time is written `wait: {until: "),
        ('  - wait: {until: "${{ event.bookin.ends_at }}"}\n', "6:30: `event.bookin` is not a field"),
        ("  - wait: 3 days\n    id: a\n", "7:9: `wait` gives nothing, so it has no id"),
        ("  - hold: [a]\n", "6:11: `hold` may say why, in one text"),
        ("  - hold: too ${{ much }}\n", "6:19: `much` is not a name"),
        ("  - for_each: event.data.items\n", "6:15: `for_each` has `in:`, a list such as `previous.cards`"),
        ("  - for_each\n", "6:5: `for_each` has `in:`"),
        ("  - for_each: {in: event.data.items}\n", "6:15: `for_each` has `in:`"),
        ("  - for_each: {of: event.data.items, do: [stop]}\n", "6:16: `for_each` has `in:`"),
        ("  - for_each: {in: contact.visits, do: [stop]}\n", "6:20: `in` takes a list"),
        ("  - for_each: {in: item.cards, do: [stop]}\n", "6:20: `item` is there only among the steps"),
        ("  - for_each: {in: event.data.items, do: []}\n", "6:42: there is no step here"),
        ("  - add_tga: {tag: VIP}\n", "6:5: `add_tga` is not a step"),
        ("  - notify: {template: x}\n", "6:5: `notify` is not a step"),
    ],
)
def test_a_slip_in_what_the_language_does_itself_is_told_where_it_stands(steps: str, fault: str) -> None:
    [told] = faults_of(HEAD + steps)

    assert told.startswith(f"recipes/vip.yaml:{fault}")


def test_waits_holds_and_loops_are_read() -> None:
    recipe = doing(
        "  - wait: 3 days\n    if: contact.visits > 1\n"
        '  - wait: {until: "${{ event.booking.ends_at }}"}\n'
        "  - hold: too much for ${{ contact.email }}\n"
        "  - hold\n"
        "  - for_each:\n      in: event.data.items\n      do:\n"
        "        - for_each: {in: item.parts, do: [{send_webhook: {type: '${{ item }}'}}]}\n"
    )

    for_days, until, why, hold, loop = recipe.steps
    assert isinstance(for_days, Wait) and isinstance(until, Wait)
    assert (str(for_days.duration), for_days.until, len(for_days.conditions)) == ("3 days", None, 1)
    assert until.duration is None and until.until is not None
    scene = a_scene(an_event(booking={"ends_at": "2026-11-21T09:00:00Z"}))
    assert until.until.fill(scene).isoformat() == "2026-11-21T09:00:00+00:00"
    assert isinstance(why, Hold) and why.why is not None
    assert isinstance(hold, Hold) and hold.why is None
    assert isinstance(loop, ForEach) and isinstance(loop.steps[0], ForEach)


def test_loops_nest_to_a_bound() -> None:
    inner = "for_each: {in: item, do: [{stop: x}]}"

    [told] = faults_of(
        f"{HEAD}  - for_each: {{in: event.data.a, do: [{{for_each: {{in: item, do: [{{{inner}}}]}}}}]}}\n"
    )

    assert "`for_each` stands in more than 1 other" in told


def test_an_item_is_known_below_its_loop_only() -> None:
    loop = "  - for_each:\n      in: event.data.items\n      do: [{send_webhook: {type: custom.x}}]\n"

    [told] = faults_of(f"{HEAD}{loop}  - stop: ${{{{ item.name }}}}\n")

    assert told.startswith("recipes/vip.yaml:9:15: `item` is there only among the steps of a `for_each`")


def test_a_test_may_expect_a_wait_and_a_hold_and_names_no_more_of_them() -> None:
    head = (
        HEAD + "  - wait: 3 days\n  - hold\ntests:\n  - name: a\n    event: booking.completed\n    expect:\n"
    )

    assert faults_of(f"{head}      - wait\n      - hold\n") == []
    [told] = faults_of(f"{head}      - wait: 3 days\n")
    assert told.startswith("recipes/vip.yaml:12:15: a test expects `wait` alone")
