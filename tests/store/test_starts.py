"""Messages that begin recipes: noted with what they tell of, due in order, and taken by one only."""

from datetime import timedelta

from connector.store import outbox, starts
from connector.store.starts import Start
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.kit.house import House


def note(house: House, run: str | None = None, chain: tuple[str, ...] = ()) -> str:
    def work(tx: Writing) -> str:
        told = outbox.add(
            tx,
            account_id=house.account.id,
            account=house.account.slug,
            sandbox=False,
            message_type="custom.x",
            data={"a": 1},
        )
        starts.add(tx, message=told.id, account_id=house.account.id, run=run, chain=chain)
        return told.id

    return house.gateway.parts.writer.run(work)


def take(house: House, message: str) -> Start | None:
    return house.gateway.parts.writer.run(lambda tx: starts.take(tx, message))


def due(house: House, account_id: int | None = None) -> list[str]:
    with house.gateway.parts.engines.reading() as connection:
        return starts.due(connection, house.clock.now(), 10, account_id)


def test_what_was_noted_is_given_to_one_only_with_what_it_told(house: House) -> None:
    message = note(house, "run_1", ("a", "b"))

    ended = at_once([lambda: take(house, message)] * 4)

    [found] = [one.value for one in ended if one.value is not None]
    expected = Start(message, house.account.id, "custom.x", THE_MOMENT, {"a": 1}, None, "run_1", ("a", "b"))
    assert found == expected
    for name in ("", "\x00", "msg_1", message):
        assert take(house, name) is None


def test_the_oldest_comes_first_and_what_failed_later(house: House) -> None:
    first, second = note(house), note(house)
    assert due(house) == due(house, house.account.id) == sorted([first, second])
    assert due(house, house.other.id) == []

    later = house.clock.now() + timedelta(minutes=1)
    house.gateway.parts.writer.run(lambda tx: starts.postpone(tx, first, later))

    assert due(house) == [second]
    house.clock.forward(timedelta(minutes=1))
    assert due(house) == [second, first]
    with house.gateway.parts.engines.reading() as connection:
        assert [starts.tries(connection, one) for one in (first, second, "msg_1")] == [1, 0, 0]
