"""No trace ever shows a card's code, wherever a step or a template may have put it."""

from connector.domain.jsontext import dumps
from connector.recipes.decide import run

from .making import Deeds, doing, facts


def test_a_code_is_in_the_results_and_nowhere_in_the_trace() -> None:
    deeds = Deeds({"issue_card": {"card": {"id": "gc_1", "code": "7K2QM4PX9WRT3HNVC"}}})
    recipe = doing(
        "  - issue_card: {amount: 5.00 USD}\n    id: gift\n"
        "  - send_webhook:\n      type: custom.x\n"
        "      data: {text: 'code ${{ steps.gift.card.code }}', card: '${{ previous.card }}'}\n"
        '    if: steps.gift.card.code is not empty and previous.card has "code"\n'
    )

    decision = deeds.decide(recipe, facts())

    assert deeds.done[1][1]["data"]["text"] == "code 7K2QM4PX9WRT3HNVC"
    assert decision.steps["gift"]["card"]["code"] == "7K2QM4PX9WRT3HNVC"
    assert "7K2QM4PX9WRT3HNVC" not in dumps(decision.trace)
    assert "(hidden)" in dumps(decision.trace)


def test_a_code_that_the_recipe_chose_is_hidden_as_well() -> None:
    recipe = doing("  - issue_card: {amount: 5.00 USD, code: SPRING-2026, note: with SPRING-2026}\n")

    trace = dumps(Deeds().decide(recipe, facts()).trace)

    assert "SPRING-2026" not in trace
    assert "with (hidden)" in trace


def test_a_trace_that_nobody_reads_changes_nothing_of_what_is_done_and_holds_no_value() -> None:
    recipe = doing("  - issue_card: {amount: 5.00 USD, note: for Mia}\n")
    told, brief = Deeds(), Deeds()

    full, short = run(recipe, facts(), told), run(recipe, facts(), brief, is_brief=True)

    assert (short.outcome, short.steps, brief.done) == (full.outcome, full.steps, told.done)
    assert "for Mia" in dumps(full.trace) and "for Mia" not in dumps(short.trace)
