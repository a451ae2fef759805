"""An endpoint as people see it: how it is doing, and no secret."""

from datetime import timedelta

from connector.domain.endpoint_health import BREAKER_FAILURES
from tests.kit.house import House
from tests.kit.receiver import Recorder


def test_it_says_how_the_last_day_went(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body
    assert (made["success_rate_24h"], made["p95_ms_24h"], made["backlog"]) == (None, None, 0)
    receiver.answers(500)
    for _ in range(4):
        house.issue()
    house.gateway.dispatch()

    shown = house.gateway.endpoint(house.account, made["id"])
    assert (shown["success_rate_24h"], shown["backlog"]) == ("0.7500", 1)
    assert shown["p95_ms_24h"] >= 0
    house.clock.forward(timedelta(days=2))
    assert house.gateway.endpoint(house.account, made["id"])["success_rate_24h"] is None


def test_it_says_that_its_breaker_is_open_and_until_when(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body
    receiver.answers(*[500] * BREAKER_FAILURES)
    for _ in range(BREAKER_FAILURES):
        house.issue(1000)
    house.gateway.dispatch()

    opened = house.gateway.endpoint(house.account, made["id"])["breaker"]
    assert (opened["state"], opened["until"] > "2026-11-20T15:00:30") == ("open", True)
    house.clock.forward(timedelta(minutes=1))
    probing = house.gateway.endpoint(house.account, made["id"])["breaker"]
    assert probing == {"state": "probing", "until": None}
