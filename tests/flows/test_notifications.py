"""Notifications: written with the deed, sent at least once after it, told of when they were taken.

S000-49, S000-50, S004-18, S004-20, S004-34, S004-35, S004-37, S004-56 (the statuses can be seen).
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.domain.errors import Conflict, DeliveryNotConfigured, NotFound
from connector.domain.notifications import SCHEDULE, Refused, Sending, Written
from connector.flows import notifications
from connector.store import notifications as rows
from connector.store import tables
from tests.flows.post import MIA, PHONE, PostHouse, open_post_house
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, last_told, row_of, told, trail
from tests.kit.house import BY_HAND
from tests.kit.receiver import Reply

LONGEST = timedelta(hours=36)


@pytest.fixture
def post(sqlite_url: str, tmp_path: Path) -> Iterator[PostHouse]:
    with open_post_house(tmp_path, sqlite_url) as built:
        yield built


@pytest.fixture
def post_on_both(database_url: str, tmp_path: Path) -> Iterator[PostHouse]:
    with open_post_house(tmp_path, database_url) as built:
        yield built


def test_a_card_goes_out_by_mail_after_its_commit_and_is_told_of_once_it_was_taken(
    post_on_both: PostHouse,
) -> None:
    """S004-02, S004-49."""
    post, house = post_on_both, post_on_both.house
    card = house.issue(
        2500, recipient=MIA, delivery="email", message="Happy birthday", sender={"name": "Bob"}
    )

    assert told(house, card["id"]) == [] and row_of(house, card["id"])["delivered_at"] is None
    assert [one["state"] for one in post.notifications] == ["pending"]
    assert post.send() == 1
    assert post.send() == 0

    [mail], [kept] = post.box.mails, post.notifications
    assert mail.to == ["mia@example.com"]
    assert mail.message["Subject"] == "A gift card from Bob"
    assert mail.message["From"] == "Glow Spa <gifts@example.com>"
    assert mail.message["Message-ID"] == f"<{kept['id']}@example.com>"
    for words in (mail.part("plain"), mail.part("html")):
        assert "/c/" in words and "$25.00" in words and "USD" in words and "Glow Spa" in words
        assert "Happy birthday" in words and "does not expire" in words and "/balance" in words
        assert card["code"] not in words
    assert told(house, card["id"]) == ["gift_card.delivered"]
    delivery = last_told(house, card["id"])["delivery"]
    assert delivery == {"via": "email", "simulated": False, "notification_id": kept["id"]}
    assert row_of(house, card["id"])["delivered_at"] == THE_MOMENT
    assert trail(house, card["id"]) == ["deliver", "delivered"]
    assert kept["state"] == "sent" and kept["tries"] == 1 and kept["to"] == "mia@example.com"
    house.require_proof()


def test_a_card_goes_out_in_the_language_and_with_the_sums_of_its_recipient(post: PostHouse) -> None:
    """S004-77: a card in any currency, as the recipient's locale writes it; else in English."""
    end = THE_MOMENT + timedelta(days=30)
    how: dict[str, Any] = {"delivery": "email", "currency": "EUR", "expires_at": end}
    post.house.issue(123456, recipient={**MIA, "locale": "de-AT"}, **how)
    post.house.issue(123456, recipient={**MIA, "locale": "it"}, **how)
    post.send()

    [german, other] = post.box.mails
    assert german.message["Subject"] == "Ein Gutschein von Glow Spa"
    assert "€\xa01.234,56" in german.part("plain") and "Gültig bis 20. Dezember 2026." in german.part("plain")
    assert "€1,234.56" in other.part("plain") and "Valid until 20 December 2026." in other.part("plain")


def test_a_card_goes_out_by_text(post: PostHouse) -> None:
    post.twilio.answers(Reply(201, b'{"sid": "SM123", "status": "queued"}'))
    card = post.house.issue(2500, recipient={"phone": "(212) 555-0123"}, delivery="sms")

    assert post.send() == 1

    [request], [kept] = post.twilio.requests, post.notifications
    assert request.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert b"To=%2B12125550123" in request.body and b"%2Fc%2F" in request.body
    assert card["code"].encode() not in request.body
    assert kept["reference"] == "SM123" and kept["to"] == PHONE
    assert told(post.house, card["id"]) == ["gift_card.delivered"]


def test_what_fails_for_a_time_is_tried_again_by_the_schedule(post_on_both: PostHouse) -> None:
    post, house = post_on_both, post_on_both.house
    card = house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.box.answers_recipients("450 4.2.0 greylisted", "451 4.3.0 later")

    post.send()
    [kept] = post.notifications
    assert (kept["state"], kept["reason"], kept["tries"]) == ("retrying", "smtp_450", 1)
    assert post.send() == 0
    for _ in range(2):
        house.clock.forward(SCHEDULE[1] * 1.2)
        assert post.send() == 1

    [kept] = post.notifications
    assert len(post.box.mails) == 1
    assert kept["state"] == "sent" and kept["tries"] == 3 and kept["reason"] is None
    assert told(house, card) == ["gift_card.delivered"]


def test_what_will_never_go_is_told_with_the_reason_and_can_be_sent_again(post: PostHouse) -> None:
    house = post.house
    card = house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.box.answers_recipients("550 5.1.1 <mia@example.com> who?")

    post.send()

    [kept] = post.notifications
    assert (kept["state"], kept["reason"]) == ("failed", "smtp_550")
    assert kept["detail"] == "5.1.1 <…> who?"
    assert told(house, card) == ["gift_card.delivery_failed"]
    assert last_told(house, card)["delivery"]["reason"] == "smtp_550"
    assert row_of(house, card)["delivered_at"] is None
    assert trail(house, card) == ["deliver", "delivery_failed"]

    again = house.gateway.notifications.retry(house.account, BY_HAND, kept["id"]).body
    assert again["state"] == "pending"
    post.send()
    assert told(house, card) == ["gift_card.delivery_failed", "gift_card.delivered"]
    with pytest.raises(Conflict):
        house.gateway.notifications.retry(house.account, BY_HAND, kept["id"])
    with pytest.raises(NotFound):
        house.gateway.notifications.retry(house.other, BY_HAND, kept["id"])


def test_a_card_that_is_delivered_again_is_another_notification(post: PostHouse) -> None:
    card = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.send()
    do(post.house, "deliver", card=card)
    post.send()

    assert told(post.house, card) == ["gift_card.delivered"] * 2
    assert len({mail.message["Message-ID"] for mail in post.box.mails}) == 2


def test_after_the_last_try_it_has_failed(post: PostHouse) -> None:
    card = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.box.answers_recipients(*["450 4.2.0 later"] * (len(SCHEDULE) + 1))

    for _ in range(len(SCHEDULE) + 1):
        assert post.send() == 1
        post.house.clock.forward(LONGEST)

    assert post.send() == 0
    assert post.notifications[0]["state"] == "failed" and post.notifications[0]["tries"] == len(SCHEDULE) + 1
    assert told(post.house, card) == ["gift_card.delivery_failed"]


def test_a_card_for_a_later_day_goes_out_on_it_and_no_sooner(post: PostHouse) -> None:
    """S004-35 and the recipe purchase-gift: on the day chosen."""
    at = THE_MOMENT + timedelta(days=30)
    card = post.house.issue(5000, recipient=MIA, delivery="email", deliver_at=at)["id"]

    assert post.house.gateway.tick() >= 0 and post.send() == 0
    post.house.clock.forward(timedelta(days=30))
    post.house.gateway.tick()
    post.house.gateway.tick()
    post.send()

    assert len(post.box.mails) == 1
    assert told(post.house, card) == ["gift_card.delivered"]


def test_a_card_that_ended_meanwhile_is_not_sent(post: PostHouse) -> None:
    card = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    do(post.house, "disable", card=card)

    post.send()

    assert post.box.mails == []
    assert (post.notifications[0]["state"], post.notifications[0]["reason"]) == ("cancelled", "card_disabled")
    assert told(post.house, card) == ["gift_card.disabled", "gift_card.delivery_failed"]


def test_a_refused_deed_leaves_nothing_to_send(post: PostHouse) -> None:
    with pytest.raises(Exception, match="metadata"):
        post.house.issue(2500, recipient=MIA, delivery="email", metadata={"x": "y" * 10_000})

    assert post.notifications == [] and post.send() == 0


def test_a_way_that_nothing_is_set_up_for_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, sqlite_url, texts=None) as post:
        with pytest.raises(DeliveryNotConfigured, match=r"\[sms\] adapter"):
            post.house.issue(2500, recipient={"phone": PHONE}, delivery="sms")
        both = post.house.issue(2500, recipient={**MIA, "phone": PHONE})["id"]
        assert do(post.house, "deliver", card=both)["gift_card"]["id"] == both

        post.send()
        assert len(post.box.mails) == 1


def test_a_worker_that_died_with_it_is_followed_by_another_that_sends_it_again(
    post_on_both: PostHouse,
) -> None:
    """Nobody knows whether it was sent: it goes again under the same Message-ID, and counts as a try."""
    post, parts = post_on_both, post_on_both.house.gateway.parts
    post.house.issue(2500, recipient=MIA, delivery="email")
    lost = parts.writer.run(
        lambda tx: rows.lease(tx, parts.ring, "email", lease_for=notifications.LEASE_FOR, limit=5)
    )
    parts.senders["email"](Sending(lost[0].public_id, lost[0].to, Written("x", "x")))
    assert post.send() == 0  # its lease still holds
    post.house.clock.forward(notifications.LEASE_FOR)
    assert post.send() == 1

    first, second = post.box.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert post.notifications[0]["state"] == "sent" and post.notifications[0]["tries"] == 2
    # And the first one, had it only been slow, changes nothing any more.
    parts.writer.run(lambda tx: notifications._record(parts, lost[0], Refused("late"), None, tx))
    assert post.notifications[0]["state"] == "sent"


def test_one_that_ends_each_worker_is_given_up(post: PostHouse) -> None:
    card = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    parts = post.house.gateway.parts
    for _ in range(len(SCHEDULE) + 2):
        parts.writer.run(
            lambda tx: rows.lease(tx, parts.ring, "email", lease_for=notifications.LEASE_FOR, limit=5)
        )
        post.house.clock.forward(notifications.LEASE_FOR)
    post.send()

    assert post.notifications[0]["reason"] == "lost" and post.box.mails == []
    assert told(post.house, card) == ["gift_card.delivery_failed"]


def test_addresses_and_texts_are_sealed_and_go_with_the_person(post: PostHouse) -> None:
    house = post.house
    card = house.issue(2500, contact={"email": "ada@example.com"}, delivery="email")
    post.send()
    house.issue(1000, contact={"email": "ada@example.com"}, delivery="email")
    kept = str(house.rows("notifications"))
    assert "ada@example.com" not in kept and "gifts.example.com/c/" not in kept
    assert post.notifications[0]["to"] == "ada@example.com"

    house.gateway.people.erase(house.account, BY_HAND, card["contact_id"])

    sent, waiting = post.notifications
    assert sent["to"] is None and waiting["to"] is None
    assert (sent["state"], waiting["state"], waiting["reason"]) == ("sent", "cancelled", "erased")
    assert house.gateway.notifications.one(house.account, sent["id"], shows_text=True)["content"] is None
    assert post.send() == 0 and len(post.box.mails) == 1


def test_what_was_sent_is_shown_as_it_was(post: PostHouse) -> None:
    card = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.send()
    post.house.redeem(card, 1000)

    [kept] = post.notifications
    shown = post.house.gateway.notifications.one(post.house.account, kept["id"], shows_text=True)["content"]
    assert "On it: $25.00" in shown["text"] and shown["text"] == post.box.mails[0].part("plain")
    assert post.house.gateway.notifications.one(post.house.account, kept["id"])["content"] is None


def test_a_list_is_narrowed_by_what_it_holds(post: PostHouse) -> None:
    by_mail = post.house.issue(2500, recipient=MIA, delivery="email")["id"]
    post.house.issue(2500, recipient={"phone": PHONE}, delivery="sms")
    post.send()

    def ids(**asked: object) -> list[str]:
        return [
            one["card_id"] for one in post.house.gateway.notifications.page(post.house.account, asked).data
        ]

    assert ids(via="email") == ids(card_id=by_mail) == [by_mail]
    assert len(ids(state="sent")) == 2 and ids(state="failed") == ids(template="win-back") == []
    assert ids(since=THE_MOMENT + timedelta(seconds=1)) == []


def test_workers_send_by_themselves_once_they_run(sqlite_url: str, tmp_path: Path) -> None:
    with open_post_house(tmp_path, sqlite_url) as post:
        post.house.gateway.start(look_every_s=60.0)
        try:
            post.house.issue(2500, recipient=MIA, delivery="email")
            [mail] = post.box.wait_for(1)
        finally:
            post.house.gateway.stop(5.0)
        assert mail.to == ["mia@example.com"]


def test_twilio_that_refuses_a_number_is_final_and_its_trouble_is_not(post: PostHouse) -> None:
    house = post.house
    bad = b'{"code": 21211, "message": "The To number +12125550123 is not valid", "status": 400}'
    post.twilio.answers(Reply(400, bad), Reply(429), Reply(500), Reply(401, b'{"code": 20003}'))
    phone = {"phone": PHONE}
    for _ in range(4):
        house.issue(2500, recipient=phone, delivery="sms")
        post.send()

    states = [(one["state"], one["reason"]) for one in post.notifications]
    assert states[0] == ("failed", "twilio_21211")
    assert [state for state, _ in states[1:]] == ["retrying"] * 3
    assert PHONE not in (post.notifications[0]["detail"] or "")


def test_a_template_that_cannot_be_written_waits_to_be_mended(post: PostHouse) -> None:
    house = post.house
    parts = house.gateway.parts
    house.issue(2500, recipient=MIA, delivery="email")
    parts.writer.run(lambda tx: tx.execute(update(tables.notifications).values(template="gone")) and None)

    post.send()

    assert (post.notifications[0]["state"], post.notifications[0]["reason"]) == ("retrying", "template")
