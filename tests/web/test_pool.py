"""The threads behind the front: as many as there are, a bounded queue before them, and none is ever lost."""

import asyncio
import io
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.domain.errors import Unavailable
from connector.web.pool import Pool
from connector.web.wsgi import SMALL_ANSWER, WsgiApp
from tests.kit.crowd import PATIENCE_S, until

Start = Callable[..., Any]


class Client:
    """What a server hands over for one request: keeps what it was answered. `is_gone`: it takes nothing."""

    def __init__(self, *, is_gone: bool = False) -> None:
        self.is_gone = is_gone
        self.answers: list[bytes] = []
        self.streamed: list[bytes] = []

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if self.is_gone:
            raise RuntimeError
        self.answers.append(b"%d %s" % (status, body))

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> "Client":
        return self

    async def send_bytes(self, part: bytes) -> None:
        if self.is_gone:
            raise RuntimeError
        self.streamed.append(part)


def failed(client: Client) -> None:
    client.response_bytes(500, [], b"failed")


def well(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"done"]


class Held:
    """An app whose answers wait to be let go; counts who is inside."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.inside = self.most_inside = 0

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        with self.lock:
            self.inside += 1
            self.most_inside = max(self.inside, self.most_inside)
        self.begun.release()
        assert self.let_go.wait(PATIENCE_S)
        with self.lock:
            self.inside -= 1
        return well(environ, start_response)


@contextmanager
def a_pool(
    app: WsgiApp, threads: int = 1, queue: int = 8, failed: Callable[[Any], None] = failed
) -> Iterator[Pool]:
    """A pool whose threads have all ended at the end."""
    before = set(threading.enumerate())
    pool = Pool(app, threads, queue, failed)
    pool.start()
    started = set(threading.enumerate()) - before
    assert len(started) == threads, "a thread is missing"
    yield pool
    assert pool.drain(PATIENCE_S)
    for thread in started:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


async def answered(waiting: Awaitable[object]) -> None:
    await asyncio.wait_for(waiting, PATIENCE_S)


def ask(pool: Pool, client: Client | None = None) -> list[bytes]:
    """One request on a loop of its own; what it was answered."""
    client = client or Client()

    async def asked() -> None:
        await answered(pool.submit({}, client))

    asyncio.run(asked())
    return client.answers


def test_past_the_queue_a_request_is_refused_and_the_others_are_answered() -> None:
    held = Held()
    clients = [Client() for _ in range(5)]

    async def crowd(pool: Pool) -> None:
        waiting = [pool.submit({}, client) for client in clients]
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                pool.submit({}, Client())
        assert refused.value.retry_after == timedelta(seconds=1)
        assert "5 requests wait" in refused.value.detail
        assert pool.in_flight == 5

        held.let_go.set()
        await answered(asyncio.gather(*waiting))

    with a_pool(held, threads=2, queue=3) as pool:
        asyncio.run(crowd(pool))

        assert [client.answers for client in clients] == [[b"200 done"]] * 5
        assert pool.in_flight == 0
        assert ask(pool) == [b"200 done"], "there is room again"


def test_as_many_handlers_run_at_once_as_there_are_threads() -> None:
    held = Held()

    async def crowd(pool: Pool) -> None:
        waiting = [pool.submit({}, Client()) for _ in range(9)]
        for _ in range(3):
            assert await asyncio.to_thread(held.begun.acquire, timeout=PATIENCE_S)
        held.let_go.set()
        await answered(asyncio.gather(*waiting))

    with a_pool(held, threads=3) as pool:
        asyncio.run(crowd(pool))

    assert held.most_inside == 3


class Wordless(Exception):
    """A fault that cannot even be put into words."""

    def __str__(self) -> str:
        raise LookupError

    __repr__ = __str__


@pytest.mark.parametrize(
    "fault",
    [
        LookupError("card 4111"),
        SystemExit(1),
        KeyboardInterrupt(),
        GeneratorExit(),
        MemoryError(),
        Wordless(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_whatever_a_handler_raises_its_sender_is_answered_and_its_thread_goes_on(
    fault: BaseException,
) -> None:
    def broken(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if faults:
            raise faults.pop()
        return well(environ, start_response)

    faults = [fault]
    with a_pool(broken) as pool, capture_logs() as logs:
        assert ask(pool) == [b"500 failed"]
        assert ask(pool) == [b"200 done"]
        assert pool.in_flight == 0

    [line] = logs
    assert (line["event"], line["error"]) == ("request.failed", type(fault).__name__)
    assert "test_pool.py:" in line["at"]
    assert "4111" not in str(line)


def test_a_refusal_that_fails_itself_costs_no_thread() -> None:
    def broken(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        raise LookupError

    def fails_too(client: Client) -> None:
        raise RuntimeError

    with a_pool(broken, failed=fails_too) as pool, capture_logs() as logs:
        for _ in range(3):
            assert ask(pool) == []
        assert pool.in_flight == 0

    assert [line["error"] for line in logs] == ["LookupError", "RuntimeError"] * 3


def test_a_sender_that_has_gone_costs_no_thread() -> None:
    with a_pool(well) as pool, capture_logs():
        assert ask(pool, Client(is_gone=True)) == []
        assert ask(pool) == [b"200 done"]


def test_an_answer_that_outlives_the_server_costs_no_thread() -> None:
    held = Held()
    client = Client()

    async def leaves_early(pool: Pool) -> None:
        pool.submit({}, client)

    with a_pool(held) as pool, capture_logs() as logs:
        asyncio.run(leaves_early(pool))
        held.let_go.set()
        assert ask(pool) == [b"200 done"]

    assert client.answers == [b"200 done"]
    assert [line["event"] for line in logs] == ["request.outlived_server"]


def test_without_a_loop_nothing_is_taken_in() -> None:
    with a_pool(well) as pool:
        with pytest.raises(RuntimeError):
            pool.submit({}, Client())

        assert pool.in_flight == 0


class Story:
    """An app that tells three long parts, raises `fault` after them, and notes whether it was closed."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.was_closed = False

    def __call__(self, environ: dict[str, Any], start_response: Start) -> "Story":
        start_response("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for letter in b"abc":
            yield bytes([letter]) * (SMALL_ANSWER + 1)
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        self.was_closed = True


def test_a_long_answer_is_sent_part_by_part_and_then_closed() -> None:
    app, client = Story(), Client()
    with a_pool(app) as pool, capture_logs() as logs:
        ask(pool, client)

    assert [part[:1] for part in client.streamed] == [b"a", b"b", b"c"]
    assert app.was_closed
    assert logs == []


@pytest.mark.parametrize("fault", [LookupError(), RuntimeError()], ids=lambda fault: type(fault).__name__)
def test_a_fault_in_the_middle_of_a_long_answer_is_told_as_one(fault: Exception) -> None:
    app = Story(fault)
    with a_pool(app) as pool, capture_logs() as logs:
        ask(pool)

    assert app.was_closed
    assert [(line["event"], line["error"]) for line in logs] == [("request.failed", type(fault).__name__)]


def test_a_sender_that_leaves_in_the_middle_of_a_long_answer_is_no_fault() -> None:
    app, client = Story(), Client(is_gone=True)
    with a_pool(app) as pool, capture_logs() as logs:
        ask(pool, client)

    assert app.was_closed
    assert client.answers == []
    assert [line["event"] for line in logs] == ["client.gone"]


def test_an_answer_that_cannot_begin_is_closed_all_the_same() -> None:
    class Deaf(Client):
        def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Client:
            raise RuntimeError

    app = Story()
    with a_pool(app) as pool, capture_logs():
        ask(pool, Deaf())

    assert app.was_closed


def test_a_thread_that_waits_keeps_nothing_of_the_last_request() -> None:
    body = io.BytesIO(b"x" * 1_000_000)
    kept = weakref.ref(body)

    async def asked(pool: Pool, environ: dict[str, Any]) -> None:
        await answered(pool.submit(environ, Client()))

    with a_pool(well) as pool:
        asyncio.run(asked(pool, {"wsgi.input": body}))
        del body

        until(lambda: kept() is None)


def test_draining_waits_for_what_is_in_flight() -> None:
    held = Held()
    client = Client()

    async def asked(pool: Pool) -> None:
        waiting = pool.submit({}, client)
        assert not await asyncio.to_thread(pool.drain, 0)
        threading.Timer(0.05, held.let_go.set).start()
        assert await asyncio.to_thread(pool.drain, PATIENCE_S)
        await answered(waiting)

    with a_pool(held) as pool:
        asyncio.run(asked(pool))

    assert client.answers == [b"200 done"]


def test_after_draining_nothing_is_taken_in_that_nobody_would_answer() -> None:
    with a_pool(well) as pool:
        assert pool.drain(PATIENCE_S)

        with pytest.raises(Unavailable, match="stopping"):
            ask(pool)
        assert pool.in_flight == 0
