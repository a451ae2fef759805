"""POST /oauth/token: a key is changed for a token that ends by itself (RFC 6749, client credentials).

The one rule: its answers are RFC 6749's own, refusals too, since clients that know
no more than that are made for them. `client_id` is the key's id, `client_secret` the key.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from flask import Flask, Response, request

from ..domain.errors import AddressNotAllowed, MissingScope, Unauthorized
from ..flows.gateway import Gateway
from . import problems
from .access import Gate
from .answers import json_answer

RULE: Final = "/oauth/token"
FORM: Final = "application/x-www-form-urlencoded"
GRANT: Final = "client_credentials"
MAX_FIELDS: Final = 20


class _Refusal(Exception):
    """One of RFC 6749's error codes (5.2), and a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def install(app: Flask, gateway: Gateway, gate: Gate) -> None:
    """Add the route."""

    def token() -> Response:
        try:
            return _token(gateway, gate)
        except _Refusal as refusal:
            return problems.oauth_problem(refusal.code, refusal.detail)

    app.add_url_rule(RULE, "oauth.token", token, methods=["POST"])


def _token(gateway: Gateway, gate: Gate) -> Response:
    given = _form()
    client, secret = _client(given)
    if given.get("grant_type") is None:
        raise _Refusal("invalid_request", f"grant_type is missing: send {GRANT}.")
    if given["grant_type"] != GRANT:
        raise _Refusal("unsupported_grant_type", f"The only grant_type is {GRANT}.")
    try:
        granted = gateway.directory.grant(client, secret, given.get("scope", "").split(), gate.address)
    except (Unauthorized, AddressNotAllowed) as refusal:
        gate.count_stranger()
        raise _Refusal("invalid_client", refusal.detail) from refusal
    except MissingScope as refusal:
        raise _Refusal("invalid_scope", refusal.detail) from refusal
    gate.count_key(client)
    return json_answer(granted)


def _form() -> Mapping[str, str]:
    """The body's fields; an empty one is as good as none, and none comes twice (RFC 6749, 3.2)."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM:
        raise _Refusal("invalid_request", f"Send the fields as {FORM}.")
    try:
        pairs = parse_qsl(request.get_data().decode("ascii"), max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as fault:
        raise _Refusal("invalid_request", "The body is no form of a few fields.") from fault
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refusal("invalid_request", "A field stands in the body twice.")
    return found


def _client(given: Mapping[str, str]) -> tuple[str, str]:
    """Who asks, by the Authorization header or by the body, and never by both."""
    written = request.headers.get("Authorization")
    if written is None:
        if "client_id" not in given or "client_secret" not in given:
            raise _Refusal("invalid_client", "Send client_id (the key's id) and client_secret (the key).")
        return given["client_id"], given["client_secret"]
    if "client_secret" in given:
        raise _Refusal("invalid_request", "Send the key in the header or in the body, not in both.")
    scheme, _, text = written.partition(" ")
    try:
        plain = base64.b64decode(text.strip(" ").encode("ascii"), validate=True).decode("ascii")
    except (binascii.Error, UnicodeError) as fault:
        raise _Refusal("invalid_client", "The Authorization header holds no Basic credentials.") from fault
    client, colon, secret = plain.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _Refusal("invalid_client", "The Authorization header holds no Basic credentials.")
    return unquote_plus(client), unquote_plus(secret)
