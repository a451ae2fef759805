"""What of a delivery is news: its keys and its events', each known once, in whatever batch it comes."""

from typing import Any

from connector.adapters.kit import Key
from connector.domain.events import Event
from connector.flows.news import claim, fresh_of
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House


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
