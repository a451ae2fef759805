"""The siege of the address guard, as a process of its own: every hostile URL is saved and sent to.

    python -m tests.outside.siege FOLDER DATABASE TIMES lonely|guarded

`lonely`: inside `unshare`, where every address is this machine and whoever listens there counts.
`guarded`: anywhere. The interpreter tells of every dial before it is made, and stops it unless it goes to
127.0.0.1, so that nothing leaves the machine where no network of one's own can be had.
The last line of its output is JSON.
"""

import contextlib
import json
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from connector.domain.errors import ValidationFailed
from connector.outside.exchange import Limits
from connector.outside.http import Client
from tests.kit import hostile_urls, lonely
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder

from .kit import BODY, HEADERS, Names, a_client

HERE: Final = "127.0.0.1"
METADATA: Final = ("169.254.169.254", 80)
NEVER_KEEP: Final = Limits(idle_s=0)
INNER: Final = "inner.example.test"
KEPT: Final = "kept.example.test"
OPEN: Final = (f"{lonely.PUBLIC}/32", f"{lonely.PUBLIC_V6}/128")

# What a name server that means us harm says, one look-up after another.
LIES: Final[dict[str, list[list[str]]]] = {
    "later.example.test": [[lonely.PUBLIC], ["10.0.0.1"]],
    "in-turns.example.test": [[lonely.PUBLIC], ["169.254.169.254"]] * 1000,
    "both.example.test": [[lonely.PUBLIC, "10.0.0.1"], ["10.0.0.1", lonely.PUBLIC]] * 1000,
    "other-family.example.test": [[lonely.PUBLIC, "fd00::1"], [lonely.PUBLIC, "::1"]] * 1000,
    "alias.example.test": [[lonely.PUBLIC], [f"={INNER}"]],
    INNER: [["100.64.0.1"]],
    KEPT: [[lonely.PUBLIC], ["10.0.0.1"]],
}


class Heard:
    """Every dial of this process, as the interpreter tells it."""

    def __init__(self, public: str, is_lonely: bool) -> None:
        self.dialled: Counter[str] = Counter()
        self._public = public
        self._is_lonely = is_lonely
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and args[0].type == socket.SOCK_STREAM and isinstance(args[1], tuple):
            self._note(str(args[1][0]))
        elif event == "socket.sendto" and args[0].getsockname()[1] != 53:  # which is our name server's
            self._note(str(args[-1][0]))
        elif event == "socket.getaddrinfo" and not self._is_lonely:
            raise socket.gaierror(socket.EAI_NONAME, "there are no names here")

    def _note(self, address: str) -> None:
        self.dialled[address] += 1
        if not self._is_lonely and address != self._public:
            raise ConnectionRefusedError("nobody may go there")


def hostile(is_lonely: bool) -> Iterator[str]:
    yield from hostile_urls.EVERY_SPELLING
    networks = hostile_urls.NETWORKS_V4 + hostile_urls.NETWORKS_V6
    singles = [one.partition("%")[0] for one in hostile_urls.NOT_PUBLIC_V6]
    yield from hostile_urls.of_addresses(networks, [*singles, lonely.OWN] if is_lonely else singles)


def besiege(house: House, urls: list[str]) -> dict[str, Any]:
    """Save each, and send to each as if it had been saved in better times; what became of them."""
    outcomes: Counter[str] = Counter()
    saved = 0
    for url in urls:
        try:
            house.gateway.create_endpoint(house.account, url=url)
            saved += 1
        except ValidationFailed:
            pass
        outcomes[house.gateway.parts.client.post(url, BODY, HEADERS).outcome] += 1
    house.issue()
    house.gateway.dispatch()
    return {"urls": len(urls), "saved": saved, "outcomes": outcomes}


def rebind(times: int) -> dict[str, Any]:
    """Each lie so many times, by the network's name server: on new connections, and on a kept one."""
    told = {}
    for name in sorted(LIES.keys() - {INNER}):
        with a_client(OPEN, limits=Limits() if name == KEPT else NEVER_KEEP) as client:
            told[name] = _tried(client, f"http://{name}:8080/hook", times)
    return told


def rebind_here(times: int) -> dict[str, Any]:
    """The same where no name server of ours can be asked: 127.0.0.1 stands for the public address."""
    told = {}
    with Recorder() as receiver:
        for name in sorted(LIES.keys() - {INNER}):
            said = [[one.replace(lonely.PUBLIC, HERE) for one in answer] for answer in LIES[name]]
            limits = Limits() if name == KEPT else NEVER_KEEP
            names = Names(*[LIES[INNER][0] if one == [f"={INNER}"] else one for one in said])
            with a_client((f"{HERE}/32",), limits=limits, look_up=names) as client:
                told[name] = _tried(client, receiver.at(name), times)
    return told


def _tried(client: Client, url: str, times: int) -> dict[str, Any]:
    answers = [client.post(url, BODY, HEADERS) for _ in range(times)]
    where = sorted({one.address for one in answers if one.address})
    return {"outcomes": Counter(one.outcome for one in answers), "addresses": where}


def is_heard(counts: Counter[str]) -> bool:
    """Whether a client without the guard would be noticed: else silence proves nothing."""
    before = sum(counts.values())
    with contextlib.suppress(ConnectionRefusedError), socket.socket() as careless:
        careless.connect(METADATA)
        careless.sendall(b"GET / HTTP/1.1\r\n\r\n")
        careless.recv(1)
    return sum(counts.values()) > before


def main(folder: Path, database: str, times: int, is_lonely: bool) -> dict[str, Any]:
    public = lonely.PUBLIC if is_lonely else HERE
    with ExitStack() as opened:
        sung, asked = Counter[str](), Counter[str]()
        if is_lonely:
            lonely.settle(folder)
            sung = opened.enter_context(lonely.Canaries()).sung
            asked = opened.enter_context(lonely.LyingNames(LIES)).asked
        heard = Heard(public, is_lonely)
        is_noticed = is_heard(sung if is_lonely else heard.dialled)
        heard.dialled.clear()
        sung.clear()
        house = open_house(folder, database, allow_networks=OPEN if is_lonely else (f"{HERE}/32",))
        try:
            told = besiege(house, list(hostile(is_lonely)))
        finally:
            house.gateway.close()
        asked.clear()
        lies = rebind(times) if is_lonely else rebind_here(times)
    dialled = {"dialled": heard.dialled, "sung": sung, "asked": asked, "public": public}
    return {**told, **dialled, "is_noticed": is_noticed, "lies": lies}


if __name__ == "__main__":
    where, url, times, way = sys.argv[1:]
    sys.stdout.write(json.dumps(main(Path(where), url, int(times), way == "lonely")) + "\n")
