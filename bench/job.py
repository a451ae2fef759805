"""The whole main job on the product's own rooms and server: role `gateway`, SQLite.

    python -m bench.job FOLDER

A signed Calendly webhook is verified, three recipes look at it, one issues a card,
one message is queued for one endpoint, and all of it is durable before the answer.
Prints its port, and serves until SIGTERM.
"""

import itertools
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from connector.adapters.calendly import ADAPTER
from connector.adapters.kit import MARKER
from connector.app import Rooms, assemble
from connector.flows import setup
from connector.server import Server
from connector.store import migrate
from connector.store.engine import open_engines
from connector.web.factory import create_web
from connector.web.front import Front

SECRET: Final = "the bench's own signing key"
ACCOUNT: Final = "glow-spa"
MAX_BODY: Final = 1_048_576
NOBODY: Final = "https://receiver.example.com/"

_RECIPE: Final = """\
recipe: {name}
title: {name}
status: live
on: booking.created
if:
  - contact.visits {condition}
do:
  - issue_card: {{amount: 25.00 USD, expires: 12 months}}
tests:
  - {{name: pays, event: booking.created, given: {{contact: {{email: a@example.com, visits: {pays}}}}},
     expect: [issue_card: {{amount: 25.00 USD}}]}}
  - {{name: not, event: booking.created, given: {{contact: {{email: a@example.com, visits: {does_not}}}}},
     expect: nothing, because: "contact.visits {condition}"}}
"""
_RECIPES: Final = (
    ("first-visit", "== 0", 0, 1),
    ("fifth-visit", ">= 5", 5, 4),
    ("tenth-visit", ">= 10", 10, 9),
)


def build(folder: Path) -> Server:
    """The gateway with one account, one source, three recipes and one endpoint."""
    recipes = folder / "recipes"
    recipes.mkdir()
    for name, condition, pays, does_not in _RECIPES:
        text = _RECIPE.format(name=name, condition=condition, pays=pays, does_not=does_not)
        (recipes / f"{name}.yaml").write_text(text)
    url = f"sqlite:///{folder / 'job.db'}"
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
    gateway = assemble(Rooms(url, (bytes(range(32)),), recipes, "https://gifts.example.com"))
    live = [entry["recipe"] for entry in gateway.recipes() if entry["status"] == "live"]
    assert len(live) == len(_RECIPES), gateway.recipes()
    setup.write(
        gateway.parts,
        [setup.ConfiguredAccount(ACCOUNT, "Glow Spa", "USD", "America/New_York", "US", sandbox=False)],
        [setup.ConfiguredSource(ACCOUNT, "calendly", "calendly", [SECRET])],
    )
    gateway.create_endpoint(gateway.account(ACCOUNT), url=NOBODY)
    web = create_web(gateway, public_url="https://gifts.example.com", max_body_bytes=MAX_BODY)
    return Server(Front(web.wsgi_app), "127.0.0.1", 0)


def requests(_: str) -> Iterator[bytes]:
    """Signed `invitee.created` deliveries, each another booking of another person."""
    sample = ADAPTER.samples["booking.created"].body
    now = datetime.now(UTC)
    for number in itertools.count():
        body = sample.replace(MARKER.encode(), f"b{number}".encode())
        headers = ADAPTER.sign(body, SECRET, now, "")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = (
            f"POST /hooks/{ACCOUNT}/calendly HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    build(Path(sys.argv[1])).run(lambda where: print(where.rpartition(":")[2], flush=True))


if __name__ == "__main__":
    main()
