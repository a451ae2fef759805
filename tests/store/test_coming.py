"""The next moment with something to do, of each kind, in one account."""

from datetime import datetime, timedelta

from connector.store import coming, standing
from connector.store.standing import Standing
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, put
from tests.kit.house import House

DAY = timedelta(days=1)
AHEAD = 30 * DAY


def following(house: House, now: datetime = THE_MOMENT) -> timedelta | None:
    with house.gateway.parts.engines.reading() as connection:
        found = coming.next_moment(connection, house.account.id, now, AHEAD)
    return None if found is None else found - THE_MOMENT


def test_nothing_is_to_come_where_nothing_is(house: House) -> None:
    house.issue(2500)
    assert following(house) is None


def test_the_earliest_of_all_kinds_comes_first(house: House) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + 100 * DAY)["id"]
    assert following(house) == 70 * DAY, "people are told of it"
    assert following(house, THE_MOMENT + 70 * DAY) == 100 * DAY, "and then it expires"
    do(house, "hold", card=card, amount=500, expires_in=int((50 * DAY).total_seconds()))
    assert following(house) == 50 * DAY
    other = house.issue(2500)["id"]
    put(house, other, delivery="email", deliver_at=THE_MOMENT + 40 * DAY)
    assert following(house) == 40 * DAY
    wait = Standing("run_1", house.account.id, "wait", THE_MOMENT + 30 * DAY, {})
    house.gateway.parts.writer.run(lambda tx: standing.add(tx, house.gateway.parts.ring, wait))
    assert following(house) == 30 * DAY


def test_what_is_over_is_not_to_come(house: House) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + 100 * DAY)["id"]
    put(house, card, expired_at=THE_MOMENT)
    gone = house.issue(2500, expires_at=THE_MOMENT + 90 * DAY)["id"]
    do(house, "remove", card=gone)
    assert following(house) is None
