"""Paths go through mappings and lists of closed and open sets, and nowhere else."""

import pytest

from connector.domain import events
from connector.domain.contacts import Person
from connector.domain.money import Money
from connector.recipes.names import CONTACT, EVENT, MISSING, UNKNOWN, Scope, UnknownYet, resolve
from connector.recipes.values import Amount

from .making import NOW, a_contact, a_scene, an_event


def test_every_part_of_an_event_of_ours_can_be_read() -> None:
    event = events.Event(
        type="booking.completed",
        occurred_at=NOW,
        data={},
        contact=Person(email="ada@example.com"),
        booking=events.Booking("1", "completed", "x", NOW, NOW, Money(1, "USD")),
        invoice=events.Invoice("1", Money(1, "USD"), "3"),
        payment=events.Payment("1", Money(1, "USD"), "2", "3"),
        order=events.Order("1", Money(1, "USD"), (events.Line("l", gift_card=True),)),
        refund=events.Refund("1", Money(1, "USD"), "2"),
        form=events.Form("1", "t", {"q": "a"}),
        deal=events.Deal("1", Money(1, "USD")),
        points=5,
        tag="VIP",
        referrer=Person(email="bob@example.com"),
        derived=True,
    )
    shown = events.envelope(event, event_id="evt_1", source="s", adapter="a", account="c")

    assert set(shown) == set(EVENT)
    for name, part in shown.items():
        if isinstance(part, dict) and name not in ("data",):
            assert set(part) == set(EVENT[name]), name


def test_every_name_of_a_contact_resolves() -> None:
    for name in CONTACT:
        assert resolve(f"contact.{name}", Scope()).text == f"contact.{name}"


def test_null_is_missing_in_the_envelope_and_a_value_in_the_payload() -> None:
    scene = a_scene(an_event(booking={"service": None}, data={"x": None}), a_contact(attributes={"x": None}))

    assert resolve("event.booking.service", Scope()).look(scene) is MISSING
    assert resolve("event.data.x", Scope()).look(scene) is None
    assert resolve("contact.attributes.x", Scope()).look(scene) is MISSING


def test_a_sum_has_an_amount_and_a_currency_wherever_it_comes_from() -> None:
    scene = a_scene(an_event(order={"total": {"amount": "19.99", "currency": "USD"}}), a_contact())

    assert str(resolve("event.order.total.amount", Scope()).look(scene)) == "19.99"
    assert resolve("contact.spent.currency", Scope()).look(scene) == "USD"
    assert isinstance(resolve("event.order.total", Scope()).look(scene), Amount)


def test_what_a_shadow_run_did_not_do_is_unknown_rather_than_missing() -> None:
    scene = a_scene()
    scene.previous = UNKNOWN

    with pytest.raises(UnknownYet):
        resolve("previous.card.id", Scope(previous=("card",))).look(scene)


@pytest.mark.parametrize("index", ["-1", "99999999999999999999", "1x", "٣"])
def test_an_odd_index_leads_nowhere(index: str) -> None:
    scene = a_scene(an_event(data={"items": ["a", "b"]}))

    path = resolve(f'event.data.items["{index}"]', Scope())

    assert path.look(scene) is MISSING
