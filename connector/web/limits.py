"""Rates at the door: a request is counted, and its answer says where the caller stands.

The one rule: what an answer says of a limit is what was counted for this request.
"""

from collections.abc import Sequence
from typing import Final

from flask import request

from ..flows.limits import Limiter, Rate, Standing, too_many

_NOTED: Final = "connector.rate_limit"


def take(limiter: Limiter, rate: Rate, kind: str, *who: str) -> Standing:
    """Count one request, or RateLimited; where the caller stands is told in its answer."""
    is_taken = limiter.hit(rate, kind, *who)
    found = limiter.standing(rate, kind, *who)
    note(found)
    if not is_taken:
        raise too_many(found)
    return found


def note(standing: Standing) -> None:
    """What the answer to the request in hand says of the caller's limit."""
    request.environ[_NOTED] = standing


def headers() -> Sequence[tuple[str, str]]:
    """The `RateLimit-*` headers of the answer in hand; none where nothing was counted."""
    noted = request.environ.get(_NOTED)
    if not isinstance(noted, Standing):
        return ()
    return (
        ("RateLimit-Limit", str(noted.limit)),
        ("RateLimit-Remaining", str(noted.remaining)),
        ("RateLimit-Reset", str(noted.reset_s)),
    )
