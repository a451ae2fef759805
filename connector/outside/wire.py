"""HTTP on the wire: requests and urllib3, held to our dialling, our limits and our time.

The rule that holds: every read and write of a socket asks the exchange how long
it may take; nothing here follows, decodes, remembers or looks up anything.
"""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util.retry import Retry

from .dial import Guard
from .exchange import AttemptFault, Exchange, of_tls
from .heads import BoundedResponse
from .kept import Kept

SLACK_S: Final = (
    0.05  # setting a time is a call to the system, as dear as sending: near enough is left as it is
)


class _TimedReader(io.RawIOBase):
    """Reads a socket, never past the end of the step that the exchange is in."""

    def __init__(self, wire: "TimedSocket", raw: io.RawIOBase) -> None:
        self._wire = wire
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        exchange = self._wire.exchange
        self._wire.wait_no_longer()
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError as fault:
            raise exchange.late() from fault
        except OSError as fault:
            raise AttemptFault("unreachable", "connection_closed") from fault
        exchange.has_heard = exchange.has_heard or bool(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedSocket:
    """Stands in the place of a connected socket; has what http.client and urllib3 ask of one."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self.sock = sock
        self.exchange = exchange
        self._waits_s = -1.0

    def wait_no_longer(self) -> None:
        """Let the next read or write wait for what the step has left, and at most SLACK_S more."""
        left = self.exchange.remaining_s()
        if not left <= self._waits_s <= left + SLACK_S:
            self.sock.settimeout(left)
            self._waits_s = left

    def makefile(self, _mode: str) -> io.BufferedReader:
        raw = self.sock.makefile("rb", buffering=0)  # counts as a user of the socket until it is closed
        return io.BufferedReader(_TimedReader(self, cast("io.RawIOBase", raw)))

    def sendall(self, data: bytes) -> None:
        unsent = memoryview(data)
        while unsent:
            self.wait_no_longer()
            try:
                sent = self.sock.send(unsent)
            except TimeoutError as fault:
                raise self.exchange.late() from fault
            except OSError as fault:
                # urllib3 passes over this one: they may have stopped reading, and yet have answered.
                raise BrokenPipeError from fault
            unsent = unsent[sent:]

    def settimeout(self, timeout: float | None) -> None:
        """Not theirs to say."""

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()


class GuardedConnection(HTTPConnection):
    """A connection that can be opened through the guard only, with TLS where the target says https."""

    response_class = BoundedResponse
    opened_at: float = 0.0
    _body: bytes = b""

    def __init__(self, line: "Line", exchange: Exchange) -> None:
        super().__init__(exchange.target.host, exchange.target.port)
        self._line = line
        self.exchange = exchange

    def take_up(self, exchange: Exchange) -> None:
        """Serve another exchange on the connection that is open."""
        self.exchange = exchange
        cast("TimedSocket", self.sock).exchange = exchange

    def connect(self) -> None:
        exchange = self.exchange
        plain = self._line.guard.dial(exchange)
        try:
            sock = self._secured(plain) if exchange.target.scheme == "https" else plain
        except BaseException:
            plain.close()
            raise
        self.opened_at = exchange.clock.monotonic()
        self.sock = cast("socket.socket", TimedSocket(sock, exchange))
        exchange.allow(exchange.limits.answer_s, "timeout_answer")

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        exchange = self.exchange
        begun = exchange.clock.monotonic()
        plain.settimeout(exchange.remaining_s())  # for the whole handshake, not for each of its reads
        try:
            secured = self._line.tls().wrap_socket(plain, server_hostname=exchange.target.host)
        except TimeoutError as fault:
            raise exchange.late() from fault
        except OSError as fault:
            raise of_tls(fault) from fault
        exchange.note("tls", begun)
        return secured

    def request(self, method: str, url: str, body: Any = None, *rest: Any, **named: Any) -> None:
        self._body = body or b""
        super().request(method, url, None, *rest, **named)

    def _send_output(self, *_: Any, **__: Any) -> None:
        """Head and body in one write, which is one wake-up less for them and for us."""
        lines = cast("Any", self)._buffer
        head = b"\r\n".join((*lines, b"", b""))
        lines.clear()
        self.send(head + self._body)

    def putrequest(
        self,
        method: str,
        url: str,  # noqa: ARG002 -- urllib3's signature
        skip_host: bool = False,
        skip_accept_encoding: bool = False,
    ) -> None:
        # Our own text, not `url`, which urllib3 has parsed and written anew.
        path = self.exchange.target.path_and_query
        super().putrequest(method, path, skip_host, skip_accept_encoding)


class _GuardedPool(HTTPConnectionPool):
    """A thread's own, and about one exchange at a time; what it would keep lives in the line's own Kept."""

    def __init__(self, line: "Line") -> None:
        super().__init__("the-target-speaks.invalid")
        self._line = line
        self._exchange: Exchange | None = None

    def about(self, exchange: Exchange) -> Self:
        self._exchange = exchange
        return self

    def _get_conn(self, timeout: float | None = None) -> GuardedConnection:  # noqa: ARG002 -- urllib3's
        exchange = cast("Exchange", self._exchange)
        kept = self._line.kept.take(exchange.target) if exchange.may_reuse else None
        if kept is None:
            exchange.allow(exchange.limits.connect_s, "timeout_connect")
            return GuardedConnection(self._line, exchange)
        exchange.is_reused = True
        exchange.address = kept.exchange.address
        kept.take_up(exchange)
        exchange.allow(exchange.limits.answer_s, "timeout_answer")
        return kept

    def _put_conn(self, conn: Any) -> None:
        if isinstance(conn, GuardedConnection):
            self._line.kept.give(conn)


class _Prepared(requests.PreparedRequest):
    """A request filled by us alone: no session, environment, cookies or hooks had a part in it."""

    def __init__(self, exchange: Exchange, body: bytes, headers: Mapping[str, str], method: str) -> None:
        super().__init__()
        self.method = method
        self.url = "/"  # the target speaks; this is for logs, and a URL can be a secret
        self.headers = requests.structures.CaseInsensitiveDict(headers)
        self.body = body
        self.exchange = exchange


class Line(HTTPAdapter):
    """The way out: the guard, TLS and the kept connections behind `HTTPAdapter.send`."""

    def __init__(
        self, guard: Guard, tls: Callable[[], ssl.SSLContext], kept: Kept[GuardedConnection]
    ) -> None:
        super().__init__(max_retries=Retry(total=False))  # False: errors come out as they are
        self.guard = guard
        self.tls = tls
        self.kept = kept
        self._pools = threading.local()  # making one for each attempt costs as much as sending its request

    def post(
        self, exchange: Exchange, body: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> requests.Response:
        """The answer's head, its body still unread in `.raw`; raises what went wrong."""
        return self.send(_Prepared(exchange, body, headers, method), stream=True, proxies={})

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> _GuardedPool:
        pool: _GuardedPool | None = getattr(self._pools, "own", None)
        if pool is None:
            pool = self._pools.own = _GuardedPool(self)
        return pool.about(request.exchange)

    def cert_verify(self, *_: Any) -> None:
        """Nothing to load: the one SSLContext verifies. (requests would read its CA file each time.)"""

    def request_url(self, *_: Any) -> str:
        return "/"  # GuardedConnection writes the true one

    def build_response(self, _: Any, resp: Any) -> requests.Response:
        response = requests.Response()  # without the cookies and the guess at the charset
        response.status_code = resp.status
        response.raw = resp
        return response
