"""Every answer has its schema, and every real answer is what its schema says, with nothing besides."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from connector.operations.kit import Operation
from connector.operations.registry import operations
from connector.web import examples, schemas
from connector.web.factory import every_call
from tests.kit.house import BY_HAND
from tests.operations.samples import a_world, sample_of
from tests.web.door import Door
from tests.web.drive import Driver, in_order


def closed(schema: Any) -> Any:
    """The schema with no field allowed that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found["additionalProperties"] = False
    return found


def faults(name: str, answer: Any) -> list[str]:
    """What is wrong with an answer, by the closed schema of this name."""
    validator = jsonschema_rs.Draft202012Validator(closed(schemas.whole_schema(name)), validate_formats=True)
    return [
        f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(answer)
    ]


def test_every_call_names_a_schema_that_is_there() -> None:
    for call in every_call():
        if call.answer is not None:
            assert schemas.name_of(call.answer) in schemas.SCHEMAS, call.name


@pytest.mark.parametrize("name", sorted(operations()))
def test_every_operation_has_its_answer_by_name(name: str) -> None:
    assert name in schemas.OF_OPERATION, f"web/schemas.py, OF_OPERATION: {name} is missing"


def test_an_answer_that_nobody_described_is_named() -> None:
    for unknown in ("Nothing", "rest nothing", "action nothing", ""):
        with pytest.raises(KeyError):
            schemas.name_of(unknown)


def test_every_schema_is_one_and_leads_to_others_that_are_there() -> None:
    for name in schemas.SCHEMAS:
        whole = schemas.whole_schema(name)
        jsonschema_rs.meta.validate(whole)
        jsonschema_rs.Draft202012Validator(whole)


def test_an_example_is_what_its_schema_says() -> None:
    for name, example in examples.ANSWERS.items():
        assert faults(name, example) == [], name


def test_what_a_schema_does_not_say_is_seen() -> None:
    """The comparison itself can fail: a field too many, one too few, one of another kind."""
    card = examples.ANSWERS["GiftCard"]
    assert faults("GiftCard", {**card, "code": "AAAA"})
    assert faults("GiftCard", {name: value for name, value in card.items() if name != "held"})
    assert faults("GiftCard", {**card, "balance": "15.00"})
    assert faults("GiftCard", {**card, "created_at": "yesterday"})
    assert faults("Moved", {**examples.ANSWERS["Moved"], "transaction": {}})


def in_turn() -> Iterator[Operation]:
    """Those that need a sandbox last: the account stays one."""
    yield from sorted(operations().values(), key=lambda one: (sample_of(one.name).in_sandbox, one.name))


def test_what_every_operation_answers_is_what_its_schema_says(quick_door: Door) -> None:
    house, found = quick_door.house, {}
    for operation in in_turn():
        world = a_world(house, operation.name)
        command = sample_of(operation.name).lawful(world)
        told = house.gateway.perform(house.account, BY_HAND, operation, command).body
        found[operation.name] = faults(schemas.OF_OPERATION[operation.name], dict(told))
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_what_every_other_call_answers_to_its_own_example_is_what_its_schema_says(quick_door: Door) -> None:
    driver, found = Driver.at(quick_door), {}
    for call in in_order():
        told = driver.ask(call)
        if call.answer is not None:
            found[call.name] = faults(schemas.name_of(call.answer), told)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
