"""B, the bare reference: what the main job could cost at the least, on the same server.

A Flask handler that verifies an HMAC, parses JSON and writes five rows with SQLAlchemy
Core, durable before it answers: SQLite in WAL with synchronous=FULL, one writer, group
commit with a savepoint a member. It shares no code with the product but the server.

    python -m bench.reference FOLDER

Prints its port, and serves until SIGTERM.
"""

import hmac
import itertools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from flask import Flask, Response, abort, request
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, create_engine, insert

from bench.figures import Context, Figures
from connector.server import Server
from connector.web.front import Front

NAME: Final = "B: verify, parse, five rows, commit"
SECRET: Final = b"the reference's own secret"
GROUP: Final = 64

METADATA: Final = MetaData()
TABLES: Final = [
    Table(
        name,
        METADATA,
        Column("id", Integer, primary_key=True),
        Column("delivery", Text, nullable=False, unique=name == "deliveries"),
        Column("amount", Integer, nullable=False),
        Column("body", Text, nullable=False),
    )
    for name in ("deliveries", "events", "cards", "transfers", "messages")
]
INSERTS: Final = [insert(table) for table in TABLES]

Work = Callable[[Connection], None]


class Writer:
    """One thread that writes: whatever waits when it comes round goes into one commit."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.exec_driver_sql("PRAGMA synchronous=FULL")
        self._queue: SimpleQueue[tuple[Work, Future[None]]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def write(self, work: Work) -> None:
        """Return once `work` is durable, or raise what stopped it."""
        done: Future[None] = Future()
        self._queue.put((work, done))
        done.result()

    def _run(self) -> None:
        say = self._connection.exec_driver_sql
        while True:
            group = [self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get())
            results = []
            say("BEGIN IMMEDIATE")
            for work, done in group:
                say("SAVEPOINT member")
                results.append((done, self._fault_of(work)))
                say("RELEASE member")
            say("COMMIT")
            for done, fault in results:
                if fault is None:
                    done.set_result(None)
                else:
                    done.set_exception(fault)

    def _fault_of(self, work: Work) -> Exception | None:
        try:
            work(self._connection)
        except Exception as fault:  # noqa: BLE001  it is the caller's, and raised there
            self._connection.exec_driver_sql("ROLLBACK TO member")
            return fault
        return None


def create_app(folder: Path) -> Flask:
    engine = create_engine(f"sqlite:///{folder / 'reference.db'}", connect_args={"check_same_thread": False})
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        METADATA.create_all(connection)
        connection.commit()
    writer = Writer(engine)
    app = Flask("reference")

    @app.post("/hooks/<path:source>")
    def receive(source: str) -> Response:
        body = request.get_data()
        expected = hmac.digest(SECRET, body, "sha256").hex()
        if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
            abort(401)
        told = json.loads(body)
        row = {"delivery": told["id"], "amount": told["amount"], "body": body.decode()}

        def work(connection: Connection) -> None:
            for statement in INSERTS:
                connection.execute(statement, row)

        writer.write(work)
        answer = {"delivery_id": told["id"], "source": source, "status": "processed"}
        return Response(json.dumps(answer), mimetype="application/json")

    return app


def requests(_: str) -> Iterator[bytes]:
    """Signed deliveries, each with an id of its own, of the size that booking platforms send."""
    padding = "x" * 600
    for number in itertools.count():
        body = json.dumps({"id": f"d{number}", "amount": 2_500, "data": padding}).encode()
        signature = hmac.digest(SECRET, body, "sha256").hex()
        head = (
            "POST /hooks/glow-spa/reference HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def measure(context: Context) -> Figures:
    """The reference's own figures, on a fresh database in the context's folder."""
    with context.server("bench.reference", str(context.folder)) as port:
        return context.load(port, "bench.reference:requests")


def main() -> None:
    app: Any = create_app(Path(sys.argv[1]))
    Server(Front(app.wsgi_app), "127.0.0.1", 0).run(lambda where: print(where.rpartition(":")[2], flush=True))


if __name__ == "__main__":
    main()
