"""Attempts are kept as they were told, oldest first."""

from connector.store import attempts
from tests.kit.house import House
from tests.kit.receiver import Recorder


def test_every_attempt_of_a_message_is_kept_with_what_was_answered(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()
    house.gateway.dispatch()
    [sent] = receiver.requests

    with house.gateway.parts.engines.reading() as connection:
        [told] = attempts.of_message(connection, sent.header("webhook-id"))
        nothing = attempts.of_message(connection, "msg_nobody")

    assert (told["number"], told["trigger"], told["state"]) == (1, "schedule", "delivered")
    assert told["record"]["status"] == 200
    assert nothing == []
