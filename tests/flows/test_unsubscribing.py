"""A tool whose REST Hook we switch off is told so, and told again until it heard it."""

from datetime import timedelta

from connector.domain.retries import SCHEDULE
from connector.domain.signing import standard_headers, standard_key
from connector.flows.unsubscribing import TRIES, run_due
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House
from tests.kit.receiver import Recorder, Reply

OFF = Reply(500, headers={"webhook-delivery": "disable"})


def switch_off(house: House, receiver: Recorder, *answers: int) -> str:
    """A REST Hook that its receiver switched off; what it answers then."""
    made = house.gateway.rest_hooks.subscribe(
        house.account, target_url=receiver.url, event="gift_card.issued"
    )
    receiver.answers(OFF, *answers)
    house.issue()
    house.gateway.dispatch()
    return str(made.body["secret"])


def test_a_tool_is_told_once_that_its_hook_was_switched_off(house: House, receiver: Recorder) -> None:
    secret = switch_off(house, receiver)

    house.gateway.tick()
    house.clock.forward(timedelta(days=9))
    house.gateway.tick()

    [_, told] = receiver.requests
    assert (told.method, told.body) == ("DELETE", b"")
    signed = standard_headers([standard_key(secret)], told.header("webhook-id"), THE_MOMENT, b"")
    assert told.header("webhook-signature") == signed["webhook-signature"]


def test_a_tool_that_is_away_is_told_again_and_then_left(shop: House, receiver: Recorder) -> None:
    switch_off(shop, receiver, *[503] * 9)
    for waited in SCHEDULE[: TRIES - 1]:
        assert run_due(shop.gateway.parts) == 1
        assert run_due(shop.gateway.parts) == 0
        shop.clock.forward(waited)

    assert run_due(shop.gateway.parts) == 1
    shop.clock.forward(timedelta(days=9))
    assert run_due(shop.gateway.parts) == 0
    assert len(receiver.requests) == 1 + TRIES


def test_a_hook_that_works_again_is_not_ended_there(shop: House, receiver: Recorder) -> None:
    switch_off(shop, receiver)
    shop.gateway.rest_hooks.subscribe(shop.account, target_url=receiver.url, event="gift_card.issued")

    assert run_due(shop.gateway.parts) == 0

    assert [one.method for one in receiver.requests] == ["POST"]


def test_whoever_answered_410_and_whoever_is_no_hook_is_told_nothing(shop: House, receiver: Recorder) -> None:
    shop.gateway.rest_hooks.subscribe(shop.account, target_url=receiver.url, event="gift_card.issued")
    shop.gateway.create_endpoint(shop.account, url=receiver.url)
    receiver.answers(410, OFF)
    shop.issue()
    shop.gateway.dispatch()

    assert run_due(shop.gateway.parts) == 0
