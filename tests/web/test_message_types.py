"""What is told of a message is what is sent: its type, when it is sent, its schema, a sample."""

from typing import Any

import jsonschema_rs
import pytest

from connector.domain.jsontext import read_own
from connector.domain.messages import MESSAGE_TYPES
from connector.web.message_types import ABOUT, CUSTOM, data_of, every_type, sample_of, schema_of
from tests.kit.house import BY_HAND
from tests.kit.pages import first_cells, section
from tests.operations.samples import a_world
from tests.operations.samples import sample_of as command_of
from tests.web.door import Door
from tests.web.test_schemas import closed, in_turn

EVERY = [*MESSAGE_TYPES, CUSTOM]


def faults(name: str, body: Any) -> list[str]:
    schema = closed(schema_of(name))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(body)]


def test_every_type_is_told_once_and_no_other() -> None:
    assert [one["name"] for one in every_type()] == EVERY
    assert set(ABOUT) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_sample_is_what_its_schema_says(name: str) -> None:
    jsonschema_rs.meta.validate(schema_of(name))
    assert faults(name, sample_of(name)) == []
    assert faults(name, {**sample_of(name), "type": "nothing"}) != []


@pytest.mark.parametrize("name", ["gift_card.issued", "funding.low", "contact.points_changed", "recipe.held"])
def test_a_body_that_says_something_else_would_be_seen(name: str) -> None:
    body = sample_of(name)
    for part in body["data"]:
        assert faults(name, {**body, "data": {**body["data"], part: {"strange": 1}}}) != []


def test_a_sample_holds_no_code_and_no_secret() -> None:
    for name in EVERY:
        text = str(sample_of(name))
        assert "'code'" not in text
        assert "whsec_" not in text


def test_what_every_deed_sends_is_what_its_type_says(quick_door: Door) -> None:
    house, found = quick_door.house, {}
    for operation in in_turn():
        world, name = a_world(house, operation.name), operation.name
        house.gateway.perform(house.account, BY_HAND, operation, command_of(name).lawful(world))
    for row in house.rows("messages"):
        wrong = faults(row["type"], read_own(bytes(row["body"]).decode()))
        if wrong:
            found[row["type"]] = wrong
    assert found == {}
    assert len({row["type"] for row in house.rows("messages")}) > 10


def test_every_type_of_the_page_about_webhooks_is_told(quick_door: Door) -> None:
    told = first_cells(section("docs/webhooks.md", "## A message"))
    assert told <= set(ABOUT)
    assert data_of("ping") == {"type": "object"}
