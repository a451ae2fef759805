"""Contacts: make, find, change, merge, erase; their cards and their points."""

from typing import Any, Final

from flask import Response

from ...domain.tags import tag_of
from ...flows.perform import Answered
from ...operations.kit import Field
from .. import conditions
from ..answers import deed_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape
from . import cards

PATH: Final = "/v1/contacts"
ONE: Final = f"{PATH}/{{contact}}"
SCOPE: Final = "contacts"
TOLD: Final = {
    "external_id": Field("contact", "your own id of the person", is_clearable=True),
    "external_ids": Field(
        "mapping", "their ids at each source: a text, a list, or null to take them out, by namespace"
    ),
    "email": Field("contact", "their e-mail address", is_clearable=True),
    "phone": Field("contact", "their phone number", is_clearable=True),
    "first_name": Field("text", "their first name", is_clearable=True),
    "last_name": Field("text", "their last name", is_clearable=True),
    "tags": Field("texts", "all their tags"),
    "attributes": Field("mapping", "anything of yours; a key's null takes it out", is_clearable=True),
    "referred_by": Field(
        "contact", "who recommended them: id, e-mail address, phone number or external id", is_clearable=True
    ),
}
CREATE: Final = Shape(
    {**TOLD, "find_or_create": Field("flag", "bring the contact up to date that has one of these identities")}
)
CHANGE: Final = Shape(
    {
        **TOLD,
        "add_tags": Field("texts", "tags to put on"),
        "remove_tags": Field("texts", "tags to take off"),
    }
)
MERGE: Final = Shape(
    {"from": Field("contact", "the id of the contact that goes on as this one")}, frozenset({"from"})
)
FILTERS: Final = {
    "external_id": Field("contact", "who has this id"),
    "namespace": Field("text", "whose id that is: a source's slug or shared name; api if left out"),
    "email": Field("contact", "who has this e-mail address"),
    "phone": Field("contact", "who has this phone number, as +14155550113"),
    "tag": Field("contact", "who has this tag"),
    "q": Field("contact", "whose name or e-mail address has these words"),
}
CARD_FILTERS: Final = {name: field for name, field in cards.FILTERS.items() if name != "contact_id"}


def _create(asked: Asked) -> Response:
    told = dict(asked.body)
    find_or_create = told.pop("find_or_create", False)
    people, actor = asked.gateway.people, asked.actor()
    return _told(asked, people.create(asked.account, actor, told, asked.key, find_or_create=find_or_create))


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.people.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    shown = asked.gateway.people.one(asked.account, asked.path["contact"])
    return conditions.shown(Answered(200, shown, etag=tag_of(shown)))


def _change(asked: Asked) -> Response:
    people, contact = asked.gateway.people, asked.path["contact"]
    return _told(
        asked, people.update(asked.account, asked.actor(), contact, asked.body, asked.key, asked.match)
    )


def _merge(asked: Asked) -> Response:
    people, contact, other = asked.gateway.people, asked.path["contact"], asked.body["from"]
    return _told(asked, people.merge(asked.account, asked.actor(), contact, other, asked.key, asked.match))


def _erase(asked: Asked) -> Response:
    people, contact = asked.gateway.people, asked.path["contact"]
    return _told(asked, people.erase(asked.account, asked.actor(), contact, asked.key, asked.match))


def _told(asked: Asked, answered: Answered) -> Response:
    return conditions.with_tag(deed_answer(asked.site, answered), answered)


def _cards(asked: Asked) -> Response:
    contact = asked.gateway.people.one(asked.account, asked.path["contact"])["id"]
    page = asked.gateway.list_cards(asked.account, {**asked.query, "contact_id": contact})
    return asked.page(f"{PATH}/{asked.path['contact']}/gift-cards", page)


def _points(asked: Asked) -> Response:
    contact = asked.path["contact"]
    page: Any = asked.gateway.people.points(asked.account, contact, asked.query)
    return asked.page(f"{PATH}/{contact}/points", page)


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Make a contact", _create, "Contact", 201, CREATE, is_tagged=True),
    Call("GET", PATH, SCOPE, "Find contacts", _every, "ContactPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, SCOPE, "Show a contact", _one, "Contact", is_tagged=True),
    Call("PATCH", ONE, SCOPE, "Change a contact", _change, "Contact", body=CHANGE, is_tagged=True),
    Call(
        "POST",
        f"{ONE}/merge",
        SCOPE,
        "Merge a contact into this one",
        _merge,
        "Contact",
        body=MERGE,
        is_tagged=True,
    ),
    Call("POST", f"{ONE}/erase", SCOPE, "Erase the person, not the money", _erase, "Contact", is_tagged=True),
    Call(
        "GET",
        f"{ONE}/gift-cards",
        "cards:read",
        "List a contact's gift cards",
        _cards,
        "GiftCardPage",
        query={**CARD_FILTERS, **PAGING},
    ),
    Call("GET", f"{ONE}/points", SCOPE, "List a contact's points", _points, "PointsPage", query=PAGING),
)
