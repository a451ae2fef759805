"""The threads that run the WSGI app, and the bounded queue before them.

The one rule: whatever happens in a handler, its sender is answered and its thread goes on.
"""

import asyncio
import itertools
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from ..domain.errors import Unavailable
from ..logs import log
from .wsgi import Answer, WsgiApp, ask

SEND_DEADLINE_S: Final = 30.0
RETRY_AFTER: Final = timedelta(seconds=1)  # the whole queue is worked off by then


class _Job(NamedTuple):
    """A whole request on its way to a thread; `done` is set on its loop once it was answered."""

    environ: dict[str, Any]
    proto: Any
    done: "asyncio.Future[None]"
    loop: asyncio.AbstractEventLoop


class Pool:
    """`threads` run `app`; `queue` more requests wait. `failed` answers where the app raised."""

    def __init__(self, app: WsgiApp, threads: int, queue: int, failed: Callable[[Any], None]) -> None:
        self._app = app
        self._threads = threads
        self._room = threads + queue
        self._failed = failed
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._is_over = False
        self._idle = threading.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """Requests that wait for a thread or have one."""
        return self._in_flight

    def start(self) -> None:
        for number in range(self._threads):
            # Daemons: a handler that hangs must not keep the process from ending.
            threading.Thread(target=self._work, name=f"web-{number}", daemon=True).start()

    def submit(self, environ: dict[str, Any], proto: Any) -> "asyncio.Future[None]":
        """Queue a whole request; what returns is done once it was answered. Unavailable if there is no room.

        To be called on the loop that the request came in on.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._is_over:  # no thread would ever come to it
                raise Unavailable("The gateway is stopping", retry_after=RETRY_AFTER)
            if self._in_flight >= self._room:
                raise Unavailable(f"{self._in_flight} requests wait already", retry_after=RETRY_AFTER)
            self._in_flight += 1
            self._idle.clear()
        job = _Job(environ, proto, loop.create_future(), loop)
        self._jobs.put(job)
        return job.done

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is in flight, then let the threads go; False if something still was."""
        drained = self._idle.wait(timeout_s)
        with self._lock:
            self._is_over = True
        for _ in range(self._threads):
            self._jobs.put(None)
        return drained

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._answer(job)
            finally:
                self._leave(job)
                del job  # else an idle thread would keep the last body in memory

    def _answer(self, job: _Job) -> None:
        try:
            answer = ask(self._app, job.environ)
            if answer.rest is None:
                # From this thread, past the loop: the answer need not wait for its turn there.
                job.proto.response_bytes(answer.status, answer.headers, answer.body)
            else:
                _stream(job, answer)
        except BaseException as fault:  # noqa: BLE001  whatever a handler lets out, sys.exit() included
            _log(fault)
            self._fail(job.proto)

    def _fail(self, proto: Any) -> None:
        try:
            self._failed(proto)
        except Exception as fault:  # noqa: BLE001  the sender has gone, or was answered in part already
            _log(fault)

    def _leave(self, job: _Job) -> None:
        with self._lock:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()
        try:
            job.loop.call_soon_threadsafe(_settle, job.done)
        except RuntimeError:
            log.warning("request.outlived_server")


def _log(fault: BaseException) -> None:
    """By its type and place: its words may hold what somebody sent."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    log.error("request.failed", error=type(fault).__name__, at=f"{last.filename}:{last.lineno}")


def _settle(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)


async def _send(transport: Any, part: bytes) -> None:
    await transport.send_bytes(part)


def _stream(job: _Job, answer: Answer) -> None:
    """Send what the app makes as it comes. A fault now can only end the answer early, and is logged."""
    transport = None
    try:
        transport = job.proto.response_stream(answer.status, answer.headers)
        for part in itertools.chain([answer.body], answer.rest or ()):
            sent = asyncio.run_coroutine_threadsafe(_send(transport, part), job.loop)
            try:
                sent.result(SEND_DEADLINE_S)
            except RuntimeError:  # RSGIProtocolClosed; from the sending only, the app's own is a fault
                log.info("client.gone")
                return
    finally:
        answer.close()
        del transport  # it ends the answer; a traceback that somebody keeps would keep it open
