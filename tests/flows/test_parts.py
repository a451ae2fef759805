"""The parts as flows pass them on: a desk in the account's own time, with the caps of its currency."""

import dataclasses
from datetime import timedelta

from connector.operations.kit import Caps
from tests.kit.house import BY_HAND, House


def test_a_desk_works_in_the_accounts_own_time(house: House) -> None:
    moved = dataclasses.replace(house.account, clock_offset=timedelta(days=40))
    parts = house.gateway.parts

    wall, own = parts.writer.run(lambda tx: (tx.wall, parts.desk(tx, moved, BY_HAND).now))

    assert own - wall == timedelta(days=40)
    assert wall == house.clock.now()


def test_a_desk_has_the_caps_of_the_accounts_currency(house: House) -> None:
    parts = dataclasses.replace(house.gateway.parts, caps={"USD": Caps(per_card=5), "EUR": Caps(per_card=6)})
    yen = dataclasses.replace(house.account, currency="JPY")

    found = parts.writer.run(
        lambda tx: [parts.desk(tx, one, BY_HAND).caps.per_card for one in (house.account, yen)]
    )

    assert found == [5, 0]


def test_where_no_worker_runs_nobody_is_woken(house: House) -> None:
    house.gateway.parts.wake_outbox()
    house.gateway.parts.wake_backlog()
