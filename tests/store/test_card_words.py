"""Which cards have a word: what nobody has is known at once, and asked of nobody."""

from collections.abc import Mapping

import pytest
from sqlalchemy import insert

from connector.domain.accounts import Account
from connector.store import words
from connector.store.card_words import looked_up
from connector.store.engine import Engines
from connector.store.tables import search_words
from connector.store.writer import Writing
from tests.store.making import AnyWriter

KINDS: Mapping[bytes, set[str]] = {
    b"mia": {words.CARD, words.CONTACT},
    b"happy": {words.CARD},
    b"smith": {words.CONTACT},
    b"nobody": set(),
}


@pytest.fixture
def known(writer: AnyWriter, engines: Engines, account: Account, other: Account) -> Engines:
    def work(tx: Writing) -> None:
        rows = [(account, word, kind) for word, kinds in KINDS.items() for kind in kinds]
        for owner, word, kind in (*rows, (other, b"nobody", words.CARD)):
            values = {"account_id": owner.id, "word": word, "kind": kind, "row_id": 1}
            tx.execute(insert(search_words), values)

    writer.run(work)
    return engines


def test_a_word_is_of_cards_of_contacts_of_both_or_of_nobody(known: Engines, account: Account) -> None:
    with known.reading() as connection:
        found = looked_up(connection, account.id, list(KINDS))
        nothing = looked_up(connection, account.id, [])

    assert {one.word: set(one.kinds) for one in found} == KINDS
    assert [one.word for one in found if one.is_nowhere] == [b"nobody"]
    assert nothing == []


def test_four_characters_may_be_the_end_of_a_code(known: Engines, account: Account) -> None:
    with known.reading() as connection:
        found = looked_up(connection, account.id, [b"7k2q", b"7k2", "7k2ö".encode(), b"7k2qq"])

    assert [one.ending for one in found] == ["7K2Q", None, None, None]
    assert [one.is_nowhere for one in found] == [False, True, True, True]


def test_a_word_that_is_nowhere_has_no_cards(known: Engines, account: Account) -> None:
    with known.reading() as connection:
        [word] = looked_up(connection, account.id, [b"nobody"])
        assert connection.execute(word.numbers()).all() == []
