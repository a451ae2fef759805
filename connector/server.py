"""The server: granian by its RSGI interface, embedded in this process, on uvloop.

The one rule: one process, so that nothing is left serving when it is killed; and the
socket is bound by us, so that a taken port is a sentence and never a second server beside it.
"""

import asyncio
import contextlib
import errno
import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, NoReturn, TypeAlias

import uvloop
from granian import net as granian_net
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import embed

from .domain.errors import CannotListen
from .web.front import Front

BACKLOG: Final = 2_048  # and the connections open at one time: 1,500 slow ones leave room for the honest
HEAD_TIMEOUT_MS: Final = 10_000  # for a request's head, and for the next request on a kept connection
HEAD_BYTES: Final = 32_768
STALLED_MS: Final = 20_000  # a peer that takes nothing of its answer for so long is dropped
STOP_S: Final = 12  # for open connections; the contract gives 20 for the whole process
DRAIN_S: Final = 3.0  # for handlers whose client has gone
END_S: Final = 19.0  # then it ends as it stands
_HANDLES_OF_OURS: Final = 64  # database, log, outbound connections
_COLLECT_AFTER: Final = (10_000, 20, 50)  # objects, young rounds, middle rounds
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)

_SAYS: Final = {
    errno.EADDRINUSE: "is taken: something else listens there. Stop it, or choose another address",
    errno.EACCES: "needs rights that this user has not: choose a port above 1023",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
}


Listener: TypeAlias = socket.socket
"""A socket that is bound and listens."""


def listen(host: str, port: int, backlog: int = BACKLOG) -> socket.socket:
    """A listening socket; port 0 takes a free one. CannotListen says in one sentence why not."""
    if not 0 <= port <= 65_535:
        raise CannotListen(f"{address(host, port)} cannot be listened on: ports go from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as fault:
        known = _SAYS.get(fault.errno or 0, f"cannot be listened on: {fault}")
        raise CannotListen(f"{address(host, port)} {known}.") from fault
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; the connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    return listener


def address(host: str, port: int) -> str:
    """`127.0.0.1:8080`, `[::1]:8080`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Embedded(embed.Server):
    """granian on a socket that is bound already: its own would share the port with whoever has it."""

    def __init__(self, front: Front, listener: socket.socket, backlog: int, head_timeout_ms: int) -> None:
        super().__init__(
            front,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,  # `auto` waits without end for the first bytes
            websockets=False,
            backlog=backlog,
            backpressure=min(backlog, _handles()),
            http1_settings=HTTP1Settings(header_read_timeout=head_timeout_ms, max_buffer_size=HEAD_BYTES),
            log_enabled=False,
            # Without `incremental` granian's set-up would throw away the log handlers of the whole process.
            log_dictconfig={"incremental": True, "handlers": {}, "formatters": {}, "loggers": {}},
        )
        self.workers_kill_timeout = STOP_S
        self._listener = listener

    def _init_shared_socket(self) -> None:
        # granian's stubs leave out the arguments by which its own workers rebuild a holder from a handle.
        holder: Any = granian_net.__dict__["SocketHolder"]
        is_unix = False
        self._shd = holder(self._listener.detach(), is_unix, self.backlog)

    def end(self) -> None:
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]


def _handles() -> int:
    """As many connections as leave handles for the rest: an accept must not take the last one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(8, hard - _HANDLES_OF_OURS) if hard != resource.RLIM_INFINITY else BACKLOG


class Server:
    """Serves `front` at host and port; bound when made, so CannotListen comes from here."""

    def __init__(
        self,
        front: Front,
        host: str,
        port: int,
        backlog: int = BACKLOG,
        listener: socket.socket | None = None,
        head_timeout_ms: int = HEAD_TIMEOUT_MS,
    ) -> None:
        self._front = front
        self._listener = listener or listen(host, port, backlog)
        self.host, self.port = self._listener.getsockname()[:2]
        self._embedded = _Embedded(front, self._listener, backlog, head_timeout_ms)
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, on_ready: Callable[[str], None], end: "End | None" = None) -> bool:
        """Serve until SIGTERM, SIGINT or `stop`; then finish what is in flight, in STOP_S and DRAIN_S.

        `on_ready` is told the address, `127.0.0.1:8080`; `end` is asked whether a signal
        came before, and told of one that comes. True if nothing had to be left
        unfinished. Signals are taken only where this is the main thread.
        """
        _leave_alone_what_was_built()
        end = end or End()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            finished = runner.run(self._serve(on_ready, end))
        end.take_them_again()
        return self._front.drain(DRAIN_S if finished else 0) and finished

    def stop(self) -> None:
        """End `run`, from any thread."""
        loop = self._loop
        if loop is None:
            self._embedded.end()
        else:
            loop.call_soon_threadsafe(self._embedded.end)

    async def _serve(self, on_ready: Callable[[str], None], end: "End") -> bool:
        self._loop = asyncio.get_running_loop()

        def ask() -> None:
            self._embedded.end()
            end.ask()

        if threading.current_thread() is threading.main_thread():
            for number in _ENDING:
                self._loop.add_signal_handler(number, ask)
        if end.is_asked:  # by a signal that came before the loop could take it
            self._embedded.end()
        self._embedded.on_startup(lambda: on_ready(address(self.host, self.port)))
        try:
            await self._embedded.serve()
        except TimeoutError:
            return False
        if not self._embedded.interrupt_signal:
            raise RuntimeError("the server ended by itself")
        return True


class End:
    """Whether this process was told to end. Once told, it has END_S to be gone.

    What still hangs then is left as it is, and the exit code is 1: whoever waits for
    us would kill us next. A signal's handler may interrupt any line, so it takes no
    lock: it puts into queues that are made for that.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.on_asked: Callable[[], None] = _nothing
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._told: SimpleQueue[None] = SimpleQueue()
        self._watcher: threading.Thread | None = None

    def take_signals(self) -> None:
        """From here on SIGTERM and SIGINT end this process in order; to be called in the main thread.

        `on_asked` is called then, in a thread of its own.
        """
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._see_to_it, name="end", daemon=True)
            self._watcher.start()
        for number in _ENDING:
            signal.signal(number, lambda _number, _frame: self.ask())

    def take_them_again(self) -> None:
        """After a loop that had the signals: an impatient second one must not cut the end short."""
        if self._watcher is not None:
            self.take_signals()

    def ask(self) -> None:
        """As a signal does; more than one changes nothing."""
        self.is_asked = True
        self._asked.put(None)
        self._told.put(None)

    def wait(self) -> None:
        """Until it is asked."""
        self._asked.get()

    def _see_to_it(self) -> None:
        self._told.get()
        self.on_asked()
        threading.Event().wait(END_S)
        os._exit(1)


def _nothing() -> None:
    """What is called where nobody wants to know."""


def _leave_alone_what_was_built() -> None:
    """Take what stands now out of the garbage collector's rounds, and make them rarer.

    Tables, routes and recipes live as long as the process; walking them at every
    round took a third of the main job's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def serve_workers(count: int, serve: Callable[[], None]) -> int:
    """Run `serve` in `count` processes, forked here, and wait; the exit code for the whole.

    To be called before this process has threads or connections, and with the socket that
    the processes share already bound (`listen`). SIGTERM and SIGINT end them all: 0. One
    that is killed is replaced; one that ends by itself ends the others: 1. None of them
    outlives this process.
    """
    held, gone = os.pipe()  # only this process keeps the end `gone` open: it closes when this process dies
    children: set[int] = set()
    asked: list[int] = []

    def end(number: int, _frame: object) -> None:
        asked.append(number)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    def start() -> None:
        # No signal in between: a child must not run our handler, nor be missing from `children`.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        child = os.fork()
        if child == 0:
            os.close(gone)
            _run_child(serve, held)
        children.add(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        if asked:
            end(signal.SIGTERM, None)

    for number in _ENDING:
        signal.signal(number, end)
    for _ in range(count):
        start()
    code = 0
    while children:
        child, status = os.wait()
        children.discard(child)
        if not asked and os.WIFSIGNALED(status):
            start()
        elif not asked:
            code = 1
            end(signal.SIGTERM, None)
        elif status not in (0, signal.SIGTERM):  # by SIGTERM itself: it came before the server was up
            code = 1
    return code


def _run_child(serve: Callable[[], None], held: int) -> NoReturn:
    code = 1
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        threading.Thread(target=_end_with_parent, args=(held,), daemon=True).start()
        serve()
        code = 0
    except BaseException:  # noqa: BLE001  a forked process must never run on into its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _end_with_parent(held: int) -> None:
    """Wait for the parent's death, then end this process: gently first."""
    os.read(held, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(STOP_S + DRAIN_S)
    os._exit(1)
