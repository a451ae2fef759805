"""Holds as details and lists, and the audit trail of a card. Making and ending holds are operations."""

from typing import Final

from flask import Response

from ..answers import json_answer
from ..calls import PAGING, Asked, Call

OF_CARD: Final = "/v1/gift-cards/{card}/holds"
AUDIT: Final = "/v1/gift-cards/{card}/audit"
SCOPE: Final = "cards:read"


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.history.hold(asked.account, asked.path["hold"]))


def _of_card(asked: Asked) -> Response:
    page = asked.gateway.history.holds_of(asked.account, asked.path["card"], asked.query)
    return asked.page(OF_CARD.format(**asked.path), page)


def _audit(asked: Asked) -> Response:
    page = asked.gateway.history.audit_of(asked.account, asked.path["card"], asked.query)
    return asked.page(AUDIT.format(**asked.path), page)


CALLS: Final = (
    Call("GET", "/v1/holds/{hold}", SCOPE, "Show a hold", _one, "Hold"),
    Call("GET", OF_CARD, SCOPE, "List a gift card's holds", _of_card, "HoldPage", query=PAGING),
    Call("GET", AUDIT, SCOPE, "Show what was done to a gift card", _audit, "AuditPage", query=PAGING),
)
