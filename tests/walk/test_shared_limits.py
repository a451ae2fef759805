"""Two nodes on one database have one budget for whoever asks; without Redis each holds it by itself."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.flows.limits import Limits, Rate
from connector.flows.sharing import AGAIN_S
from connector.web.health import REMEMBERED_S
from tests.flows.making import a_house
from tests.kit.clock import FixedClock
from tests.kit.counting import CountingServer
from tests.kit.databases import PostgresMaker
from tests.web.door import Door, door_of, refusal

CARDS = "/v1/gift-cards"
LOOKUP = "/v1/gift-cards/lookup"
PATIENTLY = timedelta(seconds=max(AGAIN_S, REMEMBERED_S))
RATES = Limits(per_key=Rate(6, 60), per_address=Rate(4, 60), per_source=Rate(3, 60))


@pytest.fixture
def redis() -> Iterator[CountingServer]:
    with CountingServer("p4ss-of-redis") as started:
        yield started


@pytest.fixture
def doors(
    redis: CountingServer, postgres_maker: PostgresMaker, tmp_path: Path
) -> Iterator[tuple[Door, Door]]:
    """Two nodes on one PostgreSQL and one Redis."""
    clock = FixedClock()
    with ExitStack() as stack:
        url = stack.enter_context(postgres_maker.fresh(tmp_path))
        made = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            house = stack.enter_context(
                a_house(tmp_path / name, url, clock=clock, failed_lookups=Rate(5, 60), limit_store=redis.url)
            )
            made.append(door_of(house, rates=RATES))
        yield made[0], made[1]


def test_keys_addresses_and_sources_have_one_budget_over_both_nodes(doors: tuple[Door, Door]) -> None:
    """S004-06: the limits of a gateway hold for it, however many processes it is."""
    one, other = doors
    key = one.house.key("cards:read")

    asked = [door.get(CARDS, key=key) for door in (one, other) * 4]
    strangers = [door.get(CARDS).status_code for door in (one, other) * 3]
    told = [door.deliver("standard", "booking.created", is_new=True).status_code for door in (one, other) * 2]

    assert [answer.status_code for answer in asked] == [200] * 6 + [429] * 2
    assert [answer.headers["RateLimit-Remaining"] for answer in asked] == list("54321000")
    assert 0 < int(asked[-1].headers["Retry-After"]) <= 60
    assert strangers == [401] * 4 + [429] * 2
    assert told == [200] * 3 + [429]


def test_wrong_codes_are_counted_over_both_nodes(doors: tuple[Door, Door]) -> None:
    """T17: who asks another node has no budget of its own there."""
    one, other = doors
    key, till = one.house.key("admin"), one.house.key("admin")
    right = {"code": one.house.issue(2500)["code"]}

    wrong = [door.post(LOOKUP, key=key, body={"code": "NOPE-NOPE"}) for door in (one, other) * 3]

    assert [answer.status_code for answer in wrong] == [404] * 5 + [429]
    for door in doors:
        assert refusal(door.post(LOOKUP, key=key, body=right)) == (429, "rate_limited")
        assert door.post(LOOKUP, key=till, body=right).status_code == 200, "another key goes on, by its code"


def test_redis_dies_in_the_middle_and_comes_back(doors: tuple[Door, Door], redis: CountingServer) -> None:
    """Answered all the while, limited all the while, and seen by who watches."""
    one, other = doors
    key = one.house.key("cards:read")
    assert [door.get(CARDS, key=key).status_code for door in (one, other) * 2] == [200] * 4
    assert one.get("/readyz").get_json()["limits"] == "shared"
    redis.kill()

    with capture_logs() as logs:
        alone = [[door.get(CARDS, key=key).status_code for _ in range(6)] for door in doors]
    assert alone == [[200] * 4 + [429] * 2] * 2, "each had counted two of its own"
    apart = [line for line in logs if line["event"] == "limits_apart"]
    assert len(apart) == 2
    assert "p4ss-of-redis" not in repr(logs)
    one.house.clock.forward(PATIENTLY)
    ready = one.get("/readyz")
    assert (ready.status_code, ready.get_json()["limits"]) == (200, "apart")
    assert "connector_limits_shared 0.0" in one.get("/metrics", peer="127.0.0.1").text

    redis.start()
    one.house.clock.forward(PATIENTLY)

    assert one.get("/readyz").get_json()["limits"] == "shared"
    assert "connector_limits_shared 1.0" in one.get("/metrics", peer="127.0.0.1").text
    fresh = one.house.key("cards:read")
    assert [door.get(CARDS, key=fresh).status_code for door in (one, other) * 4] == [200] * 6 + [429] * 2


def test_what_stands_in_redis_names_callers_and_no_secret(
    doors: tuple[Door, Door], redis: CountingServer
) -> None:
    one, _ = doors
    key = one.house.key("admin")
    card = one.house.issue(2500)
    one.post(LOOKUP, key=key, body={"code": "NOPE-NOPE"})
    one.post(LOOKUP, key=key, body={"code": card["code"]})

    kept = " ".join(redis.keys())

    assert "connector:guesses" in kept
    for secret in (key, card["code"], card["code"].replace("-", ""), "NOPE"):
        assert secret not in kept
