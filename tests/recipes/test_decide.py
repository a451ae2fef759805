"""A run decides, says why, does each thing once, and fails loudly."""

from datetime import UTC, datetime

import pytest

from connector.domain.errors import InsufficientBalance, Unavailable
from connector.domain.jsontext import dumps
from connector.domain.money import Money
from connector.recipes.decide import Failed

from .making import VIP, Deeds, Failing, a_contact, a_recipe, an_event, doing, facts

A_VIP = a_contact(tags=["VIP"], visits=5)
ISSUE_5 = "  - issue_card: {amount: 5.00 USD}\n"


def test_a_match_performs_its_steps_with_rendered_fields() -> None:
    deeds = Deeds()

    decision = deeds.decide(a_recipe(), facts(contact=A_VIP))

    assert decision.outcome == "done"
    assert deeds.done == [
        (
            "issue_card",
            {
                "amount": Money(2500, "USD"),
                "expires": datetime(2027, 11, 20, 15, tzinfo=UTC),
                "note": "VIP since visit 5",
            },
        )
    ]


def test_the_trace_shows_every_line_with_its_verdict_and_the_values_it_saw() -> None:
    decision = Deeds().decide(a_recipe(), facts(contact=a_contact(tags=["New"], visits=4)))

    assert decision.outcome == "not_matched"
    assert decision.reason == '`contact.tags has "VIP"` does not hold'
    assert decision.place == "recipes/vip.yaml:6:5"
    assert decision.trace == [
        {"line": 6, "text": 'contact.tags has "VIP"', "verdict": False, "values": {"contact.tags": ["New"]}},
        {"line": 7, "text": "contact.visits >= 5", "verdict": False, "values": {"contact.visits": 4}},
    ]


def test_the_second_time_for_one_contact_does_nothing() -> None:
    deeds = Deeds()

    first = deeds.decide(a_recipe(), facts(contact=A_VIP))
    second = deeds.decide(a_recipe(), facts(contact=A_VIP))

    assert (first.outcome, second.outcome) == ("done", "already_done")
    assert len(deeds.done) == 1
    assert second.trace[-1] == {
        "line": 8,
        "text": "once_per: contact",
        "verdict": False,
        "values": {"contact.id": "ct_1"},
    }


def test_once_is_claimed_only_after_every_condition_holds() -> None:
    deeds = Deeds()

    deeds.decide(a_recipe(), facts(contact=a_contact(tags=["VIP"], visits=4)))

    assert deeds.taken == set()


def test_once_per_an_expression_claims_its_value_as_text() -> None:
    deeds = Deeds()
    recipe = a_recipe(VIP.replace("once_per: contact", "once_per: event.invoice.id"))

    deeds.decide(recipe, facts(an_event(invoice={"id": "in_7", "total": None}), A_VIP))

    assert deeds.taken == {"in_7"}


@pytest.mark.parametrize("once_per", ["event.invoice.id", "contact.tags", "event.data.gone"])
def test_a_once_per_without_a_value_fails_the_run(once_per: str) -> None:
    deeds = Deeds()

    with pytest.raises(Failed) as caught:
        deeds.decide(
            a_recipe(VIP.replace("once_per: contact", f"once_per: {once_per}")), facts(contact=A_VIP)
        )

    assert caught.value.place == "recipes/vip.yaml:8:11"
    assert deeds.done == []


def test_once_per_contact_without_a_contact_fails_the_run() -> None:
    recipe = doing(ISSUE_5, conditions="once_per: contact\n")

    with pytest.raises(Failed, match="this event has no contact"):
        Deeds().decide(recipe, facts(contact=None))


def test_a_missing_field_fails_the_run_with_place_and_trace_and_never_pays() -> None:
    deeds = Deeds()
    recipe = doing(ISSUE_5, conditions="if:\n  - event.data.total > 5\n")

    with pytest.raises(Failed) as caught:
        deeds.decide(recipe, facts(an_event(data={"totals": 9})))

    assert deeds.done == []
    assert caught.value.place == "recipes/vip.yaml:6:5"
    assert caught.value.reason == "`event.data.total` is not in this event: did you mean `totals`?"
    assert caught.value.trace[0]["verdict"] == "error"


@pytest.mark.parametrize("order", [("1 == 2", "event.data.x == 1"), ("event.data.x == 1", "1 == 2")])
def test_a_line_that_does_not_hold_decides_whatever_became_of_the_others(order: tuple[str, str]) -> None:
    recipe = doing(ISSUE_5, conditions="if:\n" + "".join(f"  - {line}\n" for line in order))

    decision = Deeds().decide(recipe, facts())

    assert decision.outcome == "not_matched"
    assert {entry["verdict"] for entry in decision.trace} == {False, "error"}


def test_a_refusal_of_a_deed_fails_the_run_at_its_step() -> None:
    recipe = doing(ISSUE_5)
    refusing = Failing(error=InsufficientBalance("Card gc_1 has 0 USD available, 500 asked."))

    with pytest.raises(Failed) as caught:
        refusing.decide(recipe, facts())

    assert caught.value.reason == "Card gc_1 has 0 USD available, 500 asked."
    assert caught.value.place == "recipes/vip.yaml:6:5"
    assert caught.value.trace[-1]["error"] == caught.value.reason


@pytest.mark.parametrize("error", [Unavailable("later"), RuntimeError("a bug"), KeyError("x")])
def test_what_is_no_refusal_passes_through_untouched(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        Failing(error=error).decide(doing(ISSUE_5), facts())
    assert caught.value is error


def test_later_steps_read_what_earlier_ones_gave() -> None:
    deeds = Deeds({"issue_card": {"card": {"id": "gc_1", "balance": 500}}, "redeem_card": {"balance": 0}})
    recipe = doing(
        "  - issue_card: {amount: 5.00 USD}\n    id: gift\n"
        '  - redeem_card: {card: "${{ previous.card }}", all: true}\n'
        "  - send_webhook:\n      type: custom.x\n"
        "      data: {card: '${{ steps.gift.card.id }}', left: '${{ previous.balance }}'}\n"
    )

    decision = deeds.decide(recipe, facts())

    assert deeds.done[1] == ("redeem_card", {"card": "gc_1", "all": True})
    assert deeds.done[2] == ("send_webhook", {"type": "custom.x", "data": {"card": "gc_1", "left": 0}})
    assert list(decision.steps) == ["gift", "redeem_card", "send_webhook"]


def test_two_steps_of_one_name_both_keep_their_results() -> None:
    deeds = Deeds({"issue_card": {"card": {"id": "gc_1"}}})

    assert list(deeds.decide(doing(ISSUE_5 * 3), facts()).steps) == [
        "issue_card",
        "issue_card_2",
        "issue_card_3",
    ]


def test_a_step_with_a_condition_is_left_out_where_it_does_not_hold() -> None:
    deeds = Deeds()
    recipe = doing(
        "  - issue_card: {amount: 5.00 USD}\n    if: contact.visits > 9\n  - send_webhook: {type: custom.x}\n"
    )

    decision = deeds.decide(recipe, facts(contact=A_VIP))

    assert [step for step, _ in deeds.done] == ["send_webhook"]
    assert decision.trace[0] == {
        "line": 7,
        "text": "contact.visits > 9",
        "verdict": False,
        "values": {"contact.visits": 5},
    }


CHOICE = (
    "  - choose:\n"
    "      - if: contact.visits >= 10\n        do: [{issue_card: {amount: 10.00 USD}}]\n"
    "      - if: contact.visits >= 5\n        do: [{issue_card: {amount: 5.00 USD}}]\n"
    "      - else: [{stop: 'too few: ${{ contact.visits }}'}]\n"
    "  - send_webhook: {type: custom.after}\n"
)


@pytest.mark.parametrize(
    ("visits", "done", "reason"),
    [
        (12, ["issue_card 10.00 USD", "send_webhook"], None),
        (5, ["issue_card 5.00 USD", "send_webhook"], None),
        (1, [], "stopped: too few: 1"),
    ],
)
def test_the_first_branch_that_holds_is_gone_and_stop_ends_the_run(
    visits: int, done: list[str], reason: str | None
) -> None:
    deeds = Deeds()

    decision = deeds.decide(doing(CHOICE), facts(contact=a_contact(visits=visits)))

    assert [f"{step} {fields.get('amount', '')}".strip() for step, fields in deeds.done] == done
    assert (decision.outcome, decision.reason) == ("done", reason)


def test_a_shadow_run_looks_and_records_but_changes_nothing() -> None:
    deeds = Deeds({"check_balance": {"has_balance": False}})
    recipe = doing(
        "  - check_balance\n"
        "  - issue_card: {amount: 5.00 USD}\n    id: gift\n    if: not previous.has_balance\n"
        "  - redeem_card: {card: '${{ steps.gift.card.id }}', all: true}\n"
        "    if: previous.card.balance > 1\n",
        conditions="once_per: contact\n",
        status="shadow",
    )

    decision = deeds.decide(recipe, facts(contact=A_VIP))

    assert decision.outcome == "shadow"
    assert [step for step, _ in deeds.done] == ["check_balance"]
    assert deeds.taken == set()
    would = [(line["step"], line["fields"]) for line in decision.trace if line.get("would")]
    assert would == [
        ("issue_card", {"amount": "5.00 USD"}),
        ("redeem_card", {"card": "${{ steps.gift.card.id }}", "all": True}),
    ]


def test_a_shadow_run_still_fails_loudly_and_still_says_what_did_not_match() -> None:
    recipe = doing(ISSUE_5, conditions="if: event.data.x == 1\n", status="shadow")

    with pytest.raises(Failed):
        Deeds().decide(recipe, facts())
    assert Deeds().decide(recipe, facts(an_event(data={"x": 2}))).outcome == "not_matched"


def test_a_name_is_worked_out_once_a_run_and_only_where_it_is_read() -> None:
    recipe = doing(
        '  - issue_card: {amount: "${{ let.bonus }}"}\n    if: let.bonus > vars.least\n',
        conditions=(
            "vars: {rate: 10, least: 1.00 USD}\n"
            "let: {unused: event.data.gone, bonus: 'percent(vars.rate, event.order.total)'}\n"
        ),
    )
    deeds = Deeds()

    deeds.decide(recipe, facts(an_event(order={"id": "1", "total": {"amount": "49.95", "currency": "USD"}})))

    assert deeds.done == [("issue_card", {"amount": Money(500, "USD")})]


def test_an_amount_finer_than_its_currency_fails_the_run_rather_than_round() -> None:
    recipe = doing('  - issue_card: {amount: "${{ event.order.total * 0.1 }}"}\n')

    with pytest.raises(Failed, match="more decimals than USD allows") as caught:
        Deeds().decide(recipe, facts(an_event(order={"total": {"amount": "19.99", "currency": "USD"}})))
    assert caught.value.place == "recipes/vip.yaml:6:27"


def test_a_time_zone_that_is_none_fails_the_run() -> None:
    with pytest.raises(Failed, match="is not a time zone"):
        Deeds().decide(doing(ISSUE_5), facts(timezone="Mars/Olympus"))


def test_months_run_by_the_accounts_calendar() -> None:
    deeds = Deeds()

    deeds.decide(doing("  - issue_card: {amount: 5.00 USD, expires: 6 months}\n"), facts())

    # 10:00 in New York in winter is 10:00 there in summer, an hour earlier in UTC.
    assert deeds.done[0][1]["expires"] == datetime(2027, 5, 20, 14, tzinfo=UTC)


def test_every_trace_is_json() -> None:
    deeds = Deeds({"check_balance": {"balance": Money(5, "USD"), "at": datetime(2026, 1, 1, tzinfo=UTC)}})
    recipe = doing(
        "  - check_balance\n", conditions="if: contact.spent >= 0 USD and event.occurred_at < now() + 1 day\n"
    )

    decision = deeds.decide(recipe, facts(contact=A_VIP))

    assert '"2026-01-01T00:00:00Z"' in dumps(decision.trace)
