"""Gift cards as lists and details, and by their code."""

from typing import Final

from flask import Flask, Response, request

from ...flows.gateway import Gateway
from ...operations.kit import Field
from .. import access, fields
from ..answers import json_answer, page_answer
from ..arrival import Site, parameters_of
from ..operations import CARDS, idempotency, json_body

SCOPE: Final = "cards:read"
LOOKUP: Final = fields.Shape({"code": Field("card", "the card's code")}, frozenset({"code"}))


def install(app: Flask, gateway: Gateway, site: Site) -> None:
    """Add the routes."""

    def every() -> Response:
        caller = access.require(gateway, SCOPE)
        asked = parameters_of(request.args.to_dict(flat=False))
        return page_answer(site, CARDS, asked, gateway.list_cards(caller.account, asked))

    def one(card: str) -> Response:
        caller = access.require(gateway, SCOPE)
        return json_answer(gateway.card(caller.account, card))

    def lookup() -> Response:
        """By POST, since a code in a URL would stand in every log on the way."""
        caller = access.require(gateway, SCOPE)
        idempotency()  # it changes nothing, so there is nothing to keep; but a bad key is said
        read = fields.read(LOOKUP, json_body(may_be_empty=False))
        return json_answer(gateway.card_by_code(caller.account, read["code"]))

    app.add_url_rule(CARDS, "cards.every", every, methods=["GET"])
    app.add_url_rule(f"{CARDS}/<public_id('gc'):card>", "cards.one", one, methods=["GET"])
    app.add_url_rule(f"{CARDS}/lookup", "cards.lookup", lookup, methods=["POST"])
