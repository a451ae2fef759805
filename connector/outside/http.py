"""Outgoing webhooks: one POST, where it is allowed, within its time, with nothing followed or believed.

The rule that holds: `post` is total. Whatever the URL says and whatever the far
side does ends in an Answer; no exception, no waiting past the limits.
"""

import dataclasses
import functools
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Final

import certifi

from ..domain.clock import Clock, SystemClock
from ..domain.errors import Fault, FaultyFiles, FieldError, ValidationFailed
from .addresses import read_networks
from .answers import Answer, answered, unanswered
from .dial import Guard
from .exchange import AttemptFault, Exchange, Limits, of_anything
from .heads import Head
from .kept import Kept
from .names import LookUp, Resolver, system_look_up
from .urls import Place, Target, read_target
from .wire import GuardedConnection, Line, NotYet

AT_ONCE_S: Final = 0.005  # who answered so soon the last time is not given a thread to wait in
MAX_ANSWER: Final = 65_536  # bytes of what a platform answers about one person or booking: a few thousand
_TARGETS: Final = 2048  # URLs whose reading is remembered: some 1 MiB
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_VALUE: Final = re.compile(r"[!-~](?:[ !-~]*[!-~])?", re.ASCII)
_OURS: Final = frozenset(  # about the connection: only this module knows it
    (
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """An attempt whose request is on its way, for whoever reads its answer. `unsent` is still to go out."""

    exchange: Exchange
    connection: GuardedConnection
    headers: Mapping[str, str]
    request: bytes
    unsent: bytes


class Client:
    """Posts to addresses that are allowed; safe to share between threads.

    `allow_networks` are CIDRs that are not public and yet allowed; `ca_file` has
    issuers trusted beside the usual ones; `own_url` is our public address,
    `own_port` the port that we listen on: a delivery to either would be a loop.
    `clock` reads the dates of answers; waiting goes by the machine's own time.
    Raises ValidationFailed or FaultyFiles where these cannot be used.
    """

    def __init__(
        self,
        allow_networks: Sequence[str] = (),
        allow_http: bool = False,
        ca_file: str = "",
        own_url: str = "",
        clock: Clock | None = None,
        *,
        limits: Limits | None = None,
        look_up: LookUp = system_look_up,
        own_port: int | None = None,
    ) -> None:
        machine = SystemClock()
        self._clock = clock or machine
        self._machine = machine
        self._limits = limits or Limits()
        networks = read_networks(allow_networks)
        reads = functools.partial(
            read_target, allow_http=allow_http, allow_local_names=bool(networks), own_url=own_url
        )
        # The same text is the same target for ever; what it resolves to is asked for each connection.
        self._read_target = functools.lru_cache(_TARGETS)(reads)
        self._resolver = Resolver(machine, look_up)
        self._guard = Guard(networks, self._resolver, own_port)
        self._kept: Kept[GuardedConnection] = Kept(machine, self._limits)
        tls = functools.cache(functools.partial(_tls_context, ca_file))
        if ca_file:
            tls()  # a file that cannot be read is for the start to say, not for the first delivery
        self._line = Line(self._guard, tls, self._kept)

    def check(self, url: str, within_s: float | None = None) -> list[str]:
        """Whether an endpoint may have this URL: ValidationFailed says why not; the list holds warnings.

        A name that does not resolve yet, or not `within_s`, is only a warning. Sends nothing.
        """
        target = self._read_target(url)
        try:
            self._guard.addresses(target, self._limits.connect_s if within_s is None else within_s)
        except AttemptFault as fault:
            if fault.outcome != "refused_by_us":
                return [f"{target.host} does not resolve at the moment"]
            message = f"{target.host} has an address that is not public ({fault.detail})"
            raise ValidationFailed(message, errors=[FieldError("url", message)]) from fault
        return []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One attempt: `body` to `url` with `headers`. Total: it never raises and ends within the limits."""
        return self._try(url, body, headers, "POST", self._limits)

    def ask(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """As `post`, a question (by GET where it has no body), whose answer is read in full."""
        limits = dataclasses.replace(self._limits, body_bytes=MAX_ANSWER, body_s=self._limits.answer_s)
        return self._try(url, body or b"", headers, "GET" if body is None else "POST", limits)

    def delete(self, url: str, headers: Mapping[str, str]) -> Answer:
        """As `post`, without a body: they need not keep it for us any more."""
        return self._try(url, b"", headers, "DELETE", self._limits)

    def quick_place(self, url: str) -> Place | None:
        """Where `url` leads, if whoever is there answered within AT_ONCE_S the last time; None otherwise."""
        try:
            target = self._read_target(url)
        except ValidationFailed:  # which `post` will tell
            return None
        return target.place if self._kept.answers_within(target, AT_ONCE_S) else None

    def begin(self, url: str, body: bytes, headers: Mapping[str, str]) -> Begun | None:
        """As `post` on a connection that is kept, without waiting for anything; None where there is none.

        Its answer is for `answer_at_once`, and, where that gives none in time, for `finish`.
        """
        try:
            exchange = Exchange(self._read_target(url), self._limits, self._machine)
            sent = _request_headers(exchange.target, body, headers)
            request = _request("POST", exchange.target, sent, body)
            connection = self._line.taken_up(exchange)
        except Exception:  # noqa: BLE001 -- as above: a refused URL or header, or a bug
            return None
        if connection is None:
            return None
        count = connection.wire.send_at_once(request)
        return Begun(exchange, connection, sent, request, request[count:])

    def answer_at_once(self, begun: Begun, awaited_s: float) -> Answer | None:
        """The answer if all of it is here; NotYet while it is not, None where somebody has to wait for it.

        `awaited_s`: how long whoever asks has seen that it was not.
        """
        if begun.unsent:
            return None
        try:
            head, got, is_cut = begun.connection.read_at_once(awaited_s)
        except NotYet:
            raise
        except Exception:  # noqa: BLE001 -- `finish` meets the same, and says what it is
            return None
        try:
            return self._told(begun.exchange, begun.connection, begun.headers, head, got, is_cut)
        except Exception as fault:  # noqa: BLE001 -- as in _try
            return unanswered(of_anything(fault), begun.exchange)

    def finish(self, begun: Begun) -> Answer:
        """What becomes of an attempt that was begun: total, as `post`, and within the same limits."""
        try:
            return self._renewing(begun.exchange, begun.headers, begun.request, begun)
        except Exception as fault:  # noqa: BLE001 -- as in _try
            return unanswered(of_anything(fault), begun.exchange)

    def _try(self, url: str, body: bytes, headers: Mapping[str, str], method: str, limits: Limits) -> Answer:
        exchange: Exchange | None = None
        try:
            exchange = Exchange(self._read_target(url), limits, self._machine)
            return self._attempt(exchange, body, headers, method)
        except ValidationFailed as fault:
            return unanswered(AttemptFault("refused_by_us", "url_not_allowed", fault.detail))
        except Exception as fault:  # noqa: BLE001 -- total: a far side or a bug must not stop the worker
            return unanswered(of_anything(fault), exchange)

    def close(self) -> None:
        """Close what is kept open. Attempts under way end by themselves."""
        self._kept.close()
        self._resolver.close()

    def _attempt(self, exchange: Exchange, body: bytes, headers: Mapping[str, str], method: str) -> Answer:
        sent = _request_headers(exchange.target, body, headers)
        return self._renewing(exchange, sent, _request(method, exchange.target, sent, body))

    def _renewing(
        self, exchange: Exchange, sent: Mapping[str, str], request: bytes, begun: Begun | None = None
    ) -> Answer:
        try:
            return self._exchanged(exchange, sent, request, begun)
        except AttemptFault as fault:
            if not _is_stale(fault, exchange):
                raise
            # They closed the kept connection while our request was on its way: they have not seen it.
            exchange.renew()
            return self._exchanged(exchange, sent, request)

    def _exchanged(
        self, exchange: Exchange, sent: Mapping[str, str], request: bytes, begun: Begun | None = None
    ) -> Answer:
        connection = begun.connection if begun else self._line.post(exchange, request)
        try:
            if begun:
                connection.go_on(begun.unsent)
            head = connection.read_head()
            got, is_cut = connection.read_body(head)
        except BaseException:
            connection.close()
            raise
        return self._told(exchange, connection, sent, head, got, is_cut)

    def _told(
        self,
        exchange: Exchange,
        connection: GuardedConnection,
        sent: Mapping[str, str],
        head: Head,
        got: bytes,
        is_cut: bool,
    ) -> Answer:
        answer = answered(head, exchange, sent, got, is_cut, self._clock.now())
        self._kept.give(connection)  # from here on somebody else may have it
        return answer


def _tls_context(ca_file: str) -> ssl.SSLContext:
    """One for the process: loading the issuers takes 50 ms. (The default one would ask the environment.)"""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as fault:
            raise FaultyFiles(
                [Fault(ca_file, 1, 1, f"no certificates in PEM can be read here: {fault}")]
            ) from fault
    return context


def _request_headers(target: Target, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """What goes out, names in small letters; AttemptFault for one that cannot be among them."""
    sent = {"host": target.host_header, "user-agent": "gift-card-connector", "accept": "*/*"}
    for name, value in headers.items():
        small = name.lower()
        if small in _OURS or not _NAME.fullmatch(small) or not _VALUE.fullmatch(value):
            raise AttemptFault("internal", "header_not_allowed", small[:64])
        sent[small] = value
    return sent | {"accept-encoding": "identity", "content-length": str(len(body))}


def _request(method: str, target: Target, sent: Mapping[str, str], body: bytes) -> bytes:
    """The bytes that go out: our own text to the letter, which no library has parsed and written anew."""
    lines = [
        f"{method} {target.path_and_query} HTTP/1.1",
        *(f"{name}: {value}" for name, value in sent.items()),
    ]
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


def _is_stale(fault: AttemptFault, exchange: Exchange) -> bool:
    return exchange.is_reused and not exchange.has_heard and fault.error == "connection_closed"
