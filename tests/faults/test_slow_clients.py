"""Slow clients: hundreds that drip, or say nothing, keep nobody else waiting and are dropped.

What is asserted is the outcome, never a time: `make bench` measures. The full size and
the real deadlines run in the soak (`make soak`).
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from connector.server import HEAD_TIMEOUT_MS
from connector.web.front import BODY_DEADLINE_S, Front
from tests.kit.wire import Wire, a_request, exchange, serving

HONEST: Final = 200
SLOW: Final = 500
SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
DEADLINE_S: Final = BODY_DEADLINE_S if SOAK else 1.0
HEAD: Final = a_request("POST", "/hooks/glow-spa/square", "Content-Length: 1000")

Start = Callable[..., Any]


def well(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def crowd(port: int, beginning: bytes) -> Iterator[list[Wire]]:
    """SLOW clients that have sent `beginning` and now take their time."""
    wires: list[Wire] = []
    try:
        for _ in range(SLOW):
            wire = Wire(port)
            wires.append(wire)
            wire.send(beginning)
        yield wires
    finally:
        for wire in wires:
            wire.__exit__()


def drip(wires: list[Wire]) -> None:
    """Each of them sends one byte more; some may have been dropped by now."""
    for wire in wires:
        try:
            wire.send(b"x")
        except (BrokenPipeError, ConnectionResetError):
            continue


@pytest.mark.parametrize(
    "beginning",
    [HEAD, HEAD + b"x" * 500, HEAD[:-2] + b"X-Slow: ", b"POST /hooks", b"", a_request()],
    ids=[
        "no body",
        "half a body",
        "half a head",
        "half a line",
        "nothing",
        "an answered request, then nothing",
    ],
)
def test_beside_hundreds_of_slow_clients_every_honest_one_is_served(beginning: bytes) -> None:
    with serving(Front(well)) as port, crowd(port, beginning) as wires:
        for number in range(HONEST):
            if number % 50 == 0:
                drip(wires)
            body = str(number).encode()

            reply = exchange(port, a_request("POST", "/", body=body))

            assert (reply.status, reply.body) == (200, body)


def test_hundreds_of_bodies_that_do_not_end_are_each_told_so_and_dropped() -> None:
    front = Front(well, body_deadline_s=DEADLINE_S)
    with serving(front) as port, crowd(port, HEAD + b"x") as wires:
        drip(wires)

        assert [wire.reply().status for wire in wires] == [408] * SLOW
        assert all(wire.is_closed() for wire in wires)
        assert front.in_flight == 0
        assert exchange(port, a_request()).status == 200


def test_slow_clients_cannot_take_the_threads_even_when_there_is_one() -> None:
    with serving(Front(well, threads=1, queue=0)) as port, crowd(port, HEAD + b"x"), Wire(port) as honest:
        for _ in range(HONEST):
            honest.send(a_request("POST", "/", body=b"a"))
            assert honest.reply().status == 200


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /hooks", a_request()[:-2], a_request()],
    ids=["nothing", "a word", "a head", "done"],
)
def test_hundreds_that_fall_silent_are_dropped(beginning: bytes) -> None:
    with (
        serving(Front(well), head_timeout_ms=HEAD_TIMEOUT_MS if SOAK else 500) as port,
        crowd(port, beginning) as wires,
    ):
        assert all(wire.is_closed() for wire in wires)
        assert exchange(port, a_request()).status == 200
