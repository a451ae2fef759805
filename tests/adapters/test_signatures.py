"""The two families of signatures: vectors of others, and everything else refused in one way."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.adapters import signatures
from connector.domain.errors import SignatureRefused
from connector.domain.inbound import Request
from connector.domain.signing import hex_of

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
# printf '%s' '{"a":1}' | openssl dgst -sha256 -hmac 'k1' -binary | base64
MAC = "RyGHWFFXVtho4XKl4DeaFn+xDjCBEfDvE7SdXWfWcZs="


def asked(body: bytes = b'{"a":1}', **headers: str) -> Request:
    return Request("POST", "https://x.example", headers, body, "203.0.113.9", AT)


def test_a_mac_that_openssl_made_is_taken_under_any_of_the_keys() -> None:
    for keys in ([b"k1"], [b"k0", b"k1"], [b"k1", b"k0"]):
        signatures.require_mac(asked(sig=MAC), keys, "sig")
    assert signatures.mac(b"k1", b'{"a":1}') == MAC


@pytest.mark.parametrize("sent", ["", MAC[:-1], MAC + " ", f"{MAC}, {MAC}", "sha256=" + MAC, MAC.swapcase()])
def test_a_mac_written_otherwise_is_refused(sent: str) -> None:
    with pytest.raises(SignatureRefused):
        signatures.require_mac(asked(sig=sent), [b"k1"], "sig")


def test_without_a_key_or_a_header_everything_is_refused() -> None:
    for request, keys in ((asked(sig=MAC), []), (asked(), [b"k1"])):
        with pytest.raises(SignatureRefused):
            signatures.require_mac(request, keys, "sig")


def test_a_prefix_and_what_stands_before_the_body_are_signed_and_asked_for() -> None:
    sent = signatures.mac(b"k1", b"url" + b"body", hex_of, "sha256=")
    request = asked(b"body", sig=sent)
    signatures.require_mac(request, [b"k1"], "sig", encode=hex_of, prefix="sha256=", before=b"url")
    for how in ({"prefix": "sha256="}, {"before": b"url"}, {"prefix": "sha256=", "before": b"other"}):
        with pytest.raises(SignatureRefused):
            signatures.require_mac(request, [b"k1"], "sig", encode=hex_of, **how)


def test_a_time_is_signed_and_ages() -> None:
    request = asked(sig=signatures.timed(b'{"a":1}', "k1", AT))
    five = timedelta(minutes=5)
    signatures.require_timed(request, [b"k0", b"k1"], "sig", five)
    for late in (five + timedelta(seconds=1), -five - timedelta(seconds=1)):
        old = asked(sig=signatures.timed(b'{"a":1}', "k1", AT + late))
        with pytest.raises(SignatureRefused):
            signatures.require_timed(old, [b"k1"], "sig", five)
