"""A receiver of our own webhooks on this machine, as a customer's should be built.

The one rule: nothing is handed on before its signature is proved over the raw bytes,
and nothing twice. What cannot be proved is refused with 401, and told aside.
"""

import errno
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from typing import Any, Final

from ..domain.clock import Clock
from ..domain.errors import BadJson, CannotListen, SignatureRefused
from ..domain.jsontext import load_object
from ..domain.messages import MAX_BODY_BYTES
from ..domain.signing import require_standard, standard_key

HOST: Final = "127.0.0.1"  # never the outside: whoever can reach this can fill its memory
READ_S: Final = 10.0  # for each piece of a request; the sender has 15 for the whole
POLL_S: Final = 0.05  # how long an end may take to be noticed
MAX_KNOWN: Final = 100_000  # ids remembered, the oldest forgotten first: some 10 MB
_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request and what became of it: `verified`, `again` or `refused` (then `reason` says why).

    `body` is empty unless it was proved to be ours.
    """

    fate: str
    message_id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


class Receiver:
    """Listens from the moment it is made, answers from `start` on; CannotListen for a port it cannot have.

    Port 0 takes a free one. What arrives is put into `arrivals`, in order.
    """

    def __init__(self, port: int, clock: Clock) -> None:
        self.arrivals: SimpleQueue[Arrival | None] = SimpleQueue()
        self._clock = clock
        self._key = b""
        self._known: dict[str, None] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        try:
            self._server = _Server((HOST, port), self)
        except OSError as fault:
            raise CannotListen(_why_not(port, fault)) from fault

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def start(self, secret: str) -> None:
        """Begin to answer, verifying with `secret` (`whsec_…`)."""
        self._key = standard_key(secret)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="receiver", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more and let go of the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Judge one request; the status to answer."""
        arrival = self._judge(headers, body)
        self.arrivals.put(arrival)
        return 401 if arrival.fate == "refused" else 204

    def _judge(self, headers: Mapping[str, str], body: bytes) -> Arrival:
        missing = [name for name in _HEADERS if not headers.get(name)]
        if missing:
            return Arrival("refused", reason=f"the header {missing[0]} is missing")
        message_id, timestamp, signatures = (headers[name] for name in _HEADERS)
        try:
            require_standard([self._key], message_id, timestamp, signatures, body, self._clock.now())
        except SignatureRefused:
            return Arrival("refused", reason="the signature is wrong, or too old")
        with self._lock:
            if message_id in self._known:
                return Arrival("again", message_id)
            self._known[message_id] = None
            if len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        try:
            return Arrival("verified", message_id, load_object(body))
        except BadJson as fault:  # signed by us, so the 2xx stays; only there is nothing to show of it
            return Arrival("verified", message_id, reason=fault.detail)


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's own, which asks the name service for this machine's name first."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up in the middle has sent nothing: that is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = READ_S
    server_version = "connector-listen"
    sys_version = ""

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) <= 9):
            self._answer(411)
        elif int(length) > MAX_BODY_BYTES:
            self._answer(413)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):  # else the line broke, and nobody waits for an answer
                self._answer(self.server.receiver.take(self._joined(), body))

    def _joined(self) -> dict[str, str]:
        """Names in small letters; one sent twice is joined, so that two never count as one."""
        names = {name.lower() for name in self.headers}
        return {name: ", ".join(self.headers.get_all(name, [])) for name in names}

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """The verb prints what arrives; a line for each request besides would be noise."""


def _why_not(port: int, fault: OSError) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"{HOST}:{port} is taken: something else listens there. Choose another with --port."
    if fault.errno == errno.EACCES:
        return f"{HOST}:{port} needs rights that this user has not: choose a port above 1023."
    return f"{HOST}:{port} cannot be listened on: {fault.strerror}."
