"""By what people are found, and how far what is told of somebody is believed.

The one rule: an address that nobody vouches for neither finds a person who is there already
nor is written to, and of who was made with it it goes where somebody vouches for another;
an id that came with one finds, and proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, literal_column, select, update

from ..domain.contacts import Person, Trust
from .prepared import Prepared
from .tables import identities
from .writer import Writing, ask

_KINDS: Final = ("external_id", "email", "phone")
_FOUND: Final = Prepared(
    select(*(identities.c[name] for name in ("kind", "namespace", "value", "contact_id", "is_vouched")))
    .where(identities.c.account_id == bindparam("account_id"))
    # Every column of the unique index, so that a million other identities cost nothing.
    .where(identities.c.kind.in_([literal_column(f"'{kind}'") for kind in _KINDS]))
    .where(identities.c.namespace.in_((bindparam("namespace"), literal_column("''"))))
    .where(identities.c.value.in_((bindparam("first"), bindparam("second"), bindparam("third"))))
)

Identity = tuple[str, str, str]
"""Kind, namespace and value; e-mail and phone have no namespace."""

Known = dict[Identity, tuple[int, bool]]
"""Whose each is, by the number of the contact's row, and whether somebody vouched for that."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Whether told addresses may stand where a contact has none, and in the place of those that it has.

    One that nobody vouched for counts as none. What is told again of those that it `fills` is vouched for.
    """

    fills: bool
    replaces: bool


def belief(known: Known, found: int, trust: Trust) -> Belief:
    """How far a telling with such identities is believed of the contact whose row is `found`."""
    own = [(kind, is_vouched) for (kind, *_), (owner, is_vouched) in known.items() if owner == found]
    by_id = ("external_id", True) in own
    by_address = any(kind != "external_id" for kind, _ in own)
    is_vouched = trust is Trust.VOUCHED and (by_id or by_address)
    return Belief(is_vouched or (trust is Trust.BY_ID and by_id), by_id and trust is not Trust.TYPED)


def of_person(person: Person, namespace: str) -> list[Identity]:
    """What a person can be found by, best first."""
    told = (
        ("external_id", namespace, person.external_id),
        ("email", "", person.email),
        ("phone", "", person.phone),
    )
    return [(kind, within, value) for kind, within, value in told if value]


def known(connection: Connection | Writing, account_id: int, wanted: list[Identity]) -> Known:
    """Those of one person's identities that somebody has."""
    first, second, third = ([value for _, _, value in wanted] * 3)[:3]
    values = {
        "account_id": account_id,
        "namespace": wanted[0][1],  # only an external id has one, and it comes first
        "first": first,
        "second": second,
        "third": third,
    }
    found = {
        (row["kind"], row["namespace"], row["value"]): (int(row["contact_id"]), bool(row["is_vouched"]))
        for row in ask(connection, _FOUND, values)
    }
    return {identity: found[identity] for identity in wanted if identity in found}


def beside(
    tx: Writing, account_id: int, found: int, kept: Mapping[str, str | None], person: Person, there: Known
) -> tuple[dict[str, Identity], bool]:
    """Of the addresses `kept` of the contact `found`, those that a believed telling does away with, by name.

    Nobody vouched for them, and it tells others; or it is the first to vouch for the one beside them. Then
    another that is vouched for shows (True) that the first is somebody else's: whoever typed it put it there.
    """
    own = [(kind, is_vouched) for (kind, *_), (owner, is_vouched) in there.items() if owner == found]
    is_first = any(kind != "external_id" and not is_vouched for kind, is_vouched in own)
    is_proven = any(is_vouched for _, is_vouched in own)
    typed, is_anothers = {}, False
    for name, value in kept.items():
        told = getattr(person, name)
        if value and told != value and (told or is_first):
            identity = (name, "", value)
            owner, is_vouched = known(tx, account_id, [identity]).get(identity, (0, True))
            if owner == found and not is_vouched:
                typed[name] = identity
            is_anothers |= owner == found and is_vouched and is_first and not is_proven
    return typed, is_anothers


def first(known: Known, wanted: list[Identity]) -> int | None:
    """Whose the best of them is."""
    return next((known[identity][0] for identity in wanted if identity in known), None)


def attach(tx: Writing, account_id: int, contact_id: int, identity: Identity, *, is_vouched: bool) -> bool:
    """Give it to a contact; False where another one has it."""
    kind, namespace, value = identity
    values = {
        "account_id": account_id,
        "kind": kind,
        "namespace": namespace,
        "value": value,
        "contact_id": contact_id,
        "is_vouched": is_vouched,
        "created_at": tx.now,
    }
    return tx.insert_new(identities, values, ("account_id", "kind", "namespace", "value")) is not None


def vouch(tx: Writing, account_id: int, contact_id: int, identity: Identity) -> None:
    """Keep that somebody who knows said that it is the contact's."""
    here = _of(account_id, contact_id, identity)
    tx.execute(update(identities).where(*here, identities.c.is_vouched.is_(False)).values(is_vouched=True))


def detach(tx: Writing, account_id: int, contact_id: int, identity: Identity) -> None:
    """Let the contact no longer be found by it."""
    tx.execute(delete(identities).where(*_of(account_id, contact_id, identity)))


def _of(account_id: int, contact_id: int, identity: Identity) -> tuple[ColumnElement[bool], ...]:
    kind, namespace, value = identity
    return (
        identities.c.account_id == account_id,
        identities.c.kind == kind,
        identities.c.namespace == namespace,
        identities.c.value == value,
        identities.c.contact_id == contact_id,
    )
