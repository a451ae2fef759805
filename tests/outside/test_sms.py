"""Text messages: what goes to Twilio and to an own URL, and what their answers mean."""

import base64
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from standardwebhooks.webhooks import Webhook

from connector.domain.clock import SystemClock
from connector.domain.jsontext import load_object
from connector.domain.notifications import Later, Refused, Sending, Taken, Written
from connector.outside.http import Client
from connector.outside.sms import Texter, TextHook, TwilioAccount, by_hook, by_twilio
from tests.kit.receiver import Recorder, Reply

SENDING = Sending("ntf_01", "+12125550123", Written("Hi & „you“ 100%\u202e"))


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client(["127.0.0.0/8"], allow_http=True)
    yield made
    made.close()


def twilio(receiver: Recorder, client: Client, sender: str = "+15005550006") -> Texter:
    where = receiver.url.removesuffix("/hook")
    return by_twilio(TwilioAccount("AC1", "t0ken-of-twilio", sender, where), client)


def test_twilio_gets_a_form_with_our_name_and_password(receiver: Recorder, client: Client) -> None:
    receiver.answers(Reply(201, b'{"sid": "SM1"}'))

    assert twilio(receiver, client)(SENDING) == Taken("SM1")

    [request] = receiver.requests
    assert request.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert base64.b64decode(request.header("authorization").removeprefix("Basic ")) == b"AC1:t0ken-of-twilio"
    form = parse_qs(request.body.decode("ascii"))
    assert form == {"To": ["+12125550123"], "From": ["+15005550006"], "Body": [SENDING.written.text]}


def test_a_messaging_service_is_named_as_one(receiver: Recorder, client: Client) -> None:
    twilio(receiver, client, "MG" + "0" * 32)(SENDING)

    assert "MessagingServiceSid=MG" in receiver.requests[0].body.decode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, b'{"code": 21211, "message": "Invalid To +12125550123"}', Refused, "twilio_21211"),
        (400, b'{"code": 21610, "message": "STOP"}', Refused, "twilio_21610"),
        (400, b"<html>", Refused, "http_400"),
        (400, b"[" * 2_000, Refused, "http_400"),
        (401, b'{"code": 20003}', Later, "twilio_20003"),
        (404, b'{"code": 20404}', Later, "twilio_20404"),
        (429, b'{"code": 20429}', Later, "twilio_20429"),
        (500, b"", Later, "http_500"),
        (302, b"", Later, "redirect"),
    ],
)
def test_what_twilios_answers_mean(
    receiver: Recorder, client: Client, status: int, body: bytes, kind: type, reason: str
) -> None:
    receiver.answers(Reply(status, body))

    result = twilio(receiver, client)(SENDING)

    assert isinstance(result, kind) and isinstance(result, Later | Refused) and result.reason == reason
    assert "+12125550123" not in result.detail


def test_a_platform_that_is_not_there_is_for_later(client: Client) -> None:
    account = TwilioAccount("AC1", "t0ken", "+1", "http://127.0.0.1:9")

    assert isinstance(by_twilio(account, client)(SENDING), Later)


def test_an_own_url_gets_signed_json_that_names_the_notification(receiver: Recorder, client: Client) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    send = by_hook(TextHook(receiver.url, secret, "Glow"), client, SystemClock())
    receiver.answers(200, 400, 503)

    assert send(SENDING) == Taken()
    assert isinstance(send(SENDING), Refused) and isinstance(send(SENDING), Later)

    first, *others = receiver.requests
    Webhook(secret).verify(first.body, dict(first.headers))
    told = load_object(first.body)
    assert told == {"id": "ntf_01", "to": "+12125550123", "from": "Glow", "text": SENDING.written.text}
    assert {one.header("webhook-id") for one in (first, *others)} == {"ntf_01"}
