"""The gateway's verbs for programs and funds do what their flows do."""

from tests.kit.house import BY_HAND, House


def test_a_program_is_made_changed_shown_and_listed(house: House) -> None:
    catalogue = house.gateway.catalogue

    made = catalogue.create(house.account, BY_HAND, {"slug": "spa", "name": "Spa day"})
    changed = catalogue.change(house.account, BY_HAND, "spa", {"name": "Spa"})

    assert (made.status, changed.status) == (201, 200)
    assert catalogue.program(house.account, "spa") == changed.body
    assert catalogue.programs(house.account, {}).data == [changed.body]


def test_funds_are_paid_in_watched_taken_out_shown_and_listed(house: House) -> None:
    catalogue = house.gateway.catalogue

    fund = catalogue.deposit(house.account, BY_HAND, {"amount": 100}).body["funding"]["id"]
    catalogue.watch(house.account, BY_HAND, fund, {"threshold": 5})
    taken = catalogue.withdraw(house.account, BY_HAND, fund, {"amount": 40})

    shown = catalogue.fund(house.account, fund)
    assert (shown["balance"], shown["threshold"]) == (60, 5)
    assert taken.body["funding"] == shown
    assert catalogue.funds(house.account, {}).data == [shown]
