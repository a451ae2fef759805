"""A network of one's own where every address on earth is this machine, with a name server that lies.

The one rule: only a process that `unshare` began may call `settle`: it changes the network it is in.
Then whatever the product dials is answered here and counted, and nothing can leave.
"""

import errno
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from tests.kit.sources import ROOT

UNSHARE: Final = ("unshare", "--user", "--map-root-user", "--net", "--mount")
PUBLIC: Final = "93.184.216.34"
PUBLIC_V6: Final = "2606:2800:220:1::34"
OWN: Final = "198.41.0.4"
"""A public address that an interface of this machine has."""
PORTS: Final = (80, 443, 8080)
NAME_SERVER: Final = "127.0.0.1"
FILES: Final = {
    "resolv.conf": f"nameserver {NAME_SERVER}\noptions timeout:20 attempts:1\n",
    "nsswitch.conf": "hosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
}

_ACK: Final = 0x5  # NLM_F_REQUEST | NLM_F_ACK
_CREATE: Final = 0x400
_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE = 16, 20, 24
_UP: Final = 1
_HERE: Final = (255, 3, 254, 2)  # table local, protocol boot, scope host, type local


def can_be_had() -> bool:
    """Whether this kernel lets us have such a network, by either family, without asking anybody."""
    with TemporaryDirectory() as folder:
        tried = [*UNSHARE, sys.executable, "-m", __name__, folder]
        try:
            ended = subprocess.run(tried, cwd=ROOT, capture_output=True, timeout=60, check=False)
        except OSError:
            return False
    return ended.returncode == 0


def settle(folder: Path) -> None:
    """Every address is ours, and the only name server is on this machine; files are kept in `folder`."""
    loopback = socket.if_nametoindex("lo")
    _ask(_NEW_LINK, 0, struct.pack("=BxHiII", socket.AF_UNSPEC, 0, loopback, _UP, _UP))
    for family, width, every, public in (
        (socket.AF_INET, 32, OWN, PUBLIC),
        (socket.AF_INET6, 128, None, PUBLIC_V6),
    ):
        for text in filter(None, (public, every)):
            packed = ip_address(text).packed
            head = struct.pack("=BBBBI", family, width, 0x02 if width == 128 else 0, 254, loopback)
            _ask(_NEW_ADDRESS, _CREATE, head + _part(2, packed) + _part(1, packed))
        # Who is dialled is met from `public`: else each address would seem to be this machine's own.
        route = struct.pack("=BBBBBBBBI", family, 0, 0, 0, *_HERE, 0)
        _ask(
            _NEW_ROUTE,
            _CREATE,
            route + _part(4, struct.pack("=I", loopback)) + _part(7, ip_address(public).packed),
        )
    for name, text in FILES.items():
        (folder / name).write_text(text)
        subprocess.run(["mount", "--bind", folder / name, f"/etc/{name}"], check=True)


def _part(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", len(data) + 4, kind) + data + b"\0" * (-len(data) % 4)


def _ask(kind: int, flags: int, body: bytes) -> None:
    """One deed of the kernel's, by netlink: `ip` need not be installed."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as line:
        line.bind((0, 0))
        line.send(struct.pack("=IHHII", 16 + len(body), kind, _ACK | flags, 1, 0) + body)
        code = -struct.unpack_from("=i", line.recv(65536), 16)[0]
    if code:
        raise OSError(code, f"netlink {kind}: {os.strerror(code)} ({errno.errorcode.get(code)})")


class Canaries:
    """Listens at every address and counts who was called; answers 200, as a receiver does."""

    def __init__(self) -> None:
        self.sung: Counter[str] = Counter()
        self._servers = [_Server(self, family, port) for family in (4, 6) for port in PORTS]
        self._threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in self._servers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, canaries: Canaries, version: int, port: int) -> None:
        self._canaries = canaries
        self.address_family = socket.AF_INET if version == 4 else socket.AF_INET6
        super().__init__(("0.0.0.0" if version == 4 else "::", port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "canary", int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._canaries.sung[str(connection.getsockname()[0])] += 1
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody spoke TLS, or nothing at all: the connection is what counts."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """The counts say what happened."""


Zone = Mapping[str, Sequence[Sequence[str]]]
"""Name → one answer after another, the last for ever; an answer is addresses and `=other.name`."""


class LyingNames:
    """A name server for what `zone` has; any other name is at 10.0.0.1. Nothing may be remembered (TTL 0)."""

    def __init__(self, zone: Zone) -> None:
        self._left = {name: list(answers) for name, answers in zone.items()}
        self.asked: Counter[str] = Counter()
        self._now: dict[str, Sequence[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((NAME_SERVER, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, asker = self._socket.recvfrom(4096)
                self._socket.sendto(self._answer(question), asker)
            except OSError:
                return

    def _answer(self, question: bytes) -> bytes:
        name, end = _read_name(question, 12)
        [kind] = struct.unpack_from(">H", question, end)
        if kind == 1:  # each look-up asks for A and for AAAA: the first of them turns the page
            self.asked[name] += 1
            left = self._left.get(name, [["10.0.0.1"]])
            self._now[name] = left.pop(0) if len(left) > 1 else left[0]
        records = list(self._records(name, kind))
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0)
        return head + question[12 : end + 4] + b"".join(records)

    def _records(self, name: str, kind: int) -> Any:
        for one in self._now.get(name, ()):
            if one.startswith("="):
                other = one[1:]
                yield _record(name, 5, _write_name(other))
                for address in self._left.get(other, [["10.0.0.1"]])[0]:
                    if (packed := ip_address(address).packed) and len(packed) == {1: 4, 28: 16}.get(kind):
                        yield _record(other, kind, packed)
            elif len(packed := ip_address(one).packed) == {1: 4, 28: 16}.get(kind):
                yield _record(name, kind, packed)


def _record(name: str, kind: int, data: bytes) -> bytes:
    return _write_name(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def _write_name(name: str) -> bytes:
    return b"".join(bytes([len(one)]) + one.encode() for one in name.split(".")) + b"\0"


def _read_name(packet: bytes, start: int) -> tuple[str, int]:
    labels = []
    while length := packet[start]:
        labels.append(packet[start + 1 : start + 1 + length].decode("ascii", "replace").lower())
        start += 1 + length
    return ".".join(labels), start + 1


if __name__ == "__main__":
    settle(Path(sys.argv[1]))
    with Canaries():
        pass
