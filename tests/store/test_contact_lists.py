"""Lists of contacts: what is asked holds all at once, newest first, and a page costs what it shows."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.contacts import Person
from connector.store import cards, contact_lists, contacts, words
from connector.store.contact_lists import Filters
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do
from tests.kit.house import House
from tests.store.making import AnyWriter


def fill(writer: AnyWriter, account: Account, people: list[Person]) -> list[int]:
    def work(tx: Writing) -> list[int]:
        made = [contacts.resolve(tx, account.id, one, "api", THE_MOMENT) for one in people]
        return [one.id for one in made if one is not None]

    return writer.run(work)


def page(
    engines: Engines, account: Account, limit: int = 50, before: int | None = None, **asked: Any
) -> list[int]:
    with engines.reading() as connection:
        found = contact_lists.page(connection, account.id, Filters(**asked), before=before, limit=limit)
    return [one.id for one in found]


@pytest.fixture
def people(writer: AnyWriter, account: Account) -> list[int]:
    told = [
        Person(email=f"p{number}@example.com", first_name=name, tags=tags)
        for number, (name, tags) in enumerate(
            [("Mia", ("a",)), ("Noor", ("a", "b")), ("Mia Ash", ("b",)), ("Zoe", None)]
        )
    ]
    return fill(writer, account, told)


def test_everybody_newest_first_page_by_page(
    engines: Engines, account: Account, other: Account, people: list[int]
) -> None:
    assert page(engines, account) == people[::-1]
    assert page(engines, account, limit=3) == people[:0:-1]
    assert page(engines, account, before=people[1]) == [people[0]]
    assert page(engines, other) == []


def test_filters_hold_all_at_once(
    engines: Engines, account: Account, other: Account, people: list[int]
) -> None:
    mia, noor, ash, _ = people
    word = tuple(words.in_search("mia"))
    assert page(engines, account, tag="a") == [noor, mia]
    assert page(engines, account, tag="a", limit=1) == [noor]
    assert page(engines, account, tag="a", before=noor) == [mia]
    assert page(engines, account, words=word) == [ash, mia]
    assert page(engines, account, words=tuple(words.in_search("mia ash"))) == [ash]
    assert page(engines, account, tag="b", words=word) == [ash]
    by_email = ("email", "", "p1@example.com")
    assert page(engines, account, identities=(by_email,)) == [noor]
    assert page(engines, account, identities=(by_email,), tag="b") == [noor]
    assert page(engines, account, identities=(by_email,), words=word) == []
    assert page(engines, account, identities=(by_email, ("phone", "", "+14155550113"))) == []
    assert page(engines, other, tag="a") == page(engines, other, words=word) == []


def test_who_was_merged_or_erased_is_in_no_list(
    writer: AnyWriter, engines: Engines, account: Account, people: list[int]
) -> None:
    mia, noor, ash, zoe = people

    def mark(number: int, values: dict[str, Any]) -> None:
        def work(tx: Writing) -> None:
            [public_id] = contact_lists.public_ids(tx, [number])
            found = contacts.find(tx, account.id, public_id)
            assert found is not None
            contacts.write(tx, found, values)

        writer.run(work)

    mark(mia, {"merged_into": noor})
    mark(ash, {"erased_at": THE_MOMENT})

    assert page(engines, account) == [zoe, noor]
    assert page(engines, account, tag="a") == [noor]


def test_a_tag_that_comes_and_goes_is_followed(writer: AnyWriter, engines: Engines, account: Account) -> None:
    [mia] = fill(writer, account, [Person(email="mia@example.com", tags=("a",))])
    told = Person(email="mia@example.com", tags=("b",))
    writer.run(lambda tx: contacts.resolve(tx, account.id, told, "api", THE_MOMENT + timedelta(minutes=1)))

    assert (page(engines, account, tag="a"), page(engines, account, tag="b")) == ([], [mia])


def test_a_list_by_tag_or_word_is_read_in_its_index(
    writer: AnyWriter, engines: Engines, account: Account, sqlite_url: str
) -> None:
    """Neither sorts, nor looks at anybody who is not asked for."""
    if not str(engines.read.url).startswith("sqlite"):
        return
    fill(writer, account, [Person(email="mia@example.com", tags=("a",))])
    for table, names in (
        ("contact_tags", "tag = 'a'"),
        ("search_words", "word = x'6d6961' AND kind = 'contact'"),
    ):
        number = "contact_id" if table == "contact_tags" else "row_id"
        query = (
            f"EXPLAIN QUERY PLAN SELECT * FROM {table} JOIN contacts ON contacts.id = {table}.{number} "
            f"WHERE {table}.account_id = 1 AND {names} ORDER BY {table}.{number} DESC LIMIT 51"
        )
        with engines.reading() as connection:
            plan = " ".join(row[-1] for row in connection.execute(text(query)))
        assert "TEMP B-TREE" not in plan and f"SEARCH {table}" in plan, plan


def test_sums_of_many_are_those_of_each(house: House) -> None:
    day = timedelta(days=1)
    mia = {"email": "mia@example.com"}
    first = house.issue(2500, contact=mia, expires_at=THE_MOMENT + 2 * day)
    house.issue(900, contact=mia, expires_at=THE_MOMENT + day)
    house.issue(700, contact=mia, currency="EUR")
    do(house, "disable", card=house.issue(50, contact=mia)["id"])
    house.issue(300, contact={"email": "noor@example.com"})
    house.redeem(first["id"], 500)

    with house.gateway.parts.engines.reading() as connection:
        account, now = house.account.id, house.clock.now()
        found = contact_lists.purses_of(connection, account, [1, 2, 99], now)
        for number in (1, 2, 99):
            alone = cards.purse(connection, account, number, now)
            assert dict(found[number].balances) == dict(alone.balances)
            assert found[number].next_expiry_at == alone.next_expiry_at
            assert found[number].last_redeemed_at == cards.last_redeemed_at(connection, account, number)
        listed = contact_lists.cards_of(connection, account, 1, currency="USD")
    assert [one.initial_amount for one in listed] == [50, 900, 2500]
