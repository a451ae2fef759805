"""Which words stand on a card and on a contact, so that a million of them are searched at once.

The one rule: what is written here follows the row that it was taken from, in the same
transaction. Words are whole, without regard to capitals; they are kept as bytes, which
every database compares alike.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete

from .prepared import Prepared
from .tables import search_words
from .writer import Writing

CARD: Final = "card"
CONTACT: Final = "contact"
MAX_WORDS: Final = 100  # of one card or contact; a message of 2,000 characters seldom has more
MAX_LENGTH: Final = 60  # characters of one word

PHONE_END: Final = (
    5  # digits: the shortest numbers have no more, and with their country's code they end alike
)

_DIGIT: Final = re.compile(r"[0-9]")
_WORD: Final = re.compile(r"\w+")
_AROUND: Final = "<>()[]{}.,;:!?\"'"
_TAKE: Final = Prepared(
    delete(search_words).where(
        search_words.c.account_id == bindparam("account_id"),
        search_words.c.word == bindparam("word"),
        search_words.c.kind == bindparam("kind"),
        search_words.c.row_id == bindparam("row_id"),
    )
)


def in_text(text: str) -> list[bytes]:
    """The different words of a text, in order; an e-mail address is one, and so is what precedes its @."""
    found: dict[bytes, None] = {}
    for part in unicodedata.normalize("NFKC", text).casefold().split():
        if "@" in part:
            found[_kept(part.strip(_AROUND))] = None
        for word in _WORD.findall(part.partition("@")[0]):
            found[_kept(word)] = None
    found.pop(b"", None)
    return list(found)


def in_search(text: str) -> list[bytes]:
    """The words that a search asks for; of an e-mail address the whole alone."""
    found: dict[bytes, None] = {}
    for part in text.split():
        of_part = in_text(part)
        found.update(dict.fromkeys(of_part[:1] if "@" in part else of_part))
    return list(found)


def of_card(message: str | None, note: str | None, recipient: Mapping[str, Any] | None) -> set[bytes]:
    """The words of a card: the recipient's addresses and name, message, note.

    Who it was sent to comes first: a long message must not keep a card from being found by it.
    """
    who = recipient or {}
    found = _together(who.get("email"), who.get("name"), message, note)
    return found | {of_phone(who["phone"])} if isinstance(who.get("phone"), str) else found


def of_phone(phone: str) -> bytes:
    """The end of a phone number, however it was written; no search for words finds it."""
    return b"tel:" + "".join(_DIGIT.findall(unicodedata.normalize("NFKC", phone)))[-PHONE_END:].encode()


def of_former_owner(contact: str) -> bytes:
    """That a card was this contact's (a public id) before it was another's; no search for words finds it."""
    return b"was:" + contact.encode()


def add(tx: Writing, account_id: int, kind: str, row_id: int, word: bytes) -> None:
    """Put one more word on a row, which stays whatever becomes of its texts."""
    row = {"account_id": account_id, "word": word, "kind": kind, "row_id": row_id}
    tx.insert_new(search_words, row, ("account_id", "word", "kind", "row_id"))


def of_contact(first_name: str | None, last_name: str | None, email: str | None) -> set[bytes]:
    """The words of a contact: name and e-mail address."""
    return _together(email, first_name, last_name)


def follow(tx: Writing, account_id: int, kind: str, row_id: int, old: set[bytes], new: set[bytes]) -> None:
    """Bring the words of one row from `old` to `new`; one that stands there already may stay."""
    for word in sorted(old - new):
        tx.do(_TAKE, {"account_id": account_id, "word": word, "kind": kind, "row_id": row_id})
    for word in sorted(new - old):
        add(tx, account_id, kind, row_id, word)


def _together(*texts: object) -> set[bytes]:
    found: dict[bytes, None] = {}
    for text in texts:
        if isinstance(text, str) and text:
            found.update(dict.fromkeys(in_text(text)))
    return set(list(found)[:MAX_WORDS])


def _kept(word: str) -> bytes:
    return word[:MAX_LENGTH].encode("utf-8", "surrogatepass")
