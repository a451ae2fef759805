"""The head of an answer: strictly HTTP/1, bounded in lines, bytes and time; and where its body ends."""

import contextlib
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outside.bodies import read_body
from connector.outside.exchange import AttemptFault
from connector.outside.heads import MAX_HEAD_BYTES, MAX_HEADERS, MAX_INTERIM, Head, read_head

OK = b"HTTP/1.1 200 OK\r\n"


def read(data: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of what is a proper answer."""
    said, body = io.BytesIO(data), bytearray()
    head = read_head(said)
    with contextlib.suppress(AttemptFault):
        read_body(head, said, 100, body)
    return head.status, list(head.headers), bytes(body)


def head_of(data: bytes) -> Head:
    return read_head(io.BytesIO(data))


def refusal(data: bytes) -> tuple[str, str | None]:
    """Error and detail of what is none."""
    with pytest.raises(AttemptFault) as fault:
        head_of(data)
    return fault.value.error, fault.value.detail


def test_status_headers_and_body_are_as_they_were_said() -> None:
    said = (
        OK + b"Content-Type: text/plain\r\nX-A:  one \r\nx-a: two\r\ncontent-length: 5\r\n\r\nhello, and more"
    )

    assert read(said) == (
        200,
        [("Content-Type", "text/plain"), ("X-A", "one"), ("x-a", "two"), ("content-length", "5")],
        b"hello",
    )


def test_bytes_that_are_no_text_are_kept_one_by_one() -> None:
    assert read(OK + b"x: \xff\xfe\x80\r\n\r\n")[1] == [("x", "\xff\xfe\x80")]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"content-length: 3\r\n\r\nyes, and more", b"yes"),
        (b"transfer-encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\nand more", b"yes"),
        (b"\r\nuntil the end", b"until the end"),
        (b"content-length: 10\r\n\r\ncut", b"cut"),
        (b"CONTENT-LENGTH:3\r\n\r\nyes, and more", b"yes"),
        (b"content-length:\r\n 3\r\n\r\nyes, and more", b"yes"),
        (b"content-length: 3\r\n \r\nconnection: close\r\n\r\nyes, and more", b"yes"),
        (b"connection: close\r\n\t\r\ncontent-length: 3\r\n\r\nyes, and more", b"yes"),
        (b"content-length: 3\n\nyes, and more", b"yes"),
    ],
)
def test_a_body_ends_where_the_head_says(framing: bytes, body: bytes) -> None:
    assert read(OK + framing)[2] == body


@pytest.mark.parametrize(
    "codings",
    [
        b"transfer-encoding: gzip, chunked\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: identity\r\n",
        b"transfer-encoding: chunked\r\n",
    ],
)
def test_nothing_may_follow_a_body_whose_end_is_disputed(codings: bytes) -> None:
    """What one reader takes for its rest another takes for the next answer."""
    assert not head_of(OK + codings + b"content-length: 3\r\n\r\n3\r\nyes\r\n0\r\n\r\n").may_be_kept


@pytest.mark.parametrize(
    ("said", "may_follow"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 x\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nkeep-alive: timeout=5\r\ncontent-length: 0\r\n\r\n", True),
        (
            b"HTTP/1.0 200 OK\r\nkeep-alive: timeout=5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            False,
        ),
        (b"HTTP/1.0 200 OK\r\nkeep-alive: timeout=5\r\ntransfer-encoding: chunked\r\n\r\n", False),
        (
            b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            False,
        ),
        (b"HTTP/1.1 204 x\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 x\r\ncontent-length: 38\r\n\r\n", False),
        (b"HTTP/1.1 304 x\r\ncontent-length: 38\r\n\r\n", False),
        (b"HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\n\r\n", False),
    ],
)
def test_another_answer_may_follow_where_both_sides_know_the_end(said: bytes, may_follow: bool) -> None:
    """A 204 that speaks of a body may send one later: it would be the answer to somebody else's delivery."""
    assert head_of(said).may_be_kept == may_follow


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_cannot_have_a_body_has_none(status: int) -> None:
    assert read(b"HTTP/1.1 %d x\r\ncontent-length: 5\r\n\r\nhello" % status)[2] == b""


def test_a_folded_header_is_one() -> None:
    assert read(OK + b"x: one \r\n\t two\r\n \r\n   three\r\ny: z\r\n\r\n")[1] == [
        ("x", "one two three"),
        ("y", "z"),
    ]


def test_answers_in_between_are_passed_over_up_to_a_limit() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\ncontent-length: 7\r\n\r\n"

    assert read(interim * MAX_INTERIM + OK + b"x: y\r\n\r\n")[:2] == (200, [("x", "y")])
    assert refusal(interim * (MAX_INTERIM + 1) + OK + b"\r\n")[1] == "too many interim answers"


@pytest.mark.parametrize("line", [b"x: y\r\n", b" folded\r\n"])
def test_the_lines_of_a_head_are_counted(line: bytes) -> None:
    most = OK + b"first: x\r\n" + line * (MAX_HEADERS - 1)

    assert read(most + b"\r\n")[0] == 200
    assert refusal(most + line + b"\r\n")[1] == "too many headers"


def test_the_bytes_of_a_head_are_counted_answers_in_between_included() -> None:
    interim = b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n"
    rest = MAX_HEAD_BYTES - len(interim + OK + b"x: \r\n\r\n")

    assert read(interim + OK + b"x: " + b"y" * rest + b"\r\n\r\n")[0] == 200
    assert refusal(interim + OK + b"x: " + b"y" * (rest + 1) + b"\r\n\r\n")[1] == "too many bytes of headers"


@pytest.mark.parametrize("length", [b"0", b"5", b"007", b"9" * 18])
def test_a_length_is_digits(length: bytes) -> None:
    assert read(OK + b"content-length: " + length + b"\r\n\r\nhello")[0] == 200


@pytest.mark.parametrize(
    "length",
    [
        b"",
        b"-1",
        b"+5",
        b"5.0",
        b"5_0",
        b"0x5",
        b"5 5",
        b"5,5",
        b"5;",
        "٥".encode(),
        b"\xb2",
        b"9" * 19,
        b"9" * 5000,
    ],
)
def test_what_is_no_length_is_refused_however_it_is_wrapped(length: bytes) -> None:
    for wrapped in (b" " + length, b"\r\n " + length, b" " + length + b"\r\n \r\n\t"):
        assert refusal(OK + b"Content-Length:" + wrapped + b"\r\n\r\nhello") == (
            "answer_malformed",
            "a length that is no number",
        )


@pytest.mark.parametrize(
    "other",
    [
        b"content-length: 6\r\n",
        b"CONTENT-LENGTH:6\r\n",
        b"content-length:\r\n 6\r\n",
        b"content-length: 05\r\n",
    ],
)
def test_two_lengths_are_refused_wherever_they_stand(other: bytes) -> None:
    for lines in (b"content-length: 5\r\n" + other, other + b"x: y\r\ncontent-length: 5\r\n"):
        assert refusal(OK + lines + b"\r\nhello!")[1] == "two lengths"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"content-length: 1" + b" " * 60_000 + b"1\r\n", id="blanks in a length"),
        pytest.param(b"content-length:" + b"\t" * 60_000 + b"x\r\n", id="blanks before a length"),
        pytest.param(b"a" * 60_000 + b"\r\n", id="a name without an end"),
        pytest.param(b"x: y\r\n" + b" \n" * 30_000, id="a header folded for ever"),
    ],
)
def test_no_head_costs_more_than_a_moment_to_read(line: bytes) -> None:
    began = time.process_time()
    refusal(OK + line + b"\r\n")

    assert time.process_time() - began < 1, "a hostile receiver could stop the whole process"


PIECES = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK",
            b"HTTP/1.0 204 x",
            b"HTTP/1.1 100 Continue",
            b"HTTP/1.",
            b"200",
            b" ",
            b"\t",
            b":",
            b",",
        ),
        *(b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"5", b"content-length", b"transfer-encoding", b"chunked"),
        *(b"connection", b"close", b"keep-alive", b"x"),
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=40).map(b"".join))
def test_whatever_comes_is_an_answer_or_an_attempt_fault(said: bytes) -> None:
    for data in (said, OK + said, OK + said + b"\r\n\r\n"):
        try:
            head = head_of(data)
        except AttemptFault as fault:
            assert fault.error in ("answer_malformed", "connection_closed")
        else:
            assert 200 <= head.status < 600
