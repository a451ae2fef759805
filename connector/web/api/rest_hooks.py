"""REST Hooks: subscribed and unsubscribed by no-code tools, with samples in the shape of what is sent."""

from typing import Any, Final

from flask import Response

from ...domain.errors import FieldError
from ...domain.events import CUSTOM_PREFIX
from ...domain.messages import MESSAGE_TYPES, wants
from ...operations.kit import Field
from ..answers import deed_answer, empty_answer, json_list_answer
from ..calls import Asked, Call
from ..fields import Shape, require_none
from ..message_types import CUSTOM, sample_of
from .webhooks import SCOPE

PATH: Final = "/v1/hooks"
ONE: Final = f"{PATH}/{{hook}}"
SAMPLES: Final = f"{PATH}/samples/{{event_type}}"
URLS: Final = ("target_url", "targetUrl", "url")
"""What tools call the URL; the first that is there counts."""

HOOK: Final = Shape(
    {
        "target_url": Field("text", "where we post to"),
        "targetUrl": Field("text", "the same, as some tools write it"),
        "url": Field("text", "the same"),
        "event": Field("text", "a type, a family such as gift_card.*, or *"),
        "filter": Field("mapping", "`program` and `recipe`: lists of which a message must have one"),
    },
    frozenset({"event"}),
)
PAIR: Final = {
    "target_url": Field("text", "the URL that was subscribed"),
    "event": Field("text", "for this"),
}


def _subscribe(asked: Asked) -> Response:
    body: dict[str, Any] = dict(asked.body)
    urls = [body.pop(name) for name in URLS if name in body]
    if not urls:
        require_none([FieldError("target_url", "is required: where we post to")])
    hooks, by = asked.gateway.rest_hooks, asked.actor()
    told = hooks.subscribe(asked.account, target_url=urls[0], key=asked.key, by=by, **body)
    return deed_answer(asked.site, told)


def _unsubscribe(asked: Asked) -> Response:
    asked.gateway.rest_hooks.unsubscribe(asked.account, asked.path["hook"], asked.actor())
    return empty_answer(204)


def _unsubscribe_pair(asked: Asked) -> Response:
    missing = [name for name in PAIR if name not in asked.query]
    require_none([FieldError(name, f"is required: {PAIR[name].help}") for name in missing])
    url, event = (asked.query[name] for name in PAIR)
    asked.gateway.rest_hooks.unsubscribe_pair(asked.account, url, event, asked.actor())
    return empty_answer(204)


def _samples(asked: Asked) -> Response:
    """Real bodies, or the built-in one; a recipe's own type that nobody sent yet looks like any of them."""
    event = asked.path["event_type"]
    real = asked.gateway.rest_hooks.samples(asked.account, event)
    return json_list_answer(real or [_built_in(event)])


def _built_in(event: str) -> dict[str, Any]:
    if event.endswith("*"):  # a family: as the first of it looks
        known = (one for one in (*MESSAGE_TYPES, CUSTOM) if wants([event], one))
        return sample_of(next(known))
    if event.startswith(CUSTOM_PREFIX):
        return {**sample_of(CUSTOM), "type": event}
    return sample_of(event)


CALLS: Final = (
    Call("POST", PATH, SCOPE, "Subscribe a REST Hook", _subscribe, "RestHook", 201, HOOK),
    Call("DELETE", PATH, SCOPE, "Unsubscribe a URL from an event", _unsubscribe_pair, None, 204, query=PAIR),
    Call("DELETE", ONE, SCOPE, "Unsubscribe a REST Hook", _unsubscribe, None, 204),
    Call("GET", SAMPLES, SCOPE, "Samples of an event", _samples, "Samples"),
)
