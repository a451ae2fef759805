"""A real SMTP server on 127.0.0.1: it keeps what it took, and fails as it is told to.

The rule that holds: the bytes go through real sockets, and it leaves no thread and no socket behind.
"""

import asyncio
import socket
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

WAIT_S = 10.0
USER, PASSWORD = "shop", "p@ss:w/rd%"


@dataclass(frozen=True)
class Mail:
    """One message as it was taken: the envelope's addresses and the message."""

    sender: str
    to: list[str]
    raw: bytes
    connection: int
    """The far side's port."""

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, kind: str) -> str:
        """Its text (`plain`) or page (`html`)."""
        found = self.message.get_body((kind,))
        assert isinstance(found, EmailMessage)
        return str(found.get_content()).replace("\r\n", "\n")


class _Handler:
    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.at_sender: deque[str] = deque()
        self.at_recipient: deque[str] = deque()
        self.at_data: deque[str] = deque()
        self.after_data: deque[str] = deque()
        self.came = threading.Condition()
        self.transports: set[asyncio.Transport] = set()

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        assert isinstance(server.transport, asyncio.Transport)
        self.transports.add(server.transport)
        if self.at_sender:
            answer = self.at_sender.popleft()
            if not answer:
                server.transport.abort()
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.at_recipient:
            return self.at_recipient.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.at_data:
            return self.at_data.popleft()
        content = envelope.content
        assert isinstance(content, bytes)
        with self.came:
            told = str(envelope.mail_from), list(map(str, envelope.rcpt_tos))
            self.taken.append(Mail(*told, content, session.peer[1]))
            self.came.notify_all()
        if self.after_data:  # it has the message, and dies before it says so
            self.after_data.popleft()
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"


async def _abort(transports: set[asyncio.Transport]) -> None:
    for transport in transports:
        transport.abort()
    transports.clear()


class _Controller(Controller):
    """On a port that the system chose."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined] # asyncio's have them
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Mailbox:
    """`with Mailbox() as box:` … `box.url`, `box.mails`."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, wrapped: bool = False, needs_login: bool = False
    ) -> None:
        self._handler = _Handler()
        how: dict[str, Any] = {}
        if tls is not None and not wrapped:
            how |= {"tls_context": tls, "require_starttls": True}
        if needs_login:
            how |= {
                "auth_required": True,
                "auth_require_tls": tls is not None,
                "authenticator": _authenticate,
            }
        self._controller = _Controller(
            self._handler, hostname="127.0.0.1", port=0, ssl_context=tls if wrapped else None, **how
        )
        self._scheme = "smtps" if wrapped else "smtp"

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[Mail]:
        with self._handler.came:
            return list(self._handler.taken)

    def wait_for(self, count: int) -> list[Mail]:
        with self._handler.came:
            assert self._handler.came.wait_for(lambda: len(self._handler.taken) >= count, WAIT_S)
            return list(self._handler.taken)

    def answers_senders(self, *answers: str) -> None:
        """An empty one: it goes without a word."""
        self._handler.at_sender.extend(answers)

    def answers_recipients(self, *answers: str) -> None:
        self._handler.at_recipient.extend(answers)

    def answers_data(self, *answers: str) -> None:
        self._handler.at_data.extend(answers)

    def hang_up(self) -> None:
        """End all connections without a word."""
        ending = _abort(self._handler.transports)
        asyncio.run_coroutine_threadsafe(ending, self._controller.loop).result(WAIT_S)

    def dies_after_data(self) -> None:
        """Once: the message is kept, and the connection is cut in the place of an answer."""
        self._handler.after_data.append("")

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._controller.stop(no_assert=True)


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    is_known = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_known, handled=False)


class Silence:
    """A server that takes connections and never says a word."""

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        return self

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._listening.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._listening.close()
