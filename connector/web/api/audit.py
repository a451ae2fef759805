"""The audit trail of the account, or of the platform's keys: who changed what, and why.

A card's own stands at the card.
"""

from typing import Final

from flask import Response

from ...flows.access import PLATFORM
from ...flows.trail import TYPES
from ...operations.kit import Field
from ..calls import PAGING, Asked, Call

PATH: Final = "/v1/audit"
FILTERS: Final = {
    "subject": Field("text", "changes of this: an id, `account/source` or `order 1001`"),
    "type": Field("text", "changes of things of this type", choices=TYPES),
    "act": Field("text", "changes by this deed"),
    "actor": Field("text", "changes by this: a key's or run's id, a recipe, a command, or the way in"),
    "since": Field("moment", "from then on"),
    "until": Field("moment", "before then"),
}


def _every(asked: Asked) -> Response:
    """Newest first, all filters at once; for a platform key what was done to such keys."""
    return asked.page(PATH, asked.gateway.history.trail(asked.caller.owner, asked.query))


CALLS: Final = (
    Call(
        "GET",
        PATH,
        "admin",
        "Show who changed what",
        _every,
        "TrailPage",
        query={**FILTERS, **PAGING},
        also=(PLATFORM,),
    ),
)
