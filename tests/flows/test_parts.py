"""The parts as flows pass them on: a desk in the account's own time, with the caps of its currency."""

import dataclasses
from datetime import timedelta

from connector.domain.accounts import Caps
from tests.kit.house import BY_HAND, House


def test_a_desk_works_in_the_accounts_own_time(shop: House) -> None:
    moved = dataclasses.replace(shop.account, clock_offset=timedelta(days=40))
    parts = shop.gateway.parts

    wall, own = parts.writer.run(lambda tx: (tx.wall, parts.desk(tx, moved, BY_HAND).now))

    assert own - wall == timedelta(days=40)
    assert wall == shop.clock.now()


def test_a_desk_has_the_caps_of_the_accounts_currency(shop: House) -> None:
    parts = dataclasses.replace(shop.gateway.parts, caps={"USD": Caps(per_card=5), "EUR": Caps(per_card=6)})
    yen = dataclasses.replace(shop.account, currency="JPY")

    found = parts.writer.run(
        lambda tx: [parts.desk(tx, one, BY_HAND).caps.per_card for one in (shop.account, yen)]
    )

    assert found == [5, 0]


def test_where_no_worker_runs_nobody_is_woken(shop: House) -> None:
    shop.gateway.parts.wake_outbox()
    shop.gateway.parts.wake_backlog()
