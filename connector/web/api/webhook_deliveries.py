"""Messages, their deliveries and attempts: what was sent, what came of it, and again."""

from typing import Final

from flask import Response

from ...domain.retries import OUTCOMES
from ...flows.delivery_json import STATES
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape
from .webhooks import SCOPE

MESSAGES: Final = "/v1/messages"
MESSAGE: Final = f"{MESSAGES}/{{message}}"
PATH: Final = "/v1/webhook-deliveries"
ONE: Final = f"{PATH}/{{webhook_delivery}}"
_COMMON: Final = {
    "type": Field("text", "messages of this type"),
    "gift_card_id": Field("text", "of this card"),
    "since": Field("moment", "made from then on"),
    "until": Field("moment", "made before then"),
}
MESSAGE_FILTERS: Final = _COMMON
FILTERS: Final = {
    "endpoint_id": Field("text", "to this endpoint"),
    "state": Field("text", "what became of them", choices=STATES),
    "outcome": Field("text", "of the last attempt", choices=OUTCOMES),
    "message_id": Field("text", "of this message"),
    **_COMMON,
}
REPLAY: Final = Shape({"endpoints": Field("texts", "ids; all that want it now if left out")})


def _messages(asked: Asked) -> Response:
    return asked.page(MESSAGES, asked.gateway.webhooks.messages(asked.account, asked.query))


def _message(asked: Asked) -> Response:
    return json_answer(asked.gateway.webhooks.message(asked.account, asked.path["message"]))


def _replay(asked: Asked) -> Response:
    webhooks, to = asked.gateway.webhooks, asked.body.get("endpoints")
    return deed_answer(
        asked.site, webhooks.replay(asked.account, asked.actor(), asked.path["message"], to, asked.key)
    )


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.webhooks.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.webhooks.one(asked.account, asked.path["webhook_delivery"]))


def _attempts(asked: Asked) -> Response:
    return json_answer(asked.gateway.webhooks.attempts(asked.account, asked.path["webhook_delivery"]))


def _retry(asked: Asked) -> Response:
    webhooks, delivery = asked.gateway.webhooks, asked.path["webhook_delivery"]
    return deed_answer(asked.site, webhooks.retry(asked.account, asked.actor(), delivery, asked.key))


def _cancel(asked: Asked) -> Response:
    webhooks, delivery = asked.gateway.webhooks, asked.path["webhook_delivery"]
    return deed_answer(asked.site, webhooks.cancel(asked.account, asked.actor(), delivery, asked.key))


CALLS: Final = (
    Call(
        *("GET", MESSAGES, SCOPE, "List messages", _messages, "MessagePage"),
        query={**MESSAGE_FILTERS, **PAGING},
    ),
    Call("GET", MESSAGE, SCOPE, "Show a message with its body as it was sent", _message, "Message"),
    Call("POST", f"{MESSAGE}/replay", SCOPE, "Send a message again", _replay, "Message", body=REPLAY),
    Call(
        *("GET", PATH, SCOPE, "List deliveries of messages", _every, "WebhookDeliveryPage"),
        query={**FILTERS, **PAGING},
    ),
    Call("GET", ONE, SCOPE, "Show a delivery of a message", _one, "WebhookDelivery"),
    Call("GET", f"{ONE}/attempts", SCOPE, "List its attempts", _attempts, "AttemptPage"),
    Call("POST", f"{ONE}/retry", SCOPE, "Send it now", _retry, "WebhookDelivery"),
    Call("POST", f"{ONE}/cancel", SCOPE, "End one that is open", _cancel, "WebhookDelivery"),
)
