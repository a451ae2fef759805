"""The server: it says where it listens, finishes what it began, and leaves nothing behind."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import CannotListen
from connector.server import Server, address, listen
from connector.web.front import Front
from tests.kit.wire import PATIENCE_S, Wire, a_request, exchange, serving

ROOT = Path(__file__).parents[1]
Start = Callable[..., Any]


def well(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"well"]


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        with Wire(port):
            return False
    except (ConnectionRefusedError, ConnectionResetError):  # the second: closed while we knocked
        return True


def wait_until_refused(port: int) -> None:
    while not refuses(port):
        pass


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with serving(Front(well)) as port, pytest.raises(CannotListen) as refusal:
        Server(Front(well), "127.0.0.1", port)

    assert refusal.value.detail.startswith(f"127.0.0.1:{port} is taken")
    assert "\n" not in refusal.value.detail


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("192.0.2.1", 0, "192.0.2.1:0 is not an address of this machine"),
        ("no.such.name.invalid", 8080, "no.such.name.invalid:8080 cannot be listened on"),
        ("127.0.0.1", 70_000, "127.0.0.1:70000 cannot be listened on"),
    ],
)
def test_an_address_that_cannot_be_had_is_named(host: str, port: int, said: str) -> None:
    with pytest.raises(CannotListen) as refusal:
        listen(host, port)

    assert refusal.value.detail.startswith(said)


def test_port_0_is_a_free_port_and_the_real_one_is_told() -> None:
    told: list[str] = []
    server = Server(Front(well), "127.0.0.1", 0)

    def on_ready(where: str) -> None:
        told.append(where)
        server.stop()

    assert server.run(on_ready) is True
    assert told == [f"127.0.0.1:{server.port}"]
    assert server.port > 0


def test_an_address_of_version_6_is_written_in_brackets() -> None:
    assert address("::1", 8080) == "[::1]:8080"


def test_a_server_that_is_stopped_before_it_runs_ends_at_once() -> None:
    server = Server(Front(well), "127.0.0.1", 0)

    server.stop()

    assert server.run(lambda _: None) is True


def test_a_callback_that_fails_ends_the_server() -> None:
    server = Server(Front(well), "127.0.0.1", 0)

    def on_ready(where: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        server.run(on_ready)


def test_a_stopped_server_finishes_what_is_in_flight_and_takes_nothing_new() -> None:
    begun, let_go, finished = threading.Event(), threading.Event(), threading.Event()

    def held(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        begun.set()
        assert let_go.wait(PATIENCE_S)
        return well(environ, start_response)

    server = Server(Front(held), "127.0.0.1", 0)

    def run() -> None:
        if server.run(lambda _: None):
            finished.set()

    thread = threading.Thread(target=run)
    thread.start()
    with Wire(server.port) as wire:
        wire.send(a_request())
        assert begun.wait(PATIENCE_S)

        server.stop()
        wait_until_refused(server.port)
        assert not finished.is_set()
        let_go.set()

        assert wire.reply().body == b"well"
        assert wire.is_closed()
    thread.join(PATIENCE_S)
    assert finished.is_set()


def test_an_idle_connection_does_not_hold_up_the_end() -> None:
    with serving(Front(well)) as port:
        idle = Wire(port)
        idle.send(a_request())
        assert idle.reply().status == 200

    with idle:
        assert idle.is_closed()


def test_a_port_is_free_again_after_the_end() -> None:
    with serving(Front(well)) as port:
        assert exchange(port, a_request()).status == 200

    listen("127.0.0.1", port).close()


def test_a_server_leaves_the_log_of_its_process_alone(tmp_path: Path) -> None:
    log = logging.getLogger("a log of the product")
    handler = logging.FileHandler(tmp_path / "log")
    log.addHandler(handler)
    try:
        with serving(Front(well)) as port:
            exchange(port, a_request())
            log.error("still heard")
    finally:
        log.removeHandler(handler)
        handler.close()

    assert (tmp_path / "log").read_text() == "still heard\n"


PROGRAM = """
import os, sys
from connector.server import Server, listen, serve_workers
from connector.web.front import Front

def app(environ, start_response):
    if environ["PATH_INFO"] == "/held":
        print("begun", flush=True)
        sys.stdin.readline()
    said = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]

def ready(where):
    print(where.rpartition(":")[2], flush=True)
"""
ALONE = PROGRAM + 'sys.exit(0 if Server(Front(app), "127.0.0.1", 0).run(ready) else 1)'
WORKERS = (
    PROGRAM
    + """
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
def serve():
    Server(Front(app), "", 0, listener=listener).run(lambda _: None)
sys.exit(serve_workers(2, serve))
"""
)
FAILING = PROGRAM + "sys.exit(serve_workers(2, lambda: sys.exit(3)))"


@contextmanager
def program(text: str) -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_well_after_the_request_in_flight(number: signal.Signals) -> None:
    with program(ALONE) as process:
        port = int(line(process))
        with Wire(port) as wire:
            wire.send(a_request("GET", "/held"))
            assert line(process) == "begun"

            process.send_signal(number)
            wait_until_refused(port)
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()

            assert wire.reply().body == str(process.pid).encode()
        rest, complaints = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, rest, complaints) == (0, "", "")


def test_a_killed_server_leaves_nobody_serving() -> None:
    with program(ALONE) as process:
        port = int(line(process))
        process.kill()
        process.wait(PATIENCE_S)

        assert refuses(port)


def workers_of(port: int, count: int, *, without: int = 0) -> set[int]:
    """Ask until `count` different processes have answered; `without` is not among them."""
    found: set[int] = set()
    while len(found) < count:
        with contextlib.suppress(ConnectionError), contextlib.ExitStack() as stack:  # one may just be dying
            wires = [stack.enter_context(Wire(port)) for _ in range(8)]
            for wire in wires:
                wire.send(a_request("GET", "/", "Connection: close"))
            found |= {int(reply.body) for reply in (wire.reply() for wire in wires) if reply.status}
        found.discard(without)
    return found


def test_workers_share_a_port_and_end_together() -> None:
    with program(WORKERS) as process:
        port = int(line(process))
        workers = workers_of(port, 2)
        process.terminate()
        _, complaints = process.communicate(timeout=PATIENCE_S)

    assert process.pid not in workers
    assert (process.returncode, complaints) == (0, "")
    assert refuses(port)


def test_a_worker_that_is_killed_is_replaced() -> None:
    with program(WORKERS) as process:
        port = int(line(process))
        victim, other = workers_of(port, 2)

        os.kill(victim, signal.SIGKILL)

        assert other in workers_of(port, 2, without=victim)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def test_no_worker_outlives_its_parent() -> None:
    with program(WORKERS) as process:
        port = int(line(process))
        workers_of(port, 2)

        process.kill()

        wait_until_refused(port)


def test_a_worker_that_cannot_start_ends_them_all() -> None:
    with program(FAILING) as process:
        assert process.wait(PATIENCE_S) == 1


def test_the_listening_socket_is_not_shared_with_a_stranger() -> None:
    with serving(Front(well)) as port, socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
