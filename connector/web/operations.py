"""One call for each operation that has a REST or action face: read the command, ask the gateway, answer."""

from collections.abc import Callable
from typing import Any, Final

from flask import Response

from ..operations.acting import as_action
from ..operations.kit import Operation
from ..operations.registry import operations
from . import fields, flat
from .answers import deed_answer
from .calls import Asked, Call
from .conditions import with_tag

V1: Final = "/v1"
OF_CARDS: Final = "/gift-cards"  # below it answers show the card of the path, or the one that was made
ACTIONS: Final = "/v1/actions"


def calls() -> list[Call]:
    """The calls of every operation there is."""
    found = []
    for operation in operations().values():
        if operation.rest_path is not None:
            found.append(_rest(operation, operation.rest_path))
        if operation.action is not None:
            found.append(_action(operation, operation.action))
    return found


def _rest(operation: Operation, path: str) -> Call:
    is_tagged = path.startswith(OF_CARDS)
    return Call(
        operation.method,
        V1 + path,
        operation.scope,
        operation.title,
        _deed(operation, "api", lambda asked: {**asked.path, **asked.body}, is_tagged=is_tagged),
        f"rest {operation.name}",
        operation.status,
        fields.shape_of(operation),
        is_tagged=is_tagged,
    )


def _action(operation: Operation, action: str) -> Call:
    def command_fields(asked: Asked) -> dict[str, Any]:
        card = flat.card_in(operation, asked.body)
        own = asked.account.currency if card is None else asked.gateway.currency_of(asked.account, card)
        return flat.command_fields(operation, asked.body, own)

    return Call(
        "POST",
        f"{ACTIONS}/{action}",
        operation.scope,
        operation.title,
        _deed(as_action(operation), "action", command_fields),
        f"action {operation.name}",
        operation.status,
        flat.shape_of(operation),
    )


def _deed(
    operation: Operation, face: str, read: Callable[[Asked], dict[str, Any]], *, is_tagged: bool = False
) -> Callable[[Asked], Response]:
    def handle(asked: Asked) -> Response:
        command = operation.command(**read(asked))
        answered = asked.gateway.perform(
            asked.account, asked.actor(face), operation, command, asked.key, asked.match
        )
        if operation.chooses_code and not answered.is_replayed:
            asked.count_chosen(str(answered.body["gift_card"]["id"]))
        answer = deed_answer(asked.site, answered)
        return with_tag(answer, answered) if is_tagged else answer

    return handle
