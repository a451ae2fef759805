"""Endpoints: who wants our webhooks. A secret is in the answer that made it, and in no other."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, request

from ...domain.errors import BadRequest, FieldError
from ...flows.gateway import Gateway
from ...flows.queries import DEFAULT_LIMIT, MAX_LIMIT, Page
from ...operations.kit import Field
from .. import access, fields
from ..answers import deed_answer, empty_answer, json_answer, page_answer
from ..arrival import Site, parameters_of
from ..operations import idempotency, json_body

PATH: Final = "/v1/webhook-endpoints"
SCOPE: Final = "webhooks"
ENDPOINT: Final = fields.Shape(
    {
        "url": Field("text", "where we post to"),
        "event_types": Field("texts", "which messages it wants; all if left out"),
        "description": Field("text", "words for yourselves"),
        "metadata": Field("mapping", "anything of yours"),
    },
    frozenset({"url"}),
)
_LIMIT: Final = re.compile(r"[1-9]\d{0,2}", re.ASCII)


def install(app: Flask, gateway: Gateway, site: Site) -> None:
    """Add the routes."""

    def create() -> Response:
        caller = access.require(gateway, SCOPE)
        key = idempotency()
        read = fields.read(ENDPOINT, json_body(may_be_empty=False))
        return deed_answer(site, gateway.create_endpoint(caller.account, **read, key=key))

    def every() -> Response:
        caller = access.require(gateway, SCOPE)
        asked = parameters_of(request.args.to_dict(flat=False))
        return page_answer(site, PATH, asked, page_of(gateway.list_endpoints(caller.account), asked))

    def one(endpoint: str) -> Response:
        caller = access.require(gateway, SCOPE)
        return json_answer(gateway.endpoint(caller.account, endpoint))

    def delete(endpoint: str) -> Response:
        caller = access.require(gateway, SCOPE)
        gateway.delete_endpoint(caller.account, endpoint)
        return empty_answer(204)

    single = f"{PATH}/<public_id('we'):endpoint>"
    app.add_url_rule(PATH, "endpoints.create", create, methods=["POST"])
    app.add_url_rule(PATH, "endpoints.every", every, methods=["GET"])
    app.add_url_rule(single, "endpoints.one", one, methods=["GET"])
    app.add_url_rule(single, "endpoints.delete", delete, methods=["DELETE"])


def page_of(every: list[dict[str, Any]], asked: Mapping[str, str]) -> Page:
    """The page that is asked for; the cursor is the id of the last endpoint seen. BadRequest."""
    for name in asked.keys() - {"limit", "cursor"}:
        raise _bad(name, "is not a parameter of this list")
    limit = asked.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_LIMIT:
        raise _bad("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    start = 0
    if "cursor" in asked:
        start = next((n for n, one in enumerate(every, 1) if one["id"] == asked["cursor"]), 0)
        if not start:
            raise _bad("cursor", "is not one of ours")
    found = every[start : start + int(limit)]
    has_more = start + len(found) < len(every)
    return Page(found, found[-1]["id"] if has_more else None)


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])
