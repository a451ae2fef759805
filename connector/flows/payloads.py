"""What a platform sent, as it may be kept and shown: its own bytes, unless there is a code in them.

The one rule: whatever stands in a card's or payment card's place is hidden, however the
bytes write it: where hiding it changes a value, the body is shown written anew.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from ..adapters.kit import FORM, Adapter
from ..domain.card_numbers import hide_fields, mask
from ..domain.codes import mask_made
from ..domain.errors import BadJson
from ..domain.inbound import Request
from ..domain.jsontext import dumps, loads, read_own
from ..domain.sealing import KeyRing
from ..store import deliveries
from ..store.events import Kept
from ..store.writer import Writing
from .performing import HIDDEN, without_codes

_SECRETS: Final = ("signature", "authorization", "secret", "token", "hmac", "key", "auth", "password", "sig")
"""What stands in a name in a query whose value proves who sent it."""


def without(body: bytes, content_type: str, codes: Collection[str]) -> bytes:
    """The body without these codes; the same bytes where there is none in it."""
    return _written(body, content_type, lambda value: without_codes(value, codes))


def kept_text(shown: Mapping[str, Any]) -> str:
    """An envelope's text as it is kept: with no card's code, and no payment card's number.

    The latter is looked for in what people write; an order's id may look like one, and stays.
    """
    clean = {**shown, "data": mask(shown["data"])}
    if "form" in shown:
        clean["form"] = {**shown["form"], "answers": mask(shown["form"]["answers"])}
    return mask_made(dumps(clean), HIDDEN)


def as_kept(adapter: Adapter, request: Request) -> Request:
    """The request as it may be stored: without the codes of gift cards that its platform writes into it."""
    names = adapter.card_fields
    if not names:
        return request
    kind = request.headers.get("content-type", "")
    body = _written(request.body, kind, lambda value: hide_fields(value, names))
    return replace(request, body=body)


def forget_codes(tx: Writing, ring: KeyRing, event: Kept, codes: Collection[str]) -> None:
    """Hide what a step used as a code in the event's envelope, and in the delivery that told of it."""
    if not codes:
        return
    deliveries.replace_envelope(tx, event.id, dumps(without_codes(event.envelope, codes)))
    told = None if event.delivery is None else deliveries.find(tx, ring, event.delivery)
    if told is not None:
        kind = str(told.request["headers"].get("content-type", ""))
        deliveries.replace_body(tx, ring, told.id, without(told.body, kind, codes))


def shown(body: bytes, content_type: str) -> dict[str, str | None]:
    """`body` as text, or where it is no UTF-8 `body_base64`; what looks like a code is hidden."""
    clean = _written(body, content_type, _masked)
    try:
        return {"body": clean.decode("utf-8"), "body_base64": None}
    except UnicodeDecodeError:
        return {"body": None, "body_base64": base64.b64encode(clean).decode("ascii")}


def shown_query(query: str) -> str:
    """A query without what proves who sent it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(word in name.lower() for name, _ in pairs for word in _SECRETS):
        return query
    hidden = [
        (name, HIDDEN if any(word in name.lower() for word in _SECRETS) else value) for name, value in pairs
    ]
    return urlencode(hidden)


def _masked(value: Any) -> Any:
    return read_own(mask_made(dumps(mask(value)), HIDDEN))


def _written(body: bytes, content_type: str, hide: Any) -> bytes:
    """As it came where `hide` changes nothing of it, else in the same form, written anew."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        pairs = [list(pair) for pair in parse_qsl(body.decode("latin-1"), keep_blank_values=True)]
        hidden = hide(pairs)
        return body if hidden == pairs else urlencode([tuple(pair) for pair in hidden]).encode("ascii")
    try:
        value = loads(body)
    except BadJson:  # no JSON at all, or one that nobody here reads: looked at as text
        text = body.decode("latin-1")  # a symbol for each byte, so that it can be given back
        hidden_text = str(hide(text))
        return body if hidden_text == text else hidden_text.encode("latin-1", "replace")
    hidden = hide(value)
    return body if dumps(hidden) == dumps(value) else dumps(hidden).encode()
