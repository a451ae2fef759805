"""What time brings: who stayed away is won back, credit is remembered, limits begin anew, gifts come.

The virtual clock of each sandbox is moved by REST, and everything on the way happens in its order.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.domain.events import rfc3339
from tests.walk.agency import Agency, Business, an_agency, made_live
from tests.walk.conftest import Telling

MIA, ADA, ZOE = "mia@example.com", "ada@example.com", "zoe@example.com"
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def quiet(quiet_agency: Agency, telling: Telling) -> Business:
    return quiet_agency.business(sources=(telling.source,))


def booking(number: str, email: str, kind: str = "created", **more: Any) -> dict[str, Any]:
    return {"type": f"booking.{kind}", "id": f"{kind}-{number}", "booking_id": number, "email": email, **more}


def outcomes(shop: Business, recipe: str) -> Counter[str]:
    return Counter(run["outcome"] for run in shop.runs(recipe))


def test_who_stays_away_for_ninety_days_is_won_back_and_it_is_told_what_came_of_it(
    either_agency: Agency,
) -> None:
    """S000-48, S000-51, S000-52: who came back, and whose card was used.

    A tenth are drawn into the control group and get nothing: each of twelve is in one of the two.
    """
    shop = either_agency.business(sources=("standard", "zapier"))
    people = [f"p{number}@example.com" for number in range(12)]
    long_ago = rfc3339(shop.opened - timedelta(days=80))
    for email in people:
        for source in ("standard", "zapier"):
            shop.tell(source, **booking(f"b-{email}", email, "completed", occurred_at=long_ago))

    shop.goes_on("9 days")
    assert shop.given("win-back") == []
    shop.goes_on("2 days")
    given = shop.given("win-back")
    assert {amount for _, amount in given} == {1500}
    rewarded = [str(who) for who, _ in given]
    assert len(set(rewarded)) == len(rewarded) > 0
    assert outcomes(shop, "win-back") == Counter(done=len(rewarded), skipped=12 - len(rewarded))

    back = rewarded[0]
    [card] = shop.cards(contact_id=shop.contact(back)["id"])
    shop.redeem(card["id"], 500)
    for _ in range(2):
        shop.tell(**booking("b-back", back, "completed"))
    [row] = [one for one in shop.get("/v1/reports/recipes")["data"] if one["recipe"] == "win-back"]
    assert (row["cards"], row["contacts_back"], row["cards_used"], row["spend"]) == (len(rewarded), 1, 1, 500)
    shop.goes_on("1 hour")  # the ledger's own message, that a card was used, is an event by then
    goals = {one["goal"]: one for one in shop.get("/v1/reports/recipes")["goals"]}
    for name in ("came_back", "used"):
        told = goals[name]
        assert (told["recipe"], told["treated"], told["treated_reached"]) == ("win-back", len(rewarded), 1)
        assert (told["control"], told["control_reached"]) == (len(people) - len(rewarded), 0)


def test_each_lapse_is_answered_once_and_who_comes_back_and_lapses_again_is_asked_again(
    sqlite_url: str, tmp_path: Path
) -> None:
    """S000-48, S000-53: whether by a card or, in the control group, by none, is drawn once for a person."""
    with an_agency(tmp_path, sqlite_url, made_live("win-back")) as agency:
        shop = agency.business()
        shop.tell(**booking("b-1", MIA))
        shop.goes_on("90 days")
        shop.goes_on("20 days")
        [first] = shop.runs("win-back")

        shop.tell(**booking("b-2", MIA))
        shop.tell(**booking("b-1", MIA))
        shop.goes_on("91 days")

        [_, second] = shop.runs("win-back")
        assert first["outcome"] == second["outcome"]
        assert len(shop.given("win-back")) == (2 if first["outcome"] == "done" else 0)


def test_every_monday_whoever_has_credit_is_reminded_of_it(either_agency: Agency) -> None:
    """S000-59, S000-60: the report's list, and a message for each of those who are on it."""
    shop = either_agency.business()
    for email, amount in ((MIA, 2500), (ADA, 499), (ZOE, 1000)):
        card = {"amount": amount, "currency": "USD", "contact": {"email": email}}
        made = shop.ask("POST", "/v1/gift-cards", card)
    shop.ask("POST", f"/v1/gift-cards/{made['id']}/redeem", {"all": True})
    listed = shop.get("/v1/reports/contacts-with-balance")["data"]
    assert [(one["email"], one["balance"]) for one in listed] == [(MIA, 2500), (ADA, 499)]

    shop.goes_on("15 days")

    told = shop.messages("custom.credit-reminder")
    mia = shop.contact(MIA)["id"]
    assert [one["data"]["contact"] for one in told] == [mia, mia]
    assert [one["data"]["balance"] for one in told] == [{"amount": "25.00", "currency": "USD"}] * 2
    mondays = [datetime.fromisoformat(one["timestamp"]).astimezone(NEW_YORK) for one in told]
    assert [(one.isoweekday(), one.hour) for one in mondays] == [(1, 10), (1, 10)]


def test_a_complaint_is_answered_by_a_card_at_most_once_in_sixty_days(
    quiet: Business, telling: Telling
) -> None:
    """S000-54: the second is held for a person, who lets it go or not; after sixty days the next is given."""
    shop = quiet
    complaint = {"type": "contact.tag_added", "tag": "Complaint", "email": MIA}
    telling(shop, {**complaint, "id": "c-1"}, {**complaint, "tag": "VIP", "id": "c-2"})
    assert shop.given() == [(MIA, 1000)]

    shop.goes_on("59 days")
    telling(shop, {**complaint, "id": "c-3", "occurred_at": rfc3339(shop.now)})
    assert shop.given("apology-card") == [(MIA, 1000)]
    held = [run for run in shop.runs("apology-card") if run["outcome"] == "held"]
    assert {run["id"] for run in held} <= {one["data"]["run"]["id"] for one in shop.messages("recipe.held")}
    for run in held:
        assert "per_contact" in run["reason"]
        shop.ask("POST", f"/v1/runs/{run['id']}/refuse", {})
    assert shop.given("apology-card") == [(MIA, 1000)]

    shop.goes_on("2 days")
    telling(shop, {**complaint, "id": "c-4"})
    assert shop.given("apology-card") == [(MIA, 1000), (MIA, 1000)]


def test_apologies_stop_at_the_months_budget_and_a_person_lets_one_through(quiet_agency: Agency) -> None:
    """S000-54: 500 dollars a month of the business's calendar; the next month has its own."""
    shop = quiet_agency.business()
    complaint = {"type": "contact.tag_added", "tag": "complaint"}
    for number in range(52):
        shop.tell(**complaint, email=f"p{number}@example.com")

    assert outcomes(shop, "apology-card") == Counter(done=50, held=2)
    first, second = (run for run in shop.runs("apology-card") if run["outcome"] == "held")
    assert "budget" in first["reason"]
    shop.ask("POST", f"/v1/runs/{first['id']}/approve", {})
    assert len(shop.given()) == 51

    shop.goes_on_to(datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    assert shop.tell(**complaint, email=ZOE)["runs"][0]["outcome"] == "held", "in New York it is November"
    shop.goes_on("2 minutes")
    assert shop.tell(**complaint, email=ADA)["runs"][0]["outcome"] == "done"
    shop.goes_on("14 days")
    assert shop.get(f"/v1/runs/{second['id']}")["outcome"] == "skipped", "nobody decided"
    assert len(shop.given("apology-card")) == 52


def test_whoever_books_in_the_window_gets_a_card_for_the_next_visit(
    quiet: Business, telling: Telling
) -> None:
    """S000-55, S000-56, S000-57: from the first day to the last, and not for the visit that earned it."""
    shop = quiet
    starts = {"starts_at": "2026-12-20T15:00:00Z", "ends_at": "2026-12-20T16:00:00Z"}
    shop.goes_on_to(datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    telling(shop, booking("early", ADA, occurred_at=rfc3339(shop.now), **starts))
    shop.goes_on("2 minutes")
    telling(shop, booking("first", MIA, occurred_at=rfc3339(shop.now), **starts))
    telling(shop, booking("second", MIA, occurred_at=rfc3339(shop.now), **starts))
    shop.goes_on_to(datetime(2026, 12, 16, 5, 0, tzinfo=UTC))
    telling(shop, booking("late", ZOE, occurred_at=rfc3339(shop.now), **starts))
    assert shop.given() == [(MIA, 1500)]
    [card] = shop.cards()
    assert (card["state"], card["usable_at"]) == ("pending", "2026-12-21T15:00:00Z")

    shop.goes_on_to(datetime(2026, 12, 20, 15, 30, tzinfo=UTC))
    refused = shop.ask("POST", f"/v1/gift-cards/{card['id']}/redeem", {"amount": 100}, status=(409,))
    assert refused["code"] == "card_not_yet_usable"
    shop.goes_on("1 day")
    shop.redeem(card["id"], 100)


def test_a_booking_of_the_window_that_is_cancelled_takes_its_card_back(
    quiet: Business, telling: Telling
) -> None:
    """S000-55: only what is still unspent, and the same person is not paid for booking again."""
    shop = quiet
    shop.goes_on_to(datetime(2026, 12, 2, 12, tzinfo=UTC))
    starts = {"starts_at": "2026-12-03T15:00:00Z", "ends_at": "2026-12-03T16:00:00Z"}
    telling(shop, booking("b-1", MIA, **starts))
    telling(shop, booking("b-1", MIA, "cancelled", **starts))
    telling(shop, booking("b-2", MIA, **starts))

    [card] = shop.cards()
    assert (card["initial_amount"], card["balance"]) == (1500, 0)
    [told] = shop.messages("gift_card.adjusted")
    assert told["data"]["transaction"]["amount"] == -1500


def test_a_bought_card_goes_to_its_recipient_on_the_day_chosen(quiet: Business, telling: Telling) -> None:
    """S000-36: a card that a customer bought is on the same ledger, paid, and comes on its day."""
    shop = quiet
    gift = {"email": "leo@example.com", "deliver_on": "2026-12-24"}
    order = {"type": "order.paid", "id": "o-1", "order_id": "o-1", "email": MIA, "amount": "50.00"}
    telling(shop, {**order, "gift": gift})
    shop.goes_on_to(datetime(2026, 12, 23, 17, tzinfo=UTC))

    [card] = [one for one in shop.cards() if one["origin"]["recipe"] == "purchase-gift"]
    assert (card["kind"], card["initial_amount"], card["recipient"]) == (
        "paid",
        5000,
        {"email": gift["email"]},
    )
    assert shop.messages("gift_card.delivered") == []

    shop.goes_on("12 hours")

    [told] = shop.messages("gift_card.delivered")
    assert told["data"]["gift_card"]["id"] == card["id"]
    delivered = datetime.fromisoformat(told["timestamp"]).astimezone(NEW_YORK)
    assert delivered.date().isoformat() == "2026-12-24"


def test_nothing_of_all_this_is_paid_out_in_cash(quiet_agency: Agency) -> None:
    """S000-61: credit stays inside the business."""
    shop = quiet_agency.business()
    shop.tell(type="contact.tag_added", tag="complaint", email=MIA)
    [card] = shop.cards()

    refused = shop.ask("POST", f"/v1/gift-cards/{card['id']}/cash-out", {}, status=(403, 409))

    assert refused["code"] == "cash_out_not_allowed"
    assert shop.cards()[0]["balance"] == 1000
