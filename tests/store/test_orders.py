"""Orders as rows: known once, found by number or name, their pieces linked with what they became."""

from functools import partial
from typing import Any

from connector.domain.accounts import BY_HAND
from connector.domain.orders import pieces_of
from connector.store import jobs, orders
from connector.store.writer import Writing
from tests.kit.house import House

PIECES = pieces_of([("l1", 11, 2, 5000, "USD"), ("l2", None, 1, None, "USD")])


def add(house: House, name: str = "7", source: str = "shop", **changed: Any) -> bool:
    told: dict[str, Any] = {
        "number": 7,
        "contact_id": None,
        "event_id": None,
        "currency": "USD",
        "total": 100,
        "pieces": PIECES,
        **changed,
    }
    write = partial(orders.add, account_id=house.account.id, source=source, name=name, **told)
    return house.gateway.parts.writer.run(write)


def run(house: House, deed: Any, *told: Any, **named: Any) -> Any:
    return house.gateway.parts.writer.run(lambda tx: deed(tx, *told, **named))


def test_an_order_is_known_once_and_stays_as_it_was(house: House) -> None:
    assert add(house) and not add(house, total=5, pieces=())

    order = run(house, orders.named, house.account.id, "shop", "7")

    assert (order.number, order.total, order.refunded, order.contact) == (7, 100, 0, None)
    kept = run(house, orders.entries_of, house.gateway.parts.ring, [order.id])
    assert [one.piece for one in kept[order.id]] == PIECES
    assert run(house, orders.named, house.other.id, "shop", "7") is None


def test_of_orders_with_one_number_the_newest_of_each_source_counts(house: House) -> None:
    for name, source in (("a/7", "one"), ("b/7", "one"), ("7", "two")):
        add(house, name, source)

    found = run(house, orders.lock_numbered, house.account.id, 7)

    assert [(one.source, one.name) for one in found] == [("one", "b/7"), ("two", "7")]
    assert run(house, orders.lock_numbered, house.other.id, 7) == []


def test_what_is_given_back_adds_up_in_the_order_s_currency(house: House) -> None:
    add(house)
    for amount, currency in ((30, "USD"), (20, "USD"), (40, "EUR")):
        run(house, orders.refund, house.account.id, "shop", "7", amount, currency)

    assert run(house, orders.named, house.account.id, "shop", "7").refunded == 50


def test_what_was_given_back_before_an_order_was_told_is_not_forgotten(house: House) -> None:
    for amount in (30, 20):
        run(house, orders.refund, house.account.id, "shop", "7", amount, "USD")
    run(house, orders.refund, house.account.id, "shop", "8", 60, "EUR")
    with house.gateway.parts.engines.reading() as connection:
        assert orders.page(connection, house.account.id, name=None, before=None, limit=9) == []

    assert add(house) and add(house, "8") and not add(house, total=5, pieces=())

    order, other = (run(house, orders.named, house.account.id, "shop", name) for name in "78")
    assert (order.number, order.total, order.refunded) == (7, 100, 50)
    assert (other.currency, other.refunded) == ("USD", 0)
    assert len(run(house, orders.entries_of, house.gateway.parts.ring, [order.id])[order.id]) == len(PIECES)
    run(house, orders.refund, house.account.id, "shop", "7", 5, "USD")
    assert run(house, orders.named, house.account.id, "shop", "7").refunded == 55


def test_a_piece_is_queued_until_its_job_ends(house: House) -> None:
    add(house)
    ring = house.gateway.parts.ring

    def queue(tx: Writing) -> None:
        job = jobs.add(tx, account_id=house.account.id, kind="order", total=1, by=BY_HAND)
        assert job is not None
        [order] = orders.lock_numbered(tx, house.account.id, 7)
        first, second, _ = orders.entries_of(tx, ring, [order.id])[order.id]
        orders.queue(tx, ring, first.id, job.id, "MY-CODE")
        orders.queue(tx, ring, second.id, job.id, None)

    run(house, queue)

    def entries() -> Any:
        [order] = run(house, orders.lock_numbered, house.account.id, 7)
        return run(house, orders.entries_of, ring, [order.id])[order.id]

    first, second, third = entries()
    assert (first.code, second.code, third.code) == ("MY-CODE", None, None)
    assert [one.is_free for one in (first, second, third)] == [False, False, True]
    assert "MY-CODE" not in repr(first) + house.everything()
    house.issue(100)
    run(house, orders.link, first.id, house.rows("cards")[0]["id"])
    [job] = house.rows("jobs")
    with house.gateway.parts.engines.reading() as connection:
        found = jobs.find(connection, house.account.id, job["public_id"])
    assert found is not None
    run(house, jobs.change, found, state="cancelled", ended_at=house.clock.now())
    first, second, _ = entries()
    assert (first.card, first.code) == (house.cards()[0]["id"], None)
    assert second.is_free, "nobody is about to make it any more"
    assert run(house, orders.lock_entry, ring, second.id)[1] == second


def test_lists_go_back_in_time_and_find_by_name_or_number(house: House) -> None:
    for name, number in (("a", None), ("gid://x/5", 5), ("5", 5)):
        add(house, name, number=number)
    add(house, "5", "another")

    def names(**asked: Any) -> list[str]:
        wanted = {"name": None, "before": None, "limit": 10, **asked}
        with house.gateway.parts.engines.reading() as connection:
            return [one.name for one in orders.page(connection, house.account.id, **wanted)]

    assert names() == ["5", "5", "gid://x/5", "a"]
    assert names(name="5") == ["5", "5", "gid://x/5"]
    assert names(name="a") == ["a"] and names(name="b") == []
    assert names(limit=1, before=house.rows("orders")[1]["id"]) == ["a"]
