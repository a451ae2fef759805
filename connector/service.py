"""`connector serve`: one process that receives, runs, sends; and its end in good order."""

import contextlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from . import app, logs, server
from .app import Place, Plan
from .cli.builder import NotConfigured, Service
from .domain.clock import SystemClock
from .store.lock import ServeLock
from .web import front, problems
from .web.factory import create_web

SAMPLE: Final = "demo/calendly invitee.created"


def serve(order: Service) -> int:
    """Serve until SIGTERM or SIGINT; 0 where everything ended in order."""
    logs.configure()
    place = app.settings_to_serve(order.config, order.data, order.listen)
    plan = app.plan_of(place, SystemClock())
    for warning in plan.warnings:
        logs.log.warning("configuration", about=warning)
    workers = order.workers or 1
    if workers > 1 and plan.database is not None:
        raise NotConfigured("--workers is for PostgreSQL: SQLite has one writer, so one process serves it.")
    with contextlib.nullcontext() if plan.database is None else ServeLock(plan.database):
        if order.role in ("worker", "scheduler"):
            return _work(place, order.role)
        listener = server.listen(plan.host, plan.port)
        place, plan = app.on_port(place, plan, listener.getsockname()[1])
        if workers > 1:
            app.build(place, is_serving=True).close()  # what stops the start is said once, not by each
            return server.serve_workers(workers, lambda: _in_child(place, plan, order, listener))
        return 0 if _receive(place, plan, order, listener) else 1


def _in_child(place: Place, plan: Plan, order: Service, listener: server.Listener) -> None:
    if not _receive(place, plan, order, listener):
        raise RuntimeError("requests were left unfinished")


def _receive(place: Place, plan: Plan, order: Service, listener: server.Listener) -> bool:
    """The doors, and with role `all` the background work; True if nothing was left unfinished."""
    end = server.End()
    end.take_signals()
    gateway = app.build(place, is_serving=True)
    end.on_asked = gateway.end
    try:
        web = create_web(
            gateway,
            public_url=plan.public_url,
            trusted_proxies=plan.trusted_proxies,
            max_body_bytes=plan.max_body_bytes,
            rates=plan.limits,
        )
        threads = order.threads or front.THREADS
        gateway.parts.long_calls.keep_within(threads)
        doors = front.Front(
            web.wsgi_app,
            plan.max_body_bytes,
            threads=threads,
            problem=problems.writer(plan.public_url),
        )
        served = server.Server(doors, plan.host, plan.port, listener=listener)
        gateway.attend()
        if order.role == "all":
            gateway.start()
        faults = [fault for entry in gateway.recipes() for fault in entry["errors"]]
        return served.run(lambda address: _say_ready(place, plan, address, faults), end)
    finally:
        gateway.stop()


def _work(place: Place, role: str) -> int:
    """The background work alone, until a signal."""
    end = server.End()
    end.take_signals()
    gateway = app.build(place, is_serving=True)
    end.on_asked = gateway.end
    if role == "worker":
        gateway.start()
    elif role == "scheduler":
        gateway.start_timetable()
    logs.log.info("ready", role=role)
    end.wait()
    gateway.stop()
    return 0


def _say_ready(place: Place, plan: Plan, address: str, faults: Sequence[str]) -> None:
    """What a newcomer needs next, on standard output; the log lines are for machines."""
    for fault in faults:
        logs.log.warning("recipe", about=fault)
    logs.log.info("ready", address=address)
    lines = [f"Gateway ready: http://{address}/"]
    if faults:
        lines += [
            "Recipes with faults; what acted before goes on as it was, to stop it write status: paused:"
        ]
        lines += [f"  {fault}" for fault in faults]
    if place.data is not None:
        app.note_address(place.data, address)
        program = _program()
        where = f" --config {shlex.quote(str(place.data))}" if place.is_named else ""
        lines += [
            f"Dashboard:     http://{address}/",
            f"API key:       {plan.api_key}  (sandbox account demo)",
            "See what leaves, in a second terminal:",
            f"  {program} listen --port 9000{where}",
            "Send a signed webhook, in a third:",
            f"  {program} send {SAMPLE}{where}",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _program() -> str:
    """How a person calls us from this folder, in a terminal where nothing is activated."""
    script = Path(sys.executable).parent / "connector"
    with contextlib.suppress(ValueError):
        script = script.relative_to(Path.cwd())
    return shlex.quote(str(script))
