"""A run that stood still goes on as if it had never stopped: nothing twice, nothing guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.errors import DailyCapReached
from connector.domain.jsontext import dumps, read_own
from connector.domain.money import Money
from connector.recipes.clauses import Goal, SameAs
from connector.recipes.decide import Decision, Facts, Failed, resume, run, run_through, trial
from connector.recipes.journal import Journal, from_json, unbegun
from connector.recipes.names import Let
from connector.recipes.recipe import Action, Recipe, Step
from connector.recipes.values import Amount, Duration

from .building import (
    act,
    choose,
    expression,
    for_each,
    from_item,
    hold,
    note,
    of,
    recipe,
    stop,
    value,
    wait,
    when,
)
from .making import NOW, Deeds, Failing, a_contact, an_event, facts

GOAL = Goal(Duration(days=30), {"came_back": ("booking.completed",)}, Decimal("0.1"))


def kept(decision: Decision) -> Journal:
    """The journal, as another process finds it."""
    assert decision.journal is not None
    return from_json(read_own(dumps(decision.journal.as_json())))


def at(now: datetime, contact: Mapping[str, Any] | None = None) -> Facts:
    return replace(facts(contact=contact), now=now)


def notes(deeds: Deeds) -> list[Any]:
    return [fields.get("note") for _, fields in deeds.done]


def test_after_a_wait_the_rest_is_done_and_what_was_done_is_not_done_again() -> None:
    deeds = Deeds({"issue_card": {"card": {"id": "gc_1", "balance": Money(5, "USD")}}})
    steps = recipe(
        act("issue_card", step_id="gift"),
        wait("3 days"),
        act("send_webhook", of("steps.gift.card.balance")),
        conditions=("contact.visits == 1",),
        once_per=expression("contact.id"),
    )

    waiting = deeds.decide(steps, facts(contact=a_contact(visits=1)))
    assert waiting.until is not None
    done = resume(steps, at(waiting.until, a_contact(visits=9)), kept(waiting), deeds)

    assert done.outcome == "done"
    assert deeds.done == [
        ("issue_card", {}),
        ("send_webhook", {"note": Amount(Decimal("0.05"), "USD")}),
    ]
    assert list(done.steps) == ["gift", "send_webhook"]
    assert deeds.taken == {"ct_1"}
    assert done.trace[0] == {"line": 3, "step": "wait", "over": True}


def test_the_conditions_of_a_wait_are_asked_again_after_it_on_the_contact_as_it_is_then() -> None:
    deeds = Deeds()
    steps = recipe(wait("3 days", "contact.visits == 1"), note("still gone"))

    waiting = deeds.decide(steps, facts(contact=a_contact(visits=1)))
    ended = resume(steps, at(NOW + timedelta(days=3), a_contact(visits=2)), kept(waiting), deeds)

    assert (ended.outcome, ended.reason) == ("done", "after the wait: `contact.visits == 1` does not hold")
    assert ended.place == "recipes/vip.yaml:1:5"
    assert deeds.done == []


def test_a_condition_that_cannot_be_asked_after_the_wait_fails_the_run() -> None:
    deeds = Deeds()
    steps = recipe(wait("3 days", "contact.visits == 1"), note("x"))

    waiting = deeds.decide(steps, facts(contact=a_contact(visits=1)))
    with pytest.raises(Failed, match="this event has no contact"):
        resume(steps, at(NOW), kept(waiting), deeds)
    assert deeds.done == []


def test_a_name_worked_out_before_the_wait_keeps_its_value() -> None:
    lets = {"visits": Let(None, 1, expression("contact.visits").evaluate)}
    told = act("issue_card", value("note", expression("let.visits", lets=lets).evaluate))
    steps = recipe(told, wait("3 days"), told, lets=lets)
    deeds = Deeds()

    waiting = deeds.decide(steps, facts(contact=a_contact(visits=1)))
    resume(steps, at(NOW, a_contact(visits=7)), kept(waiting), deeds)

    assert notes(deeds) == [1, 1]


def test_a_hold_goes_on_once_it_is_approved() -> None:
    deeds = Deeds()
    steps = recipe(hold("too much"), note("paid"))

    held = deeds.decide(steps, facts())
    done = resume(steps, at(NOW), kept(held), deeds, approved=True)

    assert (done.outcome, notes(deeds)) == ("done", ["paid"])
    assert done.trace[0] == {"line": 4, "step": "hold", "approved": True}


def test_a_wait_in_a_loop_goes_on_in_the_same_round_with_the_same_items() -> None:
    deeds = Deeds()
    each = act("issue_card", from_item("note"))
    steps = recipe(for_each("event.data.names", each, wait("1 day"), each))
    event = an_event(data={"names": ["ada", "bo"]})

    decision = deeds.decide(steps, facts(event))
    for _ in range(2):
        decision = resume(steps, facts(an_event(data={"names": ["eve"]})), kept(decision), deeds)

    assert decision.outcome == "done"
    assert notes(deeds) == ["ada", "ada", "bo", "bo"]


def test_no_later_line_shows_a_code_from_before_the_wait() -> None:
    deeds = Deeds({"issue_card": {"card": {"code": "7K2QM4PX9WRT3HNVC"}}})
    steps = recipe(
        act("issue_card", step_id="gift"), wait("1 day"), act("send_webhook", of("steps.gift.card.code"))
    )

    done = resume(steps, at(NOW), kept(deeds.decide(steps, facts())), deeds)

    assert notes(deeds)[1] == "7K2QM4PX9WRT3HNVC"
    assert "7K2QM4PX9WRT3HNVC" not in dumps(done.trace)


def test_another_revision_does_not_go_on() -> None:
    deeds = Deeds()
    steps = recipe(wait("1 day"), note("x"))
    waiting = deeds.decide(steps, facts())

    with pytest.raises(Failed, match="what was kept of this run is of vip at ab12"):
        resume(replace(steps, revision="0" * 64), facts(), kept(waiting), deeds)
    assert deeds.done == []


LIMITED = recipe(note("paid"), conditions=("contact.visits == 1",), once_per=expression("contact.id"))


def test_a_run_undone_at_a_limit_is_done_once_approved_without_asking_its_conditions_again() -> None:
    with pytest.raises(Failed) as caught:
        Failing(error=DailyCapReached("enough")).decide(LIMITED, facts(contact=a_contact(visits=1)))
    assert isinstance(caught.value.__cause__, DailyCapReached)
    deeds = Deeds()
    undone = from_json(read_own(dumps(unbegun(LIMITED).as_json())))

    done = resume(LIMITED, at(NOW, a_contact(visits=2)), undone, deeds, approved=True)

    assert (done.outcome, notes(deeds), deeds.taken) == ("done", ["paid"], {"ct_1"})
    assert done.trace[0] == {"line": 1, "text": "approved: the conditions are not asked again"}


def test_an_approved_run_still_claims_its_once_per() -> None:
    deeds = Deeds(taken={"ct_1"})

    decision = resume(LIMITED, at(NOW, a_contact()), unbegun(LIMITED), deeds, approved=True)

    assert (decision.outcome, deeds.done) == ("already_done", [])


def test_a_run_undone_after_its_wait_goes_on_from_the_wait_once_approved() -> None:
    steps = recipe(note("first"), wait("1 day", "contact.visits == 1"), note("paid"))
    deeds = Deeds()
    journal = kept(deeds.decide(steps, facts(contact=a_contact(visits=1))))

    resume(steps, at(NOW, a_contact(visits=2)), journal, deeds, approved=True)

    assert notes(deeds) == ["first", "paid"]


def test_without_an_approval_an_unbegun_run_asks_everything() -> None:
    decision = resume(LIMITED, at(NOW, a_contact(visits=2)), unbegun(LIMITED), Deeds())

    assert decision.outcome == "not_matched"


TOLD = recipe(
    note("paid"),
    conditions=("contact.visits == 1",),
    once_per=expression("contact.id"),
    goal=GOAL,
    same_as=SameAs(expression("event.data.job", 9), None, Duration(days=1)),
)
A_JOB = an_event(data={"job": 7, "began": "2026-11-19T09:00:00Z", "odd": [1]})


def test_an_event_that_another_tool_told_before_is_paid_once() -> None:
    deeds = Deeds(told={"7": "evt_0"})

    decision = deeds.decide(TOLD, facts(A_JOB, a_contact(visits=1)))

    assert (decision.outcome, decision.reason) == ("already_done", "`same_as`: evt_0 told the same")
    assert decision.place == "recipes/vip.yaml:9:5"
    assert deeds.asked == [("7", NOW)]
    assert (deeds.done, deeds.taken, deeds.enrolled) == ([], set(), 0)
    assert decision.trace[-1] == {
        "line": 9,
        "text": "same_as: event.data.job",
        "verdict": False,
        "values": {"event.data.job": 7},
        "at": "2026-11-20T15:00:00Z",
    }


def test_the_time_that_is_compared_may_be_the_recipes_own() -> None:
    deeds = Deeds()
    same = SameAs(expression("event.data.job"), expression("event.data.began"), Duration(days=1))

    deeds.decide(replace(TOLD, same_as=same), facts(A_JOB, a_contact(visits=1)))

    assert deeds.asked == [("7", datetime(2026, 11, 19, 9, tzinfo=UTC))]
    assert notes(deeds) == ["paid"]


@pytest.mark.parametrize(
    ("subject", "time"),
    [("event.data.odd", "now()"), ("event.data.gone", "now()"), ("event.data.job", "event.data.job"),
     ("event.data.job", "event.data.gone")],
)  # fmt: skip
def test_a_same_as_without_a_text_or_a_time_fails_the_run(subject: str, time: str) -> None:
    deeds = Deeds()
    same = SameAs(expression(subject, 9), expression(time, 9), Duration(days=1))

    with pytest.raises(Failed) as caught:
        deeds.decide(replace(TOLD, same_as=same), facts(A_JOB, a_contact(visits=1)))
    assert caught.value.place == "recipes/vip.yaml:9:5"
    assert (deeds.done, deeds.asked) == ([], [])


def test_the_control_group_gets_nothing_and_is_drawn_only_among_who_would_get_something() -> None:
    control = Deeds(is_control=True)

    first, again, too_early = (
        control.decide(TOLD, facts(A_JOB, a_contact(visits=visits))) for visits in (1, 1, 0)
    )

    assert (first.outcome, first.reason) == ("skipped", "control group")
    assert (again.outcome, too_early.outcome) == ("already_done", "not_matched")
    assert (control.done, control.enrolled) == ([], 1)


def test_a_shadow_run_claims_and_enrolls_nothing() -> None:
    deeds = Deeds(told={"7": "evt_0"}, is_control=True)

    decision = deeds.decide(replace(TOLD, status="shadow"), facts(A_JOB, a_contact(visits=1)))

    assert decision.outcome == "shadow"
    assert (deeds.asked, deeds.taken, deeds.enrolled, deeds.done) == ([], set(), 0, [])


def test_a_trial_tells_everything_and_changes_nothing() -> None:
    looked: list[str] = []

    def look(action: Action, _fields: dict[str, Any]) -> Mapping[str, Any]:
        looked.append(action.key)
        return {"balance": 3}

    steps = replace(
        TOLD,
        steps=(
            act("check_balance", step_id="look"),
            act("check_balance"),
            note("rich", "steps.look.balance > 1"),
            note("poor", "previous.balance > 100"),
            wait("3 days"),
            note("later"),
        ),
    )
    told = trial(steps, facts(A_JOB, a_contact(visits=1)), {"look": {"balance": 2}}, look)
    unseen = trial(steps, facts(A_JOB, a_contact(visits=1)), {})

    assert told.outcome == unseen.outcome == "shadow"
    assert looked == ["check_balance"]
    would = [line["fields"]["note"] for line in told.trace if line.get("would") and "fields" in line]
    assert would == ["rich", "poor", "later"]  # whoever issued `rich` knows the balance, a trial does not
    assert dumps(told.trace + unseen.trace)


@dataclass
class Counting(Deeds):
    """Each deed gives something of its own, a code among it."""

    given: int = 0
    results: list[Mapping[str, Any]] = field(default_factory=list)

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        self.done.append((action.spec.name, fields))
        self.given += 1
        money = Money(self.given * 100, "USD")
        return {"n": self.given, "sum": money, "card": {"code": f"CODE{self.given}X"}, "list": [money, "x"]}


LETS = {"age": Let(None, 1, expression("days_since(event.occurred_at)").evaluate)}
CONDITIONS = st.sampled_from(
    [
        "contact.visits > 2", "contact.visits <= 2", "days_since(event.occurred_at) < 4",
        "previous.n > 2", "steps.gift.n < 5", "let.age < 3",
    ]
)  # fmt: skip
WHEN = st.lists(CONDITIONS, max_size=1).map(lambda texts: when(*texts, lets=LETS))
FIELDS = st.sampled_from(
    [of("previous.n"), of("now()"), of("previous.sum"), of("steps.gift.card.code"), of("previous.list"),
     value("note", expression("let.age", lets=LETS).evaluate), value("note", lambda scene: scene.item)]
)  # fmt: skip
ACTIONS = st.builds(
    lambda conditions, one, step_id: act("issue_card", one, conditions=conditions, step_id=step_id),
    WHEN,
    FIELDS,
    st.sampled_from([None, "gift"]),
)
WAITS = st.builds(
    lambda conditions, text: replace(wait(text), conditions=conditions),
    WHEN,
    st.sampled_from(["2 days", "3 hours", "1 month"]),
)
UNTIL = st.builds(lambda days: wait(until=lambda _: NOW + timedelta(days=days)), st.integers(-2, 9))
LEAVES: st.SearchStrategy[Step] = ACTIONS | ACTIONS | WAITS | UNTIL | st.just(hold("why")) | st.just(
    stop("contact.visits > 3")
)  # fmt: skip


def _below(inner: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    branches = st.lists(st.tuples(CONDITIONS.filter(lambda text: "let" not in text), several), max_size=2)
    return (
        st.builds(lambda some, last: choose(*some, (None, last)), branches, several)
        | st.builds(lambda items, some: for_each(items, *some),
                    st.sampled_from(["event.data.items", "previous.list"]), several)
    )  # fmt: skip


STEPS = st.lists(st.recursive(LEAVES, _below, max_leaves=6), min_size=1, max_size=5)
FIRST = act("issue_card", step_id="gift")


def _ended(decide: Any) -> tuple[Any, ...]:
    """How it ended: outcome, reason, place, results, and the lines of its trace."""
    try:
        found: Decision = decide()
    except Failed as failed:
        return ("failed", failed.reason, failed.place, None, failed.trace)
    return (found.outcome, found.reason, found.place, found.steps, found.trace)


def _paused_everywhere(steps: Recipe, on: Facts, deeds: Counting) -> tuple[Any, ...]:
    """Standing still at every wait and hold, and going on each time from JSON text alone."""
    decision: Decision | None = run(steps, on, deeds)
    trace = []
    while decision is not None and decision.journal is not None:
        trace.extend(decision.trace)
        until, journal = decision.until, kept(decision)
        on = on if until is None else replace(on, now=max(on.now, until))
        try:
            decision = resume(steps, on, journal, deeds)
        except Failed as failed:
            return ("failed", failed.reason, failed.place, None, [*trace, *failed.trace])
    assert decision is not None
    whole = [*trace, *decision.trace]
    return (decision.outcome, decision.reason, decision.place, decision.steps, whole)


@settings(
    max_examples=120, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(STEPS, st.integers(0, 4))
def test_pausing_at_every_wait_does_exactly_what_running_straight_through_does(
    some: list[Step], visits: int
) -> None:
    steps = recipe(FIRST, *some, lets=LETS)
    on = facts(an_event(data={"items": [1, Decimal("2.5"), "x"]}), a_contact(visits=visits))
    straight, paused = Counting(), Counting()

    through = _ended(lambda: run_through(steps, on, straight, lambda _: None))
    try:
        stepwise = _paused_everywhere(steps, on, paused)
    except Failed as failed:
        stepwise = ("failed", failed.reason, failed.place, None, failed.trace)

    assert paused.done == straight.done
    assert stepwise[:4] == through[:4]
    assert [line for line in stepwise[4] if not line.get("approved")] == through[4]
