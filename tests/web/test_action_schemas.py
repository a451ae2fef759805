"""What the document says of an action's answer is what the answer holds, and nothing besides."""

import pytest

from connector.domain.accounts import Actor
from connector.operations.acting import as_action
from connector.operations.registry import operations
from connector.web import schemas
from connector.web.action_schemas import SCHEMAS
from tests.kit.house import House
from tests.operations.samples import a_world, sample_of
from tests.web.test_schemas import faults

ACTIONS = sorted(name for name, one in operations().items() if one.action)


@pytest.mark.parametrize("name", ACTIONS)
def test_what_every_action_answers_is_what_its_schema_says(sqlite_house: House, name: str) -> None:
    operation = as_action(operations()[name])
    command = sample_of(name).lawful(a_world(sqlite_house, name))

    told = sqlite_house.gateway.perform(sqlite_house.account, Actor("action", {}), operation, command).body

    assert faults(schemas.name_of(f"action {name}"), dict(told)) == []


def test_a_flat_answer_is_of_an_action_that_there_is() -> None:
    assert set(schemas.OF_ACTION) <= set(ACTIONS)
    assert set(schemas.OF_ACTION.values()) == set(SCHEMAS)
