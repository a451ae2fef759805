"""Payloads: the bytes that came, but for codes, which are hidden however the bytes write them."""

import base64
from pathlib import Path

import pytest

from connector.flows import payloads
from tests.flows.making import a_house, a_recipe, an_order

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CODE = "6P73-MWCE-MDEA-3UUZ-Z"
ESCAPED = "".join(f"\\u{ord(symbol):04x}" for symbol in CODE)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"b": 1.50,  "a": [1e2]}', JSON),
        (b"a=1&b=two+words&c=", FORM),
        (b'{"a": 1, "a": 2}', JSON),
        (b"not json", JSON),
        (b"", JSON),
        ('{"name": "Zoë"}'.encode(), "application/json; charset=utf-8"),
    ],
)
def test_a_body_without_a_code_is_shown_as_it_came(body: bytes, kind: str) -> None:
    assert payloads.shown(body, kind) == {"body": body.decode(), "body_base64": None}
    assert payloads.without(body, kind, {"OTHER-CODE"}) == body


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f'{{"a": ["{CODE}"]}}', JSON),
        (f'{{"a": "{ESCAPED}"}}', JSON),
        (f'{{"{CODE}": 1}}', JSON),
        (f"note={CODE.replace('-', '+')}&x=1", FORM),
        (f"note={CODE.replace('-', '%20')}", FORM),
        (f"not json: {CODE}", JSON),
        (f'{{"a": 1, "a": "{CODE}"}}', JSON),
    ],
)
def test_a_code_that_we_made_is_hidden_however_it_is_written(body: str, kind: str) -> None:
    told = str(payloads.shown(body.encode(), kind)["body"])

    for part in (CODE, CODE.replace("-", "+"), ESCAPED, CODE.split("-")[1]):
        assert part not in told
    assert "hidden" in told


def test_a_payment_card_s_number_leaves_its_last_digits() -> None:
    assert "4242424242424242" not in str(payloads.shown(b'{"n": "4242 4242 4242 4242"}', JSON))
    assert "4242424242424242" not in str(payloads.shown(b'{"n": 4242424242424242}', JSON))


def test_what_is_no_text_is_given_in_base64_and_hidden_too() -> None:
    assert payloads.shown(b"\xff\x00", JSON) == {
        "body": None,
        "body_base64": base64.b64encode(b"\xff\x00").decode(),
    }
    told = payloads.shown(b"\xff " + CODE.encode(), JSON)["body_base64"]
    assert CODE.encode() not in base64.b64decode(str(told))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("a=1&b=%20", "a=1&b=%20"),
        ("", ""),
        ("token=s3cret&a=1", "token=%28hidden%29&a=1"),
        ("X-Api-Key=s3cret", "X-Api-Key=%28hidden%29"),
        ("hmac=s3cret&Signature=s3cret", "hmac=%28hidden%29&Signature=%28hidden%29"),
    ],
)
def test_what_proves_the_sender_is_taken_out_of_a_query(query: str, told: str) -> None:
    assert payloads.shown_query(query) == told


def test_a_chosen_code_that_a_step_used_is_kept_nowhere(database_url: str, tmp_path: Path) -> None:
    """It has no form that would tell it, so it is taken out of the payload once a step has used it."""
    text = a_recipe("check", do=("redeem_card: {card: '${{ event.order.id }}', amount: 1.00 USD}",))
    waiting = text.replace("recipe: check", "recipe: later").replace("do:\n", "do:\n  - wait: 1 hours\n")
    waiting = waiting.replace(
        "    expect:\n      - redeem_card", "    expect:\n      - wait\n      - redeem_card"
    )
    with a_house(tmp_path, database_url, text, waiting) as house:
        house.issue(2500, code="SUMMER-PARTY-24")
        house.tell(**an_order("summer party 24", note="my code is SUMMERPARTY24"))
        [row] = house.rows("inbound_deliveries")

        shown = house.gateway.inbound.one(house.account, row["public_id"])

        assert "hidden" in shown["body"] and "party" not in shown["body"].lower()
        assert b"party" not in house.body_of(row).lower()
        [event] = house.rows("events")
        assert "party" not in event["envelope"].lower()
