"""A recipe's own tests start from nothing, and what they name is known."""

from connector.domain.money import Money

from .making import a_recipe, faults_of

CARDS = """\
recipe: vip
title: A reminder
status: draft
on: {schedule: every monday at 9:00, for_each: card}
if: card.available > 1.00 USD
do:
  - send_webhook: {type: custom.credit}
tests:
  - name: credit is left
    event: schedule.due
    given: {card: {balance: 10.00 USD, held: 4.00 USD}, contact: {visits: 1}}
    expect:
      - send_webhook: {}
"""


def test_a_card_is_active_and_all_of_its_balance_available_unless_the_test_says_otherwise() -> None:
    [case] = a_recipe(CARDS).cases

    assert case.event_type == "schedule.due"
    assert case.card is not None and case.contact is not None
    assert (case.card["state"], case.card["available"]) == ("active", Money(600, "USD"))
    assert case.contact["visits"] == 1


def test_a_card_in_a_test_of_a_recipe_that_goes_over_none_is_a_fault() -> None:
    text = CARDS.replace("for_each: card", "for_each: contact").replace("if: card.available > 1.00 USD\n", "")

    assert [each.split(": ")[0] for each in faults_of(text)] == ["recipes/vip.yaml:10:19"]


def test_a_contact_in_a_test_of_a_recipe_that_goes_over_nobody_is_a_fault() -> None:
    text = CARDS.replace(", for_each: card", "").replace("if: card.available > 1.00 USD\n", "")
    text = text.replace("card: {balance: 10.00 USD, held: 4.00 USD}, ", "")

    [told] = faults_of(text)

    assert told.startswith(
        "recipes/vip.yaml:10:22: `contact` is not there, since this schedule goes over nobody"
    )
    assert a_recipe(text.replace("{contact: {visits: 1}}", "{}")).cases[0].contact is None


def test_a_schedules_test_names_what_is_due() -> None:
    [told] = faults_of(CARDS.replace("event: schedule.due", "event: booking.completed"))

    assert told.startswith("recipes/vip.yaml:10:12: `booking.completed` is not in this recipe's `on`")


def test_a_misspelt_field_of_a_card_is_a_fault() -> None:
    [told] = faults_of(CARDS.replace("balance: 10.00", "balence: 10.00"))

    assert "`balence` is not a field here: did you mean `balance`?" in told
