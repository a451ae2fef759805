"""What is said of a contact by hand, two that become one, and one that is forgotten."""

from dataclasses import replace
from functools import partial
from itertools import permutations, product
from typing import Any

from sqlalchemy import insert, select

from connector.domain.accounts import Account
from connector.domain.contacts import Person, Trust
from connector.store import contact_changes, contact_lists, contacts, facts, goals, runs, tables
from connector.store.contacts import Contact
from connector.store.engine import Engines
from connector.store.facts import Fact
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter, later

MIA = Person(external_id="7", email="mia@example.com", phone="+14155550113", tags=("a", "b"))


def meet(writer: AnyWriter, account: Account, person: Person = MIA, minute: int = 0) -> Contact:
    found = writer.run(lambda tx: contacts.resolve(tx, account.id, person, "api", later(minute)))
    assert found is not None
    return found


def now(engines: Engines, account: Account, contact: Contact) -> Contact:
    with engines.reading() as connection:
        found = contacts.find(connection, account.id, contact.public_id)
    assert found is not None
    return found


def merge(writer: AnyWriter, source: Contact, target: Contact) -> Contact:
    def work(tx: Writing) -> Contact:
        return contact_changes.merge(tx, *contact_changes.lock_all(tx, [source, target]))

    return writer.run(work)


SAID: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"every": ["c"]}, ["c"]),
    ({"every": []}, []),
    ({"add": ["c", "a"]}, ["a", "b", "c"]),
    ({"remove": ["a", "x"]}, ["b"]),
    ({"add": ["c"], "remove": ["c"]}, ["a", "b"]),
    ({}, ["a", "b"]),
)


def test_a_command_holds_whatever_was_told_before(writer: AnyWriter, account: Account) -> None:
    """Also where the event's clock was ahead of ours; what is told of a later moment goes on top."""
    for number, ((said, tags), minute) in enumerate(product(SAID, (5, 10, 15))):
        person = Person(email=f"mia{number}@example.com", tags=("a", "b"))
        contact = meet(writer, account, person, minute=10)

        changed = contact_changes.tagged(contact, later(minute), **said)
        written = writer.run(lambda tx, c=contact, v=changed: contacts.write(tx, c, v))  # type: ignore[misc]

        assert written.tags == tags
        assert meet(writer, account, replace(person, tags=("z",)), minute=59).tags == ["z"]


def test_identities_are_exactly_those_that_are_set(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    mia, noor = meet(writer, account), meet(writer, account, Person(external_id="8"))

    def put(values: list[str]) -> Any:
        return writer.run(lambda tx: contact_changes.set_identities(tx, mia, "external_id", "api", values))

    assert put(["9", "7"]) is None
    assert put(["9", "8"]) == ("external_id", "api", "8")
    with engines.reading() as connection:
        known = contact_lists.identities_of(connection, [mia.id, noor.id])
    assert known[noor.id] == [("external_id", "api", "8")]
    assert ("external_id", "api", "7") not in known[mia.id]
    assert {("email", "", MIA.email), ("phone", "", MIA.phone)} < {*known[mia.id]}


def test_two_become_one_with_all_that_both_had(writer: AnyWriter, account: Account, engines: Engines) -> None:
    mia = meet(writer, account, minute=5)
    noor = meet(writer, account, Person(email="noor@example.com", first_name="Noor", tags=("c",)), minute=1)
    writer.run(lambda tx: facts.tell(tx, mia.id, 1, Fact("booking", "b", "completed", later(1), 3)))
    writer.run(lambda tx: facts.tell(tx, noor.id, 1, Fact("booking", "b", "completed", later(2), 3)))
    writer.run(lambda tx: facts.tell(tx, mia.id, 1, Fact("points", "p", "earned", later(1), amount=7)))
    for contact in (mia, noor):
        writer.run(lambda tx, c=contact: tx.execute(insert(tables.events), an_event(account, c)) and None)  # type: ignore[misc]

    merged = merge(writer, mia, noor)

    assert (merged.first_name, merged.email, merged.phone) == ("Noor", "noor@example.com", MIA.phone)
    assert (merged.tags, merged.first_seen_at) == (["a", "b", "c"], later(1))
    assert now(engines, account, mia) == now(engines, account, noor)
    for person in (MIA, Person(email="noor@example.com"), Person(phone=MIA.phone)):
        assert meet(writer, account, person).id == noor.id
    with engines.reading() as connection:
        assert (facts.totals(connection, noor.id).visits, facts.points(connection, noor.id)) == (1, 7)
        owners = connection.execute(select(tables.events.c.contact_id)).scalars().all()
        assert {*owners} == {noor.id}
        blank = connection.execute(select(tables.contacts).where(tables.contacts.c.id == mia.id)).mappings()
        assert {row["email"] for row in blank} == {None}


def an_event(account: Account, contact: Contact) -> dict[str, Any]:
    return {
        "public_id": f"evt_{contact.id}",
        "account_id": account.id,
        "contact_id": contact.id,
        "type": "custom.any",
        "occurred_at": THE_MOMENT,
        "envelope": "{}",
        "created_at": THE_MOMENT,
    }


def test_merged_in_any_order_the_first_ids_lead_to_the_last(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    for number, (first, second) in enumerate(permutations([(0, 1), (1, 2)])):
        people = [meet(writer, account, Person(email=f"p{number}{one}@example.com")) for one in range(3)]
        for source, target in (first, second):
            merge(writer, people[source], now(engines, account, people[target]))

        assert {now(engines, account, one).id for one in people} == {people[2].id}


def test_what_a_recipe_did_once_for_one_is_done_for_both(writer: AnyWriter, account: Account) -> None:
    """S000-47: nobody is paid twice for being merged."""
    mia, noor = meet(writer, account), meet(writer, account, Person(email="noor@example.com"))

    def take(value: str) -> bool:
        return writer.run(lambda tx: runs.take_once(tx, account.id, "vip", value, "run_1"))

    assert take(mia.public_id) and take(f"{mia.public_id}:2026")

    merge(writer, mia, noor)

    assert not take(noor.public_id)
    assert not take(f"{noor.public_id}:2026")
    assert take(f"{noor.public_id}:2027")


def test_whatever_names_the_one_names_the_other(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    """A new table that names contacts is thought of here, or what it keeps is lost by a merge."""
    named = {table.name for table in tables.metadata.tables.values() if "contact_id" in table.c}
    moved = {
        "cards",
        "early_undos",
        "events",
        "gifts",
        "given_points",
        "goal_members",
        "identities",
        "notifications",
        "orders",
        "runs",
        "sightings",
        "undoable_runs",
    }
    assert named - moved == {"facts", "contact_tags"}, "moved in ways of their own"
    mia, noor = meet(writer, account), meet(writer, account, Person(email="noor@example.com"))
    for member, run in ((mia, "run_1"), (noor, "run_2"), (mia, "run_3")):
        watch(writer, account, member, run, is_control=run != "run_1")
    writer.run(lambda tx: goals.hit(tx, goals.watched(tx, noor.id)[0][0], "came_back", "evt_1"))

    merge(writer, mia, noor)

    with engines.reading() as connection:
        [kept] = connection.execute(select(tables.goal_members)).mappings().all()
        assert (kept["contact_id"], kept["run"]) == (noor.id, "run_1"), "who got something is in no control"
        assert connection.execute(select(tables.goal_hits)).all() == []


def watch(writer: AnyWriter, account: Account, who: Contact, run: str, *, is_control: bool) -> None:
    writer.run(
        lambda tx: goals.enroll(
            tx,
            account.id,
            who.id,
            recipe="vip",
            revision="a1",
            run=run,
            is_control=is_control,
            until=later(59),
        )
    )


def test_a_merge_vouches_for_nothing(writer: AnyWriter, account: Account, engines: Engines) -> None:
    """What a form said of one of the two goes where the shop tells another, what the shop said stays."""

    def typed(tx: Writing) -> Contact | None:
        form = Person(email="thief@example.com", phone="+14155550199")
        return contacts.resolve(tx, account.id, form, "forms", later(0), trust=Trust.TYPED)

    source = writer.run(typed)
    target = meet(writer, account, Person(external_id="7", email=MIA.email))
    assert source is not None
    merged = merge(writer, source, target)
    assert (merged.email, merged.phone) == (MIA.email, "+14155550199")

    told = meet(writer, account, Person(email=MIA.email, phone=MIA.phone), 1)

    assert (told.public_id, told.email, told.phone) == (target.public_id, MIA.email, MIA.phone)
    with engines.reading() as connection:
        known = contact_lists.identities_of(connection, [told.id])[told.id]
    assert sorted(kind for kind, *_ in known) == ["email", "email", "external_id", "phone"]


def test_what_is_said_by_hand_is_vouched_for(writer: AnyWriter, account: Account) -> None:
    """And of what stays beside it nothing is said."""
    form = Person(email=MIA.email, phone=MIA.phone)

    def by_hand(tx: Writing) -> None:
        made = contacts.resolve(tx, account.id, form, "forms", later(0), trust=Trust.TYPED)
        assert made is not None and MIA.email is not None and MIA.phone is not None
        contact_changes.set_identities(tx, made, "email", "", [MIA.email])
        contact_changes.set_identities(tx, made, "phone", "", [], stays=[MIA.phone])

    writer.run(by_hand)
    by_email = meet(writer, account, Person(email=MIA.email, phone="+14155550177"), 1)
    by_phone = meet(writer, account, Person(email="new@example.com", phone="+14155550177"), 2)

    assert (by_email.phone, by_phone.email) == ("+14155550177", MIA.email)


def test_nobody_is_their_own_referrer_after_a_merge(writer: AnyWriter, account: Account) -> None:
    mia, noor = meet(writer, account), meet(writer, account, Person(email="noor@example.com"))
    writer.run(lambda tx: contacts.write(tx, noor, {"referred_by": mia.public_id}))

    assert merge(writer, mia, noor).referred_by is None


def test_told_of_again_while_they_are_merged_they_are_the_one_that_stays(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    """An event, two namings and a merge at once: nothing stays with the one that went."""
    for number in range(5):
        person = Person(email=f"mia{number}@example.com")
        mia = meet(writer, account, person)
        noor = meet(writer, account, Person(email=f"noor{number}@example.com"))
        names = [partial(name, writer, account, mia, f"evt_{number}_{one}") for one in range(2)]

        ended = at_once(
            [names[0], partial(merge, writer, mia, noor), partial(meet, writer, account, person), names[1]]
        )

        assert [one.error for one in ended] == [None] * 4
        with engines.reading() as connection:
            whose = select(tables.events.c.contact_id).where(
                tables.events.c.public_id.like(f"evt_{number}_%")
            )
            assert connection.execute(whose).scalars().all() == [noor.id] * 2
        assert now(engines, account, mia).id == noor.id


def name(writer: AnyWriter, account: Account, contact: Contact, event: str) -> Contact:
    """Make a row that names the contact."""

    def work(tx: Writing) -> Contact:
        found = contacts.find(tx, account.id, contact.public_id, pinned=True)
        assert found is not None
        tx.execute(insert(tables.events), {**an_event(account, found), "public_id": event})
        return found

    return writer.run(work)


def test_who_is_forgotten_is_found_by_nothing_and_can_come_anew(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    mia = meet(writer, account)
    friend = meet(writer, account, Person(email="zoe@example.com"))
    writer.run(lambda tx: contacts.write(tx, friend, {"referred_by": MIA.email}))

    writer.run(lambda tx: contact_changes.forget(tx, contact_changes.lock_all(tx, [mia])[0]))

    gone = now(engines, account, mia)
    assert gone.erased_at is not None
    assert (gone.email, gone.phone, gone.tags, dict(gone.attributes)) == (None, None, [], {})
    with engines.reading() as connection:
        assert contact_lists.identities_of(connection, [mia.id]) == {mia.id: []}
    assert now(engines, account, friend).referred_by == mia.public_id
    assert meet(writer, account).id != mia.id
