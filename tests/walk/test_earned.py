"""What customers earn by what they do: visits, recommendations, points, money spent.

Each journey is told in order, twice, backwards, and through every adapter with flat names.
"""

from datetime import timedelta
from typing import Any

from connector.domain.events import rfc3339
from tests.walk.agency import Agency, Business
from tests.walk.conftest import Telling

MIA, ADA = "mia@example.com", "ada@example.com"


def at(shop: Business, minutes: int) -> str:
    """So many minutes before the moment at which the business opened."""
    return rfc3339(shop.opened - timedelta(minutes=minutes))


def visits(shop: Business, count: int, email: str = MIA, **more: Any) -> list[dict[str, Any]]:
    """Completed bookings, an hour apart, the last one an hour ago."""
    return [
        {
            "type": "booking.completed",
            "id": f"{email}-{number}",
            "booking_id": f"{email}-{number}",
            "email": email,
            "occurred_at": at(shop, 60 * (count - number)),
            **more,
        }
        for number in range(count)
    ]


def paid(shop: Business, number: str, amount: str, email: str = MIA) -> dict[str, Any]:
    """An order."""
    told = {"type": "order.paid", "id": number, "order_id": number, "email": email, "amount": amount}
    return {**told, "currency": "USD", "occurred_at": at(shop, 30)}


def billed(shop: Business, invoice: str, amount: str, part: str = "") -> dict[str, Any]:
    """An invoice that is paid in full; with `part`, a payment towards it."""
    what = {"type": "payment.succeeded", "id": part} if part else {"type": "invoice.paid", "id": invoice}
    told = {**what, "invoice_id": invoice, "email": MIA, "amount": amount}
    return {**told, "currency": "USD", "occurred_at": at(shop, 30)}


def tag(shop: Business, name: str, email: str = MIA, minutes: int = 10) -> dict[str, Any]:
    told = {"type": "contact.tag_added", "id": f"{email}-{name}", "tag": name, "email": email}
    return {**told, "occurred_at": at(shop, minutes)}


def test_a_vip_gets_a_card_with_the_fifth_visit_whichever_comes_last(
    shop: Business, telling: Telling
) -> None:
    """S000-37, S000-38, S000-44, S000-47, S000-58: 25 dollars, once, by nobody's hand."""
    telling(shop, *visits(shop, 5), tag(shop, "VIP"))
    telling(shop, *visits(shop, 4, ADA), tag(shop, "VIP", ADA))
    assert shop.given("vip-fifth-visit") == [(MIA, 2500)]

    telling(shop, *visits(shop, 7))

    assert shop.given() == [(MIA, 2500)]
    [told] = shop.messages("gift_card.issued")
    assert told["sandbox"] is True
    assert told["data"]["gift_card"]["origin"]["recipe"] == "vip-fifth-visit"
    assert told["data"]["contact"]["email"] == MIA


def test_who_was_tagged_long_ago_gets_the_card_with_the_fifth_visit(shop: Business, telling: Telling) -> None:
    """S000-38: the other order, a visit a day."""
    telling(shop, tag(shop, "VIP"))
    for one in visits(shop, 5):
        assert shop.given() == []
        shop.goes_on("1 day")
        telling(shop, one)

    assert shop.given() == [(MIA, 2500)]


def test_a_referrer_is_paid_once_the_new_client_was_here_and_paid_in_full(
    shop: Business, telling: Telling
) -> None:
    """S000-39, S000-40, S000-41: a part payment gives nothing; the card is the referrer's, once."""
    shop.ask("POST", "/v1/contacts", {"email": ADA})
    shop.ask("POST", "/v1/contacts", {"email": MIA, "referred_by": ADA})
    telling(shop, billed(shop, "i-1", "40.00", "p-1"), *visits(shop, 1, amount="80.00", currency="USD"))
    assert shop.given() == []

    telling(shop, billed(shop, "i-1", "40.00", "p-2"), billed(shop, "i-1", "80.00"))
    assert shop.given("referral-reward") == [(ADA, 1500)]

    telling(shop, *visits(shop, 3), billed(shop, "i-2", "80.00"))
    assert shop.given() == [(ADA, 1500)]
    [told] = shop.messages("gift_card.issued")
    assert told["data"]["contact"]["email"] == ADA


def test_a_visit_that_was_paid_before_pays_the_referrer_when_it_is_over(
    shop: Business, telling: Telling
) -> None:
    """S000-40: it is the service, done and paid, whichever comes first."""
    shop.ask("POST", "/v1/contacts", {"email": ADA})
    shop.ask("POST", "/v1/contacts", {"email": MIA, "referred_by": ADA})
    telling(shop, billed(shop, "i-1", "80.00"))
    assert shop.given() == []

    telling(shop, *visits(shop, 1, amount="80.00", currency="USD"))

    assert shop.given() == [(ADA, 1500)]


def test_a_tool_that_counts_referrals_itself_is_believed_once_for_each_new_client(
    shop: Business, telling: Telling
) -> None:
    """S000-39, S000-41: told again under another id, or by another tool, nobody is paid for twice."""
    told = {"type": "referral.completed", "referrer_email": ADA, "occurred_at": at(shop, 5)}
    telling(shop, {**told, "id": "r-1", "email": MIA}, {**told, "id": "r-2", "email": "zoe@example.com"})
    telling(shop, {**told, "id": "r-3", "email": MIA}, {**told, "id": "r-4", "email": ADA})

    assert shop.given() == [(ADA, 1500), (ADA, 1500)]


def test_points_become_credit_at_the_threshold_and_the_rest_stays(shop: Business, telling: Telling) -> None:
    """S000-42, S000-43: a point a dollar; of 620 points 500 become 25 dollars, 120 are kept."""
    telling(shop, paid(shop, "o-1", "480.00"))
    assert (shop.given("loyalty-points"), shop.contact(MIA)["points"]) == ([], 480)

    telling(shop, paid(shop, "o-2", "140.99"))
    assert (shop.given("loyalty-points"), shop.contact(MIA)["points"]) == ([(MIA, 2500)], 120)

    telling(shop, paid(shop, "o-3", "1400.00", ADA), paid(shop, "o-4", "100.00", ADA))
    assert shop.contact(ADA)["points"] == 0
    assert sum(amount for who, amount in shop.given("loyalty-points") if who == ADA) == 7500
    assert {one["data"]["contact"]["email"] for one in shop.messages("contact.points_changed")} == {MIA, ADA}


def test_a_thousand_dollars_spent_are_thanked_for_once(shop: Business, telling: Telling) -> None:
    """S000-46, S000-47: an invoice and its payments are one sale; a cent too little is too little."""
    parts = billed(shop, "i-1", "200.00", "p-1"), billed(shop, "i-1", "400.00", "p-2")
    telling(shop, billed(shop, "i-1", "600.00"), *parts)
    telling(shop, paid(shop, "o-1", "399.99"))
    assert shop.given("lifetime-spend") == []

    telling(shop, paid(shop, "o-2", "0.01"), paid(shop, "o-3", "50.00"))

    assert shop.given("lifetime-spend") == [(MIA, 5000)]


def test_an_anniversary_is_kept_once_a_year_after_the_first_day(agency: Agency) -> None:
    """S000-45, S000-47: at ten, by the business's own clock; who never came has none."""
    shop = agency.business(sources=("zapier",))
    long_ago = 60 * 24 * 360
    shop.tell("zapier", **{**visits(shop, 1)[0], "occurred_at": at(shop, long_ago)})
    shop.tell("zapier", type="contact.created", id="c-1", email=ADA, occurred_at=at(shop, long_ago))

    shop.goes_on("4 days")
    assert shop.given("anniversary") == []
    shop.goes_on("2 days")
    assert shop.given("anniversary") == [(MIA, 2000)]
    shop.tell("zapier", **visits(shop, 2)[1])
    shop.goes_on("20 days")

    assert shop.given("anniversary") == [(MIA, 2000)]
    [card] = [one for one in shop.cards() if one["origin"]["recipe"] == "anniversary"]
    assert card["created_at"] == "2026-11-25T15:00:00Z"
