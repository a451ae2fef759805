"""Who somebody is, and that late news never undoes newer."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.contacts import Person, Trust
from connector.store import contacts, identities
from connector.store.contacts import Contact
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter, later

MIA = Person(external_id="7", email="mia@example.com", phone="+14155550113")


def meet(
    writer: AnyWriter,
    account: Account,
    person: Person,
    namespace: str = "calendly",
    at: datetime = THE_MOMENT,
    trust: Trust = Trust.VOUCHED,
) -> Contact:
    found = writer.run(lambda tx: contacts.resolve(tx, account.id, person, namespace, at, trust=trust))
    assert found is not None
    return found


def count(engines: Engines, table: str) -> int:
    with engines.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_somebody_new_is_made_and_found_again_by_any_identity(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    made = meet(writer, account, replace(MIA, first_name="Mia", tags=("vip",)))

    assert made.is_new
    assert (made.email, made.phone, made.external_id, made.first_name) == (MIA.email, MIA.phone, "7", "Mia")
    for person in (Person(external_id="7"), Person(email=MIA.email), Person(phone=MIA.phone)):
        found = meet(writer, account, person)
        assert (found.public_id, found.is_new, found.tags) == (made.public_id, False, ["vip"])
    with engines.reading() as connection:
        assert contacts.find(connection, account.id, made.public_id) is not None
        by_email = contacts.find_by(connection, account.id, Person(email=MIA.email), "any")
        assert by_email is not None and by_email.public_id == made.public_id
    assert (count(engines, "contacts"), count(engines, "identities")) == (1, 3)


def test_nobody_is_nobody(writer: AnyWriter, account: Account, engines: Engines) -> None:
    nobody = Person(first_name="Mia", tags=("vip",))

    assert writer.run(lambda tx: contacts.resolve(tx, account.id, nobody, "api", tx.now)) is None
    with engines.reading() as connection:
        assert contacts.find_by(connection, account.id, nobody, "api") is None
        assert contacts.find(connection, account.id, "ct_\x00") is None
    assert count(engines, "contacts") == 0


def test_an_external_id_counts_within_its_namespace_only(writer: AnyWriter, account: Account) -> None:
    here = meet(writer, account, Person(external_id="7"), "calendly")
    there = meet(writer, account, Person(external_id="7"), "square")

    assert here.public_id != there.public_id
    assert meet(writer, account, Person(external_id="7"), "calendly").public_id == here.public_id


def test_nobody_is_known_across_accounts(writer: AnyWriter, account: Account, other: Account) -> None:
    assert meet(writer, account, MIA).public_id != meet(writer, other, MIA).public_id


def test_the_first_match_wins_and_what_belongs_to_somebody_else_is_noted(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    by_id = meet(writer, account, Person(external_id="7"))
    by_email = meet(writer, account, Person(email="mia@example.com"))
    by_phone = meet(writer, account, Person(phone=MIA.phone))

    all_three = meet(writer, account, MIA)
    last_two = meet(writer, account, replace(MIA, external_id=None))

    assert all_three.public_id == by_id.public_id
    assert all_three.taken == (("email", "", "mia@example.com"), ("phone", "", "+14155550113"))
    assert (last_two.public_id, last_two.taken) == (by_email.public_id, (("phone", "", "+14155550113"),))
    assert meet(writer, account, Person(phone=MIA.phone)).public_id == by_phone.public_id
    assert count(engines, "contacts") == 3, "two who exist are never merged by themselves"


def test_identities_that_are_free_are_attached(writer: AnyWriter, account: Account) -> None:
    made = meet(writer, account, Person(email="mia@example.com"))

    again = meet(writer, account, MIA)

    assert (again.public_id, again.taken) == (made.public_id, ())
    assert meet(writer, account, Person(phone=MIA.phone)).public_id == made.public_id
    assert meet(writer, account, Person(external_id="7")).public_id == made.public_id


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Person(email="mia@example.com"), Person(email="mia@example.com")),
        (Person(external_id="1", email="mia@example.com"), Person(external_id="2", email="mia@example.com")),
        (Person(external_id="1", phone="+14155550113"), Person(email="a@b.c", phone="+14155550113")),
    ],
)
def test_two_deliveries_of_somebody_new_at_once_make_one_contact(
    writer: AnyWriter, account: Account, engines: Engines, one: Person, two: Person
) -> None:
    """They look at the same time and find nobody; then both want to make them."""
    has_made, may_end = threading.Event(), threading.Event()

    def first(tx: Writing) -> str:
        found = contacts.resolve(tx, account.id, one, "calendly", THE_MOMENT)
        has_made.set()
        may_end.wait(10)
        assert found is not None
        return found.public_id

    def second() -> str:
        has_made.wait(10)
        threading.Timer(0.05, may_end.set).start()
        return meet(writer, account, two).public_id

    ended = at_once([lambda: writer.run(first), second])

    assert ended[0].value == ended[1].value
    assert count(engines, "contacts") == 1


def test_late_news_never_undoes_newer(writer: AnyWriter, account: Account) -> None:
    new = replace(MIA, email="new@example.com", first_name="Mia", last_name="Moss")
    old = replace(MIA, email="old@example.com", first_name="Maria", last_name=None)

    meet(writer, account, new, at=later(9))
    found = meet(writer, account, old, at=later(3))

    assert (found.email, found.first_name, found.last_name) == ("new@example.com", "Mia", "Moss")
    assert found.first_seen_at == later(3)
    assert meet(writer, account, Person(external_id="7")).first_name == "Mia"


def test_an_older_telling_without_a_name_does_not_bring_back_an_old_address(
    writer: AnyWriter, account: Account
) -> None:
    meet(writer, account, Person(external_id="7", email="new@example.com"), at=later(9))

    found = meet(writer, account, Person(external_id="7", email="old@example.com"), at=later(3))

    assert found.email == "new@example.com"


def test_late_news_fills_what_nobody_knew(writer: AnyWriter, account: Account) -> None:
    meet(writer, account, Person(external_id="7", email="mia@example.com"), at=later(9))

    found = meet(writer, account, replace(MIA, first_name="Mia"), at=later(3))

    assert (found.first_name, found.phone) == ("Mia", MIA.phone)


def test_newer_news_is_written_and_what_it_leaves_out_stays(writer: AnyWriter, account: Account) -> None:
    meet(writer, account, replace(MIA, first_name="Maria", last_name="Moss"), at=later(3))

    found = meet(writer, account, Person(external_id="7", first_name="Mia"), at=later(9))

    assert (found.first_name, found.last_name, found.email) == ("Mia", "Moss", MIA.email)


@pytest.mark.parametrize(
    "stranger",
    [
        Person(email="thief@example.com", phone=MIA.phone),
        Person(email=MIA.email, phone="+14155550199"),
        Person(external_id="thiefs", email="thief@example.com", phone=MIA.phone),
    ],
    ids=["her phone", "her e-mail", "her phone beside a stranger's id"],
)
def test_who_types_another_s_address_into_a_form_gets_nothing_of_theirs(
    writer: AnyWriter, account: Account, stranger: Person
) -> None:
    """Her next card goes where she said, whatever a form or a guest's order says later."""
    meet(writer, account, MIA)

    found = meet(writer, account, stranger, "typeform", at=later(9))

    assert (found.email, found.phone) == (MIA.email, MIA.phone)


def test_a_source_that_knows_somebody_by_its_own_id_may_tell_a_new_address(
    writer: AnyWriter, account: Account
) -> None:
    meet(writer, account, MIA)
    meet(writer, account, Person(external_id="8", email="zoe@example.com"))

    moved = meet(writer, account, replace(MIA, email="mia@new.example.com"), at=later(3))
    assert moved.email == "mia@new.example.com"
    kept = meet(writer, account, replace(MIA, email="zoe@example.com"), at=later(9))
    assert kept.email == "mia@new.example.com", "that address is somebody else's"


@pytest.mark.parametrize("trust", [Trust.BY_ID, Trust.TYPED])
def test_an_empty_address_is_not_filled_by_who_only_knows_another(
    writer: AnyWriter, account: Account, trust: Trust
) -> None:
    """Whoever types her e-mail beside a phone of their own gets no card of hers by SMS, then or later."""
    mia = meet(writer, account, Person(email=MIA.email), "calendly")
    thief = Person(external_id="t", email=MIA.email, phone="+14155550199")

    for at in (later(1), later(2)):
        found = meet(writer, account, thief, "forms", at, trust)
        assert (found.public_id, found.phone, found.taken) == (mia.public_id, None, ())
    alone = meet(writer, account, Person(phone=thief.phone), "forms", later(3), trust)

    assert alone.public_id != mia.public_id, "a number that nobody vouched for finds nobody"
    by_id = meet(writer, account, Person(external_id="t"), "forms", later(4), trust)
    assert by_id.public_id == mia.public_id, "the id finds her, and proves nothing"


def test_an_id_that_nobody_vouched_for_lets_no_address_in_later(writer: AnyWriter, account: Account) -> None:
    """A shop that shares its ids with a form tells of the thief, whose id the form has put on her."""
    mia = meet(writer, account, Person(email=MIA.email), "shop")
    meet(writer, account, Person(external_id="t", email=MIA.email), "shop", later(1), Trust.TYPED)

    found = meet(writer, account, Person(external_id="t", phone="+14155550199"), "shop", later(2))

    assert (found.public_id, found.email, found.phone) == (mia.public_id, MIA.email, None)


def test_who_vouches_fills_an_empty_address(writer: AnyWriter, account: Account) -> None:
    meet(writer, account, Person(email=MIA.email))

    found = meet(writer, account, Person(email=MIA.email, phone=MIA.phone), "square", later(1))

    assert found.phone == MIA.phone
    assert meet(writer, account, Person(phone=MIA.phone)).public_id == found.public_id


def test_a_tool_that_passes_on_is_believed_of_those_whom_it_tells_by_its_own_id(
    writer: AnyWriter, account: Account
) -> None:
    meet(writer, account, Person(external_id="7", email=MIA.email), "zapier", later(1), Trust.BY_ID)

    filled = meet(writer, account, MIA, "zapier", later(2), Trust.BY_ID)
    moved = meet(writer, account, replace(MIA, email="mia@new.example"), "zapier", later(3), Trust.BY_ID)

    assert (filled.phone, moved.email) == (MIA.phone, "mia@new.example")


def test_a_form_is_not_believed_even_where_it_names_an_id(writer: AnyWriter, account: Account) -> None:
    """Hidden fields of a form stand in its link, and whoever has the link writes them."""
    meet(writer, account, Person(external_id="7", email=MIA.email), "crm")

    found = meet(writer, account, replace(MIA, email="thief@example.com"), "crm", later(1), Trust.TYPED)

    assert (found.email, found.phone) == (MIA.email, None)


THIEF = Person(email="thief@example.com", phone="+14155550199")
HERS = Person(email=MIA.email, phone=MIA.phone)


def with_address(person: Person, kind: str, value: str) -> Person:
    return replace(person, email=value) if kind == "email" else replace(person, phone=value)


@pytest.mark.parametrize("minute", [2, -2], ids=["in order", "late"])
@pytest.mark.parametrize("told", [HERS, MIA], ids=["by address", "by an id"])
@pytest.mark.parametrize("planted", ["email", "phone"])
def test_what_nobody_vouched_for_goes_where_who_knows_tells_another(
    writer: AnyWriter, account: Account, planted: str, told: Person, minute: int
) -> None:
    """Also told late: in order it would never have stood there. And it finds her no more."""
    form = with_address(HERS, planted, getattr(THIEF, planted))
    made = meet(writer, account, form, "forms", later(5), Trust.TYPED)

    found = meet(writer, account, told, "shop", later(5 + minute))

    assert (found.public_id, found.email, found.phone) == (made.public_id, MIA.email, MIA.phone)
    assert meet(writer, account, HERS, "till", later(9)).taken == ()
    assert meet(writer, account, THIEF, "forms", later(9), Trust.TYPED).is_new
    other = {"email": "new@example.com", "phone": "+14155550177"}[planted]
    kept = meet(writer, account, with_address(HERS, planted, other), "till", later(9))
    assert (kept.email, kept.phone) == (MIA.email, MIA.phone), "somebody has vouched for hers"


@pytest.mark.parametrize("trust", [Trust.BY_ID, Trust.TYPED])
def test_what_nobody_vouched_for_stays_where_who_does_not_know_tells_another(
    writer: AnyWriter, account: Account, trust: Trust
) -> None:
    form = Person(email=THIEF.email, phone=MIA.phone)
    made = meet(writer, account, form, "forms", trust=Trust.TYPED)

    found = meet(writer, account, MIA, "forms", later(1), trust)

    assert (found.public_id, found.email) == (made.public_id, THIEF.email)


def test_an_address_is_vouched_for_by_who_knows_and_tells_it_again(
    writer: AnyWriter, account: Account
) -> None:
    meet(writer, account, HERS, "forms", trust=Trust.TYPED)
    meet(writer, account, HERS, "shop", later(1))

    found = meet(writer, account, Person(email=THIEF.email, phone=MIA.phone), "till", later(2))

    assert (found.email, found.phone) == (MIA.email, MIA.phone)


def test_in_the_place_of_what_nobody_vouched_for_stands_no_address_of_another(
    writer: AnyWriter, account: Account
) -> None:
    meet(writer, account, Person(email="zoe@example.com"), "shop")
    meet(writer, account, Person(email=THIEF.email, phone=MIA.phone), "forms", trust=Trust.TYPED)
    meet(writer, account, Person(external_id="7", phone=MIA.phone), "shop", later(1))

    found = meet(writer, account, Person(external_id="7", email="zoe@example.com"), "shop", later(2))

    assert (found.email, found.taken) == (None, (("email", "", "zoe@example.com"),))


PLANTED = Person(email=MIA.email, phone=THIEF.phone)


@pytest.mark.parametrize("hers", [Person(email=MIA.email), Person(external_id="7", email=MIA.email)])
def test_a_number_that_somebody_typed_beside_her_address_goes_once_who_knows_tells_it_alone(
    writer: AnyWriter, account: Account, hers: Person
) -> None:
    """Else her next card went to it by SMS, and whoever has it became her by an order of their own."""
    made = meet(writer, account, PLANTED, "forms", trust=Trust.TYPED)

    found = meet(writer, account, hers, "shop", later(1))

    assert (found.public_id, found.email, found.phone) == (made.public_id, MIA.email, None)
    thief = meet(writer, account, Person(phone=THIEF.phone), "shop", later(2))
    assert thief.public_id != made.public_id
    assert meet(writer, account, HERS, "shop", later(3)).phone == MIA.phone


def test_the_first_of_two_who_is_told_by_who_knows_keeps_the_contact_and_the_other_is_made(
    writer: AnyWriter, account: Account
) -> None:
    made = meet(writer, account, PLANTED, "forms", trust=Trust.TYPED)

    thief = meet(writer, account, Person(phone=THIEF.phone), "shop", later(1))
    mia = meet(writer, account, Person(email=MIA.email), "shop", later(2))

    assert (thief.public_id, thief.email) == (made.public_id, None)
    assert mia.is_new and (mia.email, mia.phone) == (MIA.email, None)


def test_a_typed_number_that_was_left_beside_a_vouched_address_is_its_owners_once_they_are_told(
    writer: AnyWriter, account: Account
) -> None:
    """By hand one address alone is vouched for, and what is left out stays: it never lets a stranger in."""
    made = meet(writer, account, PLANTED, "forms", trust=Trust.TYPED)
    writer.run(lambda tx: identities.vouch(tx, account.id, made.id, ("email", "", "mia@example.com")))

    thief = meet(writer, account, THIEF, "shop", later(1))

    assert thief.is_new and (thief.email, thief.phone) == (THIEF.email, THIEF.phone)
    mia = meet(writer, account, Person(email=MIA.email), "shop", later(2))
    assert (mia.public_id, mia.phone) == (made.public_id, None)


@pytest.mark.parametrize("trust", [Trust.BY_ID, Trust.TYPED])
def test_who_does_not_know_frees_no_address(writer: AnyWriter, account: Account, trust: Trust) -> None:
    meet(writer, account, PLANTED, "forms", trust=Trust.TYPED)

    found = meet(writer, account, Person(external_id="7", email=MIA.email), "zapier", later(1), trust)

    assert (found.email, found.phone) == (PLANTED.email, PLANTED.phone)


def test_told_of_her_and_of_the_thief_at_once_each_has_their_own(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    """Both are found by what the form said: whoever comes first keeps that contact, the other is made."""
    meet(writer, account, Person(email=THIEF.email, phone=MIA.phone), "forms", trust=Trust.TYPED)

    at_once([lambda: meet(writer, account, HERS, "shop"), lambda: meet(writer, account, THIEF, "shop")])

    ends = [meet(writer, account, one, "till", later(1)) for one in (HERS, THIEF)]
    assert [(one.email, one.phone, one.taken) for one in ends] == [
        (one.email, one.phone, ()) for one in (HERS, THIEF)
    ]
    assert (count(engines, "contacts"), count(engines, "identities")) == (2, 4)


Telling = tuple[str, Any, datetime]
TELLINGS: tuple[Telling, ...] = (
    ("list", ("vip", "new"), later(1)),
    ("off", "vip", later(2)),
    ("on", "gold", later(3)),
    ("list", ("silver", "vip"), later(4)),
    ("on", "late", later(5)),
)
TOLD = ["late", "silver", "vip"]


def tell(tx: Writing, account: Account, email: str, telling: Telling) -> Contact:
    how, what, at = telling
    tags = what if how == "list" else None
    found = contacts.resolve(tx, account.id, Person(email=email, tags=tags), "api", at)
    assert found is not None
    return found if how == "list" else contacts.set_tag(tx, found, what, is_on=how == "on", at=at)


def test_tags_told_in_any_order_and_again_are_the_same(writer: AnyWriter, account: Account) -> None:
    """A full list says of every tag that it does not name that it is off: by its own moment, not ours."""
    for number, order in enumerate(permutations(TELLINGS)):
        email = f"mia{number}@example.com"

        def work(tx: Writing, order: tuple[Telling, ...] = order, email: str = email) -> list[str]:
            for telling in (*order, *order[::-1]):
                found = tell(tx, account, email, telling)
            return found.tags

        assert writer.run(work) == TOLD, order


def test_an_empty_list_takes_all_tags_away_and_no_list_none(writer: AnyWriter, account: Account) -> None:
    meet(writer, account, replace(MIA, tags=("b", "a")), at=later(1))

    assert meet(writer, account, MIA, at=later(2)).tags == ["a", "b"]
    assert meet(writer, account, replace(MIA, tags=()), at=later(3)).tags == []
    assert meet(writer, account, Person(external_id="7")).tags == []


def test_tags_stand_in_order_also_before_they_were_kept(writer: AnyWriter, account: Account) -> None:
    assert meet(writer, account, replace(MIA, tags=("b", "c", "a"))).tags == ["a", "b", "c"]


def test_of_on_and_off_at_one_moment_on_wins(writer: AnyWriter, account: Account) -> None:
    for order in (("on", "off"), ("off", "on")):
        email = f"{order[0]}@example.com"

        def work(tx: Writing, order: tuple[str, str] = order, email: str = email) -> list[str]:
            for how in order:
                found = tell(tx, account, email, (how, "vip", THE_MOMENT))
            return found.tags

        assert writer.run(work) == ["vip"]


def test_lists_that_change_every_day_do_not_grow_the_row_for_ever(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    for day in range(50):
        meet(writer, account, replace(MIA, tags=(f"visit-{day}",)), at=THE_MOMENT + timedelta(days=day))

    found = meet(writer, account, Person(external_id="7"))

    assert found.tags == ["visit-49"]
    assert len(found.tag_log) == 1
