"""Sources: the ways in of an account, made and changed at run time. A secret is shown once.

A platform key names the account; an account's admin means its own.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from ...domain.accounts import Account
from ...flows.access import PLATFORM
from ...flows.source_settings import SETTINGS
from ...operations.kit import Field
from ..answers import deed_answer, empty_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/sources"
ONE: Final = f"{PATH}/{{source}}"
SCOPE: Final = "admin"
WHOSE: Final = {"account": Field("text", "the account's slug; needed with a platform key")}
ABOUT: Final = {
    "allow_ips": Field("texts", "networks it may come from; empty: any"),
    "respond": Field("text", "async: 202 at once, a worker runs it", choices=("now", "async")),
    "return_codes": Field("flag", "whether card codes are in the answer"),
    "delivery_id": Field("text", "where the payload has the delivery's id", is_clearable=True),
    "currency": Field("currency", "for payloads without one; null: the account's", is_clearable=True),
    "timezone": Field("text", "for times without an offset; null: the account's", is_clearable=True),
    "identities": Field(
        "text", "sources that share it share the platform's ids of people", is_clearable=True
    ),
    "counts_spend": Field("flag", "false where another source tells of the same sales"),
    "complete_after": Field("text", "end, never or a duration after its end: when a booking is completed"),
    "options": Field("mapping", "the adapter's own settings"),
}
NEW: Final = Shape(
    {
        **WHOSE,
        "slug": Field("text", "its name in the URL"),
        "adapter": Field("text", "the platform it speaks with"),
        "secret": Field("text", "the platform's secret; made if left out"),
        "credential": Field("text", "for the platform's own API, where payloads leave the person out"),
        **ABOUT,
    },
    frozenset({"slug", "adapter"}),
)
CHANGE: Final = Shape(
    {
        **WHOSE,
        "secrets": Field("texts", "all that shall hold, newest first"),
        "credential": Field("text", "another one for the platform's API; null: none", is_clearable=True),
        "rotate": Field("flag", "put a new secret before those that hold"),
        "is_enabled": Field("flag", "whether it takes deliveries"),
        **ABOUT,
    }
)


def _create(asked: Asked) -> Response:
    """201 and the source with its `url` to paste and its `secret`, this once."""
    made = asked.gateway.directory.create_source(
        _owner(asked, asked.body),
        settings=_settings(asked),
        **_others(asked),
        key=asked.key,
        by=asked.actor(),
    )
    return deed_answer(asked.site, made)


def _every(asked: Asked) -> Response:
    page = asked.gateway.directory.page_of_sources(_owner(asked, asked.query), asked.query)
    return asked.page(PATH, page)


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.directory.source(_owner(asked, asked.query), asked.path["source"]))


def _change(asked: Asked) -> Response:
    changed = asked.gateway.directory.change_source(
        _owner(asked, asked.body),
        asked.path["source"],
        settings=_settings(asked),
        **_others(asked),
        key=asked.key,
        by=asked.actor(),
    )
    return deed_answer(asked.site, changed)


def _disable(asked: Asked) -> Response:
    """204: it takes nothing more, and its history stays; PATCH with `is_enabled` turns it on again."""
    owner = _owner(asked, asked.query)
    asked.gateway.directory.change_source(owner, asked.path["source"], is_enabled=False, by=asked.actor())
    return empty_answer(204)


def _owner(asked: Asked, told: Mapping[str, Any]) -> Account:
    return asked.gateway.directory.owner(asked.caller, told.get("account"))


def _settings(asked: Asked) -> dict[str, Any]:
    return {name: value for name, value in asked.body.items() if name in SETTINGS}


def _others(asked: Asked) -> dict[str, Any]:
    return {name: value for name, value in asked.body.items() if name not in SETTINGS and name not in WHOSE}


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Make a source", _create, "NewSource", 201, NEW, also=(PLATFORM,)),
    Call(
        "GET", PATH, SCOPE, "List sources", _every, "SourcePage", query={**WHOSE, **PAGING}, also=(PLATFORM,)
    ),
    Call("GET", ONE, SCOPE, "Show a source", _one, "Source", query=WHOSE, also=(PLATFORM,)),
    Call("PATCH", ONE, SCOPE, "Change a source", _change, "Source", body=CHANGE, also=(PLATFORM,)),
    Call("DELETE", ONE, SCOPE, "Disable a source", _disable, None, 204, query=WHOSE, also=(PLATFORM,)),
)
