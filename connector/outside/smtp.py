"""E-mail: one message to the operator's own SMTP server, over TLS, within its time.

The rule that holds: `send` is total. Whatever the server does ends in a Result, and what nobody
knows is Later: the same Message-ID lets the far side tell a second copy from a second message.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import certifi

from ..domain.clock import Clock
from ..domain.errors import Fault, FaultyFiles
from ..domain.mailboxes import Mailbox, header_of, header_words, read_mailbox, wire_address
from ..domain.notifications import Later, Refused, Result, Sending, Taken, one_line, without
from .addresses import read_address

SUBMISSION: Final = 587
SUBMISSIONS: Final = 465
IDLE_S: Final = 5.0  # letters of one batch follow each other at once
MAX_LETTERS: Final = 50  # over one connection: servers that count allow some more
_HAD_ENOUGH: Final = 421
_OURS: Final = (530, 534, 535, 538)
"""Answers about our name, password and TLS, at whatever step: nothing is wrong with the recipient."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one sending may take; beyond what honest servers with virus scanners need."""

    step_s: float = 30.0
    total_s: float = 60.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `url` as in the configuration; `sender` `Name <address>` or an address.

    `ca_file`: issuers trusted beside the usual ones. Without TLS nothing is sent, unless the server
    is on this very machine (and no `ca_file` is given), or `may_be_plain`.
    """

    url: str = field(repr=False)
    sender: str
    reply_to: str = ""
    ca_file: str = ""
    may_be_plain: bool = False


class Mailer:
    """Sends e-mail; safe to share between threads. FaultyFiles where the ca_file cannot be used."""

    def __init__(self, server: MailServer, clock: Clock, patience: Patience | None = None) -> None:
        parts = urlsplit(server.url)
        self._server = server
        self._clock = clock
        self._patience = patience or Patience()
        self._host = parts.hostname or ""
        self._is_wrapped = parts.scheme == "smtps"
        self._port = parts.port or (SUBMISSIONS if self._is_wrapped else SUBMISSION)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._tls = _tls_context(server.ca_file)
        self._idle = _Idle()

    def send(self, sending: Sending) -> Result:
        """Hand one message in."""
        try:
            own = read_own(self._server)
        except ValueError as fault:  # ours to mend: nothing is wrong with the recipient
            return Later("sender_not_valid", one_line(str(fault)))
        try:
            message = message_of(sending, own, self._clock.now())
            to = wire_address(sending.to)
        except ValueError as fault:  # all that the email package and idna raise about a value
            return Refused("address_not_valid", one_line(str(fault)))
        late = threading.Event()
        try:
            self._hand_in(message, to, late)
        except Exception as fault:  # noqa: BLE001 - total: a server's oddity must not stop the worker
            return _result_of(fault, is_late=late.is_set(), secrets=(sending.to, to, self._password))
        return Taken(str(message["Message-ID"]))

    def _hand_in(self, message: EmailMessage, to: str, late: threading.Event) -> None:
        """Over the kept connection if it still answers; whatever it does is cut when the time is over."""
        used: list[smtplib.SMTP] = []

        def cut() -> None:
            late.set()
            for one in used:
                with contextlib.suppress(OSError, AttributeError):
                    assert one.sock is not None
                    one.sock.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(self._patience.total_s, cut)
        watch.daemon = True
        watch.start()
        try:
            self._over(self._idle.take(used), message, to, used)
        finally:
            watch.cancel()

    def _over(self, kept: "_Kept | None", message: EmailMessage, to: str, used: list[smtplib.SMTP]) -> None:
        connection = self._greeted(used) if kept is None else kept.connection
        letters = 1 if kept is None else kept.letters + 1
        try:
            connection.send_message(message, to_addrs=[to])
        except smtplib.SMTPSenderRefused as fault:
            connection.close()
            if kept is None or fault.smtp_code != _HAD_ENOUGH:
                raise
            self._over(None, message, to, used)  # nothing of this one was told yet
            return
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):  # nothing is wrong with the connection
            self._idle.keep(connection, letters)
            raise
        except BaseException:
            connection.close()
            raise
        self._idle.keep(connection, letters)

    def _greeted(self, used: list[smtplib.SMTP]) -> smtplib.SMTP:
        """A new connection, logged in."""
        name = self._server.sender.rpartition("@")[2].strip(" <>") or "localhost"
        kind = _Wrapped if self._is_wrapped else smtplib.SMTP
        connection = kind(timeout=self._patience.step_s, local_hostname=name)
        if isinstance(connection, _Wrapped):
            connection.tls = self._tls
        used.append(connection)
        try:
            code, words = connection.connect(self._host, self._port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            self._log_in(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_in(self, connection: smtplib.SMTP) -> None:
        connection._host = self._host  # type: ignore[attr-defined] # the name that TLS is to verify
        connection.ehlo_or_helo_if_needed()
        if not self._is_wrapped and not self._goes_plain:
            if not connection.has_extn("starttls"):
                raise _NoTls
            code, words = connection.starttls(context=self._tls)
            if code != 220:
                raise smtplib.SMTPResponseException(454, words)
            connection.ehlo()
        if self._user:
            connection.login(self._user, self._password)

    @property
    def _goes_plain(self) -> bool:
        address = read_address(self._host)
        is_here = self._host == "localhost" or (address is not None and address.is_loopback)
        return self._server.may_be_plain or (is_here and not self._server.ca_file)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection that is logged in, how many letters it took, and who ends it if nobody comes."""

    connection: smtplib.SMTP
    letters: int
    end: threading.Timer


class _Idle:
    """The one connection that waits for the next letter: names, TLS and passwords cost more than a letter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    def take(self, used: list[smtplib.SMTP]) -> _Kept | None:
        """What is kept, if it still answers; noted in `used` before it is asked."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None:
            return None
        kept.end.cancel()
        used.append(kept.connection)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if kept.connection.noop()[0] == 250:
                return kept
        kept.connection.close()
        return None

    def keep(self, connection: smtplib.SMTP, letters: int) -> None:
        """Keep it for the next letter, or part."""
        end = threading.Timer(IDLE_S, self._end, (connection,))
        end.daemon = True
        with self._lock:
            if self._kept is None and connection.sock is not None and letters < MAX_LETTERS:
                self._kept = _Kept(connection, letters, end)
                end.start()
                return
        _part(connection)

    def _end(self, connection: smtplib.SMTP) -> None:
        with self._lock:
            if self._kept is None or self._kept.connection is not connection:
                return
            self._kept = None
        _part(connection)


def _part(connection: smtplib.SMTP) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):  # its letters were taken: how is no matter
        connection.quit()
    connection.close()


class _Wrapped(smtplib.SMTP):
    """TLS from the first byte; `tls` is set before it connects."""

    tls: ssl.SSLContext

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc] # as smtplib's own SMTP_SSL does
        try:
            return self.tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


class _NoTls(Exception):
    """The server offers no STARTTLS."""


Own = tuple[Mailbox, Mailbox | None]
"""Our own sender, and where answers go; None: to the sender."""


def read_own(server: MailServer) -> Own:
    """ValueError for what is no address."""
    return read_mailbox(server.sender), read_mailbox(server.reply_to) if server.reply_to else None


def message_of(sending: Sending, own: Own, now: datetime) -> EmailMessage:
    """The message, its headers free of anything that could end a line; ValueError for a bad address."""
    message = EmailMessage(policy=policy.SMTP)
    (name, address), reply_to = own
    message["From"] = header_of(address, name or sending.sender_name)
    message["To"] = header_of(sending.to, sending.to_name)
    if reply_to is not None:
        message["Reply-To"] = header_of(reply_to.address, "")
    message["Subject"] = header_words(sending.written.subject, 250)
    message["Date"] = now
    message["Message-ID"] = f"<{sending.id}@{wire_address(address).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # so that no out-of-office answers it
    message.set_content(sending.written.text, cte="quoted-printable")
    if sending.written.html:
        message.add_alternative(sending.written.html, subtype="html", cte="quoted-printable")
    return message


def _result_of(fault: Exception, *, is_late: bool, secrets: tuple[str, ...]) -> Result:
    """What a sending that raised came to."""
    if is_late or isinstance(fault, TimeoutError):
        return Later("timeout")
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        [(code, words)] = fault.recipients.values()
        return _answered(code, words, secrets, is_final=code >= 500)
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return _answered(fault.smtp_code, fault.smtp_error, secrets, is_final=False)
    if isinstance(fault, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _answered(fault.smtp_code, fault.smtp_error, secrets, is_final=fault.smtp_code >= 500)
    if isinstance(fault, smtplib.SMTPResponseException):
        return _answered(fault.smtp_code, fault.smtp_error, secrets, is_final=False)
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return Refused("not_supported", without(str(fault), *secrets))
    if isinstance(fault, _NoTls):
        return Later("starttls_not_offered", "The server offers no STARTTLS; nothing is sent in clear.")
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Later("tls_not_trusted", one_line(fault.verify_message))
    if isinstance(fault, ssl.SSLError):
        return Later("tls_failed", one_line(fault.reason or ""))
    if isinstance(fault, smtplib.SMTPServerDisconnected | ConnectionError):
        return Later(
            "connection_refused" if isinstance(fault, ConnectionRefusedError) else "connection_closed"
        )
    if isinstance(fault, OSError):
        return Later("unreachable", one_line(fault.strerror or ""))
    if isinstance(fault, smtplib.SMTPException):
        return Later("not_understood", without(str(fault), *secrets))
    return Later("internal", type(fault).__name__)


def _answered(code: int, words: bytes | str, secrets: tuple[str, ...], *, is_final: bool) -> Result:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    reason, detail = f"smtp_{code}", without(text, *secrets)
    return Refused(reason, detail) if is_final and code not in _OURS else Later(reason, detail)


def _tls_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as fault:
            raise FaultyFiles(
                [Fault(ca_file, 1, 1, f"no certificates in PEM can be read: {fault}")]
            ) from fault
    return context
