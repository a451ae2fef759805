"""Keys of an account, made and ended at run time: by its admin, or by a platform key that names it.

A key's secret is in the answer that made it, and in no other.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from ...domain.accounts import Account
from ...flows.access import PLATFORM
from ...operations.kit import Field
from ..answers import deed_answer, empty_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/keys"
ONE: Final = f"{PATH}/{{key}}"
SCOPE: Final = "admin"
WHOSE: Final = {"account": Field("text", "the account's slug; needed with a platform key")}
ENDING: Final = {**WHOSE, "keep_minted": Field("flag", "let the keys live that it made")}
NEW: Final = Shape(
    {
        **WHOSE,
        "name": Field("text", "what it is for"),
        "scopes": Field("texts", "what it may do; cards:read, cards:write, contacts and events if left out"),
        "expires_at": Field("moment", "when it ends"),
        "allow_ips": Field("texts", "networks it may be used from; any if left out"),
    }
)


def _create(asked: Asked) -> Response:
    """201 and the key: `key` is its secret, this once."""
    told = {name: value for name, value in asked.body.items() if name not in WHOSE}
    made = asked.gateway.directory.make_key(
        _owner(asked, asked.body), **{"name": "", **told}, key=asked.key, by=asked.actor()
    )
    return deed_answer(asked.site, made)


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.directory.page_of_keys(_owner(asked, asked.query), asked.query))


def _revoke(asked: Asked) -> Response:
    """204: it opens nothing from the next request on, nor do its tokens and the keys that it made."""
    keep_minted = asked.query.get("keep_minted", False)
    owner = _owner(asked, asked.query)
    asked.gateway.revoke_key(owner, asked.path["key"], keep_minted=keep_minted, by=asked.actor())
    return empty_answer(204)


def _owner(asked: Asked, told: Mapping[str, Any]) -> Account:
    return asked.gateway.directory.owner(asked.caller, told.get("account"))


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Make a key", _create, "NewKey", 201, NEW, also=(PLATFORM,)),
    Call("GET", PATH, SCOPE, "List keys", _every, "KeyPage", query={**WHOSE, **PAGING}, also=(PLATFORM,)),
    Call("DELETE", ONE, SCOPE, "Revoke a key", _revoke, None, 204, query=ENDING, also=(PLATFORM,)),
)
