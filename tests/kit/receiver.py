"""Real local receivers: one that behaves and keeps what it got, one that does whatever a test wants.

The rule that holds: both listen on 127.0.0.1 at a port the system chose, and leave no
thread and no socket behind. No stand-ins: the bytes go through real sockets.
"""

import re
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

WAIT_S = 10.0
"""Far beyond what anything here takes; only a broken product waits so long."""


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in small letters, `arrived_at` in monotonic seconds."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived_at: float
    connection: int
    """The number of the connection it came on, from 1: two requests with the same number shared it."""

    def header(self, name: str) -> str:
        return self.headers[name]


@dataclass(frozen=True)
class Reply:
    """What to answer. `drops` closes the connection afterwards without saying so."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False


class Recorder:
    """An HTTP/1.1 receiver that keeps every request and answers 200, or what it was told to.

    with Recorder() as receiver:
        receiver.answers(503, 200)
        …
        [first, second] = receiver.wait_for(2)
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "https" if tls else "http"
        self._replies: deque[Reply] = deque()
        self._arrived = threading.Condition()
        self._requests: list[Received] = []
        self._gate = threading.Event()
        self._gate.set()
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="recorder")

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """The URL under another name for this machine."""
        return f"{self._scheme}://{host}:{self.port}/hook"

    @property
    def requests(self) -> list[Received]:
        """What has arrived so far, in order."""
        with self._arrived:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """How many connections were opened to it."""
        return self._server.opened

    def answers(self, *replies: int | Reply) -> None:
        """The next answers, in order; afterwards 200 again."""
        with self._arrived:
            self._replies.extend(Reply(one) if isinstance(one, int) else one for one in replies)

    def recovers(self) -> None:
        """Answer 200 from now on, whatever was to come."""
        with self._arrived:
            self._replies.clear()

    def wait_for(self, count: int, timeout_s: float = WAIT_S) -> list[Received]:
        """The requests, once at least `count` have arrived; AssertionError when they do not."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self._requests) >= count, timeout_s)
            assert came, f"{len(self._requests)} of {count} requests arrived within {timeout_s} s"
            return list(self._requests)

    def holds(self) -> None:
        """Keep every answer back until `let_go`: a receiver that hangs."""
        self._gate.clear()

    def let_go(self) -> None:
        """Answer what was held."""
        self._gate.set()

    def hang_up(self) -> None:
        """Close every open connection, as a restarted server does."""
        self._server.hang_up()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def take(self, received: Received) -> Reply:
        """Keep one request and say what to answer."""
        with self._arrived:
            self._requests.append(received)
            self._arrived.notify_all()
            reply = self._replies.popleft() if self._replies else Reply()
        self._gate.wait(WAIT_S)
        return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 512

    def __init__(self, recorder: Recorder, tls: ssl.SSLContext | None) -> None:
        self.recorder = recorder
        self.opened = 0
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[int, socket.socket] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls:  # the handshake comes with the first read, in the connection's own thread
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self.opened += 1
            self._open[self.opened] = connection
        return connection, address

    def number_of(self, connection: socket.socket) -> int:
        with self._lock:
            return next(number for number, one in self._open.items() if one is connection)

    def hang_up(self) -> None:
        with self._lock:
            for connection in self._open.values():
                _shut(connection)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open = {number: one for number, one in self._open.items() if one is not request}
            _shut(request)
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is what some tests are about: it is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body

    def _receive(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # its sender was killed in the middle: no request came
            self.close_connection = True
            return
        reply = self.server.recorder.take(
            Received(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                arrived_at=time.monotonic(),
                connection=self.server.number_of(self.connection),
            )
        )
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in reply.headers}:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or reply.drops

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _receive  # noqa: N815 -- http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """The tests say what happened."""


Script = Callable[["Peer"], None]


class Peer:
    """One connection to a hostile server, as its script sees it."""

    def __init__(self, connection: socket.socket, over: threading.Event, number: int) -> None:
        self._connection = connection
        self._over = over
        self.number = number

    def read_request(self) -> bytes:
        """Read one whole request; what came of it where the far side closed before."""
        got = b""
        while True:
            head, blank, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head.lower())
            if blank and len(body) >= (int(length[1]) if length else 0):
                return got
            piece = self._connection.recv(65536)
            if not piece:
                return got
            got += piece

    def say(self, data: bytes) -> None:
        self._connection.sendall(data)

    def drip(self, data: bytes, every_s: float = 0.02) -> None:
        """One byte at a time, until the test is over."""
        for byte in data:
            if self._over.wait(every_s):
                return
            self._connection.sendall(bytes([byte]))

    def be_silent(self) -> None:
        """Hold the connection and say nothing until the test is over or the far side has gone."""
        while not self._over.is_set():
            readable, _, _ = select.select([self._connection], [], [], 0.02)
            if readable and not self._connection.recv(65536):
                return

    def hold(self) -> None:
        """Neither read nor say anything until the test is over."""
        self._over.wait(WAIT_S)

    def reset(self) -> None:
        """Close with a reset instead of an end."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


@contextmanager
def hostile(script: Script) -> Iterator[str]:
    """A server that lets `script` do as it likes with each connection; gives the URL."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket, number: int) -> None:
        with connection:
            try:
                script(Peer(connection, over, number))
            except OSError:
                return  # the product hung up, as it should

    def accept(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection, len(threads) + 1)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        accepting = threading.Thread(target=accept, args=(listening,))
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        finally:
            over.set()
            _shut(listening)
            accepting.join()
            for thread in threads:
                thread.join()


def _shut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # past TLS: no farewell, and no blocking
    except OSError:
        return  # gone already
