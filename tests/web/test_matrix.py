"""Every call of the API at once: whose things it shows, which scope opens it, what the page says of both."""

import json
import re
from typing import Any

import pytest

from connector.operations.kit import SCOPES
from connector.store import tables
from connector.web.calls import rule_of
from connector.web.factory import every_call
from tests.kit.happened import a_past, failed_notification
from tests.kit.house import OTHER, House
from tests.kit.pages import marked, table
from tests.web.door import Door
from tests.web.test_access import ROUTES

NOBODY = re.compile(r"([a-z]+)_0{26}")
NAMES = {"no-such": "their-program", "no-source": "their-source", "no-shop": OTHER}


def ask(door: Door, key: str, method: str, path: str, body: Any) -> dict[str, Any]:
    answer = door.call(method, path, key=key, body=body)
    assert answer.status_code in (200, 201, 202), (path, answer.text)
    return dict(answer.get_json())


def belongings(door: Door, key: str) -> dict[str, str]:
    """One thing of each kind that has an id or a name of its own, by its prefix: `gc`, `ct`, `hold`, …"""
    cards = "/v1/gift-cards"
    endpoint = {"url": "http://127.0.0.1:9999/theirs"}
    made = ask(door, key, "POST", "/v1/webhook-endpoints", endpoint)["id"]
    card = ask(door, key, "POST", cards, {"amount": 5000, "contact": {"email": "theirs@example.com"}})
    [sent, *_] = ask(door, key, "GET", "/v1/webhook-deliveries", None)["data"]
    about = f"{cards}/{card['id']}"
    ask(door, key, "POST", "/v1/programs", {"slug": "their-program", "name": "Theirs"})
    ask(door, key, "POST", "/v1/sources", {"slug": "their-source", "adapter": "zapier"})
    return {
        **a_past(door.house, door.house.other, "their-source"),
        "gc": card["id"],
        "ntf": failed_notification(door.house, door.house.other),
        "ct": card["contact_id"],
        "tr": ask(door, key, "POST", f"{about}/redeem", {"amount": 100})["transaction"]["id"],
        "hold": ask(door, key, "POST", f"{about}/holds", {"amount": 100})["hold"]["id"],
        "we": made,
        "whd": sent["id"],
        "msg": sent["message_id"],
        "key": ask(door, key, "POST", "/v1/keys", {"name": "theirs"})["id"],
        "job": ask(door, key, "POST", f"{cards}/bulk", {"gift_cards": [{"amount": 100}]})["id"],
        "fund": ask(door, key, "POST", "/v1/funding", {"amount": 100_000})["funding"]["id"],
    }


def named(text: str, things: dict[str, str], names: dict[str, str]) -> str:
    """A path or body of ROUTES, which names nobody's things, with these put in their place."""
    for nobody, name in names.items():
        text = text.replace(f"/{nobody}", f"/{name}")
    return NOBODY.sub(lambda found: things[found[1]], text)


def rows_of(house: House, account: int) -> str:
    """All that the database holds of an account, but for answers that were kept of it."""
    found = {}
    for name, one in tables.metadata.tables.items():
        if "account_id" in one.c and name != "idempotency_keys":
            found[name] = house.rows(name, account_id=account)
    return repr(found)


def answered(door: Door, key: str, method: str, path: str, body: Any, things: dict[str, str]) -> Any:
    """Status and body, the request's own id and the names of things left out."""
    answer = door.call(method, path, key=key, body=body)
    text = answer.text.replace(answer.headers["X-Request-Id"], "")
    for thing in (*things.values(), *NAMES.values(), *NAMES):
        text = text.replace(thing, "…")
    return answer.status_code, NOBODY.sub("…", text)


def test_what_another_account_has_is_as_if_it_did_not_exist(door: Door) -> None:
    """T31, S000: every call with another account's key and things answers as for nobody's."""
    house = door.house
    theirs = belongings(door, house.key("admin", account=OTHER))
    key = house.key("admin")
    before = rows_of(house, house.other.id)
    tried = 0

    for method, path, _, body in ROUTES:
        asked = json.dumps(body)
        their_path, their_body = named(path, theirs, NAMES), json.loads(named(asked, theirs, {}))
        if (their_path, their_body) == (path, body):
            continue
        told = answered(door, key, method, their_path, their_body, theirs)
        assert told == answered(door, key, method, path, body, theirs), (method, path)
        # To a tool that unsubscribes, what is not there is gone.
        is_unknown = told[0] == 404 or (method, told[0]) == ("DELETE", 204)
        assert is_unknown or their_path == path, (method, path, told)
        tried += 1

    assert tried > 20
    assert rows_of(house, house.other.id) == before, "and nothing of theirs has changed"


def test_one_s_own_card_brings_nobody_nearer_to_another_s(door: Door) -> None:
    """The path is the caller's own, and what the body names is not."""
    house = door.house
    theirs = belongings(door, house.key("admin", account=OTHER))
    key = house.key("admin")
    before = rows_of(house, house.other.id)

    for method, path, _, body in ROUTES:
        asked = json.dumps(body)
        if not NOBODY.search(path) or not NOBODY.search(asked):
            continue
        told = []
        for text in (asked, named(asked, theirs, {})):
            card = house.issue(5000, contact={"email": "mine@example.com"})
            mine = {**theirs, "gc": card["id"], "ct": str(card["contact_id"])}
            told.append(
                answered(door, key, method, named(path, mine, {}), json.loads(text), {**theirs, **mine})
            )
            told[-1] = (told[-1][0], told[-1][1].replace(card["id"], "…"))
        assert told[0] == told[1], (method, path)
        assert told[0][0] in (404, 422), (method, path, told)

    assert rows_of(house, house.other.id) == before


@pytest.mark.parametrize("name", ["contact_id=ct_{0}", "program=their-program", "source=their-source"])
def test_a_filter_by_another_s_thing_finds_nothing(quick_door: Door, name: str) -> None:
    theirs = belongings(quick_door, quick_door.house.key("admin", account=OTHER))
    query = name.format(theirs["ct"].removeprefix("ct_"))

    answer = quick_door.get("/v1/gift-cards", key=quick_door.house.key("admin"), query=query)

    assert answer.status_code in (200, 400)
    assert answer.get_json(force=True).get("data", []) == []


def test_the_page_says_which_scopes_open_each_call() -> None:
    """T32: the matrix that is tested is the one that is documented."""
    told = {row[0].strip("`"): marked(row[1]) for row in table("docs/api.md", "## Calls")}

    for call in every_call():
        assert told[f"{call.method} {call.path}"] == {call.scope, *call.also}, call.name


def test_each_call_is_tried_with_each_scope(quick_door: Door) -> None:
    """T32: ROUTES, which test_access asks with every scope, has every call with the scope it declares."""
    matcher = quick_door.client.application.url_map.bind("connector")
    tried = {
        (method, str(matcher.match(path, method, return_rule=True)[0].rule)): scope
        for method, path, scope, _ in ROUTES
    }

    assert tried == {(call.method, rule_of(call.path)): call.scope for call in every_call()}
    assert {call.scope for call in every_call()} <= {*SCOPES, "platform"}
