"""What stayed open where nobody is any more ends; what is on its way ends by its own answer."""

import pytest

from connector.store import outbox
from connector.store.writer import Writing
from tests.kit.crowd import Crowd
from tests.kit.house import House
from tests.kit.receiver import Recorder


def ends(house: House) -> list[tuple[str, str | None]]:
    return [(row["state"], row["reason"]) for row in house.rows("webhook_deliveries")]


@pytest.mark.parametrize(
    ("status", "end"), [(200, ("delivered", None)), (500, ("cancelled", "endpoint_deleted"))]
)
def test_an_endpoint_deleted_while_one_is_on_its_way_keeps_what_was_answered(
    house: House, receiver: Recorder, status: int, end: tuple[str, str | None]
) -> None:
    made = str(house.gateway.create_endpoint(house.account, url=receiver.url).body["id"])
    house.issue()
    house.issue()
    receiver.answers(status)
    receiver.holds()
    sending = Crowd([house.gateway.dispatch])
    receiver.wait_for(1)

    house.gateway.delete_endpoint(house.account, made)
    receiver.let_go()
    sending.wait()

    assert ends(house) == [end, ("cancelled", "endpoint_deleted")]
    assert len(receiver.requests) == 1


def test_what_a_backlog_had_on_its_way_is_not_tried_again(house: House, receiver: Recorder) -> None:
    made = str(house.gateway.create_endpoint(house.account, url=receiver.url).body["id"])
    house.issue()
    receiver.answers(500)
    receiver.holds()
    sending = Crowd([house.gateway.dispatch])
    receiver.wait_for(1)

    house.gateway.webhooks.pause(house.account, made)
    house.gateway.webhooks.enable(house.account, made, "drop")
    receiver.let_go()
    sending.wait()
    house.issue()
    house.gateway.tick()
    house.gateway.dispatch()

    assert ends(house) == [("cancelled", "backlog_dropped"), ("delivered", None)]


def test_a_long_backlog_ends_in_batches_before_what_came_later_is_sent(
    shop: House, receiver: Recorder
) -> None:
    """More than one batch: the rest is ended by the timetable, and waits for no worker."""
    account = shop.account
    made = str(shop.gateway.create_endpoint(account, url=receiver.url, ordering="card").body["id"])
    shop.gateway.webhooks.pause(account, made)
    card = shop.issue(amount=2_000)["id"]
    for _ in range(2):
        shop.redeem(card, 1)
    many(shop, 1_200)

    shop.gateway.webhooks.enable(account, made, "drop")
    shop.redeem(card, 1)
    assert shop.gateway.dispatch() == 0
    shop.gateway.tick()

    assert shop.gateway.dispatch() == 1
    assert len(receiver.requests) == 1
    states = [state for state, _ in ends(shop)]
    assert (states.count("cancelled"), states.count("delivered"), len(states)) == (1_203, 1, 1_204)


def many(house: House, count: int) -> None:
    """So many messages more, none of a card."""
    account = house.account

    def tell(tx: Writing) -> None:
        for number in range(count):
            outbox.add(
                tx,
                account_id=account.id,
                account=account.slug,
                sandbox=False,
                message_type="ping",
                data={"number": number},
            )

    house.gateway.parts.writer.run(tell)
