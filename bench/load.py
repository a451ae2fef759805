"""The load generator: kept connections, one request in flight on each, as little Python as will do.

    python -m bench.load PORT MODULE:FUNCTION ARGUMENT --seconds 5 --connections 32 [--slow 500]

FUNCTION(ARGUMENT) yields requests as bytes, without end. Prints figures as one JSON object.
"""

import argparse
import asyncio
import importlib
import json
import time
from collections.abc import Iterator
from typing import Any, Final

import uvloop

WARM_S: Final = 0.5  # not counted: connections open, caches fill
LENGTH: Final = b"content-length: "
SLOW_KINDS: Final = (
    b"",
    b"POST / HTTP/1.1\r\nX-",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
)


class Tally:
    """When to begin counting and when to end, and what was counted: seconds a request."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begin = time.perf_counter() + WARM_S
        self.end = self.begin + seconds
        self.took: list[float] = []
        self.errors = 0

    def figures(self) -> dict[str, float]:
        took = sorted(self.took) or [0.0]
        return {
            "requests": len(self.took),
            "errors": self.errors,
            "rate": len(self.took) / self.seconds,
            "mean_ms": 1_000 * sum(took) / len(took),
            "p50_ms": 1_000 * took[len(took) // 2],
            "p99_ms": 1_000 * took[min(len(took) - 1, len(took) * 99 // 100)],
        }


class Client(asyncio.Protocol):
    """One connection: sends the next request when the last one was answered, until the time is up."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self.requests = requests
        self.tally = tally
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: Any) -> None:  # uvloop's is no asyncio.Transport
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = next(self.requests)
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.find(LENGTH, 0, head)
        length = int(self.buffer[at + len(LENGTH) : self.buffer.index(b"\r", at)]) if at >= 0 else 0
        if len(self.buffer) < head + 4 + length:
            return
        now = time.perf_counter()
        is_well = self.buffer[9:10] == b"2"
        self.buffer = b""
        if self.tally.begin <= now < self.tally.end:
            if is_well:
                self.tally.took.append(now - self.sent_at)
            else:
                self.tally.errors += 1
        if now < self.tally.end:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if time.perf_counter() < self.tally.end:
            self.tally.errors += 1
        if not self.done.done():
            self.done.set_result(None)


async def linger(port: int, beginning: bytes) -> None:
    """A slow client: begins, drips a byte a second, and begins again when it is dropped."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning)
        while not reader.at_eof():
            try:
                await asyncio.wait_for(reader.read(4_096), 1.0)
            except TimeoutError:
                if beginning:
                    writer.write(b"x")
            except ConnectionError:
                break
        writer.close()


async def measure(port: int, requests: Iterator[bytes], seconds: float, connections: int, slow: int) -> Tally:
    loop = asyncio.get_running_loop()
    crowd = [asyncio.create_task(linger(port, kind)) for kind in SLOW_KINDS for _ in range(slow)]
    if crowd:
        await asyncio.sleep(1.0)  # until all of them hang on
    tally = Tally(seconds)
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: Client(requests, tally), "127.0.0.1", port)
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    for one in crowd:
        one.cancel()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("port", type=int)
    parser.add_argument("requests")
    parser.add_argument("argument")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--slow", type=int, default=0, help="so many slow clients of each of three kinds")
    asked = parser.parse_args()
    module, _, function = asked.requests.partition(":")
    requests = getattr(importlib.import_module(module), function)(asked.argument)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(measure(asked.port, requests, asked.seconds, asked.connections, asked.slow))
    print(json.dumps(tally.figures()))


if __name__ == "__main__":
    main()
