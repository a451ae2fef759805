"""A platform's API that hangs holds up the deliveries of its own source, and nobody else's."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.inbound import Request
from connector.flows.backlog_loops import EACH, TURN_S, BacklogLoops
from connector.store import deliveries
from tests.flows.making import a_house, an_order
from tests.kit.crowd import until
from tests.kit.house import House
from tests.kit.platform import Platform, acuity_appointment

NEVER_S = 600.0


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as running:
        for number in range(1, EACH + 3):
            running.holds_at(f"/appointments/{number}", acuity_appointment(str(number)))
        yield running


@pytest.fixture
def slow() -> Iterator[Platform]:
    """One whose API takes every question and answers none."""
    with Platform() as running:
        for number in (1, 2):
            running.holds_at(f"/appointments/{number}", acuity_appointment(str(number)))
        running.holds()
        yield running


def a_spa(path: Path, url: str, **apis: Platform) -> AbstractContextManager[House]:
    asking = {
        slug: {"adapter": "acuity", "credential": "1:key", "options": {"api_url": api.url}}
        for slug, api in apis.items()
    }
    return a_house(path, url, sources={"standard": {"adapter": "standard", "respond": "async"}, **asking})


def tell(house: House, source: str, number: str = "1") -> None:
    body = f"action=scheduled&id={number}&calendarID=1".encode()
    request = house.signed(source, "booking.created", body=body)
    form = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
    answer = house.receive(source, Request("POST", request.url, form, body, "192.0.2.7", house.clock.now()))
    assert answer.status == 202


def ran(house: House) -> list[str]:
    return sorted(json.loads(row["envelope"])["source"] for row in house.rows("events"))


def test_a_platform_that_hangs_holds_up_no_other_source(
    database_url: str, tmp_path: Path, platform: Platform, slow: Platform
) -> None:
    """F15. Four questions to one account's slow platform kept all other accounts waiting half a minute."""
    with a_spa(tmp_path, database_url, hanging=slow, quick=platform) as house:
        house.gateway.start(look_every_s=NEVER_S)
        tell(house, "hanging")
        slow.wait_for(1)

        house.tell(**an_order())
        tell(house, "quick")

        until(lambda: ran(house) == ["quick", "standard"])
        assert len(slow.requests) == 1, "nobody asks twice meanwhile"
        slow.let_go()
        until(lambda: ran(house) == ["hanging", "quick", "standard"])
        house.gateway.stop()


def test_one_account_has_only_its_share_and_what_waited_comes_after_it(
    sqlite_url: str, tmp_path: Path, platform: Platform
) -> None:
    names = [f"spa{number}" for number in range(EACH + 1)]
    with a_spa(tmp_path, sqlite_url, **dict.fromkeys(names, platform)) as house:
        platform.holds()
        house.gateway.start(look_every_s=NEVER_S)
        for number, name in enumerate(names, start=1):
            tell(house, name, str(number))
        platform.wait_for(EACH)
        assert len(platform.requests) == EACH

        platform.let_go()

        until(lambda: ran(house) == names)
        house.gateway.stop()


def test_a_stop_does_not_wait_for_a_platform_and_loses_nothing(
    sqlite_url: str, tmp_path: Path, slow: Platform
) -> None:
    with a_spa(tmp_path, sqlite_url, hanging=slow) as house:
        house.gateway.start(look_every_s=NEVER_S)
        tell(house, "hanging")
        slow.wait_for(1)

        house.gateway.stop(within_s=0.05)

        [kept] = house.rows("inbound_deliveries")
        assert (kept["status"], kept["tries"], kept["due_at"] is not None) == ("accepted", 0, True)


def test_sources_that_wait_have_their_turns_before_one_that_hangs_has_another(
    sqlite_url: str, tmp_path: Path, platform: Platform, slow: Platform
) -> None:
    """A platform that answers nobody would hold every thread for what each of its sources has waiting."""
    with a_spa(tmp_path, sqlite_url, hanging=slow, quick=platform) as house:
        loops = BacklogLoops(house.gateway.parts, NEVER_S, threads=1)
        for source, number in (("hanging", "1"), ("hanging", "2"), ("quick", "1")):
            tell(house, source, number)
        loops.start()
        loops.wake()
        slow.wait_for(1)
        house.clock.forward(timedelta(seconds=TURN_S + 1))
        slow.let_go()

        until(lambda: len(ran(house)) == 3)

        assert [json.loads(row["envelope"])["source"] for row in house.rows("events")] == [
            "hanging",
            "quick",
            "hanging",
        ]
        loops.stop()


def test_a_source_for_which_no_thread_was_to_be_had_is_tried_again(
    sqlite_url: str, tmp_path: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was taken for one that runs, for ever, and the stop failed over it."""
    start, asked = threading.Thread.start, threading.Event()

    def none(thread: threading.Thread) -> None:
        if thread.name.startswith("lookups-"):
            asked.set()
            raise RuntimeError("can't start new thread")
        start(thread)

    with a_spa(tmp_path, sqlite_url, quick=platform) as house:
        loops = BacklogLoops(house.gateway.parts, NEVER_S)
        loops.start()
        tell(house, "quick")
        with monkeypatch.context() as bounded:
            bounded.setattr(threading.Thread, "start", none)
            loops.wake()
            assert asked.wait(10)

        loops.wake()

        until(lambda: ran(house) == ["quick"])
        loops.stop()


def test_an_account_that_has_its_share_hides_nobody_behind_it(
    sqlite_url: str, tmp_path: Path, platform: Platform
) -> None:
    """However many of its sources wait, and however long."""
    with a_spa(tmp_path, sqlite_url, quick=platform) as house:
        tell(house, "quick")
        now = house.clock.now()
        with house.gateway.parts.engines.reading() as connection:
            waiting, others = (
                deliveries.due_sources(connection, now, ["acuity"], without=[], full=full, limit=1)
                for full in ([], [house.account.id])
            )

    assert [account for _, account in waiting] == [house.account.id]
    assert others == []
