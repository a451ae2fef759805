"""Words that a search finds: whole, in any case, and gone with the text that they stood in."""

from typing import Any

import pytest
from sqlalchemy import select

from connector.domain.accounts import Account
from connector.domain.contacts import Person
from connector.domain.sealing import KeyRing
from connector.store import cards, contacts, words
from connector.store.engine import Engines
from connector.store.tables import search_words
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter, a_card


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Happy Birthday, Mia!", [b"happy", b"birthday", b"mia"]),
        ("STRASSE straße", [b"strasse"]),
        ("ﬁne  ①", [b"fine", b"1"]),
        ("Zoë", ["zoë".encode()]),
        ("<Mia.Smith@Example.com>, hi", [b"mia.smith@example.com", b"mia", b"smith", b"hi"]),
        ("@", [b"@"]),
        ("!? - —", []),
        ("x" * 200, [b"x" * words.MAX_LENGTH]),
        ("生日快乐", ["生日快乐".encode()]),
        ("", []),
    ],
)
def test_the_words_of_a_text(text: str, found: list[bytes]) -> None:
    assert words.in_text(text) == found


def test_half_a_character_is_no_fault() -> None:
    assert words.in_text("\ud800") == []
    assert words.in_search("a\ud800b") == [b"a", b"b"]


def test_a_search_for_an_address_is_for_the_whole_of_it() -> None:
    assert words.in_search("Mia mia@example.com") == [b"mia", b"mia@example.com"]


def test_a_long_text_has_so_many_words_and_no_more() -> None:
    text = " ".join(f"w{number}" for number in range(1_000))

    assert len(words.of_card(text, None, None)) == words.MAX_WORDS


def test_a_long_message_hides_nobody_that_it_was_sent_to() -> None:
    text = " ".join(f"w{number}" for number in range(1_000))
    who = {"name": "Zoe Quill", "email": "zoe@example.com", "phone": "(415) 555-0113"}

    found = words.of_card(text, text, who)

    assert {b"zoe@example.com", b"zoe", b"quill", words.of_phone("+1 415 555 0113")} <= found


@pytest.mark.parametrize("written", ["+14155550113", "(415) 555-0113", "４１５ ５５５ ０１１３"])
def test_a_number_is_known_by_its_end_and_by_no_search(written: str) -> None:
    assert words.of_phone(written) == b"tel:50113"
    for text in ("tel:50113", "was:ct_1", written):
        assert not {b"tel:50113", words.of_former_owner("ct_1")} & set(words.in_search(text))


def kept(engines: Engines, kind: str) -> set[str]:
    with engines.reading() as connection:
        rows = connection.execute(select(search_words.c.word).where(search_words.c.kind == kind))
        return {bytes(row[0]).decode() for row in rows}


def test_a_card_s_words_follow_its_texts(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    card = a_card(account, message="Happy birthday", recipient={"name": "Ada", "email": "ada@example.com"})

    def make(tx: Writing) -> int | None:
        return cards.add(tx, ring, card, code="abcdef", plain="ABCDEF", contact_id=None)

    writer.run(make)
    assert kept(engines, words.CARD) == {"happy", "birthday", "ada", "ada@example.com"}

    def change(**values: Any) -> None:
        def work(tx: Writing) -> None:
            found = cards.lock(tx, account.id, card.public_id)
            assert found is not None
            cards.change(tx, found, values)

        writer.run(work)

    change(message="Happy new year", note=None)
    assert kept(engines, words.CARD) == {"happy", "new", "year", "ada", "ada@example.com"}
    change(expires_at=THE_MOMENT)
    assert kept(engines, words.CARD) == {"happy", "new", "year", "ada", "ada@example.com"}
    change(message=None, recipient=None)
    assert kept(engines, words.CARD) == set()


def test_a_contact_s_words_follow_its_names(writer: AnyWriter, engines: Engines, account: Account) -> None:
    def tell(first: str | None, last: str) -> None:
        person = Person(email="mia@example.com", first_name=first, last_name=last)
        writer.run(lambda tx: contacts.resolve(tx, account.id, person, "", THE_MOMENT))

    tell("Mia", "Smith")
    assert kept(engines, words.CONTACT) == {"mia", "smith", "mia@example.com"}
    tell(None, "Jones")
    assert kept(engines, words.CONTACT) == {"mia", "jones", "mia@example.com"}


def test_a_word_that_stands_there_already_stays(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    """A newer Unicode may fold a text otherwise than the one by which it was kept."""
    for _ in range(2):
        writer.run(lambda tx: words.follow(tx, account.id, words.CARD, 1, set(), {b"mia"}))

    assert kept(engines, words.CARD) == {"mia"}
