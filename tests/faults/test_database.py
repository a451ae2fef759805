"""A database that cannot be written for a while: 503, and when to come again; then all is well by itself."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.shop import Shop, balances
from tests.kit.databases import PostgresMaker
from tests.kit.journal import Told
from tests.kit.process import Place, Serving, settle
from tests.kit.receiver import Recorder
from tests.kit.wire import Reply

AT_ONCE = 6


def require_refused(replies: list[Reply]) -> None:
    """Each was told to come again, and when; none that it was done."""
    assert {reply.status for reply in replies} == {503}
    assert all((reply.header("Retry-After") or "").isdigit() for reply in replies)
    assert all(reply.json()["retryable"] for reply in replies)


def test_a_database_that_somebody_else_holds_is_waited_for_and_then_left(
    tmp_path: Path, receiver: Recorder
) -> None:
    place = settle(tmp_path)
    with (
        Serving.at(place) as served,
        Shop.open(place, served, receiver, callers=0) as shop,
        closing(sqlite3.connect(tmp_path / "data" / "connector.db", isolation_level=None)) as held,
    ):
        shop.do(3)
        cards = balances(served)
        held.execute("BEGIN IMMEDIATE")

        require_refused(shop.do_at_once(AT_ONCE))
        assert balances(served) == cards, "who only reads is not held up"
        held.execute("ROLLBACK")

        shop.do(3)
        assert shop.audit() == []


def test_a_row_that_somebody_else_holds_is_waited_for_and_then_left(
    tmp_path: Path, postgres_maker: PostgresMaker, receiver: Recorder
) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        with (
            Serving.at(place) as served,
            Shop.open(place, served, receiver, callers=0) as shop,
            psycopg.connect(url) as held,
        ):
            shop.do(3)
            held.execute("LOCK TABLE transfers IN ACCESS EXCLUSIVE MODE")

            require_refused(shop.do_at_once(2))
            held.rollback()

            shop.do(3)
            assert shop.audit() == []


def test_on_a_full_disk_nothing_is_promised_and_it_goes_on_once_there_is_room(
    tmp_path: Path, receiver: Recorder
) -> None:
    place = settle(tmp_path)
    log = tmp_path / "data" / "connector.db-wal"
    with Serving.at(place) as served, Shop.open(place, served, receiver, callers=0) as shop:
        shop.do(3)
        cards = balances(served)
        served.process.limit(resource.RLIMIT_FSIZE, log.stat().st_size)

        require_refused(shop.do_at_once(AT_ONCE))
        require_refused(shop.do_at_once(AT_ONCE))
        assert balances(served) == cards
        served.process.limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)

        shop.do(3)
        assert shop.audit() == []


@pytest.mark.parametrize("room", [1, 7, 20])
def test_a_disk_that_runs_full_in_the_middle_keeps_what_was_promised(tmp_path: Path, room: int) -> None:
    place = settle(tmp_path)
    log = tmp_path / "data" / "connector.db-wal"
    with Serving.at(place) as served, Shop.open(place, served, None, callers=0) as shop:
        shop.do(2)
        served.process.limit(resource.RLIMIT_FSIZE, log.stat().st_size + room * 4096)

        replies = [reply for _ in range(4) for reply in shop.do_at_once(AT_ONCE)]
        assert {reply.status for reply in replies} <= {200, 202, 503}
        assert replies[-1].status == 503
        served.process.limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)

        assert shop.audit() == []


def test_a_database_that_was_moved_away_is_missed_and_found_again(tmp_path: Path, receiver: Recorder) -> None:
    place = settle(tmp_path)
    with Serving.at(place) as served, Shop.open(place, served, receiver, callers=0) as shop:
        shop.do(3)
        (tmp_path / "data").rename(tmp_path / "away")

        require_refused(shop.do_at_once(AT_ONCE))
        assert served.ask("GET", "/readyz").status == 503
        assert served.ask("GET", "/healthz").status == 200
        assert not (tmp_path / "data").exists(), "no empty one was put in its place"
        (tmp_path / "away").rename(tmp_path / "data")

        shop.do(3)
        assert shop.audit() == []


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[PostgresMaker, Place]]:
    """A PostgreSQL of this test's own, that may die."""
    maker = PostgresMaker()
    try:
        with maker.fresh(tmp_path) as url:
            yield maker, settle(tmp_path, url)
    finally:
        maker.close()


def test_a_postgresql_that_dies_is_missed_and_found_again(
    own_server: tuple[PostgresMaker, Place], receiver: Recorder
) -> None:
    server, place = own_server
    with Serving.at(place) as served, Shop.open(place, served, receiver, callers=0) as shop:
        shop.do(4)
        server.crash()

        require_refused(shop.do_at_once(AT_ONCE))
        assert served.ask("GET", "/readyz").status == 503
        assert served.ask("GET", "/v1/gift-cards").status == 503
        server.revive()

        shop.do(4)
        assert shop.audit() == []


def test_a_postgresql_that_dies_under_load_loses_nothing(
    own_server: tuple[PostgresMaker, Place], receiver: Recorder
) -> None:
    server, place = own_server
    with Serving.at(place) as served, Shop.open(place, served, receiver) as shop:
        shop.load.wait_for(30)
        server.crash()
        shop.load.wait_for(4, Told.UNKNOWN)
        server.revive()
        shop.load.wait_for(20)

        assert shop.audit() == []
