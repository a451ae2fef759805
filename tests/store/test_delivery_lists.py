"""Messages and deliveries in lists: newest first, each filter, nothing of another account."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store import delivery_lists, endpoints
from connector.store.delivery_lists import Bounds
from connector.store.delivery_tables import webhook_deliveries
from connector.store.engine import Engines
from connector.store.settling import Settled
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.store.making import AnyWriter
from tests.store.sending import add, an_endpoint, lease, rows, settle, stored_card


@pytest.fixture
def filled(
    writer: AnyWriter, ring: KeyRing, account: Account, other: Account, clock: FixedClock
) -> dict[str, Any]:
    """Four messages, two of them of a card, for two endpoints; the first one's deliveries have ended."""
    made = [an_endpoint(writer, ring, account, window=4) for _ in range(2)]
    an_endpoint(writer, ring, other)
    card = stored_card(writer, ring, account, 1)
    add(writer, account)
    for place, leased in enumerate(lease(writer, clock)):
        settle(
            writer,
            leased,
            Settled("dead", "gone", None, "gone") if place else Settled("delivered", "delivered"),
        )
    clock.forward(timedelta(hours=1))
    add(writer, account, "gift_card.issued", card_id=card, sequence=1)
    add(writer, account, "gift_card.redeemed", card_id=card, sequence=2)
    add(writer, account, "custom.thanks")
    add(writer, other)
    return {"endpoint": made[0].id, "card": card}


FOUND: list[tuple[dict[str, Any], int]] = [
    ({}, 8),
    ({"state": "delivered"}, 1),
    ({"state": "dead", "outcome": "gone"}, 1),
    ({"state": "pending"}, 6),
    ({"state": "cancelled"}, 0),
    ({"outcome": "gone"}, 1),
    ({"outcome": "delivered"}, 1),
    ({"outcome": "internal"}, 0),
    ({"outcome": "gone", "type": "ping"}, 1),
    ({"outcome": "gone", "until": THE_MOMENT}, 0),
    ({"type": "custom.thanks"}, 2),
    ({"since": THE_MOMENT + timedelta(hours=1)}, 6),
    ({"until": THE_MOMENT + timedelta(hours=1)}, 2),
    ({"state": "delivered", "type": "custom.thanks"}, 0),
]


def test_deliveries_are_found_by_what_is_asked(
    engines: Engines, account: Account, filled: dict[str, Any]
) -> None:
    """However many there are: one by one, in a block, or all of the list."""
    with engines.reading() as connection:
        for filters, count in FOUND:
            found = delivery_lists.page(connection, account.id, filters, limit=50)

            assert len(found) == count, filters
            assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)
            for bounds in (Bounds(0, 1, 0), Bounds(0, 1, 9), Bounds(0, 9, 0)):
                again = delivery_lists.page(connection, account.id, filters, limit=50, bounds=bounds)
                assert again == found, (filters, bounds)


def test_they_are_found_by_what_they_belong_to_a_page_at_a_time(
    engines: Engines, account: Account, filled: dict[str, Any]
) -> None:
    with engines.reading() as connection:
        of_card = delivery_lists.page(connection, account.id, {"card": filled["card"]}, limit=50)
        first = delivery_lists.page(connection, account.id, {"endpoint": filled["endpoint"]}, limit=3)
        rest = delivery_lists.page(
            connection, account.id, {"endpoint": filled["endpoint"]}, before=first[-1].id, limit=3
        )
        one = delivery_lists.find(connection, account.id, of_card[0].public_id)
        strange = delivery_lists.find(connection, account.id + 1, of_card[0].public_id)
        assert delivery_lists.count_open(connection, filled["endpoint"]) == 3

    assert {each.type for each in of_card} == {"gift_card.issued", "gift_card.redeemed"}
    assert len(of_card) == 4
    assert (len(first), len(rest)) == (3, 1)
    assert (one, strange) == (of_card[0], None)


def test_a_list_of_many_goes_on_where_the_page_before_ended(
    engines: Engines, writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    """However it is read: one by one, in a block, or all of it."""
    made = [an_endpoint(writer, ring, account, window=9) for _ in range(2)]
    for number in range(4):
        clock.forward(timedelta(minutes=1))
        add(writer, account, "gift_card.issued" if number % 2 else "ping")
    gone = Settled("dead", "gone", None, "gone")
    for place, leased in enumerate(lease(writer, clock)):
        settle(writer, leased, Settled("delivered", "delivered") if place % 3 else gone)
    add(writer, account)
    some = webhook_deliveries.c.id % 3 == 0
    writer.run(lambda tx: tx.execute(update(webhook_deliveries).where(some).values(state="cancelled")))
    late = update(webhook_deliveries).where(
        webhook_deliveries.c.id % 2 == 0
    )  # two began, the first wrote last
    writer.run(lambda tx: tx.execute(late.values(created_at=THE_MOMENT + timedelta(minutes=2))))

    here, issued = {"endpoint": made[0].id}, {"type": "gift_card.issued"}
    lists: tuple[dict[str, Any], ...] = (
        *({}, issued, {"outcome": "gone"}, {"since": THE_MOMENT}, here),
        *({"state": "cancelled", **here}, {**issued, **here, "since": THE_MOMENT}),
    )
    for filters in lists:
        with engines.reading() as connection:
            ask = partial(delivery_lists.page, connection, account.id, filters)
            every = ask(limit=50)
            for bounds in (Bounds(), Bounds(1, 2, 1), Bounds(1, 2, 99)):
                pages, before = list[delivery_lists.Listed](), None
                while found := ask(limit=2, before=before, bounds=bounds):
                    pages += found
                    before = found[-1].id

                assert pages == every, (filters, bounds)
        assert len(every) > 0


def test_messages_are_found_by_type_card_and_time(
    engines: Engines, account: Account, filled: dict[str, Any]
) -> None:
    def found(limit: int = 50, before: int | None = None, **filters: Any) -> list[str]:
        with engines.reading() as connection:
            page = delivery_lists.messages_page(connection, account.id, filters, before=before, limit=limit)
        return [one.type for one in page]

    newest_first = ["custom.thanks", "gift_card.redeemed", "gift_card.issued", "ping"]
    assert found() == newest_first
    assert found(card=filled["card"]) == newest_first[1:3]
    assert found(type="ping") == ["ping"]
    assert found(since=THE_MOMENT + timedelta(hours=1), limit=1) == newest_first[:1]
    assert found(until=THE_MOMENT + timedelta(hours=1)) == ["ping"]


def test_names_become_numbers_only_within_the_account(
    writer: AnyWriter, engines: Engines, account: Account, other: Account, filled: dict[str, Any]
) -> None:
    with engines.reading() as connection:
        [mine, *_] = endpoints.of_account(connection, account.id)
        [(message,)] = rows(engines, "public_id", "messages WHERE type = 'custom.thanks'")

        found = delivery_lists.numbers(
            connection, account.id, {"endpoint": mine.public_id, "message": message}
        )
        assert found is not None
        assert found["endpoint"] == mine.id
        assert delivery_lists.numbers(connection, other.id, {"endpoint": mine.public_id}) is None
        assert delivery_lists.numbers(connection, account.id, {"card": "gc_\u0660"}) is None
        newest = delivery_lists.newest_of_type(connection, account.id, "custom.thanks", 3)
    assert len(newest) == 1


def test_samples_of_a_type_are_looked_for_among_the_newest_messages(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    """A type that nobody tells must not walk everything that was ever told."""
    for number, kind in enumerate(("custom.rare", "custom.often", "custom.often")):
        add(writer, account, kind, data={"number": number})

    def numbers(pattern: str, among: int) -> list[int]:
        with engines.reading() as connection:
            bodies = delivery_lists.newest_of_type(connection, account.id, pattern, 2, among)
        return [json.loads(body)["data"]["number"] for body in bodies]

    assert numbers("custom.rare", 3) == [0]
    assert numbers("custom.rare", 2) == []
    assert numbers("custom.*", 3) == numbers("*", 9) == [2, 1]
