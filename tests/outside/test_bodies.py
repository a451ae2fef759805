"""The body of an answer: as many of its bytes as are asked for, and whether it ended as it should."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outside.bodies import read_body
from connector.outside.exchange import AttemptFault
from connector.outside.heads import MAX_HEADERS, Head

CHUNKED = Head(200, is_chunked=True)
UNTIL_THE_END = Head(200)


def read(head: Head, said: bytes, most: int = 100) -> tuple[bytes, bool, bytes]:
    """The body, whether it ended within `most`, and what stands behind it."""
    stream, body = io.BytesIO(said), bytearray()
    is_whole = read_body(head, stream, most, body)
    return bytes(body), is_whole, stream.read()


def broken(head: Head, said: bytes) -> bytes:
    """What came of a body that does not end as it should."""
    body = bytearray()
    with pytest.raises(AttemptFault):
        read_body(head, io.BytesIO(said), 100, body)
    return bytes(body)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (Head(200, length=5), b"hello"),
        (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"),
        (CHUNKED, b"2;name=value\r\nhe\r\n0003 \r\nllo\r\n000\r\nTrailer: x\r\n\r\n"),
        (CHUNKED, b"5\nhello\n0\n\n"),
    ],
)
def test_a_body_ends_where_it_says_and_what_follows_is_not_its_own(head: Head, said: bytes) -> None:
    assert read(head, said + b"HTTP/1.1") == (b"hello", True, b"HTTP/1.1")


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    assert read(UNTIL_THE_END, b"hello") == (b"hello", True, b"")
    assert read(Head(204, length=0), b"HTTP/1.1") == (b"", True, b"HTTP/1.1")


@pytest.mark.parametrize("most", [0, 4, 5, 6])
@pytest.mark.parametrize(
    ("head", "said"),
    [
        (Head(200, length=5), b"hello"),
        (CHUNKED, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        (UNTIL_THE_END, b"hello"),
    ],
)
def test_one_byte_more_than_is_asked_for_says_that_there_was_more(head: Head, said: bytes, most: int) -> None:
    assert read(head, said, most)[:2] == (b"hello"[: most + 1], most >= 5)


@pytest.mark.parametrize(
    ("head", "said", "came"),
    [
        (Head(200, length=10), b"hel", b"hel"),
        (CHUNKED, b"", b""),
        (CHUNKED, b"5\r\nhel", b"hel"),
        (CHUNKED, b"5\r\nhello", b"hello"),
        (CHUNKED, b"5\r\nhello\r\n0\r\n", b"hello"),
        (CHUNKED, b"5\r\nhello\r\n0\r\nTrailer", b"hello"),
        (CHUNKED, b"3\r\nhello\r\n0\r\n\r\n", b"hel"),
        (CHUNKED, b"zz\r\nhello", b""),
        (CHUNKED, b"-5\r\nhello", b""),
        (CHUNKED, b"0x5\r\nhello", b""),
        (CHUNKED, b" 5\r\nhello", b""),
        (CHUNKED, b"5_0\r\nhello", b""),
        (CHUNKED, "٥\r\nhello".encode(), b""),
        (CHUNKED, b"\r\nhello", b""),
        (CHUNKED, b"5;" + b"x" * 5000 + b"\r\nhello", b""),
        (CHUNKED, b"f" * 16 + b"\r\nhello", b""),
        (CHUNKED, b"0\r\n" + b"x: y\r\n" * MAX_HEADERS + b"\r\n", b""),
        (CHUNKED, b"0\r\nx: " + b"y" * 5000 + b"\r\n\r\n", b""),
    ],
)
def test_a_body_that_breaks_off_or_is_badly_framed_is_told(head: Head, said: bytes, came: bytes) -> None:
    assert broken(head, said) == came


@given(
    st.lists(
        st.sampled_from([b"5", b"\r\n", b"\n", b"hello", b"0", b";", b"f", b"x: y"]) | st.binary(max_size=4)
    )
)
def test_whatever_comes_ends(said: list[bytes]) -> None:
    for head in (CHUNKED, UNTIL_THE_END, Head(200, length=7)):
        body = bytearray()
        try:
            read_body(head, io.BytesIO(b"".join(said)), 5, body)
        except AttemptFault as fault:
            assert fault.error in ("answer_malformed", "connection_closed")
        assert len(body) <= 6
