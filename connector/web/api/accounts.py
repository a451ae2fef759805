"""Accounts: made by a platform key, seen and changed by it and by the account's own admin."""

from typing import Final

from flask import Response

from ...flows.access import PLATFORM
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/accounts"
ONE: Final = f"{PATH}/{{account}}"
SCOPE: Final = "admin"
CHANGEABLE: Final = {
    "name": Field("text", "its name for people; the slug if left out"),
    "timezone": Field("text", "an IANA name; UTC if left out"),
    "country": Field("text", "ISO 3166, reads phone numbers without a country code; US if left out"),
    "color": Field("text", "the colour of its letters and cards' pages, `#2b5d50`; empty: ours"),
    "logo_url": Field("text", "the picture at the top of its e-mails, by `https:`; empty: its name"),
    "email": Field(
        "text",
        "whoever runs it: gets its access token, and a mail when an endpoint only fails; empty: nobody",
        is_clearable=True,
    ),
}
NEW: Final = Shape(
    {
        "slug": Field("text", "its name in URLs and commands"),
        **CHANGEABLE,
        "currency": Field("currency", "ISO 4217; never changes; USD if left out"),
        "sandbox": Field("flag", "nothing leaves by e-mail or text; never changes"),
    },
    frozenset({"slug"}),
)


def _create(asked: Asked) -> Response:
    """201 and the account."""
    return deed_answer(
        asked.site, asked.gateway.directory.create_account(**asked.body, key=asked.key, by=asked.actor())
    )


def _every(asked: Asked) -> Response:
    """By slug: all for a platform key, its own one for an account's."""
    return asked.page(PATH, asked.gateway.directory.list_accounts(asked.caller, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.directory.account(asked.caller, asked.path["account"]))


def _change(asked: Asked) -> Response:
    directory = asked.gateway.directory
    changed = directory.change_account(
        asked.caller, asked.path["account"], asked.body, asked.key, asked.actor()
    )
    return deed_answer(asked.site, changed)


CALLS: Final = (
    Call("POST", PATH, PLATFORM, "Make an account", _create, "Account", 201, NEW),
    Call("GET", PATH, SCOPE, "List accounts", _every, "AccountPage", query=PAGING, also=(PLATFORM,)),
    Call("GET", ONE, SCOPE, "Show an account", _one, "Account", also=(PLATFORM,)),
    Call(
        "PATCH",
        ONE,
        SCOPE,
        "Change an account",
        _change,
        "Account",
        body=Shape(CHANGEABLE),
        also=(PLATFORM,),
    ),
)
