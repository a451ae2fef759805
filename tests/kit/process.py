"""The program as processes of its own: a real `connector serve` that can be killed, and its other verbs.

The rule that holds: nothing sleeps. A pipe tells what is printed and when a process
has gone; every process is ended, and every thread joined, by whoever began it.
"""

import base64
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Self

from connector import app
from connector.domain.jsontext import load_object
from connector.flows.gateway import Gateway

from .house import ACCOUNT, KEY
from .sources import ROOT
from .wire import Reply, a_request, exchange

PATIENCE_S: Final = 60.0  # a bound on hanging, not a measure
SOURCE: Final = "calendly"

# Each delivery is worth one card, whatever came before it: a second card is a second effect.
RECIPE: Final = """\
recipe: a-card-each
title: A card for each booking
status: live
on: booking.created
if:
  - contact.email is not missing
do:
  - issue_card: {amount: 25.00 USD, expires: 12 months}
tests:
  - name: somebody books
    event: booking.created
    given: {contact: {email: mia@example.com}}
    expect: [issue_card: {amount: 25.00 USD}]
  - name: nobody knows who
    event: booking.created
    given: {}
    expect: nothing
    because: contact.email is not missing
"""
CONFIG: Final = """\
[server]
listen = "127.0.0.1:0"
[database]
url = "%(database)s"
[secrets]
keys = ["file:ring"]
[recipes]
path = "recipes"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
[limits]
per_key = "0"
per_address = "0"
[caps]
per_card = "0"
per_day_per_key = "0"
per_day_per_recipe = "0"
[[accounts]]
slug = "%(account)s"
currency = "USD"
[[sources]]
account = "%(account)s"
slug = "%(source)s"
adapter = "calendly"
secrets = ["file:signing-key"]
"""


@dataclass(frozen=True)
class Ran:
    """What one call of the program came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one line of JSON on standard output."""
        [line] = self.out.splitlines()
        return load_object(line.encode())


@dataclass(frozen=True)
class Place:
    """A folder with a configuration, its secrets and a current database; `key` may do everything."""

    folder: Path
    database: str
    signing_key: str
    key: str

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def gateway(self) -> Gateway:
        """A gateway of this process's own on the same database; whoever asked closes it."""
        return app.build(app.find_settings(self.config))


def settle(folder: Path, database: str | None = None, recipe: str = RECIPE) -> Place:
    """A place on the migrated PostgreSQL at `database`, or on an SQLite file in `folder`/data."""
    folder.mkdir(exist_ok=True)
    url = database or "sqlite:///data/connector.db"
    words = {"database": url, "account": ACCOUNT, "source": SOURCE}
    (folder / "config.toml").write_text(CONFIG % words)
    for name, secret in (("ring", base64.b64encode(KEY).decode()), ("signing-key", "sk-" + "x1" * 20)):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    (folder / "recipes").mkdir(exist_ok=True)
    (folder / "recipes" / "a-card-each.yaml").write_text(recipe)
    gateway = app.build(app.find_settings(folder / "config.toml"))
    try:
        assert [one["status"] for one in gateway.recipes()] == ["live"], gateway.recipes()
        made = gateway.create_key(gateway.account(ACCOUNT), name="test", scopes=["admin"])
    finally:
        gateway.close()
    where = database or f"sqlite:///{folder / 'data' / 'connector.db'}"
    return Place(folder, where, "sk-" + "x1" * 20, str(made["key"]))


def environment(package: Path = ROOT, **more: str) -> dict[str, str]:
    """What a process of ours is given: nothing that the person who runs the tests happens to have set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(package), "PYTHONWARNINGS": "ignore", **more}


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "connector", *map(str, words)]


def call(*words: str | Path, folder: Path, package: Path = ROOT, stdin: bytes = b"") -> Ran:
    """Run a verb to its end, from `folder`."""
    ended = subprocess.run(
        command(*words),
        cwd=folder,
        env=environment(package),
        input=stdin,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


class Running:
    """A process that goes on until it is ended; both its outputs are read as they come."""

    def __init__(
        self,
        *words: str | Path,
        folder: Path,
        package: Path = ROOT,
        before: Sequence[str] = (),
        program: Sequence[str | Path] | None = None,
        **env: str,
    ) -> None:
        """`before` stands before the program: `("prlimit", "--nofile=128:128")`. `program`: not our own."""
        called = command(*words) if program is None else [*map(str, (*program, *words))]
        self._process = subprocess.Popen(
            [*before, *called],
            cwd=folder,
            env=environment(package, **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self.pid = self._process.pid
        self._told = threading.Condition()
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._ended = 0
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self._process.stdout), ("err", self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        return self._text("out")

    @property
    def err(self) -> str:
        return self._text("err")

    def wait_for(self, pattern: str, stream: str = "out", patience_s: float = PATIENCE_S) -> re.Match[str]:
        """The first line that has `pattern`, once it is printed; AssertionError where it never is."""
        with self._told:
            self._told.wait_for(lambda: self._found(pattern, stream) or self._ended == 2, patience_s)
            found = self._found(pattern, stream)
        assert found, f"{pattern!r} was never printed:\n{self.out}\n{self.err}"
        return found

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Look after every line that is printed."""
        with self._told:
            assert self._told.wait_for(is_so, PATIENCE_S)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def limit(self, kind: int, soft: int) -> None:
        """Change a limit of the running process; its hard limit stays."""
        _, hard = resource.prlimit(self.pid, kind)
        resource.prlimit(self.pid, kind, (soft, hard))

    def wait(self) -> int:
        """The exit code, negative for a signal, once it ended and all its outputs are read."""
        code = self._process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code

    def kill(self) -> None:
        """As `kill -9` does, and wait for the end."""
        self.signal(signal.SIGKILL)
        self.wait()

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_alive:
            self.signal(signal.SIGCONT)
            self._process.kill()
        self.wait()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with self._told:
                    self._lines[name].append(line.decode("utf-8", "replace"))
                    self._told.notify_all()
        with self._told:
            self._ended += 1
            self._told.notify_all()

    def _text(self, name: str) -> str:
        with self._told:
            return "".join(self._lines[name])

    def _found(self, pattern: str, stream: str) -> re.Match[str] | None:
        return next((m for line in self._lines[stream] if (m := re.search(pattern, line))), None)


@dataclass
class Serving:
    """A `connector serve`: started, killed and started again, each time on a free port.

    `words` are its options. Requests go to where it listens now.
    """

    folder: Path
    words: Sequence[str | Path] = ()
    key: str = ""
    package: Path = ROOT
    before: Sequence[str] = ()
    process: Running = field(init=False)
    port: int = field(init=False, default=0)

    @classmethod
    def at(cls, place: Place, *words: str, package: Path = ROOT, before: Sequence[str] = ()) -> Self:
        return cls(place.folder, ("--config", place.config, *words), place.key, package, before)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait for the line that says it is ready."""
        self.process = Running(
            "serve", *self.words, folder=self.folder, package=self.package, before=self.before
        )
        self.port = int(self.process.wait_for(r"Gateway ready: http://\S+:(\d+)/")[1])

    def kill(self) -> None:
        self.process.kill()

    def again(self) -> None:
        """Kill -9, and start anew."""
        self.kill()
        self.start()

    def terminate(self) -> int:
        return self.process.terminate()

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """One request with the key; `Idempotency_Key` is written so."""
        named = {"Authorization": f"Bearer {self.key}"}
        if body is not None:
            named["Content-Type"] = "application/json"
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in named.items()]
        return exchange(self.port, a_request(method, path, *lines, body=body))

    def get(self, path: str) -> Any:
        """What stands at `path`; it must be there."""
        reply = self.ask("GET", path)
        assert reply.status == 200, reply
        return reply.json()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__()
