"""Seed 002's access token by e-mail: asked for without a key, answered alike whoever asks.

The one rule: neither words nor status nor time tell whether anybody has the address.
"""

from typing import Final

from flask import Flask, Response

from ...flows.gateway import Gateway
from ..access import Gate
from ..answers import json_answer
from ..calls import json_body
from . import kit

PATH: Final = "/access-token"
_SAID: Final = (
    "If a store is registered with this address, its access token is on its way there. "
    "If you do not see the e-mail, look into the junk or spam folder."
)


def install(app: Flask, gateway: Gateway, gate: Gate, under: tuple[str, ...]) -> None:
    """Add the call below each of the dialect's bases."""

    def ask() -> Response:
        gate.count_try()
        sheet = kit.Sheet(json_body(may_be_empty=False), ("email",))
        address = sheet.require("email", kit.as_field("contact"))
        sheet.require_none()
        gateway.dialects.external.ask_for_token(address)
        return json_answer({"message": _SAID}, 202)

    for base in under:
        app.add_url_rule(f"{base}{PATH}", f"external token {base}", ask, methods=["POST"])
