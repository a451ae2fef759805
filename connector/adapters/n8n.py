"""n8n: the HTTP Request node, as JSON or form.

https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.httprequest/

- Signature: none of its own. Our secret comes as header (a Header Auth or Bearer credential), basic-auth
  password or path token.
- Replay: whoever has the secret can send anything; a repeated delivery is known by its id.
- Delivery id: the `Idempotency-Key` header, then `type` with `id`, else the body's digest for ten
  minutes. Map the record's id to `id`, or `={{ $execution.id }}` where there is none.
- Event type: `type` or `event` in the body, else `?event=` in the URL. A whole item of a Webhook node
  (`headers`, `params`, `query`, `body`) is looked into: its `body` has the fields, its `query` an `event`.
- Money: `amount` in major units, text or number, with `currency` or the source's.
- Time zone: an offset where one is written, else the source's `timezone`.
- Retries: none unless the node says Retry On Fail, then up to 5 times, seconds apart.
- Known limits: one event in one request; a list of items is refused, let the node run once for each item.
  Run by hand it sends what looks real: point tests at a sandbox account. A forwarded item that says
  `executionMode: test` is one; option `tests`. Of a forwarded item, the headers reach no event.
- How sure: the node's source; retries from general knowledge; the forwarded item from a fixture.
"""

from typing import Any, Final

from ..domain.events import Event
from ..domain.ids import new_token
from . import flat, flat_samples, kit, shared

_ITEM: Final = frozenset({"headers", "params", "query", "body"})


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """As of every flat body, looked for inside a forwarded item."""
    request = verified.request
    fields, event_type = _inside(flat.known_fields(verified), request.query)
    found = kit.named_keys(verified, fields) + flat.idempotency_keys(request)
    found += flat.type_and_id(fields, event_type)
    return found or (kit.Key(kit.body_key(request, request.query), weak=True),)


def is_test(verified: kit.Verified) -> bool:
    whole = kit.known_fields(verified)
    return whole.keys() >= _ITEM and whole.get("executionMode") == "test"


def read(verified: kit.Verified) -> list[Event]:
    """The one event."""
    fields, event_type = _inside(flat.payload(verified), verified.request.query)
    return [flat.read(event_type, fields, fields, verified, delivery=flat.own_id(verified.request))]


def _inside(whole: dict[str, Any], query: str) -> tuple[dict[str, Any], str | None]:
    """The fields and the event's type, of a forwarded item its own."""
    inner, asked = whole.get("body"), whole.get("query")
    if not (whole.keys() >= _ITEM and isinstance(inner, dict)):
        return whole, flat.type_of(whole, query)
    named = {"event": asked.get("event")} if isinstance(asked, dict) else {}
    return inner, flat.type_of(inner, query) or flat.type_of(named)


ADAPTER = kit.Adapter(
    name="n8n",
    title="n8n",
    setup="In an HTTP Request node, POST to the source's URL with Generic Credential Type, Bearer Auth, "
    "<secret>, and send `type`, `id`, `email` and whatever else the recipe asks for as JSON.",
    guide=kit.Guide(
        start="survey.completed",
        steps=(
            "Add an HTTP Request node: POST to <url>, Generic Credential Type, Bearer Auth with <secret>.",
            (
                "Send the body as JSON with `type`, `id` and `email`, and what else the recipe asks for. "
                "Where there is no id of a record, `={{ $execution.id }}`."
            ),
            "Switch Retry On Fail on in the node's settings.",
            "A workflow to import, with verified webhooks of ours and actions too: `integrations/n8n`.",
        ),
    ),
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=shared.verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=shared.sign,
    is_test=is_test,
    samples=flat_samples.samples(flat_samples.plain),
    allows_path_token=True,
)
