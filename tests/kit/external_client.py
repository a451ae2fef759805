"""A client of seed 002, written from its document alone: it knows paths, fields and values, and no more."""

import re
from collections.abc import Callable
from typing import Any

CREATE = {
    "note": "This is a note",
    "initial_value": 100.0,
    "code": "ABCD EFGH IJKL MNOP",
    "template_suffix": "gift_cards.birthday.liquid",
}
"""The request that the document prints."""

NUMBER = (int, type(None))
TEXT = (str, type(None))
FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": int,
    "balance": str,
    "created_at": str,
    "updated_at": str,
    "currency": str,
    "initial_value": str,
    "disabled_at": TEXT,
    "line_item_id": NUMBER,
    "api_client_id": NUMBER,
    "user_id": NUMBER,
    "customer_id": NUMBER,
    "note": TEXT,
    "expires_on": TEXT,
    "template_suffix": TEXT,
    "last_characters": str,
    "order_id": NUMBER,
}
"""The object that the document prints, and what its values are there."""

TRANSACTION: dict[str, type | tuple[type, ...]] = {
    "id": int,
    "gift_card_id": int,
    "api_client_id": int,
    "user_id": NUMBER,
    "order_transaction_id": NUMBER,
    "number": int,
    "amount": str,
    "processed_at": str,
    "created_at": str,
    "updated_at": str,
    "note": TEXT,
    "remote_transaction_ref": TEXT,
    "remote_transaction_url": TEXT,
}
LINE: dict[str, type | tuple[type, ...]] = {"id": int, "amount": str, "processed_at": str, "note": TEXT}

SUM = re.compile(r"-?\d+\.\d\d", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Call = Callable[[str, str, Any], Any]
"""Method, path (with its query) and JSON body; the answer's JSON, or an error for any status but 2xx."""


class External:
    """As its own users would write it."""

    def __init__(self, call: Call, base: str = "/api/external") -> None:
        self._call, self.base = call, base

    def create(self, **fields: Any) -> dict[str, Any]:
        made = self._call("POST", f"{self.base}/gift-cards", {"initial_value": 100.0, **fields})["gift_card"]
        card = {name: value for name, value in made.items() if name != "code"}
        require_printed(card, FIELDS)
        assert made["code"].endswith(card["last_characters"])
        return dict(made)

    def get(self, card: int) -> dict[str, Any]:
        return require_card(self._call("GET", f"{self.base}/gift-cards/{card}", None))

    def every(self, query: str = "") -> list[dict[str, Any]]:
        return self._cards(f"{self.base}/gift-cards", query)

    def search(self, query: str = "") -> list[dict[str, Any]]:
        return self._cards(f"{self.base}/gift-cards/search", query)

    def with_transactions(self, query: str = "") -> list[dict[str, Any]]:
        found = self._call("GET", _with(f"{self.base}/gift-cards/transactions", query), None)
        assert isinstance(found, list)
        for one in found:
            for line in one["transactions"]:
                require_printed(line, LINE)
            require_printed({name: one[name] for name in one if name != "transactions"}, FIELDS)
        return found

    def set_balance(self, card: int, balance: Any) -> dict[str, Any]:
        done = self._call("PUT", f"{self.base}/gift-cards/{card}/balance", {"balance": balance})
        return require_printed(done, TRANSACTION)

    def update(self, card: int, **fields: Any) -> dict[str, Any]:
        sent = {"id": card, **fields}
        return require_card(self._call("PUT", f"{self.base}/gift-cards/{card}", sent))

    def disable(self, card: int) -> dict[str, Any]:
        done = self._call("POST", f"{self.base}/gift-cards/{card}/disable", {"id": card})
        return require_card(done)

    def assign(self, order: int, code: str | None = None, *codes: tuple[int, str]) -> bool:
        """A code for the order's first gift card, or several, each for its line: whether it is scheduled."""
        sent: dict[str, Any] = {"orderId": order, "giftCode": code}
        if code is None:
            sent = {
                "orderId": order,
                "giftCodes": [{"lineItemId": line, "code": one} for line, one in codes],
            }
        answer = self._call("POST", f"{self.base}/gift-cards/assign-to-order", sent)
        assert answer.keys() == {"scheduled"} and isinstance(answer["scheduled"], bool)
        return bool(answer["scheduled"])

    def _cards(self, path: str, query: str) -> list[dict[str, Any]]:
        wrapped = self._call("GET", _with(path, query), None)
        assert list(wrapped) == ["gift_cards"]
        found: list[dict[str, Any]] = wrapped["gift_cards"]
        if "fields=" not in query:
            for one in found:
                require_printed(one, FIELDS)
        return found


def require_card(wrapped: Any) -> dict[str, Any]:
    assert list(wrapped) == ["gift_card"]
    return require_printed(wrapped["gift_card"], FIELDS)


def require_printed(value: dict[str, Any], printed: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The fields that the document prints, no other, each of the kind and in the form that it has there."""
    assert value.keys() == printed.keys(), value
    for name, kind in printed.items():
        one: Any = value[name]
        assert isinstance(one, kind) and not isinstance(one, bool), (name, one)
        if isinstance(one, int):
            assert one < 2**53
        if name.endswith("_at") and one is not None:
            assert MOMENT.fullmatch(str(one)), (name, one)
        if name in ("balance", "initial_value", "amount"):
            assert SUM.fullmatch(str(one)), (name, one)
    return value


def _with(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
