"""Make: what its HTTP module posts."""

import pytest

from connector.adapters import kit
from connector.adapters.make import ADAPTER
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one

VISIT = {
    "type": "booking.completed",
    "id": "visit-5",
    "booking_id": "bk-5",
    "service": "Facial",
    "starts_at": "2026-11-20T10:00:00",
    "ends_at": "2026-11-20T11:00:00",
    "amount": "80.00",
    "email": "ada@example.com",
    "tags": ["VIP", "VIP", " gold "],
}


def test_what_makes_http_module_sends_with_a_basic_credential_is_taken() -> None:
    source = a_source("make", secrets=["glow-make-secret"])
    # printf 'make:glow-make-secret' | base64
    headers = {"content-type": "application/json", "authorization": "Basic bWFrZTpnbG93LW1ha2Utc2VjcmV0"}
    body = b'{"type":"survey.completed","id":"s-1","email":"ada@example.com"}'
    request = Request("POST", URL, headers, body, "203.0.113.9", NOW)
    assert opened(source, request)
    assert read_one(source, request).type == "survey.completed"
    with pytest.raises(SignatureRefused):
        opened(a_source("make", secrets=["another"]), request)


def test_a_visit_is_read_with_the_sources_clock_and_currency() -> None:
    source = a_source("make", currency="EUR", timezone="Europe/Berlin")
    event = read_one(source, a_delivery(source, VISIT))
    booking = event.booking
    assert booking is not None
    assert (booking.id, booking.status, booking.service) == ("bk-5", "completed", "Facial")
    assert booking.price == Money(8000, "EUR")
    assert booking.starts_at is not None
    assert booking.starts_at.isoformat() == "2026-11-20T09:00:00+00:00"
    assert event.contact is not None
    assert event.contact.tags == ("VIP", "gold")
    assert keys(source, a_delivery(source, VISIT)) == (kit.Key("booking.completed visit-5"),)


@pytest.mark.parametrize("amount", ["1.234,50", "1,234.50", "80,00", "1 234.50"])
def test_a_number_with_a_locales_signs_is_refused_not_guessed(amount: str) -> None:
    """Threats, row 90."""
    source = a_source("make")
    with pytest.raises(NotUnderstood, match="`amount`"):
        read_all(source, a_delivery(source, {**VISIT, "amount": amount}))


def test_an_array_of_bundles_is_refused_by_name() -> None:
    """Threats, row 90."""
    source = a_source("make")
    with pytest.raises(NotUnderstood, match="found a JSON list"):
        read_all(source, a_delivery(source, b'[{"type": "custom.x"}]'))


def test_it_is_told_429_when_we_are_busy_since_it_repeats_only_those() -> None:
    assert ADAPTER.answers.busy == 429
