"""The step `notify`: by the first way that leads to the person, or a result that says why not.

S000-49 and S000-50: the win-back card by text message and by e-mail.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import RunFailed
from connector.flows import notifying
from connector.flows.notifying import Met
from connector.store.writer import Writing
from tests.flows.post import PHONE, open_post_house, recipe
from tests.kit.deeds import make_sandbox, told
from tests.kit.house import BY_HAND, House

CARD_AND_NOTE = """\
  - issue_card: {amount: 15.00 USD}
  - notify: {via: [sms, email], template: win-back}"""
EXPECTED = "[issue_card: {amount: 15.00 USD}, notify: {template: win-back}]"


def booked(house: House, **person: str) -> dict[str, Any]:
    """A completed booking of this person; what the recipe's steps gave."""
    answer = house.tell(type="booking.completed", id="b1", **person).body
    [run] = [one for one in answer["runs"] if one["recipe"] == "thanks"]
    assert run["outcome"] == "done", run
    return dict(run["outputs"])


def test_a_person_is_written_by_the_way_that_is_preferred(database_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, database_url, recipes=recipe(CARD_AND_NOTE, EXPECTED)) as post:
        given = booked(post.house, email="ada@example.com", phone=PHONE)
        post.send()

        [request] = post.twilio.requests
        assert b"we+miss+you" in request.body and b"%2415.00" in request.body
        assert post.box.mails == []
        card = given["card"]["id"]
        assert told(post.house, card) == ["gift_card.delivered"]
        [kept] = post.notifications
        assert kept["run_id"] is not None and kept["card_id"] == card and kept["contact_id"] is not None


@pytest.mark.parametrize("shop_has_id", [False, True], ids=["by address", "by the shop's id"])
def test_an_address_planted_before_the_shop_knew_them_leads_no_card_away(
    database_url: str, tmp_path: Path, shop_has_id: bool
) -> None:
    """A thief fills in a form with his address beside hers; then the shop says which are hers."""
    steps = (
        "  - issue_card: {amount: 15.00 USD, delivery: email}\n  - notify: {via: [sms], template: win-back}"
    )
    with open_post_house(tmp_path, database_url, recipes=recipe(steps, EXPECTED, on="order.paid")) as post:
        house = post.house
        for name, phone, planted in (
            ("mia", "+14155550113", {"email": "thief@example.com"}),
            ("zoe", "+14155550114", {"phone": "+14155550199"}),
        ):
            hers = {"email": f"{name}@example.com", "phone": phone}
            house.tell(type="form.submitted", id=f"f-{name}", **{**hers, **planted})
            known = {"external_id": f"c-{name}"} if shop_has_id else {}
            order = {"order_id": f"o-{name}", "amount": "80.00", "currency": "USD"}
            house.tell(type="order.paid", **order, **hers, **known)
        post.send()

        mails = sorted(one.message["To"] for one in post.box.mails)
        assert mails == ["mia@example.com", "zoe@example.com"]
        texts = b" ".join(one.body for one in post.twilio.requests)
        assert [texts.count(one) for one in (b"4155550113", b"4155550114", b"4155550199")] == [1, 1, 0]
        assert len(house.rows("contacts")) == 2

        house.tell(type="form.submitted", id="again", email="thief@example.com", phone="+14155550199")
        assert len(house.rows("contacts")) == 3, "the thief's own addresses find nobody of them"


def test_whom_the_first_way_does_not_reach_the_next_one_does(sqlite_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, sqlite_url, recipes=recipe(CARD_AND_NOTE, EXPECTED)) as post:
        booked(post.house, email="ada@example.com", first_name="Ada")
        post.send()

        [mail] = post.box.mails
        assert mail.message["Subject"] == "We miss you at Glow Spa"
        assert "Dear Ada," in mail.part("plain")


def test_whom_nothing_reaches_gets_the_card_and_the_run_says_why(sqlite_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, sqlite_url, recipes=recipe(CARD_AND_NOTE, EXPECTED)) as post:
        given = booked(post.house, external_id="c-1")

        assert given["card"] is not None and post.notifications == []
        assert {"sent": False, "why": "the contact has no email"}.items() <= given["steps"]["notify"].items()


def test_without_a_configured_way_nothing_is_promised(sqlite_url: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"mail": None, "texts": None}
    with open_post_house(tmp_path, sqlite_url, recipes=recipe(CARD_AND_NOTE, EXPECTED), **how) as post:
        given = booked(post.house, email="ada@example.com", phone=PHONE)

        assert given["steps"]["notify"]["why"] == "nothing is set up that sends email"


def test_in_a_sandbox_it_is_simulated_and_can_be_read(sqlite_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, sqlite_url, recipes=recipe(CARD_AND_NOTE, EXPECTED)) as post:
        make_sandbox(post.house)
        card = booked(post.house, phone=PHONE)["card"]["id"]

        assert post.send() == 0 and post.twilio.requests == []
        [kept] = post.notifications
        assert kept["state"] == "simulated" and told(post.house, card) == ["gift_card.delivered"]
        shown = post.house.gateway.notifications.one(post.house.account, kept["id"], shows_text=True)
        assert shown["content"]["text"].startswith("Glow Spa: we miss you. A gift card of $15.00")


def test_a_card_that_was_given_before_a_wait_is_known_after_it(sqlite_url: str, tmp_path: Path) -> None:
    steps = (
        "  - issue_card: {amount: 15.00 USD}\n  - wait: 3 days\n  - notify: {via: email, template: win-back}"
    )
    expect = "[issue_card: {amount: 15.00 USD}, wait, notify: {template: win-back}]"
    with open_post_house(tmp_path, sqlite_url, recipes=recipe(steps, expect)) as post:
        post.house.tell(type="booking.completed", id="b1", email="ada@example.com")
        post.house.clock.forward(timedelta(days=3))
        post.house.gateway.tick()
        post.send()

        assert len(post.box.mails) == 1 and "$15.00" in post.box.mails[0].part("plain")


def test_somebody_else_can_be_written(sqlite_url: str, tmp_path: Path) -> None:
    steps = "  - notify: {via: email, template: credit-reminder, to: bob@example.com}"
    with open_post_house(
        tmp_path, sqlite_url, recipes=recipe(steps, "[notify: {template: credit-reminder}]")
    ) as post:
        bob = post.house.issue(2500, contact={"email": "bob@example.com"})
        post.house.tell(type="booking.completed", id="b1", email="ada@example.com")
        post.send()

        [mail] = post.box.mails
        assert mail.to == ["bob@example.com"] and mail.message["Subject"] == "You have $25.00 at Glow Spa"
        assert told(post.house, bob["id"]) == []  # it speaks of no card


def test_a_notification_starts_no_circle(sqlite_url: str, tmp_path: Path) -> None:
    """A recipe on gift_card.delivered that notifies about the card would write to a person for ever."""
    texts = recipe(
        "  - notify: {via: email, template: vip-thanks}",
        "[notify: {template: vip-thanks}]",
        on="gift_card.delivered",
    )
    with open_post_house(tmp_path, sqlite_url, recipes=texts) as post:
        assert [entry["status"] for entry in post.house.gateway.recipes()] == ["live"]
        post.house.issue(2500, contact={"email": "ada@example.com"}, delivery="email")
        for _ in range(4):
            post.send()
            post.house.gateway.tick()

        assert len(post.box.mails) == 2  # the card, and the recipe's one letter about that


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"template": "no-such"}, "there is no template"),
        ({"template": "win-back"}, "speaks of a card"),
        ({"template": "win-back", "card": "ABCD-EFGH"}, "is a card's id"),
    ],
)
def test_what_cannot_be_written_fails_the_run(shop: House, fields: dict[str, str], wrong: str) -> None:
    contact = shop.issue(1, contact={"email": "a@example.com"})["contact_id"]

    def work(tx: Writing) -> None:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        whom = desk.find_contact(contact)
        with pytest.raises(RunFailed, match=wrong):
            notifying.notify(desk, {"via": ["email"], **fields}, Met("run_1", whom, None, {}))

    make_sandbox(shop)
    shop.gateway.parts.writer.run(work)
