"""Endpoints: who wants our webhooks. A secret is in the answer that made it, and in no other."""

from typing import Final

from flask import Response

from ...flows.endpoint_fields import ORDERINGS
from ...flows.subscribe import BACKLOGS
from ...operations.kit import Field
from ..answers import deed_answer, empty_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/webhook-endpoints"
ONE: Final = f"{PATH}/{{endpoint}}"
SCOPE: Final = "webhooks"
FIELDS: Final = {
    "url": Field("text", "where we post to"),
    "event_types": Field("texts", "which messages it wants; all if left out"),
    "filter": Field(
        "mapping", "`program` and `recipe`: lists of which a message must have one", is_clearable=True
    ),
    "description": Field("text", "words for yourselves", is_clearable=True),
    "metadata": Field("mapping", "anything of yours"),
    "headers": Field("mapping", "custom headers: 20 at most, kept sealed, shown masked"),
    "rate_limit": Field("whole", "how many a second at most", is_clearable=True),
    "concurrency": Field("whole", "how many at once at most; 4 if left out"),
    "ordering": Field("text", "`card`: a card's messages one after another", choices=ORDERINGS),
}
SECRET_OF_YOURS: Final = Field("text", "a secret of your own: whsec_ and the base64 of 24 to 64 bytes")
ENDPOINT: Final = Shape(FIELDS, frozenset({"url"}))
CHANGES: Final = Shape(FIELDS)
ROTATION: Final = Shape(
    {
        "overlap_s": Field("whole", "seconds in which the others still sign: 86400 if left out"),
        "secret": SECRET_OF_YOURS,
    }
)
ENABLING: Final = Shape({"backlog": Field("text", "what waited is sent or dropped", choices=BACKLOGS)})
RECOVERY: Final = Shape(
    {
        "since": Field("moment", "messages from then on; 30 days ago at most"),
        "until": Field("moment", "and before then; now if left out"),
        "missed": Field("flag", "also what was never made, as while it was disabled"),
    },
    frozenset({"since"}),
)


def _create(asked: Asked) -> Response:
    return deed_answer(
        asked.site,
        asked.gateway.create_endpoint(asked.account, **asked.body, key=asked.key, by=asked.actor()),
    )


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.webhooks.endpoints(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.endpoint(asked.account, asked.path["endpoint"]))


def _change(asked: Asked) -> Response:
    endpoint = asked.path["endpoint"]
    return deed_answer(
        asked.site,
        asked.gateway.webhooks.change(asked.account, endpoint, asked.body, key=asked.key, by=asked.actor()),
    )


def _delete(asked: Asked) -> Response:
    asked.gateway.delete_endpoint(asked.account, asked.path["endpoint"], asked.actor())
    return empty_answer(204)


def _rotate(asked: Asked) -> Response:
    webhooks, endpoint = asked.gateway.webhooks, asked.path["endpoint"]
    return deed_answer(
        asked.site, webhooks.rotate(asked.account, endpoint, **asked.body, key=asked.key, by=asked.actor())
    )


def _ping(asked: Asked) -> Response:
    return json_answer(asked.gateway.webhooks.ping(asked.account, asked.path["endpoint"]))


def _pause(asked: Asked) -> Response:
    return deed_answer(
        asked.site,
        asked.gateway.webhooks.pause(asked.account, asked.path["endpoint"], key=asked.key, by=asked.actor()),
    )


def _enable(asked: Asked) -> Response:
    webhooks, endpoint = asked.gateway.webhooks, asked.path["endpoint"]
    return deed_answer(
        asked.site, webhooks.enable(asked.account, endpoint, **asked.body, key=asked.key, by=asked.actor())
    )


def _recover(asked: Asked) -> Response:
    webhooks, endpoint = asked.gateway.webhooks, asked.path["endpoint"]
    return deed_answer(
        asked.site, webhooks.recover(asked.account, asked.actor(), endpoint, asked.key, **asked.body)
    )


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Make an endpoint", _create, "NewEndpoint", 201, ENDPOINT),
    Call("GET", PATH, SCOPE, "List endpoints", _every, "EndpointPage", query=PAGING),
    Call("GET", ONE, SCOPE, "Show an endpoint", _one, "Endpoint"),
    Call("PATCH", ONE, SCOPE, "Change an endpoint", _change, "ChangedEndpoint", body=CHANGES),
    Call("DELETE", ONE, SCOPE, "Delete an endpoint", _delete, None, 204),
    Call("POST", f"{ONE}/rotate", SCOPE, "Give it a new secret", _rotate, "RotatedEndpoint", body=ROTATION),
    Call("POST", f"{ONE}/ping", SCOPE, "Send it a ping and wait", _ping, "Ping"),
    Call("POST", f"{ONE}/pause", SCOPE, "Send it nothing for now", _pause, "Endpoint"),
    Call("POST", f"{ONE}/enable", SCOPE, "Send to it again", _enable, "Endpoint", body=ENABLING),
    Call(
        *("POST", f"{ONE}/recover", SCOPE, "Send again what is dead since a moment"),
        *(_recover, "Recovery", 202, RECOVERY),
    ),
)
