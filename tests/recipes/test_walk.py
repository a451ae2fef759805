"""Steps are walked in order: loops, waits, holds, and what a shadow run makes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.domain.jsontext import dumps
from connector.domain.money import Money
from connector.recipes.decide import Failed, resume, run
from connector.recipes.journal import Entry, Journal
from connector.recipes.recipe import Step

from .building import act, choose, for_each, from_item, hold, note, of, recipe, stop, wait, when
from .making import NOW, Deeds, a_contact, an_event, facts

A_LIST = an_event(data={"names": ["ada", "bo", "cy"], "none": [], "text": "ada", "nothing": None})


def notes(deeds: Deeds) -> list[Any]:
    return [fields.get("note") for _, fields in deeds.done]


def test_a_loop_does_its_steps_for_each_item_in_the_lists_order() -> None:
    deeds = Deeds()

    decision = deeds.decide(
        recipe(for_each("event.data.names", act("issue_card", from_item("note"))), note("after")),
        facts(A_LIST),
    )

    assert notes(deeds) == ["ada", "bo", "cy", "after"]
    assert list(decision.steps) == ["issue_card[1]", "issue_card[2]", "issue_card[3]", "issue_card"]
    rounds = [(line["number"], line["item"]) for line in decision.trace if "number" in line]
    assert rounds == [(1, "ada"), (2, "bo"), (3, "cy")]


def test_a_loop_over_nothing_does_nothing() -> None:
    deeds = Deeds()

    assert deeds.decide(recipe(for_each("event.data.none", note("x"))), facts(A_LIST)).outcome == "done"
    assert deeds.done == []


def test_loops_in_loops_keep_their_results_apart() -> None:
    inner = for_each("event.data.names", act("issue_card", from_item("note"), step_id="gift"))
    decision = Deeds().decide(recipe(for_each("event.data.names", inner)), facts(A_LIST))

    assert len(decision.steps) == 9
    assert list(decision.steps)[3:5] == ["gift[2][1]", "gift[2][2]"]


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ("event.data.text", "goes over a list, and this is the text `ada`"),
        ("event.data.nothing", "goes over a list, and this is nothing"),
        ("event.data", "goes over a list, and this is a block of fields"),
        ("contact.spent", "goes over a list, and this is the sum of money `0.00 USD`"),
        ("event.data.gone", "`event.data.gone` is not in this event"),
    ],
)
def test_a_loop_over_anything_but_a_list_fails_the_run_at_its_place(items: str, what: str) -> None:
    deeds = Deeds()

    with pytest.raises(Failed) as caught:
        deeds.decide(recipe(for_each(items, note("x"))), facts(A_LIST, a_contact()))

    assert what in caught.value.reason
    assert caught.value.place == "recipes/vip.yaml:7:5"
    assert deeds.done == []


@pytest.mark.parametrize(("count", "is_taken"), [(1_000, True), (1_001, False)])
def test_a_loop_goes_over_a_thousand_items_at_most(count: int, is_taken: bool) -> None:
    deeds = Deeds()
    loop = recipe(for_each("event.data.many", note("x")))
    many = facts(an_event(data={"many": list(range(count))}))

    if is_taken:
        deeds.decide(loop, many)
        assert len(deeds.done) == count
    else:
        with pytest.raises(Failed, match="at most 1000 items, and this list has 1001"):
            deeds.decide(loop, many)
        assert deeds.done == []


def test_a_round_never_sees_what_the_round_before_gave_but_what_follows_the_loop_does() -> None:
    seen = act("send_webhook", of("previous.card"))
    gift = act("issue_card", from_item("note"), step_id="gift")
    loop = for_each("event.data.names", seen, gift)
    deeds = Deeds({"check_balance": {"card": "before"}, "issue_card": {"card": "gift"}})

    deeds.decide(
        recipe(act("check_balance"), loop, seen, act("send_webhook", of("steps.gift.card"))), facts(A_LIST)
    )

    sent = [fields["note"] for name, fields in deeds.done if name == "send_webhook"]
    assert sent == ["before", "before", "before", "gift", "gift"]

    left_out = act("issue_card", step_id="gift", conditions=when("previous.card is missing"))
    reading = act("redeem_card", of("steps.gift.card"))
    with pytest.raises(Failed, match="that step did not run"):
        Deeds({"check_balance": {"card": "before"}}).decide(
            recipe(act("check_balance"), for_each("event.data.names", left_out, reading)), facts(A_LIST)
        )


def test_a_stop_in_a_loop_ends_the_run() -> None:
    deeds = Deeds()
    loop = for_each("event.data.names", note("x"), choose((None, (stop("contact.visits > 1"),))))

    decision = deeds.decide(recipe(loop, note("after")), facts(A_LIST, a_contact(visits=2)))

    assert (decision.outcome, decision.reason) == ("done", "stopped")
    assert notes(deeds) == ["x"]


def test_a_wait_stands_still_until_its_time_by_the_accounts_calendar() -> None:
    deeds = Deeds()

    decision = deeds.decide(recipe(note("now"), wait("6 months"), note("later")), facts())

    # 10:00 in New York in winter is 10:00 there in summer, an hour earlier in UTC.
    assert (decision.outcome, decision.until) == ("waiting", datetime(2027, 5, 20, 14, tzinfo=UTC))
    assert decision.reason == "waiting until 2027-05-20T14:00:00Z"
    assert decision.place == "recipes/vip.yaml:3:5"
    assert notes(deeds) == ["now"]
    assert decision.journal is not None
    assert [entry.kind for entry in decision.journal.entries] == ["began", "did", "wait"]


def test_a_wait_until_a_time_ends_at_that_time() -> None:
    at = NOW + timedelta(days=2, microseconds=7)

    assert Deeds().decide(recipe(wait(until=lambda _: at)), facts()).until == at


def test_a_wait_beyond_the_calendar_fails_the_run_at_its_place() -> None:
    with pytest.raises(Failed, match="beyond the calendar") as caught:
        Deeds().decide(recipe(wait("99999 years")), facts())
    assert caught.value.place == "recipes/vip.yaml:3:5"


@pytest.mark.parametrize("pause", [wait("3 days", "contact.visits > 1"), hold("why", "contact.visits > 1")])
def test_a_wait_or_hold_whose_conditions_do_not_hold_is_left_out(pause: Step) -> None:
    deeds = Deeds()

    decision = deeds.decide(recipe(pause, note("on")), facts(contact=a_contact(visits=1)))

    assert (decision.outcome, notes(deeds)) == ("done", ["on"])


@pytest.mark.parametrize(
    ("why", "reason"),
    [("visit ${{ contact.visits }}: too many", "visit 5: too many"), (None, "held for a person to decide")],
)
def test_a_hold_stands_still_and_says_why(why: str | None, reason: str) -> None:
    deeds = Deeds()

    decision = deeds.decide(recipe(hold(why), note("on")), facts(contact=a_contact(visits=5)))

    assert (decision.outcome, decision.reason, decision.until) == ("held", reason, None)
    assert decision.place == "recipes/vip.yaml:4:5"
    assert decision.journal is not None
    assert deeds.done == []


def test_a_shadow_run_notes_waits_holds_and_loops_and_goes_on() -> None:
    deeds = Deeds({"check_balance": {"cards": ["gc_1", "gc_2"]}})
    shadow = recipe(
        wait("3 days", "contact.visits > 1"),
        hold("ask ${{ contact.visits }}"),
        act("check_balance", step_id="look"),
        for_each("steps.look.cards", act("redeem_card", from_item("card"))),
        act("issue_card", step_id="gift"),
        for_each("steps.gift.cards", act("redeem_card", from_item("card"))),
        status="shadow",
    )

    decision = deeds.decide(shadow, facts(contact=a_contact(visits=2)))

    assert (decision.outcome, decision.journal) == ("shadow", None)
    assert [name for name, _ in deeds.done] == ["check_balance"]
    waited, held = (line for line in decision.trace[1:] if line.get("step") in ("wait", "hold"))
    until = "2026-11-23T15:00:00Z"
    assert waited == {"line": 3, "step": "wait", "would": True, "for": "3 days", "until": until}
    assert held == {"line": 4, "step": "hold", "why": "ask 2", "would": True}
    would = [line["fields"] for line in decision.trace if line.get("step") == "redeem_card"]
    assert would == [{"card": "gc_1"}, {"card": "gc_2"}, {"card": "${{ … }}"}]
    assert dumps(decision.trace)


def test_a_shadow_runs_later_deeds_are_told_as_of_the_time_after_its_waits() -> None:
    shadow = recipe(wait("3 days"), act("issue_card", of("now()")), status="shadow")

    decision = Deeds().decide(shadow, facts())

    assert decision.trace[-1]["fields"] == {"note": "2026-11-23T15:00:00Z"}


def test_what_a_run_asks_for_is_bounded() -> None:
    inner = for_each("event.data.many", note("x"))
    many = facts(an_event(data={"many": list(range(101))}))

    with pytest.raises(Failed, match="at most 10000 steps"):
        Deeds().decide(recipe(for_each("event.data.many", inner)), many)


def test_codes_that_a_loop_gave_are_in_no_trace_and_go_into_the_journal() -> None:
    deeds = Deeds({"issue_card": {"card": {"code": "7K2QM4PX9WRT3HNVC", "balance": Money(5, "USD")}}})

    decision = deeds.decide(recipe(for_each("event.data.names", note("x")), wait("1 day")), facts(A_LIST))

    assert "7K2QM4PX9WRT3HNVC" not in dumps(decision.trace)
    assert decision.journal is not None
    assert decision.journal.codes == ("7K2QM4PX9WRT3HNVC",)


@pytest.mark.parametrize(
    "entries",
    [
        [Entry("began", "began"), Entry("did", "2", {})],
        [Entry("did", "1", {})],
        [Entry("began", "began"), Entry("wait", "1", NOW)],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("did", "2", {})],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("branch", "2", 3)],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("branch", "2", "1")],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("branch", "2", None), Entry("items", "3", 4)],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("branch", "2", None), Entry("items", "3", []),
         Entry("did", "4", {})],
        [Entry("began", "began"), Entry("did", "1", {}), Entry("branch", "2", None), Entry("items", "3", []),
         Entry("left_out", "4"), Entry("did", "5", {})],
    ],
)  # fmt: skip
def test_a_journal_that_does_not_fit_is_refused_and_nothing_is_done(entries: list[Entry]) -> None:
    deeds = Deeds()
    steps = recipe(note("1"), choose((None, (note("a"),)), (None, ())), for_each("event.data.names"), stop())

    with pytest.raises(Failed):
        resume(steps, facts(A_LIST), Journal(steps.name, steps.revision, tuple(entries)), deeds)
    assert deeds.done == []


def test_the_first_branch_is_chosen_even_where_a_later_one_would_hold_too() -> None:
    deeds = Deeds()

    run(recipe(choose(("true", (note("a"),)), ("true", (note("b"),)))), facts(), deeds)

    assert notes(deeds) == ["a"]
