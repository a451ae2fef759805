"""SIGTERM: what began is finished, nothing that was acknowledged is lost, and 20 seconds are enough."""

import signal
import sqlite3
import threading
from pathlib import Path

from connector.store import tables
from tests.faults.shop import Shop, planted, rows
from tests.kit.crowd import until
from tests.kit.databases import PostgresMaker
from tests.kit.house import ACCOUNT
from tests.kit.journal import Till
from tests.kit.process import SOURCE, Place, Running, Serving, settle
from tests.kit.receiver import Peer, Recorder, hostile
from tests.kit.wire import Wire, a_request
from tests.test_server import wait_until_refused

LONGEST_S = 20
BODY = b'{"amount": 100, "currency": "USD"}'


class Watch:
    """Fails where something takes longer than it may: a bound that the contract names."""

    def __init__(self, process: Running) -> None:
        self._is_late = threading.Event()
        self._timer = threading.Timer(LONGEST_S, self._give_up, (process,))

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        assert not self._is_late.is_set(), f"it was still there after {LONGEST_S} s"

    def _give_up(self, process: Running) -> None:
        self._is_late.set()
        process.signal(signal.SIGKILL)


def test_a_gateway_that_is_stopped_under_load_keeps_all_its_word(place: Place, receiver: Recorder) -> None:
    with Serving.at(place) as served, Shop.open(place, served, receiver) as shop:
        shop.load.wait_for(30)

        with Watch(served.process):
            assert served.terminate() == 0
        served.start()
        shop.load.goes_to(served.port)
        shop.load.wait_for(10)

        assert shop.audit() == []


def test_what_is_in_flight_is_answered_though_others_hang(tmp_path: Path) -> None:
    place = settle(tmp_path)
    arrived = threading.Event()

    def never_answer(peer: Peer) -> None:
        peer.read_request()
        arrived.set()
        peer.be_silent()

    with hostile(never_answer) as receiver, Serving.at(place) as served:
        wanted = f'{{"url": "{receiver}"}}'.encode()
        assert served.ask("POST", "/v1/webhook-endpoints", wanted).status == 201
        assert served.ask("POST", "/v1/gift-cards", BODY).status == 201
        assert arrived.wait(LONGEST_S)
        deed = next(Till(place).deeds())
        with Wire(served.port) as dripping, Wire(served.port) as honest:
            dripping.send(a_request("POST", f"/hooks/{ACCOUNT}/{SOURCE}", "Content-Length: 1000") + b"x")
            honest.send(deed.request[:-1])

            with Watch(served.process):
                served.process.signal(signal.SIGTERM)
                wait_until_refused(served.port)
                honest.send(deed.request[-1:])
                assert honest.reply().status == 200
                served.process.signal(signal.SIGTERM)
                assert served.process.wait() == 0

        [attempt] = rows(place.database, tables.attempts)
        [delivery] = [
            one for one in rows(place.database, tables.webhook_deliveries) if one["state"] == "retrying"
        ]
        assert attempt["record"]["outcome"] == "timeout"
        assert delivery["tries"] == 1, "what was being sent was waited for, and is planned again"


def test_a_stop_that_comes_before_the_start_is_over_counts(tmp_path: Path) -> None:
    place = settle(tmp_path)
    with (
        sqlite3.connect(place.folder / "data" / "connector.db", isolation_level=None) as held,
        Running("serve", "--config", place.config, folder=tmp_path) as process,
    ):
        held.execute("BEGIN IMMEDIATE")
        until(lambda: takes_sigterm(process))

        process.signal(signal.SIGTERM)
        held.execute("ROLLBACK")

        with Watch(process):
            assert process.wait() == 0
    held.close()


def takes_sigterm(process: Running) -> bool:
    """Whether a handler of its own waits for the signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


STOPPING = "        deadline = self.parts.clock.monotonic() + within_s\n"
HANGS = ("flows/gateway.py", STOPPING, "        threading.Event().wait()\n" + STOPPING)
SOON = ("server.py", "END_S: Final = 19.0", "END_S: Final = 0.5")


def test_what_hangs_for_ever_is_left_and_the_exit_code_says_so(tmp_path: Path) -> None:
    place = settle(tmp_path / "place")
    stuck = planted(tmp_path / "stuck", HANGS, SOON)

    with Serving.at(place, package=stuck) as served, Watch(served.process):
        assert served.terminate() == 1


def test_processes_that_share_a_port_stop_together(tmp_path: Path, postgres_maker: PostgresMaker) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        with Serving.at(place, "--workers", "2") as served, Shop.open(place, served, None) as shop:
            shop.load.wait_for(20)

            with Watch(served.process):
                assert served.terminate() == 0
            served.start()

            assert shop.audit() == []
