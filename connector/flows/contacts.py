"""Contacts for the doors: make, find, change, merge, erase, and what each of them has.

The one rule: two contacts become one only when somebody says so, and what is another's
is refused by name. Each change has an audit row, which names fields and never repeats
what a person told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.contacts import normal_email, normal_phone
from ..domain.errors import Conflict, ContactErased, FieldError, IdentityTaken, NotFound
from ..domain.tags import Match, tag_of
from ..operations.kit import API_NAMESPACE, Desk
from ..operations.points import line_json
from ..store import contact_changes, contact_lists, contacts, facts
from ..store.contacts import Contact
from ..store.identities import Identity
from ..store.writer import Writing
from . import contact_fields, erasure
from .contact_fields import LEFT_OUT, Told, wrong
from .contact_json import shown
from .paging import Page, close_cursor, limit_of, open_cursor
from .parts import Parts
from .perform import Answered, Idempotency, once

CONTACTS: Final = "contacts"
POINTS: Final = "points"


@dataclass(frozen=True, slots=True)
class PointsPage:
    """A page of a contact's lines of points, and what they have in all."""

    points: int
    data: list[dict[str, Any]]
    next_cursor: str | None

    def as_json(self) -> dict[str, Any]:
        return {"points": self.points, "data": self.data, "next_cursor": self.next_cursor}


@dataclass(frozen=True, slots=True)
class People:
    """An account's contacts as the gateway offers them."""

    parts: Parts

    def create(
        self,
        account: Account,
        actor: Actor,
        told: Mapping[str, Any],
        key: Idempotency | None = None,
        *,
        find_or_create: bool = False,
    ) -> Answered:
        """201 and the new contact; 200 and the one that is there where `find_or_create` is asked.

        IdentityTaken where another contact has one of its identities.
        """
        wanted = contact_fields.read(account, told)
        if not wanted.identities:
            raise wrong("email", "or phone, external_id or external_ids is required: who would find them?")

        def deed(desk: Desk) -> tuple[Contact, int]:
            taken = contacts.owners(desk.tx, account.id, wanted.identities)
            if taken and not (find_or_create and len({*taken.values()}) == 1):
                raise _taken(desk, next(iter(taken)))
            person, namespace = wanted.first()
            found = contacts.resolve(desk.tx, account.id, person, namespace, desk.now)
            assert found is not None
            if not found.is_new and not find_or_create:  # somebody made them in the same moment
                raise _taken(desk, wanted.identities[0])
            if found.is_new:
                return _write(desk, found, wanted, "create_contact"), 201
            return _write(desk, found, wanted, "update_contact"), 200

        return self._once(account, actor, key, deed)

    def update(
        self,
        account: Account,
        actor: Actor,
        contact: str,
        told: Mapping[str, Any],
        key: Idempotency | None = None,
        match: Match | None = None,
    ) -> Answered:
        """What is told replaces, a null empties, what is left out stays. IdentityTaken, ContactErased."""
        wanted = contact_fields.read(account, told)

        def deed(desk: Desk) -> tuple[Contact, int]:
            found = contacts.lock(desk.tx, _require(desk.tx, account, contact))
            _require_match(desk, match, found)
            _require_there(found)
            return _write(desk, found, wanted, "update_contact"), 200

        return self._once(account, actor, key, deed)

    def merge(
        self,
        account: Account,
        actor: Actor,
        contact: str,
        other: str,
        key: Idempotency | None = None,
        match: Match | None = None,
    ) -> Answered:
        """Let `other` go on as `contact`; its id stays another name of it. Done before: nothing more."""

        def deed(desk: Desk) -> tuple[Contact, int]:
            target, source = _locked(desk, contact, other)
            _require_match(desk, match, target)
            if target.id == source.id:
                return target, 200
            _require_there(target)
            _require_there(source)
            merged = contact_changes.merge(desk.tx, source, target)
            details = {"from": source.public_id}
            desk.note("merge_contacts", None, subject=target.public_id, details=details)
            return merged, 200

        return self._once(account, actor, key, deed)

    def erase(
        self,
        account: Account,
        actor: Actor,
        contact: str,
        key: Idempotency | None = None,
        match: Match | None = None,
    ) -> Answered:
        """Take the person out for good; cards, sums and ids stay. Done before: nothing more."""

        def deed(desk: Desk) -> tuple[Contact, int]:
            [found] = _locked(desk, contact)
            _require_match(desk, match, found)
            return found if found.erased_at is not None else erasure.erase(desk, found), 200

        return self._once(account, actor, key, deed)

    def one(self, account: Account, contact: str) -> dict[str, Any]:
        """One contact with its totals, or NotFound; one that was merged is the one it went on as."""
        with self.parts.engines.reading() as connection:
            found = _require(connection, account, contact)
            return shown(connection, account, [found], self._now(account))[0]

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Contacts, newest first. `asked`: limit, cursor, and what `contact_fields.filters` reads."""
        limit = limit_of(asked.get("limit"))
        filters = contact_fields.filters(account, asked)
        which = f"{CONTACTS} {contact_fields.digest(asked)}"
        after = open_cursor(self.parts, account, which, asked.get("cursor"))
        before = None if after is None else int(after[0])
        with self.parts.engines.reading() as connection:
            found = contact_lists.page(connection, account.id, filters, before=before, limit=limit + 1)
            data = shown(connection, account, found[:limit], self._now(account))
        if len(found) <= limit:
            return Page(data, None)
        return Page(data, close_cursor(self.parts, account, which, [found[limit - 1].id]))

    def points(self, account: Account, contact: str, asked: Mapping[str, Any]) -> PointsPage:
        """A contact's lines of points, newest first."""
        limit = limit_of(asked.get("limit"))
        with self.parts.engines.reading() as connection:
            found = _require(connection, account, contact)
            which = f"{POINTS} {found.public_id}"
            after = open_cursor(self.parts, account, which, asked.get("cursor"))
            before = None if after is None else int(after[0])
            lines = facts.lines(connection, found.id, before=before, limit=limit + 1)
            has = facts.points(connection, found.id)
        data = [line_json(line) for line in lines[:limit]]
        more = close_cursor(self.parts, account, which, [lines[limit - 1].id]) if len(lines) > limit else None
        return PointsPage(has, data, more)

    def _once(
        self,
        account: Account,
        actor: Actor,
        key: Idempotency | None,
        deed: Callable[[Desk], tuple[Contact, int]],
    ) -> Answered:
        """Do `deed` once, and answer with the contact as it is then."""

        def work(tx: Writing) -> Answered:
            desk = self.parts.desk(tx, account, actor)
            contact, status = deed(desk)
            body = shown(tx, account, [contact], desk.now)[0]
            return Answered(status, body, etag=tag_of(body))

        return once(self.parts, account, work, key)

    def _now(self, account: Account) -> datetime:
        return self.parts.clock.now() + account.clock_offset


def _write(desk: Desk, contact: Contact, told: Told, act: str) -> Contact:
    """Write what was told to a locked contact, and note which fields it was."""
    _write_identities(desk, contact, told)
    changed: dict[str, Any] = dict(told.names)
    for name, values in (("email", told.email), ("phone", told.phone)):
        if values is not None:
            changed[name] = values[0] if values else None
    changed = {name: value for name, value in changed.items() if getattr(contact, name) != value}
    if changed:
        changed["names_at"] = desk.now
    if told.tags is not None or told.add_tags or told.remove_tags:
        changed |= contact_changes.tagged(
            contact, desk.now, every=told.tags, add=told.add_tags, remove=told.remove_tags
        )
    if told.attributes or told.clears_attributes:
        there = {} if told.clears_attributes else contact.attributes
        changed["attributes"] = contact_fields.attributes_with(there, told.attributes)
    if told.referred_by is not LEFT_OUT:
        changed["referred_by"] = _referrer(desk, contact, told.referred_by)
    written = contacts.write(desk.tx, contact, changed) if changed else contact
    contact_fields.require_tags(len(written.tags))
    fields = sorted({*changed, *(["external_ids"] if told.external_ids else [])} - {"names_at", "tags_at"})
    named = ["tags" if name == "tag_log" else name for name in fields]
    desk.note(act, None, subject=contact.public_id, details={"fields": named})
    return written


def _write_identities(desk: Desk, contact: Contact, told: Told) -> None:
    """What the contact is found by: an address that is replaced finds nobody any more."""
    for space, values in told.external_ids.items():
        _require_free(desk, contact_changes.set_identities(desk.tx, contact, "external_id", space, values))
    for kind, told_of, old in (("email", told.email, contact.email), ("phone", told.phone, contact.phone)):
        if told_of is None:
            continue
        kept = [
            one
            for own, _, one in contact_lists.identities_of(desk.tx, [contact.id])[contact.id]
            if own == kind
        ]
        stays = [one for one in kept if one != old] if told_of else []
        _require_free(desk, contact_changes.set_identities(desk.tx, contact, kind, "", told_of, stays=stays))
    if not contact_lists.identities_of(desk.tx, [contact.id])[contact.id]:
        raise wrong("email", "cannot go too: nothing would be left to find them by; erase them instead")


def _require_free(desk: Desk, taken: Identity | None) -> None:
    if taken is not None:
        raise _taken(desk, taken)


def _taken(desk: Desk, identity: Identity) -> IdentityTaken:
    """Names the contact that has it: both are of this account, and may be one person."""
    kind, namespace, _ = identity
    owner = contacts.owners(desk.tx, desk.account.id, [identity]).get(identity)
    whose = contact_lists.public_ids(desk.tx, [] if owner is None else [owner])
    name = f"external_ids.{namespace}" if kind == "external_id" and namespace != API_NAMESPACE else kind
    message = f"is that of {whose[0] if whose else 'another contact'}"
    return IdentityTaken(
        f"{name} {message}; merge the two if they are one person.", errors=[FieldError(name, message)]
    )


def _referrer(desk: Desk, contact: Contact, name: str | None) -> str | None:
    """Who recommended them: a contact's id where we know them, else their address or number."""
    if name is None:
        return None
    found = desk.find_contact(name)
    if found is not None:
        if found.id == contact.id:
            raise wrong("referred_by", "is this contact: nobody recommends themselves")
        return found.public_id
    written = normal_email(name) or (normal_phone(name, desk.account.country) if name[:1] == "+" else None)
    if written is None:
        raise wrong("referred_by", "names nobody: a contact's id, e-mail address or phone number")
    return written


def _require(connection: Any, account: Account, contact: str) -> Contact:
    found = contacts.find(connection, account.id, contact)
    if found is None:
        raise NotFound("There is no such contact in this account.")
    return found


def _locked(desk: Desk, *names: str) -> list[Contact]:
    """The contacts with these ids, held until the commit also against whatever would name them."""
    found = [_require(desk.tx, desk.account, one) for one in names]
    desk.tx.pause("contacts.found")
    held = contact_changes.lock_all(desk.tx, found)
    if any(one.merged_into is not None for one in held):
        raise Conflict("One of them was merged meanwhile; look again.")
    return held


def _require_match(desk: Desk, match: Match | None, contact: Contact) -> None:
    """Pass if the locked contact is as the request's If-Match says; its totals belong to it."""
    if match is not None:
        match.require(tag_of(shown(desk.tx, desk.account, [contact], desk.now)[0]))


def _require_there(contact: Contact) -> None:
    if contact.erased_at is not None:
        raise ContactErased(f"Contact {contact.public_id} was erased.")
