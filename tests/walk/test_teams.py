"""Cards for those who work, sell, answer, recommend a colleague; each told in every way, paid once."""

from collections import Counter
from typing import Any

from tests.walk.agency import Agency, Business
from tests.walk.conftest import Telling

MIA, ADA = "mia@example.com", "ada@example.com"


def outcomes(shop: Business, recipe: str) -> set[str]:
    return {run["outcome"] for run in shop.runs(recipe)}


def test_each_answered_survey_is_thanked_for_and_at_most_one_a_month(
    shop: Business, telling: Telling
) -> None:
    """S000-58, S004-50: the limit says skip, so nobody is asked."""
    survey = {"type": "survey.completed", "email": MIA}
    telling(shop, {**survey, "id": "s-1"})
    telling(shop, {**survey, "id": "s-2"}, {**survey, "id": "s-9", "email": ADA})
    assert shop.given() == [(ADA, 500), (MIA, 500)]
    assert outcomes(shop, "survey-thanks") >= {"done", "skipped"}
    assert shop.messages("recipe.held") == []

    shop.goes_on("31 days")
    telling(shop, {**survey, "id": "s-3"})

    assert shop.given("survey-thanks") == [(ADA, 500), (MIA, 500), (MIA, 500)]


def test_years_with_the_company_earn_more_with_time(shop: Business, telling: Telling) -> None:
    """S004-46."""
    milestone = {"type": "employee.milestone"}
    told = [
        {**milestone, "id": f"m-{years}-{email}", "email": email, "years": years}
        for email, years in ((MIA, 1), (MIA, "5"), (ADA, 10), ("new@example.com", 0))
    ]
    telling(shop, *told)
    telling(shop, {**told[0], "id": "m-again"})

    assert shop.given() == [(ADA, 25000), (MIA, 2500), (MIA, 10000)]
    assert {card["note"] for card in shop.cards()} == {"1 years", "5 years", "10 years"}


def test_a_months_target_is_paid_once_a_month(shop: Business, telling: Telling) -> None:
    """S004-47, S004-53."""
    sales = {"type": "custom.sales-target", "email": MIA, "target": 40}
    telling(
        shop,
        {**sales, "id": "t-1", "sold": 39, "month": "2026-10"},
        {**sales, "id": "t-2", "sold": 41, "month": "2026-10"},
        {**sales, "id": "t-3", "sold": "40", "month": "2026-11"},
    )

    assert shop.given() == [(MIA, 10000), (MIA, 10000)]


def test_a_colleague_is_nominated_by_others_only_and_once_in_thirty_days(
    shop: Business, telling: Telling
) -> None:
    """S004-48."""
    told = {"type": "custom.peer-nomination", "email": MIA}
    telling(shop, {**told, "id": "n-1", "nomination": "n-1", "nominee": ADA})
    telling(shop, {**told, "id": "n-2", "nomination": "n-2", "nominee": MIA})
    assert shop.given() == [(ADA, 2000)]

    telling(shop, {**told, "id": "n-3", "nomination": "n-3", "nominee": ADA, "email": "leo@example.com"})
    assert shop.given() == [(ADA, 2000)], "held: a person decides"
    [held, *_] = [run for run in shop.runs("peer-nomination") if run["outcome"] == "held"]
    shop.ask("POST", f"/v1/runs/{held['id']}/approve", {})

    assert shop.given() == [(ADA, 2000), (ADA, 2000)]


def test_a_won_deal_is_paid_and_a_very_large_one_waits_for_a_person(shop: Business, telling: Telling) -> None:
    """S004-52."""
    deal = {"type": "deal.won", "email": MIA, "currency": "USD"}
    telling(
        shop,
        {**deal, "id": "d-1", "amount": "4999.99"},
        {**deal, "id": "d-2", "amount": "5000.00"},
        {**deal, "id": "d-3", "amount": "60000.00"},
    )
    assert shop.given() == [(MIA, 5000)]
    [held, *more] = [run for run in shop.runs("deal-won") if run["outcome"] == "held"]
    assert "60000.00 USD" in held["reason"]
    assert more == []

    shop.ask("POST", f"/v1/runs/{held['id']}/approve", {})

    assert shop.given() == [(MIA, 5000), (MIA, 5000)]


def test_an_active_partner_gets_five_dollars_a_referral_within_the_months_budget(
    shop: Business, telling: Telling
) -> None:
    """S004-54."""
    told: dict[str, Any] = {"type": "custom.partner-activity", "month": "2026-11"}
    telling(
        shop,
        {**told, "id": "p-1", "email": MIA, "referrals": 2},
        {**told, "id": "p-2", "email": MIA, "referrals": "4"},
        {**told, "id": "p-3", "email": ADA, "referrals": 201},
    )

    assert shop.given() == [(MIA, 2000)]
    assert Counter(run["outcome"] for run in shop.runs("partner-activity"))["held"] >= 1


def test_everything_at_once_in_one_business_and_nothing_by_hand(agency: Agency) -> None:
    """S000-58: all shipped recipes are live together; each card names the recipe that gave it."""
    shop = agency.business(sources=("standard", "zapier"))
    told: list[dict[str, Any]] = [
        {"type": "contact.tag_added", "id": "1", "tag": "complaint"},
        {"type": "survey.completed", "id": "2"},
        {"type": "employee.milestone", "id": "3", "years": 5},
        {"type": "deal.won", "id": "4", "amount": "9000.00"},
        {"type": "order.paid", "id": "5", "order_id": "5", "amount": "1200.00"},
    ]
    for source in ("standard", "zapier"):
        for one in told:
            shop.tell(source, email=MIA, currency="USD", **one)

    given = Counter(card["origin"]["recipe"] for card in shop.cards())

    assert given == Counter(
        {"apology-card": 1, "survey-thanks": 1, "employee-milestone": 1, "deal-won": 1, "lifetime-spend": 1}
        | {"loyalty-points": 1}
    )
    assert {card["source"] for card in shop.cards()} == {"recipe"}
    assert shop.contact(MIA)["points"] == 200
