"""Watches of a goal: the first event for each name counts, in the time between."""

from datetime import timedelta

from connector.store import goals
from connector.store.writer import Writing
from tests.kit.house import House


def test_the_first_event_for_a_name_counts(house: House) -> None:
    house.issue(500, contact={"email": "mia@example.com"})
    [contact] = house.rows("contacts")
    writer, account = house.gateway.parts.writer, house.account.id
    until = house.clock.now() + timedelta(days=1)
    about = {"recipe": "r", "revision": "a1", "run": "run_1", "is_control": False, "until": until}
    writer.run(lambda tx: goals.enroll(tx, account, contact["id"], **about))

    def hit(tx: Writing) -> None:
        for member, _, _ in goals.watched(tx, contact["id"]):
            for event in ("evt_1", "evt_2"):
                goals.hit(tx, member, "came_back", event)

    writer.run(hit)
    house.clock.forward(timedelta(days=1))
    assert writer.run(lambda tx: goals.watched(tx, contact["id"])) == []
    assert [row["event"] for row in house.rows("goal_hits")] == ["evt_1"]
    with house.gateway.parts.engines.reading() as connection:
        found = goals.totals(connection, account, None, house.clock.now())
        assert goals.totals(connection, account, house.clock.now(), None) == []
        assert goals.totals(connection, house.other.id, None, None) == []
    assert [(row["name"], row["count"]) for row in found] == [(None, 1), ("came_back", 1)]
