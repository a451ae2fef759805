"""A client with small limits, so that waiting it out takes no time, and headers as a delivery has them."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connector.outside.exchange import Limits
from connector.outside.http import Client
from connector.outside.names import LookUp, system_look_up
from tests.kit.clock import FixedClock

BODY = b'{"id":"msg_1","type":"ping"}'
HEADERS = {
    "content-type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": "1795186800",
    "webhook-signature": "v1,hvztuz7X+PM9Uuho+EQ3rVenVCJopx9jSPfvYwyoZYY=",
}
QUICK = Limits(connect_s=0.6, answer_s=0.6, total_s=1.0, body_s=0.3)
SLACK_S = 1.0
"""What the machine may add to a limit when other tests keep it busy; still far from any hang."""


@contextmanager
def a_client(
    allow_networks: Sequence[str] = ("127.0.0.0/8",),
    *,
    limits: Limits | None = None,
    look_up: LookUp = system_look_up,
    ca_file: Path | None = None,
    own_url: str = "",
) -> Iterator[Client]:
    """A client that may post to this machine, closed at the end."""
    client = Client(
        allow_networks,
        allow_http=True,
        ca_file=str(ca_file or ""),
        own_url=own_url,
        clock=FixedClock(),
        limits=limits or Limits(),
        look_up=look_up,
    )
    try:
        yield client
    finally:
        client.close()


class Names:
    """A name server of the test's own: answers in turn, the last one for ever; counts what it was asked."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
SERVER_FAILED = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
