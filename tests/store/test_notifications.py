"""Notifications as rows: taken by one worker at a time, settled by the one that holds them, sealed."""

from datetime import timedelta

from connector.domain.notifications import Written
from connector.store import notifications
from connector.store.notifications import Notification
from connector.store.writer import Writing
from tests.kit.house import House

FOR = timedelta(minutes=10)


def add(house: House, via: str = "email", to: str = "mia@example.com", account_id: int | None = None) -> str:
    parts = house.gateway.parts
    owner = house.account.id if account_id is None else account_id
    return parts.writer.run(
        lambda tx: notifications.add(
            tx, parts.ring, account_id=owner, template="x", via=via, to=to, to_name="Mia"
        )
    )


def lease(house: House, limit: int = 9) -> list[Notification]:
    parts = house.gateway.parts
    return parts.writer.run(
        lambda tx: notifications.lease(tx, parts.ring, "email", lease_for=FOR, limit=limit)
    )


def settle(house: House, one: Notification, **how: object) -> bool:
    parts = house.gateway.parts

    def work(tx: Writing) -> bool:
        return notifications.settle(tx, parts.ring, one, **{"state": "sent", "tries": 1, **how})  # type: ignore[arg-type]

    return parts.writer.run(work)


def test_each_is_taken_once_oldest_first_and_of_its_way_only(house: House) -> None:
    first, second, _ = add(house), add(house), add(house, "sms", "+12125550123")

    assert [one.public_id for one in lease(house, 1)] == [first]
    assert [(one.public_id, one.to, one.to_name) for one in lease(house)] == [
        (second, "mia@example.com", "Mia")
    ]
    assert lease(house) == []


def test_an_account_that_sends_to_thousands_keeps_no_other_waiting(house: House) -> None:
    """F15. A campaign to five thousand people held the mail of every other account for minutes."""
    campaign = [add(house) for _ in range(5)]
    house.clock.forward(timedelta(seconds=1))
    other = [add(house, account_id=house.other.id) for _ in range(2)]

    assert {one.public_id for one in lease(house, 2)} == {campaign[0], other[0]}
    assert {one.public_id for one in lease(house, 3)} == {*campaign[1:3], other[1]}
    assert {one.public_id for one in lease(house, 3)} == {*campaign[3:]}


def test_a_lease_that_ran_out_is_another_workers_and_the_first_writes_nothing(house: House) -> None:
    add(house)
    [lost] = lease(house)
    house.clock.forward(FOR)
    [taken] = lease(house)

    assert (taken.tries, taken.fence) == (1, lost.fence + 1)
    assert settle(house, lost) is False
    assert settle(house, taken, written=Written("text", "subject", "html")) is True
    assert settle(house, taken) is False
    with house.gateway.parts.engines.reading() as connection:
        assert notifications.next_due(connection, "email") is None
        kept = notifications.find(connection, house.gateway.parts.ring, house.account.id, taken.public_id)
    assert kept is not None and kept.written == Written("text", "subject", "html")
    assert "subject" not in str(house.rows("notifications"))


def test_what_is_given_back_is_due_at_once_with_no_try_counted(house: House) -> None:
    add(house)
    leased = lease(house)
    house.gateway.parts.writer.run(lambda tx: notifications.give_back(tx, leased))

    [again] = lease(house)
    assert again.tries == 0


def test_nothing_is_found_in_another_account_or_by_an_odd_name(house: House) -> None:
    name = add(house)
    with house.gateway.parts.engines.reading() as connection:
        ring = house.gateway.parts.ring
        assert notifications.find(connection, ring, house.other.id, name) is None
        assert notifications.find(connection, ring, house.account.id, "ntf_\x00") is None
