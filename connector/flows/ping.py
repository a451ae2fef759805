"""A trial of an endpoint: one signed `ping`, now, whatever its status; never retried or counted."""

from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.events import rfc3339
from ..domain.messages import body_of
from ..domain.retries import hint
from ..store import endpoints
from .parts import Parts
from .sending import record_of, send_to
from .subscribe import require

TYPE: Final = "ping"
_SPELT: Final = {
    "refused_by_us": "We did not dial: the address is not public, or the URL is not allowed here.",
    "timeout": "No answer in time: connect within 5 seconds, answer within 10, and work afterwards.",
    "unreachable": "Nothing answered there: check the host, the port and the certificate.",
    "internal": "This is a fault of ours; it is in the log.",
    "failed": "The receiver failed: its own log says why.",
    "throttled": "The receiver has too much to do at the moment.",
    "refused": "The receiver said no: check the URL, and what it expects there.",
}


def ping(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """What came of it, as an attempt, with a hint where it was not taken; NotFound."""
    with parts.engines.reading() as connection:
        endpoint = require(endpoints.find(connection, account.id, public_id))
    now = parts.clock.now()
    message = ids.new_id(ids.MESSAGE, now)
    body = body_of(
        message_id=message,
        message_type=TYPE,
        at=now + account.clock_offset,
        account=account.slug,
        sandbox=account.sandbox,
        sequence=None,
        data={"endpoint_id": endpoint.public_id},
    )
    answer = send_to(parts, endpoint, message, body, now)
    record = record_of(endpoint, answer, None)
    return {
        "id": ids.new_id(ids.ATTEMPT, now),
        "message_id": message,
        "number": 1,
        "trigger": TYPE,
        "started_at": rfc3339(now),
        **record,
        "hint": hint(answer.status) or _SPELT.get(answer.outcome),
    }
