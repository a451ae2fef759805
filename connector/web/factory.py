"""create_web: the gateway's routes as one Flask app, a plain WSGI callable.

The one rule: what holds of every answer (its id, its headers, its count) is said here once.
"""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from flask import Flask, Request, Response, request
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule

from ..domain import ids
from ..domain.errors import NotFound
from ..flows.gateway import Gateway
from ..flows.limits import NO_LIMITS, Limits
from ..logs import log
from . import calls, docs_page, health, hooks, limits, oauth, openapi, operations, problems
from .access import Gate
from .api import (
    accounts,
    audit,
    cards,
    clock,
    contacts,
    event_types,
    events,
    funding,
    holds,
    inbound,
    jobs,
    keys,
    notifications,
    orders,
    programs,
    reports,
    rest_hooks,
    runs,
    sources,
    transactions,
    webhook_deliveries,
    webhooks,
)
from .arrival import Site, id_of, key_of, note_id, route_of
from .calls import Call
from .dialects import external, external_tokens, giftcards, stores
from .dialects import kit as dialects
from .pages import balance as balance_page
from .pages import card as card_page

# For pages too: a page that needs more says so itself; no other site may read or frame us.
HEADERS: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


DIALECTS: Final = (giftcards.DIALECT, external.DIALECT, stores.DIALECT)
"""Published APIs that are served as they were printed, beside our own."""


class Slug(BaseConverter):
    """An account's or source's name; anything else is no path of ours."""

    regex = "[a-z0-9][a-z0-9-]{0,62}"


class PublicId(BaseConverter):
    """An id of one kind: `<public_id('gc'):card>`."""

    def __init__(self, url_map: Map, prefix: str) -> None:
        super().__init__(url_map)
        self.regex = rf"{prefix}_[0-9A-Z]{{26}}"


class MessageType(BaseConverter):
    """A type of our messages, a family or `*`, as far as their form goes."""

    regex = r"[a-z*][a-z0-9_.]{0,99}\*?"


def _no_address(*_: Any, **__: Any) -> NoReturn:
    raise LookupError("addresses are written out here, and never asked for by an endpoint's name")


class _Way(Rule):
    """A rule that is matched only: what would give its address back costs more to compile than all else."""

    def _compile_builder(self, append_unknown: bool = True) -> Any:  # noqa: ARG002 werkzeug's
        return _no_address


class _Web(Flask):
    """Flask that never looks at the Host header, and answers OPTIONS like any method it does not know."""

    url_rule_class = _Way

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return None
        environ = request.environ
        return MapAdapter(
            self.url_map,
            server_name="connector",
            script_name="/",
            subdomain="",
            url_scheme="http",
            path_info=request.path,
            default_method=environ["REQUEST_METHOD"],
        )


def create_web(
    gateway: Gateway,
    *,
    public_url: str,
    trusted_proxies: Sequence[str] = (),
    max_body_bytes: int,
    rates: Limits = NO_LIMITS,
) -> Flask:
    """The app. `trusted_proxies` are CIDRs; a body of more than `max_body_bytes` is 413."""
    site = Site.of(public_url, trusted_proxies)
    app = _Web("connector.web", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=max_body_bytes, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False  # two are another path, not a redirect
    app.url_map.converters.update(slug=Slug, public_id=PublicId, message_type=MessageType)
    gate = Gate(gateway, site, rates)
    counts = health.Counts(gateway)
    problems.install(app, site)
    hooks.install(app, gateway, site, rates.per_source)
    oauth.install(app, gateway, gate)
    calls.install(app, gateway, site, gate, every_call())
    dialects.install(app, gateway, site, gate, DIALECTS)
    external_tokens.install(app, gateway, gate, external.UNDER)
    docs_page.install(app, lambda: openapi.document(every_call(), site.public_url))
    health.install(app, gateway, counts, gate)
    card_page.install(app, gateway, gate)
    balance_page.install(app, gateway, gate)
    _mark_answers(app, gateway, counts)
    return app


def every_call() -> list[Call]:
    """Every call of the REST API."""
    return [
        *operations.calls(),
        *accounts.CALLS,
        *clock.CALLS,
        *sources.CALLS,
        *keys.CALLS,
        *cards.CALLS,
        *transactions.CALLS,
        *reports.CALLS,
        *contacts.CALLS,
        *holds.CALLS,
        *audit.CALLS,
        *jobs.CALLS,
        *funding.CALLS,
        *programs.CALLS,
        *webhooks.CALLS,
        *webhook_deliveries.CALLS,
        *rest_hooks.CALLS,
        *event_types.CALLS,
        *runs.CALLS,
        *events.CALLS,
        *inbound.CALLS,
        *notifications.CALLS,
        *orders.CALLS,
    ]


def _mark_answers(app: Flask, gateway: Gateway, counts: health.Counts) -> None:
    clock = gateway.parts.clock

    def arrive() -> None:
        note_id(request.environ, ids.new_id(ids.REQUEST, clock.now()))
        if request.environ.get("PATH_INFO", "").startswith("//"):  # the framework would drop one of them
            raise NotFound

    def leave(answer: Response) -> Response:
        rule: Any = request.url_rule
        route = route_of(None if rule is None else rule.rule)
        counts.answered(route, answer.status_code)
        key = key_of(request.environ)
        if key is not None and answer.status_code < 400:  # refusals have a line of their own, with their code
            about = {"request": id_of(request.environ), "key": key, "method": request.method}
            log.info("answered", **about, route=route, status=answer.status_code)
        answer.headers.extend((("X-Request-Id", id_of(request.environ)), *limits.headers()))
        for name, value in HEADERS:
            answer.headers.setdefault(name, value)  # a page may need to say otherwise of itself
        return answer

    app.before_request(arrive)
    app.after_request(leave)
