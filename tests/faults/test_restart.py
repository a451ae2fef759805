"""What was planned when a gateway died is planned still: next tries, and deliveries for a worker."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from connector.domain.retries import SCHEDULE
from connector.store import tables
from tests.faults.shop import balances, let_retries_come_due, postpone_retries, rows
from tests.kit.crowd import until
from tests.kit.journal import CARD, Answer, Till, Told, send
from tests.kit.process import Place, Serving
from tests.kit.receiver import Recorder

BODY = b'{"amount": 100, "currency": "USD"}'
JITTER = 1.2


def the_delivery(place: Place) -> dict[str, Any]:
    [row] = rows(place.database, tables.webhook_deliveries)
    return row


def tried(place: Place, times: int) -> Callable[[], bool]:
    return lambda: len(rows(place.database, tables.attempts)) == times


def test_a_message_that_was_refused_twice_arrives_at_the_third_try_whoever_died_in_between(
    place: Place, receiver: Recorder
) -> None:
    receiver.answers(503, 503, 200)
    with Serving.at(place) as served:
        wanted = json.dumps({"url": receiver.url}).encode()
        assert served.ask("POST", "/v1/webhook-endpoints", wanted).status == 201
        assert served.ask("POST", "/v1/gift-cards", BODY).status == 201

        for times, wait in enumerate(SCHEDULE[:2], 1):
            until(tried(place, times))
            planned = the_delivery(place)
            [*_, last] = rows(place.database, tables.attempts)
            postpone_retries(place.database)  # a start may take as long as the schedule, on a busy machine
            postponed = the_delivery(place)
            served.again()

            assert the_delivery(place) == postponed
            assert (planned["state"], planned["tries"]) == ("retrying", times)
            ended_at = last["started_at"] + timedelta(milliseconds=last["record"]["duration_ms"])
            assert planned["due_at"] >= ended_at + wait / JITTER
            assert len(receiver.requests) == times, "nothing is sent before its time"
            let_retries_come_due(place.database)
        until(tried(place, 3))

        first, second, third = receiver.requests
        assert first.body == second.body == third.body
        assert len({one.header("webhook-id") for one in receiver.requests}) == 1
        kept = rows(place.database, tables.attempts)
        assert [(one["number"], one["record"]["status"]) for one in kept] == [(1, 503), (2, 503), (3, 200)]
        assert the_delivery(place)["state"] == "delivered"


def test_a_delivery_that_waits_for_a_worker_is_run_once_after_the_next_start(place: Place) -> None:
    place.config.write_text(place.config.read_text() + 'respond = "async"\n')
    deed = next(Till(place).deeds())
    with Serving.at(place, "--role", "gateway") as served:
        assert send(served.port, deed) == Answer(Told.ACK, "", False, 202)
        served.again()
        assert balances(served) == {}

    with Serving.at(place) as served:
        until(lambda: send(served.port, deed).effect != "")
        served.again()

        again = send(served.port, deed)
        assert again.is_again
        assert balances(served) == {again.effect: CARD}
