"""A run as a test for its recipe: it passes when it is pasted, and tells nobody's name."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotFound, NotReplayable
from connector.recipes.saved_case import pasted
from connector.recipes.selftest import run_tests
from tests.flows.making import a_house, a_recipe, a_schedule, an_order
from tests.flows.test_bounds import limited
from tests.kit.house import House

RECIPE = """\
recipe: thanks
title: A tenth for a VIP, by points
status: live
on: [order.paid, contact.tag_added]
let: {bonus: "percent(10, event.order.total)"}
if:
  - contact.tags has "VIP"
  - event.order.total >= 20.00 USD
  - event.data.till != "closed"
do:
  - add_points: {points: "${{ floor(number(event.order.total)) }}", reason: "for ${{ contact.first_name }}"}
  - issue_card: {amount: "${{ let.bonus }}", message: "Thank you, ${{ contact.first_name }}"}
    if: previous.points >= 80
    id: gift
  - wait: 3 days
  - send_webhook: {type: custom.thanked, data: {of: "${{ steps.gift.card.balance }}"}}
    if: contact.email is not missing and steps.gift.card.balance is not missing
tests:
  - name: a VIP
    event: order.paid
    given:
      event: {order: {id: o1, total: 80.00 USD}, data: {till: open}}
      contact: {tags: [VIP], first_name: Ada}
      steps: {add_points: {points: 80}, gift: {card: {id: gc_1, balance: 800}}}
    expect: [add_points: {points: 80}, issue_card: {amount: 8.00 USD}]
  - name: nobody
    event: order.paid
    given: {event: {order: {id: o1, total: 80.00 USD}, data: {till: open}}}
    expect: nothing
    because: contact.tags has "VIP"
"""
SECRETS = ("noor", "haddad", "noor.h@clinic.example", "+14155553344", "till-7781")


def an_order_of_noor(house: House, **more: Any) -> str:
    """A VIP's order, told with all that is known of her; the run's id."""
    told = an_order(
        email="Noor.H@clinic.example",
        phone="+1 415 555 3344",
        first_name="Noor",
        last_name="Haddad",
        external_id="till-7781",
        till="open",
        **more,
    )
    [run] = house.tell(**told).body["runs"]
    return str(run["id"])


@pytest.mark.parametrize(
    ("tags", "amount", "expected"),
    [
        (["VIP"], "120.00", ["add_points: {points: 120}", "issue_card: {amount: 12.00 USD}"]),
        (["VIP"], "20.50", ["add_points: {points: 20}"]),
        (["new"], "120.00", ['because: "contact.tags has \\"VIP\\""']),
        (["VIP"], "19.99", ['because: "event.order.total >= 20.00 USD"']),
    ],
)
def test_pasted_below_the_others_it_passes(
    tags: list[str], amount: str, expected: list[str], database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, RECIPE) as house:
        run = an_order_of_noor(house, tags=tags, amount=amount)
        before = house.everything()

        made = house.gateway.runs.as_test(house.account, run)

        assert house.everything() == before
        assert (house.recipes / "thanks.yaml").read_text() == RECIPE, "no program rewrites a recipe"
        for line in expected:
            assert line in made["yaml"]
        read = house.gateway.parts.library.read("thanks", pasted(RECIPE, made["yaml"]).encode())
        results = {one.case.name: one.message for one in run_tests(read)}
        assert results == {"a VIP": None, "nobody": None, made["name"]: None}


def test_who_it_was_stands_nowhere_in_it(sqlite_url: str, tmp_path: Path) -> None:
    recipe = RECIPE.replace(
        'event.data.till != "closed"',
        'event.data.wish != event.contact.phone and event.data.till != "closed"',
    ).replace("till: open", "till: open, wish: none")
    recipe = recipe.replace("event: {order", "event: {contact: {phone: x}, order")
    with a_house(tmp_path, sqlite_url, recipe) as house:
        run = an_order_of_noor(house, tags=["VIP"], wish="Ask for noor, 415-555-33 44 or me@home.example")

        text = house.gateway.runs.as_test(house.account, run)["yaml"]

        assert not [one for one in (*SECRETS, "555-33", "home.example") if one in text.casefold()]
        assert "Ask for Mia" in text


HALF = (
    "{load_card: {card: '${{ card.id }}', amount: '${{ card.balance / 2 }}', "
    "reference: 'For ${{ card.recipient.name }}'}, if: card.balance > 21.00 USD}"
)


@pytest.mark.parametrize(
    ("balance", "expected"), [(2500, "load_card: {amount: 12.50 USD}"), (2100, "nothing")]
)
def test_a_run_over_a_card_gives_the_card_as_it_was_then(
    balance: int, expected: str, database_url: str, tmp_path: Path
) -> None:
    recipe = a_schedule(
        "half",
        "{schedule: every day at 10:00, for_each: card}",
        (HALF,),
        condition="card.balance > 20.00 USD",
        holds="card: {balance: 25.00 USD, recipient: {name: Ada}}",
        fails="card: {balance: 20.00 USD}",
    ).replace("{load_card: {}", "load_card: {}")
    with a_house(tmp_path, database_url, recipe) as house:
        card = house.issue(balance, recipient={"name": "Noor Haddad", "email": "noor.h@clinic.example"})["id"]
        house.gateway.tick()
        house.clock.forward(timedelta(days=1))
        while house.gateway.tick():
            pass
        house.redeem(card, 100)

        [run] = house.rows("runs")
        made = house.gateway.runs.as_test(house.account, run["public_id"])

        assert expected in made["yaml"]
        assert f"balance: {balance // 100}.00 USD" in made["yaml"]
        assert not [one for one in SECRETS if one in made["yaml"].casefold()]
        read = house.gateway.parts.library.read("half", pasted(recipe, made["yaml"]).encode())
        assert [one.message for one in run_tests(read)] == [None] * 3


def test_a_sum_of_the_contact_s_is_given_as_it_was_seen(sqlite_url: str, tmp_path: Path) -> None:
    recipe = RECIPE.replace('event.data.till != "closed"', "contact.spent < 100.00 USD")
    with a_house(tmp_path, sqlite_url, recipe) as house:
        run = an_order_of_noor(house, tags=["VIP"])
        an_order_of_noor(house, tags=["VIP"], order_id="o-2")

        made = house.gateway.runs.as_test(house.account, run)

        assert "spent: 80.00 USD" in made["yaml"]


@pytest.mark.parametrize("outcome", ["already_done", "held"])
def test_what_no_test_can_show_is_refused(outcome: str, sqlite_url: str, tmp_path: Path) -> None:
    text = {"already_done": a_recipe("thanks", once_per="contact")}.get(
        outcome, limited("{per_contact: 1 per 60 days}")
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        for number in range(2):
            [run] = house.tell(**an_order(f"o-{number}")).body["runs"]

        assert run["outcome"] == outcome
        with pytest.raises(NotReplayable, match=f"is {outcome}: a test knows nothing of limits"):
            house.gateway.runs.as_test(house.account, run["id"])
        with pytest.raises(NotFound):
            house.gateway.runs.as_test(house.other, run["id"])


def test_what_depends_on_who_it_is_is_said_to(sqlite_url: str, tmp_path: Path) -> None:
    recipe = RECIPE.replace('event.data.till != "closed"', 'contact.last_name == "Haddad"')
    recipe = recipe.replace("first_name: Ada", "last_name: Haddad, first_name: Ada")
    recipe = recipe.replace(
        "  given: {event: {order: {id: o1", "  given: {contact: {last_name: Haddad}, event: {order: {id: o1"
    )
    with a_house(tmp_path, sqlite_url, recipe) as house:
        run = an_order_of_noor(house, tags=["VIP"])

        with pytest.raises(NotReplayable, match="the test would not come to the same"):
            house.gateway.runs.as_test(house.account, run)
