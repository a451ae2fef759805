"""A client of seed 001, written from its document alone: it knows paths, fields and values, and no more."""

from collections.abc import Callable
from typing import Any

EXAMPLE = {
    "active": True,
    "amount": "25",
    "balanceAmount": "25",
    "businessId": 43111,
    "clientId": 5146945,
    "purchaseDate": 1681963200000,
    "status": "Active",
}
"""The request that the document prints."""

FIELDS: dict[str, type | tuple[type, ...]] = {
    "active": bool,
    "amount": (int, float),  # said to be whole; ours have a fraction where a card has one
    "balanceAmount": (int, float),
    "businessId": int,
    "clientId": int,
    "createdDate": int,
    "createdUser": str,
    "expireDate": (int, type(None)),
    "giftCardUUId": str,
    "modifiedDate": int,
    "modifiedUser": str,
    "purchaseDate": int,
    "status": str,
}
"""The object that the document prints, and the type of each of its values there."""

Call = Callable[[str, str, Any], Any]
"""Method, path and JSON body; the answer's JSON, or an error for any status but 2xx."""


class GiftCards:
    """As its own users would write it."""

    def __init__(self, business: int, call: Call) -> None:
        self.business = business
        self._call = call

    def of_client(self, client: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", f"/giftcards/client/{client}", None)
        for one in found:
            require_printed(one)
        return found

    def add(self, **fields: Any) -> dict[str, Any]:
        return self.save({**EXAMPLE, "businessId": self.business, **fields})

    def save(self, card: dict[str, Any]) -> dict[str, Any]:
        return require_printed(self._call("POST", "/giftcards", card))

    def remove(self, card: dict[str, Any]) -> None:
        self._call("DELETE", f"/giftcards/{card['giftCardUUId']}", None)


def require_printed(card: dict[str, Any]) -> dict[str, Any]:
    """The thirteen fields, in their order, each of the type that the document prints."""
    assert list(card) == list(FIELDS), card
    for name, kind in FIELDS.items():
        assert isinstance(card[name], kind), (name, card[name])
    assert type(card["active"]) is bool and card["status"] in ("Active", "Deleted", "Expired")
    return card
