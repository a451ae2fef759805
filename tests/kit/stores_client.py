"""A client of seed 003, written from its document alone: it knows fields, parameters and values, and no more.

The document prints no paths; they are those that this gateway documents.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

USER = {"id": "11084680073842688", "first_name": "Example", "last_name": "Exampleson"}
PRINTED = {
    "id": "150580776499843072",
    "store_id": "94688451781206016",
    "enabled": True,
    "code": "GIFT-100",
    "balance": 10000,
    "starting_balance": 10000,
    "usable_at": "2023-04-11T16:42:58.163471Z",
    "expires_at": "2023-06-11T16:43:28.253320Z",
    "created_by": USER,
    "created_at": "2023-04-11T16:42:58.197319Z",
    "updated_by": None,
    "updated_at": None,
}
"""The object that the document prints for create, list and get."""

UPDATED = {**PRINTED, "updated_by": USER, "updated_at": "2023-04-11T17:42:58.197319Z"}
"""And the one for update."""

_FLAKE = re.compile(r"\d{1,19}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

Call = Callable[[str, str, Any], Any]
"""Method, path and JSON body; the answer's JSON, or an error for any status but 2xx."""


class Stores:
    """As its own users would write it."""

    def __init__(self, store: str, call: Call) -> None:
        self.store = store
        self.path = f"/v1/stores/{store}/giftcards"
        self._call = call

    def create(self, **fields: Any) -> dict[str, Any]:
        return require_printed(self._call("POST", self.path, fields))

    def list(self, **query: Any) -> list[dict[str, Any]]:
        found = self._call("GET", f"{self.path}?{urlencode(query)}", None)
        assert isinstance(found, list)
        return [require_printed(one) for one in found]

    def get(self, flake: str) -> dict[str, Any]:
        return require_printed(self._call("GET", f"{self.path}/{flake}", None))

    def update(self, flake: str, **fields: Any) -> dict[str, Any]:
        return require_printed(self._call("PATCH", f"{self.path}/{flake}", fields))

    def delete(self, flake: str) -> None:
        assert self._call("DELETE", f"{self.path}/{flake}", None) is None


def require_printed(card: dict[str, Any]) -> dict[str, Any]:
    """The twelve fields, each in the form that the document prints."""
    assert set(card) == set(PRINTED), card
    for name in ("id", "store_id"):
        assert _FLAKE.fullmatch(card[name])
    for name in ("usable_at", "created_at", "expires_at", "updated_at"):
        is_nothing = card[name] is None and name in ("expires_at", "updated_at")
        assert is_nothing or _MOMENT.fullmatch(card[name]), (name, card[name])
    for name in ("balance", "starting_balance"):
        assert type(card[name]) is int
    for user in (card["created_by"], card["updated_by"] or USER):
        assert set(user) == set(USER) and _FLAKE.fullmatch(user["id"])
    assert type(card["enabled"]) is bool and isinstance(card["code"], str)
    return card
