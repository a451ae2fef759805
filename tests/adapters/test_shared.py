"""Our own secret, presented by platforms that cannot sign."""

import base64
from dataclasses import replace

import pytest

from connector.adapters import kit
from connector.adapters.shared import sign
from connector.domain.errors import NotFound, SignatureRefused
from connector.domain.inbound import Request, Source

from .deliveries import NOW, URL, a_source, opened

SHARED = ["zapier", "make", "generic"]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def presenting(headers: dict[str, str], token: str | None = None) -> Request:
    return Request(
        "POST",
        URL,
        {"content-type": kit.JSON, **headers},
        b'{"type":"custom.x"}',
        "203.0.113.9",
        NOW,
        token=token,
    )


@pytest.fixture(params=SHARED)
def source(request: pytest.FixtureRequest) -> Source:
    return a_source(request.param, secrets=["new:secret-é", "old-secret"])


@pytest.mark.parametrize("secret", ["new:secret-é", "old-secret"])
def test_the_secret_is_taken_from_any_of_the_four_places(source: Source, secret: str) -> None:
    assert opened(source, presenting({"authorization": f"Bearer {secret}"}))
    assert opened(source, presenting({"authorization": f"bearer  {secret} "}))
    assert opened(source, presenting({"x-connector-secret": secret}))
    assert opened(source, presenting({"authorization": basic("anybody", secret)}))
    assert opened(source, presenting({"authorization": basic("", secret)}))
    assert opened(source, presenting({}, token=secret))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": "old-secret"},
        {"authorization": "Digest old-secret"},
        {"authorization": "Bearer OLD-SECRET"},
        {"authorization": "Bearer old-secretx"},
        {"authorization": "Bearer old-secre"},
        {"authorization": "Bearer old-secret, Bearer old-secret"},
        {"authorization": basic("old-secret", "wrong")},
        {"authorization": basic("old-secret", "")},
        {"authorization": "Basic " + base64.b64encode(b"old-secret").decode()},
        {"authorization": "Basic " + base64.b64encode(b"a:\xff").decode()},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic é"},
        {"x-connector-secret": ""},
        {"x-connector-secret": "wrong"},
        {"x-connector-secret": "old-secret, old-secret"},
        {"x-connector-secret": "\ud800"},
        {"x-secret": "old-secret"},
        {"cookie": "old-secret"},
    ],
)
def test_anything_else_is_refused(source: Source, headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        opened(source, presenting(headers))
    assert refusal.value.detail == SignatureRefused.title


@pytest.mark.parametrize("token", ["", "wrong", "old-secre", "é", "\ud800", "old-secret/", "%6fld-secret"])
def test_a_wrong_path_token_is_an_address_that_does_not_exist(source: Source, token: str) -> None:
    with pytest.raises(NotFound) as refusal:
        opened(source, presenting({}, token=token))
    assert refusal.value.detail == kit.NO_SUCH_SOURCE


def test_a_wrong_header_beside_a_wrong_token_is_a_wrong_secret(source: Source) -> None:
    with pytest.raises(SignatureRefused):
        opened(source, presenting({"authorization": "Bearer wrong"}, token="wrong"))
    with pytest.raises(SignatureRefused):
        opened(source, presenting({"x-connector-secret": ""}, token="wrong"))


def test_one_right_secret_is_enough_since_a_proxy_may_want_an_authorization_of_its_own(
    source: Source,
) -> None:
    proxys = basic("proxy", "its-own")
    assert opened(source, presenting({"authorization": proxys, "x-connector-secret": "old-secret"}))
    assert opened(source, presenting({"authorization": proxys}, token="old-secret"))


def test_a_blank_secret_in_the_configuration_lets_nobody_in(source: Source) -> None:
    blank = replace(source, secrets=("", " ", "real"))
    for headers in (
        {"authorization": "Bearer "},
        {"x-connector-secret": " "},
        {"authorization": basic("", "")},
    ):
        with pytest.raises(SignatureRefused):
            opened(blank, presenting(headers))
    for token in ("", " "):
        with pytest.raises(NotFound):
            opened(blank, presenting({}, token=token))


def test_we_present_it_as_we_tell_people_to() -> None:
    assert sign(b"{}", "s", NOW, URL) == {"Authorization": "Bearer s"}
