"""SimplyBook.me: a secret in the path, and a body of ids."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from connector.adapters import kit
from connector.domain.errors import NotFound, NotUnderstood, SignatureRefused
from connector.domain.events import Booking, Event

from .deliveries import NOW, a_delivery, a_source, keys, opened, read_all, read_one, without_header
from .recorded import fields_of

CHANGE: Final = fields_of("simplybook__change")


def test_the_secret_is_the_last_part_of_the_path() -> None:
    source = a_source("simplybook", secrets=["new", "glow-simplybook-secret"])
    bare = without_header(a_delivery(source, CHANGE), "authorization")
    assert opened(source, replace(bare, token="glow-simplybook-secret"))
    assert opened(source, replace(bare, token="new"))
    with pytest.raises(NotFound):
        opened(source, replace(bare, token="glow-simplybook-secreT"))
    with pytest.raises(SignatureRefused):
        opened(source, bare)


def test_the_recorded_change() -> None:
    source = a_source("simplybook")
    assert read_one(source, a_delivery(source, CHANGE)) == Event(
        type="booking.rescheduled", occurred_at=NOW, data=CHANGE, booking=Booking("2262", "rescheduled")
    )


@pytest.mark.parametrize(("name", "status"), [("create", "created"), ("cancel", "cancelled")])
def test_a_form_says_the_same(name: str, status: str) -> None:
    source = a_source("simplybook")
    body = urlencode({**CHANGE, "notification_type": name}).encode()
    event = read_one(source, a_delivery(source, body, content_type=kit.FORM))
    assert event.booking == Booking("2262", status)


@pytest.mark.parametrize("name", ["notify", "remind", "x"])
def test_a_reminder_is_passed_over(name: str) -> None:
    source = a_source("simplybook")
    assert read_all(source, a_delivery(source, {**CHANGE, "notification_type": name})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `notification_type`, `booking_id`"),
        ({"notification_type": "create"}, "looked for `booking_id`"),
        ({"notification_type": "create", "booking_id": "null"}, "looked for `booking_id`"),
        ({"notification_type": "create", "booking_id": []}, "`booking_id`"),
    ],
)
def test_what_cannot_be_understood_is_said(body: dict[str, Any], said: str) -> None:
    source = a_source("simplybook")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_what_happens_once_is_remembered_for_ever_and_a_change_for_ten_minutes() -> None:
    source = a_source("simplybook")
    assert keys(source, a_delivery(source, CHANGE)) == (kit.Key("change 2262", weak=True),)
    create = {**CHANGE, "notification_type": "create", "booking_hash": "another"}
    assert keys(source, a_delivery(source, create)) == (kit.Key("create 2262"),)
    assert keys(source, a_delivery(source, {"notification_type": "create"})) == ()
