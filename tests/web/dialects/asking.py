"""How the tests of the dialects ask: a caller of the door, and what a refusal must say."""

from typing import Any

from werkzeug.test import TestResponse

from tests.kit.external_client import External
from tests.kit.giftcards_client import GiftCards
from tests.kit.house import ACCOUNT
from tests.kit.stores_client import Stores
from tests.web.door import Door

PROBLEM = "application/problem+json"


class Refused(Exception):
    """An answer that a client of a dialect cannot go on with."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__(f"{answer.status_code} {answer.text}")
        self.answer = answer


def caller(door: Door, key: str) -> Any:
    """`call(method, path, body)`: the JSON of a 2xx, None where it has no body; Refused for all else."""

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = door.call(method, path, key=key, body=body)
        if not 200 <= answer.status_code < 300:
            raise Refused(answer)
        return answer.get_json(force=True) if answer.data else None

    return call


def gift_cards(door: Door, account: str = ACCOUNT) -> GiftCards:
    """A client of seed 001 with a key of its own, called Joe Schmo."""
    whose = door.house.gateway.account(account)
    made = door.house.gateway.create_key(whose, name="JoeSchmo", scopes=["cards:read", "cards:write"])
    return GiftCards(whose.business_id, caller(door, str(made["key"])))


def stores(door: Door, account: str = ACCOUNT, *scopes: str) -> Stores:
    """A client of seed 003 with a key of its own, called Example Exampleson."""
    whose = door.house.gateway.account(account)
    granted = scopes or ("giftcard_create", "giftcard_read", "giftcard_update", "giftcard_delete")
    made = door.house.gateway.create_key(whose, name="Example Exampleson", scopes=granted)
    return Stores(str(whose.store_id), caller(door, str(made["key"])))


def external(door: Door, base: str = "/api/external") -> External:
    """A client of seed 002 with a key of its own."""
    return External(caller(door, door.house.key("cards:read", "cards:write")), base)


def refused(answer: TestResponse) -> tuple[int, str, set[str]]:
    """Status, code and the fields that are wrong; a refusal of ours, with `error` for old clients besides."""
    assert answer.content_type == PROBLEM, answer.text
    told = answer.get_json(force=True)
    assert told["status"] == answer.status_code
    assert told["error"] == told["detail"]
    assert isinstance(told["errors"], list)
    return answer.status_code, told["code"], {one["field"] for one in told["errors"]}
