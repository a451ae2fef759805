"""A Redis server of a test's own: killed, and started again on the same port with nothing in it.

The rule that holds: whoever has `redis-server` or `valkey-server` installed tests with that; else
`fakeredis` speaks the protocol on a real socket and runs the same Lua, so that nobody installs by hand.
"""

import os
import shutil
import socket
import subprocess
import threading
from typing import Final, Self

from fakeredis import TcpFakeServer
from redis import Redis

PATIENCE_S: Final = 20.0
PATIENT: Final = "?socket_timeout=20&socket_connect_timeout=20"  # where eight test runs share a machine
LOWEST: Final = 20_000  # below the ports that systems give away by themselves: nobody takes ours meanwhile
PORTS: Final = 12_000


class CountingServer:
    """`with CountingServer() as redis:`; `url` stays the same over `kill` and `start`."""

    def __init__(self, password: str = "") -> None:
        self._program = shutil.which("redis-server") or shutil.which("valkey-server")
        self._password = password if self._program else ""
        self._process: subprocess.Popen[bytes] | None = None
        self._fake: TcpFakeServer | None = None
        self._thread: threading.Thread | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://{f':{self._password}@' if self._password else ''}127.0.0.1:{self.port}/0{PATIENT}"

    def keys(self) -> list[str]:
        """What stands in it, as text."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return sorted(str(one) for one in client.scan_iter())

    def start(self) -> None:
        if self._program is None:
            self._fake = TcpFakeServer(("127.0.0.1", self.port))
            self._thread = threading.Thread(target=self._fake.serve_forever, args=(0.01,))
            self._thread.start()
            return
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self._password:
            words += ["--requirepass", self._password]
        self._process = subprocess.Popen([self._program, *words], stdout=subprocess.PIPE, cwd="/")
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"eady to accept connections" in line:
                return
        raise AssertionError(f"{self._program} did not start")

    def kill(self) -> None:
        """As `kill -9` does: every connection breaks, what was counted is forgotten."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            assert self._process.stdout is not None
            self._process.stdout.close()
        if self._fake is not None and self._thread is not None:
            self._fake.shutdown()
            self._fake.server_close()
            self._thread.join(PATIENCE_S)
        self._process = self._fake = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def free_port() -> int:
    """A port that nobody listens at; tests that run beside this one begin to look elsewhere."""
    for step in range(PORTS):
        port = LOWEST + (os.getpid() * 7 + step) % PORTS
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
