"""What an event amounts to: tags told as whole lists, bookings told again at the same time."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.flows.making import a_house
from tests.kit.house import BY_HAND, House

MINUTE: Final = timedelta(minutes=1)
VIP: Final = """\
recipe: vip
title: A card for a VIP
status: live
on: contact.tag_added
if:
  - event.tag == "VIP"
do:
  - issue_card: {amount: 25.00 USD}
tests:
  - name: the tag
    event: contact.tag_added
    given: {event: {tag: VIP}, contact: {email: mia@example.com}}
    expect: [issue_card: {amount: 25.00 USD}]
  - name: another tag
    event: contact.tag_added
    given: {event: {tag: other}, contact: {email: mia@example.com}}
    expect: nothing
    because: event.tag == "VIP"
"""
ADA: Final = {"id": "c-1", "email": "ada@example.com"}


def tell(house: House, name: str, webhook: str, **fields: Any) -> list[str]:
    """One webhook of HighLevel's marketplace; the types of the events that came of it."""
    return [event["type"] for event in told(house, name, webhook, **fields)["events"]]


def told(house: House, name: str, webhook: str, **fields: Any) -> dict[str, Any]:
    body = {"type": name, "locationId": "L", "webhookId": webhook, **fields}
    request = house.signed("highlevel", "contact.created", body=json.dumps(body).encode())
    return dict(house.receive("highlevel", request).body)


def tagged(house: House) -> list[tuple[str, str]]:
    """Every tag that was told of as put on or taken off, in order."""
    envelopes = [json.loads(row["envelope"]) for row in house.rows("events")]
    return [(one["type"], one["tag"]) for one in envelopes if "tag" in one]


def test_a_list_of_tags_tells_of_each_one_that_it_changes(house: House) -> None:
    assert tell(house, "ContactTagUpdate", "1", **ADA, tags=["newsletter", "VIP"]) == [
        "contact.tag_added",
        "contact.tag_added",
    ]
    assert tell(house, "ContactTagUpdate", "2", **ADA, tags=["VIP", "newsletter"]) == []
    house.clock.forward(MINUTE)
    assert tell(house, "ContactTagUpdate", "3", **ADA, tags=["complaint", "newsletter"]) == [
        "contact.tag_removed",
        "contact.tag_added",
    ]
    house.clock.forward(MINUTE)
    assert tell(house, "ContactTagUpdate", "4", **ADA, tags=[]) == ["contact.tag_removed"] * 2
    assert tagged(house) == [
        ("contact.tag_added", "VIP"),
        ("contact.tag_added", "newsletter"),
        ("contact.tag_removed", "VIP"),
        ("contact.tag_added", "complaint"),
        ("contact.tag_removed", "complaint"),
        ("contact.tag_removed", "newsletter"),
    ]
    assert house.snapshot("ada@example.com")["tags"] == []


def test_a_recipe_begins_on_the_one_tag_that_was_put_on(tmp_path: Path, database_url: str) -> None:
    """Whatever else the list holds, and however often the platform tells it."""
    with a_house(tmp_path, database_url, VIP) as house:
        told(house, "ContactTagUpdate", "1", **ADA, tags=["newsletter"])
        house.clock.forward(MINUTE)
        answer = told(house, "ContactTagUpdate", "2", **ADA, tags=["newsletter", "VIP"])
        assert [run["outcome"] for run in answer["runs"]] == ["done"]
        house.clock.forward(MINUTE)
        assert told(house, "ContactTagUpdate", "3", **ADA, tags=["VIP", "newsletter"])["runs"] == []
        assert len(house.cards()) == 1


def test_tags_that_come_with_another_event_are_told_beside_it(shop: House) -> None:
    """Else the list that comes after it would change nothing any more, and nobody would hear of the tag."""
    assert tell(shop, "ContactCreate", "1", **ADA, tags=["VIP"]) == ["contact.created", "contact.tag_added"]
    assert tell(shop, "ContactTagUpdate", "2", **ADA, tags=["VIP"]) == []
    assert tell(shop, "ContactUpdate", "3", **ADA) == ["contact.updated"]
    assert shop.snapshot("ada@example.com")["tags"] == ["VIP"]


def test_an_older_list_that_comes_late_takes_nothing_away(shop: House) -> None:
    new, old = "2026-11-20T14:00:00Z", "2026-11-20T13:00:00Z"
    assert tell(shop, "ContactTagUpdate", "1", **ADA, timestamp=new, tags=["VIP"]) == ["contact.tag_added"]
    assert tell(shop, "ContactTagUpdate", "2", **ADA, timestamp=old, tags=["gold"]) == []
    assert shop.snapshot("ada@example.com")["tags"] == ["VIP"]


def test_a_copy_of_a_list_tells_nothing_and_gives_the_first_answer(shop: House) -> None:
    first = told(shop, "ContactTagUpdate", "1", **ADA, tags=["VIP"])
    copy = told(shop, "ContactTagUpdate", "1", **ADA, tags=["VIP"])
    assert (copy["status"], copy["events"]) == ("duplicate", first["events"])
    assert len(shop.rows("events")) == 1


def visit(status: str = "confirmed", start: str = "2026-11-20T15:00:00Z") -> dict[str, Any]:
    return {"appointment": {"id": "a-1", "contactId": "c-1", "appointmentStatus": status, "startTime": start}}


def test_a_bookings_update_is_a_rescheduling_only_where_its_time_is_another(house: House) -> None:
    assert tell(house, "AppointmentCreate", "1", **visit()) == ["booking.created"]
    assert tell(house, "AppointmentUpdate", "2", **visit()) == []
    house.clock.forward(MINUTE)
    moved = visit(start="2026-11-20T10:30:00-05:00")
    assert tell(house, "AppointmentUpdate", "3", **moved) == ["booking.rescheduled"]
    house.clock.forward(MINUTE)
    assert tell(house, "AppointmentUpdate", "4", **visit(start="2026-11-20T15:30:00Z")) == []


def test_an_update_of_a_booking_that_nobody_told_of_is_told(shop: House) -> None:
    assert tell(shop, "AppointmentUpdate", "1", **visit()) == ["booking.rescheduled"]


def test_a_visit_that_was_taken_back_counts_no_more_though_nothing_is_told(shop: House) -> None:
    told(shop, "ContactCreate", "0", **ADA)
    assert tell(shop, "AppointmentUpdate", "1", **visit("showed")) == ["booking.completed"]
    assert shop.snapshot("ada@example.com")["visits"] == 1
    shop.clock.forward(MINUTE)
    assert tell(shop, "AppointmentUpdate", "2", **visit()) == []
    assert shop.snapshot("ada@example.com")["visits"] == 0


def test_a_form_fills_no_empty_address_of_somebody_who_is_known(house: House) -> None:
    """A thief fills a form in with her e-mail and a phone of his own: her next card by SMS is not his."""
    told(house, "ContactCreate", "1", **ADA)

    form = json.dumps({"type": "form.submitted", "email": ADA["email"], "phone": "+14155550199"})
    sent = {**house.signed("zapier", "form.submitted").headers, "content-type": "application/json"}
    request = replace(house.signed("zapier", "form.submitted"), headers=sent, body=form.encode())
    assert house.receive("zapier", request).status == 200

    assert house.snapshot("ada@example.com")["phone"] is None
    told(house, "ContactUpdate", "2", **ADA, phone="+14155550113")
    assert house.snapshot("ada@example.com")["phone"] == "+14155550113"


@pytest.mark.parametrize(
    ("source", "sold", "back", "left"),
    [
        ("shopify", "order.paid", "order.refunded", 10000),
        ("stripe", "payment.succeeded", "payment.refunded", 60000),
        ("square", "payment.succeeded", "payment.refunded", 60000),
    ],
)
def test_a_refund_that_names_nobody_is_of_who_paid(
    house: House, source: str, sold: str, back: str, left: int
) -> None:
    """What was given back is not spent: nobody buys and returns their way to a thousand dollars."""
    before = house.send(source, back, is_new=True).body["events"]
    house.send(source, sold)
    [event] = house.send(source, back).body["events"]

    kept = {row["public_id"]: row for row in house.rows("events")}
    [buyer] = house.rows("contacts")
    assert buyer["id"] == kept[event["id"]]["contact_id"]
    assert kept[before[0]["id"]]["contact_id"] is None, "nobody is known who paid that"
    assert json.loads(kept[event["id"]]["envelope"])["contact"] is None, "the platform named nobody"
    assert house.gateway.people.one(house.account, buyer["public_id"])["spent"] == [
        {"amount": left, "currency": "USD"}
    ]


def test_a_refund_of_what_two_people_paid_or_somebody_erased_is_of_nobody(house: House) -> None:
    for who, order in (("mia", "o-1"), ("zoe", "o-1"), ("ada", "o-2")):
        sold = {"order_id": order, "amount": "80.00", "currency": "USD", "email": f"{who}@example.com"}
        house.tell(type="order.paid", id=who, **sold)
    [ada] = [row["public_id"] for row in house.rows("contacts") if row["email"] == "ada@example.com"]
    house.gateway.people.erase(house.account, BY_HAND, ada)

    for order in ("o-1", "o-2", "o-3"):
        house.tell(type="order.refunded", id=f"r-{order}", order_id=order, amount="80.00", currency="USD")

    told = [row for row in house.rows("events") if row["type"] == "order.refunded"]
    assert [row["contact_id"] for row in told] == [None, None, None]


def test_a_refund_of_an_invoice_is_not_of_who_paid_the_order_of_that_number(house: House) -> None:
    sold = {"amount": "80.00", "currency": "USD"}
    house.tell(type="order.paid", id="a", order_id="7", email="ada@example.com", **sold)
    house.tell(type="invoice.paid", id="b", invoice_id="7", **sold)

    house.tell(type="payment.refunded", id="r", invoice_id="7", **sold)

    assert [row["contact_id"] for row in house.rows("events") if row["type"] == "payment.refunded"] == [None]
    [ada] = house.rows("contacts")
    assert house.gateway.people.one(house.account, ada["public_id"])["spent"] == [
        {"amount": 8000, "currency": "USD"}
    ]


def test_an_invoice_of_square_and_its_payments_are_one_sale(house: House) -> None:
    def told(event: str, **fields: Any) -> None:
        body = json.loads(house.signed("square", event).body)
        [thing] = body["data"]["object"].values()
        thing |= {"order_id": "order-1", **fields}
        body["event_id"] = f"{event}-{fields['id']}"
        house.receive("square", house.signed("square", event, body=json.dumps(body).encode()))

    half = {"amount": 31000, "currency": "USD"}
    told("payment.succeeded", id="p-1", total_money=half, customer_id="c-1")
    told("payment.succeeded", id="p-2", total_money=half, customer_id="c-1")
    who = {"primary_recipient": {"customer_id": "c-1"}}
    told("invoice.paid", id="inv:1", payment_requests=[{"total_completed_amount_money": half}] * 2, **who)
    told("payment.succeeded", id="p-3", order_id=None, total_money=half, customer_id="c-1")

    [buyer] = house.rows("contacts")
    assert house.gateway.people.one(house.account, buyer["public_id"])["spent"] == [
        {"amount": 93000, "currency": "USD"}
    ]
