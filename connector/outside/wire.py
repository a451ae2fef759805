"""HTTP on the wire: connections that the guard dialled, held to our limits and our time.

The rule that holds: every read and write of a socket asks the exchange how long it may take, or
does not wait at all; nothing here follows, decodes, remembers or looks up anything.
"""

import contextlib
import select
import socket
import ssl
from collections.abc import Callable
from typing import Final

from .bodies import read_body
from .dial import Guard
from .exchange import AttemptFault, Exchange, of_tls
from .heads import Head, read_head
from .kept import Kept

SLACK_S: Final = (
    0.05  # setting a time is a call to the system, as dear as sending: near enough is left as it is
)
_PIECE: Final = 65_536


class NotYet(Exception):
    """More of the answer is needed than has come, and nobody may wait for it."""


class Wire:
    """A connected socket: what is written and read, and never past the end of the exchange's step."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self.sock = sock
        self.exchange = exchange
        self.may_wait = True
        self._waits_s = -1.0
        self._got = bytearray()
        self._place = 0  # in `_got`: how far it was read

    @property
    def has_more(self) -> bool:
        """Whether something came that nobody has read."""
        return self._place < len(self._got)

    def send(self, data: bytes) -> None:
        unsent = memoryview(data)
        while unsent:
            self._wait_no_longer()
            try:
                sent = self.sock.send(unsent)
            except TimeoutError as fault:
                raise self.exchange.late() from fault
            except OSError as fault:
                # Not the end: they may have stopped reading, and yet have answered.
                raise BrokenPipeError from fault
            unsent = unsent[sent:]

    def send_at_once(self, data: bytes) -> int:
        """How many bytes of it could be written without waiting."""
        self._wait(0)
        try:
            return self.sock.send(data)
        except OSError:  # full, or gone: for somebody who waits to find out
            return 0

    def take_what_came(self) -> None:
        """Read without waiting, and let reading begin at the start; NotYet where nothing came."""
        self._wait(0)
        self._place = 0
        try:
            data = self.sock.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError) as fault:
            raise NotYet from fault
        if not data:
            raise AttemptFault("unreachable", "connection_closed")
        self._hear(data)
        while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():  # nobody hears of these again
            self._hear(self.sock.recv(_PIECE))

    def readline(self, most: int) -> bytes:
        """The next line with its end; less where `most` bytes have none, or where they ended."""
        looked = self._place
        while True:
            end = self._got.find(b"\n", looked, self._place + most)
            if end >= 0:
                return self._taken(end + 1 - self._place)
            if len(self._got) - self._place >= most:
                return self._taken(most)
            looked = len(self._got)
            before = self._place
            if not self._fill():
                return self._taken(most)
            looked -= before - self._place

    def read(self, most: int) -> bytes:
        """What is there, at most so many bytes; waits for one of them. Empty where they ended."""
        if not self.has_more:
            self._fill()
        return self._taken(most)

    def forget(self) -> None:
        """Let go of what was read, all of it."""
        self._got.clear()
        self._place = 0

    def start_over(self) -> None:
        """Read from the start what came so far, and wait for the rest."""
        self._place = 0
        self.may_wait = True

    def _taken(self, most: int) -> bytes:
        found = bytes(self._got[self._place : self._place + most])
        self._place += len(found)
        return found

    def _fill(self) -> bool:
        """Wait for more; False where they ended."""
        if not self.may_wait:
            raise NotYet
        self._wait_no_longer()
        try:
            data = self.sock.recv(_PIECE)
        except TimeoutError as fault:
            raise self.exchange.late() from fault
        except OSError as fault:
            raise AttemptFault("unreachable", "connection_closed") from fault
        del self._got[: self._place]
        self._place = 0
        self._hear(data)
        return bool(data)

    def _hear(self, data: bytes) -> None:
        self._got += data
        self.exchange.has_heard = self.exchange.has_heard or bool(data)

    def _wait_no_longer(self) -> None:
        """Let the next read or write wait for what the step has left, and at most SLACK_S more."""
        left = self.exchange.remaining_s()
        if not left <= self._waits_s <= left + SLACK_S:
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        if self._waits_s != seconds:
            self.sock.settimeout(seconds)
            self._waits_s = seconds


class GuardedConnection:
    """One connection and the exchange that it serves now."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self.wire = Wire(sock, exchange)
        self.opened_at = exchange.clock.monotonic()
        self.answered_in_s = float("inf")  # the last time
        self._head: Head | None = None
        self._is_whole = True
        self._is_closed = False
        self._look = select.poll()
        self._look.register(sock.fileno(), select.POLLIN)

    @property
    def exchange(self) -> Exchange:
        return self.wire.exchange

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def is_connected(self) -> bool:
        """Whether nothing came on it, the other side's end neither, since its last answer."""
        return not self._is_closed and not self._look.poll(0)

    def fileno(self) -> int:
        return self.wire.sock.fileno()

    def take_up(self, exchange: Exchange) -> None:
        """Serve another exchange on the connection that is open."""
        exchange.is_reused = True
        exchange.address = self.exchange.address
        exchange.allow(exchange.limits.answer_s, "timeout_answer")
        self.wire.exchange = exchange
        self.wire.start_over()
        self.wire.forget()

    def send(self, request: bytes) -> None:
        """Head and body in one write, which is one wake-up less for them and for us."""
        try:
            self.wire.send(request)
        except BrokenPipeError:
            self._is_whole = False

    def go_on(self, unsent: bytes) -> None:
        """Wait from now on, for the rest of the request to be out and for what has not come yet."""
        self.wire.start_over()
        self.send(unsent)

    def read_head(self) -> Head:
        """Status line and headers of the answer; its body is still to be read."""
        head = read_head(self.wire)
        self._note_answer()
        return head

    def read_body(self, head: Head) -> tuple[bytes, bool]:
        """The first bytes of the body, and whether there was more, or less than promised."""
        limits, body = self.exchange.limits, bytearray()
        self.exchange.allow(limits.body_s, "timeout_total")
        is_whole = False
        with contextlib.suppress(Exception):  # the verdict fell with the headers: a break is only noted
            is_whole = read_body(head, self.wire, limits.body_bytes, body)
        self._end(head, is_whole)
        return bytes(body[: limits.body_bytes]), not is_whole

    def read_at_once(self, awaited_s: float) -> tuple[Head, bytes, bool]:
        """Head and body as `read_head` and `read_body` give them, if they are here.

        `awaited_s`: how long they were looked for and were not here yet; what took longer was our own
        doing. NotYet where they are not; any other fault is for somebody to meet who may wait.
        """
        self.wire.may_wait = False
        self.wire.take_what_came()
        head, body = read_head(self.wire), bytearray()
        most = self.exchange.limits.body_bytes
        is_whole = read_body(head, self.wire, most, body)
        self._note_answer()
        self.answered_in_s = awaited_s
        self._end(head, is_whole)
        return head, bytes(body[:most]), not is_whole

    def close(self) -> None:
        self._is_closed = True
        self.wire.sock.close()

    def _note_answer(self) -> None:
        self.exchange.note("answer", self.exchange.step_began)
        self.answered_in_s = self.exchange.phases_s["answer"]

    def _end(self, head: Head, is_whole: bool) -> None:
        """After the body: nothing may follow it but another answer."""
        if not (is_whole and head.may_be_kept and self._is_whole) or self.wire.has_more:
            self.close()
        self.wire.forget()


class Line:
    """The way out: the guard, TLS and the kept connections."""

    def __init__(
        self, guard: Guard, tls: Callable[[], ssl.SSLContext], kept: Kept[GuardedConnection]
    ) -> None:
        self.guard = guard
        self.tls = tls
        self.kept = kept

    def post(self, exchange: Exchange, request: bytes) -> GuardedConnection:
        """A connection, kept or new, on which the request is out."""
        connection = self.taken_up(exchange) or self._opened(exchange)
        try:
            connection.send(request)
        except BaseException:
            connection.close()
            raise
        return connection

    def taken_up(self, exchange: Exchange) -> GuardedConnection | None:
        """A kept connection that serves the exchange from now on; None where there is none."""
        connection = self.kept.take(exchange.target) if exchange.may_reuse else None
        if connection is not None:
            connection.take_up(exchange)
        return connection

    def _opened(self, exchange: Exchange) -> GuardedConnection:
        exchange.allow(exchange.limits.connect_s, "timeout_connect")
        plain = self.guard.dial(exchange)
        try:
            sock = self._secured(plain, exchange) if exchange.target.scheme == "https" else plain
        except BaseException:
            plain.close()
            raise
        exchange.allow(exchange.limits.answer_s, "timeout_answer")
        return GuardedConnection(sock, exchange)

    def _secured(self, plain: socket.socket, exchange: Exchange) -> ssl.SSLSocket:
        begun = exchange.clock.monotonic()
        plain.settimeout(exchange.remaining_s())  # for the whole handshake, not for each of its reads
        try:
            secured = self.tls().wrap_socket(plain, server_hostname=exchange.target.host)
        except TimeoutError as fault:
            raise exchange.late() from fault
        except OSError as fault:
            raise of_tls(fault) from fault
        exchange.note("tls", begun)
        return secured
