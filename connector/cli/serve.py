"""`connector serve`: gateway, delivery workers and scheduler, until it is told to stop."""

import re
from typing import Final

import click

from .builder import ROLES, Call, Service, Undone

MAX_WORKERS: Final = 256
MAX_THREADS: Final = 1_024
_ADDRESS: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):(\d{1,5})", re.ASCII)


def _require_address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    written = _ADDRESS.fullmatch(value)
    if written is None or int(written[1]) > 65_535:
        raise click.BadParameter(f"{value[:60]!r} is no address: write 127.0.0.1:8080 or [::1]:8080")
    return value


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", callback=_require_address, help="Instead of [server] listen.")
@click.option(
    "--role", type=click.Choice(ROLES), default="all", show_default=True, help="What this process does."
)
@click.option("--workers", type=click.IntRange(1, MAX_WORKERS), help="Processes; more than 1 on PostgreSQL.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), help="Requests at one time, each process.")
@click.pass_obj
def serve(call: Call, listen: str | None, role: str, workers: int | None, threads: int | None) -> None:
    """Serve: receive webhooks, run recipes, send webhooks."""
    call.require_one_place()
    order = Service(call.config, call.data, listen, role, workers, threads)
    if call.builder.serve(order) != 0:
        raise Undone


COMMAND = serve
