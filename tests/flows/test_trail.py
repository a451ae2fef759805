"""Who changed what in an account: every kind of thing, every filter, page by page, and never a secret."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import BadRequest
from connector.flows.trail import TYPES
from connector.operations.disable import OPERATION as DISABLE
from connector.operations.disable import Disable
from tests.kit.house import House

BY_KEY = Actor("api", {"key_id": "key_01"})
SECRET_PLACE = "https://hooks.example.com/in?token=s3cret-of-theirs"


def trail(house: House, **asked: Any) -> list[dict[str, Any]]:
    return house.gateway.history.trail(house.account, asked).data


def seen(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["type"], row["act"], row["subject"]) for row in rows]


def test_every_kind_of_change_is_there_newest_first_and_only_the_account_s_own(house: House) -> None:
    gateway, account = house.gateway, house.account
    card = house.issue()
    key = gateway.create_key(account, name="till", scopes=["cards:read"])
    contact = gateway.people.create(account, BY_KEY, {"email": "mia@example.com"}, None).body
    made = gateway.create_endpoint(account, url=SECRET_PLACE, by=BY_KEY).body
    gateway.delete_endpoint(account, made["id"], BY_KEY)
    gateway.create_key(house.other, name="theirs", scopes=["cards:read"])

    rows = trail(house)

    assert seen(rows) == [
        ("endpoint", "delete_endpoint", made["id"]),
        ("endpoint", "create_endpoint", made["id"]),
        ("contact", "create_contact", contact["id"]),
        ("key", "create_key", key["id"]),
        ("gift_card", "issue", card["id"]),
    ]
    assert rows[1]["origin"] == {"key_id": "key_01"}
    assert rows[1]["details"] == {"event_types": ["*"]}
    told = repr(rows)
    for secret in (key["key"], card["code"], made["secret"], "s3cret-of-theirs", "mia@example.com"):
        assert secret not in told


def test_each_filter_narrows_and_all_hold_at_once(house: House) -> None:
    first, second = house.issue()["id"], house.issue()["id"]
    house.clock.forward(timedelta(hours=2))
    moment = house.clock.now()
    house.gateway.perform(house.account, BY_KEY, DISABLE, Disable(second, reason="stolen"))
    made = house.gateway.create_endpoint(house.account, url=SECRET_PLACE, by=BY_KEY).body["id"]

    assert seen(trail(house, subject=second)) == [
        ("gift_card", "disable", second),
        ("gift_card", "issue", second),
    ]
    assert seen(trail(house, subject=made)) == [("endpoint", "create_endpoint", made)]
    assert seen(trail(house, type="gift_card", act="issue")) == [
        ("gift_card", "issue", second),
        ("gift_card", "issue", first),
    ]
    assert [row["act"] for row in trail(house, actor="key_01")] == ["create_endpoint", "disable"]
    assert [row["act"] for row in trail(house, actor="key_0")] == []
    assert len(trail(house, actor="api")) == 4
    assert [row["act"] for row in trail(house, since=moment)] == ["create_endpoint", "disable"]
    assert [row["act"] for row in trail(house, until=moment)] == ["issue", "issue"]
    assert seen(trail(house, since=moment, type="gift_card", actor="key_01")) == [
        ("gift_card", "disable", second)
    ]
    assert trail(house, subject="gc_" + "0" * 26) == trail(house, subject="%") == trail(house, act="%") == []


def test_sources_made_at_run_time_are_of_their_own_type(house: House) -> None:
    account = house.account
    house.gateway.directory.create_source(account, slug="till", adapter="standard", by=BY_KEY)

    assert seen(trail(house, type="source")) == [("source", "create_source", "glow-spa/till")]
    assert seen(trail(house, subject="glow-spa/till")) == [("source", "create_source", "glow-spa/till")]
    assert trail(house, type="contact") == []


def test_a_transactions_invoice_and_an_order_are_no_sources_and_the_card_s_own_trail_names_the_card(
    house: House,
) -> None:
    gateway, account = house.gateway, house.account
    card = house.issue()["id"]
    [line] = gateway.history.list_transactions(account, {}).data
    gateway.link_invoice(account, BY_KEY, line["id"], {"invoice": "INV-1"})
    order = {
        "id": 1001,
        "currency": "USD",
        "lines": [{"id": 1, "gift_card": True, "price": "5.00", "quantity": 1}],
    }
    gateway.orders.add(account, BY_KEY, order, None)

    assert seen(trail(house))[:2] == [
        ("order", "add_order", "order 1001"),
        ("transaction", "link_invoice", line["id"]),
    ]
    assert seen(trail(house, type="order")) == seen(trail(house))[:1]
    assert seen(trail(house, type="transaction")) == seen(trail(house))[1:2]
    assert trail(house, type="source") == []
    own = gateway.history.audit_of(account, card, {}).data
    assert [(row["act"], row["gift_card_id"]) for row in own] == [("link_invoice", card), ("issue", card)]


def test_pages_stay_right_while_rows_are_added(house: House) -> None:
    cards = [house.issue()["id"] for _ in range(7)]
    page = house.gateway.history.trail(house.account, {"limit": 3})
    got = [row["subject"] for row in page.data]
    house.issue()

    while page.next_cursor is not None:
        page = house.gateway.history.trail(house.account, {"limit": 3, "cursor": page.next_cursor})
        got += [row["subject"] for row in page.data]

    assert got == cards[::-1]


def test_what_is_no_type_and_a_cursor_of_another_list_are_refused(shop: House) -> None:
    for _ in range(2):
        shop.issue()
    cursor = shop.gateway.history.trail(shop.account, {"limit": 1}).next_cursor

    for asked in (
        {"type": "gift_cards"},
        {"limit": 0},
        {"cursor": "x"},
        {"cursor": cursor, "type": "gift_card"},
    ):
        with pytest.raises(BadRequest):
            trail(shop, **asked)
    for one in TYPES:
        trail(shop, type=one)


def test_another_account_sees_nothing_of_it(shop: House) -> None:
    card = shop.issue()["id"]

    assert shop.gateway.history.trail(shop.other, {"subject": card}).data == []
    assert shop.gateway.history.trail(shop.other, {}).data == []
