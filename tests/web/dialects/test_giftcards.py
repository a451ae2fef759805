"""Seed 001: a client of the printed API changes its base URL, and works."""

import json
import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.kit.crowd import at_once
from tests.kit.deeds import do, told, trail
from tests.kit.giftcards_client import EXAMPLE, GiftCards
from tests.kit.house import OTHER
from tests.web.dialects.asking import Refused, gift_cards, refused
from tests.web.door import Door

NOW = 1_795_186_800_000  # the clock of the tests, 2026-11-20T15:00:00Z
DAY = 86_400_000
CLIENT = 5146945
UUID = re.compile(r"[A-Za-z0-9_-]{22}")


@pytest.fixture
def shop(quick_door: Door) -> GiftCards:
    return gift_cards(quick_door)


def own_id(door: Door, card: dict[str, Any]) -> str:
    """Our id of the newest card."""
    [row] = [one for one in door.house.rows("aliases", kind="card") if one["uuid"] == card["giftCardUUId"]]
    return str(row["subject"])


def asked(door: Door, body: Any, *, method: str = "POST", path: str = "/giftcards", **how: Any) -> Any:
    return door.call(method, path, key=door.house.key("cards:read", "cards:write"), body=body, **how)


def test_the_printed_request_is_answered_as_printed(door: Door) -> None:
    """S001-01, S001-10, S001-13, S001-15, S001-17, S001-18, S001-28, S001-30, S001-31 to S001-39.

    S001-41 to S001-46, S001-51 to S001-55, S001-58 to S001-61, S001-63, S001-64, S001-68, S001-69.
    """
    shop = gift_cards(door)
    sent = {**EXAMPLE, "businessId": shop.business}

    answer = asked(door, sent, headers={})
    made = shop.save(sent)

    assert answer.status_code == 200
    assert {**made, "giftCardUUId": ""} == {
        "active": True,
        "amount": 25,
        "balanceAmount": 25,
        "businessId": shop.business,
        "clientId": 5146945,
        "createdDate": NOW,
        "createdUser": "JoeSchmo",
        "expireDate": None,
        "giftCardUUId": "",
        "modifiedDate": NOW,
        "modifiedUser": "JoeSchmo",
        "purchaseDate": 1681963200000,
        "status": "Active",
    }
    assert UUID.fullmatch(made["giftCardUUId"])
    assert list(made) == sorted(made), "in the order in which they are printed"
    assert door.house.gateway.card(door.house.account, own_id(door, made))["kind"] == "paid"
    door.house.require_proof()


def test_the_printed_list_is_answered_as_printed(door: Door) -> None:
    """S001-02 to S001-06, S001-09, S001-44, S001-47, S001-62: a bare array, its card 40 of 50."""
    shop = gift_cards(door)
    made = shop.add(amount=50, balanceAmount=50, clientId=5147394, purchaseDate=1536811200000)
    door.house.clock.forward(timedelta(seconds=1))
    shop.save({**made, "balanceAmount": 40})

    [found] = shop.of_client(5147394)
    with_a_query = asked(door, None, method="GET", path="/giftcards/client/5147394?page=2&limit=1")

    assert found == {
        **made,
        "amount": 50,
        "balanceAmount": 40,
        "createdDate": NOW,
        "modifiedDate": NOW + 1000,
        "purchaseDate": 1536811200000,
    }
    assert with_a_query.get_json() == [found]
    assert shop.of_client(5143212) == [], "a client without cards, or nobody"


def test_a_balance_that_is_written_over_is_one_adjustment(door: Door) -> None:
    """S001-11, S001-50: the difference, with the reason, message and audit row of any."""
    shop = gift_cards(door)
    made = shop.add(amount=100, balanceAmount=100)
    card = own_id(door, made)

    shop.save({**made, "balanceAmount": "62.50"})
    shop.save({**made, "balanceAmount": 62.5})

    lines = door.house.rows("transfers")
    assert [(one["type"], one["amount"], one["reason"]) for one in lines] == [
        ("issue", 10000, None),
        ("adjust", 3750, "set_balance"),
    ]
    assert told(door.house, card) == ["gift_card.adjusted"]
    assert trail(door.house, card) == ["set_balance", "update"]
    door.house.require_proof()


def test_a_balance_with_cents_is_a_number_with_a_fraction(quick_door: Door, shop: GiftCards) -> None:
    """S001-46."""
    card = own_id(quick_door, shop.add(amount=50, balanceAmount=50))
    quick_door.house.redeem(card, 3_750)

    answer = asked(quick_door, None, method="GET", path=f"/giftcards/client/{CLIENT}")

    assert '"balanceAmount":12.5,' in answer.text


def test_what_is_read_can_be_written_back(quick_door: Door, shop: GiftCards) -> None:
    """S001-57, S001-64, S001-70: nothing moves but the mark of who wrote it last."""
    made = shop.add(amount="80", balanceAmount="30.25", expireDate=NOW + 90 * DAY + 7, purchaseDate=NOW - 3)
    other = gift_cards(quick_door)
    quick_door.house.clock.forward(timedelta(seconds=2))

    again = other.save({**made, "createdUser": "somebody", "createdDate": 1, "modifiedUser": "x"})

    assert again == {**made, "modifiedDate": NOW + 2000}
    assert trail(quick_door.house, own_id(quick_door, made)) == ["set_balance", "update"]


def test_a_card_is_taken_out_of_view_and_comes_back(door: Door) -> None:
    """S001-19 to S001-26, S001-40, S001-62, S001-65 to S001-67."""
    shop = gift_cards(door)
    made = shop.add(balanceAmount="20")
    card = own_id(door, made)
    door.house.clock.forward(timedelta(seconds=1))

    answer = asked(door, None, method="DELETE", path=f"/giftcards/{made['giftCardUUId']}")
    shop.remove(made)

    assert answer.status_code == 200
    gone = answer.get_json()
    assert (gone["active"], gone["status"], gone["balanceAmount"]) == (False, "Deleted", 20)
    assert gone["modifiedDate"] == NOW + 1000
    assert shop.of_client(CLIENT) == []
    assert asked(door, {"amount": 1}, path=f"/v1/gift-cards/{card}/redeem").status_code == 409
    assert trail(door.house, card) == ["set_balance", "remove"]

    back = shop.save({**gone, "active": True})

    assert (back["active"], back["status"], back["balanceAmount"]) == (True, "Active", 20)
    assert shop.of_client(CLIENT) == [back]
    assert asked(door, {"amount": 1}, path=f"/v1/gift-cards/{card}/redeem").status_code == 200
    door.house.require_proof()


def test_a_status_that_is_written_is_what_the_card_has(quick_door: Door, shop: GiftCards) -> None:
    """S001-39, S001-66, S001-67: one word of two is enough; Expired is over now, or since it says."""
    said: list[tuple[dict[str, Any], str, bool]] = [
        ({"active": False}, "Deleted", False),
        ({"status": "Deleted"}, "Deleted", False),
        ({"status": "Expired"}, "Expired", True),
        ({"status": "Expired", "expireDate": 1_600_000_000_000}, "Expired", True),
        ({"active": False, "status": "Expired"}, "Deleted", False),
    ]
    for number, (written, status, active) in enumerate(said, 1):
        shop.add(clientId=number, **written)
        made = shop.save({**shop.add(clientId=number), **written})

        assert (made["status"], made["active"], made["balanceAmount"]) == (status, active, 25)
        if status == "Expired":
            assert made["expireDate"] == written.get("expireDate", NOW)
        assert [one["status"] for one in shop.of_client(number)] == (["Expired"] * 2 if active else [])
        again = shop.save({**made, "active": True, "status": "Active", "expireDate": None})
        assert (again["status"], again["balanceAmount"], again["expireDate"]) == ("Active", 25, None)
    quick_door.house.require_proof()


def test_a_card_that_is_over_stays_over_until_it_is_given_another_end(
    quick_door: Door, shop: GiftCards
) -> None:
    """S001-67: a client that read it before its end and writes it afterwards brings nothing back."""
    read_before = shop.add(expireDate=NOW + DAY)
    quick_door.house.clock.forward(timedelta(days=2))

    with pytest.raises(Refused) as refusal:
        shop.save(read_before)
    later = shop.save({**read_before, "expireDate": NOW + 9 * DAY})

    assert refused(refusal.value.answer) == (400, "validation_failed", {"expireDate"})
    assert (later["status"], later["expireDate"]) == ("Active", NOW + 9 * DAY)


def test_an_end_is_a_moment_or_a_day(shop: GiftCards) -> None:
    """S001-55 to S001-57: the last second of that day in New York."""
    for written, end in ((NOW + DAY, NOW + DAY), ("2027-01-31", 1_801_457_999_000), (None, None)):
        assert shop.add(expireDate=written)["expireDate"] == end
        assert shop.save({**shop.add(expireDate=NOW + 2 * DAY), "expireDate": written})["expireDate"] == end


def test_an_end_that_is_not_written_stays(shop: GiftCards) -> None:
    """S001-15: what is left out is not changed."""
    made = shop.add(expireDate=NOW + DAY)
    without = {name: value for name, value in made.items() if name != "expireDate"}

    assert shop.save(without)["expireDate"] == NOW + DAY


def test_a_card_goes_to_another_client(quick_door: Door, shop: GiftCards) -> None:
    """S001-28, S001-52: a client's number is theirs in each call, and the same person's everywhere."""
    made = shop.add()

    moved = shop.save({**made, "clientId": 77})

    assert moved["clientId"] == 77
    assert shop.of_client(CLIENT) == []
    assert [one["giftCardUUId"] for one in shop.of_client(77)] == [made["giftCardUUId"]]
    people = {row["contact_id"] for row in quick_door.house.rows("cards")}
    assert len(people) == 1


def test_a_number_that_was_given_is_allotted_to_nobody_else(quick_door: Door, shop: GiftCards) -> None:
    """S001-52: whoever is numbered by us comes behind, and by that number is the same person."""
    shop.add(clientId=1)
    made = shop.add(clientId=2)
    mine = quick_door.house.issue(contact={"email": "mia@example.com"})["contact_id"]
    do(quick_door.house, "update", card=own_id(quick_door, made), contact_id=mine)

    gone = asked(quick_door, None, method="DELETE", path=f"/giftcards/{made['giftCardUUId']}").get_json()
    more = shop.add(clientId=3)

    assert (gone["clientId"], more["clientId"]) == (3, 3)
    cards = quick_door.house.gateway.list_cards(quick_door.house.account, {"contact_id": mine}).data
    assert own_id(quick_door, more) in {one["id"] for one in cards}


def test_each_of_the_seven_fields_must_be_there(quick_door: Door, shop: GiftCards) -> None:
    """S001-15, S001-16, S001-31 to S001-38."""
    key = quick_door.house.key("cards:write")
    for whole in ({**EXAMPLE, "businessId": shop.business}, shop.add()):
        for name in EXAMPLE:
            for body in ({key: value for key, value in whole.items() if key != name}, {**whole, name: None}):
                answer = quick_door.post("/giftcards", key=key, body=body)
                assert refused(answer) == (400, "validation_failed", {name})


STRANGE: list[tuple[str, Any]] = [
    ("active", "true"),
    ("active", 1),
    ("amount", 0),
    ("amount", "0"),
    ("amount", -25),
    ("amount", "-25"),
    ("amount", "1e3"),
    ("amount", " 25"),
    ("amount", "25 USD"),
    ("amount", True),
    ("amount", "25.001"),
    ("amount", 10**13),
    ("amount", [25]),
    ("balanceAmount", 26),
    ("balanceAmount", -1),
    ("balanceAmount", ""),
    ("businessId", "43111"),
    ("businessId", 1.5),
    ("clientId", "5146945"),
    ("clientId", 0),
    ("clientId", -4),
    ("clientId", 2**53),
    ("clientId", 10**30),
    ("clientId", True),
    ("purchaseDate", "2023-04-20"),
    ("purchaseDate", -1),
    ("purchaseDate", 10**18),
    ("purchaseDate", 1.5),
    ("status", "active"),
    ("status", "Redeemed"),
    ("status", ""),
    ("status", 1),
    ("expireDate", "2027-02-30"),
    ("expireDate", "31.01.2027"),
    ("expireDate", NOW - 1),
    ("expireDate", True),
    ("expireDate", 10**18),
    ("giftCardUUId", 7),
    ("code", "GIFT-100"),
    ("balanceamount", 1),
]


def test_what_is_no_such_value_is_refused_by_its_name(quick_door: Door, shop: GiftCards) -> None:
    """S001-12, S001-42, S001-48, S001-49, S001-52, S001-56, S001-65, S001-71."""
    key = quick_door.house.key("cards:write")
    for field, value in STRANGE:
        body = {**EXAMPLE, "businessId": shop.business, field: value}
        status, code, fields = refused(quick_door.post("/giftcards", key=key, body=body))
        assert (status, fields) == (400, {field}), (field, value)
        assert code in ("validation_failed", "bad_amount")

    assert quick_door.house.rows("cards") == quick_door.house.rows("contacts") == []


def test_a_body_that_is_no_card_is_refused(quick_door: Door) -> None:
    """S001-12."""
    key = quick_door.house.key("cards:write")
    for raw in (b"", b"[]", b'"x"', b"{", b"null", b'{"active": true, "active": true}'):
        assert refused(quick_door.post("/giftcards", key=key, raw=raw))[0] == 400, raw


def test_a_client_is_a_whole_number(quick_door: Door) -> None:
    """S001-06 to S001-08: who is nobody has no cards."""
    key = quick_door.house.key("cards:read")
    for client in ("x", "1.5", "%20", "gc_1", "٣", "1" * 40):
        answer = quick_door.get(f"/giftcards/client/{client}", key=key)
        assert refused(answer) == (400, "bad_request", {"clientId"}), client
    for client in ("0", "-1", "9007199254740992", "5146945"):
        answer = quick_door.get(f"/giftcards/client/{client}", key=key)
        assert (answer.status_code, answer.get_json()) == (200, []), client


def test_an_unknown_card_is_not_there(quick_door: Door, shop: GiftCards) -> None:
    """S001-14, S001-24; another business's is not there either."""
    theirs = gift_cards(quick_door, OTHER)
    strange = theirs.add()
    for uuid in ("rSnVGKkHSGCYfalfOuae1g", "", "x", "0" * 5000, strange["giftCardUUId"]):
        written = {**EXAMPLE, "businessId": shop.business, "giftCardUUId": uuid}
        if len(uuid) < 2000:
            assert refused(asked(quick_door, written))[:2] == (404, "not_found")
        if uuid:
            path = f"/giftcards/{uuid}"
            assert refused(asked(quick_door, None, method="DELETE", path=path))[:2] == (404, "not_found")
    assert theirs.of_client(CLIENT) == [strange]


def test_another_business_is_not_there(quick_door: Door, shop: GiftCards) -> None:
    """S001-30, S001-51: whoever's it is, or nobody's."""
    for business in (quick_door.house.other.business_id, 43111, 0):
        answer = asked(quick_door, {**EXAMPLE, "businessId": business})
        assert refused(answer)[:2] == (404, "not_found")
    assert quick_door.house.rows("cards") == []


def test_the_total_of_a_card_stays(quick_door: Door, shop: GiftCards) -> None:
    """S001-41, S001-48: it is refused rather than passed over, and nothing else of the call is done."""
    made = shop.add(amount=50, balanceAmount=50)

    for fields in ({"amount": 60}, {"amount": 60, "balanceAmount": 60}, {"balanceAmount": 51}):
        with pytest.raises(Refused) as refusal:
            shop.save({**made, "status": "Expired", **fields})
        assert refused(refusal.value.answer)[0] == 400

    assert shop.of_client(CLIENT) == [made]


def test_who_loaded_a_card_elsewhere_can_still_write_it_back(quick_door: Door, shop: GiftCards) -> None:
    """S001-48: above its total it stays, and goes no further."""
    made = shop.add()
    do(quick_door.house, "load", card=own_id(quick_door, made), amount=1000)
    [loaded] = shop.of_client(CLIENT)

    assert (loaded["amount"], loaded["balanceAmount"]) == (25, 35)
    assert shop.save(loaded)["balanceAmount"] == 35
    assert shop.save({**loaded, "balanceAmount": 30})["balanceAmount"] == 30


def test_a_card_in_another_currency_is_left_out(quick_door: Door, shop: GiftCards) -> None:
    """S001-45: where no currency is told there is one."""
    made = shop.add()
    issued = do(quick_door.house, "update", card=own_id(quick_door, made), note="x")
    quick_door.house.issue(900, currency="EUR", contact_id=issued["contact_id"])

    assert [one["balanceAmount"] for one in shop.of_client(CLIENT)] == [25]


def test_a_disabled_card_is_out_of_view_until_it_is_enabled_elsewhere(
    quick_door: Door, shop: GiftCards
) -> None:
    """S001-39, S001-66, S001-67."""
    made = shop.add()
    card = own_id(quick_door, made)
    do(quick_door.house, "disable", card=card)
    assert shop.of_client(CLIENT) == []

    with pytest.raises(Refused) as refusal:
        shop.save(made)  # a copy from before: whoever switched it off knew why
    assert refused(refusal.value.answer)[:2] == (409, "card_disabled")
    do(quick_door.house, "enable", card=card)
    assert shop.save(made)["status"] == "Active"


@pytest.mark.parametrize(
    "said", [{"active": False}, {"status": "Deleted"}, {"active": False, "status": "Deleted"}]
)
def test_a_sheet_that_takes_a_card_away_does_so_however_often_it_comes(
    quick_door: Door, shop: GiftCards, said: dict[str, Any]
) -> None:
    """S001-20, S001-67: without a key, too, and though its two words contradict each other."""
    made = shop.add()
    quick_door.house.clock.forward(timedelta(seconds=1))

    assert [shop.save({**made, **said})["status"] for _ in range(3)] == ["Deleted"] * 3
    assert shop.of_client(CLIENT) == []


def test_a_card_that_is_brought_back_as_expired_is_over(quick_door: Door, shop: GiftCards) -> None:
    """S001-40, S001-67."""
    made = shop.add()
    quick_door.house.clock.forward(timedelta(seconds=1))
    shop.remove(made)

    assert shop.save({**made, "active": True, "status": "Expired"})["status"] == "Expired"


def test_a_copy_from_before_its_end_gives_a_card_nothing_back(quick_door: Door, shop: GiftCards) -> None:
    """S001-67: neither its money nor its life, though the copy says Active and what was on it."""
    made = shop.add(expireDate=NOW + DAY)
    card = own_id(quick_door, made)
    copy = {name: value for name, value in made.items() if name != "expireDate"}
    shop.save({**copy, "balanceAmount": 20})
    quick_door.house.clock.forward(timedelta(days=2))
    quick_door.house.gateway.tick()

    with pytest.raises(Refused) as refusal:
        shop.save(copy)
    assert refused(refusal.value.answer)[:2] == (409, "card_expired")
    assert quick_door.house.gateway.card(quick_door.house.account, card)["state"] == "expired"


def test_the_same_request_under_its_key_is_done_once(quick_door: Door, shop: GiftCards) -> None:
    """S001-27: our key, our errors, our Idempotency-Key, on every call that writes."""
    key = quick_door.house.key("cards:write")
    sent = {**EXAMPLE, "amount": "25.50", "businessId": shop.business}

    def post(body: Any) -> Any:
        return quick_door.post("/giftcards", key=key, body=body, headers={"Idempotency-Key": "k1"})

    first, again, other = post(sent), post(sent), post({**sent, "amount": "26"})

    assert first.data == again.data
    assert json.loads(first.data)["amount"] == 25.5
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refused(other)[:2] == (422, "idempotency_key_reused")
    assert len(quick_door.house.rows("cards")) == 1


def test_a_refusal_under_a_key_is_the_same_again(quick_door: Door, shop: GiftCards) -> None:
    key = quick_door.house.key("cards:write")
    sent = {**EXAMPLE, "businessId": shop.business, "balanceAmount": 26}
    told = [
        refused(quick_door.post("/giftcards", key=key, body=sent, headers={"Idempotency-Key": "k1"}))
        for _ in range(2)
    ]

    assert told == [(400, "validation_failed", {"balanceAmount"})] * 2


def test_a_key_opens_what_its_scopes_say(quick_door: Door, shop: GiftCards) -> None:
    """S001-27."""
    made = shop.add()
    calls = [
        ("GET", f"/giftcards/client/{CLIENT}", "cards:read"),
        ("POST", "/giftcards", "cards:write"),
        ("DELETE", f"/giftcards/{made['giftCardUUId']}", "cards:write"),
    ]
    for method, path, scope in calls:
        others = {"cards:read", "cards:write", "cards:reveal", "contacts", "giftcard_update"} - {scope}
        wrong = quick_door.call(method, path, key=quick_door.house.key(*others), body=made)
        nobody = quick_door.call(method, path, body=made)
        assert refused(wrong)[:2] == (403, "missing_scope")
        assert refused(nobody)[:2] == (401, "unauthorized")
    assert refused(asked(quick_door, {}, method="PUT"))[0] == 405
    assert shop.of_client(CLIENT) == [made]


def test_two_who_write_a_balance_at_once_lose_nothing(door: Door) -> None:
    """S001-50: each is one transfer from what the card had then, whoever was last has the last word."""
    shop = gift_cards(door)
    made = shop.add(amount=100, balanceAmount=100)

    at_once([partial(shop.save, {**made, "balanceAmount": left}) for left in (90, 40, 70)])

    [card] = door.house.rows("cards")
    lines = door.house.rows("transfers")[1:]
    assert len(lines) == 3
    assert lines[-1]["balance_after"] == card["balance"]
    assert {one["balance_after"] for one in lines} == {9000, 4000, 7000}
    door.house.require_proof()


def test_one_new_client_whom_two_bring_at_once_is_one_person(door: Door) -> None:
    shop = gift_cards(door)

    at_once([lambda: shop.add(clientId=4711) for _ in range(3)])

    assert len(door.house.rows("contacts")) == 1
    assert len(shop.of_client(4711)) == 3
