"""An editor that knows the schema completes what there is, and marks what the gateway would refuse."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from connector.flows.performing import step_specs
from connector.recipes.json_schema import SCHEMA_FILE, schema_of, schema_text
from connector.recipes.names import CONTACT
from connector.recipes.schema import RecipeFile, keys_of
from connector.recipes.steps import OWN_STEPS
from connector.recipes.yamltree import plain, read

SHIPPED: Final = Path(__file__).parents[2] / "recipes"
VALIDATOR: Final = jsonschema_rs.Draft7Validator(schema_of(step_specs()))

FULL: Final = """\
recipe: full
title: Everything that a recipe can say
status: shadow
owner: ada
account: glow-spa
from: [calendly, zapier]
on: {schedule: every tuesday at 10:00, for_each: contact}
vars: {reward: 25.00 USD, visits: 5}
let: {many: contact.visits >= vars.visits}
if: let.many
once_per: contact
same_as: {subject: event.booking.service, at: event.booking.starts_at, within: 2 hours}
limits: {per_contact: 1 per 60 days, budget: 500.00 USD per month, burst: 50 per day, when_reached: skip}
goal: {within: 60 days, control_group: 10%, came_back: booking.completed, used: [order.paid, custom.x]}
undo: {on: booking.cancelled, same: event.booking.id, within: 3 days}
expect_at_least: 1 per 7 days
do:
  - issue_card: {amount: "${{ vars.reward }}", expires: 12 months, metadata: {a: [1]}, note: 5}
    id: reward
    if: [contact.email is not missing, true]
  - wait: 3 days
  - wait: {until: "${{ event.occurred_at }}"}
  - hold: too much
  - choose:
      - if: true
        do: [check_balance, stop]
      - else:
          - redeem_card: {card: "${{ steps.reward.card.id }}", all: true}
  - for_each: {in: event.data.items, do: [{send_webhook: {type: custom.x, data: {a: "${{ item }}"}}}]}
tests:
  - name: a
    event: schedule.due
    given:
      contact: {visits: 5, spent: 5.00 USD, tags: [VIP]}
      event: {booking: {id: 5}}
      steps: {reward: {card: {id: gc_1}}}
      now: "2026-01-15T12:00:00Z"
    expect: [issue_card: {amount: 25.00 USD}, wait, hold]
    because: let.many
  - name: b
    event: schedule.due
    expect: nothing
"""


def as_json(value: Any) -> Any:
    """As an editor's reader of YAML has it."""
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def parsed(text: str) -> Any:
    return as_json(plain(read(text.encode(), "x.yaml")))


def is_valid(text: str) -> bool:
    return VALIDATOR.is_valid(parsed(text))


def keys_below(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every key that is not open to anything."""
    found: list[tuple[Any, ...]] = []
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in pairs:
        if isinstance(node, dict) and not OPEN & set(path[-1:]):
            found.append((*path, name))
        if name not in OPEN:
            found.extend(keys_below(value, (*path, name)))
    return found


OPEN: Final = {"vars", "let", "data", "metadata", "recipient", "steps", "attributes"}


def closed_keys(tree: Any) -> list[tuple[Any, ...]]:
    """Without a goal's names, which are the operator's own."""
    own = [
        key
        for key in keys_below(tree)
        if key[0] == "goal" and key[1:] not in ((), ("within",), ("control_group",))
    ]
    return [key for key in keys_below(tree) if key not in own]


def misspelt(tree: Any, path: tuple[Any, ...]) -> Any:
    """A copy in which the key at `path` has a letter more."""
    copy = json.loads(json.dumps(tree))
    owner = copy
    for part in path[:-1]:
        owner = owner[part]
    owner[f"{path[-1]}x"] = owner.pop(path[-1])
    return copy


def test_the_shipped_file_is_what_is_made_from_the_models() -> None:
    assert (SHIPPED / SCHEMA_FILE).read_text("utf-8") == schema_text(step_specs())


def test_it_is_a_schema() -> None:
    jsonschema_rs.meta.validate(schema_of(step_specs()))


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_passes_and_no_misspelt_key_does(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = parsed(text)

    assert [error.message for error in VALIDATOR.iter_errors(tree)] == []
    assert [key for key in closed_keys(tree) if VALIDATOR.is_valid(misspelt(tree, key))] == []
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


def test_all_that_a_recipe_can_say_passes_and_no_misspelt_key_does() -> None:
    tree = parsed(FULL)

    assert [error.message for error in VALIDATOR.iter_errors(tree)] == []
    keys = closed_keys(tree)
    assert len(keys) > 70
    assert [key for key in keys if VALIDATOR.is_valid(misspelt(tree, key))] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("status: shadow", "status: lvie"),
        (
            "schedule: every tuesday at 10:00, for_each: contact",
            "schedule: every day at 9:00, for_each: client",
        ),
        ("on: booking.cancelled", "on: booking.canceled"),
        ("wait: 3 days", "wait: 3days"),
        ("wait: 3 days", "wait: {until: x, for: y}"),
        ("amount: 25.00 USD", "amount: 25"),
        ('amount: "${{ vars.reward }}"', "amount: 25"),
        ("all: true", "all: yes"),
        ("when_reached: skip", "when_reached: wait"),
        ("expect: nothing", "expect: nothin"),
        ("expect: nothing", "expect: []"),
        ("[check_balance, stop]", "[check_balence]"),
        ("[check_balance, stop]", "[]"),
        ("- hold: too much\n", "- hold: too much\n    stop: x\n"),
        ("came_back: booking.completed", "came_back: booking.complete"),
        ("custom.x]", "custom.]"),
        ("event: schedule.due\n    expect: nothing", "event: schedule.dew\n    expect: nothing"),
        ("title: Everything that a recipe can say\n", ""),
        ('card: "${{ steps.reward.card.id }}", ', ""),
        ("visits: 5, spent", "visits: many, spent"),
    ],
)
def test_a_wrong_value_is_marked(right: str, wrong: str) -> None:
    assert right in FULL

    assert not is_valid(FULL.replace(right, wrong, 1))


def test_it_knows_every_key_step_and_field_for_completion() -> None:
    schema = schema_of(step_specs())

    assert set(schema["properties"]) == set(keys_of(RecipeFile))
    assert all(found.get("description") for found in schema["properties"].values())
    definitions = schema["definitions"]
    step = definitions["step"]["anyOf"][1]["properties"]
    assert set(step) == {*step_specs(), *OWN_STEPS, "if", "id"}
    assert set(definitions["contact"]["anyOf"][0]["properties"]) == set(CONTACT)
    assert "how much is on the card" in json.dumps(definitions["step.issue_card"])
    assert "x-drawn" not in schema_text(step_specs())


def test_the_same_models_make_the_same_text() -> None:
    assert schema_text(step_specs()) == schema_text(dict(reversed(step_specs().items())))
