"""What every operation promises, asked of each that the registry finds."""

import dataclasses
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.errors import ConnectorError, NotFound, Unavailable
from connector.domain.jsontext import dumps
from connector.domain.messages import is_message_type
from connector.domain.steps import FIELD_KINDS
from connector.flows.perform import Answered, Idempotency
from connector.operations.kit import SCOPES, Operation
from connector.operations.registry import operations
from connector.store.writer import Writing
from tests.kit.house import BY_HAND, House, open_house
from tests.operations.samples import SAMPLES, World, a_world, sample_of

EVERY = sorted(operations())
OF_A_CARD = [name for name in EVERY if name in SAMPLES and SAMPLES[name].of_card is not None]
COUNTED = ("cards", "transfers", "holds", "messages", "contacts", "identities", "idempotency_keys")
SUM = "SELECT coalesce(sum(balance * id), 0) FROM cards"  # also another where one card gives to the next


def ask(
    world: World, name: str, command: object, key: Idempotency | None = None, account: Account | None = None
) -> Answered:
    whose = account or world.house.account
    return world.house.gateway.perform(whose, BY_HAND, operations()[name], command, key)


def rows(house: House) -> dict[str, int]:
    """How many rows there are of all that an operation may write, and what all cards hold."""
    with house.gateway.parts.engines.reading() as connection:
        counted = {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in COUNTED
        }
        return {**counted, "balances": int(connection.execute(text(SUM)).scalar_one())}


def a_key(key: str = "key 1", body: bytes = b"{}") -> Idempotency:
    return Idempotency(key, "POST", "/v1/anything", body)


@pytest.mark.parametrize("name", EVERY)
def test_there_is_something_to_ask_it_with(name: str) -> None:
    assert sample_of(name)
    assert {*SAMPLES} == {*EVERY}


@pytest.mark.parametrize("name", EVERY)
def test_it_is_named_as_its_file_and_says_what_it_does(name: str) -> None:
    operation = operations()[name]
    module = importlib.import_module(f"connector.operations.{name}")

    assert module.OPERATION is operation
    assert operation.name == name == Path(str(module.__file__)).stem
    assert operation.title and module.__doc__
    assert operation.scope in SCOPES
    assert operation.status in (200, 201)
    assert operation.perform is module.perform


@pytest.mark.parametrize("name", EVERY)
def test_its_command_is_a_frozen_value_whose_fields_explain_themselves(name: str) -> None:
    command = operations()[name].command

    assert dataclasses.is_dataclass(command)
    assert command.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for field_name, field in operations()[name].fields.items():
        assert field.help and not field.help.endswith("."), f"{field_name} has no help"
        assert field.kind in (*FIELD_KINDS, "currency"), f"{field_name} is of no known kind"
        if field.kind == "money":
            assert "currency" in operations()[name].fields, "an amount needs its currency beside it"


@pytest.mark.parametrize("name", EVERY)
def test_its_faces_are_spelled_as_faces_are(name: str) -> None:
    operation = operations()[name]

    assert any(face is not None for face in (operation.rest_path, operation.action, operation.step))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", operation.action or "none")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation.step or "none")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", operation.verb or "none")
    in_path = set(re.findall(r"{(\w+)}", operation.rest_path or ""))
    if operation.rest_path is not None:
        assert in_path == {one for one, field in operation.fields.items() if field.is_path}


def test_no_two_share_a_face() -> None:
    for face in ("rest_path", "action", "step", "verb"):
        taken = [getattr(one, face) for one in operations().values() if getattr(one, face) is not None]
        assert len({*taken}) == len(taken), face


@pytest.mark.parametrize("name", EVERY)
def test_once_done_it_is_done_and_the_ledger_proves_itself(name: str, house: House) -> None:
    world, operation = a_world(house, name), operations()[name]
    before = rows(house)

    answered = ask(world, name, sample_of(name).lawful(world))

    assert answered.status == operation.status
    assert json.loads(dumps(dict(answered.body))), "the answer is JSON"
    after = rows(house)
    if operation.changes:
        assert after["messages"] > before["messages"], "who changes something tells of it"
    else:
        assert after == before, "who only looks writes nothing"
    assert (after["balances"] != before["balances"]) == (after["transfers"] != before["transfers"])
    house.require_proof()


@pytest.mark.parametrize("name", EVERY)
def test_repeated_with_the_same_key_it_is_done_once(name: str, house: House) -> None:
    world = a_world(house, name)
    command = sample_of(name).lawful(world)

    first = ask(world, name, command, a_key())
    once = rows(house)
    again = ask(world, name, command, a_key())

    assert (again.status, dict(again.body)) == (first.status, dict(first.body))
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert rows(house) == once
    house.require_proof()


@pytest.mark.parametrize("name", OF_A_CARD)
def test_another_accounts_card_is_not_there(name: str, house: House) -> None:
    world, of_card = a_world(house, name), sample_of(name).of_card
    assert of_card is not None
    before = rows(house)
    told = set()

    for card in (world.card, world.code, "gc_" + "0" * 26, "no-such-code", "", "gc_", "gc_\x00", "\ud83d"):
        with pytest.raises(NotFound) as refused:
            ask(world, name, of_card(card), account=house.other)
        told.add(refused.value.detail)

    assert len(told) == 1, "whether somebody else has it cannot be told from the answer"
    assert rows(house) == before


@pytest.mark.parametrize("name", OF_A_CARD)
def test_a_card_is_named_by_its_id_or_by_its_code_however_written(name: str, house: House) -> None:
    world, of_card = a_world(house, name), sample_of(name).of_card
    assert of_card is not None

    # Its id last, by which it is given another code.
    for card in (world.code, world.code.lower(), world.code.replace("-", " "), world.card):
        assert ask(world, name, of_card(card)).status == operations()[name].status


REFUSED = [(name, what) for name in EVERY for what in (SAMPLES[name].refused if name in SAMPLES else {})]


@pytest.mark.parametrize(("name", "what"), REFUSED)
def test_refused_it_leaves_no_row_and_no_message(name: str, what: str, house: House) -> None:
    world = a_world(house, name)
    command = sample_of(name).refused[what](world)
    before = rows(house)

    with pytest.raises(ConnectorError) as refused:
        ask(world, name, command)

    assert 400 <= refused.value.status < 500
    assert rows(house) == before
    house.require_proof()


@pytest.mark.parametrize("name", EVERY)
def test_every_operation_has_something_that_it_refuses(name: str) -> None:
    assert sample_of(name).refused


@pytest.mark.parametrize("name", EVERY)
def test_undone_after_the_deed_it_leaves_no_row_and_no_message(name: str, house: House) -> None:
    """A recipe's later step may fail: what the earlier ones did goes with it."""
    world, operation = a_world(house, name), operations()[name]
    woken: list[str] = []
    before = rows(house)

    def work(tx: Writing) -> None:
        desk = dataclasses.replace(
            house.gateway.parts.desk(tx, house.account, BY_HAND), wake=lambda: woken.append(name)
        )
        operation.perform(desk, sample_of(name).lawful(world))
        raise NotFound("a later step")

    with pytest.raises(NotFound):
        house.gateway.parts.writer.run(work)

    assert rows(house) == before
    assert woken == []
    house.require_proof()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("table", ["cards", "transfers", "holds", "messages", "contacts"])
def test_where_a_row_cannot_be_written_nothing_is(
    name: str, table: str, sqlite_url: str, tmp_path: Path
) -> None:
    house = open_house(tmp_path, sqlite_url)
    world = a_world(house, name)
    _break(house, table)
    before = rows(house)

    try:
        ask(world, name, sample_of(name).lawful(world), a_key())
    except Unavailable:
        assert rows(house) == before
    else:
        assert rows(house)[table] == before[table], "it needs no row there"
    house.require_proof()
    house.gateway.close()


def _break(house: House, table: str) -> None:
    trigger = f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'planted'); END"
    house.gateway.parts.writer.run(lambda tx: tx.execute(text(trigger)) and None)


@pytest.mark.parametrize("name", EVERY)
def test_a_recipe_gets_from_it_what_it_says_it_gives(name: str, house: House) -> None:
    world, operation = a_world(house, name), operations()[name]
    if operation.step is None:
        assert operation.gives == ()
        return

    def work(tx: Writing) -> dict[str, Any]:
        desk = house.gateway.parts.desk(tx, house.account, BY_HAND)
        assert operation.give is not None
        return operation.give(desk, operation.perform(desk, sample_of(name).lawful(world)))

    assert set(house.gateway.parts.writer.run(work)) == {*operation.gives}


@pytest.mark.parametrize("name", EVERY)
def test_its_messages_are_of_known_types_and_hold_no_code(name: str, house: House) -> None:
    world = a_world(house, name)
    answered = ask(world, name, sample_of(name).lawful(world))

    with house.gateway.parts.engines.reading() as connection:
        found = connection.execute(text("SELECT type, body FROM messages")).all()

    for message_type, body in found:
        assert is_message_type(message_type)
        assert world.code.encode() not in bytes(body)
        assert str(answered.body.get("code", "no code")).encode() not in bytes(body)


def test_the_suite_asks_operations() -> None:
    assert {"issue", "redeem", "check_balance"} <= {*EVERY}
    assert all(isinstance(one, Operation) for one in operations().values())
