"""Runs in lists: by recipe, outcome and person, newest first, a page at a time."""

from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.errors import BadRequest, NotFound
from tests.flows.making import a_house, a_recipe, an_order


def test_runs_are_listed_newest_first_by_what_is_asked(database_url: str, tmp_path: Path) -> None:
    recipes = a_recipe("a-first"), a_recipe("b-asking", do=("hold: look", "issue_card: {amount: 25.00 USD}"))
    with a_house(tmp_path, database_url, *recipes) as house:
        house.tell(**an_order("o-1"))
        house.clock.forward(timedelta(hours=1))
        since = house.clock.now()
        house.tell(**an_order("o-2", email="zoe@example.com"))
        runs = house.gateway.runs
        mia = house.gateway.people.page(house.account, {"email": "mia@example.com"}).data[0]["id"]

        def names(**asked: object) -> list[str]:
            return [one["recipe"] for one in runs.page(house.account, asked).data]

        assert names() == ["b-asking", "a-first", "b-asking", "a-first"]
        assert names(recipe="a-first") == ["a-first", "a-first"]
        assert names(outcome="held", contact_id=mia) == ["b-asking"]
        assert names(since=since) == ["b-asking", "a-first"]
        assert names(until=since, recipe="b-asking") == ["b-asking"]
        assert names(contact_id="ct_nobody") == []
        assert runs.page(house.other, {}).data == []
        first = runs.page(house.account, {"limit": 3})
        rest = runs.page(house.account, {"limit": 3, "cursor": first.next_cursor})
        assert [one["recipe"] for one in (*first.data, *rest.data)] == names()
        with pytest.raises(BadRequest):
            runs.page(house.account, {"recipe": "a-first", "cursor": first.next_cursor})
        with pytest.raises(NotFound):
            runs.one(house.other, first.data[0]["id"])
