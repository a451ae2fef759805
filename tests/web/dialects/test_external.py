"""Seed 002: a client of the printed API changes its base URL, and works. Lists: test_external_lists.py."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.kit.crowd import at_once
from tests.kit.deeds import do, told, trail
from tests.kit.external_client import CREATE, External
from tests.kit.house import OTHER
from tests.web.dialects.asking import Refused, external, refused
from tests.web.door import Door

NOW = "2026-11-20T10:00:00-05:00"  # the clock of the tests, where the business is
LATER = "2026-11-20T10:00:59-05:00"
PATH = "/api/external/gift-cards"


@pytest.fixture
def shop(quick_door: Door) -> External:
    return external(quick_door)


def own_id(door: Door, card: dict[str, Any]) -> str:
    """Our id of it."""
    [row] = [one for one in door.house.rows("aliases", kind="card") if one["number"] == card["id"]]
    return str(row["subject"])


def asked(door: Door, method: str, path: str, body: Any = None, **how: Any) -> Any:
    return door.call(method, path, key=door.house.key("cards:read", "cards:write"), body=body, **how)


def fault(deed: Any) -> tuple[int, str, set[str]]:
    with pytest.raises(Refused) as refusal:
        deed()
    return refused(refusal.value.answer)


def test_the_printed_create_is_answered_as_printed(door: Door) -> None:
    """S002-01, S002-02, S002-06 to S002-19, S002-93 to S002-99, S002-102 to S002-104, S002-106 to
    S002-110.
    """
    answer = asked(door, "POST", PATH, CREATE)

    assert answer.status_code == 201
    assert answer.content_type == "application/json"
    made = answer.get_json()["gift_card"]
    client = made.pop("api_client_id")
    assert isinstance(made.pop("id"), int) and isinstance(client, int)
    assert made == {
        "balance": "100.00",
        "created_at": NOW,
        "updated_at": NOW,
        "currency": "USD",
        "initial_value": "100.00",
        "disabled_at": None,
        "line_item_id": None,
        "user_id": None,
        "customer_id": None,
        "note": "This is a note",
        "expires_on": None,
        "template_suffix": "gift_cards.birthday.liquid",
        "last_characters": "mnop",
        "order_id": None,
        "code": "abcdefghijklmnop",
    }
    [card] = door.house.cards()
    assert (card["kind"], card["source"], card["note"]) == ("paid", "api", "This is a note")
    door.house.require_proof()


def test_a_card_is_read_without_its_code(door: Door) -> None:
    """S002-10 to S002-26, S002-90, S002-92, S002-105, S002-107."""
    shop = external(door)
    made = shop.create(**CREATE)

    read = shop.get(made["id"])

    assert read == {name: value for name, value in made.items() if name != "code"}
    for query in ("", "fields=code,id"):
        assert "code" not in shop.every(query)[0]
    assert "abcdefghijklmnop" not in json.dumps(shop.with_transactions()).lower()


def test_the_printed_balance_call_is_answered_as_printed(door: Door) -> None:
    """S002-111 to S002-121, S002-125: the movement alone, signed, its numbers counting from 1; no wrapper."""
    shop = external(door)
    made = shop.create(initial_value="115.00")
    card = own_id(door, made)

    done = shop.set_balance(made["id"], "100.00")
    again = shop.set_balance(made["id"], 130)

    assert done == {
        "id": done["id"],
        "gift_card_id": made["id"],
        "api_client_id": made["api_client_id"],
        "user_id": None,
        "order_transaction_id": None,
        "number": 1,
        "amount": "-15.00",
        "processed_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
        "note": None,
        "remote_transaction_ref": None,
        "remote_transaction_url": None,
    }
    assert (again["number"], again["amount"]) == (2, "30.00"), "S002-125: above what it began with"
    assert shop.get(made["id"])["initial_value"] == "115.00"
    lines = door.house.rows("transfers")
    assert [(one["type"], one["amount"], one["reason"]) for one in lines] == [
        ("issue", 11500, None),
        *(("adjust", 1500, "set_balance"), ("adjust", 3000, "set_balance")),
    ]
    assert told(door.house, card) == ["gift_card.adjusted"] * 2
    door.house.require_proof()


def test_the_same_balance_again_moves_nothing(quick_door: Door, shop: External) -> None:
    """S002-122."""
    made = shop.create()
    shop.set_balance(made["id"], "90.00")

    done = [shop.set_balance(made["id"], "90") for _ in range(2)]

    assert [(one["amount"], one["number"]) for one in done] == [("0.00", 1)] * 2
    assert len({one["id"] for one in done}) == 1
    assert len(quick_door.house.rows("transfers")) == 2
    assert done[0]["id"] not in {one["id"] for one in shop.with_transactions()[0]["transactions"]}


def test_two_who_write_a_balance_at_once_lose_nothing(door: Door) -> None:
    """S002-111, S002-118, S002-119: each is one movement from what the card had then."""
    shop = external(door)
    made = shop.create()

    done = at_once([partial(shop.set_balance, made["id"], left) for left in ("90.00", "40.00", "70.00")])

    lines = door.house.rows("transfers")[1:]
    assert [one["balance_after"] for one in lines][-1] == door.house.rows("cards")[0]["balance"]
    assert {one["balance_after"] for one in lines} == {9000, 4000, 7000}
    assert sorted(one.value["number"] for one in done) == [1, 2, 3]
    [card] = shop.with_transactions()
    assert sum(round(float(line["amount"]) * 100) for line in card["transactions"]) == round(
        float(card["balance"]) * 100
    )
    door.house.require_proof()


def test_what_is_no_balance_is_refused(quick_door: Door, shop: External) -> None:
    """S002-123, S002-91."""
    made = shop.create()

    wrongs: list[Any] = ["-1", "1.001", "x", "", True, [], 10**13, "1e2"]
    for wrong in wrongs:
        assert fault(partial(shop.set_balance, made["id"], wrong)) == (422, "validation_failed", {"balance"})
    for body in ({}, {"balance": None}):
        path = f"{PATH}/{made['id']}/balance"
        assert refused(asked(quick_door, "PUT", path, body))[2] == {"balance"}
    assert fault(lambda: shop.set_balance(made["id"] + 1, "1.00"))[:2] == (404, "not_found")
    assert shop.get(made["id"])["balance"] == "100.00"


def test_a_stopped_card_or_one_that_is_over_keeps_its_balance(quick_door: Door, shop: External) -> None:
    """S002-124."""
    stopped, over, gone = shop.create(), shop.create(expires_on="2026-11-21"), shop.create()
    shop.disable(stopped["id"])
    do(quick_door.house, "remove", card=own_id(quick_door, gone))
    quick_door.house.clock.forward(timedelta(days=2))

    assert fault(lambda: shop.set_balance(stopped["id"], "1.00"))[:2] == (422, "card_disabled")
    assert fault(lambda: shop.set_balance(over["id"], "1.00"))[:2] == (422, "card_expired")
    assert fault(lambda: shop.set_balance(gone["id"], "1.00"))[:2] == (422, "card_disabled")


def test_the_printed_update_is_answered_as_printed(door: Door) -> None:
    """S002-13, S002-22, S002-126, S002-127, S002-135."""
    shop = external(door)
    made = shop.create()
    door.house.clock.forward(timedelta(seconds=59))

    changed = shop.update(made["id"], expires_on="2027-01-01")

    del made["code"]
    assert changed == {**made, "expires_on": "2027-01-01", "updated_at": LATER}
    [row] = door.house.rows("cards")
    assert row["expires_at"].isoformat() == "2027-01-02T04:59:59+00:00", "the end of that day in New York"


def test_end_note_and_template_change_and_nothing_else(quick_door: Door, shop: External) -> None:
    """S002-128 to S002-134."""
    made = shop.create(expires_on="2027-01-01", note="first")
    card = own_id(quick_door, made)
    del made["code"]

    noted = shop.update(made["id"], note="second", template_suffix="a.liquid")
    same = shop.update(
        made["id"], balance="5.00", initial_value="1.00", customer_id=7, code="NEWCODE", currency="EUR"
    )
    emptied = shop.update(made["id"], expires_on=None, note=None, template_suffix=None)

    assert noted == {**made, "note": "second", "template_suffix": "a.liquid"}
    assert same == noted
    assert emptied == {**made, "expires_on": None, "note": None}
    assert quick_door.house.balance(card) == 10_000
    assert told(quick_door.house, card) == ["gift_card.updated"] * 2
    quick_door.house.require_proof()


def test_a_card_that_is_read_and_written_back_stays_as_it_is(quick_door: Door, shop: External) -> None:
    """S002-134: the day that is shown moves no moment that was set elsewhere."""
    made = shop.create(**CREATE, customer_id=7, expires_on="2027-03-01")
    card = own_id(quick_door, made)
    do(quick_door.house, "update", card=card, expires_at=quick_door.house.clock.now() + timedelta(days=5))
    read = shop.get(made["id"])
    quick_door.house.clock.forward(timedelta(seconds=59))

    before = quick_door.house.rows("cards")[0]["expires_at"]
    sent = {name: value for name, value in read.items() if name != "id"}

    assert shop.update(made["id"], **sent) == {**read, "updated_at": LATER}
    assert quick_door.house.rows("cards")[0]["expires_at"] == before
    assert trail(quick_door.house, card)[-1] == "update"


def test_a_card_that_is_over_lives_again_by_a_later_end(quick_door: Door, shop: External) -> None:
    made = shop.create(expires_on="2026-11-21")
    quick_door.house.clock.forward(timedelta(days=2))

    past = fault(lambda: shop.update(made["id"], expires_on="2026-11-20"))
    same = shop.update(made["id"], expires_on="2026-11-21", note="x")
    revived = shop.update(made["id"], expires_on="2027-06-30")

    assert past == (422, "validation_failed", {"expires_on"})
    assert (same["expires_on"], same["note"]) == ("2026-11-21", "x")
    assert (revived["expires_on"], revived["balance"]) == ("2027-06-30", "100.00")
    assert shop.set_balance(made["id"], "1.00")["amount"] == "-99.00"


def test_the_printed_disable_is_answered_as_printed_and_cannot_be_undone(door: Door) -> None:
    """S002-07, S002-16, S002-136 to S002-141."""
    shop = external(door)
    made = shop.create()
    door.house.clock.forward(timedelta(seconds=59))

    stopped = shop.disable(made["id"])
    door.house.clock.forward(timedelta(hours=1))
    again = asked(door, "POST", f"{PATH}/{made['id']}/disable")

    del made["code"]
    assert stopped == {**made, "disabled_at": LATER, "updated_at": LATER}
    assert again.status_code == 200
    assert again.get_json()["gift_card"] == stopped
    card = own_id(door, made)
    assert asked(door, "POST", f"/v1/gift-cards/{card}/enable").status_code == 409
    assert asked(door, "POST", f"/v1/gift-cards/{card}/redeem", {"amount": 1}).status_code == 409
    door.house.require_proof()


def test_a_card_disabled_elsewhere_is_disabled_for_good(quick_door: Door, shop: External) -> None:
    """S002-138."""
    made = shop.create()
    card = own_id(quick_door, made)
    do(quick_door.house, "disable", card=card)
    quick_door.house.clock.forward(timedelta(seconds=59))

    assert shop.disable(made["id"])["disabled_at"] == NOW
    assert asked(quick_door, "POST", f"/v1/gift-cards/{card}/enable").status_code == 409


def test_a_removed_card_is_a_disabled_one(quick_door: Door, shop: External) -> None:
    made = shop.create()
    do(quick_door.house, "remove", card=own_id(quick_door, made))

    assert shop.get(made["id"])["disabled_at"] == NOW
    assert shop.disable(made["id"])["disabled_at"] == NOW
    assert [one["id"] for one in shop.every("status=disabled")] == [made["id"]]


def test_a_removed_card_that_is_disabled_stays_so_when_it_is_restored(door: Door) -> None:
    """S002-138, S002-141: for good, whatever another API does with it; again is harmless."""
    shop = external(door)
    made = shop.create()
    card = own_id(door, made)
    do(door.house, "remove", card=card)
    door.house.clock.forward(timedelta(seconds=59))

    stopped = [shop.disable(made["id"]) for _ in range(2)]
    back = do(door.house, "restore", card=card)["gift_card"]

    assert stopped[0] == stopped[1]
    assert (stopped[0]["disabled_at"], stopped[0]["updated_at"]) == (NOW, LATER)
    assert back["state"] == "disabled"
    for deed in ("enable", "redeem"):
        body = {"amount": 1} if deed == "redeem" else {}
        assert asked(door, "POST", f"/v1/gift-cards/{card}/{deed}", body).status_code == 409
    assert trail(door.house, card) == ["remove", "disable", "restore"]
    door.house.require_proof()


def test_a_card_without_a_code_gets_one_that_can_be_spent(quick_door: Door, shop: External) -> None:
    """S002-98, S002-105, S002-106."""
    made = shop.create(initial_value="50")

    answer = asked(quick_door, "POST", "/v1/gift-cards/lookup", {"code": made["code"]})

    assert made["code"].isalnum() and made["code"] == made["code"].lower()
    assert made["last_characters"] == made["code"][-4:]
    assert answer.get_json()["balance"] == 5000


def test_a_code_with_dashes_keeps_them_and_is_found_without(quick_door: Door, shop: External) -> None:
    """S002-97, S002-103, S002-106: `last_characters` counts a dash, ours do not."""
    made = shop.create(code="Gift-2027 -AB-3")

    assert (made["code"], made["last_characters"]) == ("gift-2027-ab-3", "ab-3"[-4:])
    assert shop.get(made["id"])["last_characters"] == "ab-3"
    for ending in ("ab-3", "AB-3", "7ab3"):
        assert [one["id"] for one in shop.search(f"query=last4:{ending}")] == [made["id"]]
    assert shop.search("query=last4:xb-3") == []
    answer = asked(quick_door, "POST", "/v1/gift-cards/lookup", {"code": "GIFT2027AB3"})
    assert answer.get_json()["last4"] == "7AB3"


def test_a_code_is_one_card_s(quick_door: Door, shop: External) -> None:
    """S002-08, S002-109: in any spelling."""
    shop.create(**CREATE)

    for code in ("ABCD EFGH IJKL MNOP", "abcdefghijklmnop", "ABCD-EFGH-IJKL-MNOP"):
        assert fault(lambda code=code: shop.create(code=code))[:2] == (422, "code_taken")
    assert len(quick_door.house.rows("cards")) == 1


def test_one_code_that_two_want_at_once_is_one_card_s(door: Door) -> None:
    """S002-109."""
    shop = external(door)

    done = at_once([partial(shop.create, code="ONE-FOR-TWO") for _ in range(3)])

    assert sum(one.is_done for one in done) == 1
    assert len(door.house.rows("cards")) == 1


def test_what_a_new_card_may_have_besides(quick_door: Door, shop: External) -> None:
    """S002-20, S002-93, S002-94, S002-100, S002-101: the wrapper too."""
    made = shop.create(initial_value="19.99", expires_on="2027-01-31", customer_id=4711)
    wrapped = asked(quick_door, "POST", PATH, {"gift_card": {"initial_value": 5}}).get_json()["gift_card"]

    assert (made["initial_value"], made["expires_on"], made["customer_id"]) == ("19.99", "2027-01-31", 4711)
    assert wrapped["balance"] == "5.00"
    [contact] = quick_door.house.rows("contacts")
    found = asked(quick_door, "GET", "/v1/gift-cards", query=f"contact_id={contact['public_id']}")
    assert len(found.get_json()["data"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "initial_value"),
        ({"initial_value": None}, "initial_value"),
        ({"initial_value": 0}, "initial_value"),
        ({"initial_value": -5}, "initial_value"),
        ({"initial_value": "1.005"}, "initial_value"),
        ({"initial_value": True}, "initial_value"),
        ({"initial_value": 5, "code": "x"}, "code"),
        ({"initial_value": 5, "code": 12345678}, "code"),
        ({"initial_value": 5, "expires_on": "2026-11-19"}, "expires_on"),
        ({"initial_value": 5, "expires_on": "soon"}, "expires_on"),
        ({"initial_value": 5, "customer_id": 0}, "customer_id"),
        ({"initial_value": 5, "customer_id": "x"}, "customer_id"),
        ({"initial_value": 5, "note": 7}, "note"),
        ({"initial_value": 5, "template_suffix": "x" * 256}, "template_suffix"),
        ({"initial_value": 5, "initialValue": 5}, "initialValue"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(quick_door: Door, body: Any, field: str) -> None:
    """S002-95."""
    assert refused(asked(quick_door, "POST", PATH, body)) == (422, "validation_failed", {field})
    assert quick_door.house.rows("cards") == []


def test_what_is_no_object_is_refused(quick_door: Door, shop: External) -> None:
    """S002-09."""
    made = shop.create()
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{made['id']}")):
        for raw in (b"", b"[]", b"{", b'"x"'):
            assert refused(asked(quick_door, method, path, raw=raw))[0] in (400, 422)


def test_an_id_that_is_another_card_s_is_refused(quick_door: Door, shop: External) -> None:
    """S002-133, S002-136."""
    made = shop.create()
    path = f"{PATH}/{made['id']}"

    for method, where in (("PUT", path), ("POST", f"{path}/disable")):
        answer = asked(quick_door, method, where, {"id": made["id"] + 1})
        assert refused(answer) == (400, "bad_request", {"id"})
    assert asked(quick_door, "PUT", path, {"id": str(made["id"]), "note": "x"}).status_code == 200
    assert shop.get(made["id"])["disabled_at"] is None


def test_a_card_that_is_not_there_is_not_found(quick_door: Door, shop: External) -> None:
    """S002-91, S002-06: nobody's, no number, or another account's."""
    made = shop.create()
    theirs = quick_door.house.key("cards:read", "cards:write", account=OTHER)

    for card in (made["id"] + 1, 0, -1, 2**53, 10**30, "x", "1.0", "gc_1"):
        assert refused(asked(quick_door, "GET", f"{PATH}/{card}"))[:2] == (404, "not_found")
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"note": "x"}),
        ("PUT", "/balance", {"balance": "1.00"}),
        ("POST", "/disable", None),
    ):
        answer = quick_door.call(method, f"{PATH}/{made['id']}{path}", key=theirs, body=body)
        assert refused(answer)[:2] == (404, "not_found")
    assert shop.get(made["id"])["balance"] == "100.00"


def test_every_call_wants_a_token_that_may_do_it(quick_door: Door, shop: External) -> None:
    """S002-02, S002-03."""
    made = shop.create()
    one = f"{PATH}/{made['id']}"
    calls = [
        ("GET", PATH, "cards:read"),
        ("GET", f"{PATH}/search", "cards:read"),
        ("GET", f"{PATH}/transactions", "cards:read"),
        ("GET", one, "cards:read"),
        ("POST", PATH, "cards:write"),
        ("PUT", one, "cards:write"),
        ("PUT", f"{one}/balance", "cards:write"),
        ("POST", f"{one}/disable", "cards:write"),
    ]
    others = {"cards:read", "cards:write", "cards:reveal", "contacts", "giftcard_update"}
    for under in ("/api/external", "/external"):
        for method, path, scope in calls:
            path = path.replace("/api/external", under)
            wrong = quick_door.call(method, path, key=quick_door.house.key(*(others - {scope})), body={})
            assert refused(wrong)[:2] == (403, "missing_scope")
            for key in ("", "gck_wrong", "Z"):
                assert refused(quick_door.call(method, path, key=key, body={}))[:2] == (401, "unauthorized")


def test_the_printed_paths_without_api_are_the_same(quick_door: Door, shop: External) -> None:
    """S002-38, S002-153."""
    made = shop.create()
    printed = external(quick_door, "/external")

    assert printed.get(made["id"]) == shop.get(made["id"])
    assert [one["id"] for one in printed.with_transactions()] == [made["id"]]
    assert printed.every() == shop.every() == shop.search()
    assert printed.set_balance(made["id"], "1.00")["amount"] == "-99.00"


def test_the_same_request_under_its_key_is_done_once(quick_door: Door) -> None:
    """S002-178: our Idempotency-Key, on every call that writes; a code is shown to its own key alone."""
    own, other = (quick_door.house.key("cards:write") for _ in range(2))

    def post(key: str, body: Any = CREATE) -> Any:
        return quick_door.post(PATH, key=key, body=body, headers={"Idempotency-Key": "k1"})

    first, again, theirs = post(own), post(own), post(other)

    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert theirs.get_json()["gift_card"]["code"] is None
    assert refused(post(own, {**CREATE, "note": "x"}))[:2] == (422, "idempotency_key_reused")
    assert len(quick_door.house.rows("cards")) == 1


def test_a_sum_has_the_decimals_of_its_currency(quick_door: Door, shop: External) -> None:
    """S002-11, S002-15: a card in another one is read and set by its own."""
    quick_door.house.issue(1_250, currency="KWD")
    quick_door.house.issue(500, currency="JPY")
    shown = asked(quick_door, "GET", PATH).get_json()["gift_cards"]

    assert [one["balance"] for one in shown] == ["1.250", "500"]
    answers = [
        asked(quick_door, "PUT", f"{PATH}/{one['id']}/balance", {"balance": written})
        for one, written in zip(shown, ("1.125", "500.5"), strict=True)
    ]
    assert answers[0].get_json()["amount"] == "-0.125"
    assert refused(answers[1]) == (422, "validation_failed", {"balance"})
