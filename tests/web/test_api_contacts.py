"""Contacts at the door: what a program outside sends, and what it sees."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.door import Door, refusal, wrong_fields

NOBODY = "ct_" + "0" * 26
MIA = {"external_id": "7", "email": "mia@example.com", "phone": "+14155550113", "first_name": "Mia"}


class Desk:
    """Calls below /v1/contacts with a key that may all of it."""

    def __init__(self, door: Door) -> None:
        self.door, self.key = door, door.house.key("contacts", "cards:read", "cards:write")

    def post(self, path: str, body: Any = None, **how: Any) -> TestResponse:
        return self.door.post(f"/v1/contacts{path}", key=self.key, body=body, **how)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.door.call("PATCH", f"/v1/contacts{path}", key=self.key, body=body)

    def get(self, path: str = "", query: str = "") -> TestResponse:
        return self.door.get(f"/v1/contacts{path}", key=self.key, query=query)

    def made(self, **told: Any) -> str:
        answer = self.post("", told)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def found(self, query: str) -> list[str]:
        answer = self.get("", query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.get_json()["data"]]


@pytest.fixture
def desk(door: Door) -> Desk:
    return Desk(door)


@pytest.fixture
def quick(quick_door: Door) -> Desk:
    return Desk(quick_door)


def test_a_contact_is_made_shown_and_found_by_each_identity(desk: Desk) -> None:
    told = {
        **MIA,
        "last_name": "Ash",
        "tags": ["VIP"],
        "attributes": {"size": 4},
        "external_ids": {"till": "a9"},
    }

    answer = desk.post("", told)

    assert answer.status_code == 201
    made = answer.get_json()
    shown = {name: made[name] for name in (*MIA, "last_name", "tags", "attributes")}
    assert shown == {**MIA, "last_name": "Ash", "tags": ["VIP"], "attributes": {"size": 4}}
    assert made["external_ids"] == {"api": ["7"], "till": ["a9"]}
    assert (made["visits"], made["points"], made["spent"], made["balances"]) == (0, 0, [], [])
    assert made["balance"] == {"amount": 0, "currency": "USD"}
    assert desk.get(f"/{made['id']}").get_json() == made
    for query in (
        *("external_id=7", "external_id=a9&namespace=till", "email=MIA@example.com", "phone=%2B14155550113"),
        "phone=+14155550113",
        *("tag=VIP", "q=mia", "q=ash%20MIA", "q=mia@example.com", "tag=VIP&q=ash&email=mia@example.com"),
    ):
        assert desk.found(query) == [made["id"]], query
    for query in ("external_id=a9", "email=noor@example.com", "tag=vip", "q=mi", "tag=VIP&q=noor"):
        assert desk.found(query) == [], query


def test_what_a_contact_has_come_to_stands_beside_who_they_are(desk: Desk) -> None:
    """S000-20: a contact is handled as a card or a booking is."""
    contact = desk.made(**MIA)
    house = desk.door.house
    house.tell(type="booking.completed", email="mia@example.com", booking_id="b-1")
    house.tell(type="order.paid", email="mia@example.com", order_id="o-1", amount="80.00", currency="USD")
    card = house.issue(2500, contact_id=contact)
    house.issue(700, contact_id=contact, currency="EUR")
    house.redeem(card["id"], 500)
    desk.post(f"/{contact}/points/earn", {"points": 40})

    told = desk.get(f"/{contact}").get_json()

    assert (told["visits"], told["points"]) == (1, 40)
    assert told["spent"] == [{"amount": 8000, "currency": "USD"}]
    assert told["balance"] == {"amount": 2000, "currency": "USD"}
    assert told["balances"] == [{"amount": 700, "currency": "EUR"}, {"amount": 2000, "currency": "USD"}]
    assert told["last_visit_at"] is not None and told["last_redeemed_at"] is not None
    assert desk.get("", "email=mia@example.com").get_json()["data"] == [told]


@pytest.mark.parametrize("name", ["external_id", "email", "phone"])
def test_what_another_contact_has_is_refused_by_name(quick: Desk, name: str) -> None:
    contact = quick.made(**MIA)

    answer = quick.post("", {"email": "noor@example.com", name: MIA[name]})

    assert refusal(answer) == (409, "identity_taken")
    assert wrong_fields(answer) == {name: f"is that of {contact}"}
    assert quick.found("") == [contact]


def test_found_or_made_only_where_that_is_asked(desk: Desk) -> None:
    contact = desk.made(**MIA)

    answer = desk.post(
        "", {"email": MIA["email"], "last_name": "Ash", "tags": ["VIP"], "find_or_create": True}
    )

    assert answer.status_code == 200
    assert answer.get_json()["id"] == contact
    assert (answer.get_json()["last_name"], answer.get_json()["tags"]) == ("Ash", ["VIP"])
    assert desk.post("", {"email": "noor@example.com", "find_or_create": True}).status_code == 201
    both = desk.post("", {"email": "noor@example.com", "external_id": "7", "find_or_create": True})
    assert refusal(both) == (409, "identity_taken")
    assert len(desk.found("")) == 2


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "email"),
        ({"first_name": "Mia"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": 7}, "email"),
        ({"email": "mia@example.com", "phone": "12"}, "phone"),
        ({"external_id": "x" * 256}, "external_id"),
        ({"external_id": " "}, "external_id"),
        ({"external_ids": {"a b": "1"}}, "external_ids.a b"),
        ({"external_ids": {"till": 7}}, "external_ids.till"),
        ({"external_ids": {"till": ["1"] * 11}}, "external_ids.till"),
        ({"external_ids": {f"n{one}": "1" for one in range(21)}}, "external_ids"),
        ({"external_id": "1", "external_ids": {"api": "2"}}, "external_id"),
        ({**MIA, "first_name": "x" * 201}, "first_name"),
        ({**MIA, "tags": ["x" * 101]}, "tags"),
        ({**MIA, "tags": [" "]}, "tags"),
        ({**MIA, "tags": "VIP"}, "tags"),
        ({**MIA, "attributes": {f"k{one}": 1 for one in range(51)}}, "attributes"),
        ({**MIA, "referred_by": NOBODY}, "referred_by"),
        ({**MIA, "referred_by": "nobody we know"}, "referred_by"),
        ({**MIA, "id": NOBODY}, "id"),
        ({**MIA, "account_id": 2}, "account_id"),
        ({**MIA, "points": 1000}, "points"),
        ({**MIA, "first_seen_at": "2020-01-01T00:00:00Z"}, "first_seen_at"),
    ],
)
def test_what_cannot_be_told_is_named_and_nobody_is_made(quick: Desk, told: Any, field: str) -> None:
    answer = quick.post("", told)

    assert refusal(answer) == (422, "validation_failed")
    assert [*wrong_fields(answer)] == [field]
    assert quick.found("") == []


@pytest.mark.parametrize(
    "query",
    [
        *("email=nobody", "phone=12", "phone=+12", "external_id=%20", "namespace=till", "limit=0"),
        *("q=", "q=a+b+c+d+e+f+g+h+i+j+k", "name=mia", "cursor=x", "email=a@b.de&email=c@d.de", "tag="),
    ],
)
def test_a_list_refuses_what_it_cannot_look_for(quick: Desk, query: str) -> None:
    assert refusal(quick.get("", query)) == (400, "bad_request")


def test_pages_hold_every_contact_once_while_others_come(desk: Desk) -> None:
    made = [desk.made(external_id=str(one), tags=["a"]) for one in range(5)]
    first = desk.get("", "tag=a&limit=2")
    desk.made(external_id="later", tags=["a"])

    told = first.get_json()
    assert first.headers["Link"].endswith('rel="next"')
    seen = [one["id"] for one in told["data"]]
    while told["next_cursor"]:
        told = desk.get("", f"tag=a&limit=2&cursor={told['next_cursor']}").get_json()
        seen += [one["id"] for one in told["data"]]

    assert seen == made[::-1]
    cursor = first.get_json()["next_cursor"]
    assert refusal(desk.get("", f"tag=b&cursor={cursor}")) == (400, "bad_request")


def test_a_change_replaces_empties_and_leaves_the_rest(desk: Desk) -> None:
    contact = desk.made(**MIA, tags=["a", "b"], attributes={"size": 4, "colour": "red"})

    answer = desk.patch(
        f"/{contact}",
        {"last_name": "Ash", "first_name": None, "attributes": {"size": None, "shoe": 39}, "add_tags": ["c"]},
    )

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["first_name"], told["last_name"], told["email"]) == (None, "Ash", MIA["email"])
    assert told["attributes"] == {"colour": "red", "shoe": 39}
    assert told["tags"] == ["a", "b", "c"]
    assert desk.patch(f"/{contact}", {"remove_tags": ["a", "x"]}).get_json()["tags"] == ["b", "c"]
    assert desk.patch(f"/{contact}", {"tags": ["d"]}).get_json()["tags"] == ["d"]
    assert desk.patch(f"/{contact}", {"tags": []}).get_json()["tags"] == []
    assert desk.patch(f"/{contact}", {"add_tags": ["d"]}).get_json()["tags"] == ["d"]
    assert desk.patch(f"/{contact}", {"attributes": None}).get_json()["attributes"] == {}
    assert desk.found("tag=d") == [contact] and desk.found("tag=a") == []
    assert desk.patch(f"/{contact}", {}).status_code == 200


def test_an_address_that_is_replaced_finds_nobody_any_more(desk: Desk) -> None:
    contact = desk.made(**MIA, external_ids={"till": ["a", "b"]})

    told = desk.patch(
        f"/{contact}", {"email": "mia@ash.example", "phone": None, "external_ids": {"till": ["b", "c"]}}
    ).get_json()

    assert (told["email"], told["phone"]) == ("mia@ash.example", None)
    assert told["external_ids"] == {"api": ["7"], "till": ["b", "c"]}
    assert desk.found("email=mia@example.com") == []
    assert desk.found("phone=%2B14155550113") == []
    assert desk.found("external_id=a&namespace=till") == []
    assert desk.found("email=mia@ash.example") == [contact]
    other = desk.made(email="mia@example.com")
    assert refusal(desk.patch(f"/{contact}", {"email": "mia@example.com"})) == (409, "identity_taken")
    assert other != contact


def test_somebody_stays_to_be_found(quick: Desk) -> None:
    contact = quick.made(email="mia@example.com")

    answer = quick.patch(f"/{contact}", {"email": None})

    assert refusal(answer) == (422, "validation_failed")
    assert quick.found("email=mia@example.com") == [contact]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"tags": ["a"], "add_tags": ["b"]}, "tags"),
        ({"add_tags": [f"t{one}" for one in range(100)]}, "tags"),
        ({"attributes": {f"k{one}": one for one in range(50)}}, "attributes"),
        ({"referred_by": "mia@example.com"}, "referred_by"),
        ({"find_or_create": True}, "find_or_create"),
        ({"merged_into": NOBODY}, "merged_into"),
    ],
)
def test_a_change_that_cannot_be_is_named_and_changes_nothing(quick: Desk, told: Any, field: str) -> None:
    contact = quick.made(email="mia@example.com", tags=[f"o{one}" for one in range(100)], attributes={"a": 1})
    quick.patch(f"/{contact}", {"add_tags": ["more"]})
    before = quick.get(f"/{contact}").get_json()

    answer = quick.patch(f"/{contact}", told)

    assert refusal(answer) == (422, "validation_failed")
    assert field in wrong_fields(answer)
    assert quick.get(f"/{contact}").get_json() == before


def test_who_recommended_them_is_kept_by_id_where_we_know_them(quick: Desk) -> None:
    noor = quick.made(email="noor@example.com")

    told = quick.post("", {**MIA, "referred_by": "Noor@example.com"}).get_json()

    assert told["referred_by"] == noor
    unknown = quick.patch(f"/{told['id']}", {"referred_by": "Zoe@Example.com"}).get_json()
    assert unknown["referred_by"] == "zoe@example.com"
    assert quick.patch(f"/{told['id']}", {"referred_by": None}).get_json()["referred_by"] is None


def test_two_become_one_only_when_somebody_says_so(desk: Desk) -> None:
    house = desk.door.house
    mia = desk.made(**MIA, tags=["a"])
    other = desk.made(email="mia@old.example", tags=["b"], attributes={"size": 4})
    card = house.issue(2500, contact_id=other)["id"]
    desk.post(f"/{mia}/points/earn", {"points": 40})
    desk.post(f"/{other}/points/earn", {"points": 2})

    answer = desk.post(f"/{mia}/merge", {"from": other})

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["id"], told["email"], told["points"], told["tags"]) == (mia, MIA["email"], 42, ["a", "b"])
    assert told["attributes"] == {"size": 4}
    assert told["balance"]["amount"] == 2500
    assert house.gateway.card(house.account, card)["contact_id"] == mia
    assert desk.found("email=mia@old.example") == [mia] == desk.found("")
    for path in (f"/{mia}", f"/{other}"):
        assert desk.get(path).get_json() == told
    assert desk.post(f"/{mia}/merge", {"from": other}).get_json() == told
    assert [one["id"] for one in desk.get(f"/{other}/gift-cards").get_json()["data"]] == [card]
    assert house.issue(100, contact_id=other)["contact_id"] == mia
    house.require_proof()


def test_a_merge_with_nobody_or_another_accounts_contact_is_not_found(quick: Desk) -> None:
    mia = quick.made(**MIA)
    other_key = quick.door.house.key("contacts", account="other-shop")
    theirs = quick.door.post("/v1/contacts", key=other_key, body={"email": "mia@example.com"}).get_json()[
        "id"
    ]

    for other in (NOBODY, theirs):
        assert refusal(quick.post(f"/{mia}/merge", {"from": other})) == (404, "not_found")
        assert refusal(quick.post(f"/{other}/merge", {"from": mia})) == (404, "not_found")
    assert refusal(quick.post(f"/{mia}/merge", {})) == (422, "validation_failed")
    assert quick.post(f"/{mia}/merge", {"from": mia}).status_code == 200


def test_an_erased_person_is_gone_and_their_money_is_there(desk: Desk) -> None:
    house = desk.door.house
    mia = desk.made(**MIA, tags=["a"], attributes={"size": 4})
    card = house.issue(2500, contact_id=mia, recipient={"name": "Mia Ash"}, message="Dear Mia")

    answer = desk.post(f"/{mia}/erase")

    assert answer.status_code == 200
    told = answer.get_json()
    assert told["erased_at"] is not None
    assert {name: told[name] for name in MIA} == dict.fromkeys(MIA)
    assert (told["tags"], told["attributes"], told["external_ids"]) == ([], {}, {})
    assert told["balance"]["amount"] == 2500
    assert desk.get(f"/{mia}").get_json() == told == desk.post(f"/{mia}/erase").get_json()
    assert desk.found("") == desk.found("email=mia@example.com") == desk.found("q=mia") == []
    shown = house.gateway.card(house.account, card["id"])
    assert (shown["contact_id"], shown["recipient"], shown["message"], shown["balance"]) == (
        *(mia, None, None),
        2500,
    )
    assert house.redeem(card["code"], 500).status == 200
    for refused in (
        desk.patch(f"/{mia}", {"first_name": "Mia"}),
        desk.post(f"/{mia}/points/earn", {"points": 1}),
    ):
        assert refusal(refused) == (409, "contact_erased")
    again = desk.made(**MIA)
    assert again != mia
    assert refusal(desk.post(f"/{again}/merge", {"from": mia})) == (409, "contact_erased")
    house.require_proof()


def test_lines_of_points_are_a_list(desk: Desk) -> None:
    mia = desk.made(**MIA)
    for count in (10, 20, 30):
        desk.post(f"/{mia}/points/earn", {"points": count, "reason": "a visit"})
    desk.post(f"/{mia}/points/spend", {"points": 5})

    first = desk.get(f"/{mia}/points", "limit=3").get_json()

    assert first["points"] == 55
    assert [(one["type"], one["points"]) for one in first["data"]] == [
        ("spent", -5),
        ("earned", 30),
        ("earned", 20),
    ]
    rest = desk.get(f"/{mia}/points", f"limit=3&cursor={first['next_cursor']}").get_json()
    assert [one["points"] for one in rest["data"]] == [10]
    assert (rest["next_cursor"], rest["data"][0]["reason"]) == (None, "a visit")


def test_points_become_a_card_and_its_code_is_in_the_answer(desk: Desk) -> None:
    """S000-42, S004-56."""
    mia = desk.made(**MIA)
    desk.post(f"/{mia}/points/earn", {"points": 120})

    answer = desk.post(f"/{mia}/points/convert", {"points": 100, "rate": "0.05"})

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["gift_card"]["balance"], told["points"]["balance"]) == (500, 20)
    assert told["transaction"]["gift_card_id"] == told["gift_card"]["id"]
    found = desk.door.post("/v1/gift-cards/lookup", key=desk.key, body={"code": told["code"]})
    assert found.get_json()["id"] == told["gift_card"]["id"]
    assert refusal(desk.post(f"/{mia}/points/spend", {"points": 21})) == (409, "insufficient_points")


def test_repeated_under_its_key_a_deed_is_done_once(desk: Desk) -> None:
    mia = desk.made(**MIA)
    key = {"Idempotency-Key": "one"}

    first = desk.post(f"/{mia}/points/earn", {"points": 10}, headers=key)
    again = desk.post(f"/{mia}/points/earn", {"points": 10}, headers=key)

    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert desk.get(f"/{mia}").get_json()["points"] == 10
    made = [
        desk.post("", {"email": "noor@example.com"}, headers={"Idempotency-Key": "two"}) for _ in range(2)
    ]
    assert [one.status_code for one in made] == [201, 201]
    assert made[0].get_json() == made[1].get_json()


def test_actions_take_people_by_flat_fields(desk: Desk) -> None:
    made = desk.door.post(
        "/v1/actions/add-points",
        key=desk.key,
        body={"email": "mia@example.com", "external_id": "7", "first_name": "Mia", "points": 30},
    ).get_json()
    spent = desk.door.post(
        "/v1/actions/spend-points", key=desk.key, body={"external_id": "7", "points": 10}
    ).get_json()
    card = desk.door.post(
        "/v1/actions/convert-points",
        key=desk.key,
        body={"phone": "+14155550113", "email": "mia@example.com", "points": 20, "amount": "2.00"},
    ).get_json()
    found = desk.door.post("/v1/actions/find-gift-cards", key=desk.key, body={"email": "mia@example.com"})

    assert (made["balance"], spent["balance"], card["points"]["balance"]) == (30, 20, 0)
    assert made["contact_id"] == spent["contact_id"] == card["gift_card"]["contact_id"]
    assert [one["id"] for one in found.get_json()["cards"]] == [card["gift_card"]["id"]]
    assert (found.get_json()["count"], found.get_json()["balance"]) == (1, "2.00")


def test_another_accounts_contact_is_nobody(quick: Desk) -> None:
    """T31."""
    mia = quick.made(**MIA)
    key = quick.door.house.key("admin", account="other-shop")
    calls = [
        *(("GET", path, None) for path in ("", "/gift-cards", "/points")),
        *(("POST", f"/points/{what}", {"points": 1}) for what in ("earn", "spend")),
        ("POST", "/points/convert", {"points": 1, "amount": 1}),
        *(("PATCH", "", {"first_name": "X"}), ("POST", "/merge", {"from": mia}), ("POST", "/erase", None)),
    ]
    for method, path, body in calls:
        for contact in (mia, NOBODY):
            answer = quick.door.call(method, f"/v1/contacts/{contact}{path}", key=key, body=body)
            assert refusal(answer) == (404, "not_found"), (method, path)
    assert quick.door.get("/v1/contacts", key=key, query="email=mia@example.com").get_json()["data"] == []


def test_converting_takes_the_scope_of_contacts_too(desk: Desk) -> None:
    """T33: a key that may only issue takes nobody's points, and is not told how many there are."""
    mia, house = desk.made(**MIA), desk.door.house
    desk.post(f"/{mia}/points/earn", {"points": 9})
    narrow, both = house.key("cards:write"), house.key("cards:write", "contacts")
    asked = {"points": 1, "amount": 100}

    refused = desk.door.post(f"/v1/contacts/{mia}/points/convert", key=narrow, body=asked)
    flat = {"email": MIA["email"], "points": 1, "amount": "1.00"}
    acted = desk.door.post("/v1/actions/convert-points", key=narrow, body=flat)

    assert refusal(refused) == refusal(acted) == (403, "missing_scope")
    assert house.cards() == []
    done = desk.door.post(f"/v1/contacts/{mia}/points/convert", key=both, body=asked)
    assert (done.status_code, done.get_json()["points"]["balance"]) == (200, 8)


def test_what_one_key_may_not_convert_is_no_answer_to_another(desk: Desk) -> None:
    """The Idempotency-Key of a refused request is free for who has the scope."""
    mia, house = desk.made(**MIA), desk.door.house
    desk.post(f"/{mia}/points/earn", {"points": 9})
    narrow, both = house.key("cards:write"), house.key("cards:write", "contacts")

    answers = [
        desk.door.call(
            *("POST", f"/v1/contacts/{mia}/points/convert"),
            key=key,
            body={"points": 1, "amount": 100},
            headers={"Idempotency-Key": "k-1"},
        )
        for key in (narrow, both, narrow)
    ]

    assert [one.status_code for one in answers] == [403, 200, 403]


def test_issuing_without_the_scope_of_contacts_changes_nobody(desk: Desk) -> None:
    """T33."""
    mia, house = desk.made(**MIA, tags=["VIP"]), desk.door.house
    before = desk.get(f"/{mia}").get_json()
    house.clock.forward(timedelta(days=1))
    body = {"amount": 100, "contact": {"email": MIA["email"], "first_name": "Mallory", "tags": []}}

    made = desk.door.post("/v1/gift-cards", key=house.key("cards:write"), body=body).get_json()
    flat = {"amount": "1.00", "email": MIA["email"], "first_name": "Mallory", "external_id": "stolen"}
    desk.door.post("/v1/actions/issue-gift-card", key=house.key("cards:write"), body=flat)

    after = desk.get(f"/{mia}").get_json()
    same = ("first_name", "last_name", "tags", "external_ids", "updated_at")
    assert made["contact_id"] == mia
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
