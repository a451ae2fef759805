"""One route for each operation that has a REST or action face: read the command, ask the gateway, answer."""

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request

from ..domain import ids
from ..domain.errors import BadRequest, FieldError
from ..flows.gateway import Gateway
from ..flows.perform import Idempotency
from ..operations.kit import Operation
from ..operations.registry import operations
from . import access, fields, flat
from .answers import deed_answer
from .arrival import Site

CARDS: Final = "/v1/gift-cards"
ACTIONS: Final = "/v1/actions"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_PLACE: Final = re.compile(r"\{(\w+)\}")
_PREFIXES: Final = {"card": ids.CARD}  # an id only: a code in a URL would stand in every log on the way


def install(app: Flask, gateway: Gateway, site: Site) -> None:
    """Add the routes of every operation there is."""
    for operation in operations().values():
        if operation.rest_path is not None:
            view = _rest(gateway, site, operation)
            _add(app, CARDS + rule_of(operation.rest_path), f"rest.{operation.name}", view)
        if operation.action is not None:
            view = _action(gateway, site, operation)
            _add(app, f"{ACTIONS}/{operation.action}", f"action.{operation.name}", view)


def rule_of(rest_path: str) -> str:
    """`/{card}/redeem` as a routing rule; KeyError at the start for a place that is not known here."""
    return _PLACE.sub(lambda place: f"<public_id('{_PREFIXES[place[1]]}'):{place[1]}>", rest_path)


def json_body(*, may_be_empty: bool) -> dict[str, Any]:
    """The request's JSON object."""
    return fields.body_object(
        request.headers.get("Content-Type", ""),
        request.get_data(),
        may_be_empty=may_be_empty,
        encoding=request.headers.get("Content-Encoding", ""),
    )


def idempotency() -> Idempotency | None:
    """The caller's key with what it stands for, None without one; BadRequest for one that is none."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        wrong = "must have 1 to 255 visible ASCII characters"
        raise BadRequest(f"{IDEMPOTENCY_KEY} {wrong}", errors=[FieldError(IDEMPOTENCY_KEY, wrong)])
    return Idempotency(key, request.method, request.path, request.get_data())


def _rest(gateway: Gateway, site: Site, operation: Operation) -> Callable[..., Response]:
    shape = fields.shape_of(operation)

    def view(**path: str) -> Response:
        caller = access.require(gateway, operation.scope)
        key = idempotency()
        read = fields.read(shape, json_body(may_be_empty=not shape.required))
        command = operation.command(**path, **read)
        by = access.actor(caller, "api")
        return deed_answer(site, gateway.perform(caller.account, by, operation, command, key))

    return view


def _action(gateway: Gateway, site: Site, operation: Operation) -> Callable[..., Response]:
    shape = flat.shape_of(operation)

    def view() -> Response:
        caller = access.require(gateway, operation.scope)
        key = idempotency()
        read = fields.read(shape, json_body(may_be_empty=not shape.required))
        command = operation.command(**flat.command_fields(operation, read, caller.account.currency))
        by = access.actor(caller, "action")
        return deed_answer(site, gateway.perform(caller.account, by, operation, command, key))

    return view


def _add(app: Flask, rule: str, endpoint: str, view: Callable[..., Response]) -> None:
    app.add_url_rule(rule, endpoint, view, methods=["POST"])
