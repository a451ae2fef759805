"""Messages are written with what they tell of, with a delivery for each endpoint that wants them."""

from functools import partial

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.jsontext import loads
from connector.domain.sealing import KeyRing
from connector.store import endpoints, outbox
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines, open_engines
from connector.store.writer import Writing, open_writer
from tests.kit.clock import FixedClock
from tests.store.making import AnyWriter, make_account
from tests.store.sending import add, an_endpoint, lease, rows, stored_card


@pytest.fixture
def endpoint(writer: AnyWriter, ring: KeyRing, account: Account) -> Endpoint:
    return an_endpoint(writer, ring, account)


def test_a_message_has_a_delivery_for_each_endpoint_that_wants_it(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account, clock: FixedClock
) -> None:
    every = an_endpoint(writer, ring, account)
    cards_only = an_endpoint(writer, ring, account, "gift_card.*")
    an_endpoint(writer, ring, account, "gift_card.redeemed")
    an_endpoint(writer, ring, other)

    assert add(writer, account, "gift_card.issued", sequence=7)

    leased = lease(writer, clock)
    assert {one.endpoint.public_id for one in leased} == {every.public_id, cards_only.public_id}
    assert len({one.message for one in leased}) == 1
    body = loads(leased[0].body)
    assert (body["id"], body["type"], body["sequence"]) == (leased[0].message, "gift_card.issued", 7)
    assert leased[0].body == leased[1].body


def test_a_message_that_nobody_wants_is_kept_all_the_same(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    assert not add(writer, account)

    assert len(rows(engines, "id", "messages")) == 1
    assert rows(engines, "id", "webhook_deliveries") == []


def test_where_order_is_asked_for_a_cards_next_delivery_waits_for_the_one_before(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    an_endpoint(writer, ring, account, ordering="card")
    an_endpoint(writer, ring, account)
    one, other = (stored_card(writer, ring, account, number) for number in (1, 2))

    for card, sequence in ((one, 1), (one, 2), (other, 1), (None, None), (None, None)):
        add(writer, account, card_id=card, sequence=sequence)

    ordered = rows(engines, "state", "webhook_deliveries WHERE endpoint_id = 1")
    assert [state for (state,) in ordered] == ["pending", "blocked", "pending", "pending", "pending"]
    assert {*rows(engines, "state", "webhook_deliveries WHERE endpoint_id = 2")} == {("pending",)}


def test_a_deed_that_is_undone_takes_its_message_along(
    writer: AnyWriter, engines: Engines, account: Account, endpoint: Endpoint
) -> None:
    def work(tx: Writing) -> None:
        outbox.add(tx, account_id=account.id, account="x", sandbox=False, message_type="ping", data={})
        raise KeyError("undone")

    with pytest.raises(KeyError):
        writer.run(work)

    assert rows(engines, "id", "messages") == rows(engines, "id", "webhook_deliveries") == []


def test_an_older_message_gets_one_delivery_of_an_endpoint_and_no_second(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    add(writer, account)
    an_endpoint(writer, ring, account)

    def make(tx: Writing) -> str | None:
        [listening] = endpoints.listening(tx, account.id, "ping")
        return outbox.add_delivery(
            tx, listening, account_id=account.id, message_id=1, card_id=None, trigger="recover"
        )

    assert writer.run(make) is not None
    assert writer.run(make) is None
    assert [(one.lane, one.trigger) for one in lease(writer, clock)] == [(1, "recover")]
    with engines.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM webhook_deliveries")).scalar_one() == 1


def test_before_a_cards_first_message_nobody_looks_for_an_open_one(
    sqlite_url: str, ring: KeyRing, clock: FixedClock
) -> None:
    """The main job issues a card: what cannot be there must not cost it a question for each endpoint."""
    engines = open_engines(sqlite_url)
    writer = open_writer(engines, clock)
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    an_endpoint(writer, ring, account, ordering="card")
    card = stored_card(writer, ring, account, 1)
    looks = []
    for sequence in (1, 2):
        asked: list[str] = []
        writer.run(partial(_trace, asked))
        add(writer, account, card_id=card, sequence=sequence)
        looks.append(sum(one.startswith("SELECT webhook_deliveries.id") for one in asked))
    writer.close()
    engines.dispose()

    assert looks == [0, 1]


def _trace(asked: list[str], tx: Writing) -> None:
    tx._driver.set_trace_callback(asked.append)
