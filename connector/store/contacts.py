"""Contacts: find, make, bring up to date. Late news never undoes newer.

Every change of a contact's row goes through `write`. One that was merged is an
alias: whoever is asked for by its id is the contact that it went on as.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from ..domain import ids, tag_logs
from ..domain.contacts import Person, Trust
from . import identities, words
from .columns import is_name
from .identities import Belief, Identity, Known
from .prepared import Prepared
from .tables import contact_tags, contacts
from .writer import Writing, ask

_BY_ID: Final = select(contacts).where(contacts.c.id == bindparam("id"))
# Not plain FOR UPDATE: rows that name a contact (cards, events, runs) would wait for it, in a circle.
_BY_ID_LOCKED: Final = _BY_ID.with_for_update(key_share=True)
_INSERT: Final = Prepared(insert(contacts), returns_id=True)
_HELD: Final = {True: Prepared(_BY_ID), False: Prepared(_BY_ID_LOCKED)}
_PUBLIC: Final = select(contacts).where(
    contacts.c.account_id == bindparam("account_id"), contacts.c.public_id == bindparam("public_id")
)
_BY_PUBLIC: Final = Prepared(_PUBLIC)
_BY_ID_READ: Final = Prepared(_BY_ID)
# What names a contact keeps it from being merged away before the commit, and nobody from naming it, too.
_BY_PUBLIC_PINNED: Final = Prepared(_PUBLIC.with_for_update(read=True, key_share=True))
_BY_ID_PINNED: Final = Prepared(_BY_ID.with_for_update(read=True, key_share=True))
_PUT_TAG: Final = Prepared(insert(contact_tags))
_TAKE_TAG: Final = Prepared(
    delete(contact_tags).where(
        contact_tags.c.account_id == bindparam("account_id"),
        contact_tags.c.tag == bindparam("tag"),
        contact_tags.c.contact_id == bindparam("contact_id"),
    )
)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as an account knows them. `tags` are those that are on, in alphabetical order.

    `names_at` is when the newest telling of name, e-mail or phone happened. `taken`:
    identities that were told with this person and belong to another contact.
    `tags_before`: those that were on before the telling that found it.
    """

    id: int
    public_id: str
    account_id: int
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    tag_log: Mapping[str, Any]
    tags_at: datetime | None
    names_at: datetime | None
    attributes: Mapping[str, Any]
    referred_by: str | None
    first_seen_at: datetime
    created_at: datetime
    updated_at: datetime
    merged_into: int | None = None
    erased_at: datetime | None = None
    external_id: str | None = None
    is_new: bool = field(default=False, compare=False)
    taken: tuple[Identity, ...] = field(default=(), compare=False)
    tags_before: tuple[str, ...] = field(default=(), compare=False)

    @property
    def tags(self) -> list[str]:
        return sorted(tag for tag, (_, is_on) in self.tag_log.items() if is_on)


class _IdentityTaken(Exception):
    """Another transaction made this person in the same moment."""


def resolve(
    tx: Writing,
    account_id: int,
    person: Person,
    namespace: str,
    at: datetime,
    *,
    may_change: bool = True,
    trust: Trust = Trust.VOUCHED,
) -> Contact | None:
    """The contact that `person` is, found or made, with what is news written to it; locked until the commit.

    External id within `namespace` first, then e-mail, then phone. `at` is when the
    event happened. None where the person has none of the three. Without `may_change`
    one that is there stays as it is, and is found by nothing new. `trust` is how far its addresses are
    believed of one who is there: they fill what is empty or what nobody vouched for, replace what is known
    only for who was found by an external id, and otherwise neither stand there nor find. An id that came
    with an address of somebody, and that nobody vouched for, finds them from then on and proves nothing.
    """
    wanted = identities.of_person(person, namespace)
    if not wanted:
        return None
    known = identities.known(tx, account_id, wanted)
    found = identities.first(known, wanted)
    if found is None:
        try:
            return _make(tx, account_id, person, wanted, at, trust)
        except _IdentityTaken:
            known = identities.known(tx, account_id, wanted)
            found = identities.first(known, wanted)
            assert found is not None
    contact = _locked(tx, found)
    is_gone = contact.merged_into is not None or contact.erased_at is not None
    if is_gone or _has_lost(tx, contact, known):  # while we waited for the row
        return resolve(tx, account_id, person, namespace, at, may_change=may_change, trust=trust)
    if not may_change:
        return contact
    belief = identities.belief(known, found, trust)
    doubted: dict[str, Identity] = {}
    if belief.fills:
        kept = {"email": contact.email, "phone": contact.phone}
        doubted, is_anothers = identities.beside(tx, account_id, found, kept, person, known)
        if is_anothers:
            _part(tx, contact, known)
            return resolve(tx, account_id, person, namespace, at, may_change=may_change, trust=trust)
    for identity in wanted:
        if belief.fills and known.get(identity) == (found, False):
            identities.vouch(tx, account_id, found, identity)
        if identity in known or not (belief.fills or identity[0] == "external_id"):
            continue
        if not identities.attach(tx, account_id, contact.id, identity, is_vouched=belief.fills):
            known = {**known, **identities.known(tx, account_id, [identity])}
    others = tuple(one for one in wanted if one in known and known[one][0] != contact.id)
    told = replace(contact, external_id=person.external_id, taken=others, tags_before=tuple(contact.tags))
    return _update(tx, told, person, at, belief, doubted)


def find(
    connection: Connection | Writing, account_id: int, public_id: str, *, pinned: bool = False
) -> Contact | None:
    """The account's contact with this id, or None; of one that was merged, the one that it went on as.

    `pinned`, in a transaction: it cannot be merged before the commit, so that what
    is to name it names whom it should.
    """
    if not is_name(public_id):
        return None
    is_pinned = _is_pinned(connection, pinned)
    by_public = _BY_PUBLIC_PINNED if is_pinned else _BY_PUBLIC
    rows = ask(connection, by_public, {"account_id": account_id, "public_id": public_id})
    if rows and rows[0]["merged_into"] is not None:
        by_id = _BY_ID_PINNED if is_pinned else _BY_ID_READ
        rows = ask(connection, by_id, {"id": rows[0]["merged_into"]})
    return contact_of(rows[0]) if rows else None


def find_by(
    connection: Connection | Writing, account_id: int, person: Person, namespace: str, *, pinned: bool = False
) -> Contact | None:
    """The contact that `person` is, or None; nothing is made or changed. `pinned` as of `find`."""
    wanted = identities.of_person(person, namespace)
    if not wanted:
        return None
    found = identities.first(identities.known(connection, account_id, wanted), wanted)
    if found is None:
        return None
    by_id = _BY_ID_PINNED if _is_pinned(connection, pinned) else _BY_ID_READ
    [row] = ask(connection, by_id, {"id": found})
    if row["merged_into"] is not None:
        [row] = ask(connection, by_id, {"id": row["merged_into"]})
    return contact_of(row)


def lock(tx: Writing, contact: Contact) -> Contact:
    """The contact as it is now, held until the commit; the one that it went on as where it was merged."""
    return lock_row(tx, contact.id)


def who(tx: Writing, account_id: int, person: Person, namespace: str) -> Contact | None:
    """Whom `resolve` would find, held until the commit: nobody is made by asking, and nothing written."""
    wanted = identities.of_person(person, namespace)
    found = identities.first(identities.known(tx, account_id, wanted), wanted) if wanted else None
    return None if found is None else lock_row(tx, found)


def lock_row(tx: Writing, number: int) -> Contact:
    """As `lock`, by the number of the contact's row."""
    held = _locked(tx, number)
    return held if held.merged_into is None else _locked(tx, held.merged_into)


def owners(connection: Connection | Writing, account_id: int, wanted: list[Identity]) -> dict[Identity, int]:
    """Which of these identities belong to a contact, and the number of its row."""
    known: dict[Identity, int] = {}
    for identity in wanted:
        found = identities.known(connection, account_id, [identity])
        known |= {one: owner for one, (owner, _) in found.items()}
    return known


def write(tx: Writing, contact: Contact, changed: Mapping[str, Any]) -> Contact:
    """Write `changed`, fields of Contact, to a locked contact's row, and what is kept of it elsewhere."""
    row = {"tags" if name == "tag_log" else name: value for name, value in changed.items()}
    tx.execute(update(contacts).where(contacts.c.id == contact.id).values(**row, updated_at=tx.now))
    after = replace(contact, **changed, updated_at=tx.now)
    _follow_tags(tx, after, contact.tags)
    words.follow(tx, contact.account_id, words.CONTACT, contact.id, _words_of(contact), _words_of(after))
    return after


def set_tag(tx: Writing, contact: Contact, tag: str, *, is_on: bool, at: datetime) -> Contact:
    """Put one tag on or take it off, unless something newer was said about it."""
    log = dict(contact.tag_log)
    if not tag_logs.tell(log, contact.tags_at, tag, is_on=is_on, at=at):
        return contact
    return write(tx, contact, {"tag_log": log})


def attach(tx: Writing, contact: Contact, identity: Identity) -> bool:
    """Give the contact an identity; False where another one has it."""
    return identities.attach(tx, contact.account_id, contact.id, identity, is_vouched=True)


def _is_pinned(connection: Connection | Writing, pinned: bool) -> bool:
    return pinned and isinstance(connection, Writing) and not connection.is_alone


def _follow_tags(tx: Writing, contact: Contact, before: list[str]) -> None:
    after = contact.tags
    for statement, tags in ((_TAKE_TAG, set(before) - set(after)), (_PUT_TAG, set(after) - set(before))):
        for tag in sorted(tags):
            tx.do(statement, {"account_id": contact.account_id, "tag": tag, "contact_id": contact.id})


def _words_of(contact: Contact) -> set[bytes]:
    return words.of_contact(contact.first_name, contact.last_name, contact.email)


def _locked(tx: Writing, contact_id: int) -> Contact:
    [row] = tx.fetch(_HELD[tx.is_alone], {"id": contact_id})
    return contact_of(row)


def _make(
    tx: Writing, account_id: int, person: Person, wanted: list[Identity], at: datetime, trust: Trust
) -> Contact:
    log: dict[str, Any] = {}
    for tag in person.tags or ():
        tag_logs.tell(log, None, tag, is_on=True, at=at)
    contact = Contact(
        id=0,
        public_id=ids.new_id(ids.CONTACT, tx.now),
        account_id=account_id,
        email=person.email,
        phone=person.phone,
        first_name=person.first_name,
        last_name=person.last_name,
        tag_log=log,
        tags_at=None if person.tags is None else at,
        names_at=at if _tells_details(person) else None,
        attributes={},
        referred_by=None,
        first_seen_at=at,
        created_at=tx.now,
        updated_at=tx.now,
        external_id=person.external_id,
        is_new=True,
    )
    with tx.savepoint():
        made = replace(contact, id=tx.insert(_INSERT, _row(contact)))
        _follow_tags(tx, made, [])
        words.follow(tx, account_id, words.CONTACT, made.id, set(), _words_of(made))
        for identity in wanted:
            if not identities.attach(tx, account_id, made.id, identity, is_vouched=trust is not Trust.TYPED):
                raise _IdentityTaken  # by any of them they are the same person
    return made


def _has_lost(tx: Writing, contact: Contact, known: Known) -> bool:
    """Whether something that nobody vouched for and that it was found by has been taken from it."""
    open_to_doubt = [one for one, found in known.items() if found == (contact.id, False)]
    return any(
        identities.known(tx, contact.account_id, [one]).get(one, (0, False))[0] != contact.id
        for one in open_to_doubt
    )


def _part(tx: Writing, contact: Contact, known: Known) -> None:
    """Take from it what nobody vouched for and it was found by: whoever knows tells it of somebody else."""
    typed = [one for one, found in known.items() if found == (contact.id, False)]
    for identity in typed:
        identities.detach(tx, contact.account_id, contact.id, identity)
    values = {kind: value for kind, _, value in typed if kind != "external_id"}
    write(tx, contact, {name: None for name, value in values.items() if getattr(contact, name) == value})


def _update(
    tx: Writing,
    contact: Contact,
    person: Person,
    at: datetime,
    belief: Belief,
    doubted: Mapping[str, Identity],
) -> Contact:
    """Write what `person` tells that is newer than what is known; nobody else's address.

    What is `doubted` is not known, whenever it was said: told in order it would never have stood there. So it
    goes also where none is told in its place.
    """
    others = {kind for kind, *_ in contact.taken}
    changed: dict[str, Any] = {}
    if at < contact.first_seen_at:
        changed["first_seen_at"] = at
    is_newer = contact.names_at is None or at >= contact.names_at
    for name in ("email", "phone", "first_name", "last_name"):
        told, known = getattr(person, name), None if name in doubted else getattr(contact, name)
        is_believed = (belief.replaces if known else belief.fills) and name not in others
        is_kept = name in ("email", "phone") and not is_believed
        if told and told != known and not is_kept and (is_newer or not known):
            changed[name] = told
    if is_newer and _tells_details(person) and contact.names_at != at:
        changed["names_at"] = at
    if person.tags is not None:
        changed.update(_tell_all(contact, person.tags, at))
    changed |= {name: None for name in doubted if getattr(person, name) is None}
    for name in doubted.keys() & changed.keys():
        identities.detach(tx, contact.account_id, contact.id, doubted[name])
    if not changed:
        return contact
    return write(tx, contact, changed)


def _tells_details(person: Person) -> bool:
    return bool(person.email or person.phone or person.first_name or person.last_name)


def _tell_all(contact: Contact, tags: tuple[str, ...], at: datetime) -> dict[str, Any]:
    """A full list: what it names is on, what it leaves out is off, where nothing newer is known."""
    log, listed_at = tag_logs.tell_all(dict(contact.tag_log), contact.tags_at, tags, at)
    changed: dict[str, Any] = {} if log == contact.tag_log else {"tag_log": log}
    if listed_at != contact.tags_at:
        changed["tags_at"] = listed_at
    return changed


def _row(contact: Contact) -> dict[str, Any]:
    return {
        "public_id": contact.public_id,
        "account_id": contact.account_id,
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "tags": dict(contact.tag_log),
        "tags_at": contact.tags_at,
        "names_at": contact.names_at,
        "attributes": dict(contact.attributes),
        "referred_by": contact.referred_by,
        "first_seen_at": contact.first_seen_at,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
    }


def contact_of(row: RowMapping | Mapping[str, Any]) -> Contact:
    """A row of the table as a Contact."""
    return Contact(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        email=row["email"],
        phone=row["phone"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        tag_log=row["tags"],
        tags_at=row["tags_at"],
        names_at=row["names_at"],
        attributes=row["attributes"],
        referred_by=row["referred_by"],
        first_seen_at=row["first_seen_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        merged_into=row["merged_into"],
        erased_at=row["erased_at"],
    )
