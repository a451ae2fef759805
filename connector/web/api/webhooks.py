"""Endpoints: who wants our webhooks. A secret is in the answer that made it, and in no other."""

from typing import Any, Final

from flask import Response

from ...flows.paging import Page, bad, limit_of
from ...operations.kit import Field
from ..answers import deed_answer, empty_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/webhook-endpoints"
ONE: Final = f"{PATH}/{{endpoint}}"
SCOPE: Final = "webhooks"
ENDPOINT: Final = Shape(
    {
        "url": Field("text", "where we post to"),
        "event_types": Field("texts", "which messages it wants; all if left out"),
        "description": Field("text", "words for yourselves"),
        "metadata": Field("mapping", "anything of yours"),
    },
    frozenset({"url"}),
)


def _create(asked: Asked) -> Response:
    return deed_answer(
        asked.site,
        asked.gateway.create_endpoint(asked.account, **asked.body, key=asked.key, by=asked.actor()),
    )


def _every(asked: Asked) -> Response:
    every = asked.gateway.list_endpoints(asked.account)
    page = page_of(every, limit_of(asked.query.get("limit")), asked.query.get("cursor"))
    return asked.page(PATH, page)


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.endpoint(asked.account, asked.path["endpoint"]))


def _delete(asked: Asked) -> Response:
    asked.gateway.delete_endpoint(asked.account, asked.path["endpoint"], asked.actor())
    return empty_answer(204)


def page_of(every: list[dict[str, Any]], limit: int, cursor: str | None) -> Page:
    """The page that is asked for; the cursor is the id of the last endpoint seen. BadRequest."""
    start = 0
    if cursor is not None:
        start = next((n for n, one in enumerate(every, 1) if one["id"] == cursor), 0)
        if not start:
            raise bad("cursor", "is not one of ours")
    found = every[start : start + limit]
    has_more = start + len(found) < len(every)
    return Page(found, found[-1]["id"] if has_more else None)


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Make an endpoint", _create, "NewEndpoint", 201, ENDPOINT),
    Call("GET", PATH, SCOPE, "List endpoints", _every, "EndpointPage", query=PAGING),
    Call("GET", ONE, SCOPE, "Show an endpoint", _one, "Endpoint"),
    Call("DELETE", ONE, SCOPE, "Delete an endpoint", _delete, None, 204),
)
