"""A changed recipe and the live one over 450,000 stored events: what they would have given, and who loses."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.figures import Context, Figures, Goal
from bench.made_events import ACCOUNT, filled
from bench.made_recipes import TEXT
from connector.app import Rooms, assemble
from connector.store import migrate
from connector.store.engine import open_engines

NAME: Final = "backtest: 450,000 stored events"
GOAL: Final = Goal(p99_ms=10_000)
EVENTS: Final = 450_000
USUAL_S: Final = 5.0
LIMITS: Final = "limits: {{per_contact: 1 per 60 days, budget: {}.00 USD per month, when_reached: skip}}\n"


def measure(context: Context) -> Figures:
    """The recipe of made_recipes, on a fourth of all events; what people did is worked out from the rest."""
    folder = context.folder / "recipes"
    folder.mkdir()
    live, changed = (_recipe(budget) for budget in (50_000, 20_000))
    (folder / "vip.yaml").write_text(live)
    url = f"sqlite:///{context.folder / 'events.db'}"
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
    gateway = assemble(Rooms(url, (bytes(range(32)),), folder, "https://gifts.example.com"))
    share = min(1.0, context.seconds / USUAL_S)  # all of them in the usual five seconds, few in a hurry
    count = int(EVENTS * share**2)
    until = datetime.now(UTC)
    filled(gateway, count, until)
    start = time.perf_counter()
    found = gateway.runs.backtest(ACCOUNT, "vip", since=until - timedelta(days=90), text=changed.encode())
    took = time.perf_counter() - start
    gateway.close()
    is_right = found["difference"]["cards"] <= 0 < found["events"]
    ms = 1_000 * took
    return Figures(count, int(not is_right), count / took, ms, ms, ms)


def _recipe(budget: int) -> str:
    text = TEXT.format(name="vip", visits=5).replace("once_per: contact\n", "")
    return text.replace("tests:\n", LIMITS.format(budget) + "tests:\n", 1)
