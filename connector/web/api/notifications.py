"""Notifications to people: what was sent to whom, what will be, and a failed one again."""

from typing import Final

from flask import Response

from ...domain.notifications import STATES, WAYS
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call

PATH: Final = "/v1/notifications"
ONE: Final = f"{PATH}/{{notification}}"
SCOPE: Final = "contacts"
REVEALS: Final = "cards:reveal"
FILTERS: Final = {
    "state": Field("text", "those in this state", choices=STATES),
    "via": Field("text", "that go this way", choices=WAYS),
    "template": Field("text", "of this letter"),
    "card_id": Field("text", "about this card, by its id"),
    "contact_id": Field("contact", "to this contact"),
    "run": Field("text", "that this run asked for"),
    "since": Field("moment", "from then on"),
    "until": Field("moment", "before then"),
}


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.notifications.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    """What it says opens the card, so that is shown where its code may be: else `content` is null."""
    shows = asked.actor().may(REVEALS)
    name = asked.path["notification"]
    return json_answer(asked.gateway.notifications.one(asked.account, name, shows_text=shows))


def _retry(asked: Asked) -> Response:
    name = asked.path["notification"]
    answered = asked.gateway.notifications.retry(asked.account, asked.actor(), name, asked.key)
    return deed_answer(asked.site, answered)


CALLS: Final = (
    Call("GET", PATH, SCOPE, "List notifications", _every, "NotificationPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, SCOPE, "Show a notification with what it says", _one, "NotificationShown"),
    Call("POST", f"{ONE}/retry", SCOPE, "Send a failed notification again", _retry, "Notification"),
)
