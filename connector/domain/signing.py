"""Signatures: made and compared here only, over bytes, with several keys, in constant time.

`require_match` is total: whatever a sender writes into a header ends in nothing
or in SignatureRefused, and no key at all means refusal.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .errors import SignatureRefused

SECRET_PREFIX: Final = "whsec_"
PUBLIC_PREFIX: Final = "whpk_"
STANDARD_TOLERANCE: Final = timedelta(minutes=5)  # the Standard Webhooks specification's own
_MAX_TIMESTAMP_DIGITS: Final = 15  # of milliseconds
_MAX_SIGNATURES: Final = 64  # a rotation shows two, the most that we ever send is five


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA256; SignatureRefused without a key, which anybody could do as well."""
    if not key:
        raise SignatureRefused
    return hmac.digest(key, message, "sha256")


def hex_of(mac: bytes) -> str:
    return mac.hex()


def base64_of(mac: bytes) -> str:
    return base64.b64encode(mac).decode("ascii")


def same(one: bytes, other: bytes) -> bool:
    """Whether two byte strings are equal, in a time that says nothing of where they differ."""
    return hmac.compare_digest(one, other)


def require_match(sent: Iterable[str], expected: Iterable[str]) -> None:
    """Pass if one of the signatures `sent` is one of those `expected`, else SignatureRefused.

    All pairs are compared, so the time tells nothing of which one it was.
    """
    wanted = [text.encode("ascii") for text in expected]
    found = False
    for candidate in sent:
        written = candidate.encode("utf-8", "surrogatepass")
        for one in wanted:
            found |= same(written, one)
    if not found:
        raise SignatureRefused


def require_secret(sent: str, secrets: Sequence[bytes]) -> None:
    """For senders that cannot sign: the secret itself, compared by digest so that lengths stay hidden."""
    written = hashlib.sha256(sent.encode("utf-8", "surrogatepass")).digest()
    found = False
    for secret in secrets:
        found |= same(written, hashlib.sha256(secret).digest())
    if not found or not sent:
        raise SignatureRefused


def require_fresh(written: str, now: datetime, tolerance: timedelta, *, per_second: int = 1) -> None:
    """A timestamp header no further than `tolerance` from now, else SignatureRefused.

    It counts whole seconds, or, with 1000 `per_second`, milliseconds.
    """
    if not (written.isascii() and written.isdigit() and len(written) <= _MAX_TIMESTAMP_DIGITS):
        raise SignatureRefused
    if abs(now.timestamp() * per_second - int(written)) > tolerance.total_seconds() * per_second:
        raise SignatureRefused


def standard_key(secret: str) -> bytes:
    """The key inside `whsec_<base64>`, decoded; ValueError where it is not base64, or nothing."""
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text.encode("utf-8", "surrogatepass"), validate=True)
    except binascii.Error as fault:
        raise ValueError("the secret is not base64 after whsec_") from fault
    if not key:
        raise ValueError("the secret is empty after whsec_")
    return key


def standard_secret(key: bytes) -> str:
    """`whsec_<base64>` for `key`."""
    return SECRET_PREFIX + base64_of(key)


def standard_signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,<base64>` over `id.timestamp.body` (standardwebhooks.com, specification 1.0)."""
    return "v1," + base64_of(hmac_sha256(key, f"{message_id}.{timestamp}.".encode() + body))


def standard_headers(keys: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, one signature for each key, newest first."""
    timestamp = str(int(at.timestamp()))
    signatures = [standard_signature(key, message_id, timestamp, body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


PublicKey = Ed25519PublicKey | RSAPublicKey
"""What a sender's signature is checked with where it signs with a key that is its alone."""


def require_standard(
    keys: Sequence[bytes],
    message_id: str,
    timestamp: str,
    signatures: str,
    body: bytes,
    now: datetime,
    public_keys: Sequence[PublicKey] = (),
) -> None:
    """Verify Standard Webhooks headers, or SignatureRefused: `v1` by one of `keys`, `v1a` by a public one.

    Versions other than these are passed over.
    """
    if not message_id or not message_id.isascii():
        raise SignatureRefused
    require_fresh(timestamp, now, STANDARD_TOLERANCE)
    listed = signatures.split(" ", _MAX_SIGNATURES)
    message = f"{message_id}.{timestamp}.".encode() + body
    signed = [one.removeprefix("v1a,") for one in listed if one.startswith("v1a,")]
    if any(is_signed_by(one, message, public_keys) for one in signed):
        return
    sent = [one for one in listed if one.startswith("v1,")]
    require_match(sent, [standard_signature(key, message_id, timestamp, body) for key in keys])


@cache
def standard_public_key(secret: str) -> Ed25519PublicKey:
    """The Ed25519 key inside `whpk_<base64>`; ValueError where it is none."""
    try:
        raw = base64.b64decode(
            secret.removeprefix(PUBLIC_PREFIX).encode("utf-8", "surrogatepass"), validate=True
        )
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as fault:  # no base64, or not 32 bytes
        raise ValueError("this is no Ed25519 key in base64 after whpk_") from fault


@cache
def public_key(written: str) -> PublicKey:
    """The Ed25519 or RSA key in `written`, base64 of its SPKI; ValueError where there is none."""
    try:
        found = load_der_public_key(base64.b64decode("".join(written.split()), validate=True))
    except ValueError as fault:  # no base64, no key, no key of a kind that anybody knows
        raise ValueError("this is no public key: write the base64 between its PEM lines") from fault
    if not isinstance(found, Ed25519PublicKey | RSAPublicKey):
        raise ValueError("this is neither an Ed25519 nor an RSA key")
    return found


def is_signed_by(sent: str, message: bytes, keys: Iterable[PublicKey]) -> bool:
    """Whether `sent`, in base64, was made over `message` by one of `keys`; by RSA as PKCS1 v1.5, SHA-256."""
    try:
        signature = base64.b64decode(sent.encode("utf-8", "surrogatepass"), validate=True)
    except binascii.Error:
        return False
    return any(_is_signed_by(signature, message, key) for key in keys)


def _is_signed_by(signature: bytes, message: bytes, key: PublicKey) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def stand_in_key(secret: str) -> Ed25519PrivateKey:
    """The Ed25519 key of whoever knows `secret`, to act as a platform whose own key nobody else has."""
    seed = hashlib.sha256(b"stand-in key of " + secret.encode("utf-8", "surrogatepass")).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def fingerprint(secret: str) -> str:
    """Eight hex digits by which people see which secret they installed."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]
