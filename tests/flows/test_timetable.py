"""What time does: once each, in bounded batches, whoever else does it too, and past anything that fails."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.flows import timetable
from connector.flows.gateway import Gateway
from connector.flows.timetable import IN_ONE_COMMIT, KEYS_KEPT, TELL_AHEAD
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import at_once
from tests.kit.deeds import card_of, do, last_told, make_sandbox, put, row_of, told, trail
from tests.kit.house import House, open_house

DAY = timedelta(days=1)
END = THE_MOMENT + DAY


def plant(house: House, statement: str, **values: Any) -> None:
    """Somebody with the database's own tools."""
    house.gateway.parts.writer.run(lambda tx: tx.execute(text(statement), values) and None)


def test_a_card_expires_once_at_its_end(house: House) -> None:
    """S004-23."""
    card = house.issue(2500, expires_at=END)["id"]
    house.gateway.tick()  # settles that nobody is told of so short a life
    house.clock.forward(DAY - timedelta(microseconds=1))
    assert house.gateway.tick() == 0
    house.clock.forward(timedelta(microseconds=1))

    assert [house.gateway.tick(), house.gateway.tick()] == [1, 0]

    assert told(house, card) == ["gift_card.expired"]
    assert last_told(house, card)["transaction"]["amount"] == -2500
    assert (card_of(house, card)["state"], house.balance(card)) == ("expired", 0)
    [row] = [row for row in house.rows("audit") if row["act"] == "expire"]
    assert (row["source"], row["origin"]) == ("schedule", {"by": "schedule"})
    house.require_proof()


def test_a_paid_card_expires_and_keeps_its_balance(house: House) -> None:
    card = house.issue(2500, kind="paid", expires_at=END)["id"]
    house.clock.forward(DAY)

    house.gateway.tick()
    house.gateway.tick()

    assert told(house, card) == ["gift_card.expired"]
    assert house.balance(card) == 2500
    house.require_proof()


def test_a_removed_card_keeps_its_balance_for_ever(shop: House) -> None:
    card = shop.issue(2500, expires_at=END)["id"]
    do(shop, "remove", card=card)
    shop.clock.forward(DAY)

    assert shop.gateway.tick() == 0
    assert shop.balance(card) == 2500


@pytest.mark.parametrize(
    ("life", "left", "is_told"),
    [
        (TELL_AHEAD + DAY, 2500, True),
        (TELL_AHEAD + timedelta(microseconds=1), 2500, True),
        (TELL_AHEAD, 2500, False),
        (DAY, 2500, False),
        (TELL_AHEAD + DAY, 0, False),
    ],
)
def test_a_month_before_its_end_people_are_told_once(
    shop: House, life: timedelta, left: int, is_told: bool
) -> None:
    """Of a card with something on it, whose life was longer than that."""
    card = shop.issue(2500, expires_at=THE_MOMENT + life)["id"]
    if not left:
        shop.redeem(card, all=True)
    before = told(shop, card)
    shop.gateway.tick()
    shop.clock.forward(max(life - TELL_AHEAD, timedelta(0)))

    shop.gateway.tick()
    shop.gateway.tick()

    assert told(shop, card) == before + ["gift_card.expiring"] * is_told
    assert row_of(shop, card)["expiry_told_at"] is not None


def test_a_card_that_gets_another_end_is_told_of_that_too(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + 40 * DAY)["id"]
    shop.clock.forward(10 * DAY)
    shop.gateway.tick()

    do(shop, "extend", card=card, expires_at=THE_MOMENT + 80 * DAY)
    shop.gateway.tick()
    shop.clock.forward(40 * DAY)
    shop.gateway.tick()

    assert told(shop, card) == ["gift_card.expiring", "gift_card.updated", "gift_card.expiring"]


def test_a_stopped_card_is_told_of_when_it_goes_on(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + 40 * DAY)["id"]
    do(shop, "disable", card=card)
    shop.clock.forward(15 * DAY)
    shop.gateway.tick()
    do(shop, "enable", card=card)

    shop.gateway.tick()

    assert told(shop, card)[-2:] == ["gift_card.enabled", "gift_card.expiring"]


def test_holds_lapse_by_themselves(house: House) -> None:
    card = house.issue(2500)["id"]
    first = do(house, "hold", card=card, amount=1000, expires_in=60)["hold"]["id"]
    do(house, "hold", card=card, amount=500, expires_in=120)
    house.clock.forward(timedelta(seconds=60))

    assert [house.gateway.tick(), house.gateway.tick()] == [1, 0]

    assert house.gateway.history.hold(house.account, first)["state"] == "lapsed"
    assert card_of(house, card)["held"] == 500
    assert trail(house, card)[-1] == "lapse"
    house.require_proof()


def test_a_hold_that_lapses_with_its_card_has_lapsed_before_it_expires(shop: House) -> None:
    card = shop.issue(2500, expires_at=END)["id"]
    do(shop, "hold", card=card, amount=1000, expires_in=86_400 * 9)
    shop.clock.forward(DAY)

    shop.gateway.tick()

    assert told(shop, card)[1:] == ["gift_card.hold_released", "gift_card.expired"]
    assert [row["state"] for row in shop.rows("holds")] == ["lapsed"]
    shop.require_proof()


def test_a_sandbox_that_moved_its_clock_lives_by_it(house: House) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + 10 * DAY)["id"]
    make_sandbox(house, offset=10 * DAY)

    house.gateway.tick()

    assert told(house, card) == ["gift_card.expired"]
    assert row_of(house, card)["expired_at"] == THE_MOMENT + 10 * DAY


def test_a_wall_clock_that_jumps_back_and_forth_expires_nothing_early_or_twice(shop: House) -> None:
    """F13: no early expiry of unexpired cards on a step back and forth; each expiry once."""
    card = shop.issue(2500, expires_at=END)["id"]
    shop.clock.jump(-400 * DAY)
    shop.gateway.tick()
    shop.clock.jump(400 * DAY)
    shop.gateway.tick()
    assert told(shop, card) == []

    shop.clock.forward(DAY)
    shop.gateway.tick()
    shop.clock.jump(-2 * DAY)
    shop.gateway.tick()
    shop.clock.jump(4 * DAY)
    shop.gateway.tick()

    assert told(shop, card) == ["gift_card.expired"]
    shop.require_proof()


def test_deliveries_that_are_due_are_made_once(house: House) -> None:
    make_sandbox(house)
    card = house.issue(2500, recipient={"email": "mia@example.com"})["id"]
    stopped = house.issue(2500, recipient={"email": "mia@example.com"})["id"]
    for one in (card, stopped):
        do(house, "deliver", card=one, at=END)
    do(house, "disable", card=stopped)
    house.clock.forward(DAY)

    assert [house.gateway.tick(), house.gateway.tick()] == [1, 0]

    assert told(house, card)[-1] == "gift_card.delivered"
    assert told(house, stopped)[-1] == "gift_card.disabled"


def test_a_key_is_kept_for_three_days_by_the_walls_clock(house: House) -> None:
    columns = "(account_id, key, request_hash, asked_by, created_at) VALUES (:account, :key, :hash, '', :at)"
    insert = f"INSERT INTO idempotency_keys {columns}"
    for key, age in (("old", KEYS_KEPT + timedelta(microseconds=1)), ("young", KEYS_KEPT)):
        at = int((THE_MOMENT - age).timestamp() * 1_000_000)
        plant(house, insert, account=house.account.id, key=key, hash="h", at=at)
    make_sandbox(house, offset=100 * DAY)

    assert [house.gateway.tick(), house.gateway.tick()] == [1, 0]
    assert [one["key"] for one in house.rows("idempotency_keys")] == ["young"]


def test_many_at_once_are_done_in_batches_and_each_once(shop: House) -> None:
    cards = [shop.issue(100, expires_at=END)["id"] for _ in range(IN_ONE_COMMIT + 7)]
    shop.clock.forward(DAY)
    shop.gateway.seal()  # the day's own, which would be one more commit
    commits = shop.gateway.parts.writer.commits  # type: ignore[attr-defined]

    assert shop.gateway.tick() == len(cards)

    assert shop.gateway.parts.writer.commits - commits == 2  # type: ignore[attr-defined]
    assert all(told(shop, card) == ["gift_card.expired"] for card in cards)
    shop.require_proof()


@dataclasses.dataclass
class Late:
    """A node's writer that comes to its turn only after somebody else did `deed`."""

    writer: Any
    deed: Callable[[], object] | None

    def run(self, work: Any) -> Any:
        deed, self.deed = self.deed, None
        if deed is not None:
            deed()
        return self.writer.run(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)


def tick_late(house: House, deed: Callable[[], object]) -> int:
    """A turn that finds its work, and then waits while `deed` is done."""
    late = Late(house.gateway.parts.writer, deed)
    return timetable.tick(dataclasses.replace(house.gateway.parts, writer=late))


MEANWHILE: list[tuple[str, dict[str, Any]]] = [
    ("extend", {"expires_at": THE_MOMENT + 400 * DAY}),
    ("disable", {"reason": "fraud"}),
    ("remove", {}),
    ("expire", {}),
]


@pytest.mark.parametrize(("name", "fields"), MEANWHILE, ids=[row[0] for row in MEANWHILE])
def test_a_card_that_was_changed_between_the_look_and_the_lock_is_not_said_to_expire(
    house: House, name: str, fields: dict[str, Any]
) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + 40 * DAY)["id"]
    house.gateway.seal()
    house.clock.forward(15 * DAY)
    house.gateway.seal()

    assert tick_late(house, lambda: do(house, name, card=card, **fields)) == 0

    assert "gift_card.expiring" not in told(house, card)
    assert row_of(house, card)["expiry_told_at"] is None


def test_a_card_that_was_extended_meanwhile_is_told_of_before_its_new_end(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + 40 * DAY)["id"]
    shop.clock.forward(15 * DAY)
    tick_late(shop, lambda: do(shop, "extend", card=card, expires_at=THE_MOMENT + 400 * DAY))

    shop.clock.forward(370 * DAY)
    shop.gateway.tick()

    assert told(shop, card) == ["gift_card.updated", "gift_card.expiring"]


@pytest.mark.parametrize("name", ["disable", "remove", "expire", "deliver"])
def test_a_card_that_was_stopped_or_put_off_between_the_look_and_the_lock_is_not_sent(
    house: House, name: str
) -> None:
    make_sandbox(house)
    card = house.issue(2500, recipient={"email": "mia@example.com"})["id"]
    do(house, "deliver", card=card, at=END)
    house.clock.forward(DAY)
    house.gateway.seal()
    fields = {"at": END + 9 * DAY} if name == "deliver" else {}

    assert tick_late(house, lambda: do(house, name, card=card, **fields)) == 0

    assert "gift_card.delivered" not in told(house, card)
    assert row_of(house, card)["delivered_at"] is None


@pytest.mark.parametrize("name", ["remove", "extend"])
def test_a_card_that_was_changed_between_the_look_and_the_lock_does_not_expire(
    shop: House, name: str
) -> None:
    card = shop.issue(2500, expires_at=END)["id"]
    shop.gateway.tick()
    shop.clock.forward(DAY)
    shop.gateway.seal()
    values = {"removed_at": END} if name == "remove" else {"expires_at": END + 100 * DAY}

    assert tick_late(shop, lambda: put(shop, card, **values)) == 0

    assert told(shop, card) == []
    assert shop.balance(card) == 2500


def test_several_nodes_at_once_do_each_thing_once(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url)
    (tmp_path / "second").mkdir()
    second = open_house(tmp_path / "second", database_url, clock=house.clock)
    cards = [house.issue(100, expires_at=END)["id"] for _ in range(20)]
    held = house.issue(2500)["id"]
    do(house, "hold", card=held, amount=1000, expires_in=60)
    house.clock.forward(DAY)

    at_once([house.gateway.tick, second.gateway.tick] * 2)
    house.gateway.tick()

    assert all(told(house, card) == ["gift_card.expired"] for card in cards)
    assert told(house, held) == ["gift_card.hold_created", "gift_card.hold_released"]
    house.require_proof()
    for one in (house, second):
        one.gateway.close()


def test_one_bad_card_stalls_no_other(shop: House) -> None:
    """A row that the database will not take back: the others of its batch are done one by one."""
    cards = [shop.issue(100, expires_at=END)["id"] for _ in range(5)]
    bad = row_of(shop, cards[2])["id"]
    trigger = (
        "CREATE TRIGGER broken BEFORE INSERT ON transfers "
        f"WHEN NEW.card_id = {bad} AND NEW.type = 'expire' BEGIN SELECT RAISE(FAIL, 'planted'); END"
    )
    plant(shop, trigger)
    shop.clock.forward(DAY)

    assert [shop.gateway.tick(), shop.gateway.tick()] == [4, 0]

    assert [told(shop, card) for card in cards] == [
        ["gift_card.expired"] * (card != cards[2]) for card in cards
    ]
    plant(shop, "DROP TRIGGER broken")
    assert shop.gateway.tick() == 1
    shop.require_proof()


def test_a_card_that_is_refused_stalls_no_other(shop: House) -> None:
    cards = [shop.issue(100)["id"] for _ in range(3)]
    for card in cards:
        do(shop, "hold", card=card, amount=10, expires_in=60)
    put(shop, cards[0], held=5)  # less than its holds: whoever lets them go is refused
    shop.clock.forward(DAY)

    assert [shop.gateway.tick(), shop.gateway.tick()] == [2, 0]
    assert [row_of(shop, card)["held"] for card in cards] == [5, 0, 0]


def test_a_database_that_cannot_be_written_ends_the_turn_and_nothing_is_lost(shop: House) -> None:
    card = shop.issue(100, expires_at=END)["id"]
    for name, table in (("broken", "alembic_version"), ("also", "cards")):
        plant(shop, f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(FAIL, 'full'); END")
    other = shop.issue(100, expires_at=END)["id"]
    shop.clock.forward(DAY)
    assert shop.gateway.tick() == 0

    for name in ("broken", "also"):
        plant(shop, f"DROP TRIGGER {name}")
    shop.gateway.tick()

    assert told(shop, card) == told(shop, other) == ["gift_card.expired"]


def test_a_bug_leaves_the_work_for_the_next_turn(shop: House) -> None:
    card = shop.issue(100, expires_at=END)["id"]
    shop.clock.forward(DAY)

    class BrokenLook:
        def __getattr__(self, name: str) -> object:
            raise ZeroDivisionError(name)

    parts = dataclasses.replace(shop.gateway.parts, caps=BrokenLook())  # type: ignore[arg-type]
    assert timetable.tick(parts) == 0

    assert shop.gateway.tick() == 1
    assert told(shop, card) == ["gift_card.expired"]


def test_an_idle_gateway_commits_nothing(shop: House) -> None:
    shop.issue(100)
    shop.gateway.tick()  # seals the day
    commits = shop.gateway.parts.writer.commits  # type: ignore[attr-defined]

    assert shop.gateway.tick() == 0

    assert shop.gateway.parts.writer.commits == commits  # type: ignore[attr-defined]


def test_the_gateway_does_it_in_the_background(shop: House) -> None:
    """It is started and stopped with the rest; what it does is asked of `tick` above."""
    assert isinstance(shop.gateway, Gateway)
    assert isinstance(shop.clock, FixedClock)
    shop.gateway.start_timetable()
    shop.gateway.end()


def test_each_day_is_sealed_once_whoever_looks(house: House) -> None:
    house.issue(2500)

    at_once([house.gateway.tick] * 4)
    house.gateway.tick()
    assert len(house.rows("seals")) == 1
    house.clock.forward(DAY)
    house.gateway.tick()

    assert [row["day"] for row in house.rows("seals")] == ["2026-11-20", "2026-11-21"]
    house.require_proof()
