"""Alive, ready, counted: /healthz, /readyz, /metrics, and a first page. Nothing here is any account's own.

The one rule: whoever asks cannot make us work: what is looked up is remembered for a second.
"""

import threading
from typing import Any, Final

from flask import Flask, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from .. import __version__
from ..flows.gateway import Gateway
from .access import Gate
from .answers import json_answer

REMEMBERED_S: Final = 1.0

_PAGE: Final = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Gift card connector</title></head>
<body>
<h1>Gift card connector</h1>
<p>The gateway runs, version {__version__}.</p>
<ul>
<li><a href="healthz">/healthz</a>: whether it is alive</li>
<li><a href="readyz">/readyz</a>: whether it can do its job, and what is wrong with a recipe</li>
<li><a href="docs">/docs</a>: every call of the API, to read and to try</li>
<li>How to use and run it: the folder docs/ of the project</li>
</ul>
</body>
</html>
"""


class Counts:
    """What /metrics tells, of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        guesses = gateway.parts.guesses
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "connector_http_requests",
            "Answered requests by route and status",
            ("route", "status"),
            registry=self._registry,
        )
        self._children: dict[tuple[str, int], Any] = {}
        Gauge("connector_info", "The running version", ("version",), registry=self._registry).labels(
            __version__
        ).set(1)
        failed = Gauge(
            "connector_failed_lookups", "Wrong card codes since the start", registry=self._registry
        )
        failed.set_function(lambda: float(guesses.failed))
        alarms = Gauge(
            "connector_guessing_alarms",
            "How often everybody's budget of wrong codes was spent",
            registry=self._registry,
        )
        alarms.set_function(lambda: float(guesses.alarms))
        shared = gateway.parts.shared
        if shared is not None:
            together = Gauge(
                "connector_limits_shared",
                "1 while all nodes count together, 0 while each counts for itself",
                registry=self._registry,
            )
            together.set_function(lambda: float(not shared.is_away))
        faulty = Gauge(
            "connector_recipes_with_faults",
            "Recipe files that /readyz names: what acted before goes on",
            registry=self._registry,
        )
        faulty.set_function(lambda: float(sum(bool(one["errors"]) for one in gateway.recipes())))
        writer: Any = gateway.parts.writer
        if hasattr(writer, "commits"):  # PostgreSQL counts its own
            commits = Gauge(
                "connector_commits",
                "Commits of the one writer, and so syncs, since the start",
                registry=self._registry,
            )
            commits.set_function(lambda: float(writer.commits))

    def answered(self, route: str, status: int) -> None:
        """Count one answer; by the route, never the path."""
        child = self._children.get((route, status))
        if child is None:
            child = self._children[(route, status)] = self._requests.labels(route, str(status))
        child.inc()

    def text(self) -> bytes:
        return generate_latest(self._registry)


def install(app: Flask, gateway: Gateway, counts: Counts, gate: Gate) -> None:
    """Add the routes."""
    ready = _Readiness(gateway)

    def healthz() -> Response:
        return json_answer({"status": "ok"})

    def readyz() -> Response:
        is_ready, told = ready.now()
        return json_answer(told, 200 if is_ready else 503)

    def metrics() -> Response:
        if not gate.is_local:
            gate.require("admin")
        return Response(counts.text(), content_type=CONTENT_TYPE_LATEST)

    def index() -> Response:
        return Response(_PAGE, content_type="text/html; charset=utf-8")

    for rule, view in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics), ("/", index)):
        app.add_url_rule(rule, view.__name__, view, methods=["GET"])


class _Readiness:
    """The gateway's readiness, asked at most once in REMEMBERED_S: the look takes the right to write."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._kept: tuple[float, tuple[bool, dict[str, Any]]] | None = None

    def now(self) -> tuple[bool, dict[str, Any]]:
        with self._lock:
            at = self._gateway.parts.clock.monotonic()
            if self._kept is None or at - self._kept[0] >= REMEMBERED_S:
                self._kept = (at, self._gateway.readiness())
            return self._kept[1]
