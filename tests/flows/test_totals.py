"""What an event adds to a contact's totals: one fact for each booking, sale, refund and award."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.domain.events import BOOKING_STATES, Booking, Event, Invoice, Order, Payment, Refund
from connector.domain.money import Money
from connector.flows.totals import facts_of

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
DOLLARS = Money(8000, "USD")


def an_event(event_type: str, **parts: Any) -> Event:
    return Event(type=event_type, occurred_at=AT, data={}, **parts)


@pytest.mark.parametrize("state", BOOKING_STATES)
def test_a_booking_is_one_fact_whatever_became_of_it(state: str) -> None:
    ended = AT - timedelta(hours=1)

    [fact] = facts_of(
        an_event(f"booking.{state}", booking=Booking("b-1", state, ends_at=ended)), counts_spend=True
    )

    assert (fact.kind, fact.subject, fact.state, fact.at) == ("booking", "b-1", state, ended)


def test_of_two_states_told_at_one_moment_the_later_in_life_ranks_higher() -> None:
    ranks = [
        facts_of(an_event(f"booking.{state}", booking=Booking("b-1", state)), counts_spend=True)[0].rank
        for state in BOOKING_STATES
    ]

    assert ranks == sorted(set(ranks))


def test_an_invoice_and_the_payments_that_name_it_are_one_sale() -> None:
    told = [
        an_event("invoice.paid", invoice=Invoice("i-1", DOLLARS)),
        an_event("payment.succeeded", payment=Payment("p-1", DOLLARS, invoice_id="i-1")),
        an_event("payment.succeeded", payment=Payment("p-2", DOLLARS, invoice_id="i-1")),
    ]

    found = [facts_of(event, counts_spend=True)[0] for event in told]

    assert len({fact.subject for fact in found}) == 3, "each of them has its own amount"
    assert {fact.part_of for fact in found} == {found[0].subject}


def test_a_payment_that_names_no_invoice_is_a_sale_of_its_own() -> None:
    [fact] = facts_of(an_event("payment.succeeded", payment=Payment("p-1", DOLLARS)), counts_spend=True)

    assert (fact.subject, fact.part_of) == ("payment:p-1", None)


def test_an_order_an_invoice_and_a_payment_of_one_number_are_three_sales() -> None:
    told = [
        an_event("order.paid", order=Order("7", DOLLARS)),
        an_event("invoice.paid", invoice=Invoice("7", DOLLARS)),
        an_event("payment.succeeded", payment=Payment("7", DOLLARS)),
    ]

    assert len({facts_of(event, counts_spend=True)[0].subject for event in told}) == 3


@pytest.mark.parametrize("event_type", ["payment.refunded", "order.refunded"])
def test_a_refund_is_a_fact_of_its_own(event_type: str) -> None:
    [fact] = facts_of(an_event(event_type, refund=Refund("r-1", DOLLARS, of="o-1")), counts_spend=True)

    assert (fact.kind, fact.subject, fact.amount, fact.currency) == ("refund", "r-1", 8000, "USD")


def test_where_another_source_counts_sales_this_one_tells_none_but_visits_and_points() -> None:
    silent = [
        an_event("order.paid", order=Order("o-1", DOLLARS)),
        an_event("payment.refunded", refund=Refund("r-1", DOLLARS)),
    ]
    counted = [
        an_event("booking.completed", booking=Booking("b-1", "completed")),
        an_event("points.earned", points=5),
    ]

    assert [facts_of(event, counts_spend=False) for event in silent] == [[], []]
    assert [len(facts_of(event, counts_spend=False)) for event in counted] == [1, 1]


def test_points_are_known_again_by_their_item_else_by_moment_number_and_what_their_sender_says() -> None:
    def subject(**changed: Any) -> str:
        return facts_of(an_event("points.earned", **{"points": 5, **changed}), counts_spend=True)[0].subject

    assert subject() == subject()
    assert subject(award="p-1") == subject(award="p-1")
    assert len({subject(), subject(points=6), subject(key="k-1"), subject(key="k-2")}) == 4
    assert len({subject(), subject(award="p-1"), subject(award="p-2")}) == 3
    assert "mia" not in subject(award="mia@example.com"), "such a word outlives nobody's erasure"


@pytest.mark.parametrize(
    "event",
    [
        an_event("order.paid", order=Order("o-1")),
        an_event("order.paid"),
        an_event("booking.completed"),
        an_event("points.earned"),
        an_event("form.submitted"),
        an_event("payment.refunded", refund=Refund("r-1")),
        an_event("custom.visit", booking=Booking("b-1", "completed")),
    ],
)
def test_what_says_nothing_countable_adds_nothing(event: Event) -> None:
    assert facts_of(event, counts_spend=True) == []


def test_an_invoice_and_the_payments_of_its_order_are_one_sale() -> None:
    told = [
        an_event("invoice.paid", invoice=Invoice("i-1", DOLLARS, order_id="o-1")),
        an_event("payment.succeeded", payment=Payment("p-1", DOLLARS, order_id="o-1")),
        an_event("payment.succeeded", payment=Payment("p-2", DOLLARS)),
    ]
    whole, part, alone = (facts_of(event, counts_spend=True)[0] for event in told)
    assert (whole.part_of, part.part_of, alone.part_of) == (whole.subject, whole.subject, None)


def test_a_booking_whose_place_another_took_never_takes_place() -> None:
    event = an_event("booking.rescheduled", booking=Booking("b-2", "rescheduled"), replaces="b-1")
    told = facts_of(event, counts_spend=True)
    assert [(fact.subject, fact.state) for fact in told] == [("b-2", "rescheduled"), ("b-1", "cancelled")]
    assert told[1].detail == {"renamed": {"b-1": "b-2"}}
