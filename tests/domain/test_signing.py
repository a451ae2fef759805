"""Signatures: what was signed passes with any of the keys, everything else ends in one refusal."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connector.domain.clock import SystemClock
from connector.domain.errors import SignatureRefused
from connector.domain.signing import (
    STANDARD_TOLERANCE,
    base64_of,
    fingerprint,
    hex_of,
    hmac_sha256,
    is_signed_by,
    public_key,
    require_fresh,
    require_match,
    require_secret,
    require_standard,
    same,
    stand_in_key,
    standard_headers,
    standard_key,
    standard_secret,
    standard_signature,
)

SECRET_A = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SECRET_B = "whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="
KEY_A, KEY_B = bytes(range(32)), bytes(range(255, 223, -1))
ID = "msg_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"
AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
STAMP = "1795186800"
BODY_1 = b'{"type":"ping","timestamp":"2026-11-20T15:00:00Z","account":"glow-spa","sandbox":true,"data":{}}'
BODY_2 = (
    '{"type":"gift_card.issued","timestamp":"2026-11-20T15:00:00Z","account":"glow-spa","sandbox":false,'
    '"data":{"message":"Für Zoë — ¥2,500 🎁"}}'
).encode()
SIGNED_1_BY_A = "v1,hvztuz7X+PM9Uuho+EQ3rVenVCJopx9jSPfvYwyoZYY="
SIGNED_1_BY_B = "v1,tYpt0kxTuHIQyUSGBl19aurKJF6Z0kcUyLVmoynZMbY="
SIGNED_2_BY_A = "v1,yh4y6wmLSmfE5fDFtnmZAOM51QdcRHKOBoBVHsk9/U4="
SIGNED_1_BY_THE_TEXT_OF_A = "v1,voNCQy65Mw8skAJmy28pIeJkmmsM5WlT0PV9otBsiWQ="

JUNK = [
    "",
    " ",
    ",",
    "v1",
    "v1,",
    "v1,a",
    "v1,a,b",
    "v1, " + SIGNED_1_BY_A[3:],
    "V1," + SIGNED_1_BY_A[3:],
    "v2," + SIGNED_1_BY_A[3:],
    "v1a," + SIGNED_1_BY_A[3:],
    SIGNED_1_BY_A[3:],
    SIGNED_1_BY_A[:-1],
    SIGNED_1_BY_A + "=",
    SIGNED_1_BY_A + "\n",
    SIGNED_1_BY_A.lower(),
    SIGNED_1_BY_A.replace("+", "-"),
    "v1," + hmac_sha256(KEY_A, b"something else").hex(),
    SIGNED_1_BY_A + "," + SIGNED_1_BY_A,
    "v1,é",
    "v1,\ud800\udfff",
    "v1,\x00",
    "".join(map(chr, range(0x80, 0x100))),
    "x" * 8_192,
    "v1," * 100_000,
    " " * 100_000,
    SIGNED_1_BY_THE_TEXT_OF_A,
    SIGNED_2_BY_A,
]
JUNK_TIMES = [
    "",
    " ",
    "-1",
    "+" + STAMP,
    STAMP + " ",
    STAMP + ".0",
    STAMP + "000",
    "1e400",
    "NaN",
    "inf",
    "0",
    "9" * 12,
    "9" * 500,
    "1" + "0" * 18,
    "١٧٩٥١٨٦٨٠٠",
    "１７９５１８６８００",
    "²",
    "0x6b0",
    "1_795_186_800",
    "2026-11-20T15:00:00Z",
    "\ud800",
    "\x00",
]


@pytest.mark.parametrize(("secret", "key"), [(SECRET_A, KEY_A), (SECRET_B, KEY_B)])
def test_a_secret_is_its_key_in_base64(secret: str, key: bytes) -> None:
    assert standard_key(secret) == key
    assert standard_key(secret.removeprefix("whsec_")) == key
    assert standard_secret(key) == secret


def test_the_bodies_are_the_published_ones() -> None:
    assert (len(BODY_1), hashlib.sha256(BODY_1).hexdigest()[:8]) == (96, "5f7e9d72")
    assert (len(BODY_2), hashlib.sha256(BODY_2).hexdigest()[:8]) == (147, "892bfc7b")


@pytest.mark.parametrize(
    ("key", "body", "signature"),
    [(KEY_A, BODY_1, SIGNED_1_BY_A), (KEY_B, BODY_1, SIGNED_1_BY_B), (KEY_A, BODY_2, SIGNED_2_BY_A)],
)
def test_a_signature_is_the_published_one(key: bytes, body: bytes, signature: str) -> None:
    assert standard_signature(key, ID, STAMP, body) == signature
    assert Webhook(key).sign(ID, AT, body.decode()) == signature


def test_the_text_of_a_secret_is_not_its_key() -> None:
    wrong = standard_signature(SECRET_A.removeprefix("whsec_").encode(), ID, STAMP, BODY_1)
    assert wrong == SIGNED_1_BY_THE_TEXT_OF_A != SIGNED_1_BY_A


def test_while_a_secret_rotates_both_sign_newest_first() -> None:
    assert standard_headers([KEY_B, KEY_A], ID, AT, BODY_1) == {
        "webhook-id": ID,
        "webhook-timestamp": STAMP,
        "webhook-signature": f"{SIGNED_1_BY_B} {SIGNED_1_BY_A}",
    }


def test_a_timestamp_is_in_whole_seconds() -> None:
    late = AT + timedelta(microseconds=999_999)
    assert standard_headers([KEY_A], ID, late, BODY_1)["webhook-timestamp"] == STAMP


@pytest.mark.parametrize("secret", [SECRET_A, SECRET_B])
def test_an_independent_verifier_takes_what_we_sign_in_a_rotation(secret: str) -> None:
    headers = standard_headers([KEY_B, KEY_A], ID, SystemClock().now(), BODY_2)
    Webhook(secret).verify(BODY_2, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY_1, headers)


@pytest.mark.parametrize(
    "signatures", [SIGNED_1_BY_A, f"{SIGNED_1_BY_B} {SIGNED_1_BY_A}", f"v1,x {SIGNED_1_BY_A}"]
)
@pytest.mark.parametrize("keys", [[KEY_A], [KEY_A, KEY_B], [KEY_B, KEY_A]])
def test_what_one_of_the_keys_signed_is_taken(signatures: str, keys: list[bytes]) -> None:
    require_standard(keys, ID, STAMP, signatures, BODY_1, AT)


def test_versions_that_we_do_not_know_are_passed_over() -> None:
    require_standard([KEY_A], ID, STAMP, f"v1a,AAAA v2,x {SIGNED_1_BY_A}", BODY_1, AT)


def test_what_another_key_signed_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        require_standard([KEY_B], ID, STAMP, SIGNED_1_BY_A, BODY_1, AT)


def test_without_a_key_everything_is_refused() -> None:
    for keys in ([], [b""], [b"", b""]):
        with pytest.raises(SignatureRefused):
            require_standard(keys, ID, STAMP, SIGNED_1_BY_A, BODY_1, AT)


def test_what_anybody_can_sign_is_refused() -> None:
    """With an empty key HMAC is a plain hash: a forger could make this one."""
    forged = hmac.digest(b"", f"{ID}.{STAMP}.".encode() + BODY_1, "sha256")
    with pytest.raises(SignatureRefused):
        require_standard([b""], ID, STAMP, "v1," + base64_of(forged), BODY_1, AT)
    for secret in ("", "whsec_"):
        with pytest.raises(ValueError, match="empty"):
            standard_key(secret)


@pytest.mark.parametrize("place", range(len(BODY_1)))
def test_one_changed_byte_anywhere_is_refused(place: int) -> None:
    changed = BODY_1[:place] + bytes([BODY_1[place] ^ 1]) + BODY_1[place + 1 :]
    with pytest.raises(SignatureRefused):
        require_standard([KEY_A], ID, STAMP, SIGNED_1_BY_A, changed, AT)


@pytest.mark.parametrize("body", [b"", BODY_1 + b"\n", BODY_1 + b" ", BODY_1.replace(b":", b": "), BODY_2])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        require_standard([KEY_A], ID, STAMP, SIGNED_1_BY_A, body, AT)


@pytest.mark.parametrize("signatures", JUNK, ids=lambda text: ascii(text[:40]))
def test_junk_for_a_signature_is_refused_with_the_one_error(signatures: str) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        require_standard([KEY_A, KEY_B], ID, STAMP, signatures, BODY_1, AT)
    assert refusal.value.detail == SignatureRefused.title


@pytest.mark.parametrize("stamp", JUNK_TIMES, ids=lambda text: ascii(text[:40]))
def test_junk_for_a_time_is_refused_with_the_one_error(stamp: str) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        require_standard([KEY_A], ID, stamp, SIGNED_1_BY_A, BODY_1, AT)
    assert refusal.value.detail == SignatureRefused.title


@pytest.mark.parametrize("message_id", ["", " ", ID.lower(), ID + " ", "é", "\ud800", "x" * 100_000])
def test_another_id_is_refused(message_id: str) -> None:
    with pytest.raises(SignatureRefused):
        require_standard([KEY_A], message_id, STAMP, SIGNED_1_BY_A, BODY_1, AT)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_time_within_the_tolerance_is_taken(seconds: int) -> None:
    require_fresh(STAMP, AT + timedelta(seconds=seconds), STANDARD_TOLERANCE)


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_a_time_outside_the_tolerance_is_refused(seconds: int) -> None:
    with pytest.raises(SignatureRefused):
        require_fresh(STAMP, AT + timedelta(seconds=seconds), STANDARD_TOLERANCE)


@pytest.mark.parametrize("late_ms", [-300_000, -299_999, 0, 299_999, 300_000])
def test_a_time_in_milliseconds_is_fresh_up_to_the_very_edge(late_ms: int) -> None:
    require_fresh(f"{STAMP}000", AT + timedelta(milliseconds=late_ms), STANDARD_TOLERANCE, per_second=1000)


@pytest.mark.parametrize("late_ms", [-300_001, 300_001])
def test_a_millisecond_outside_is_refused(late_ms: int) -> None:
    at = AT + timedelta(milliseconds=late_ms)
    with pytest.raises(SignatureRefused):
        require_fresh(f"{STAMP}000", at, STANDARD_TOLERANCE, per_second=1000)
    with pytest.raises(SignatureRefused):
        require_fresh(STAMP, AT, STANDARD_TOLERANCE, per_second=1000)


@given(st.text(), st.text(max_size=20), st.text(), st.binary())
def test_any_headers_end_in_nothing_or_in_the_one_error(
    message_id: str, stamp: str, signatures: str, body: bytes
) -> None:
    for sent_at in (stamp, STAMP):
        with pytest.raises(SignatureRefused):
            require_standard([KEY_A], message_id, sent_at, signatures, body, AT)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=100))
def test_what_is_signed_is_taken_whatever_the_key_and_the_body(key: bytes, body: bytes) -> None:
    sent = standard_headers([key], ID, AT, body)
    require_standard([KEY_A, key], ID, sent["webhook-timestamp"], sent["webhook-signature"], body, AT)


def test_a_match_needs_both_sides() -> None:
    require_match(["x", "right"], ["left", "right"])
    for sent, expected in (
        ([], []),
        ([], ["a"]),
        (["a"], []),
        (["a", "b"], ["c"]),
        (["é\ud800"], ["e"]),
        ([""], ["a"]),
    ):
        with pytest.raises(SignatureRefused):
            require_match(sent, expected)


@pytest.mark.parametrize("secrets", [[b"first"], [b"second", b"first"], [b"first", b"second"]])
def test_a_shared_secret_is_taken_while_it_is_among_the_live_ones(secrets: list[bytes]) -> None:
    require_secret("first", secrets)
    require_secret("Größe", [*secrets, "Größe".encode()])


@pytest.mark.parametrize("sent", ["", " ", "firs", "first ", "First", "é", "\ud800", "\x00", "x" * 100_000])
def test_another_shared_secret_is_refused(sent: str) -> None:
    for secrets in ([], [b""], [b"first"], [b"", b"first"]):
        with pytest.raises(SignatureRefused):
            require_secret(sent, secrets)


@pytest.mark.parametrize(
    "secret", ["whsec_!", "whsec_AAA", "whsec_AA EC", "whsec_é", "whsec_\ud800", "whsec_-_-_"]
)
def test_a_secret_that_is_not_base64_is_named_so(secret: str) -> None:
    with pytest.raises(ValueError, match="not base64") as fault:
        standard_key(secret)
    assert secret.removeprefix("whsec_") not in str(fault.value)


def test_the_plain_forms_are_those_of_the_standard_library() -> None:
    mac = hmac_sha256(b"key", b"message")
    assert hex_of(mac) == hmac.new(b"key", b"message", hashlib.sha256).hexdigest()
    assert base64.b64decode(base64_of(mac)) == mac
    with pytest.raises(SignatureRefused):
        hmac_sha256(b"", b"message")


def test_bytes_are_the_same_or_not() -> None:
    assert same(b"one", b"one")
    assert not same(b"one", b"two")
    assert not same(b"one", b"one ")


def test_a_fingerprint_tells_two_secrets_apart_and_shows_neither() -> None:
    assert fingerprint(SECRET_A) == hashlib.sha256(SECRET_A.encode()).hexdigest()[:8]
    assert fingerprint(SECRET_A) != fingerprint(SECRET_B)


def test_a_stand_in_signs_as_a_platform_whose_key_only_it_has() -> None:
    key = stand_in_key("glow")
    sent = base64_of(key.sign(BODY_1))
    other = stand_in_key("other").public_key()
    assert is_signed_by(sent, BODY_1, [other, stand_in_key("glow").public_key()])
    assert not is_signed_by(sent, BODY_1, [other])
    assert not is_signed_by(sent, BODY_2, [key.public_key()])
    assert not is_signed_by(sent, BODY_1, [])


@pytest.mark.parametrize("junk", ["", "=", "AAAA", "é", "\ud800", "A" * 8_192, "v1,AAAA"])
def test_what_is_no_signature_is_none_by_any_key(junk: str) -> None:
    rsa = rsa_key_of(2_048)
    assert not is_signed_by(junk, BODY_1, [stand_in_key("glow").public_key(), public_key(rsa)])


@pytest.mark.parametrize("written", ["", "AAAA", "no base64", "é", SIGNED_1_BY_A])
def test_what_is_no_public_key_is_said_to_be_none(written: str) -> None:
    with pytest.raises(ValueError, match="no public key"):
        public_key(written)


def test_a_public_key_of_a_kind_that_nobody_signs_with_is_refused() -> None:
    """X25519, from `openssl genpkey -algorithm x25519 | openssl pkey -pubout`."""
    with pytest.raises(ValueError, match="neither"):
        public_key("MCowBQYDK2VuAyEA7UlrvZNgVnW+vjLyd7NJZEo8TNPyyQZwu8Vpx4xkF2o=")


def rsa_key_of(bits: int) -> str:
    numbers = RSAPublicNumbers(65_537, (1 << bits - 1) + 1)
    return base64_of(numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
