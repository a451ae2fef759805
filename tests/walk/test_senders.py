"""Who sets a card off: Zapier, Make, a few lines of code, a booking tool, a person; and who is kept apart."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from tests.kit.databases import SqliteMaker
from tests.walk.agency import FLAT, Agency, Business, an_agency, made_live

MIA, ADA = "mia@example.com", "ada@example.com"
SURVEY: Final = {"type": "survey.completed", "id": "s-1", "email": MIA}

# Asks, branches and acts as the actions of the API do.
WORKFLOW: Final = """\
recipe: workflow
title: Top up small cards, take a fee off large ones
status: live
on: custom.visit
if:
  - contact.email is not missing
do:
  - id: asked
    check_balance: {}
  - choose:
      - if: not steps.asked.has_balance
        do:
          - id: fresh
            issue_card: {amount: 30.00 USD, message: "Enjoy it, ${{ contact.first_name }}"}
          - send_webhook:
              type: custom.welcome
              data: {card: "${{ steps.fresh.card.id }}", balance: "${{ steps.fresh.card.balance }}"}
      - if: steps.asked.balance < 20.00 USD
        do:
          - id: found
            find_cards: {state: active}
          - adjust_card: {card: "${{ steps.found.cards[0].id }}", amount: 5.00 USD, reason: goodwill}
      - else:
          - find_cards: {state: active}
          - redeem_card: {card: "${{ previous.cards[0].id }}", amount: 12.00 USD, reference: visit}
tests:
  - name: somebody without a card
    event: custom.visit
    given:
      contact: {email: mia@example.com, first_name: Mia}
      steps: {asked: {has_balance: false}, fresh: {card: {id: gc_1, balance: 3000}}}
    expect:
      - check_balance: {}
      - issue_card: {amount: 30.00 USD, message: "Enjoy it, Mia"}
      - send_webhook: {}
  - name: nobody
    event: custom.visit
    given: {contact: null}
    expect: nothing
"""


@pytest.fixture(scope="module")
def workflows(sqlite_maker: SqliteMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    folder = tmp_path_factory.mktemp("workflows")
    recipes = {"workflow": WORKFLOW, **made_live("survey-thanks", "booking-window")}
    with sqlite_maker.fresh(folder) as url, an_agency(folder, url, recipes) as found:
        yield found


@pytest.mark.parametrize("tool", ["zapier", "make"])
def test_a_no_code_tool_sets_a_card_off_as_json_or_as_a_form(workflows: Agency, tool: str) -> None:
    """S000-31, S000-32: the same record again, in either form, is no second card."""
    shop = workflows.business(sources=(tool,))

    first = shop.post(tool, json.dumps(SURVEY).encode())
    again = shop.post(tool, urlencode(SURVEY).encode(), "application/x-www-form-urlencoded")

    assert (first["status"], again["status"]) == ("processed", "duplicate")
    assert first["runs"][0]["id"] == again["runs"][0]["id"]
    assert shop.given() == [(MIA, 500)]
    assert len(shop.messages("gift_card.issued")) == 1


@pytest.mark.parametrize("tool", FLAT)
def test_every_tool_that_writes_the_flat_names_tells_a_thing_as_often_as_it_likes(
    workflows: Agency, tool: str
) -> None:
    """S000-31, S000-32, S000-33."""
    shop = workflows.business(sources=(tool,))
    for number in (1, 2, 1, 2):
        shop.tell(tool, **{**SURVEY, "id": f"s-{number}", "email": f"p{number}@example.com"})

    assert shop.given() == [("p1@example.com", 500), ("p2@example.com", 500)]


def test_a_worker_of_ones_own_sets_a_card_off_by_webhook_and_by_rest(workflows: Agency) -> None:
    """S000-33, S000-01: plain HTTPS and JSON, with a signature or a key; asked again, done once."""
    shop = workflows.business(sources=("generic",))
    shop.tell("generic", **SURVEY)
    wanted = {"amount": 1000, "currency": "USD", "contact": {"email": ADA}}
    headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": "k-1"}

    made = [
        shop.agency.send("POST", "/v1/gift-cards", json.dumps(wanted).encode(), "application/json", **headers)
        for _ in range(2)
    ]

    assert [one.status for one in made] == [201, 201]
    assert made[0].json()["id"] == made[1].json()["id"]
    assert shop.given() == [(ADA, 1000), (MIA, 500)]


def test_a_booking_tool_sets_a_card_off_and_takes_it_back(workflows: Agency) -> None:
    """S000-34: as Calendly signs and spells it."""
    shop = workflows.business(sources=("calendly",))
    shop.goes_on("15 days")
    event = {"uri": "https://api.calendly.com/scheduled_events/E1", "name": "Massage"}
    payload = {
        "uri": "https://api.calendly.com/scheduled_events/E1/invitees/I1",
        "email": MIA,
        "name": "Mia Moss",
        "scheduled_event": {
            **event,
            "start_time": "2026-12-20T15:00:00Z",
            "end_time": "2026-12-20T16:00:00Z",
        },
    }
    created = {"event": "invitee.created", "created_at": "2026-12-05T15:00:00Z", "payload": payload}
    canceled = {**created, "event": "invitee.canceled", "created_at": "2026-12-06T15:00:00Z"}

    booked = [shop.post("calendly", json.dumps(created).encode())["status"] for _ in range(2)]
    assert booked == ["processed", "duplicate"]
    assert shop.given() == [(MIA, 1500)]
    shop.post("calendly", json.dumps(canceled).encode())

    assert [card["balance"] for card in shop.cards()] == [0]


@pytest.mark.parametrize("headers", [{}, {"webhook-signature": "v1,AAAA"}])
def test_who_cannot_prove_who_they_are_sets_nothing_off(workflows: Agency, headers: dict[str, str]) -> None:
    shop = workflows.business()
    body = json.dumps(SURVEY).encode()

    reply = shop.agency.send("POST", f"/hooks/{shop.slug}/standard", body, "application/json", **headers)

    assert (reply.status, shop.cards()) == (401, [])


def test_businesses_of_one_agency_are_kept_apart(workflows: Agency) -> None:
    """S000-35: one customer, one event id, two businesses: contacts, cards, clocks, messages, keys."""
    one, other = workflows.business(), workflows.business("Asia/Tokyo")
    for shop in (one, other):
        shop.tell(**SURVEY, occurred_at="2026-11-20T14:00:00Z")
    one.goes_on("200 days")

    [mine], [theirs] = one.cards(), other.cards()
    assert (mine["state"], theirs["state"]) == ("expired", "active")
    assert one.contact(MIA)["id"] != other.contact(MIA)["id"]
    assert one.ask("GET", f"/v1/gift-cards/{theirs['id']}", status=(404,))["code"] == "not_found"
    refused = one.ask("POST", f"/v1/gift-cards/{theirs['id']}/redeem", {"amount": 1}, status=(404,))
    assert refused["code"] == "not_found"
    for shop, card in ((one, mine), (other, theirs)):
        told = shop.messages()
        assert {message["account"] for message in told} == {shop.slug}
        assert {message["data"]["gift_card"]["id"] for message in told} == {card["id"]}
    other.redeem(theirs["id"], 500)


def test_cards_made_by_hand_and_by_recipes_stand_side_by_side_and_say_where_they_come_from(
    workflows: Agency,
) -> None:
    """S000-36, S000-01, S000-12."""
    shop = workflows.business()
    shop.tell(**SURVEY)
    sold = {"amount": 5000, "currency": "USD", "kind": "paid", "contact": {"email": ADA}}
    shop.ask("POST", "/v1/gift-cards", sold)
    shop.ask("POST", "/v1/actions/issue-gift-card", {"amount": "7.00", "email": MIA})

    found = {card["source"]: card["initial_amount"] for card in shop.cards()}

    assert found == {"recipe": 500, "api": 5000, "action": 700}
    assert [card["initial_amount"] for card in shop.cards(source="action")] == [700]


def test_a_workflow_asks_branches_and_acts(workflows: Agency) -> None:
    """S000-21 to S000-30, S000-18: the same deeds as the API's, as steps; 0 for who has nothing."""
    shop = workflows.business(sources=("make",))

    def visit(number: int) -> dict[str, Any]:
        told = {"type": "custom.visit", "id": f"v-{number}", "email": MIA, "first_name": "Mia"}
        [run] = shop.tell("make", **told)["runs"]
        assert run["outcome"] == "done", run
        return dict(run["outputs"]["steps"])

    assert visit(1)["asked"]["balance"] == {"amount": "0.00", "currency": "USD"}
    [card] = shop.cards()
    assert (card["balance"], card["message"]) == (3000, "Enjoy it, Mia")
    [welcome] = shop.messages("custom.welcome")
    assert welcome["data"]["card"] == card["id"]
    assert visit(2)["asked"]["has_balance"] is True
    assert balance(shop, card["id"]) == 1800
    visit(3)
    assert balance(shop, card["id"]) == 2300
    shop.ask("POST", "/v1/actions/redeem-gift-card", {"card": card["id"], "amount": "23.00"})
    assert shop.ask("POST", "/v1/actions/check-balance", {"email": MIA})["balance"] == "0.00"
    visit(4)
    assert [one["balance"] for one in shop.cards()] == [0, 3000]


def balance(shop: Business, card: str) -> int:
    return int(shop.get(f"/v1/gift-cards/{card}")["balance"])
