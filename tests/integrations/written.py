"""What in integrations/ follows from the gateway itself, and is written from it.

    .venv/bin/python -m tests.integrations.written

One rule: nothing of it is edited by hand; a test holds the files to what stands here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from connector.domain.jsontext import dumps
from connector.operations.kit import Field
from connector.web import examples
from connector.web.calls import Call
from connector.web.factory import every_call
from connector.web.message_types import ABOUT, CUSTOM, sample_of
from tests.kit.pages import ROOT

from . import tools

FOLDER: Final = ROOT / "integrations"
ACTIONS: Final = "/v1/actions/"
SEARCHES: Final = ("check-balance", "find-gift-cards")
NOT_FOR_PEOPLE: Final = ("ping", CUSTOM)
_TYPES: Final = {"flag": "boolean", "moment": "datetime", "count": "integer", "whole": "integer"}
_LONG: Final = ("message", "note")
_SAID_TWICE: Final = ("gift_card_id",)  # for whoever maps an answer; people have the field `card`
_AN_ID: Final = "gc_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"


def actions() -> list[Call]:
    """The calls below /v1/actions, by path."""
    return sorted((one for one in every_call() if one.path.startswith(ACTIONS)), key=lambda one: one.path)


def name_of(call: Call) -> str:
    return call.path.removeprefix(ACTIONS)


def body_of(call: Call) -> dict[str, Any]:
    """A body that the call takes, as the API's own document shows it."""
    found = examples.body_of(call)
    assert found is not None, call.path
    return found


def written() -> dict[str, str]:
    """Every file's text, by its path in integrations/."""
    bodies = {name_of(one): body_of(one) for one in actions()}
    hook = "/hooks/my-shop/make"
    made = {"tell-of-an-order": tools.make_blueprint("Tell of an order", hook, tools.SECRET, tools.EVENT)}
    for name, body in bodies.items():
        made[name] = tools.make_blueprint(name, f"/v1/actions/{name}", tools.KEY, body)
    return {
        **{f"make/{name}.json": _text(one) for name, one in made.items()},
        "n8n/gift-cards.json": _text(tools.n8n_calls(bodies)),
        "n8n/messages.json": _text(tools.n8n_messages()),
        "highlevel/README.md": tools.highlevel_page(actions(), bodies),
        "zapier/actions.json": _text([_zapier_action(one) for one in actions()]),
        "zapier/events.json": _text([_zapier_event(name) for name in ABOUT if name not in NOT_FOR_PEOPLE]),
    }


def write(folder: Path = FOLDER) -> None:
    for name, text in written().items():
        (folder / name).write_text(text, "utf-8")


def _zapier_event(event: str) -> dict[str, Any]:
    thing, _, what = event.partition(".")
    subject = ABOUT[event]
    return {
        "key": event.replace(".", "_"),
        "event": event,
        "noun": _title(thing),
        "label": f"{_title(thing)} {_title(what)}",
        "description": f"Triggers when this happens: {subject}.",
        "sample": json.loads(dumps(sample_of(event))),
    }


def _zapier_action(call: Call) -> dict[str, Any]:
    name, is_search = name_of(call), name_of(call) in SEARCHES
    noun = "Gift Card" if "card" in name else "Balance" if "balance" in name else "Points"
    assert call.body is not None
    shape: Mapping[str, Field] = call.body.fields
    required = call.body.required
    order = sorted((one for one in shape if one not in _SAID_TWICE), key=lambda one: one not in required)
    return {
        "key": name.replace("-", "_"),
        "action": name,
        "noun": noun,
        "label": call.title.title().replace("'S", "'s"),
        "description": f"{call.title}, on the gateway's ledger.",
        "is_search": is_search,
        "inputFields": [
            _zapier_field(one, shape[one], is_required=one in required)
            for one in order
            if shape[one].kind != "mapping" or one == "metadata"
        ],
        "sample": {"id": "balance" if name == "check-balance" else _AN_ID},
    }


def _zapier_field(name: str, field: Field, *, is_required: bool) -> dict[str, Any]:
    kind = "text" if name in _LONG else _TYPES.get(field.kind, "string")
    found: dict[str, Any] = {
        "key": name,
        "label": _title(name),
        "required": is_required,
        "helpText": f"{field.help[0].upper()}{field.help[1:]}.",
    }
    if field.kind == "mapping":
        return {**found, "dict": True}
    if field.choices:
        found["choices"] = list(field.choices)
    return {**found, "type": kind}


def _title(name: str) -> str:
    """`gift_card` as Zapier's editor writes things: `Gift Card`."""
    said = name.replace("_", " ").title()
    return said if said not in ("Id", "Url") else said.upper()


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write()
