"""Wrong codes through the doors: every call by code has the same budget, and the others stay open."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotFound
from connector.flows.limits import Rate
from connector.web.calls import rule_of
from connector.web.factory import every_call
from tests.flows.making import a_house, a_recipe
from tests.kit.catalogue import a_fund
from tests.kit.house import OTHER
from tests.web.door import Door, door_of, refusal
from tests.web.test_access import CARD, ROUTES

LOOKUP = "/v1/gift-cards/lookup"
CHECK = a_recipe("check", do=("redeem_card: {card: '${{ event.order.id }}', amount: 1.00 USD}",))


@pytest.fixture
def guarded(sqlite_url: str, tmp_path: Path) -> Iterator[Door]:
    with a_house(tmp_path, sqlite_url, CHECK, failed_lookups=Rate(10, 60)) as house:
        yield door_of(house)


def doors_for_codes(door: Door) -> list[tuple[str, dict[str, Any]]]:
    """A wrong code through each call that takes one: whatever call has a field of the kind `card`."""
    matcher = door.client.application.url_map.bind("connector")
    card = door.house.issue(1000)["id"]
    found = []
    for call in every_call():
        names = [name for name, one in (call.body.fields if call.body else {}).items() if one.kind == "card"]
        for method, path, _, body in ROUTES:
            rule = matcher.match(path, method, return_rule=True)[0].rule
            if names and (method, rule) == (call.method, rule_of(call.path)) and isinstance(body, dict):
                rest = {name: value for name, value in body.items() if name not in names}
                found += [(path.replace(CARD, card), {**rest, name: "NOPE-NOPE-NOPE"}) for name in names]
    return found


def test_every_door_counts_against_the_same_budget(guarded: Door) -> None:
    """T17."""
    key = guarded.house.key("admin")
    doors = doors_for_codes(guarded)
    assert len(doors) >= 5

    told = [guarded.post(path, key=key, body=body).status_code for path, body in (doors * 10)[:10]]
    assert told == [404] * 10
    for path, body in doors:
        answer = guarded.post(path, key=key, body=body)
        assert refusal(answer) == (429, "rate_limited"), path
        assert answer.headers["Retry-After"] == "60"


def test_only_the_guessing_door_closes(guarded: Door) -> None:
    """T22: the card stays redeemable, by its id with this key, by its code with another."""
    house = guarded.house
    key, till = house.key("cards:read", "cards:write"), house.key("cards:read", "cards:write")
    card = house.issue(2500)
    for _ in range(12):
        guarded.post(LOOKUP, key=key, body={"code": "NOPE-NOPE"})
    right = {"code": card["code"], "amount": "1.00"}

    assert guarded.post(LOOKUP, key=key, body={"code": card["code"]}).status_code == 429
    assert guarded.post("/v1/actions/redeem-gift-card", key=key, body=right).status_code == 429
    assert (
        guarded.post(f"/v1/gift-cards/{card['id']}/redeem", key=key, body={"amount": 100}).status_code == 200
    )
    by_id = {"card": card["id"], "amount": "1.00"}
    assert guarded.post("/v1/actions/redeem-gift-card", key=key, body=by_id).status_code == 200
    assert guarded.post("/v1/actions/redeem-gift-card", key=till, body=right).status_code == 200
    assert guarded.post(LOOKUP, key=till, body={"code": card["code"]}).status_code == 200
    assert house.balance(card["id"]) == 2200


def test_a_source_and_the_keys_share_the_account_s_count_but_not_its_doors(guarded: Door) -> None:
    """T17, T22: what a form guesses is seen by the operator, and keys go on by code."""
    house, lookup = guarded.house, {"key": guarded.house.key("cards:read")}
    card = house.issue(2500)
    for number in range(12):
        guarded.house.tell(type="order.paid", order_id=f"NOPE-{number}", amount="1.00", currency="USD")

    assert guarded.post(LOOKUP, **lookup, body={"code": card["code"]}).status_code == 200
    assert guarded.post(LOOKUP, **lookup, body={"code": "NOPE"}).status_code == 404
    assert "connector_failed_lookups 11.0" in guarded.get("/metrics", peer="127.0.0.1").text


def test_wrong_ids_are_no_guesses(guarded: Door) -> None:
    key = guarded.house.key("cards:read")
    nobody = "gc_" + "0" * 26
    for _ in range(30):
        assert guarded.get(f"/v1/gift-cards/{nobody}", key=key).status_code == 404
        assert guarded.post("/v1/actions/check-balance", key=key, body={"card": nobody}).status_code == 404

    assert guarded.post(LOOKUP, key=key, body={"code": guarded.house.issue()["code"]}).status_code == 200


def test_the_command_line_has_no_such_budget(guarded: Door) -> None:
    house = guarded.house
    for _ in range(30):
        with pytest.raises(NotFound):
            house.redeem("NOPE-NOPE", 100)

    assert guarded.post(LOOKUP, key=house.key("cards:read"), body={"code": "NOPE"}).status_code == 404


def test_a_first_answer_given_again_is_no_further_guess(guarded: Door) -> None:
    key = guarded.house.key("cards:write")
    sent = {
        "key": key,
        "body": {"code": "NOPE-NOPE", "amount": "1.00"},
        "headers": {"Idempotency-Key": "receipt-1"},
    }
    told = [guarded.post("/v1/actions/redeem-gift-card", **sent).status_code for _ in range(30)]

    assert told == [404] * 30


@pytest.mark.parametrize(
    "path", [LOOKUP, "/v1/actions/check-balance", "/v1/actions/redeem-gift-card"], ids=lambda path: path[4:]
)
def test_unknown_another_account_s_and_what_is_no_code_are_told_alike(door: Door, path: str) -> None:
    """T18: byte for byte, but for the request's own id."""
    house = door.house
    foreign = door.post(
        "/v1/gift-cards", key=house.key("cards:write", account=OTHER), body={"amount": 100}
    ).get_json()["code"]
    key = house.key("cards:read", "cards:write")
    told = set()
    for code in (
        "AAAA-BBBB-CCCC-DDDD-E",
        foreign,
        foreign.lower(),
        "x",
        "ü€\u2028",
        "' OR 1=1 --",
        "-",
        "0" * 320,
    ):
        body = {"code": code, **({"amount": "1.00"} if "redeem" in path else {})}
        answer = door.post(path, key=key, body=body)
        plain = answer.get_data(as_text=True).replace(answer.headers["X-Request-Id"], "")
        headers = sorted(item for item in answer.headers.items() if item[0] != "X-Request-Id")
        told.add((answer.status_code, plain, tuple(headers)))

    [(status, text, _)] = told
    assert status == 404
    assert '"not_found"' in text


def test_wrong_codes_and_alarms_are_counted_for_the_operator(guarded: Door) -> None:
    key = guarded.house.key("cards:read")
    for _ in range(3):
        guarded.post(LOOKUP, key=key, body={"code": "NOPE"})

    text = guarded.get("/metrics", peer="127.0.0.1").text

    assert "connector_failed_lookups 3.0" in text
    assert "connector_guessing_alarms 0.0" in text


# Codes that a new card shall have


def test_a_code_that_is_taken_is_a_wrong_code(database_url: str, tmp_path: Path) -> None:
    """T17: issuing is no way to try codes; both faces and the look-ups have one budget."""
    with a_house(tmp_path, database_url, failed_lookups=Rate(10, 60)) as house:
        door, key = door_of(house), house.key("admin")
        house.issue(code="SECRET-9")

        def ask(code: str, path: str = "/v1/gift-cards", amount: Any = 1) -> int:
            return door.post(path, key=key, body={"amount": amount, "code": code}).status_code

        told = [ask("secret 9") for _ in range(5)]
        told += [ask("SECRET9", "/v1/actions/issue-gift-card", "0.01") for _ in range(5)]

        assert told == [409] * 10
        assert ask("SECRET-9") == ask("FREE-CODE-1") == 429
        assert door.post(LOOKUP, key=key, body={"code": "SECRET-9"}).status_code == 429
        assert door.post("/v1/gift-cards", key=key, body={"amount": 1}).status_code == 201
        assert ask("SECRET-9", amount="x") == 422


def test_codes_of_ones_own_that_are_free_cost_nothing(guarded: Door) -> None:
    key = guarded.house.key("cards:write")
    bodies = [{"amount": 1, "code": f"SPRING-{number:03}"} for number in range(60)]

    assert {guarded.post("/v1/gift-cards", key=key, body=body).status_code for body in bodies} == {201}


def test_a_card_s_code_that_is_changed_again_and_again_tries_codes(guarded: Door) -> None:
    """T17: a shop that changes each of its cards once pays nothing for it."""
    key = guarded.house.key("cards:write")
    cards = [guarded.house.issue(100)["id"] for _ in range(13)]
    before = guarded.house.gateway.parts.guesses.failed

    def change(card: str, number: int) -> int:
        path = f"/v1/gift-cards/{card}/change-code"
        return guarded.post(path, key=key, body={"code": f"XMAS-{number}"}).status_code

    assert [change(card, 100 + number) for number, card in enumerate(cards)] == [200] * 13
    assert guarded.house.gateway.parts.guesses.failed == before
    assert [change(cards[0], number) for number in range(200, 213)] == [200] * 10 + [429] * 3


def test_every_taken_code_of_one_order_counts(guarded: Door) -> None:
    """T17: the first is named, so that whoever meant well can choose another."""
    house, key = guarded.house, guarded.house.key("cards:write")
    for number in range(12):
        house.issue(code=f"GIFT-50{number}")
    line = {"id": 1, "gift_card": True, "quantity": 20, "price": 1}
    assert guarded.post("/v1/orders", key=key, body={"id": 4711, "lines": [line]}).status_code < 300
    codes = [{"lineItemId": 1, "code": f"GIFT-50{number}"} for number in range(12)]
    sent = {"orderId": 4711, "giftCodes": [{"lineItemId": 1, "code": "NEW-500"}, *codes]}

    path = "/api/external/gift-cards/assign-to-order"
    refused, closed = (guarded.post(path, key=key, body=sent) for _ in range(2))

    assert (refused.status_code, closed.status_code) == (400, 429)
    assert [one["field"] for one in refused.get_json(force=True)["errors"]] == ["giftCodes.1.code"]
    assert house.gateway.parts.guesses.failed == 12


def test_of_empty_funds_nobody_learns_which_codes_there_are(database_url: str, tmp_path: Path) -> None:
    """T17: a wrong guess and a right one get the same answer."""
    with a_house(tmp_path, database_url) as house:
        house.issue(code="SECRET-9")
        a_fund(house, 1)
        door, key = door_of(house), house.key("cards:write")
        codes = ("NOBODYS-9", "SECRET-9", "secret9")

        answers = [
            door.post("/v1/gift-cards", key=key, body={"amount": 2, "code": code}).get_json(force=True)
            for code in codes
        ]

        assert {(one["code"], one["detail"]) for one in answers} == {
            ("insufficient_funds", answers[0]["detail"])
        }
        house.require_proof()


def test_lines_of_a_bulk_job_count_there_too(database_url: str, tmp_path: Path) -> None:
    """T17: past the budget its lines with codes fail, and the others are done."""
    with a_house(tmp_path, database_url, failed_lookups=Rate(10, 60)) as house:
        door, key = door_of(house), house.key("cards:read", "cards:write")
        codes = [f"TAKEN-{number:03}" for number in range(60)]
        for code in codes:
            house.issue(1, code=code)
        lines = [{"amount": 1, "code": code} for code in codes] + [{"amount": 1}]
        job = door.post("/v1/gift-cards/bulk", key=key, body={"gift_cards": lines}).get_json()["id"]

        house.gateway.run_jobs()

        page = door.get(f"/v1/jobs/{job}/lines", key=key, query="limit=250").get_json()["data"]
        told = [line["error"]["code"] for line in page if line["error"]]
        assert (told.count("code_taken"), told.count("rate_limited")) == (10, 50)
        assert page[-1]["state"] == "done"
        assert door.post(LOOKUP, key=key, body={"code": codes[0]}).status_code == 429
        house.require_proof()
