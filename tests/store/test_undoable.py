"""A run that can be taken back is given to one who asks, until its time is over."""

from datetime import timedelta

from connector.store import undoable
from tests.kit.crowd import at_once
from tests.kit.house import House


def test_a_run_is_taken_back_by_its_key_once_and_in_time(house: House) -> None:
    until = house.clock.now() + timedelta(days=1)
    writer, account = house.gateway.parts.writer, house.account.id

    def keep(run: str, key: str) -> None:
        writer.run(lambda tx: undoable.add(tx, account, recipe="r", key=key, run=run, until=until))

    for run, key in (("run_1", "o-1"), ("run_2", "o-1"), ("run_3", "o-2"), ("run_1", "o-9")):
        keep(run, key)

    def take(key: str, account: int = account) -> list[str]:
        return writer.run(lambda tx: undoable.take(tx, account, "r", key))

    assert take("o-1", house.other.id) == []
    ended = at_once([lambda: take("o-1")] * 4)
    assert sorted(one.value or [] for one in ended) == [[], [], [], ["run_1", "run_2"]]
    assert take("o-9") == [], "a run has one key, its first"
    house.clock.forward(timedelta(days=1, microseconds=1))
    assert take("o-2") == []
