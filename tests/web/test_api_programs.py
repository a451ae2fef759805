"""The catalogue by REST: made and changed by an administrator, read by whoever reads cards."""

from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/programs"
WHOLE: dict[str, Any] = {
    "slug": "spa-day",
    "name": "Spa day",
    "description": "A day off",
    "currency": "EUR",
    "kind": "paid",
    "amounts": [5000, 2500, 5000],
    "countries": ["US", "CA", "US"],
    "valid_for": "12 months",
    "code_prefix": "GLOW",
    "design": {"color": "red"},
    "max_balance": 50_000,
    "per_day": 100_000,
    "on_expiry": "move",
    "cash_out_below": 1_000,
    "metadata": {"shelf": 7},
}


def make(door: Door, **fields: Any) -> Any:
    body = {"slug": "spa-day", "name": "Spa day", **fields}
    return door.post(PATH, key=door.house.key("admin"), body=body)


def slugs(door: Door, query: str = "") -> list[str]:
    answer = door.get(PATH, key=door.house.key("cards:read"), query=query)
    assert answer.status_code == 200, answer.text
    return [one["slug"] for one in answer.get_json()["data"]]


def test_a_program_is_made_and_shown_with_every_rule(door: Door) -> None:
    """S004-07, S004-08, S004-09, S004-10."""
    answer = make(door, **WHOLE)

    assert answer.status_code == 201
    made = answer.get_json()
    assert {name: made[name] for name in WHOLE} == {
        **WHOLE,
        "amounts": [2500, 5000],
        "countries": ["CA", "US"],
    }
    assert made["id"].startswith("prg_")
    assert made["is_active"] is True
    read = door.get(f"{PATH}/spa-day", key=door.house.key("cards:read"))
    assert read.get_json() == made
    [row] = [row for row in door.house.rows("audit") if row["subject"] == made["id"]]
    assert (row["act"], row["subject"], row["card_id"]) == ("create_program", made["id"], None)


def test_little_is_required_and_the_rest_is_as_usual(quick_door: Door) -> None:
    made = make(quick_door, valid_for=None, max_balance=None, design=None).get_json()

    assert (made["currency"], made["kind"], made["on_expiry"]) == ("USD", "promotional", "move")
    assert (made["amounts"], made["countries"], made["design"], made["metadata"]) == ([], [], {}, {})
    assert (made["min_amount"], made["max_balance"], made["per_day"]) == (0, 0, 0)


def test_a_slug_is_taken_once_and_in_each_account(quick_door: Door) -> None:
    make(quick_door)

    assert refusal(make(quick_door, name="Another")) == (409, "slug_taken")
    other = quick_door.house.key("admin", account=OTHER)
    assert quick_door.post(PATH, key=other, body={"slug": "spa-day", "name": "x"}).status_code == 201


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"slug": ""}, "slug"),
    ({"slug": "Spa"}, "slug"),
    ({"slug": "-spa"}, "slug"),
    ({"slug": "a" * 64}, "slug"),
    ({"name": " "}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"currency": "XXX"}, "currency"),
    ({"kind": "stolen"}, "kind"),
    ({"amounts": [0]}, "amounts"),
    ({"amounts": [-1]}, "amounts"),
    ({"amounts": [25.5]}, "amounts"),
    ({"amounts": [True]}, "amounts"),
    ({"amounts": list(range(1, 102))}, "amounts"),
    ({"amounts": 2500}, "amounts"),
    ({"amounts": [2500], "min_amount": 1}, "amounts"),
    ({"min_amount": -1}, "min_amount"),
    ({"min_amount": 2, "max_amount": 1}, "min_amount"),
    ({"amounts": [2500], "max_balance": 2499}, "max_balance"),
    ({"min_amount": 2500, "per_day": 2499}, "per_day"),
    ({"countries": ["Us"]}, "countries"),
    ({"countries": ["XX"]}, "countries"),
    ({"valid_for": "12 moons"}, "valid_for"),
    ({"valid_for": "101 years"}, "valid_for"),
    ({"code_prefix": "TEST1"}, "code_prefix"),
    ({"code_prefix": "g"}, "code_prefix"),
    ({"on_expiry": "burn"}, "on_expiry"),
    ({"cash_out_below": -1}, "cash_out_below"),
    ({"is_active": None}, "is_active"),
    ({"id": "prg_1"}, "id"),
]


@pytest.mark.parametrize(("fields", "named"), WRONG, ids=[str(row[0])[:40] for row in WRONG])
def test_what_is_wrong_is_named_and_makes_nothing(
    quick_door: Door, fields: dict[str, Any], named: str
) -> None:
    answer = make(quick_door, **fields)

    assert refusal(answer) == (422, "validation_failed")
    assert set(wrong_fields(answer)) == {named}
    assert slugs(quick_door) == []


def test_all_that_is_wrong_is_named_at_once(quick_door: Door) -> None:
    answer = make(quick_door, slug="A", valid_for="soon", code_prefix="-", min_amount=2, max_amount=1)

    assert set(wrong_fields(answer)) == {"slug", "valid_for", "code_prefix", "min_amount"}


def test_rules_change_and_what_cards_rest_on_never_does(door: Door) -> None:
    made = make(door, **WHOLE).get_json()
    key = door.house.key("admin")

    changed = door.call(
        "PATCH", f"{PATH}/spa-day", key=key, body={"valid_for": None, "amounts": [100], "is_active": False}
    )

    assert changed.status_code == 200
    told = changed.get_json()
    kept = {name: one for name, one in made.items() if name not in ("valid_for", "amounts", "is_active")}
    assert {name: told[name] for name in kept} == kept
    assert (told["valid_for"], told["amounts"], told["is_active"]) == (None, [100], False)
    row = door.house.rows("audit")[-1]
    assert (row["act"], row["subject"]) == ("change_program", made["id"])
    assert row["details"] == {"valid_for": None, "amounts": [100], "is_active": False}
    assert row["origin"]["key_id"].startswith("key_")
    for name in ("slug", "currency", "kind"):
        refused = door.call("PATCH", f"{PATH}/spa-day", key=key, body={name: made[name]})
        assert set(wrong_fields(refused)) == {name}


def test_a_change_is_judged_with_the_rules_that_stay(quick_door: Door) -> None:
    make(quick_door, amounts=[2500])
    key = quick_door.house.key("admin")

    refused = quick_door.call("PATCH", f"{PATH}/spa-day", key=key, body={"max_balance": 2499})
    assert set(wrong_fields(refused)) == {"max_balance"}
    allowed = quick_door.call(
        "PATCH", f"{PATH}/spa-day", key=key, body={"max_balance": 100, "amounts": [100]}
    )
    assert allowed.status_code == 200


def test_nobody_elses_program_is_there(quick_door: Door) -> None:
    make(quick_door)
    other = quick_door.house.key("admin", account=OTHER)

    for slug in ("spa-day", "no-such"):
        assert refusal(quick_door.get(f"{PATH}/{slug}", key=other)) == (404, "not_found")
        body = {"name": "mine"}
        assert refusal(quick_door.call("PATCH", f"{PATH}/{slug}", key=other, body=body)) == (404, "not_found")
    assert quick_door.get(PATH, key=other).get_json() == {"data": [], "next_cursor": None}


def test_the_catalogue_is_filtered_by_what_people_ask_for(door: Door) -> None:
    """S004-31."""
    make(door, slug="a", currency="EUR", kind="paid", countries=["DE", "AT"])
    make(door, slug="b", currency="USD", kind="paid", countries=["US"])
    make(door, slug="c", currency="USD", is_active=False)

    assert slugs(door) == ["a", "b", "c"]
    assert slugs(door, "country=US") == ["b", "c"], "what names no country is offered everywhere"
    assert slugs(door, "country=DE&currency=EUR") == ["a"]
    assert slugs(door, "kind=paid&active=true") == ["a", "b"]
    assert slugs(door, "active=false") == ["c"]
    assert slugs(door, "country=FR&kind=paid") == []
    assert refusal(door.get(PATH, key=door.house.key("cards:read"), query="kind=x")) == (400, "bad_request")


def test_pages_follow_each_other_while_programs_are_added(quick_door: Door) -> None:
    for slug in ("b", "d", "f", "h"):
        make(quick_door, slug=slug, countries=["US"] if slug in "bfh" else ["CA"])
    key = quick_door.house.key("cards:read")

    first = quick_door.get(PATH, key=key, query="country=US&limit=1").get_json()
    make(quick_door, slug="a")
    make(quick_door, slug="c", countries=["US"])
    second = quick_door.get(
        PATH, key=key, query=f"country=US&limit=2&cursor={first['next_cursor']}"
    ).get_json()
    last = quick_door.get(
        PATH, key=key, query=f"country=US&limit=2&cursor={second['next_cursor']}"
    ).get_json()

    assert [[one["slug"] for one in page["data"]] for page in (first, second, last)] == [
        ["b"],
        ["c", "f"],
        ["h"],
    ]
    assert last["next_cursor"] is None


def test_the_same_key_makes_one_program(quick_door: Door) -> None:
    key, headers = quick_door.house.key("admin"), {"Idempotency-Key": "k1"}
    body = {"slug": "spa", "name": "Spa"}

    first = quick_door.post(PATH, key=key, body=body, headers=headers)
    again = quick_door.post(PATH, key=key, body=body, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(quick_door.house.rows("programs")) == 1


def test_a_card_is_issued_of_it_by_rest_and_by_action(quick_door: Door) -> None:
    make(quick_door, amounts=[2500], kind="paid", valid_for="1 year")
    key = quick_door.house.key("cards:write")

    card = quick_door.post("/v1/gift-cards", key=key, body={"amount": 2500, "program": "spa-day"}).get_json()
    action = quick_door.post(
        "/v1/actions/issue-gift-card", key=key, body={"amount": "25.00", "program": "spa-day"}
    )
    refused = quick_door.post("/v1/gift-cards", key=key, body={"amount": 2501, "program": "spa-day"})

    assert (card["program"], card["kind"]) == ("spa-day", "paid")
    assert action.status_code == 201, action.text
    assert wrong_fields(refused) == {"amount": "must be one of 25.00 USD (in minor units 2500)"}
