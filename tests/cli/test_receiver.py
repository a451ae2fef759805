"""The receiving side, as a customer's should be: nothing unproved, nothing twice."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from connector.cli.receiver import Receiver
from connector.domain.errors import CannotListen
from connector.domain.messages import MAX_BODY_BYTES
from connector.domain.signing import standard_headers, standard_key, standard_secret
from tests.kit.clock import FixedClock
from tests.kit.wire import Reply, Wire

# The vectors that every receiver of these webhooks can be held against.
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ID = "msg_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"
TIMESTAMP = "1795186800"
BODY = b'{"type":"ping","timestamp":"2026-11-20T15:00:00Z","account":"glow-spa","sandbox":true,"data":{}}'
BY_A = "v1,hvztuz7X+PM9Uuho+EQ3rVenVCJopx9jSPfvYwyoZYY="
BY_BOTH = f"v1,tYpt0kxTuHIQyUSGBl19aurKJF6Z0kcUyLVmoynZMbY= {BY_A}"
BY_TEXT = "v1,voNCQy65Mw8skAJmy28pIeJkmmsM5WlT0PV9otBsiWQ="
SIGNED = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": BY_A}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def receiver(clock: FixedClock) -> Iterator[Receiver]:
    made = Receiver(0, clock)
    made.start(SECRET)
    yield made
    made.stop()


def _port(receiver: Receiver) -> int:
    port = urlsplit(receiver.url).port
    assert port is not None
    return port


def _raw(receiver: Receiver, data: bytes) -> Reply:
    with Wire(_port(receiver)) as wire:
        wire.send(data)
        return wire.reply()


def _post(receiver: Receiver, body: bytes, headers: dict[str, str] | list[tuple[str, str]]) -> int:
    pairs = [*(headers.items() if isinstance(headers, dict) else headers)]
    pairs += [("host", "x"), ("content-length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return _raw(receiver, b"POST / HTTP/1.1\r\n" + head.encode("latin-1") + b"\r\n" + body).status


def test_what_is_ours_is_taken_and_handed_on(receiver: Receiver) -> None:
    assert _post(receiver, BODY, SIGNED) == 204

    arrival = receiver.arrivals.get()
    assert arrival is not None
    assert (arrival.fate, arrival.message_id, arrival.body["type"]) == ("verified", ID, "ping")


@pytest.mark.parametrize("signatures", [BY_BOTH, f"v1a,AAAA {BY_A}", f"junk  {BY_A}", f"v1, {BY_A}"])
def test_one_signature_of_several_is_enough(receiver: Receiver, signatures: str) -> None:
    assert _post(receiver, BODY, {**SIGNED, "webhook-signature": signatures}) == 204


def test_header_names_are_looked_up_without_regard_to_case(receiver: Receiver) -> None:
    assert _post(receiver, BODY, {name.title(): value for name, value in SIGNED.items()}) == 204


def test_a_known_id_is_2xx_and_not_handed_on_twice(receiver: Receiver) -> None:
    assert [_post(receiver, BODY, SIGNED), _post(receiver, BODY, SIGNED)] == [204, 204]

    fates = [arrival.fate for _ in range(2) if (arrival := receiver.arrivals.get())]
    assert fates == ["verified", "again"]


def test_an_id_is_remembered_only_once_it_was_proved(receiver: Receiver) -> None:
    forged = {**SIGNED, "webhook-signature": BY_TEXT}

    assert [_post(receiver, BODY, forged), _post(receiver, BODY, SIGNED)] == [401, 204]

    fates = [arrival.fate for _ in range(2) if (arrival := receiver.arrivals.get())]
    assert fates == ["refused", "verified"]


JUNK = [
    "",
    "v1",
    "v1,",
    "v1,a",
    "v1,a,b",
    BY_TEXT,
    BY_A[3:],
    BY_A.replace("v1", "v2"),
    "v1,é",
    " , ,",
    "\xff" * 9,
]


@pytest.mark.parametrize("signature", JUNK)
def test_a_signature_that_is_not_ours_is_refused(receiver: Receiver, signature: str) -> None:
    assert _post(receiver, BODY, {**SIGNED, "webhook-signature": signature}) == 401

    arrival = receiver.arrivals.get()
    assert arrival is not None
    assert (arrival.fate, dict(arrival.body)) == ("refused", {})


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("value", ["", "junk", "1e9", "-1", "é", "9" * 500, f"{TIMESTAMP}.5"])
def test_junk_in_any_header_is_refused(receiver: Receiver, name: str, value: str) -> None:
    assert _post(receiver, BODY, {**SIGNED, name: value}) == 401


@pytest.mark.parametrize("name", SIGNED)
def test_a_missing_header_is_refused_and_named(receiver: Receiver, name: str) -> None:
    assert _post(receiver, BODY, {one: value for one, value in SIGNED.items() if one != name}) == 401

    arrival = receiver.arrivals.get()
    assert arrival is not None and arrival.reason == f"the header {name} is missing"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_header_sent_twice_never_counts_as_one(receiver: Receiver, name: str) -> None:
    assert _post(receiver, BODY, [*SIGNED.items(), (name, SIGNED[name])]) == 401


@pytest.mark.parametrize("body", [b"", BODY + b"\n", BODY.replace(b"true", b"false"), b"\xff\xfe"])
def test_a_changed_body_is_refused(receiver: Receiver, body: bytes) -> None:
    assert _post(receiver, body, SIGNED) == 401


@pytest.mark.parametrize(
    ("late", "status"),
    [(timedelta(minutes=5), 204), (timedelta(minutes=5, seconds=1), 401), (timedelta(minutes=-6), 401)],
)
def test_a_message_is_fresh_for_five_minutes_either_way(
    receiver: Receiver, clock: FixedClock, late: timedelta, status: int
) -> None:
    clock.jump(late)

    assert _post(receiver, BODY, SIGNED) == status


def test_another_secret_s_signature_is_refused(receiver: Receiver, clock: FixedClock) -> None:
    other = standard_key(standard_secret(bytes(range(32, 64))))

    assert _post(receiver, BODY, standard_headers([other], ID, clock.now(), BODY)) == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b"\xff\xfe"])
def test_what_we_signed_and_cannot_read_is_2xx_all_the_same(
    receiver: Receiver, clock: FixedClock, body: bytes
) -> None:
    headers = standard_headers([standard_key(SECRET)], ID, clock.now(), body)

    assert _post(receiver, body, headers) == 204

    arrival = receiver.arrivals.get()
    assert arrival is not None
    assert arrival.fate == "verified" and arrival.reason


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {MAX_BODY_BYTES + 1}", 413),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999", 411),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1", 411),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked", 411),
        ("GET / HTTP/1.1\r\nhost: x", 501),
    ],
)
def test_what_is_no_webhook_of_ours_is_turned_away_unread(
    receiver: Receiver, request_line: str, status: int
) -> None:
    assert _raw(receiver, f"{request_line}\r\n\r\n".encode()).status == status
    assert receiver.arrivals.empty()


def test_a_line_that_breaks_and_one_that_hangs_hold_up_nobody(receiver: Receiver) -> None:
    with Wire(_port(receiver)) as hanging, Wire(_port(receiver)) as broken:
        hanging.send(b"POST / HTTP/1.1\r\n")
        broken.send(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n{}")
        broken.end()

        assert broken.is_closed()
        assert _post(receiver, BODY, SIGNED) == 204
    assert receiver.arrivals.get() is not None
    assert receiver.arrivals.empty()


def test_a_taken_port_is_one_sentence(receiver: Receiver, clock: FixedClock) -> None:
    port = _port(receiver)

    with pytest.raises(CannotListen, match=rf"^127\.0\.0\.1:{port} is taken: .*--port\.$"):
        Receiver(port, clock)


def test_it_is_reached_from_this_machine_only_and_its_port_is_free_again_after(clock: FixedClock) -> None:
    first = Receiver(0, clock)
    assert first.url.startswith("http://127.0.0.1:")
    first.stop()

    second = Receiver(_port(first), clock)
    second.stop()
