"""Seed 002's lists: each filter and spelling that the document prints, pages, searches, orders."""

import base64
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from connector.domain.accounts import Actor
from connector.operations import issue
from connector.operations.registry import operations
from tests.kit.deeds import do
from tests.kit.external_client import External
from tests.web.dialects.asking import Refused, external, refused
from tests.web.door import Door

PATH = "/api/external/gift-cards"
LINK = re.compile(r'<(http[^>]+)>; rel="next"')


@pytest.fixture
def shop(quick_door: Door) -> External:
    return external(quick_door)


def own_id(door: Door, card: dict[str, Any]) -> str:
    [row] = [one for one in door.house.rows("aliases", kind="card") if one["number"] == card["id"]]
    return str(row["subject"])


def ids(cards: list[dict[str, Any]]) -> list[int]:
    return [one["id"] for one in cards]


def asked(door: Door, path: str, query: str = "") -> Any:
    return door.call("GET", f"{path}?{query}" if query else path, key=door.house.key("cards:read"))


def walk(door: Door, path: str, query: str) -> list[list[dict[str, Any]]]:
    """Every page, by following the Link header and nothing else."""
    pages = []
    while True:
        answer = asked(door, path, query)
        assert answer.status_code == 200, answer.text
        body = answer.get_json()
        pages.append(body if isinstance(body, list) else body["gift_cards"])
        if "Link" not in answer.headers:
            return pages
        found = LINK.fullmatch(answer.headers["Link"])
        assert found is not None, answer.headers["Link"]
        url = urlsplit(found[1])
        assert url.path == path and len(pages) < 20
        query = url.query


def test_the_printed_list_with_transactions_is_answered_as_printed(door: Door) -> None:
    """S002-39 to S002-48: a bare array, newest first, their sum the balance."""
    shop = external(door)
    made = shop.create(initial_value="50.00", note="Birthday gift card", customer_id=123456789)
    door.house.clock.forward(timedelta(days=1))
    done = shop.set_balance(made["id"], "20.00")

    [card] = shop.with_transactions()

    lines = card.pop("transactions")
    assert card == shop.get(made["id"])
    assert lines == [
        {"id": done["id"], "amount": "-30.00", "processed_at": "2026-11-21T10:00:00-05:00", "note": None},
        {
            "id": lines[1]["id"],
            "amount": "50.00",
            "processed_at": "2026-11-20T10:00:00-05:00",
            "note": "Initial gift card creation",
        },
    ]
    assert len({done["id"], lines[1]["id"]}) == 2
    assert shop.with_transactions()[0]["transactions"] == lines, "their numbers stay"


PRINTED: dict[str, Any] = {
    "id": 283097216,
    "balance": "0.00",
    "created_at": "2020-01-14T10:26:56-05:00",
    "updated_at": "2020-01-14T10:26:56-05:00",
    "currency": "USD",
    "initial_value": "50.00",
    "disabled_at": None,
    "line_item_id": None,
    "api_client_id": None,
    "user_id": None,
    "customer_id": None,
    "note": None,
    "expires_on": None,
    "template_suffix": None,
    "last_characters": "0y0y",
    "order_id": None,
}
"""The card of the printed list; those of the single card and of the search differ in sums and code alone."""


def test_the_printed_answers_to_list_one_and_search_are_given_field_by_field(door: Door) -> None:
    """S002-10 to S002-25, S002-27, S002-48, S002-90, S002-148: ids and moments aside."""
    gateway, account = door.house.gateway, door.house.account
    cards = (("0.00", "50.00", "0y0y"), ("100.00", "100.00", "0d0d"), ("10.00", "10.00", "mnop"))
    for _, initial, end in cards:
        new = issue.Issue(amount=int(initial[:-3]) * 100, code=f"ABCD-EFGH-{end}", kind="paid")
        gateway.perform(account, Actor("purchase"), operations()["issue"], new)
    door.house.redeem(door.house.cards()[-1]["id"], 5000)
    own = ("id", "created_at", "updated_at")

    listed = asked(door, PATH).get_json()
    found = asked(door, f"{PATH}/search", "order=id%20ASC").get_json()
    bare = asked(door, f"{PATH}/transactions").get_json()
    single = [asked(door, f"{PATH}/{one['id']}").get_json() for one in listed["gift_cards"]]

    for place, (balance, initial, end) in enumerate(cards):
        printed = {**PRINTED, "balance": balance, "initial_value": initial, "last_characters": end}
        shown = listed["gift_cards"][place]
        assert {**shown, **{name: printed[name] for name in own}} == printed
        assert single[place] == {"gift_card": shown} and found["gift_cards"][place] == shown
        assert {name: value for name, value in bare[place].items() if name != "transactions"} == shown
        assert all(
            line.keys() == {"id", "amount", "processed_at", "note"} for line in bare[place]["transactions"]
        )


def test_the_list_is_wrapped_oldest_first_with_empty_cards(door: Door) -> None:
    """S002-27, S002-36, S002-37."""
    shop = external(door)
    made = [shop.create(initial_value=one) for one in (1, 2, 3)]
    shop.set_balance(made[1]["id"], "0.00")

    assert ids(shop.every()) == sorted(ids(made)) == ids(made)
    assert [one["balance"] for one in shop.every()] == ["1.00", "0.00", "3.00"]


def test_pages_follow_the_link_header(door: Door) -> None:
    """S002-29, S002-35, S002-49, S002-50, S002-52 to S002-54, S002-152: the filters go on with it."""
    shop = external(door)
    made = ids([shop.create(initial_value=one) for one in (1, 50, 2, 60, 3, 70, 80)])
    rich = [made[1], made[3], made[5], made[6]]

    for path in (PATH, f"{PATH}/transactions", "/external/gift-cards/transactions", f"{PATH}/search"):
        pages = walk(door, path, "limit=2&initial_value:>=50&order=id%20ASC&fields=id")
        assert [ids(page) for page in pages] == [rich[:2], rich[2:]]
        assert all(one.keys() == {"id"} for page in pages for one in page)
    assert [len(page) for page in walk(door, PATH, "limit=7")] == [7], "a page that is just full is the last"
    newest = walk(door, f"{PATH}/search", "limit=3&order=initial_value%20DESC")
    assert [one["initial_value"] for page in newest for one in page] == [
        *("80.00", "70.00", "60.00", "50.00", "3.00", "2.00", "1.00")
    ]


def test_cards_made_elsewhere_are_listed_too_and_none_twice(door: Door) -> None:
    """S002-32, S002-36: a number is given when a card is first shown, behind all that there are."""
    shop = external(door)
    door.house.issue(100)
    first = shop.every()
    door.house.issue(200)
    door.house.issue(300)

    behind = shop.every(f"since_id={first[0]['id']}")

    assert [one["balance"] for one in behind] == ["2.00", "3.00"]
    assert ids(shop.every()) == [*ids(first), *ids(behind)]
    assert ids(shop.with_transactions(f"since_id={behind[0]['id']}")) == [behind[1]["id"]]


def test_a_cursor_alone_goes_on_and_a_broken_one_is_refused(quick_door: Door, shop: External) -> None:
    """S002-50, S002-51, S002-54: with the filters again or without, but not with others."""
    made = ids([shop.create(initial_value=one) for one in (1, 2, 3)])
    link = asked(quick_door, PATH, "limit=1&status=enabled").headers["Link"]
    cursor = dict(parse_qsl(urlsplit(LINK.fullmatch(link)[1]).query))["page_info"]  # type: ignore[index]

    for query in ("", "&status=enabled"):
        assert ids(shop.every(f"page_info={cursor}{query}")) == made[1:]
    printed = base64.b64encode(b'{"last_id":572379529462}').decode()
    for broken in ("x", "", cursor[:-1], cursor + "A", quote(printed), cursor[::-1]):
        answer = asked(quick_door, PATH, f"page_info={broken}")
        assert refused(answer) == (400, "bad_request", {"page_info"})
    for others in ("status=disabled", "order=id%20DESC"):
        answer = asked(quick_door, PATH, f"page_info={cursor}&{others}")
        assert refused(answer) == (400, "bad_request", {"page_info"})


def test_limit_has_its_bounds(quick_door: Door) -> None:
    """S002-29 to S002-31, S002-49, S002-146: above the most it is the most."""
    for _ in range(52):
        quick_door.house.issue(100)

    for path in (PATH, f"{PATH}/transactions", f"{PATH}/search"):
        assert [len(page) for page in walk(quick_door, path, "")] == [50, 2]
        assert [len(page) for page in walk(quick_door, path, "limit=9999")] == [52]
        for wrong in ("0", "-1", "x", "1.5", ""):
            assert refused(asked(quick_door, path, f"limit={wrong}")) == (400, "bad_request", {"limit"})


def test_only_the_fields_that_were_asked_for_are_shown(shop: External) -> None:
    """S002-33, S002-34, S002-147."""
    made = shop.create()

    for call in (shop.every, shop.search):
        assert call("fields=id,balance,nothing") == [{"id": made["id"], "balance": "100.00"}]
        assert call("fields=nothing") == [{}]
        assert call("fields=%20id%20,,") == [{"id": made["id"]}]


def a_shelf(door: Door, shop: External) -> dict[str, int]:
    """A card of each kind, by what is special about it."""
    made = {
        "full": shop.create(initial_value=100),
        "partial": shop.create(initial_value=60),
        "empty": shop.create(initial_value=40),
        "loaded": shop.create(initial_value=10),
        "disabled": shop.create(initial_value=20),
        "expiring": shop.create(initial_value=25, expires_on="2026-12-15"),
        "expired": shop.create(initial_value=15, expires_on="2026-11-21"),
    }
    shop.set_balance(made["partial"]["id"], "10.50")
    shop.set_balance(made["empty"]["id"], "0")
    shop.set_balance(made["loaded"]["id"], "30.00")
    shop.disable(made["disabled"]["id"])
    door.house.clock.forward(timedelta(days=3))
    return {name: card["id"] for name, card in made.items()}


FOUND: list[tuple[str, str]] = [
    ("status=enabled", "full partial empty loaded expiring"),
    ("status=disabled", "disabled"),
    ("status=expired", "expired"),
    ("status=expiring", "expiring"),
    ("balance_status=full", "full loaded disabled expiring expired"),
    ("balance_status=partial", "partial"),
    ("balance_status=empty", "empty"),
    ("balance_status=full_or_partial", "full partial loaded disabled expiring expired"),
    ("status=enabled&balance_status=partial", "partial"),
    ("source=api_client&balance_status=full", "full loaded disabled expiring expired"),
    ("source=api_client&balance_status=full&status=enabled", "full loaded expiring"),
    ("source=purchased", ""),
    ("source=manual", ""),
    ("initial_value:>=50", "full partial"),
    ("initial_value=>=50", "full partial"),
    ("initial_value=initial_value:>=50", "full partial"),
    ("initial_value%3A%3E%3D50", "full partial"),
    ("initial_value%3A%3E%3D50=", "full partial"),
    ("initial_value%3A%3E=50", "full partial"),
    ("initial_value:>60", "full"),
    ("initial_value:<=15", "loaded expired"),
    ("initial_value:<15&initial_value:>5.5", "loaded"),
    ("initial_value=60.00", "partial"),
    ("balance:>10&balance:<30.01", "partial loaded disabled expiring expired"),
    ("initial_value:>=50&created_at:>=2024-01-01T00:00:00Z", "full partial"),
    ("created_at:<2024-01-01T00:00:00Z", ""),
    ("created_at=2026-11-20T10:00:00-05:00&status=expired", "expired"),
    ("created_at:>=2026-11-20T18:00:00+03:00&status=expired", "expired"),
    ("created_at:>2026-11-20T15:00:00Z", ""),
    ("created_at=2026-11-20&status=disabled", "disabled"),
    ("updated_at:>=2026-11-20&balance_status=empty", "empty"),
    ("disabled_at:>=2020-01-01", "disabled"),
    ("expires_on:>=2020-01-01", "expiring expired"),
    ("expires_on=expires_on:>=2026-12-15", "expiring"),
    ("expires_on=2026-12-15", "expiring"),
    ("expires_on:<2026-12-15", "expired"),
    ("expires_on:>2026-12-15", ""),
    ("query=balance:>=25 status:enabled", "full loaded expiring"),
    ("query=amount_spent:>0", "partial empty"),
    ("query=amount_spent:49.5", "partial"),
    ("query=title:green", "full partial empty loaded disabled expiring expired"),
    ("query=title:green hoodie", ""),
    ("query=%22", ""),
]


def test_every_filter_of_the_document_finds_what_it_says(quick_door: Door, shop: External) -> None:
    """S002-28, S002-55, S002-57, S002-59 to S002-65, S002-69 to S002-82, S002-84 to S002-89.

    S002-149 to S002-151.
    """
    made = a_shelf(quick_door, shop)
    for written, names in FOUND:
        query = written.replace(" ", "%20")
        wanted = [made[name] for name in names.split()]
        assert ids(shop.every(query)) == wanted, query
        assert ids(shop.with_transactions(query)) == wanted, query
        assert sorted(ids(shop.search(query))) == wanted, query


def test_filters_mean_the_same_on_both_databases(door: Door) -> None:
    """S002-61, S002-65 to S002-72, S002-81, S002-142 to S002-144."""
    shop = external(door)
    made = a_shelf(door, shop)
    first, last = made["full"], made["expired"]

    assert ids(shop.every(f"id:{first}")) == [first]
    assert ids(shop.every(f"id={last}")) == [last]
    assert ids(shop.every(f"id:>={last}")) == ids(shop.every(f"id:>{last - 1}")) == [last]
    assert ids(shop.every(f"id:<={first}")) == ids(shop.every(f"id=<{first + 1}")) == [first]
    assert ids(shop.every("status=expiring&initial_value:>=25&expires_on:>=2026-12-15")) == [made["expiring"]]
    assert ids(shop.every("query=amount_spent:>=40%20balance:0")) == [made["empty"]]
    assert ids(shop.search())[0] == made["disabled"], "disabled cards first, all others behind"
    assert ids(shop.search("order=disabled_at%20ASC"))[-1] == made["disabled"]
    assert ids(shop.search("order=amount_spent%20DESC"))[:2] == [made["partial"], made["empty"]]
    door.house.clock.forward(timedelta(minutes=1))
    shop.update(made["loaded"], note="x")
    assert ids(shop.search("order=updated_at%20desc"))[0] == made["loaded"]


def test_a_search_finds_words_people_and_last_characters(door: Door) -> None:
    """S002-55, S002-56, S002-58, S002-87, S002-145, S002-148, S002-151."""
    shop = external(door)
    mine = shop.create(code="GIFT-AAAA-1234", note="for the summer party", customer_id=9)
    other = shop.create(code="GIFT-AAAA-5678")
    [contact] = door.house.rows("contacts")
    named = {"first_name": "Bob", "last_name": "Norman"}
    path = f"/v1/contacts/{contact['public_id']}"
    assert door.call("PATCH", path, key=door.house.key("contacts"), body=named).status_code == 200

    for query in (
        "Bob%20Norman",
        "bob",
        "summer",
        "last4:1234",
        "last_characters:1234",
        "1234",
        "last4:%221234%22",
    ):
        assert ids(shop.search(f"query={query}")) == [mine["id"]], query
        assert ids(shop.with_transactions(f"query={query}")) == [mine["id"]]
    for query in ("bob%20winter", "last4:4321", "Bob%20last4:5678"):
        assert shop.search(f"query={query}") == []
    assert ids(shop.search("order=last_characters")) == [mine["id"], other["id"]]


def test_where_a_card_comes_from_is_one_of_three(quick_door: Door, shop: External) -> None:
    """S002-74 to S002-77."""
    gateway, account = quick_door.house.gateway, quick_door.house.account
    for source in ("recipe", "api", "action", "import", "manual", "purchase"):
        actor = Actor(source, {"recipe": "vip"} if source == "recipe" else {})
        gateway.perform(account, actor, operations()["issue"], issue.Issue(amount=100, note=source))

    for query, sources in (
        ("manual", ["import", "manual"]),
        ("purchased", ["purchase"]),
        ("api_client", ["recipe", "api", "action"]),
    ):
        found = shop.every(f"source={query}")
        assert [one["note"] for one in found] == sources
        for one in found:
            assert (one["user_id"] is not None) == (query == "manual")
            assert (one["api_client_id"] is not None) == (query == "api_client")


REFUSED = [
    ("status=active", "status"),
    ("status=", "status"),
    ("balance_status=half", "balance_status"),
    ("source=shop", "source"),
    ("created_at:>=yesterday", "created_at"),
    ("created_at=", "created_at"),
    ("created_at=0000-01-01", "created_at"),
    ("created_at=9999-12-31", "created_at"),
    ("expires_on:>=2020-01-01T00:00:00Z", "expires_on"),
    ("expires_on=2023-02-29", "expires_on"),
    ("id:x", "id"),
    ("id:=>1", "id"),
    ("id=-1", "id"),
    ("id=99999999999999999", "id"),
    ("since_id=x", "since_id"),
    ("since_id=>5", "since_id"),
    ("initial_value:>=many", "initial_value"),
    ("initial_value=1e3", "initial_value"),
    ("initial_value=1.00001", "initial_value"),
    ("query=balance:x", "balance"),
    ("query=" + "%20".join("abcdefghijk"), "query"),
    ("query=" + "x" * 1001, "query"),
    ("query=a%0Ab", "query"),
    ("order=balance%20UP", "order"),
    ("order=note", "order"),
    ("page=2", "page"),
    ("limit=1&limit=2", "limit"),
    ("Status=enabled", "Status"),
    ("expires_on:>=expires_on", "expires_on"),
]


def test_what_is_not_understood_is_refused_by_its_name(quick_door: Door, shop: External) -> None:
    """S002-31, S002-83."""
    shop.create()
    for query, field in REFUSED:
        for path in (PATH, f"{PATH}/transactions", f"{PATH}/search"):
            assert refused(asked(quick_door, path, query)) == (400, "bad_request", {field}), query


def test_another_account_s_cards_are_in_no_list(door: Door) -> None:
    """S002-06: nor found by their numbers, which each account counts for itself."""
    shop = external(door)
    shop.create(note="party")
    do(door.house, "issue", account=door.house.other, amount=700, note="party")
    theirs = External(
        lambda method, path, body: door.call(
            method, path, key=door.house.key("cards:read", account=door.house.other.slug), body=body
        ).get_json()
    )

    for found, balance in ((shop, "100.00"), (theirs, "7.00")):
        assert [one["balance"] for one in found.every()] == [balance]
        assert [one["balance"] for one in found.search("query=party")] == [balance]
        assert [one["balance"] for one in found.with_transactions("id:>=1")] == [balance]


def test_no_list_takes_a_code(shop: External) -> None:
    """S002-26, S002-105: a whole code finds nothing, so nobody can try codes here."""
    made = shop.create(code="GIFT-AAAA-1234")

    assert shop.search("query=GIFT-AAAA-1234") == [] == shop.search(f"query={made['code']}")
    with pytest.raises(Refused):
        shop.every("code=GIFT-AAAA-1234")
