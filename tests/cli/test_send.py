"""`connector send`: a signed post, as the platform's own, and the answer as it came."""

from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.errors import SignatureRefused
from connector.domain.inbound import Request
from connector.domain.jsontext import dumps, loads
from connector.outside.local import post_local
from tests.cli.shell import Shell, shell_in
from tests.kit.house import PUBLIC_URL, House
from tests.kit.receiver import Received, Recorder, Reply

DONE = Reply(200, b'{"delivery_id": "dlv_1",\n "status": "processed"}')


@pytest.fixture
def shell(house: House, receiver: Recorder) -> Shell:
    """Its gateway listens where `receiver` does."""
    url = receiver.url.removesuffix("/hook")
    return shell_in(house, post=post_local, base_url=lambda _: url)


def _taken(house: House, received: Received, source: str = "calendly") -> str:
    """What the gateway makes of a request that arrived: its status word."""
    url = f"{PUBLIC_URL}/hooks/glow-spa/{source}"
    request = Request("POST", url, received.headers, received.body, "192.0.2.7", house.clock.now())
    return str(house.receive(source, request).body["status"])


def test_what_is_sent_is_signed_as_the_platform_would(house: House, shell: Shell, receiver: Recorder) -> None:
    receiver.answers(DONE)

    ran = shell.done("send", "glow-spa/calendly", "invitee.created")

    [received] = receiver.requests
    assert received.path == "/hooks/glow-spa/calendly"
    assert _taken(house, received) == "processed"
    assert ran.out == '{"delivery_id":"dlv_1","status":"processed"}\n'


def test_our_own_name_of_an_event_will_do(house: House, shell: Shell, receiver: Recorder) -> None:
    shell.done("send", "glow-spa/calendly", "booking.created")

    assert _taken(house, receiver.requests[0]) == "processed"


def test_the_second_of_the_same_is_a_duplicate_and_a_new_one_is_not(
    house: House, shell: Shell, receiver: Recorder
) -> None:
    for words in ((), (), ("--new",)):
        shell.done("send", "glow-spa/calendly", "invitee.created", *words)

    fates = [_taken(house, received) for received in receiver.requests]
    assert fates == ["processed", "duplicate", "processed"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "The gateway had this delivery already. Send it with --new for another one.\n"),
        (
            ("--set", "payload.name=Noah"),
            (
                "The gateway had this delivery already, so what --set changed was not looked at."
                " Send it with --new for another one.\n"
            ),
        ),
        (("--new",), ""),
    ],
)
def test_a_duplicate_that_was_hardly_meant_says_how_to_send_another_one(
    shell: Shell, receiver: Recorder, words: tuple[str, ...], told: str
) -> None:
    receiver.answers(Reply(200, b'{"delivery_id": "dlv_1", "status": "duplicate"}'))

    ran = shell.done("send", "glow-spa/calendly", "invitee.created", *words)

    assert ran.out == '{"delivery_id":"dlv_1","status":"duplicate"}\n'
    assert ran.err == told


def test_a_sample_is_changed_where_it_is_asked(shell: Shell, receiver: Recorder) -> None:
    words = ("--set", "email=zoe@example.com", "--set", "amount=80.50", "--set", "id=a=b")

    shell.done("send", "glow-spa/zapier", "invoice.paid", *words)

    body = loads(receiver.requests[0].body)
    assert (body["email"], dumps(body["amount"]), body["id"]) == ("zoe@example.com", "80.50", "a=b")


def test_a_file_or_standard_input_goes_out_byte_for_byte(
    house: House, shell: Shell, receiver: Recorder, tmp_path: Path
) -> None:
    body = b'{ "type":"invoice.paid", "id":"inv_9", "email":"mia@example.com" }\n'
    (tmp_path / "body.json").write_bytes(body)

    shell.done("send", "glow-spa/zapier", "invoice.paid", "--file", str(tmp_path / "body.json"))
    shell.done("send", "glow-spa/zapier", "--file", "-", stdin=body)

    assert [received.body for received in receiver.requests] == [body, body]
    assert _taken(house, receiver.requests[1], "zapier") in ("processed", "ignored")


@pytest.mark.parametrize("url", ["/other", "/other/", "/other/hooks/glow-spa/calendly"])
def test_another_address_is_a_place_to_start_from_or_a_whole_hook(
    shell: Shell, receiver: Recorder, url: str
) -> None:
    base = receiver.url.removesuffix("/hook")

    shell.done("send", "glow-spa/calendly", "invitee.created", "--url", base + url)

    assert receiver.requests[0].path == "/other/hooks/glow-spa/calendly"


@pytest.mark.parametrize("status", [202, 204])
def test_any_2xx_is_done(shell: Shell, receiver: Recorder, status: int) -> None:
    receiver.answers(status)

    ran = shell.done("send", "glow-spa/calendly", "invitee.created", "--json")

    assert ran.json == {"status": status, "body": ""}


@pytest.mark.parametrize("status", [301, 401, 404, 422, 503])
def test_any_other_status_is_1_and_its_answer_is_printed(
    shell: Shell, receiver: Recorder, status: int
) -> None:
    receiver.answers(Reply(status, b'{"code": "signature_refused", "status": 401.0}'))

    ran = shell("send", "glow-spa/calendly", "invitee.created")

    assert ran.code == 1
    assert ran.out == '{"code":"signature_refused","status":401.0}\n'
    assert ran.err == f"The gateway answered {status}.\n"


def test_an_answer_that_is_no_json_is_put_into_some(shell: Shell, receiver: Recorder) -> None:
    receiver.answers(Reply(502, b"<h1>\x1b[31mBad \xff gateway</h1>"))

    ran = shell("send", "glow-spa/calendly", "invitee.created")

    assert ran.json == {"status": 502, "body": "<h1>\x1b[31mBad � gateway</h1>"}
    assert "\x1b" not in ran.out


def test_nobody_listening_is_one_sentence(house: House) -> None:
    shell = shell_in(house, post=post_local, base_url=lambda _: "http://127.0.0.1:1")

    ran = shell("send", "glow-spa/calendly", "invitee.created")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Nothing listens at http://127.0.0.1:1: is the gateway running?\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("glow-spa/nowhere", "invitee.created"), "There is no source glow-spa/nowhere."),
        (("nobody/calendly", "invitee.created"), "There is no source nobody/calendly."),
        (("glow-spa/calendly", "order.shipped"), "order.shipped"),
    ],
)
def test_a_source_or_an_event_that_is_not_there_is_named(
    shell: Shell, receiver: Recorder, words: tuple[str, ...], said: str
) -> None:
    ran = shell("send", *words)

    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert receiver.requests == []


@pytest.mark.parametrize(
    "words",
    [
        ("glow-spa", "invitee.created"),
        ("glow-spa/", "invitee.created"),
        ("a/b/c", "invitee.created"),
        ("glow-spa/calendly",),
        ("glow-spa/calendly", "invitee.created", "--set", "name"),
        ("glow-spa/calendly", "invitee.created", "--set", "=x"),
        ("glow-spa/calendly", "invitee.created", "--file", "no-such-file"),
        ("glow-spa/calendly", "invitee.created", "--url", "http://[::1"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    shell: Shell, receiver: Recorder, words: tuple[str, ...]
) -> None:
    assert shell("send", *words).code == 2
    assert receiver.requests == []


def test_the_signature_is_by_the_source_s_own_secret(house: House, shell: Shell, receiver: Recorder) -> None:
    shell.done("send", "glow-spa/calendly", "invitee.created")

    [received] = receiver.requests
    with pytest.raises(SignatureRefused):
        _taken(house, replace(received, body=received.body + b" "))
