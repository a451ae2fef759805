"""What is kept but must not be read from a stolen file: sealed under the key ring.

The ring is the list of 32-byte keys from configuration, newest first. Each key
is never used itself: AES-256-GCM and the look-up HMAC get keys derived from it
by HKDF. A sealed text names its key, so that old ones open after a rotation.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import CannotOpen
from .ids import random_bytes
from .signing import hmac_sha256, same

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_NAME: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


def read_key(text: str) -> bytes:
    """32 bytes from base64 in either alphabet, padded or not; ValueError says what is wrong."""
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as fault:
        raise ValueError("not base64") from fault
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes, but {KEY_BYTES} are needed")
    return key


class _Key:
    def __init__(self, raw: bytes) -> None:
        self.name = hashlib.sha256(b"gift card connector key name" + raw).hexdigest()[:8]
        self.cipher = AESGCM(_derive(raw, b"seal"))
        self.lookup = _derive(raw, b"lookup")
        self.links = _derive(raw, b"links")
        self.seals = _derive(raw, b"ledger seals")


class KeyRing:
    """Seals with the newest key, opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs at least one key")
        self._keys = [_Key(raw) for raw in keys]
        self._by_name = {key.name: key for key in self._keys}
        if len(self._by_name) != len(keys):
            raise ValueError("the same key stands twice in the ring")

    @property
    def names(self) -> list[str]:
        """The keys' names, newest first: each sealed text begins with its key's."""
        return [key.name for key in self._keys]

    def seal(self, plain: bytes, purpose: str) -> str:
        """`<key name>.<base64>`; `purpose` is bound in, so that a text cannot be moved to another column."""
        key = self._keys[0]
        nonce = random_bytes(_NONCE_BYTES)
        sealed = nonce + key.cipher.encrypt(nonce, plain, purpose.encode())
        return f"{key.name}.{base64.b64encode(sealed).decode('ascii')}"

    def open(self, sealed: str, purpose: str) -> bytes:
        """The plain bytes again, or CannotOpen."""
        name, _, text = sealed.partition(".")
        key = self._by_name.get(name)
        if key is None:
            # Shown only if it is a name: what was never sealed would stand here in clear.
            which = f"key {name}" if _KEY_NAME.fullmatch(name) else "no key of ours"
            raise CannotOpen(f"The text is sealed with {which}, which is not in the ring")
        try:
            raw = base64.b64decode(text, validate=True)
            return key.cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode())
        except (binascii.Error, InvalidTag, ValueError) as fault:
            raise CannotOpen("The sealed text was changed, or moved from where it belongs") from fault

    def lookup_hash(self, plain: str) -> str:
        """The keyed hash under which a code is found, made with the newest key; it names that key."""
        return self.lookup_hashes(plain)[0]

    def lookup_hashes(self, plain: str) -> list[str]:
        """The keyed hashes by every key of the ring, newest first: a look-up tries them all."""
        message = plain.encode("utf-8", "surrogatepass")
        return [f"{key.name}.{hmac_sha256(key.lookup, message).hex()}" for key in self._keys]

    def sign(self, message: bytes) -> str:
        """`<key name>.<hex>`: what only the holder of the ring can have written, for the ledger's seals."""
        key = self._keys[0]
        return f"{key.name}.{hmac_sha256(key.seals, message).hex()}"

    def has_signed(self, message: bytes, signature: str) -> bool:
        """Whether any key of the ring made this signature of `message`."""
        key = self._by_name.get(signature.partition(".")[0])
        expected = b"" if key is None else f"{key.name}.{hmac_sha256(key.seals, message).hex()}".encode()
        return key is not None and same(signature.encode("utf-8", "surrogatepass"), expected)

    def link_keys(self) -> list[bytes]:
        """Keys for signed links, newest first."""
        return [key.links for key in self._keys]


def _derive(raw: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"gift card connector " + purpose).derive(raw)


def token_hash(token: str) -> str:
    """The digest under which an API key is kept: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
