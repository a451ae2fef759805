"""Silence is noted once since a moment, whoever comes first."""

from datetime import timedelta

from connector.store import silences
from tests.kit.crowd import at_once
from tests.kit.house import House


def test_one_of_many_tells(house: House) -> None:
    since = house.clock.now()
    writer, account = house.gateway.parts.writer, house.account.id

    def tell() -> bool:
        return writer.run(lambda tx: silences.tell(tx, account, "thanks", since))

    assert sorted(one.value for one in at_once([tell] * 4)) == [False, False, False, True]
    assert tell() is False
    house.clock.forward(timedelta(hours=1))
    since = house.clock.now()
    assert sorted(one.value for one in at_once([tell] * 4)) == [False, False, False, True]
