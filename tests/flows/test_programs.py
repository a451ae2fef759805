"""The catalogue's flow: one program of a name, whoever asks at the same moment; each change audited."""

from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import BadRequest, ConnectorError, NotFound, SlugTaken, ValidationFailed
from connector.flows import programs
from tests.kit.catalogue import a_program
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House

BY_HAND_TOO = Actor("api", {"key_id": "key_other"})


def create(house: House, slug: str = "spa", **told: Any) -> Any:
    told = {"slug": slug, "name": "Spa day", **told}
    return programs.create(house.gateway.parts, house.account, BY_HAND, told).body


def change(house: House, actor: Actor = BY_HAND, **told: Any) -> Any:
    return programs.change(house.gateway.parts, house.account, actor, "spa", told).body


def test_of_many_who_make_the_same_program_one_does(house: House) -> None:
    ended = at_once([lambda: create(house)] * 8)

    errors = [one.error for one in ended if one.error is not None]
    assert len(errors) == 7
    assert {type(one) for one in errors} == {SlugTaken}
    assert len(house.rows("programs")) == 1
    assert [row["act"] for row in house.rows("audit")] == ["create_program"]


def test_two_who_change_different_rules_both_have_their_way(house: House) -> None:
    create(house)

    at_once([lambda: change(house, per_day=700), lambda: change(house, BY_HAND_TOO, max_balance=900)])

    shown = programs.one(house.gateway.parts, house.account, "spa")
    assert (shown["per_day"], shown["max_balance"]) == (700, 900)
    acts = {(row["origin"]["key_id"], str(row["details"])) for row in house.rows("audit")[1:]}
    assert acts == {("key_test", "{'per_day': 700}"), ("key_other", "{'max_balance': 900}")}


@pytest.mark.parametrize("told", [{"slug": "tea"}, {"currency": "EUR"}, {"kind": "paid"}])
def test_no_door_changes_what_cards_rest_on(house: House, told: dict[str, Any]) -> None:
    before = create(house)

    assert change(house, **told) == before


def test_a_card_keeps_the_end_that_it_was_issued_with(house: House) -> None:
    create(house, valid_for="12 months")
    card = house.issue(2500, program="spa")

    change(house, valid_for="1 day", is_active=False)

    assert house.gateway.card(house.account, card["id"])["expires_at"] == card["expires_at"]
    assert house.redeem(card["id"], 100).status == 200, "those that are there go on"
    with pytest.raises(ConnectorError, match="not active"):
        house.issue(2500, program="spa")


def test_a_refused_change_leaves_no_trace(house: House) -> None:
    create(house)
    before = house.everything()

    with pytest.raises(ValidationFailed):
        change(house, valid_for="soon")
    with pytest.raises(NotFound):
        programs.change(house.gateway.parts, house.other, BY_HAND, "spa", {"name": "mine"})

    assert house.everything() == before


def test_a_long_catalogue_is_searched_to_its_end(house: House) -> None:
    for number in range(4):
        a_program(house, f"p{number}", countries=("US",) if number == 3 else ("CA",))

    page = programs.every(house.gateway.parts, house.account, {"country": "US", "limit": 1})

    assert [one["slug"] for one in page.data] == ["p3"]
    assert page.next_cursor is None


def test_a_cursor_belongs_to_the_filters_that_it_was_made_with(house: House) -> None:
    for number in range(3):
        a_program(house, f"p{number}")
    parts = house.gateway.parts
    asked = {"kind": "paid", "limit": 1}
    cursor = programs.every(parts, house.account, asked).next_cursor

    [second] = programs.every(parts, house.account, {**asked, "limit": 2, "cursor": cursor}).data[:1]
    assert second["slug"] == "p1"
    for other in ({}, {"kind": "promotional"}, {"kind": "paid", "active": True}):
        with pytest.raises(BadRequest, match="another list"):
            programs.every(parts, house.account, {**other, "cursor": cursor})
