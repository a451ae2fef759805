"""Seed 003: a client of the printed API changes its base URL, and works."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.flows.limits import Rate
from tests.flows.making import a_house
from tests.kit.crowd import at_once
from tests.kit.deeds import do, told, trail
from tests.kit.house import OTHER
from tests.kit.stores_client import PRINTED, UPDATED, USER, Stores
from tests.web.dialects.asking import Refused, external, refused, stores
from tests.web.door import Door, door_of

NOW = "2026-11-20T15:00:00.000000Z"
LATER = "2026-12-20T16:43:28.253320Z"


@pytest.fixture
def shop(quick_door: Door) -> Stores:
    return stores(quick_door)


def own_id(door: Door, card: dict[str, Any]) -> str:
    """Our id of a card."""
    [row] = [one for one in door.house.rows("aliases", kind="card") if str(one["flake"]) == card["id"]]
    return str(row["subject"])


def fields_of(printed: dict[str, Any], shown: dict[str, Any], **others: Any) -> None:
    """Field by field as it is printed; ids, times and the store are this gateway's own."""
    own = {name: shown[name] for name in ("id", "store_id", "created_at", "usable_at")}
    users = {
        name: None if printed[name] is None else {**printed[name], "id": shown[name]["id"]}
        for name in ("created_by", "updated_by")
    }
    assert shown == {**printed, **own, **users, **others}


def test_the_five_printed_answers_are_answered_as_printed(door: Door) -> None:
    """S003-01 to S003-04, S003-06 to S003-09, S003-13 to S003-26, S003-28 to S003-35, S003-40, S003-48.

    S003-50, S003-52, S003-61, S003-63, S003-72.
    """
    shop = stores(door)
    sent = {"code": PRINTED["code"], "balance": PRINTED["balance"], "expires_at": LATER}

    made = shop.create(**sent)
    listed, got = shop.list(), shop.get(made["id"])
    door.house.clock.forward(timedelta(hours=1))
    updated = shop.update(made["id"], balance=9000)
    shop.delete(made["id"])

    fields_of(PRINTED, made, expires_at=LATER)
    assert (made["usable_at"], made["created_at"], made["store_id"]) == (NOW, NOW, shop.store)
    assert listed == [made] and got == made
    fields_of(UPDATED, updated, expires_at=LATER, balance=9000, updated_at="2026-11-20T16:00:00.000000Z")
    assert updated["updated_by"] == updated["created_by"]
    card = door.house.gateway.card(door.house.account, own_id(door, made))
    assert (card["kind"], card["state"], card["balance"]) == ("paid", "removed", 9000)
    door.house.require_proof()


def test_statuses_are_those_of_each_call(quick_door: Door, shop: Stores) -> None:
    """S003-04, S003-35, S003-63, S003-66: 201, 200, 204; PUT is as good as PATCH."""
    key = quick_door.house.key("giftcard_create", "giftcard_read", "giftcard_update", "giftcard_delete")
    made = quick_door.post(shop.path, key=key, body={"code": "GIFT-100", "balance": 1})
    one = f"{shop.path}/{made.get_json()['id']}"
    put = quick_door.call("PUT", one, key=key, body={**made.get_json(), "balance": 2})
    gone = [quick_door.call("DELETE", one, key=key) for _ in range(2)]

    assert (made.status_code, put.status_code, put.get_json()["balance"]) == (201, 200, 2)
    assert [(answer.status_code, answer.data) for answer in gone] == [(204, b""), (204, b"")]
    assert "Content-Type" not in gone[0].headers


def test_a_card_whose_end_has_passed_is_made_and_is_over(door: Door) -> None:
    """S003-24, S003-39, S003-69, S003-72: as printed; sent back as it was read, it stays so."""
    shop, house = stores(door), door.house
    sent = {name: PRINTED[name] for name in ("enabled", "code", "balance", "usable_at", "expires_at")}

    made = shop.create(**sent)
    card = own_id(door, made)

    fields_of(PRINTED, made, usable_at=PRINTED["usable_at"])
    assert shop.get(made["id"]) == made and shop.list() == [made]
    seen = house.gateway.card(house.account, card)
    assert (seen["state"], seen["balance"], seen["kind"]) == ("expired", 10000, "paid")
    assert told(house, card) == ["gift_card.expired"]
    bare = shop.create(code="GIFT-200", balance=100, expires_at=PRINTED["expires_at"], enabled=False)
    assert (bare["usable_at"], bare["enabled"], bare["updated_by"]) == (NOW, False, None)
    for one in (made, bare):
        back = shop.update(one["id"], **{name: one[name] for name in sent if name != "enabled"})
        assert {name: back[name] for name in sent} == {name: one[name] for name in sent}
    key = house.key("cards:write")
    assert door.post(f"/v1/gift-cards/{card}/redeem", key=key, body={"amount": 1}).status_code == 409
    shop.update(made["id"], expires_at=LATER)
    assert house.gateway.card(house.account, card)["state"] == "active"
    house.require_proof()


def test_a_code_is_one_code_in_every_spelling_and_keeps_its_own(door: Door) -> None:
    """S003-10 to S003-14, S003-37, S003-47, S003-67: unique in the store, also after it was deleted."""
    shop = stores(door)
    made = shop.create(code="Gift 100-x", balance=500)

    for spelling in ("GIFT100X", "gift 100-x", "G-I-F-T-1-0-0-X"):
        assert shop.list(code=spelling) == [made]
        with pytest.raises(Refused) as refusal:
            shop.create(code=spelling, balance=500)
        assert refused(refusal.value.answer)[:2] == (409, "code_taken")
    assert shop.list(code="GIFT100") == []
    shop.delete(made["id"])
    with pytest.raises(Refused):
        shop.create(code="gift100x", balance=1)
    assert shop.list(code="gift100x") == []
    assert [one["id"] for one in shop.list(code="gift100x", include_canceled="true")] == [made["id"]]
    assert stores(door, OTHER).create(code="Gift 100-x", balance=1)["code"] == "Gift 100-x"


def test_a_changed_code_opens_the_card_and_the_old_one_nothing(door: Door) -> None:
    """S003-55, S003-56: the same rules as on create; a deed with its message and audit row."""
    shop = stores(door)
    made, other = shop.create(code="GIFT-100", balance=500), shop.create(code="GIFT-200", balance=500)
    key = door.house.key("cards:read")

    changed = shop.update(made["id"], code="Summer 2027")

    assert (changed["code"], changed["balance"]) == ("Summer 2027", 500)
    assert door.post("/v1/gift-cards/lookup", key=key, body={"code": "GIFT-100"}).status_code == 404
    found = door.post("/v1/gift-cards/lookup", key=key, body={"code": "summer2027"}).get_json()
    assert (found["id"], found["last4"]) == (own_id(door, made), "2027")
    for code in ("gift 200", "GIFT_300", "", "x" * 65, "4242 4242 4242 4242", "TEST-GIFT-9"):
        with pytest.raises(Refused) as refusal:
            shop.update(made["id"], code=code)
        assert refused(refusal.value.answer)[0] in (409, 422), code
    assert shop.get(made["id"])["code"] == "Summer 2027"
    assert shop.create(code="GIFT-100", balance=1)["id"] not in (made["id"], other["id"])
    assert told(door.house, own_id(door, made)) == ["gift_card.updated"]
    door.house.require_proof()


def test_two_who_want_one_code_at_once_do_not_both_get_it(door: Door) -> None:
    """S003-11."""
    shop = stores(door)
    cards = [shop.create(code=f"GIFT-{number}", balance=1) for number in range(100, 103)]

    at_once([partial(shop.update, card["id"], code="THE-ONE") for card in cards])

    assert len(shop.list(code="THE-ONE")) == 1
    door.house.require_proof()


def test_a_list_goes_on_after_the_last_and_back_before_the_first(door: Door) -> None:
    """S003-40 to S003-45, S003-48: the oldest first, cards that were made elsewhere too."""
    shop = stores(door)
    issued = {door.house.issue(100 + number)["id"] for number in range(3)}
    for number in range(4):
        shop.create(code=f"GIFT-10{number}", balance=number + 1)

    pages = [shop.list(limit=3)]
    while pages[-1]:
        pages.append(shop.list(limit=3, after=pages[-1][-1]["id"]))
    whole = [one for page in pages for one in page]

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert whole == shop.list() == sorted(whole, key=lambda one: int(one["id"]))
    assert issued < {own_id(door, one) for one in whole}
    flakes = [one["id"] for one in whole]
    assert shop.list(before=flakes[5], limit=2) == whole[3:5], "the last ones before it"
    assert shop.list(after=flakes[0], before=flakes[4], limit=2) == whole[1:3], "both: what is between"
    assert shop.list(after=flakes[-1]) == shop.list(before=flakes[0]) == []
    assert shop.list(after=0, limit=100) == whole
    door.house.issue(100)
    assert len(shop.list(before=2**63 - 1)) == 8, "a card that has no name yet is before it, too"


def test_deleted_cards_are_in_the_list_where_they_are_asked_for(quick_door: Door, shop: Stores) -> None:
    """S003-46, S003-49, S003-51, S003-64 to S003-66: disabled ones always."""
    kept = shop.create(code="GIFT-100", balance=100)
    gone = shop.create(code="GIFT-200", balance=100)
    stopped = shop.create(code="GIFT-300", balance=100, enabled=False)
    shop.delete(gone["id"])
    card = own_id(quick_door, gone)

    assert [one["id"] for one in shop.list()] == [kept["id"], stopped["id"]]
    assert shop.list(include_canceled="false") == shop.list()
    assert [one["id"] for one in shop.list(include_canceled="true")] == [
        kept["id"],
        gone["id"],
        stopped["id"],
    ]
    assert shop.get(gone["id"])["enabled"] is False
    key = quick_door.house.key("cards:write")
    spent = quick_door.post(f"/v1/gift-cards/{card}/redeem", key=key, body={"amount": 1})
    assert spent.status_code == 409
    with pytest.raises(Refused) as refusal:
        shop.update(gone["id"], enabled=True)
    assert refused(refusal.value.answer)[:2] == (409, "card_disabled")


def test_a_card_pays_only_while_it_may(quick_door: Door, shop: Stores) -> None:
    """S003-08, S003-27, S003-53, S003-54, S003-59, S003-60, S003-68 to S003-71."""
    house, key = quick_door.house, quick_door.house.key("cards:write")
    made = shop.create(code="GIFT-100", balance=100, usable_at="2026-11-21T15:00:00Z", expires_at=LATER)
    card = own_id(quick_door, made)

    def pays() -> bool:
        path = f"/v1/gift-cards/{card}/redeem"
        return quick_door.post(path, key=key, body={"amount": 1}).status_code == 200

    assert not pays(), "not yet"
    shop.update(made["id"], usable_at="2026-11-20T14:00:00Z")
    assert pays() and pays()
    assert shop.update(made["id"], enabled=False)["enabled"] is False
    assert not pays()
    assert shop.update(made["id"], enabled=True)["enabled"] is True
    assert pays()
    house.clock.forward(timedelta(days=60))
    assert not pays(), "over"
    again = shop.update(made["id"], expires_at=None)
    assert (again["expires_at"], again["enabled"], again["balance"]) == (None, True, 97)
    assert pays()
    shop.update(made["id"], balance=0)
    assert not pays(), "used up"
    assert trail(house, card)[0] == "reveal"
    house.require_proof()


def test_a_card_that_was_disabled_for_good_stays_so(quick_door: Door, shop: Stores) -> None:
    """S003-54: what another API made final is final here."""
    made = shop.create(code="GIFT-100", balance=100)
    do(quick_door.house, "disable", card=own_id(quick_door, made), permanent=True)

    with pytest.raises(Refused) as refusal:
        shop.update(made["id"], enabled=True)

    assert refused(refusal.value.answer)[:2] == (409, "card_disabled")


def test_a_card_may_be_made_with_nothing_on_it(door: Door) -> None:
    """S003-38, S002-47: depleted until it is loaded; all four APIs and the ledger have it from its making."""
    shop, house = stores(door), door.house
    made = shop.create(code="EMPTY-100", balance=0, enabled=False)
    card = own_id(door, made)
    key = house.key("cards:read", "cards:write")

    def spend() -> int:
        return door.post(f"/v1/gift-cards/{card}/redeem", key=key, body={"amount": 100}).status_code

    assert (made["balance"], made["starting_balance"], made["enabled"]) == (0, 0, False)
    assert shop.update(made["id"], enabled=True)["balance"] == 0
    assert house.gateway.card(house.account, card)["state"] == "depleted"
    assert spend() == 409 and told(house, card) == ["gift_card.disabled", "gift_card.enabled"]
    [seen] = external(door).with_transactions("balance_status=empty")
    assert [one["amount"] for one in seen["transactions"]] == ["0.00"]
    house.require_proof()

    assert shop.update(made["id"], balance=2500)["starting_balance"] == 0
    [seen] = external(door).with_transactions("balance_status=full")
    assert [one["amount"] for one in seen["transactions"]] == ["25.00", "0.00"]
    assert spend() == 200
    house.require_proof()
    for body in ({"amount": 0}, {"amount": 0, "kind": "paid"}):
        assert door.post("/v1/gift-cards", key=key, body=body).status_code == 422


def test_a_changed_balance_is_one_adjustment(door: Door) -> None:
    """S003-57, S003-58, S003-62: the start stays, and what is given again moves nothing."""
    shop = stores(door)
    made = shop.create(code="GIFT-100", balance=10000)

    lower, higher = shop.update(made["id"], balance=1), shop.update(made["id"], balance=12000)
    same = shop.update(made["id"], balance=12000)
    empty = shop.update(made["id"])

    assert (lower["balance"], higher["balance"], higher["starting_balance"]) == (1, 12000, 10000)
    assert same == empty == higher
    lines = door.house.rows("transfers")[1:]
    assert [(one["amount"], one["reason"]) for one in lines] == [
        (9999, "set_balance"),
        (11999, "set_balance"),
    ]
    assert told(door.house, own_id(door, made)) == ["gift_card.adjusted"] * 2
    door.house.require_proof()


def test_balances_written_at_once_are_each_in_the_history(door: Door) -> None:
    """S003-58."""
    shop = stores(door)
    made = shop.create(code="GIFT-100", balance=1000)

    at_once([partial(shop.update, made["id"], balance=left) for left in (900, 400, 700)])

    lines = door.house.rows("transfers")[1:]
    assert {one["balance_after"] for one in lines} == {900, 400, 700}
    assert shop.get(made["id"])["balance"] == lines[-1]["balance_after"]
    door.house.require_proof()


def test_whoever_is_shown_a_code_stands_in_the_trail_and_others_are_shown_none(door: Door) -> None:
    """S003-03, S003-14: by the call's own scope, or by the right to see all codes. T: codes stay hidden."""
    shop = stores(door)
    made = shop.create(code="GIFT-100", balance=100)
    card = own_id(door, made)
    looks: list[Callable[[], object]] = [
        lambda: shop.get(made["id"]),
        shop.list,
        lambda: shop.list(code="GIFT-100"),
    ]
    for number, look in enumerate(looks, 2):
        look()
        assert trail(door.house, card) == ["reveal"] * number
    shop.update(made["id"], balance=99)
    assert trail(door.house, card)[-2:] == ["set_balance", "reveal"]
    before = len(trail(door.house, card))

    reader, writer = door.house.key("cards:read"), door.house.key("cards:write")
    one = f"{shop.path}/{made['id']}"
    for answer in (door.get(one, key=reader), door.call("PATCH", one, key=writer, body={})):
        assert answer.status_code == 200 and answer.get_json()["code"] is None
    assert door.get(shop.path, key=reader).get_json()[0]["code"] is None
    assert len(trail(door.house, card)) == before
    seer = door.house.key("cards:read", "cards:reveal")
    assert door.get(one, key=seer).get_json()["code"] == "GIFT-100"


def test_a_key_opens_what_its_scopes_say(quick_door: Door, shop: Stores) -> None:
    """S003-03, S003-05: each of the four for its own call, and for nothing else of the gateway."""
    made = shop.create(code="GIFT-100", balance=100)
    one = f"{shop.path}/{made['id']}"
    calls = [
        ("POST", shop.path, "giftcard_create", {"code": "GIFT-200", "balance": 1}),
        ("GET", shop.path, "giftcard_read", None),
        ("GET", one, "giftcard_read", None),
        ("PATCH", one, "giftcard_update", {}),
        ("PUT", one, "giftcard_update", {}),
        ("DELETE", one, "giftcard_delete", None),
    ]
    keys = {scope: quick_door.house.key(scope) for scope in {scope for _, _, scope, _ in calls}}
    for method, path, scope, body in calls:
        for other, key in keys.items():
            answer = quick_door.call(method, path, key=key, body=body)
            if other == scope:
                assert 200 <= answer.status_code < 300
            else:
                assert refused(answer)[:2] == (403, "missing_scope")
        assert refused(quick_door.call(method, path, body=body))[0] == 401
    for key in keys.values():
        assert quick_door.get("/v1/gift-cards", key=key).status_code == 403
        assert quick_door.post("/v1/gift-cards", key=key, body={"amount": 1}).status_code == 403


def test_what_is_another_store_s_or_nobody_s_is_not_there(quick_door: Door, shop: Stores) -> None:
    """S003-07, S003-51."""
    theirs = stores(quick_door, OTHER)
    strange = theirs.create(code="GIFT-100", balance=100)
    key = quick_door.house.key("admin")
    for flake in (strange["id"], "1", "0", "-1", "x", str(2**63), "9" * 60, "gc_1"):
        for method, body in (("GET", None), ("PATCH", {"balance": 1}), ("DELETE", None)):
            answer = quick_door.call(method, f"{shop.path}/{flake}", key=key, body=body)
            assert refused(answer)[:2] == (404, "not_found"), (method, flake)
    for store in (theirs.store, "0", "x", "00" + shop.store):
        for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{strange['id']}")):
            answer = quick_door.call(method, f"/v1/stores/{store}/giftcards{path}", key=key, body={})
            assert refused(answer)[:2] == (404, "not_found"), (method, store)
    assert theirs.get(strange["id"]) == strange


STRANGE: list[tuple[str, Any]] = [
    ("code", None),
    ("code", 100),
    ("code", ""),
    ("code", "GIFT_100"),
    ("code", "GIFT\u2013100"),
    ("code", "x" * 3000),
    ("balance", None),
    ("balance", "100"),
    ("balance", 1.5),
    ("balance", -1),
    ("balance", True),
    ("balance", 2**53),
    ("enabled", "true"),
    ("enabled", 1),
    ("usable_at", "tomorrow"),
    ("usable_at", 1681963200000),
    ("usable_at", "2026-12-21T00:00:00Z"),
    ("expires_at", "2027-01-31"),
    ("expires_at", 1801457999000),
    ("currency", "USD"),
    ("Balance", 1),
]


def test_what_is_no_such_value_is_refused_by_its_name(quick_door: Door, shop: Stores) -> None:
    """S003-12, S003-17, S003-29, S003-36, S003-39."""
    key = quick_door.house.key("giftcard_create", "giftcard_update")
    made = shop.create(code="GIFT-100", balance=100, expires_at=LATER)
    for field, value in STRANGE:
        body = {"code": "GIFT-200", "balance": 100, "expires_at": LATER, field: value}
        answers = [quick_door.post(shop.path, key=key, body=body)]
        answers.append(quick_door.call("PATCH", f"{shop.path}/{made['id']}", key=key, body={field: value}))
        for answer in answers:
            status, _, fields = refused(answer)
            assert (status, fields) == (422, {field}), (field, value)
    for raw in (b"", b"[]", b"{"):
        assert refused(quick_door.post(shop.path, key=key, raw=raw))[0] in (400, 422)
    path = f"{shop.path}/{made['id']}"
    ended = quick_door.call("PATCH", path, key=key, body={"expires_at": "2026-11-20T14:00:00Z"})
    assert (refused(ended)[0], refused(ended)[2]) == (422, {"expires_at"}), "what lives is ended by a DELETE"
    crossed = {"code": "GIFT-200", "balance": 1, "usable_at": NOW, "expires_at": "2026-11-20T14:00:00Z"}
    answer = quick_door.post(shop.path, key=key, body=crossed)
    assert (refused(answer)[0], refused(answer)[2]) == (422, {"usable_at"}), "usable only behind its end"
    assert len(quick_door.house.rows("cards")) == 1


def test_a_query_is_read_strictly(quick_door: Door, shop: Stores) -> None:
    """S003-41 to S003-43."""
    key = quick_door.house.key("giftcard_read")
    for query in (
        *("limit=0", "limit=101", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2"),
        *("after=x", "after=-1", f"before={2**63}", "before=gc_1", "include_canceled=maybe", "page=2"),
    ):
        status, code, fields = refused(quick_door.get(shop.path, key=key, query=query))
        assert (status, code, fields) == (400, "bad_request", {query.partition("=")[0]}), query
    assert quick_door.get(shop.path, key=key, query="limit=100&include_canceled=1").get_json() == []


def test_an_answer_again_shows_its_code_only_to_who_may_see_codes(quick_door: Door, shop: Stores) -> None:
    """S003-14: the same Idempotency-Key from another key of the account."""

    def post(key: str) -> Any:
        sent = {"code": "GIFT-100", "balance": 100}
        return quick_door.post(shop.path, key=key, body=sent, headers={"Idempotency-Key": "k1"})

    first = post(quick_door.house.key("giftcard_create"))
    seer, writer = post(quick_door.house.key("giftcard_create")), post(quick_door.house.key("cards:write"))

    assert seer.get_json() == first.get_json()
    assert writer.get_json() == {**first.get_json(), "code": None}
    assert len(quick_door.house.rows("cards")) == 1
    assert trail(quick_door.house, own_id(quick_door, first.get_json())) == ["reveal", "reveal"]


def test_a_recipe_s_card_is_made_by_the_recipe(quick_door: Door, shop: Stores) -> None:
    """S003-20, S003-21, S003-34: whoever made it, by a name."""
    quick_door.house.send("calendly", "booking.created")

    [card] = shop.list()

    assert card["created_by"]["first_name"] == "first-booking"
    assert card["created_by"]["last_name"] == "(recipe)"
    assert shop.update(card["id"], balance=1)["updated_by"]["first_name"] == USER["first_name"]


def test_a_wrong_code_in_the_filter_is_a_guess(quick_door: Door, shop: Stores) -> None:
    """S003-47."""
    before = quick_door.house.gateway.parts.guesses.failed

    shop.list(code="NOBODY-HAS-IT")

    assert quick_door.house.gateway.parts.guesses.failed == before + 1


def test_a_card_is_changed_by_its_id_though_codes_were_guessed(sqlite_url: str, tmp_path: Path) -> None:
    """S003-12: only what tells of codes is closed to whoever tried wrong ones."""
    with a_house(tmp_path, sqlite_url, failed_lookups=Rate(1, 600)) as house:
        shop = stores(door_of(house))
        made = shop.create(code="GIFT-101", balance=100)
        shop.list(code="NOBODY-HAS-IT")

        assert shop.update(made["id"], balance=50)["balance"] == 50
        with pytest.raises(Refused) as refusal:
            shop.update(made["id"], code="GIFT-102")
        assert refusal.value.answer.status_code == 429
