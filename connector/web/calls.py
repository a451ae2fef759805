"""One call of the REST API as a value: its route, scope, fields and answer. Documents follow from it too.

The one rule: who asks is known before anything of the request is looked at.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Response, request

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.errors import BadRequest, FieldError
from ..domain.tags import Match
from ..flows.access import Access
from ..flows.gateway import Gateway
from ..flows.perform import Idempotency
from ..operations.kit import Field
from . import access, fields, parameters
from .access import Gate
from .answers import page_answer
from .arrival import Site, parameters_of
from .conditions import IF_MATCH, match_of
from .fields import Shape

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
PAGING: Final[Mapping[str, Field]] = {
    "limit": Field("whole", "how many at most, 1 to 250; 50 if left out"),
    "cursor": Field("text", "where the next page begins: next_cursor of the page before"),
}
NOTHING: Final = Shape({})
CODE: Final = "code"

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_PLACE: Final = re.compile(r"\{(\w+)\}")
PREFIXES: Final[Mapping[str, str]] = {  # ids only: a code in a URL would stand in every log on the way
    "card": ids.CARD,
    "hold": ids.HOLD,
    "contact": ids.CONTACT,
    "contact_id": ids.CONTACT,  # where a deed's own field is the place
    "endpoint": ids.ENDPOINT,
    "fund": ids.FUND,
    "job": ids.JOB,
    "transaction": ids.TRANSFER,
    "key": ids.KEY,
    "run": ids.RUN,
    "event": ids.EVENT,
    "delivery": ids.INBOUND,
    "notification": ids.NOTIFICATION,
    "webhook_delivery": ids.DELIVERY,
    "message": ids.MESSAGE,
    "hook": ids.ENDPOINT,
}
TAGGED: Final = ("card", "contact")
"""Places whose things have an ETag."""

SLUGS: Final = ("account", "source", "program")
MESSAGE_TYPE: Final = "event_type"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was read: who asks, the path's names, the fields of body and query, key and If-Match.

    `written` is the query as it was written, for the link to the next page. What looks
    for a card by a code does it `with asked.looking():`; where the code is a field of
    kind `card`, that is done before the handler is called. `count_chosen(card)` is told of each card
    that got another code.
    """

    gateway: Gateway
    site: Site
    caller: Access
    path: Mapping[str, str]
    body: Mapping[str, Any]
    query: Mapping[str, Any]
    written: Mapping[str, str]
    key: Idempotency | None
    looking: Callable[[], AbstractContextManager[None]] = nullcontext
    count_chosen: Callable[[str], None] = lambda _card: None
    match: Match | None = None

    @property
    def account(self) -> Account:
        return self.caller.account

    def actor(self, face: str = "api") -> Actor:
        """Who does it, as rows keep it."""
        return access.actor(self.caller, face)

    def page(self, path: str, page: Any) -> Response:
        """One page of a list with its Link header."""
        return page_answer(self.site, path, self.written, page)


@dataclass(frozen=True, slots=True)
class Call:
    """`path` as `/v1/holds/{hold}/capture`: each name in braces is of PREFIXES or SLUGS, or
    MESSAGE_TYPE.

    `answer` names a schema of web/schemas.py, None where there is no body. `body` is
    None where the call takes none; `query` are the parameters that it knows. `also`
    are further scopes of which each opens it. Where it `is_tagged`, the answer has the ETag
    of the one card or contact that it shows. `may_conflict`: the state of things may forbid even a GET.
    """

    method: str
    path: str
    scope: str
    title: str
    handle: Callable[[Asked], Response]
    answer: str | None
    status: int = 200
    body: Shape | None = None
    query: Mapping[str, Field] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    is_tagged: bool = False
    may_conflict: bool = False

    @property
    def name(self) -> str:
        """Unlike any other call's: `post /v1/gift-cards`."""
        return f"{self.method.lower()} {self.path}"

    @property
    def matched(self) -> str | None:
        """The place in the path whose thing If-Match is about; None where the call takes none."""
        if not self.is_tagged or self.method == "GET":
            return None
        return next((name for name in _PLACE.findall(self.path) if name in TAGGED), None)


def install(app: Flask, gateway: Gateway, site: Site, gate: Gate, calls: Sequence[Call]) -> None:
    """Add the route of each call."""
    for call in calls:
        view = _view(gateway, site, gate, call)
        app.add_url_rule(rule_of(call.path), call.name, view, methods=[call.method])


def rule_of(path: str) -> str:
    """`/v1/holds/{hold}` as a routing rule; KeyError at the start for a place that is not known here."""
    return _PLACE.sub(lambda place: _converter(place[1]), path)


def _converter(name: str) -> str:
    if name == MESSAGE_TYPE:
        return f"<message_type:{name}>"
    return f"<slug:{name}>" if name in SLUGS else f"<public_id('{PREFIXES[name]}'):{name}>"


def _view(gateway: Gateway, site: Site, gate: Gate, call: Call) -> Callable[..., Response]:
    # A code that a new card shall have is a guess as well: `code_taken` tells that there is such a card.
    by_code = [name for name, one in _fields(call).items() if one.kind == "card" or name == CODE]

    def view(**path: str) -> Response:
        caller = gate.require(call.scope, *call.also)
        match = match_of(path.get(call.matched or "")) if call.method != "GET" else None
        key = idempotency(caller.key) if call.method != "GET" else None
        written = parameters_of(request.args.to_dict(flat=False))
        asked = Asked(
            gateway=gateway,
            site=site,
            caller=caller,
            path=path,
            body={} if call.body is None else _body(call.body),
            query=parameters.read(call.query, written) if call.query or call.method == "GET" else {},
            written=written,
            key=key,
            looking=lambda: gate.looking(caller),
            count_chosen=lambda card: gate.count_chosen(caller, card),
            match=match,
        )
        told = {**asked.query, **asked.body}
        if any(_is_code(told.get(name)) for name in by_code):
            with asked.looking():
                return call.handle(asked)
        return call.handle(asked)

    return view


def _fields(call: Call) -> Mapping[str, Field]:
    return {**call.query, **({} if call.body is None else call.body.fields)}


def _is_code(told: object) -> bool:
    """Whether what names a card is its code: ids have 80 random bits, and cannot be guessed."""
    return isinstance(told, str) and not told.startswith(f"{ids.CARD}_")


def _body(shape: Shape) -> dict[str, Any]:
    return fields.read(shape, json_body(may_be_empty=not shape.required))


def json_body(*, may_be_empty: bool) -> dict[str, Any]:
    """The request's JSON object."""
    return fields.body_object(
        request.headers.get("Content-Type", ""),
        request.get_data(),
        may_be_empty=may_be_empty,
        encoding=request.headers.get("Content-Encoding", ""),
    )


def idempotency(asked_by: str) -> Idempotency | None:
    """The caller's key with what it stands for and whose it is, None without one.

    BadRequest for one that is none.
    """
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        wrong = "must have 1 to 255 visible ASCII characters"
        raise BadRequest(f"{IDEMPOTENCY_KEY} {wrong}", errors=[FieldError(IDEMPOTENCY_KEY, wrong)])
    if_match = request.headers.get(IF_MATCH, "")
    return Idempotency(key, request.method, request.path, request.get_data(), if_match, asked_by)
