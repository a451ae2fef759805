"""HTTP as bytes on a socket, for what no client library would send; and a server to send it to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from connector.domain import jsontext
from connector.server import HEAD_TIMEOUT_MS, Server
from connector.web.front import Front

PATIENCE_S = 20.0  # a bound on hanging, not a measure


@dataclass(frozen=True)
class Reply:
    """One answer. `status` is 0 where the connection was closed without one."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self) -> Any:
        return jsontext.loads(self.body)


class Wire:
    """A client's connection: sends bytes as they are, reads answers one by one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._read = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._read.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end(self) -> None:
        """Say that nothing more will be sent; answers can still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def reply(self, *, to_head: bool = False) -> Reply:
        """The next answer, whole; an interim 100 is passed over."""
        try:
            return self._reply(to_head=to_head)
        except ConnectionResetError:
            return Reply(0)

    def is_closed(self) -> bool:
        """Wait until the server closes; whatever it still sends is thrown away."""
        try:
            while self._read.read1(65_536):
                pass
        except ConnectionResetError:
            pass
        return True

    def _reply(self, *, to_head: bool) -> Reply:
        line = self._read.readline()
        if not line:
            return Reply(0)
        status = int(line.split()[1])
        headers = []
        while (line := self._read.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.strip().lower(), value.strip()))
        if status == 100:
            return self._reply(to_head=to_head)
        found = dict(headers)
        if to_head or status in (204, 304):
            body = b""
        elif found.get("transfer-encoding") == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self._read.read(int(found.get("content-length", "0")))
        return Reply(status, tuple(headers), body)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._read.readline(), 16):
            yield self._read.read(size)
            self._read.readline()
        self._read.readline()


def exchange(port: int, data: bytes, *, ends: bool = False, to_head: bool = False) -> Reply:
    """Send `data` on a connection of its own and read the one answer; `ends`: nothing more is sent."""
    with Wire(port) as wire:
        wire.send(data)
        if ends:
            wire.end()
        return wire.reply(to_head=to_head)


def a_request(method: str = "GET", path: str = "/", *headers: str, body: bytes | None = None) -> bytes:
    """The bytes of a request with one Host header, and Content-Length where there is a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


@contextmanager
def serving(front: Front, head_timeout_ms: int = HEAD_TIMEOUT_MS) -> Iterator[int]:
    """A server for `front` on a free port of this machine, stopped at the end; gives the port."""
    server = Server(front, "127.0.0.1", 0, head_timeout_ms=head_timeout_ms)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _: ready.set(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield server.port
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
