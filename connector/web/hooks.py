"""POST /hooks/<account>/<source>: the bytes as they came, to the gateway, and its answer back.

The one rule: nothing reads the body before its sender has proved itself.
"""

from typing import Final

from flask import Flask, Response, request

from ..domain.errors import MethodNotAllowed, OutcomeUnknown, RateLimited, Unavailable
from ..domain.inbound import Request
from ..flows.gateway import Gateway
from ..flows.limits import Rate, too_many
from ..flows.receive import Received
from .answers import empty_answer, json_answer
from .arrival import Site, address_of, headers_of, query_of, url_of

RULE: Final = "/hooks/<slug:account>/<slug:source>"


def install(app: Flask, gateway: Gateway, site: Site, rate: Rate | None = None) -> None:
    """Add the routes, with and without a token as the last path segment; `rate` is each source's."""
    limiter = gateway.parts.limiter()

    def hook(account: str, source: str, token: str | None = None) -> Response:
        if request.method == "HEAD":
            return _head(gateway, account, source)
        if rate is None:
            return _answer(_take(gateway, site, account, source, token))
        standing = limiter.standing(rate, "source", account, source)
        if standing.is_spent:
            raise too_many(standing)
        received = _take(gateway, site, account, source, token)
        # Counted once its sender has proved itself: a stranger cannot spend what is the platform's.
        if received.is_proved:
            limiter.hit(rate, "source", account, source)
        return _answer(received)

    app.add_url_rule(RULE, "hook", hook, methods=["POST", "HEAD"])
    app.add_url_rule(f"{RULE}/<token>", "hook.token", hook, methods=["POST", "HEAD"])


def _take(gateway: Gateway, site: Site, account: str, source: str, token: str | None) -> Received:
    arrived = Request(
        method=request.method,
        url=url_of(request.environ, site, request.path),
        headers=headers_of(request.environ),
        body=request.get_data(cache=True),
        address=address_of(request.environ, site),
        received_at=gateway.parts.clock.now(),
        query=query_of(request.environ),
        token=token,
    )
    try:
        return gateway.receive(account, source, arrived)
    except (Unavailable, OutcomeUnknown) as fault:
        raise _later(gateway, account, source, fault) from fault


def _answer(received: Received) -> Response:
    if received.is_bare:
        return empty_answer(received.status)
    return json_answer(received.body, received.status)


def _head(gateway: Gateway, account: str, source: str) -> Response:
    """Some platforms ask by HEAD whether the address lives; the others never do."""
    if not gateway.answers_head(account, source):
        raise MethodNotAllowed("Post deliveries here.")
    return empty_answer(200)


def _later(
    gateway: Gateway, account: str, source: str, fault: Unavailable | OutcomeUnknown
) -> Unavailable | RateLimited:
    """'Not now' in the status after which this platform tries again; what was stored then is a duplicate."""
    try:
        status = gateway.busy_status(account, source)
    except Unavailable:
        status = Unavailable.status
    kind = RateLimited if status == RateLimited.status else Unavailable
    later = kind("This cannot be taken in right now; send it again.", retry_after=fault.retry_after)
    later.about = fault.about
    return later
