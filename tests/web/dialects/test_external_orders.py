"""Seed 002's assign-to-order: predefined codes for an order's gift cards, each piece one card."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.kit.crowd import at_once
from tests.kit.deeds import do
from tests.kit.external_client import External
from tests.kit.house import OTHER, open_house
from tests.kit.orders import FIRST, LINES, ORDER, SECOND, give_back, sell
from tests.web.dialects.asking import Refused, external, refused
from tests.web.door import Door, door_of

PATH = "/api/external/gift-cards/assign-to-order"
SINGLE = b"""{
    "orderId": 1234567890,
    "giftCode": "ABCD-EFGH-1234"
  }"""
SEVERAL = b"""{
    "orderId": 1234567890,
    "giftCodes": [
      { "lineItemId": 987654321, "code": "AA11-BB22-CC33" },
      { "lineItemId": 987654321, "code": "DD44-EE55-FF66" },
      { "lineItemId": 222333444, "code": "GG77-HH88-II99" }
    ]
  }"""
CODES = ["AA11-BB22-CC33", "DD44-EE55-FF66", "GG77-HH88-II99"]


@pytest.fixture
def shop(quick_door: Door) -> External:
    return external(quick_door)


def asked(door: Door, raw: bytes | None = None, body: Any = None, **how: Any) -> Any:
    key = how.pop("key", None) or door.house.key("cards:write")
    return door.post(PATH, key=key, raw=raw, body=body, **how)


def made(door: Door) -> list[dict[str, Any]]:
    """The cards that the jobs made, oldest first, as seed 002's list shows them."""
    door.house.gateway.run_jobs()
    return external(door).every()


def codes(door: Door) -> list[str]:
    """The codes of all cards, oldest first."""
    return [do(door.house, "reveal", card=card["id"])["code"] for card in reversed(door.house.cards())]


def fault(deed: Any) -> tuple[int, str, set[str]]:
    with pytest.raises(Refused) as refusal:
        deed()
    return refused(refusal.value.answer)


def test_the_printed_call_with_one_code_runs_as_printed(door: Door) -> None:
    """S002-154, S002-155, S002-163, S002-164, S002-166, S002-169, S002-170, S002-176, S002-179, S002-180."""
    sell(door.house)

    answer = asked(door, SINGLE)

    assert (answer.status_code, answer.get_json()) == (200, {"scheduled": True})
    assert door.house.cards() == [], "a job makes them"
    cards = made(door)
    assert [one["balance"] for one in cards] == ["50.00", "50.00", "25.00"]
    own = codes(door)
    assert own[0] == "ABCD-EFGH-1234" and len({*own}) == 3
    assert [(one["order_id"], one["line_item_id"]) for one in cards] == [
        *((ORDER, FIRST), (ORDER, FIRST), (ORDER, SECOND))
    ]
    assert {(one["api_client_id"], one["user_id"]) for one in cards} == {(None, None)}
    assert len({one["customer_id"] for one in cards}) == 1 and cards[0]["customer_id"] is not None
    rows = door.house.rows("cards")
    assert {(one["kind"], one["source"]) for one in rows} == {("paid", "purchase")}
    door.house.require_proof()


def test_the_printed_call_with_several_codes_runs_as_printed(quick_door: Door) -> None:
    """S002-156, S002-158, S002-167, S002-168, S002-173, S002-174, S002-180."""
    sell(quick_door.house)

    answer = asked(quick_door, SEVERAL)
    cards = made(quick_door)

    assert (answer.status_code, answer.get_json()) == (200, {"scheduled": True})
    assert codes(quick_door) == CODES
    assert [one["last_characters"] for one in cards] == ["cc33", "ff66", "ii99"]
    assert [one["line_item_id"] for one in cards] == [FIRST, FIRST, SECOND]
    quick_door.house.require_proof()


def test_codes_are_normalized_and_dashes_stay(quick_door: Door, shop: External) -> None:
    """S002-173, S002-174."""
    sell(quick_door.house)

    assert shop.assign(ORDER, "GIFT 2027 AB-3")

    assert made(quick_door)[0]["last_characters"] == "ab-3"
    lookup = {"code": "gift2027ab3"}
    key = quick_door.house.key("cards:read")
    assert quick_door.post("/v1/gift-cards/lookup", key=key, body=lookup).status_code == 200


def test_a_line_without_a_code_of_its_own_gets_one_of_ours(quick_door: Door, shop: External) -> None:
    """S002-167, S002-170: codes for the second line alone."""
    sell(quick_door.house)

    assert shop.assign(ORDER, None, (SECOND, "ONLY-THE-LAST"))

    made(quick_door)
    own = codes(quick_door)
    assert own[2] == "ONLY-THE-LAST"
    assert all(len(one.replace("-", "")) == 17 for one in own[:2])


def test_the_linkage_of_piece_and_code_is_kept(quick_door: Door) -> None:
    """S002-175: before the job runs under seal, afterwards as the piece's card."""
    sell(quick_door.house)
    asked(quick_door, SEVERAL)

    queued = quick_door.house.rows("order_entries")
    assert [(one["line_number"], one["place"]) for one in queued] == [(FIRST, 0), (FIRST, 1), (SECOND, 0)]
    assert all(one["code_sealed"] and one["job_id"] and one["card_id"] is None for one in queued)
    everything = quick_door.house.everything().lower()
    assert not [code for code in CODES if code.lower() in everything]
    made(quick_door)
    linked = quick_door.house.rows("order_entries")
    assert [one["card_id"] for one in linked] == [one["id"] for one in quick_door.house.rows("cards")]
    assert {one["code_sealed"] for one in linked} == {None}


def test_an_order_without_gift_cards_schedules_nothing(quick_door: Door) -> None:
    """S002-165."""
    sell(quick_door.house, cards=())

    for body in (SINGLE, SEVERAL):
        answer = asked(quick_door, body)
        assert (answer.status_code, answer.get_json()) == (200, {"scheduled": False})
    assert quick_door.house.rows("jobs") == []


def test_an_order_that_was_given_back_whole_schedules_nothing(quick_door: Door, shop: External) -> None:
    """Nobody gets cards for money that they have back; a part given back is no reason."""
    sell(quick_door.house)
    give_back(quick_door.house, "20.00")
    [order] = quick_door.house.rows("orders")
    assert (order["total_amount"], order["refunded_amount"]) == (14500, 2000)

    give_back(quick_door.house, "125.00", refund=2)

    assert shop.assign(ORDER, "ABCD-EFGH-1234") is False
    assert made(quick_door) == []


def test_a_refund_that_comes_before_its_order_counts(quick_door: Door, shop: External) -> None:
    give_back(quick_door.house, "145.00")
    assert fault(lambda: shop.assign(ORDER, "ABCD-EFGH-1234"))[:2] == (404, "not_found")

    sell(quick_door.house)

    assert shop.assign(ORDER, "ABCD-EFGH-1234") is False
    assert made(quick_door) == []


def test_an_order_that_nobody_told_of_is_not_found(quick_door: Door, shop: External) -> None:
    """S002-161: another account's neither."""
    assert fault(lambda: shop.assign(ORDER, "ABCD-EFGH-1234"))[:2] == (404, "not_found")
    sell(quick_door.house)
    theirs = quick_door.house.key("cards:write", account=OTHER)

    assert refused(asked(quick_door, SINGLE, key=theirs))[:2] == (404, "not_found")
    assert quick_door.house.rows("jobs") == []


def test_who_has_no_token_learns_nothing(quick_door: Door) -> None:
    """S002-162."""
    sell(quick_door.house)

    for key in ("gck_wrong", "Z"):
        assert refused(asked(quick_door, SINGLE, key=key))[:2] == (401, "unauthorized")
    assert refused(quick_door.post(PATH, raw=SINGLE))[:2] == (401, "unauthorized")
    reading = quick_door.house.key("cards:read")
    assert refused(asked(quick_door, SINGLE, key=reading))[:2] == (403, "missing_scope")


ONE = {"lineItemId": FIRST, "code": "AA11-BB22-CC33"}
WRONG: list[tuple[Any, set[str]]] = [
    ({"giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": None, "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": "1234567890", "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": "x", "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": True, "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": 1.5, "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": 0, "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": 2**63, "giftCode": "ABCD-EFGH"}, {"orderId"}),
    ({"orderId": ORDER}, set()),
    ({"orderId": ORDER, "giftCode": None}, set()),
    ({"orderId": ORDER, "giftCode": ""}, {"giftCode"}),
    ({"orderId": ORDER, "giftCode": 12345678}, {"giftCode"}),
    ({"orderId": ORDER, "giftCode": ["ABCD-EFGH"]}, {"giftCode"}),
    ({"orderId": ORDER, "giftCode": "x"}, {"giftCode"}),
    ({"orderId": ORDER, "giftCode": "code!"}, {"giftCode"}),
    ({"orderId": ORDER, "giftCode": "TEST-ABCD-EFGH"}, {"giftCode"}),
    ({"orderId": ORDER, "giftCodes": []}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": {}}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": "ABCD-EFGH"}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": ["ABCD-EFGH"]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{"code": "ABCD-EFGH"}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{"lineItemId": FIRST}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{**ONE, "lineItemId": str(FIRST)}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{**ONE, "code": 7}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{**ONE, "index": 0}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [ONE, {**ONE, "code": "aa11bb22cc33"}]}, {"giftCodes"}),
    ({"orderId": ORDER, "giftCodes": [{**ONE, "lineItemId": 7}]}, {"giftCodes.0.lineItemId"}),
    ({"orderId": ORDER, "giftCodes": [{**ONE, "lineItemId": 141249953}]}, {"giftCodes.0.lineItemId"}),
    (
        {"orderId": ORDER, "giftCodes": [{**ONE, "code": f"AAAA-000{n}"} for n in range(3)]},
        {"giftCodes.2.code"},
    ),
    ({"orderId": ORDER, "giftCode": "ABCD-EFGH", "giftCodes": [ONE]}, set()),
    ({"orderId": ORDER, "giftCode": "ABCD-EFGH", "order": 1}, {"order"}),
]


def test_what_is_wrong_is_400_by_its_field_and_queues_nothing(quick_door: Door) -> None:
    """S002-157 to S002-160, S002-171, S002-172."""
    sell(quick_door.house)
    key = quick_door.house.key("cards:write")

    for body, fields in WRONG:
        status, _, wrong = refused(asked(quick_door, body=body, key=key))
        assert (status, wrong) == (400, fields), body
    for raw in (b"", b"[]", b"{", b'"x"'):
        assert refused(asked(quick_door, raw, key=key))[0] == 400
    assert quick_door.house.rows("jobs") == [] == quick_door.house.rows("cards")


def test_a_code_that_a_card_has_is_refused(quick_door: Door) -> None:
    """S002-177: in any spelling, at the door and where it is taken meanwhile."""
    sell(quick_door.house)
    shop = external(quick_door)
    quick_door.house.issue(code="ABCD EFGH 1234")

    assert fault(lambda: shop.assign(ORDER, "ABCD-EFGH-1234")) == (400, "code_taken", {"giftCode"})
    codes_of_it = ((FIRST, "NEW-CODE-1"), (FIRST, "abcdefgh1234"))
    assert fault(lambda: shop.assign(ORDER, None, *codes_of_it)) == (400, "code_taken", {"giftCodes.1.code"})

    assert shop.assign(ORDER, "NEW-CODE-2")
    quick_door.house.issue(code="NEW-CODE-2")
    assert len(made(quick_door)) == 4, "two issued by hand, and the two pieces that need no code of theirs"
    [job] = quick_door.house.rows("jobs")
    assert (job["done"], job["failed"], job["state"]) == (2, 1, "done")
    assert shop.assign(ORDER, "NEW-CODE-3"), "the piece is free again"
    assert len(made(quick_door)) == 5
    quick_door.house.require_proof()


def test_the_same_body_twice_makes_no_card_twice(door: Door) -> None:
    """S002-178: while the job waits, after it has run, and under an Idempotency-Key."""
    sell(door.house)
    key = door.house.key("cards:write")

    answers = [asked(door, SEVERAL, key=key) for _ in range(2)]
    assert len(made(door)) == 3
    answers += [asked(door, SEVERAL, key=key, headers={"Idempotency-Key": "k1"}) for _ in range(2)]

    assert [one.get_json() for one in answers] == [{"scheduled": True}] * 4
    assert answers[3].headers["Idempotent-Replayed"] == "true"
    assert len(made(door)) == 3 and len(door.house.rows("jobs")) == 1
    door.house.require_proof()


def test_several_who_ask_at_once_make_each_card_once(door: Door) -> None:
    """S002-178."""
    sell(door.house)
    shop = external(door)

    done = at_once([partial(shop.assign, ORDER, None, (SECOND, "ONE-FOR-ALL")) for _ in range(3)])

    assert [one.is_done for one in done] == [True] * 3
    assert len(made(door)) == 3 and len(door.house.rows("jobs")) == 1


def test_a_piece_that_has_its_card_is_not_assigned_again(quick_door: Door, shop: External) -> None:
    """S002-177, S002-178: another code for it is refused, as it could not be the card's."""
    sell(quick_door.house)
    shop.assign(ORDER, "ABCD-EFGH-1234")

    for _ in ("queued", "made"):
        assert fault(lambda: shop.assign(ORDER, "OTHER-CODE-1")) == (400, "code_taken", {"giftCode"})
        several = ((SECOND, "OTHER-CODE-2"),)
        assert fault(lambda several=several: shop.assign(ORDER, None, *several))[:2] == (400, "code_taken")
        assert len(made(quick_door)) == 3


SELLING = """\
recipe: bought-cards
title: Each gift card of an order becomes one of ours
status: live
on: order.paid
if:
  - event.order.gift_cards is not missing
once_per: event.order.id
do:
  - issue_card: {amount: 5.00 USD}
  - for_each:
      in: event.order.gift_cards
      do:
        - issue_card: {amount: "${{ item.price }}", kind: paid}
tests:
  - name: one card, and one for the buyer
    event: order.paid
    given: {event: {order: {id: o_1, gift_cards: [{id: l_1, price: {amount: "50.00", currency: USD}}]}}}
    expect: [issue_card: {amount: 5.00 USD}, issue_card: {amount: 50.00 USD, kind: paid}]
  - name: an order of goods
    event: order.paid
    given: {event: {order: {id: o_2}}}
    expect: nothing
    because: event.order.gift_cards is not missing
"""


def test_cards_that_a_recipe_sold_of_the_order_are_its_cards(sqlite_url: str, tmp_path: Path) -> None:
    """S002-178: no piece becomes two cards because a recipe was there before."""
    house = open_house(tmp_path, sqlite_url, recipes={"bought-cards": SELLING})
    try:
        sell(house, cards=((FIRST, 1, "50.00"),))
        door = door_of(house)
        shop = external(door)
        given, sold = shop.every()
        assert (given["balance"], sold["balance"], sold["order_id"]) == ("5.00", "50.00", None)

        assert fault(lambda: shop.assign(ORDER, "ABCD-EFGH-1234")) == (400, "code_taken", {"giftCode"})
        key = house.key("cards:reveal")
        path = f"/v1/gift-cards/{house.cards()[0]['id']}/reveal"
        own = door.post(path, key=key).get_json()["code"]

        assert shop.assign(ORDER, own), "its own code changes nothing"
        assert [one["order_id"] for one in made(door)] == [None, ORDER]
        assert house.rows("jobs") == []
        house.require_proof()
    finally:
        house.gateway.close()


def test_a_cancelled_job_leaves_its_pieces_free(quick_door: Door, shop: External) -> None:
    """S002-176: the job is one among the account's jobs."""
    sell(quick_door.house)
    shop.assign(ORDER, "ABCD-EFGH-1234")
    key = quick_door.house.key("cards:write", "cards:read")
    [job] = quick_door.get("/v1/jobs", key=key).get_json()["data"]
    assert (job["kind"], job["state"], job["total"]) == ("order", "queued", 3)

    assert quick_door.post(f"/v1/jobs/{job['id']}/cancel", key=key).status_code == 200
    assert made(quick_door) == []
    assert shop.assign(ORDER, "OTHER-CODE-1")

    assert len(made(quick_door)) == 3 and codes(quick_door)[0] == "OTHER-CODE-1"


def test_whoever_asked_is_shown_the_codes_in_the_lines_of_the_job(quick_door: Door) -> None:
    """S002-170, S002-176."""
    sell(quick_door.house)
    key = quick_door.house.key("cards:write", "cards:read")
    asked(quick_door, SINGLE, key=key)
    quick_door.house.gateway.run_jobs()

    [job] = quick_door.get("/v1/jobs", key=key).get_json()["data"]
    lines = quick_door.get(f"/v1/jobs/{job['id']}/lines", key=key).get_json()["data"]

    assert [one["gift_card"]["code"] for one in lines] == codes(quick_door)


def test_two_shops_with_one_number_are_not_guessed_at(quick_door: Door, shop: External) -> None:
    sell(quick_door.house)
    order = {"id": ORDER, "lines": [{"id": 1, "gift_card": True, "price": 500}]}
    key = quick_door.house.key("cards:write")
    assert quick_door.post("/v1/orders", key=key, body=order).status_code == 201

    assert fault(lambda: shop.assign(ORDER, "ABCD-EFGH-1234"))[:2] == (400, "conflict")


def test_an_order_without_gift_cards_stands_in_nobody_s_way(quick_door: Door, shop: External) -> None:
    sell(quick_door.house, cards=())
    line = {"id": FIRST, "gift_card": True, "price": "50.00"}
    key = quick_door.house.key("cards:write")
    quick_door.post("/v1/orders", key=key, body={"id": ORDER, "lines": [line]})

    assert shop.assign(ORDER, "ABCD-EFGH-1234")
    assert [one["balance"] for one in made(quick_door)] == ["50.00"]


def test_an_order_that_was_told_by_rest_too_is_the_shop_s(quick_door: Door, shop: External) -> None:
    """Both told the same pieces: the shop's has the buyer, and hears of what is given back."""
    sell(quick_door.house)
    lines = [{"id": i, "gift_card": True, "quantity": n, "price": price} for i, n, price in LINES]
    key = quick_door.house.key("cards:write")
    quick_door.post("/v1/orders", key=key, body={"id": ORDER, "lines": lines})

    assert shop.assign(ORDER, "ABCD-EFGH-1234")

    assert len(made(quick_door)) == 3
    sources = {one["id"]: one["source"] for one in quick_door.house.rows("orders")}
    assert {sources[one["order_id"]] for one in quick_door.house.rows("order_entries") if one["card_id"]} == {
        "shopify"
    }


def test_a_shop_that_tells_later_what_was_told_by_rest_makes_no_card_twice(
    quick_door: Door, shop: External
) -> None:
    lines = [{"id": i, "gift_card": True, "quantity": n, "price": price} for i, n, price in LINES]
    key = quick_door.house.key("cards:write")
    quick_door.post("/v1/orders", key=key, body={"id": ORDER, "lines": lines})
    assert shop.assign(ORDER, "ABCD-EFGH-1234")
    sell(quick_door.house)

    assert shop.assign(ORDER, "ABCD-EFGH-1234")

    assert len(made(quick_door)) == 3


def test_a_line_whose_price_the_shop_did_not_tell_exactly_fails_alone(
    quick_door: Door, shop: External
) -> None:
    sell(quick_door.house, cards=((FIRST, 1, "33.333"), (SECOND, 1, "25.00")))

    assert shop.assign(ORDER, "ABCD-EFGH-1234")

    assert [one["balance"] for one in made(quick_door)] == ["25.00"]
    assert quick_door.house.rows("jobs")[0]["failed"] == 1
