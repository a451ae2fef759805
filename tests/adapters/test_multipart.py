"""Multipart forms: what browsers and servers send is read, whatever could be read in two ways is refused."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.adapters.multipart import MAX_HEAD, MAX_PARTS, multipart
from connector.domain.errors import BadJson

KIND = "multipart/form-data; boundary=xyz"


def part(name: str, value: str, *more: str) -> bytes:
    head = [f'Content-Disposition: form-data; name="{name}"', *more]
    return ("--xyz\r\n" + "\r\n".join(head) + "\r\n\r\n" + value + "\r\n").encode()


def closed(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--xyz--\r\n"


def test_fields_are_read_as_they_were_typed() -> None:
    body = closed(part("a", "1"), part("greeting", "¡Ay,\r\ncaramba!--xyz"), part("empty", ""))
    assert multipart(body, KIND) == {"a": "1", "greeting": "¡Ay,\r\ncaramba!--xyz", "empty": ""}


def test_what_curl_wrote_is_read() -> None:
    # curl -F 'formID=1' -F 'rawRequest={"q1_name":"Ann \"A\" Bell"}', as it came over the wire
    boundary = "------------------------4472e3fbf45f6440"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="formID"\r\n\r\n1\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="rawRequest"\r\n\r\n'
        f'{{"q1_name":"Ann \\"A\\" Bell"}}\r\n--{boundary}--\r\n'
    ).encode()
    found = multipart(body, f"multipart/form-data; boundary={boundary}")
    assert found == {"formID": "1", "rawRequest": '{"q1_name":"Ann \\"A\\" Bell"}'}


def test_a_file_is_passed_over_and_a_name_may_hold_what_browsers_escape() -> None:
    file = (
        b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\xff\x00\r\n"
    )
    body = closed(file, part("a%22b", "1", "Content-Type: text/plain; charset=utf-8"))
    assert multipart(body, KIND) == {'a"b': "1"}


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/form-data; boundary="xyz"',
        "multipart/form-data;boundary=xyz",
        "multipart/form-data; charset=utf-8; Boundary=xyz",
        'multipart/form-data; boundary=xyz; charset="UTF-8"',
    ],
)
def test_a_boundary_is_found_however_it_is_written(kind: str) -> None:
    assert multipart(closed(part("a", "1")), kind) == {"a": "1"}


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=xyz; boundary=abc",
        f"multipart/form-data; boundary={'x' * 71}",
        "multipart/form-data; boundary=\ud800",
    ],
    ids=ascii,
)
def test_without_its_boundary_nothing_is_read(kind: str) -> None:
    with pytest.raises(BadJson):
        multipart(closed(part("a", "1")), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=1",
        part("a", "1"),  # never closed
        b"preamble\r\n" + closed(part("a", "1")),
        closed(part("a", "1")) + b"epilogue",
        closed(part("a", "1"), part("a", "2")),
        closed(part("a", "1").replace(b"\r\n", b"\n")),
        closed(b"--xyz\r\n\r\n1\r\n"),
        closed(b"--xyz\r\nContent-Type: text/plain\r\n\r\n1\r\n"),
        closed(b"--xyz\r\nContent-Disposition: form-data\r\n\r\n1\r\n"),
        closed(b"--xyz--\r\n", part("a", "1")),
        closed(part("a", "1", 'Content-Disposition: form-data; name="b"')),
        closed(part("a", "1", "Content-Transfer-Encoding: base64")),
        closed(part("a", "1", "X-Long: " + "x" * MAX_HEAD)),
        closed(part("a", "\x00")),
        closed(part("a", "1").replace(b"1", b"\xff")),
        closed(*[part(str(number), "1") for number in range(MAX_PARTS + 1)]),
    ],
    ids=range(17),
)
def test_what_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        multipart(body, KIND)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.lists(st.sampled_from([b"--xyz", b"\r\n", b"--", part("a", "1"), b"\xff", b":", b"x"]), max_size=8))
def test_whatever_is_sent_ends_in_fields_or_in_the_one_error(pieces: list[bytes]) -> None:
    with contextlib.suppress(BadJson):
        assert set(multipart(b"".join(pieces), KIND)) <= {"a"}
