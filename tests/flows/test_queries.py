"""Lists and details: pages that stay right while rows are added, cursors that nobody can make."""

import base64
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.card_searches import Order, Search
from connector.domain.cards import STATES
from connector.domain.errors import BadRequest, NotFound
from connector.flows import paging, queries, timetable
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from connector.store import aliases, dialect_searches
from tests.kit.clock import FixedClock
from tests.kit.deeds import do
from tests.kit.house import BY_HAND, KEY, House, open_house


def pages(house: House, limit: int, **asked: Any) -> list[list[str]]:
    """Every page's ids."""
    found: list[list[str]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        more = {"cursor": cursor} if cursor else {}
        page = house.gateway.list_cards(house.account, {**asked, **more, "limit": limit})
        found.append([one["id"] for one in page.data])
        cursor = page.next_cursor
    return found


def test_every_card_is_on_one_page_newest_first(house: House) -> None:
    made = [house.issue(1000)["id"] for _ in range(7)]

    assert pages(house, 3) == [made[:3:-1], made[3:0:-1], made[:1]]
    assert pages(house, 7) == [made[::-1]]


def test_an_account_without_cards_has_one_empty_page(shop: House) -> None:
    assert pages(shop, 1) == [[]]


def test_cards_made_meanwhile_move_nothing_on_the_later_pages(house: House) -> None:
    made = [house.issue(1000)["id"] for _ in range(4)]
    first = house.gateway.list_cards(house.account, {"limit": 2})
    for _ in range(3):
        house.issue(1000)

    second = house.gateway.list_cards(house.account, {"limit": 2, "cursor": str(first.next_cursor)})

    assert [one["id"] for one in (*first.data, *second.data)] == made[::-1]
    assert second.next_cursor is None


def test_without_a_limit_there_are_fifty(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url)
    for _ in range(51):
        house.issue(100)

    page = house.gateway.list_cards(house.account, {})

    assert len(page.data) == paging.DEFAULT_LIMIT == 50
    assert page.as_json()["next_cursor"] is not None
    house.gateway.close()


@pytest.mark.parametrize("limit", [0, -1, 251, 99999999999])
def test_a_limit_out_of_bounds_is_refused(shop: House, limit: int) -> None:
    with pytest.raises(BadRequest) as refusal:
        shop.gateway.list_cards(shop.account, {"limit": limit})

    assert [one.field for one in refusal.value.errors] == ["limit"]


@pytest.mark.parametrize("limit", [1, 250])
def test_the_bounds_themselves_are_allowed(shop: House, limit: int) -> None:
    assert shop.gateway.list_cards(shop.account, {"limit": limit}).data == []


def a_cursor(house: House) -> str:
    house.issue(100)
    house.issue(100)
    cursor = house.gateway.list_cards(house.account, {"limit": 1}).next_cursor
    assert cursor is not None
    return cursor


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "x",
        "AAAA",
        "A" * 16,
        "A" * 201,
        "A" * 100_000,
        "=",
        "é",
        "\ud800",
        "a b",
        "[1,2]",
        "\x00",
        "-" * 13,
    ],
)
def test_a_cursor_of_nobodys_is_refused(shop: House, junk: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        shop.gateway.list_cards(shop.account, {"cursor": junk})


def test_a_cursor_with_any_one_symbol_changed_added_or_lost_is_refused(shop: House) -> None:
    cursor = a_cursor(shop)
    changed = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        for place in range(len(cursor))
    ]
    added = [cursor[:place] + mark + cursor[place:] for place in (0, 5, len(cursor)) for mark in "!=\n A"]
    cut = [cursor[:-1], cursor[1:], cursor + cursor]
    ended = [
        cursor[:-1] + mark for mark in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    ]

    for tampered in (*changed, *added, *cut, *(one for one in ended if one != cursor)):
        with pytest.raises(BadRequest, match="cursor"):
            shop.gateway.list_cards(shop.account, {"cursor": tampered})


def test_a_cursor_is_bound_to_its_account(shop: House) -> None:
    cursor = a_cursor(shop)

    with pytest.raises(BadRequest, match="cursor"):
        shop.gateway.list_cards(shop.other, {"cursor": cursor})


def test_a_cursor_outlives_a_new_key_and_dies_with_its_own(sqlite_url: str, tmp_path: Path) -> None:
    old = open_house(tmp_path, sqlite_url)
    cursor = a_cursor(old)
    old.gateway.close()

    turned = open_house(tmp_path, sqlite_url, keys=(b"n" * 32, KEY))
    assert len(turned.gateway.list_cards(turned.account, {"cursor": cursor}).data) == 1
    turned.gateway.close()

    forgotten = open_house(tmp_path, sqlite_url, keys=(b"n" * 32,))
    with pytest.raises(BadRequest):
        forgotten.gateway.list_cards(forgotten.account, {"cursor": cursor})
    forgotten.gateway.close()


def test_a_cursor_says_nothing_that_is_secret(shop: House) -> None:
    cursor = a_cursor(shop)

    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    place = b"[1795186800000000,2]"  # when the last card seen was made, and the number of its row
    assert raw[9:].startswith(b'[1,"cards -created_at ') and raw[9:].endswith(place + b"]")
    assert len(raw) < 100


def test_cards_are_found_by_filter(house: House) -> None:
    full = house.issue(1000)
    spent = house.issue(1000)
    empty = house.issue(1000)
    euros = house.issue(1000, currency="EUR")
    mine = house.issue(1000, contact={"email": "mia@example.com"})
    house.redeem(spent["id"], 400)
    house.redeem(empty["id"], 1000)

    def found(**asked: Any) -> set[str]:
        return {one["id"] for one in house.gateway.list_cards(house.account, asked).data}

    assert found(currency="EUR") == {euros["id"]}
    assert found(balance_status="partial") == {spent["id"]}
    assert found(balance_status="empty") == {empty["id"]}
    assert found(balance_status="full") == {full["id"], euros["id"], mine["id"]}
    assert found(balance_status="full_or_partial", currency="USD") == {full["id"], spent["id"], mine["id"]}
    assert found(contact_id=mine["contact_id"]) == {mine["id"]}
    assert found(contact_id="ct_nobody") == set()
    assert full["id"] in found(last4=full["last4"].lower())
    assert pages(house, 1, balance_status="full") == [[mine["id"]], [euros["id"]], [full["id"]]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("last4", "abc"),
        ("last4", "Ü2K3"),
    ],
)
def test_a_parameter_that_is_not_known_or_not_right_is_named(shop: House, name: str, value: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        shop.gateway.list_cards(shop.account, {name: value})

    assert [one.field for one in refusal.value.errors] == [name]


def test_a_card_is_found_by_id_or_code_in_its_own_account_only(house: House) -> None:
    ours = house.issue(1000)
    theirs = house.gateway.perform(house.other, BY_HAND, ISSUE, Issue(amount=700)).body

    assert house.gateway.card(house.account, ours["id"])["balance"] == 1000
    assert (
        house.gateway.card_by_code(house.account, ours["code"].lower().replace("-", " "))["id"] == ours["id"]
    )
    for name in (str(theirs["id"]), "gc_nobody"):
        with pytest.raises(NotFound):
            house.gateway.card(house.account, name)
    told = set()
    for code in (str(theirs["code"]), "AAAA-AAAA-AAAA-AAAA-A", "", "\u212a"):
        with pytest.raises(NotFound) as refusal:
            house.gateway.card_by_code(house.account, code)
        told.add(refusal.value.detail)
    assert len(told) == 1, "nobody learns whose code it is"


def test_no_list_and_no_detail_shows_a_code(shop: House) -> None:
    card = shop.issue(1000)

    shown = (shop.cards(), shop.gateway.card(shop.account, card["id"]))

    assert card["code"] not in str(shown)
    assert "'code'" not in str(shown)


def test_accounts_are_listed_by_slug(shop: House) -> None:
    assert [one.slug for one in queries.every_account(shop.gateway.parts)] == ["glow-spa", "other-shop"]


def test_every_filter_is_asked_by_its_name(house: House) -> None:
    """S000-12 to S000-17: states, balances and all else, at once."""
    now = house.clock.now()
    mine = house.issue(2500, contact={"email": "mia@example.com", "first_name": "Mia"}, note="from the fair")
    soon = house.issue(900, expires_at=now + timedelta(days=3), message="Happy birthday")
    later = house.issue(100, usable_at=now + timedelta(days=1), recipient={"name": "Zoë Smith"})
    empty = house.issue(700)
    house.redeem(empty["id"], 700)

    def found(**asked: Any) -> list[str]:
        return [one["id"] for one in house.gateway.list_cards(house.account, asked).data]

    assert found(state="active") == [soon["id"], mine["id"]]
    assert found(state="pending") == [later["id"]]
    assert found(state="depleted") == [empty["id"]]
    assert found(balance_min=100, balance_max=900) == [later["id"], soon["id"]]
    assert found(initial_min=700, state="active") == [soon["id"], mine["id"]]
    assert found(initial_max=700, balance_status="empty") == [empty["id"]]
    assert found(source="api", program="spa") == found(recipe="welcome") == []
    assert found(expiring_within=3) == found(expires_after=now) == [soon["id"]]
    assert found(expiring_within=2) == found(created_after=now) == []
    assert len(found(created_before=now + timedelta(days=1))) == 4
    assert found(q="fair") == found(q="MIA") == found(q="mia@example.com") == [mine["id"]]
    assert found(q="happy Birthday") == [soon["id"]]
    assert found(q="zoë") == [later["id"]] and found(q="happy fair") == []
    assert found(q=mine["last4"].lower()) == [mine["id"]]
    assert found(sort="balance") == [empty["id"], later["id"], soon["id"], mine["id"]]
    assert found(sort="-initial_amount", balance_min=1) == [mine["id"], soon["id"], later["id"]]
    assert found(sort="expires_at")[0] == soon["id"]


def test_a_state_in_a_list_is_that_of_the_account_s_own_clock(house: House) -> None:
    card = house.issue(900, expires_at=house.clock.now() + timedelta(days=3))
    house.clock.forward(timedelta(days=3))

    expired = house.gateway.list_cards(house.account, {"state": "expired"}).data

    assert [(one["id"], one["state"]) for one in expired] == [(card["id"], "expired")]
    assert house.gateway.list_cards(house.account, {"state": "active"}).data == []


@pytest.fixture
def shifting(house: House) -> House:
    """Cards of every life, some of which a node whose clock was 40 days ahead has ended."""
    now, days = house.clock.now(), timedelta(days=1)
    for which in range(12):
        kind = {"kind": "paid"} if which % 3 == 0 else {}
        ends = {"expires_at": now + (10 + which % 4 * 20) * days} if which % 2 else {}
        early = {"usable_at": now + 5 * days} if which % 5 == 0 else {}
        card = house.issue(1_000, contact={"email": f"{which}@example.com"}, **kind, **ends, **early)["id"]
        if which in (4, 7):
            house.redeem(card, 1_000)
        if which in (1, 8):
            do(house, "disable" if which == 1 else "remove", card=card)
        if which == 6:
            do(house, "expire", card=card)
    house.clock.jump(40 * days)
    timetable.tick(house.gateway.parts)
    do(house, "expire", card=house.cards()[-1]["id"])
    house.clock.jump(-40 * days)
    house.gateway.parts.writer.run(lambda tx: aliases.number_cards(tx, house.account.id, 50))
    return house


def test_every_list_by_state_has_the_cards_that_say_it_whatever_the_clock(shifting: House) -> None:
    """A card that another machine's clock has ended says expired, and so is in that list and no other."""
    gateway, account = shifting.gateway, shifting.account
    shown: list[set[str]] = []
    for days in (0, 6, 25, 31, 45, 90):  # less, as much and more than the other machine's clock was ahead
        shifting.clock.jump(timedelta(days=days))
        every = gateway.list_cards(account, {"include_removed": True}).data
        for state in STATES:
            listed = gateway.list_cards(account, {"state": state}).data
            assert [one for one in every if one["state"] == state] == listed, (days, state)
        usable = [one for one in every if one["state"] == "active" and one["available"]]
        report = gateway.history.report(account, "contacts-with-balance", {})
        assert sum(row["cards"] for row in report.data) == len(usable), days
        assert by_status(shifting, "enabled", "disabled", "expired") == [
            {one["id"] for one in every if one["state"] in states}
            for states in (("active", "pending", "depleted"), ("disabled", "removed"), ("expired",))
        ]
        assert by_status(shifting, "expiring")[0] <= by_status(shifting, "enabled")[0]
        shown.append({one["state"] for one in every})
        shifting.clock.jump(timedelta(days=-days))
    assert set.union(*shown) == {*STATES}
    assert len(gateway.list_cards(account, {"state": "expired"}).data) == 4


def by_status(house: House, *names: str) -> list[set[str]]:
    """The cards that seed 002's `status` finds."""
    with house.gateway.parts.engines.reading() as connection:
        found = [
            dialect_searches.page(
                connection,
                house.account.id,
                Search(choices=(("status", name),)),
                Order("created_at"),
                words=(),
                now=house.clock.now(),
                after=None,
                limit=50,
            )
            for name in names
        ]
    return [{one.card.public_id for one in page} for page in found]


def test_what_is_listed_as_active_says_so_though_it_ends_meanwhile(sqlite_url: str, tmp_path: Path) -> None:
    clock = RunningClock()
    house = open_house(tmp_path, sqlite_url, clock=clock)
    house.issue(900, expires_at=clock.now() + timedelta(days=200))
    clock.step = timedelta(days=100)

    listed = house.gateway.list_cards(house.account, {"state": "active"}).data

    assert [one["state"] for one in listed] == ["active"]
    house.gateway.close()


class RunningClock(FixedClock):
    """Goes on by a step with every look."""

    step = timedelta(0)

    def now(self) -> datetime:
        self.jump(self.step)
        return super().now()


def test_a_cursor_is_bound_to_the_order_and_the_filters(shop: House) -> None:
    for _ in range(2):
        shop.issue(100)
    cursor = shop.gateway.list_cards(shop.account, {"limit": 1, "state": "active"}).next_cursor
    others: list[dict[str, Any]] = [
        {},
        {"state": "active", "sort": "created_at"},
        {"state": "active", "currency": "USD"},
    ]

    for asked in others:
        with pytest.raises(BadRequest, match="cursor"):
            shop.gateway.list_cards(shop.account, {**asked, "cursor": cursor})
    shown = {"expand": "transactions", "fields": ["balance"], "limit": 9}
    assert shop.gateway.list_cards(shop.account, {"state": "active", "cursor": cursor, **shown}).data


def test_cards_that_change_between_two_pages_are_neither_lost_nor_told_twice(house: House) -> None:
    made = [house.issue(1000 + number)["id"] for number in range(6)]
    first = house.gateway.list_cards(house.account, {"limit": 3})
    for card in made:
        house.redeem(card, 100)

    rest = house.gateway.list_cards(house.account, {"limit": 3, "cursor": first.next_cursor})

    assert [one["id"] for one in (*first.data, *rest.data)] == made[::-1]


def test_a_card_shows_the_fields_that_were_asked_for_and_its_transactions(house: House) -> None:
    card = house.issue(2500)
    house.redeem(card["id"], 700)

    how: dict[str, Any] = {"fields": ["balance", "state"], "expand": "transactions"}
    [listed] = house.gateway.list_cards(house.account, how).data

    assert listed == house.gateway.card(house.account, card["id"], **how)
    assert list(listed) == ["id", "state", "balance", "transactions"]
    assert [one["amount"] for one in listed["transactions"]] == [-700, 2500]
    assert house.gateway.card(house.account, card["id"], fields=["balance"]) == {
        "id": card["id"],
        "balance": 1800,
    }


def test_a_card_with_many_transactions_shows_the_newest(shop: House) -> None:
    card = shop.issue(2500)
    for _ in range(queries.EXPANDED + 3):
        shop.redeem(card["id"], 1)

    shown = shop.gateway.card(shop.account, card["id"], expand="transactions")

    assert len(shown["transactions"]) == queries.EXPANDED
    assert shown["transactions"][0]["balance_after"] == shown["balance"]


def test_every_field_of_a_card_can_be_asked_for(shop: House) -> None:
    card = shop.issue(2500)

    shown = shop.gateway.card(shop.account, card["id"])

    assert set(queries.FIELDS) == set(shown)


def test_a_contact_s_cards_are_a_list_like_any_other(shop: House) -> None:
    """S000-07."""
    mine = [shop.issue(100 + n, contact={"email": "mia@example.com"}) for n in range(3)]
    shop.issue(900)

    parts, contact = shop.gateway.parts, mine[0]["contact_id"]
    first = queries.list_cards(parts, shop.account, {"contact_id": contact, "limit": 2})
    rest = queries.list_cards(
        parts, shop.account, {"contact_id": contact, "limit": 2, "cursor": first.next_cursor}
    )

    assert [one["id"] for one in (*first.data, *rest.data)] == [one["id"] for one in reversed(mine)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "stolen"),
        ("balance_status", "half"),
        ("currency", "XXY"),
        ("source", "theft"),
        ("sort", "code"),
        ("sort", "--balance"),
        ("expand", "secrets"),
        ("fields", ["code"]),
        ("fields", []),
        ("expiring_within", -1),
        ("expiring_within", 10**9),
        ("q", "?!"),
        ("q", " ".join(f"w{n}" for n in range(11))),
    ],
)
def test_a_value_that_is_not_known_is_refused_by_name(shop: House, name: str, value: object) -> None:
    with pytest.raises(BadRequest) as refusal:
        shop.gateway.list_cards(shop.account, {name: value})

    assert [one.field for one in refusal.value.errors] == [name]
