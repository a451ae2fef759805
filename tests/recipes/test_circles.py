"""A recipe that its own message starts again is a fault; one that only may be is stopped while it runs."""

import pytest

from connector.domain.messages import is_message_type
from connector.flows.performing import step_specs
from connector.recipes.circles import SENDS, likely_circles
from connector.recipes.library import OWN

from .making import a_recipe, faults_of

STEPS = step_specs()

EITHER = """\
  - choose:
      - if: event.points == 5
        do: [{send_webhook: {type: custom.again}}]
      - else: [{wait: 1 day}, {issue_card: {amount: 5.00 USD}}, {stop: here}]
"""
PERHAPS = """\
  - choose:
      - {if: event.points == 5, do: [{wait: 1 day}]}
      - {else: [{send_webhook: {type: custom.again}}]}
"""
HEAD = "recipe: vip\ntitle: A card\nstatus: draft\n"


@pytest.mark.parametrize(
    ("on", "steps"),
    [
        ("gift_card.issued", "  - issue_card: {amount: 5.00 USD}\n"),
        ("[order.paid, contact.points_changed]", "  - add_points: {points: 5}\n"),
        ("custom.again", "  - choose: [{else: [{send_webhook: {type: custom.again}}]}]\n"),
        (
            "[custom.again, gift_card.issued]",
            EITHER,
        ),
    ],
)
def test_a_recipe_that_starts_itself_is_a_fault(on: str, steps: str) -> None:
    """Row 148 of the loader's list."""
    told = faults_of(f"{HEAD}on: {on}\ndo:\n{steps}", steps=STEPS)

    assert told and all("starts this very recipe again" in one for one in told)


@pytest.mark.parametrize(
    "steps",
    [
        "  - send_webhook: {type: custom.again}\n    if: event.points == 5\n",
        "  - send_webhook: {type: custom.other}\n",
        '  - send_webhook: {type: "${{ event.data.type }}"}\n',
    ],
)
def test_what_hangs_on_a_condition_or_says_something_else_is_none(steps: str) -> None:
    assert faults_of(f"{HEAD}on: custom.again\ndo:\n{steps}") == []


AGAIN = "  - send_webhook: {type: custom.again}\n"


@pytest.mark.parametrize(
    "steps",
    [
        f"  - stop: for now\n    if: event.points == 5\n{AGAIN}",
        f"  - stop: for good\n{AGAIN}",
        f"  - hold: look at it\n{AGAIN}",
        f"  - wait: 3 days\n    if: event.points == 5\n{AGAIN}",
        f"  - choose: [{{if: event.points == 5, do: [{{stop: now}}]}}]\n{AGAIN}",
        f"  - for_each: {{in: event.data.a, do: [{{stop: now}}]}}\n{AGAIN}",
        "  - for_each: {in: event.data.a, do: [{send_webhook: {type: custom.again}}]}\n",
        PERHAPS,
        "  - choose: [{if: event.points == 5, do: [{send_webhook: {type: custom.again}}]}]\n",
        "  - choose: [{else: [{send_webhook: {type: custom.again}}]}]\n    if: event.points == 5\n",
    ],
)
def test_what_may_end_before_it_begins_again_is_taken_with_a_hint(steps: str) -> None:
    text = f"{HEAD}on: custom.again\ndo:\n{steps}"

    assert faults_of(text, steps=STEPS) == []
    assert len(likely_circles(a_recipe(text, steps=STEPS), OWN)) == 1


@pytest.mark.parametrize(
    ("on", "step"),
    [
        ("gift_card.redeemed", "redeem_card: {card: x, all: true}"),
        ("gift_card.disabled", "disable_card: {card: x}"),
        ("gift_card.updated", "extend_card: {card: x, expires: 12 months}"),
    ],
)
def test_what_cannot_be_done_for_ever_is_taken_with_a_hint(on: str, step: str) -> None:
    text = f"{HEAD}on: {on}\ndo:\n  - {step}\n"

    assert faults_of(text, steps=STEPS) == []
    assert len(likely_circles(a_recipe(text, steps=STEPS), OWN)) == 1


@pytest.mark.parametrize(
    ("ends", "hints"),
    [
        ("limits: {per_contact: 1 per 60 days}\n", 1),
        ("goal: {came_back: booking.completed, control_group: 10%}\n", 1),
        ("from: [ledger, shop]\n", 1),
        ("from: shop\n", 0),
    ],
)
def test_a_limit_a_control_group_or_a_source_may_end_it(ends: str, hints: int) -> None:
    text = f"{HEAD}on: gift_card.issued\n{ends}do:\n  - issue_card: {{amount: 5.00 USD}}\n"

    assert faults_of(text, steps=STEPS) == []
    assert len(likely_circles(a_recipe(text, steps=STEPS), OWN)) == hints


@pytest.mark.parametrize("ends", ["if: event.points == 5\n", "once_per: event.id\n"])
def test_what_ends_by_itself_is_none(ends: str) -> None:
    assert faults_of(f"{HEAD}on: custom.again\n{ends}do:\n  - send_webhook: {{type: custom.again}}\n") == []


def test_steps_and_messages_are_real_ones() -> None:
    assert set(SENDS) <= set(step_specs())
    assert all(map(is_message_type, SENDS.values()))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("on: custom.again\ndo:\n  - send_webhook: {type: custom.again}\n    if: event.points == 5\n", "6:5"),
        ("on: custom.again\nif: event.points == 5\ndo:\n  - send_webhook: {type: custom.again}\n", "7:5"),
        ("on: gift_card.issued\nonce_per: event.id\ndo:\n  - issue_card: {amount: 5.00 USD}\n", "7:5"),
        (
            (
                "on: gift_card.issued\nonce_per: event.id\ndo:\n  - choose:\n      - if: event.points == 5\n"
                "        do: [for_each: {in: event.data.a, do: [issue_card: {amount: 5.00 USD}]}]\n"
            ),
            "9:48",
        ),
    ],
)
def test_a_recipe_that_may_start_itself_is_told_and_taken(text: str, place: str) -> None:
    [hint] = likely_circles(a_recipe(f"{HEAD}{text}"), OWN)

    assert (f"{hint.line}:{hint.column}", hint.file) == (place, "recipes/vip.yaml")
    assert "is in `on`" in hint.message and "skipped" in hint.message


@pytest.mark.parametrize(
    "text",
    [
        "on: gift_card.redeemed\nonce_per: event.id\ndo:\n  - issue_card: {amount: 5.00 USD}\n",
        "on: custom.again\nfrom: calendly\nonce_per: event.id\ndo:\n  - send_webhook: {type: custom.again}\n",
        "on: {schedule: every day at 10:00}\ndo:\n  - send_webhook: {type: custom.again}\n",
    ],
)
def test_a_recipe_that_does_not_begin_on_its_own_message_is_not(text: str) -> None:
    assert likely_circles(a_recipe(f"{HEAD}{text}"), OWN) == ()
