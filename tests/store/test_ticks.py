"""Schedules' rows: noted once, held by one node at a time, and whom to go on behind."""

from dataclasses import replace
from datetime import timedelta

from connector.store import ticks
from connector.store.ticks import Place, Tick
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.kit.deeds import do
from tests.kit.house import House

DAY = timedelta(days=1)


def a_tick(house: House, recipe: str = "daily") -> Tick:
    return Tick(house.account.id, recipe, "0 10 * * * UTC", THE_MOMENT, THE_MOMENT + DAY)


def kept(house: House) -> list[Tick]:
    with house.gateway.parts.engines.reading() as connection:
        return ticks.every(connection, house.account.id)


def test_what_is_noted_stays_as_it_is(house: House) -> None:
    run = house.gateway.parts.writer.run
    run(lambda tx: ticks.note(tx, a_tick(house)))
    run(lambda tx: ticks.note(tx, replace(a_tick(house), plan="another")))
    assert kept(house) == [a_tick(house)]


def test_all_of_it_comes_back_as_it_was_written(house: House) -> None:
    run = house.gateway.parts.writer.run
    whole = replace(
        a_tick(house),
        tick_at=THE_MOMENT,
        place=Place(7, THE_MOMENT - DAY),
        upto_id=9,
        counts={"seen": 3},
        ended_at=THE_MOMENT,
    )
    run(lambda tx: ticks.note(tx, a_tick(house)))
    run(lambda tx: ticks.write(tx, whole))
    assert kept(house) == [whole]
    run(lambda tx: ticks.write(tx, replace(whole, next_at=None, place=None)))
    assert kept(house) == [replace(whole, next_at=None, place=None)]
    run(lambda tx: ticks.forget(tx, ["daily"]))
    assert kept(house) == []


def test_what_one_node_holds_another_does_not_get(house: House) -> None:
    writer = house.gateway.parts.writer
    writer.run(lambda tx: ticks.note(tx, a_tick(house)))

    def take() -> bool:
        def work(tx: Writing) -> bool:
            found = ticks.claim(tx, house.account.id, "daily")
            if found is None or found.counts:
                return False
            ticks.write(tx, replace(found, counts={"seen": 1}))
            return True

        return writer.run(work)

    assert [one.value for one in at_once([take] * 4)].count(True) == 1
    assert writer.run(lambda tx: ticks.claim(tx, house.account.id, "other")) is None


def behind(house: House, account_id: int, place: Place, upto_id: int = 99) -> list[tuple[str, Place]]:
    return house.gateway.parts.writer.run(lambda tx: ticks.cards_behind(tx, account_id, place, upto_id, 2))


def test_cards_come_by_when_they_were_made_and_each_once(house: House) -> None:
    made = []
    for number in range(5):
        made.append(house.issue(100)["id"])
        if number == 2:
            house.clock.forward(timedelta(seconds=1))
    do(house, "remove", card=made[1])
    seen: list[str] = []
    place = Place()
    while page := behind(house, house.account.id, place):
        seen += [card for card, _ in page]
        place = page[-1][1]
    assert seen == [made[0], *made[2:]]
    assert behind(house, house.other.id, Place()) == []


def test_what_is_newer_than_a_ticks_beginning_has_no_turn_though_it_has_its_moment(house: House) -> None:
    run = house.gateway.parts.writer.run
    assert run(ticks.newest_card) == run(ticks.newest_contact) == 0
    before = house.issue(100, contact={"email": "mia@example.com"})["id"]
    card, contact = run(ticks.newest_card), run(ticks.newest_contact)

    house.issue(100, contact={"email": "zoe@example.com"})

    assert [one for one, _ in behind(house, house.account.id, Place(), card)] == [before]
    people = run(lambda tx: ticks.contacts_behind(tx, house.account.id, Place(), contact, 2))
    assert [one.email for one in people] == ["mia@example.com"]
