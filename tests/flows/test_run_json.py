"""A run as people see it: what it came to and why, line by line, and never a code."""

from pathlib import Path

import pytest

from connector.domain.errors import NotFound
from connector.flows import run_json
from tests.flows.making import ISSUE, a_house, a_recipe, an_order


def test_a_run_says_what_each_line_saw_and_where_it_stands(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("later", do=(ISSUE, "wait: 2 hours"))) as house:
        [answer] = house.tell(**an_order()).body["runs"]
        with house.gateway.parts.engines.reading() as connection:
            shown = run_json.one(house.gateway.parts, connection, house.account.id, answer["id"])
            kept = run_json.require(connection, house.account.id, answer["id"])
            with pytest.raises(NotFound):
                run_json.require(connection, house.other.id, answer["id"])

    assert (shown["outcome"], shown["waits_until"], shown["lapses_at"]) == (
        "waiting",
        "2026-11-20T17:00:00Z",
        None,
    )
    assert shown["file"] == "recipes/later.yaml"
    first = shown["trace"][0]
    assert (first["verdict"], first["values"]) == (True, {"event.source": "standard"})
    assert first["line"] == 6
    assert answer["outputs"]["card"]["code"] not in repr(shown)
    assert run_json.brief([kept]) == [
        {"id": answer["id"], "recipe": "later", "outcome": "waiting", "reason": shown["reason"]}
    ]
