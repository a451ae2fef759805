"""What of a delivery is news: its keys and its events', each known once, in whatever batch it comes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.kit import Key
from connector.domain.events import Event
from connector.flows.news import claim, fresh_of
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.kit.house import House, open_house


def run(house: House, work: Any) -> Any:
    [found] = [one for one in house.gateway.sources(house.account) if one.source.slug == "standard"]
    return house.gateway.parts.writer.run(lambda tx: work(tx, found))


def event(key: str | None) -> Event:
    return Event("order.paid", THE_MOMENT, {}, key=key)


def test_a_key_is_taken_once_whichever_of_a_delivery_s_keys_it_was(shop: House) -> None:
    first = run(shop, lambda tx, found: claim(tx, found, "dlv_1", (Key("a"), Key("b"))))
    again = run(shop, lambda tx, found: claim(tx, found, "dlv_2", (Key("c"), Key("b"))))
    assert (first, again) == (None, "dlv_1")


def test_an_event_is_news_once_in_its_own_batch_and_in_every_later_one(shop: House) -> None:
    batch = [event("o-1"), event(None), event("o-1"), event("o-2")]
    fresh, known = run(shop, lambda tx, found: fresh_of(tx, found, "dlv_1", batch))
    assert ([one.key for one in fresh], known) == (["o-1", None, "o-2"], None)
    fresh, known = run(shop, lambda tx, found: fresh_of(tx, found, "dlv_2", [event("o-2"), event("o-3")]))
    assert ([one.key for one in fresh], known) == (["o-3"], "dlv_1")


@pytest.mark.parametrize("respond", ["now", "async"])
def test_a_platforms_test_that_is_to_be_ignored_is_kept_and_gives_nothing_in_a_live_account(
    sqlite_url: str, tmp_path: Path, respond: str
) -> None:
    """Nor later, by a worker; a sandbox takes it."""
    sources = {"stripe": {"adapter": "stripe", "respond": respond, "options": {"tests": "ignore"}}}
    house = open_house(tmp_path, sqlite_url, recipes={}, sources=sources)
    request = house.signed("stripe", "payment.succeeded")
    body = json.dumps({**json.loads(request.body), "livemode": False}).encode()

    answer = house.receive("stripe", house.signed("stripe", "payment.succeeded", body=body))
    house.gateway.run_backlog()
    [kept] = house.rows("inbound_deliveries")
    assert (answer.status, kept["status"]) == (202 if respond == "async" else 200, "ignored")
    assert kept["reason"] == "a test of Stripe's, which the source's option `tests` leaves out"
    assert (house.rows("events"), house.rows("contacts")) == ([], [])

    make_sandbox(house)
    house.clock.forward(timedelta(seconds=2))  # so long a source is remembered
    house.receive("stripe", house.signed("stripe", "payment.succeeded", body=body.replace(b"evt_", b"evt_2")))
    house.gateway.run_backlog()
    assert [event["type"] for event in house.rows("events")] == ["payment.succeeded"]
    house.gateway.close()


def test_a_platforms_test_counts_where_nobody_says_otherwise(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, recipes={}, sources={"stripe": {"adapter": "stripe"}})
    request = house.signed("stripe", "payment.succeeded")
    body = json.dumps({**json.loads(request.body), "livemode": False}).encode()
    house.receive("stripe", house.signed("stripe", "payment.succeeded", body=body))
    assert [event["type"] for event in house.rows("events")] == ["payment.succeeded"]
    house.gateway.close()


def test_what_is_of_another_account_of_the_platform_is_kept_and_gives_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    sources = {"square": {"adapter": "square", "options": {"merchant_id": "ANOTHER"}}}
    house = open_house(tmp_path, sqlite_url, recipes={}, sources=sources)
    answer = house.send("square", "payment.succeeded")
    [kept] = house.rows("inbound_deliveries")
    assert (answer.status, answer.body["status"], answer.body["events"]) == (200, "ignored", [])
    assert kept["reason"] == "of another account of Square than the source's options name"
    assert (house.rows("events"), house.rows("contacts")) == ([], [])
    house.gateway.close()
