"""One WSGI call: a request that has arrived whole becomes an environ, the app's answer one value.

Pure of sockets and threads. What two readers could understand differently is refused
here (two Host headers, header bytes outside ASCII) or left out (names with underscores).
"""

import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from ..domain.errors import BadRequest, MethodNotAllowed, NotFound, WrongContentType

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SMALL_ANSWER: Final = 65_536  # collected before it is sent, so that a fault in it can still become a 500

_NO_PATH_OF_OURS: Final = re.compile(r"[\x00-\x1f\x7f]|//|/\.{1,2}(?:/|$)")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Headers(Protocol):
    """RSGI's headers: names in lower case; values that are not ASCII are in `keys` only."""

    def items(self) -> list[tuple[str, str]]: ...
    def keys(self) -> list[str]: ...
    def get(self, key: str, default: Any = None) -> Any: ...
    def get_all(self, key: str) -> list[str]: ...
    def __contains__(self, key: str) -> bool: ...


class Scope(Protocol):
    """RSGI's scope. `path` has its percent signs decoded, as UTF-8 with U+FFFD for what is not."""

    method: str
    path: str
    query_string: str
    http_version: str
    scheme: str
    server: str
    client: str
    authority: str | None

    @property
    def headers(self) -> Headers: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said. `body` is all of it unless `rest` holds the chunks that follow, and their end."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] = lambda: None


def require_plain(scope: Scope) -> None:
    """Pass if the head of a request says one thing only, else the Refused that says what is wrong."""
    headers = scope.headers
    if scope.method not in METHODS:
        raise MethodNotAllowed(f"This method is not known here; {', '.join(METHODS)} are")
    if len({name for name, _ in headers.items()}) != len(headers.keys()):
        raise BadRequest("A header's value is not ASCII")
    hosts = len(headers.get_all("host"))
    if hosts > 1 or (hosts == 0 and scope.http_version != "1"):
        raise BadRequest(f"One Host header is needed, {hosts} came")
    if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
        raise BadRequest("The only Transfer-Encoding taken is chunked")
    if any(coding.strip().lower() != "identity" for coding in headers.get_all("content-encoding")):
        raise WrongContentType("A compressed body is not taken; send it as it is")
    if not scope.path.startswith("/") or _NO_PATH_OF_OURS.search(scope.path):
        raise NotFound("No such path")


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """PEP 3333's environ. A repeated header is joined by commas, Cookie by semicolons."""
    server, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else "HTTP/1.1",
        "REMOTE_ADDR": client.strip("[]").removeprefix("::ffff:"),  # IPv4 on a socket for both families
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = _environ_key(name)
        if key in environ:
            environ[key] += ("; " if name == "cookie" else ", ") + value
        elif key:
            environ[key] = value
    if body or "content-length" in scope.headers:
        environ["CONTENT_LENGTH"] = str(len(body))
    if scope.authority:  # `GET http://host/path`: RFC 9112, 3.2.2 says it stands above the Host header
        environ["HTTP_HOST"] = scope.authority.rpartition("@")[2]
    return environ


@lru_cache(maxsize=256)
def _environ_key(name: str) -> str:
    """Nothing for a header that is the server's own affair, or whose name could pass for another's."""
    if "_" in name or name in ("content-length", "transfer-encoding", "proxy"):
        return ""
    key = name.upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


def ask(app: WsgiApp, environ: dict[str, Any]) -> Answer:
    """Call the app and collect its answer; what it raises is raised here.

    An answer without Content-Length that is larger than SMALL_ANSWER comes with the
    `rest` still to be iterated, and then `close` to be called.
    """
    started: list[tuple[int, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if started and exc_info is None:
            raise AssertionError("start_response was called twice")
        started[:] = [(int(status[:3]), headers)]
        return parts.append

    chunks = app(environ, start_response)
    close = getattr(chunks, "close", _nothing)
    whole = False
    try:
        size = 0
        rest = iter(chunks)
        for part in rest:
            parts.append(part)
            size += len(part)
            if size > SMALL_ANSWER and not _is_measured(started[0][1]):
                break
        else:
            whole = True
        [(code, headers)] = started
        _require_printable(headers)
    except BaseException:
        close()
        raise
    if whole:
        close()
        return Answer(code, headers, b"".join(parts))
    return Answer(code, headers, b"".join(parts), rest, close)


def _nothing() -> None:
    pass


def _is_measured(headers: list[tuple[str, str]]) -> bool:
    return any(name.lower() == "content-length" for name, _ in headers)


def _require_printable(headers: list[tuple[str, str]]) -> None:
    """The server below panics on a control character in a header, instead of raising."""
    for name, value in headers:
        if not value.isprintable():
            raise ValueError(f"the app's header {name} holds a control character")
