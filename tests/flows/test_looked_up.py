"""HubSpot, SimplyBook.me and Vagaro name nobody but by id: with a credential their own APIs say who."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from connector.flows.asking import NOT_AGREED
from tests.kit.house import House, open_house
from tests.kit.platform import Platform

from .bookings import VISITED

CREDENTIALS: Final = {
    "hubspot": "pat-na1-glow",
    "simplybook": "glowspa:api-key:secret-key",
    "vagaro": "client-7:secret-key",
}
ADA: Final = "ada@example.com"
WHO: Final = {"email": ADA, "phone": "+14155550113", "firstname": "Ada", "lastname": "Bell"}
CUSTOMER: Final = {"email": ADA, "mobilePhone": "4155550113", "customerFirstName": "Ada"}
BOOKED: Final = {
    "client_name": "Ada Bell",
    "client_email": ADA,
    "client_phone": "+14155550113",
    "event_name": "Hot stone massage",
    "start_date_time": "2026-11-20 11:00:00",
    "end_date_time": "2026-11-20 12:00:00",
}


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture
def spa(sqlite_url: str, tmp_path: Path, platform: Platform) -> Iterator[House]:
    sources = {
        name: {
            "adapter": name,
            "credential": credential,
            "options": {
                "api_url": platform.url,
                **({"addresses": ["192.0.2.7"]} if name == "vagaro" else {}),
            },
        }
        for name, credential in CREDENTIALS.items()
    }
    house = open_house(tmp_path, sqlite_url, recipes={"visited": VISITED}, sources=sources)
    yield house
    house.gateway.close()


def told(house: House, source: str, event: str) -> dict[str, Any]:
    """The one event that a sample comes to once the platform's API was asked."""
    assert house.send(source, event).status == 202
    house.gateway.run_backlog()
    [row] = house.rows("events")
    assert not any(credential in house.everything() for credential in CREDENTIALS.values())
    return dict(json.loads(row["envelope"]))


def test_hubspot_says_who_a_contact_is(spa: House, platform: Platform) -> None:
    path = "/crm/v3/objects/contacts/51-sample-1?properties=email,phone,firstname,lastname"
    platform.holds_at(path, {"id": "51", "properties": WHO})

    shown = told(spa, "hubspot", "contact.created")

    assert (shown["contact"]["email"], shown["contact"]["external_id"]) == (ADA, "51-sample-1")
    [asked] = platform.requests
    assert (asked.method, asked.header("authorization")) == ("GET", "Bearer pat-na1-glow")


def test_hubspot_says_what_a_deal_is_worth_and_whose_it_is(spa: House, platform: Platform) -> None:
    deal = "/crm/v3/objects/deals/51-sample-1?properties=amount,deal_currency_code&associations=contacts"
    platform.holds_at(
        deal,
        {
            "properties": {"amount": "620.50", "deal_currency_code": "EUR"},
            "associations": {"contacts": {"results": [{"id": "77", "type": "deal_to_contact"}]}},
        },
    )
    platform.holds_at(
        "/crm/v3/objects/contacts/77?properties=email,phone,firstname,lastname", {"properties": WHO}
    )

    shown = told(spa, "hubspot", "deal.won")

    assert shown["deal"]["value"] == {"amount": "620.50", "currency": "EUR"}
    assert (shown["contact"]["email"], shown["contact"]["external_id"]) == (ADA, "77")


def test_a_deal_of_nobody_is_still_won(spa: House, platform: Platform) -> None:
    deal = "/crm/v3/objects/deals/51-sample-1?properties=amount,deal_currency_code&associations=contacts"
    platform.holds_at(deal, {"properties": {"amount": None}})
    shown = told(spa, "hubspot", "deal.won")
    assert (shown["contact"], shown["deal"]["value"]) == (None, None)


def test_simplybook_says_who_booked_and_when_which_completes_the_visit(
    spa: House, platform: Platform
) -> None:
    platform.holds_at("/login", {"jsonrpc": "2.0", "result": "token-1", "id": 1})
    platform.holds_at("/", {"jsonrpc": "2.0", "result": BOOKED, "id": 1})

    shown = told(spa, "simplybook", "booking.created")

    assert shown["contact"]["email"] == ADA
    assert shown["booking"]["ends_at"] == "2026-11-20T17:00:00Z"
    login, details = platform.requests
    assert json.loads(login.body)["params"] == ["glowspa", "api-key"]
    assert (details.header("x-company-login"), details.header("x-token")) == ("glowspa", "token-1")
    # printf 'sample-1514ccafaa45aa779ff50e4642c37ba5dsecret-key' | md5sum
    assert json.loads(details.body)["params"] == ["sample-1", "7279d284e67226836c46d79bd680d697"]
    spa.clock.forward(timedelta(hours=3))
    spa.gateway.tick()
    assert (spa.snapshot(ADA)["visits"], len(spa.cards())) == (1, 1)


@pytest.mark.parametrize("said", ["0", 0, False])
def test_a_booking_that_the_company_has_still_to_confirm_is_made_once_it_is(
    spa: House, platform: Platform, said: object
) -> None:
    platform.holds_at("/login", {"result": "token-1"})
    platform.holds_at("/", {"result": {**BOOKED, "is_confirmed": said}})
    spa.send("simplybook", "booking.created")
    spa.gateway.run_backlog()
    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], kept["reason"], spa.rows("events")) == ("ignored", NOT_AGREED, [])

    platform.holds_at("/", {"result": {**BOOKED, "is_confirmed": "1"}})
    for _ in range(2):  # the second changes a note
        spa.send("simplybook", "booking.rescheduled")
        spa.gateway.run_backlog()
        spa.clock.forward(timedelta(minutes=11))

    assert [row["type"] for row in spa.rows("events")] == ["booking.created"]


@pytest.mark.parametrize(
    "answer", [{"error": {"message": "Access denied"}}, {"result": None}, {"result": 7}, {}]
)
def test_a_refusal_of_simplybook_is_no_booking(
    spa: House, platform: Platform, answer: dict[str, Any]
) -> None:
    platform.holds_at("/login", answer)
    spa.send("simplybook", "booking.created")
    spa.gateway.run_backlog()
    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], kept["tries"], spa.rows("events")) == ("accepted", 1, [])


@pytest.mark.parametrize("shape", [dict, list])
def test_vagaro_says_who_is_behind_a_customers_id(spa: House, platform: Platform, shape: type) -> None:
    platform.holds_at("/api/v2/merchants/generate-access-token", {"data": {"access_token": "token-1"}})
    platform.holds_at("/api/v2/customers", {"data": CUSTOMER if shape is dict else [CUSTOMER]})

    shown = told(spa, "vagaro", "booking.created")

    assert (shown["contact"]["email"], shown["contact"]["external_id"]) == (ADA, "ada-sample-1")
    login, asked = platform.requests
    assert json.loads(login.body) == {
        "clientId": "client-7",
        "clientSecretKey": "secret-key",
        "scope": "customers",
    }
    assert asked.header("accesstoken") == "token-1"
    assert json.loads(asked.body) == {"businessId": "YcuoP43A7DPCKddsoMuIXw==", "customerId": "ada-sample-1"}


def test_vagaro_without_a_token_is_asked_again_later(spa: House, platform: Platform) -> None:
    platform.holds_at("/api/v2/merchants/generate-access-token", {"responseCode": 1001})
    spa.send("vagaro", "booking.created")
    spa.gateway.run_backlog()
    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], kept["tries"], spa.rows("events")) == ("accepted", 1, [])


def test_who_is_named_already_is_not_asked_for(spa: House, platform: Platform) -> None:
    assert spa.send("vagaro", "contact.created").status == 200
    assert spa.send("hubspot", "contact.updated").status == 200
    assert platform.requests == []
