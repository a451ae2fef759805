"""The OpenAPI 3.1 document, made from the calls: nothing in it is written by hand twice.

The one rule: a call that is there is in the document, with its fields, its answer and
its refusals; tests drive every call against it.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from .. import __version__
from ..flows.orders import MAX_LINES
from ..operations.kit import SCOPES
from . import examples, oauth, report_schemas, schemas
from .answers import CSV
from .calls import IDEMPOTENCY_KEY, MESSAGE_TYPE, PREFIXES, Call
from .conditions import ETAG, IF_MATCH, IF_NONE_MATCH, PATTERN
from .json_schema import Schema, body_schema, parameter_schema, ref, text, whole
from .refusals import of_call, responses

VERSION: Final = "3.1.0"
JSON: Final = "application/json"

_PLACE: Final = re.compile(r"\{(\w+)\}")
_ID: Final = "[0-9A-Z]{26}$"
_SLUG: Final = "^[a-z0-9][a-z0-9-]{0,62}$"
_TYPE: Final = "^[a-z][a-z0-9_.]{0,99}$"
_ABOUT: Final = """\
Gift cards on a ledger: issue, redeem, hold, refund, report.

Amounts are whole numbers of the currency's minor unit beside an ISO 4217 `currency`;
the calls below `/v1/actions` take and give flat fields with decimal text instead, and have
`gift_card` and `transaction` as all other calls do besides. Times are RFC 3339
in UTC. Refusals are problem+json (RFC 9457). Answers may get further fields: pass over
those that you do not know.
"""
OTHERWISE: Final = {"post /v1/contacts": (200,), "post /v1/hooks": (200,), "post /v1/orders": (200,)}
"""Statuses beside a call's own: the contact (with `find_or_create`), hook or order that was there already."""
MOST_LINES: Final = {"post /v1/orders": MAX_LINES}
"""Where fewer objects are taken than a bulk call's lines."""

_CONDITION: Final = text(pattern=PATTERN)
_UNCHANGED: Final = {
    "description": "As If-None-Match says: it has not changed",
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in (ETAG, "X-Request-Id")},
}
_RATES: Final = {
    "RateLimit-Limit": "how many requests are allowed in a period",
    "RateLimit-Remaining": "how many are left",
    "RateLimit-Reset": "in how many seconds some come back",
}


def document(calls: Sequence[Call], public_url: str) -> dict[str, Any]:
    """The whole document; `public_url` is where this gateway stands."""
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, calls)
    paths[oauth.RULE] = {"post": _token_call()}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Gift card connector",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": name} for name in sorted({tag_of(call.path) for call in calls} | {"OAuth"})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**schemas.SCHEMAS, **_with_examples()},
            "responses": responses(),
            "headers": _headers(),
            "securitySchemes": _security(public_url),
        },
    }


def operation_id(call: Call) -> str:
    """`post_gift_cards_redeem`, `get_gift_card`: stable as long as method and path are."""
    segments = call.path.removeprefix("/v1/").split("/")
    if _PLACE.fullmatch(segments[-1]) and len(segments) > 1:
        place = segments.pop()[1:-1]
        segments[-1] = segments[-1].removesuffix("s") if segments[-1].endswith("s") else place
    words = [one for one in segments if not _PLACE.fullmatch(one)]
    return "_".join([call.method.lower(), *words]).replace("-", "_")


def tag_of(path: str) -> str:
    """`Gift cards` of `/v1/gift-cards/{card}/redeem`."""
    return path.removeprefix("/v1/").partition("/")[0].replace("-", " ").capitalize()


def _operation(call: Call, calls: Sequence[Call]) -> dict[str, Any]:
    scopes = [call.scope, *call.also]
    found: dict[str, Any] = {
        "operationId": operation_id(call),
        "tags": [tag_of(call.path)],
        "summary": call.title,
        "x-scope": scopes,
        "security": [{kind: [scope]} for scope in scopes for kind in ("key", "oauth")],
        "parameters": _parameters(call),
        "responses": {
            **{str(one): _answer(call, calls) for one in (call.status, *OTHERWISE.get(call.name, ()))},
            **({"304": _UNCHANGED} if call.is_tagged and call.method == "GET" else {}),
            **of_call(call),
        },
    }
    if call.handle.__doc__:
        found["description"] = call.handle.__doc__
    if call.body is not None:
        content: dict[str, Any] = {"schema": _body(call, calls)}
        example = examples.body_of(call)
        if example is not None:
            content["example"] = example
        found["requestBody"] = {"required": bool(call.body.required), "content": {JSON: content}}
    return found


def _body(call: Call, calls: Sequence[Call]) -> Schema:
    """What the body may hold; the lines of a bulk call are bodies of the call for one."""
    assert call.body is not None
    schema = body_schema(call.body)
    one_of_them = call.name.removesuffix("/bulk")
    single = next((one for one in calls if one.name == one_of_them != call.name), None)
    for name, field in call.body.fields.items():
        if field.kind == "objects" and single is not None and single.body is not None:
            schema["properties"][name]["items"] = body_schema(single.body)
        elif field.kind == "objects" and call.name in MOST_LINES:
            schema["properties"][name]["maxItems"] = MOST_LINES[call.name]
    return schema


def _parameters(call: Call) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _place(name)}
        for name in _PLACE.findall(call.path)
    ]
    for name, field in call.query.items():
        found.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": field.help,
                "schema": parameter_schema(name, field),
                **({"style": "form", "explode": False} if field.kind == "texts" else {}),
            }
        )
    if call.method in ("POST", "PATCH"):
        about = "the same key and body: the first answer again, and nothing is done twice"
        schema = text(pattern="^[!-~]{1,255}$")
        found.append(_header(IDEMPOTENCY_KEY, about, schema))
    if call.matched is not None:
        about = f"do it only while the {call.matched} has one of these ETags; `*`: whatever it has"
        found.append(_header(IF_MATCH, about, _CONDITION))
    if call.is_tagged and call.method == "GET":
        about = "answer 304 where it still has one of these ETags"
        found.append(_header(IF_NONE_MATCH, about, _CONDITION))
    return found


def _header(name: str, about: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


def _place(name: str) -> Schema:
    if name == MESSAGE_TYPE:
        return text(pattern=_TYPE, examples=["gift_card.issued"])
    prefix = PREFIXES.get(name)
    if prefix is None:
        return text(pattern=_SLUG)
    return text(pattern=f"^{prefix}_{_ID}", examples=[examples.id_of(name)])


def _answer(call: Call, calls: Sequence[Call]) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _RATES}
    if call.method != "GET":
        headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/Idempotent-Replayed"}
    if call.is_tagged:
        headers[ETAG] = {"$ref": f"#/components/headers/{ETAG}"}
    found: dict[str, Any] = {"description": call.title, "headers": headers}
    if call.answer is None:
        return found
    name = schemas.name_of(call.answer)
    if name.endswith("Page"):
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    found["content"] = {kind: {"schema": schema} for kind, schema in _media(name).items()}
    links = _links(call, name, calls)
    return {**found, "links": links} if links else found


def _media(name: str) -> dict[str, Schema]:
    """A report is to be had as a file too."""
    return {JSON: ref(name), **({CSV: text()} if name in report_schemas.SCHEMAS else {})}


def _links(call: Call, name: str, calls: Sequence[Call]) -> dict[str, Any]:
    """From what was made to every call that asks for it by its id."""
    made = schemas.MADE.get(name, {}) if call.method == "POST" else {}
    found = {}
    for other in calls:
        places = _PLACE.findall(other.path)
        if len(places) == 1 and places[0] in made:
            pointer = f"$response.body#{made[places[0]]}"
            found[operation_id(other)] = {
                "operationId": operation_id(other),
                "parameters": {places[0]: pointer},
            }
    return found


def _headers() -> dict[str, Any]:
    told = {
        "X-Request-Id": {"required": True, "schema": text("under which it stands in the log")},
        "Idempotent-Replayed": {"schema": text("`true`: the first answer again", enum=["true"])},
        ETAG: {"schema": text("of the card or contact that is shown: another one after each change")},
        "Link": {"schema": text('the next page\'s URL: `<…>; rel="next"`')},
        "Retry-After": {"schema": whole("seconds", minimum=1)},
        "WWW-Authenticate": {"schema": text()},
    }
    return {**told, **{name: {"schema": whole(about, minimum=0)} for name, about in _RATES.items()}}


def _security(public_url: str) -> dict[str, Any]:
    scopes = {one: f"what `{one}` opens" for one in (*SCOPES, "platform")}
    return {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the account, `gck_…`, or a token of /oauth/token.",
        },
        "oauth": {
            "type": "oauth2",
            "description": "A short-lived token: `client_id` is the key's id, `client_secret` the key.",
            "flows": {"clientCredentials": {"tokenUrl": public_url + oauth.RULE, "scopes": scopes}},
        },
    }


def _token_call() -> dict[str, Any]:
    fields = {
        "grant_type": text(enum=[oauth.GRANT]),
        "client_id": text("the key's id; or both by HTTP Basic"),
        "client_secret": text("the key"),
        "scope": text("what the token may do, with blanks between; all of the key's if left out"),
    }
    schema = {"type": "object", "properties": fields, "required": ["grant_type"]}
    refusal = {"description": "Refused (RFC 6749)", "content": {JSON: {"schema": ref("TokenRefusal")}}}
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    shared = {status: answer for status, answer in of_call(None).items() if status not in ("400", "401")}
    return {
        "operationId": "post_oauth_token",
        "tags": ["OAuth"],
        "summary": "Change a key for a short-lived token",
        "security": [],
        "requestBody": {"required": True, "content": {oauth.FORM: {"schema": schema}}},
        "responses": {
            "200": {
                "description": "The token",
                "headers": headers,
                "content": {JSON: {"schema": ref("Token")}},
            },
            "400": {**refusal, "headers": headers},
            "401": {**refusal, "headers": headers},
            **shared,
        },
    }


def _with_examples() -> dict[str, Schema]:
    return {
        name: {**schemas.SCHEMAS[name], "examples": [example]} for name, example in examples.ANSWERS.items()
    }
