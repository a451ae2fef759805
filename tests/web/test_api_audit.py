"""The audit trail of an account at the door: for `admin` alone, filtered, in pages."""

from tests.web.door import Door, refusal

AUDIT = "/v1/audit"


def test_an_admin_reads_who_changed_what(quick_door: Door) -> None:
    house = quick_door.house
    key = house.key("admin")
    card = quick_door.post("/v1/gift-cards", key=key, body={"amount": 2500}).get_json()["id"]
    made = quick_door.post(
        "/v1/webhook-endpoints", key=key, body={"url": "https://hooks.example.com/?k=s3cret"}
    ).get_json()["id"]
    quick_door.call("DELETE", f"/v1/webhook-endpoints/{made}", key=key)

    rows = quick_door.get(AUDIT, key=key, query="limit=3").get_json()["data"]

    assert [(row["act"], row["subject"]) for row in rows] == [
        ("delete_endpoint", made),
        ("create_endpoint", made),
        ("issue", card),
    ]
    assert {row["origin"]["key_id"] for row in rows} == {rows[0]["origin"]["key_id"]}
    assert "s3cret" not in repr(rows)
    by_card = quick_door.get(AUDIT, key=key, query=f"subject={card}").get_json()
    assert [row["type"] for row in by_card["data"]] == ["gift_card"]
    assert by_card["next_cursor"] is None


def test_pages_are_linked_and_a_wrong_filter_is_named(quick_door: Door) -> None:
    house = quick_door.house
    key = house.key("admin")
    for _ in range(3):
        house.issue()

    first = quick_door.get(AUDIT, key=key, query="type=gift_card&limit=2")
    assert len(first.get_json()["data"]) == 2
    link = first.headers["Link"]
    assert 'rel="next"' in link
    rest = quick_door.get(
        AUDIT, key=key, query=f"type=gift_card&limit=2&cursor={first.get_json()['next_cursor']}"
    )
    assert len(rest.get_json()["data"]) == 1

    for query in ("type=cards", "limit=0", "since=yesterday", "cursor=x", "nothing=of-ours"):
        assert refusal(quick_door.get(AUDIT, key=key, query=query)) == (400, "bad_request"), query


def test_without_the_scope_or_for_another_account_there_is_nothing_to_see(quick_door: Door) -> None:
    house = quick_door.house
    house.issue()

    assert refusal(quick_door.get(AUDIT, key=house.key("cards:read", "reports"))) == (403, "missing_scope")
    assert refusal(quick_door.get(AUDIT)) == (401, "unauthorized")
    theirs = quick_door.get(AUDIT, key=house.key("admin", account="other-shop")).get_json()["data"]
    assert [row["act"] for row in theirs] == ["create_key"]


def test_a_platform_key_sees_what_was_done_to_such_keys_and_to_nothing_else(quick_door: Door) -> None:
    house = quick_door.house
    house.issue()
    made = house.gateway.create_key(None, name="agency")

    rows = quick_door.get(AUDIT, key=made["key"]).get_json()["data"]

    assert [(row["act"], row["subject"], row["type"]) for row in rows] == [("create_key", made["id"], "key")]
    assert made["key"] not in repr(rows)
    assert quick_door.get(AUDIT, key=made["key"], query="type=source").get_json()["data"] == []
    assert house.gateway.history.trail(house.account, {"subject": made["id"]}).data == []
