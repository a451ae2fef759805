"""The front: whole bodies in, bounded threads, then a WSGI app. RSGI to WSGI.

The one rule: a request goes to the pool only once it has arrived whole, so a slow client
costs some memory, never a thread. What is refused here is refused before any handler
runs. The app stays a plain WSGI callable for other servers.
"""

import asyncio
import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from ..domain import ids
from ..domain.clock import Clock, SystemClock
from ..domain.errors import (
    BadRequest,
    BodyTooLarge,
    BodyTooSlow,
    ConnectorError,
    MethodNotAllowed,
    Unavailable,
)
from . import problems
from .pool import Pool
from .wsgi import METHODS, Scope, WsgiApp, environ_of, require_plain

MAX_BODY_BYTES: Final = 1_048_576
BODY_DEADLINE_S: Final = 10.0  # the contract's own
THREADS: Final = 16
QUEUE: Final = 256  # a quarter of a second's work: whoever comes later is better off with an honest 503
SMALL_BODY: Final = 65_536
LARGE_BODIES: Final = 64 * 1_048_576  # bytes of larger ones that may wait for their end at one time


class Front:
    """An RSGI application around the WSGI callable `app`.

    `max_body_bytes`: a larger body is 413. `body_deadline_s`: seconds for the whole
    body, else 408. `threads` run the app, `queue` more requests wait, then 503.
    `problem` writes the body of a refusal.
    """

    def __init__(
        self,
        app: WsgiApp,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_deadline_s: float = BODY_DEADLINE_S,
        threads: int = THREADS,
        queue: int = QUEUE,
        clock: Clock | None = None,
        problem: Callable[[ConnectorError, str], bytes] | None = None,
    ) -> None:
        self._max_body_bytes = max_body_bytes
        self._body_deadline_s = body_deadline_s
        self._clock = clock or SystemClock()
        self._problem = problem or functools.partial(problems.problem_json, "")
        self._pool = Pool(app, threads, queue, lambda proto: self._refuse(proto, ConnectorError()))
        self._waiting_bytes = 0

    @property
    def in_flight(self) -> int:
        """Requests that wait for a thread or have one."""
        return self._pool.in_flight

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is in flight, then let the threads go; False if something still was."""
        return self._pool.drain(timeout_s)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """The server calls this once, before the first request."""
        self._pool.start()

    async def __rsgi__(self, scope: Scope, proto: Any) -> None:
        """The server calls this for each request, as soon as its head has arrived."""
        try:
            require_plain(scope)
            body = await self._body(scope, proto)
            answered = self._pool.submit(environ_of(scope, body), proto)
        except ConnectorError as refusal:
            self._refuse(proto, refusal)
            return
        await answered

    async def _body(self, scope: Scope, proto: Any) -> bytes:
        declared = scope.headers.get("content-length")
        if declared is None and "transfer-encoding" not in scope.headers:
            return b""
        length = None if declared is None else int(declared)  # the server below lets digits through only
        if length is not None and length > self._max_body_bytes:
            raise BodyTooLarge(f"The body has {length} bytes; {self._max_body_bytes} are the most")
        try:
            async with asyncio.timeout(self._body_deadline_s):
                if length is not None and length <= SMALL_BODY:
                    whole: bytes = await proto()
                    return whole
                return await self._large_body(proto)
        except TimeoutError as late:
            raise BodyTooSlow(f"The body was not complete after {self._body_deadline_s:g} s") from late
        except RuntimeError as gone:  # RSGIProtocolClosed: the sender went away in the middle
            raise BadRequest("The body ended too soon") from gone

    async def _large_body(self, proto: Any) -> bytes:
        parts: list[bytes] = []
        size = 0
        has_ended = False
        try:
            async for part in proto:
                if has_ended:
                    # One empty part is the end. Two are granian's way to say that the body broke off,
                    # or that trailers came, which nobody who sends us webhooks uses.
                    raise BadRequest("The body ended too soon, or has trailers")
                has_ended = not part
                parts.append(part)
                size += len(part)
                self._waiting_bytes += len(part)
                if size > self._max_body_bytes:
                    raise BodyTooLarge(f"The body has more than {self._max_body_bytes} bytes")
                if self._waiting_bytes > LARGE_BODIES:
                    raise Unavailable("Too many large bodies at once", retry_after=timedelta(seconds=1))
        finally:
            self._waiting_bytes -= size
        return b"".join(parts)

    def _refuse(self, proto: Any, error: ConnectorError) -> None:
        request_id = ids.new_id(ids.REQUEST, self._clock.now())
        headers = [("content-type", "application/problem+json"), ("x-request-id", request_id)]
        if error.retry_after is not None:
            headers.append(("retry-after", str(round(error.retry_after.total_seconds()))))
        if isinstance(error, MethodNotAllowed):
            headers.append(("allow", ", ".join(METHODS)))
        proto.response_bytes(error.status, headers, self._problem(error, request_id))
