"""A whole request becomes an environ; the app's answer becomes one value."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.domain.errors import BadRequest, MethodNotAllowed, NotFound, WrongContentType
from connector.web.wsgi import SMALL_ANSWER, ask, environ_of, require_plain


class Pairs:
    """Headers as the server below gives them: a value that is not ASCII shows in `keys` only."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def items(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self._pairs if value.isascii()]

    def keys(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self._pairs))

    def get(self, key: str, default: Any = None) -> Any:
        return next(iter(self.get_all(key)), default)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self.items() if name == key]

    def __contains__(self, key: str) -> bool:
        return key in self.keys()


@dataclass
class Head:
    """A request's head as the server below hands it on."""

    method: str = "POST"
    path: str = "/hooks/glow-spa/square"
    query_string: str = ""
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:8080"
    client: str = "203.0.113.7:50123"
    authority: str | None = None
    headers: Pairs = field(default_factory=lambda: Pairs([("host", "gifts.example")]))


def with_headers(*pairs: tuple[str, str]) -> Head:
    return Head(headers=Pairs([("host", "gifts.example"), *pairs]))


def test_the_app_sees_the_request_as_it_was_sent() -> None:
    head = with_headers(("content-type", "application/json"), ("x-sig", "abc"), ("content-length", "2"))
    head.query_string = "a=%20&b"

    environ = environ_of(head, b"{}")

    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["PATH_INFO"] == "/hooks/glow-spa/square"
    assert environ["QUERY_STRING"] == "a=%20&b"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["CONTENT_LENGTH"] == "2"
    assert environ["HTTP_X_SIG"] == "abc"
    assert environ["HTTP_HOST"] == "gifts.example"
    assert environ["wsgi.input"].read() == b"{}"
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("203.0.113.7", "50123")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "8080")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize(
    ("client", "address"),
    [("[2001:db8::1]:4000", "2001:db8::1"), ("[::ffff:203.0.113.7]:4000", "203.0.113.7")],
)
def test_an_address_of_version_6_is_bare_and_a_mapped_one_is_version_4(client: str, address: str) -> None:
    assert environ_of(Head(client=client), b"")["REMOTE_ADDR"] == address


def test_the_content_length_is_that_of_the_real_body() -> None:
    assert environ_of(with_headers(("transfer-encoding", "chunked")), b"abc")["CONTENT_LENGTH"] == "3"
    assert environ_of(with_headers(("content-length", "0")), b"")["CONTENT_LENGTH"] == "0"
    assert "CONTENT_LENGTH" not in environ_of(Head(), b"")


def test_a_repeated_header_is_joined_so_that_neither_wins_by_accident() -> None:
    head = with_headers(("x-sig", "right"), ("x-sig", "wrong"), ("cookie", "a=1"), ("cookie", "b=2"))

    environ = environ_of(head, b"")

    assert environ["HTTP_X_SIG"] == "right, wrong"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_cannot_pass_for_another_by_an_underscore() -> None:
    environ = environ_of(with_headers(("x_forwarded_for", "1.2.3.4"), ("proxy", "http://evil")), b"")

    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert "HTTP_PROXY" not in environ


def test_a_path_beyond_ascii_is_carried_as_pep_3333_wants_it() -> None:
    assert environ_of(Head(path="/käse"), b"")["PATH_INFO"].encode("latin-1").decode() == "/käse"


def test_an_absolute_target_stands_above_the_host_header() -> None:
    assert environ_of(Head(authority="me@other.example"), b"")["HTTP_HOST"] == "other.example"


def test_an_old_client_says_so_and_may_leave_out_the_host() -> None:
    head = Head(http_version="1", headers=Pairs([]))

    require_plain(head)

    assert environ_of(head, b"")["SERVER_PROTOCOL"] == "HTTP/1.0"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "get", "PRI"])
def test_an_unknown_method_is_refused(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        require_plain(Head(method=method))


@pytest.mark.parametrize("headers", [[], [("host", "a"), ("host", "a")], [("host", "a"), ("host", "b")]])
def test_exactly_one_host_is_needed(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(BadRequest):
        require_plain(Head(headers=Pairs(headers)))


def test_a_header_value_beyond_ascii_is_refused_and_not_dropped() -> None:
    with pytest.raises(BadRequest):
        require_plain(with_headers(("x-sig", "\x80\xff")))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "identity, gzip", "nonsense", ""])
def test_a_compressed_body_is_refused(coding: str) -> None:
    with pytest.raises(WrongContentType):
        require_plain(with_headers(("content-encoding", coding)))


def test_an_encoding_that_changes_nothing_is_taken() -> None:
    require_plain(with_headers(("content-encoding", "Identity"), ("transfer-encoding", "Chunked")))


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "identity"])
def test_a_transfer_that_would_have_to_be_unpacked_is_refused(coding: str) -> None:
    with pytest.raises(BadRequest):
        require_plain(with_headers(("transfer-encoding", coding)))


@pytest.mark.parametrize(
    "path",
    ["", "*", "hooks", "//", "/a//b", "/a/../b", "/..", "/.", "/a/./b", "/a\x00b", "/a\r\nb", "/\x7f"],
)
def test_a_path_that_two_readers_could_understand_differently_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        require_plain(Head(path=path))


@pytest.mark.parametrize("path", ["/", "/a/", "/..a", "/a..b/.well-known", "/a%2e/käse"])
def test_an_ordinary_path_passes(path: str) -> None:
    require_plain(Head(path=path))


Start = Callable[..., Any]


def test_an_answer_is_collected_and_its_iterable_closed() -> None:
    closed = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"", b"b"])

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        write = start_response("201 Created", [("X-A", "1")])
        write(b"w")
        return Chunks()

    answer = ask(app, {})

    assert (answer.status, answer.headers, answer.body) == (201, [("X-A", "1")], b"wab")
    assert answer.rest is None
    assert closed == [True]


def test_an_app_may_begin_its_answer_with_the_first_chunk() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"late"

    assert ask(app, {}).body == b"late"


def test_an_answer_without_a_length_is_handed_on_before_its_end() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"x" * (SMALL_ANSWER + 1)
        yield b"rest"

    answer = ask(app, {})

    assert len(answer.body) == SMALL_ANSWER + 1
    assert list(answer.rest or ()) == [b"rest"]


def test_an_answer_with_a_length_is_collected_whatever_its_size() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(3 * SMALL_ANSWER))])
        return iter([b"x" * SMALL_ANSWER] * 3)

    answer = ask(app, {})

    assert len(answer.body) == 3 * SMALL_ANSWER
    assert answer.rest is None


def test_an_error_handler_may_replace_the_answer() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            raise LookupError
        except LookupError as fault:
            start_response("500 No", [], (type(fault), fault, fault.__traceback__))
        return [b"no"]

    assert ask(app, {}).status == 500


def broken_by_raising(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    raise LookupError


def broken_in_the_middle(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"a"
    raise LookupError


def broken_by_silence(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    return [b"a"]


def broken_by_beginning_twice(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return [b"a"]


def broken_by_a_header(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("X-A", "a\r\nSet-Cookie: b")])
    return [b"a"]


BROKEN = [
    broken_by_raising,
    broken_in_the_middle,
    broken_by_silence,
    broken_by_beginning_twice,
    broken_by_a_header,
]


@pytest.mark.parametrize("app", BROKEN, ids=lambda app: app.__name__)
def test_what_a_broken_app_does_is_raised_and_never_half_an_answer(app: Any) -> None:
    with pytest.raises((LookupError, ValueError, AssertionError)):
        ask(app, {})
