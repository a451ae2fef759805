"""What is sealed opens with the ring and for its purpose only; what is stolen confirms no guess."""

import base64
import hashlib
import hmac

import pytest

from connector.domain import codes
from connector.domain.errors import CannotOpen
from connector.domain.ids import new_api_key, random_bytes
from connector.domain.sealing import KEY_BYTES, KeyRing, read_key, token_hash

OLD, NEW, OTHER = b"o" * KEY_BYTES, b"n" * KEY_BYTES, b"x" * KEY_BYTES
CODE = "7k2qm4xa9rtchwne3"


@pytest.mark.parametrize("plain", [b"", b"7K2Q-M4XA", "Für Zoë 🎁".encode(), bytes(range(256)) * 100])
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    ring = KeyRing([NEW])
    assert ring.open(ring.seal(plain, "code"), "code") == plain


def test_the_same_text_is_never_sealed_to_the_same() -> None:
    ring = KeyRing([NEW])
    assert len({ring.seal(b"plain", "code") for _ in range(100)}) == 100


def test_after_a_rotation_what_is_old_opens_and_the_newest_key_seals() -> None:
    before, after = KeyRing([OLD]), KeyRing([NEW, OLD])
    assert after.open(before.seal(b"plain", "code"), "code") == b"plain"
    assert KeyRing([NEW]).open(after.seal(b"plain", "code"), "code") == b"plain"


def test_without_its_key_nothing_opens() -> None:
    sealed = KeyRing([OLD]).seal(b"plain", "code")
    with pytest.raises(CannotOpen, match=sealed[:8]):
        KeyRing([NEW, OTHER]).open(sealed, "code")


def test_a_text_sealed_for_one_purpose_does_not_open_for_another() -> None:
    ring = KeyRing([NEW])
    with pytest.raises(CannotOpen):
        ring.open(ring.seal(b"plain", "code"), "secret")


def test_one_changed_bit_anywhere_is_seen() -> None:
    ring = KeyRing([NEW])
    name, _, text = ring.seal(b"plain", "code").partition(".")
    raw = base64.b64decode(text)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(CannotOpen):
            ring.open(f"{name}.{base64.b64encode(changed).decode()}", "code")


def test_a_cut_text_is_seen_wherever_it_is_cut() -> None:
    ring = KeyRing([NEW])
    sealed = ring.seal(b"plain", "code")
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            ring.open(sealed[:length], "code")


@pytest.mark.parametrize(
    "junk", ["", ".", "plain", "..", "é.é", "\ud800", ".AAAA", "00000000.AAAA", "x" * 1_000]
)
def test_what_was_never_sealed_does_not_open_and_is_not_shown(junk: str) -> None:
    with pytest.raises(CannotOpen) as refusal:
        KeyRing([NEW]).open(junk, "code")
    assert len(junk) < 4 or junk not in str(refusal.value)


@pytest.mark.parametrize("text", ["!", "é", "\ud800", "A", "AAAA", "A" * 16, "A" * 20, " AAAA", "A===" * 9])
def test_junk_under_a_known_key_does_not_open(text: str) -> None:
    ring = KeyRing([NEW])
    name = ring.seal(b"", "code")[:8]
    with pytest.raises(CannotOpen):
        ring.open(f"{name}.{text}", "code")


def test_a_code_is_found_by_the_hash_of_any_key_of_the_ring() -> None:
    stored = KeyRing([OLD]).lookup_hash(CODE)
    assert stored == KeyRing([OLD, NEW]).lookup_hash(CODE)
    assert stored in KeyRing([NEW, OLD]).lookup_hashes(CODE)
    assert stored not in KeyRing([NEW, OTHER]).lookup_hashes(CODE)


def test_the_newest_keys_hash_comes_first_and_names_its_key() -> None:
    hashes = KeyRing([NEW, OLD]).lookup_hashes(CODE)
    assert hashes == [KeyRing([NEW]).lookup_hash(CODE), KeyRing([OLD]).lookup_hash(CODE)]
    assert hashes[0].partition(".")[0] == KeyRing([NEW]).seal(b"", "code").partition(".")[0]


def test_every_spelling_of_a_code_has_the_same_hash_and_another_code_another() -> None:
    ring = KeyRing([NEW])
    spellings = ["7K2Q-M4XA-9RTC-HWNE-3", "7k2q m4xa 9rtc hwne 3", "7K2QM4XA9RTCHWNE3"]
    assert len({ring.lookup_hash(codes.normal(spelling)) for spelling in spellings}) == 1
    assert ring.lookup_hash("a" + CODE) != ring.lookup_hash(CODE)
    assert ring.lookup_hash("\ud800") != ring.lookup_hash("\udfff")


def test_a_stolen_hash_confirms_no_guess_without_the_key() -> None:
    """T23: whoever has the database alone can try no code against it."""
    code = codes.new_code(sandbox=False)
    stored = KeyRing([NEW]).lookup_hash(codes.normal(code)).partition(".")[2]
    guesses = [spelling.encode() for spelling in (code, codes.normal(code), codes.normal(code).upper())]
    for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s"):
        for guess in guesses:
            assert hashlib.new(name, guess).hexdigest() != stored
            assert hmac.digest(b"", guess, name).hex() != stored
            assert hmac.digest(guess, b"", name).hex() != stored


def test_the_key_itself_hashes_nothing() -> None:
    """Each use has a key derived for it alone, so that a leak of one says nothing of the others."""
    ring = KeyRing([NEW])
    assert hmac.digest(NEW, CODE.encode(), "sha256").hex() not in ring.lookup_hash(CODE)
    assert NEW not in ring.link_keys()
    assert hmac.digest(ring.link_keys()[0], CODE.encode(), "sha256").hex() not in ring.lookup_hash(CODE)


def test_link_keys_come_newest_first() -> None:
    assert KeyRing([NEW, OLD]).link_keys() == KeyRing([NEW]).link_keys() + KeyRing([OLD]).link_keys()


def test_a_ring_needs_keys_each_once() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyRing([])
    with pytest.raises(ValueError, match="twice"):
        KeyRing([NEW, OLD, NEW])


def test_a_key_is_read_from_base64_in_either_alphabet() -> None:
    key = b"\xfb\xff\xfe" + random_bytes(29)
    for written in (base64.b64encode(key), base64.urlsafe_b64encode(key)):
        assert read_key(written.decode()) == read_key(written.decode().rstrip("=")) == key
        assert read_key(f" {written.decode()}\n") == key


@pytest.mark.parametrize(
    "text", ["", "AAAA", "A" * 42, "A" * 44 + "A" * 44, "not a key!", "é" * 43, "\ud800", "A"]
)
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|bytes|ASCII") as fault:
        read_key(text)
    assert len(text) < 2 or text not in str(fault.value)


def test_an_access_key_is_kept_as_a_digest() -> None:
    key = new_api_key()
    assert token_hash(key) == token_hash(key) != token_hash(key + " ")
    assert key not in token_hash(key)
    assert len(token_hash("\ud800")) == 64
