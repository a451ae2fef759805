"""GitHub: the MAC of the body, and events by their unsigned name."""

import json
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from connector.adapters import kit
from connector.adapters.github import ADAPTER, SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotUnderstood, SignatureRefused
from connector.domain.events import Event
from connector.domain.inbound import Request, Source

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of

# Published: octokit/webhooks-methods.js, test/verify.test.ts; the last one GitHub's documentation
VECTORS: Final = [
    ("mysecret", b'{"foo":"bar"}', "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"),
    (
        "development",
        '{"foo":"Foo\\n\\u001B[34mbar: ♥♥♥♥♥♥♥♥\\nthis-is-lost\\u001B[0m\\u001B[2K"}'.encode(),
        "afecc3caa27548bb90d51a50384cb2868b9a3327b4ad6a01c9bd4ed0f8b0b12c",
    ),
    (
        "development",
        b'{"foo":"\\\\u001b"}',
        "6f8326efbacfbd04e870cea25b5652e635be8c9807f2fd5348ef60753c9e96ed",
    ),
    (
        "It's a Secret to Everybody",
        b"Hello, World!",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ),
]
STAR: Final = json.loads(SAMPLES["custom.star.created"].body)


def by_github(body: bytes, signature: str, name: str = "x-hub-signature-256") -> Request:
    return Request("POST", URL, {"content-type": kit.JSON, name: signature}, body, "203.0.113.9", NOW)


def a_star(source: Source, **headers: str) -> Request:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return a_delivery(source, STAR, headers={"x-github-event": "star", **told})


@pytest.mark.parametrize(("secret", "body", "mac"), VECTORS)
def test_the_published_signatures_are_taken_under_either_of_two_secrets(
    secret: str, body: bytes, mac: str
) -> None:
    for secrets in ([secret], ["new", secret], [secret, "old"]):
        assert opened(a_source("github", secrets=secrets), by_github(body, f"sha256={mac}"))
    assert ADAPTER.sign(body, secret, NOW, URL) == {"X-Hub-Signature-256": f"sha256={mac}"}


@pytest.mark.parametrize("written", ["{}", "sha1={}", "SHA256={}", "sha256={} ", "sha256= {}", "sha256="])
def test_a_signature_written_otherwise_is_refused(written: str) -> None:
    secret, body, mac = VECTORS[0]
    with pytest.raises(SignatureRefused):
        opened(a_source("github", secrets=[secret]), by_github(body, written.format(mac)))
    with pytest.raises(SignatureRefused):
        opened(a_source("github", secrets=[secret]), by_github(body, f"sha256={mac}", "x-hub-signature"))


def test_a_body_that_was_written_anew_is_refused() -> None:
    secret, body, mac = VECTORS[1]
    with pytest.raises(SignatureRefused):
        opened(
            a_source("github", secrets=[secret]),
            by_github(json.dumps(json.loads(body)).encode(), f"sha256={mac}"),
        )


def test_a_recorded_ping_is_ignored_with_its_name_or_without() -> None:
    source, body = a_source("github"), body_of("github__ping")
    assert read_all(source, a_delivery(source, body, headers={"x-github-event": "ping"})) == []
    assert read_all(source, a_delivery(source, body)) == []
    assert read_all(source, a_delivery(source, body, headers={"x-github-event": "star"})) == []


def test_the_whole_event_of_a_star() -> None:
    source = a_source("github")
    body = {**STAR, "sender": {"login": "Codertocat", "id": 21031067}}
    request = a_delivery(source, body, headers={"x-github-event": "star"})
    assert read_one(source, request) == Event("custom.star.created", NOW, body, contact=Person("21031067"))


def test_a_form_holds_the_same_json() -> None:
    source = a_source("github")
    raw = urlencode({"payload": json.dumps(STAR)}).encode()
    request = a_delivery(source, raw, content_type=kit.FORM, headers={"x-github-event": "star"})
    assert read_one(source, request) == read_one(source, a_star(source))
    for wrong, error in ((b"payload=", BadJson), (b"x=1", NotUnderstood), (b"payload=7", BadJson)):
        with pytest.raises(error):
            read_all(
                source, a_delivery(source, wrong, content_type=kit.FORM, headers={"x-github-event": "star"})
            )
        assert keys(source, a_delivery(source, wrong, content_type=kit.FORM))


@pytest.mark.parametrize(
    ("name", "body", "event_type"),
    [
        ("push", {"ref": "x"}, "custom.push"),
        ("issues", {"action": "opened"}, "custom.issues.opened"),
        ("Pull Request", {"action": 7}, "custom.pull_request"),
        ("booking.completed", {}, "custom.booking.completed"),
    ],
)
def test_an_event_is_never_one_of_our_own_names(name: str, body: dict[str, Any], event_type: str) -> None:
    source = a_source("github")
    assert read_one(source, a_delivery(source, body, headers={"x-github-event": name})).type == event_type


@pytest.mark.parametrize("name", ["", " ", "!!!", "x" * 300])
def test_without_a_name_nothing_is_understood(name: str) -> None:
    source = a_source("github")
    with pytest.raises(NotUnderstood, match="looked for `X-GitHub-Event`"):
        read_all(source, a_delivery(source, {"a": 1}, headers={"x-github-event": name}))


def test_a_known_body_under_another_name_and_id_is_the_known_delivery() -> None:
    source = a_source("github")
    first = keys(source, a_star(source, x_github_delivery="d-1"))
    forged = keys(source, a_star(source, x_github_delivery="d-2", x_github_event="sponsorship"))
    again = keys(source, a_star(source, x_github_delivery="d-1"))
    assert first == again
    assert first[0] == forged[0]
    assert not any(key.weak for key in (*first, *forged))


def test_a_source_may_name_an_id_within_the_form() -> None:
    source = a_source("github", delivery_id="repository.full_name")
    raw = urlencode({"payload": json.dumps(STAR)}).encode()
    assert keys(source, a_delivery(source, raw, content_type=kit.FORM))[0] == keys(source, a_star(source))[0]
