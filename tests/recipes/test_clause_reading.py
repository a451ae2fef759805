"""Limits, goal, undo, sameness, silence, schedules: read into values, every fault at its place."""

from decimal import Decimal

import pytest

from connector.domain.money import Money
from connector.recipes.clauses import Period
from connector.recipes.recipe import Recipe
from connector.recipes.values import Duration

from .making import a_recipe, a_scene, an_event, faults_of

HEAD = "recipe: vip\ntitle: A card\nstatus: draft\non: booking.completed\n"
TAIL = "do:\n  - issue_card: {amount: 5.00 USD}\n"


def saying(clauses: str) -> Recipe:
    return a_recipe(f"{HEAD}{clauses}{TAIL}")


def told_of(clauses: str) -> list[str]:
    """The faults, without the file's name; `clauses` begin on line 5."""
    return [each.removeprefix("recipes/vip.yaml:") for each in faults_of(f"{HEAD}{clauses}{TAIL}")]


def scheduled(on: str, rest: str = "") -> str:
    return f"recipe: vip\ntitle: A card\nstatus: draft\non: {on}\n{rest}{TAIL}"


def test_limits_are_read() -> None:
    limits = saying(
        "limits: {per_contact: 1 per 60 days, budget: 500.00 USD per month, burst: 50 per day, "
        "when_reached: skip}\n"
    ).limits

    assert limits is not None
    assert limits.per_contact and limits.budget and limits.burst
    assert (limits.per_contact.count, limits.per_contact.period) == (1, Period("day", 60))
    assert (limits.budget.money, limits.budget.period) == (Money(50_000, "USD"), Period("month"))
    assert (limits.burst.count, limits.burst.period, limits.when_reached) == (50, Period("day"), "skip")
    assert limits.burst.spot.place() == "recipes/vip.yaml:5:75"


def test_where_a_limit_is_reached_a_person_decides_unless_the_recipe_says_otherwise() -> None:
    limits = saying("limits: {burst: 50 per day}\n").limits

    assert limits is not None
    assert (limits.when_reached, limits.per_contact, limits.budget) == ("hold", None, None)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ("{per_contact: 1 each 60 days}", "5:24: `1 each 60 days`: did you mean `1 per 60 days`?"),
        ("{budget: 500}", "5:18: `500` has no `per`: it is written like `500.00 USD per month`"),
        ("{budget: 500.00 per month}", "5:18: a budget has its currency: write `500.00 USD per month`"),
        ("{burst: 50 per dya}", "5:24: `dya` is not a period: did you mean `day`?"),
        ("{bugdet: 5.00 USD per month}", "5:10: `bugdet` is not a key of `limits`: did you mean `budget`?"),
        (
            "{when_reached: wait}",
            "5:24: `wait` is not what can be done where a limit is reached (known: hold, ",
        ),
        ("5", "5:9: `limits` must be a block"),
    ],
)
def test_a_limit_in_wrong_words_is_one_fault(limits: str, fault: str) -> None:
    [told] = told_of(f"limits: {limits}\n")

    assert told.startswith(fault)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("budget: 5.00 USD per month", "`budget` stands below `limits`, not beside it"),
        ("control_group: 10%", "`control_group` stands below `goal`, not beside it"),
        ("schedule: every day at 10:00", "`schedule` stands below `on`, not beside it"),
    ],
)
def test_a_key_in_the_wrong_place_is_told_the_right_one(key: str, fault: str) -> None:
    assert told_of(f"{key}\n") == [f"5:1: {fault}"]


def test_a_goal_is_read_with_its_names() -> None:
    goal = saying(
        "goal:\n  within: 60 days\n  control_group: 10%\n  came_back: booking.completed\n"
        "  used: [gift_card.redeemed, custom.used]\n"
    ).goal

    assert goal is not None
    assert (goal.within, goal.control) == (Duration(days=60), Decimal("0.1"))
    assert goal.names == {
        "came_back": ("booking.completed",),
        "used": ("gift_card.redeemed", "custom.used"),
    }


def test_a_goal_counts_for_ninety_days_and_everybody_unless_it_says_otherwise() -> None:
    goal = saying("goal: {came_back: booking.completed}\n").goal

    assert goal is not None
    assert (goal.within, goal.control) == (Duration(days=90), Decimal(0))


@pytest.mark.parametrize(
    ("goal", "fault"),
    [
        ("{within: 60 days}", "5:7: `goal` names what counts"),
        (
            "{withn: 60 days, used: gift_card.redeemed}",
            "5:8: `withn` is not a key of `goal`: did you mean `within`",
        ),
        (
            "{used: gift_card.redeem}",
            "5:14: `gift_card.redeem` is not an event type: did you mean `gift_card.red",
        ),
        ("{used: []}", "5:14: `goal.used` is empty"),
        ("{used: gift_card.redeemed, within: 60}", "5:42: `60` is not a duration"),
        (
            "{used: gift_card.redeemed, control_group: 10}",
            "5:49: `10` is not a share such as `10%`: did you mean",
        ),
    ],
)
def test_a_goal_with_a_fault_is_one_fault(goal: str, fault: str) -> None:
    [told] = told_of(f"goal: {goal}\n")

    assert told.startswith(fault)


def test_undo_is_read() -> None:
    undo = saying("undo: {on: [booking.cancelled, payment.refunded], same: event.booking.id}\n").undo

    assert undo is not None
    assert undo.on == ("booking.cancelled", "payment.refunded")
    assert undo.within == Duration(days=30)
    assert undo.same.evaluate(a_scene(an_event(booking={"id": "bk_1"}))) == "bk_1"


@pytest.mark.parametrize(
    ("undo", "fault"),
    [
        ("{on: booking.cancelled}", "5:7: `undo` needs `same`: what is equal in both events"),
        ("{same: event.booking.id}", "5:7: `undo` needs `on`: the event types that take it back"),
        (
            "{on: booking.canceled, same: event.booking.id}",
            "5:12: `booking.canceled` is not an event type: did",
        ),
        ("{on: booking.cancelled, same: event.booking.idd}", "5:51: `event.booking.idd` is not a field"),
        (
            "{on: booking.cancelled, same: contact.id}",
            "5:37: `same` is what both events tell, such as `event.",
        ),
        ("{on: booking.cancelled, same: event.id == 5}", "5:37: "),
        ("{on: booking.cancelled, same: event.id, withn: 3 days}", "5:47: `withn` is not a key of `undo`"),
        (
            "{on: booking.cancelled, same: event.id, within: 3d}",
            "5:55: `3d` is not a duration: did you mean `3 d",
        ),
    ],
)
def test_an_undo_with_a_fault_is_one_fault(undo: str, fault: str) -> None:
    [told] = told_of(f"undo: {undo}\n")

    assert told.startswith(fault)


def test_sameness_has_a_subject_a_time_and_how_far_apart() -> None:
    same = saying(
        "same_as: {subject: event.booking.service, at: event.booking.starts_at, within: 3 hours}\n"
    ).same_as

    assert same is not None and same.at is not None
    assert (same.subject.text, same.at.text) == ("event.booking.service", "event.booking.starts_at")
    assert same.within == Duration(seconds=3 * 3600)


def test_a_bare_expression_is_the_subject() -> None:
    same = saying("same_as: event.booking.service\n").same_as

    assert same is not None
    assert (same.subject.text, same.at, same.within) == (
        "event.booking.service",
        None,
        Duration(seconds=7200),
    )


@pytest.mark.parametrize(
    ("same", "fault"),
    [
        ("event.bookin.service", "5:16: `event.bookin` is not a field: did you mean `booking`?"),
        ("{at: event.booking.starts_at}", "5:10: `same_as` needs `subject`: what both tell"),
        ("{subject: event.booking.id, at: event.points}", "5:42: `at` is a time"),
        ("{subjct: event.booking.id}", "5:11: `subjct` is not a key of `same_as`: did you mean `subject`?"),
        ("5", "5:10: `same_as` must be a block"),
        ("let.x", "5:10: `let.x` is not known"),
    ],
)
def test_sameness_with_a_fault_is_one_fault(same: str, fault: str) -> None:
    [told] = told_of(f"same_as: {same}\n")

    assert told.startswith(fault)


def test_silence_has_a_rate() -> None:
    rate = saying("expect_at_least: 1 per 7 days\n").expect_at_least

    assert rate is not None
    assert str(rate) == "1 per 7 days"
    assert told_of("expect_at_least: weekly\n")[0].startswith("5:18: `weekly` has no `per`")


def test_a_schedule_starts_the_recipe_on_schedule_due() -> None:
    recipe = a_recipe(
        scheduled("{schedule: every tuesday at 10:00, for_each: contact}", "if: contact.visits > 1\n")
    )

    assert recipe.on == ("schedule.due",)
    assert recipe.schedule is not None
    assert (recipe.schedule.cron, recipe.schedule.words) == ("0 10 * * 2", "every tuesday at 10:00")
    assert recipe.schedule.for_each == "contact"


def test_a_schedule_can_be_cron_and_go_over_nobody() -> None:
    schedule = a_recipe(scheduled('{cron: "0 10 * * 2"}')).schedule

    assert schedule is not None
    assert (schedule.cron, schedule.for_each) == ("0 10 * * 2", None)


def test_a_recipe_that_goes_over_cards_reads_the_card() -> None:
    rest = 'if: [card.available > 5.00 USD, card.state == "active", card.metadata.x is missing]\n'
    text = scheduled("{schedule: every day at 9:00, for_each: card}", f"{rest}once_per: card\n")

    assert faults_of(text) == []


def test_nothing_for_a_key_is_as_if_it_were_left_out() -> None:
    assert saying("limits: null\nonce_per: null\n").limits is None
    assert told_of("limits: {budget: null}\n") == []
    assert faults_of(scheduled("{schedule: every day at 9:00, for_each: null}")) == []


@pytest.mark.parametrize(
    ("on", "rest", "fault"),
    [
        ("{schedule: every tusday at 10:00}", "", "4:16: `every tusday` is not known: did you mean"),
        ("{schedule: every day at 10:00, for_each: client}", "", "4:46: `client` is not what a schedule"),
        ("{schedul: every day at 10:00}", "", "4:6: `schedul` is not a key of a schedule: did you"),
        ("{for_each: contact}", "", "4:5: a schedule has either"),
        ('{schedule: every day at 10:00, cron: "0 1 * * *"}', "", "4:5: a schedule has either"),
        ("{cron: 0 25 * * *}", "", "4:14: `25` is not a hour"),
        ("{cron: 5}", "", "4:12: `cron` has five fields"),
        ("{schedule: every day at 9:00}", "if: contact.visits > 1\n", "5:5: `contact` is not there, since"),
        ("{schedule: every day at 9:00}", "once_per: contact\n", "5:11: `contact` is not there"),
        (
            "{schedule: every day at 9:00, for_each: contact}",
            "if: card.balance > 1.00 USD\n",
            "5:5: `card` is there only where a recipe goes over cards",
        ),
        ("booking.completed", "if: card.balance > 1.00 USD\n", "5:5: `card` is there only where"),
        (
            "{schedule: every day at 9:00, for_each: card}",
            "if: card.balence > 1.00 USD\n",
            "5:10: `card.balence` is not a field: did you mean `balance`?",
        ),
        ("{schedule: every day at 9:00, for_each: card}", "if: card.balance > 1\n", "5:5: a sum of money"),
    ],
)  # fmt: skip
def test_a_schedule_with_a_fault_is_one_fault(on: str, rest: str, fault: str) -> None:
    [told] = [each.removeprefix("recipes/vip.yaml:") for each in faults_of(scheduled(on, rest))]

    assert told.startswith(fault)
