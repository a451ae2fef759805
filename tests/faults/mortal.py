"""Senders that are killed at a named point, and those that take over, as processes of their own.

    python -m tests.faults.mortal FOLDER DATABASE PORT CASE…

Each case has an account of its own, on the database that all share. A worker does what its predecessor left
undone, sets its own case up and dies at its point, by SIGKILL. Workers are forked, so that a death costs no
start of an interpreter. The last line of its output is JSON: case → secrets by URL.
"""

import gc
import json
import logging
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import structlog
from sqlalchemy import func, select

from connector.app import Rooms, assemble
from connector.domain.endpoint_health import Condition, Health
from connector.flows import setup
from connector.flows.gateway import Gateway
from connector.operations.issue import OPERATION as ISSUING
from connector.operations.issue import Issue
from connector.operations.redeem import OPERATION as REDEEMING
from connector.operations.redeem import Redeem
from connector.outside.answers import Answer
from connector.outside.http import Client
from connector.store import conditions
from connector.store.tables import endpoints, webhook_deliveries
from connector.store.writer import Pause, Writing, no_pause
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.house import BY_HAND, KEY, PUBLIC_URL
from tests.outside.kit import UNKNOWN

HOURS: Final = 24 * 4  # the whole schedule of retries, and more
BEFORE: Final = "writer.before_commit"
AFTER: Final = "writer.after_commit"
HELD_UP: Final = timedelta(seconds=31)  # a worker that stood still gives back what it has not begun
GIVEN_UP: Final = Health(failures=12, deliveries=("whd_1", "whd_2"), days=("2026-11-13", "a", "b"))


@dataclass(frozen=True)
class Death:
    """The worker dies at the `nth` passing of `point`, counted from when it had posted so often."""

    point: str
    posts: int
    nth: int = 1


LEASED: Final = {
    "before it has leased anything": Death(BEFORE, 0),
    "with a lease in its hands": Death(AFTER, 0),
    "before the request": Death("post.before", 0),
    "after the answer": Death("post.after", 1),
}
RESULT: Final = {"while it writes the result": Death(BEFORE, 1), "with the result written": Death(AFTER, 1)}


@dataclass(frozen=True)
class Case:
    """Whose answers are `urls`' paths: `503,200` is 503 once, then 200. Each message goes to all of them."""

    death: Death
    urls: tuple[str, ...] = ("http://127.0.0.1/200",)
    is_ordered: bool = False
    is_given_up: bool = False
    is_held_up: bool = False
    is_line_down: bool = False
    ends: Mapping[str, str] = field(default_factory=dict)
    """What becomes of an endpoint's deliveries, by its answers; `delivered` where nothing is said."""


def _cases() -> dict[str, Case]:
    well, ill = "http://127.0.0.1/200", "http://127.0.0.1/503,200"
    gone, hopeless = "http://127.0.0.1/410", "http://127.0.0.1/500"
    down = tuple(f"http://h{number}.example.test/200{',200' * number}" for number in range(6))
    found = {
        f"sending, {name}": Case(death, (well, f"{well},200")) for name, death in (LEASED | RESULT).items()
    }
    for name, death in RESULT.items():
        found[f"in order, {name}"] = Case(death, (ill,), is_ordered=True)
        found[f"gone, {name}"] = Case(death, (gone, well), ends={"410": "dead"})
        found[f"given up, {name}"] = Case(death, (hopeless, well), is_given_up=True, ends={"500": "retrying"})
    for name, point in (("while it", BEFORE), ("once it has", AFTER)):
        found[f"stopping, {name} given back"] = Case(
            Death(point, 1, 2), (well, f"{well},200", f"{well},200,200"), is_held_up=True
        )
        found[f"line down, {name} handed back"] = Case(Death(point, 6), down, is_line_down=True)
    return found


CASES: Final = _cases()


class Mortal(Client):
    """The client of a worker that is about to die; until then it posts as any other."""

    def __init__(self, clock: FixedClock, case: Case, names: Any) -> None:
        super().__init__(("127.0.0.0/8",), allow_http=True, clock=clock, look_up=names)
        self._clock_of_test, self._case = clock, case
        self._passed: Counter[str] = Counter()
        self._posts = 0
        self.is_armed = False

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self("post.before")
        answer = super().post(url, body, headers)
        if self.is_armed:
            self._posts += 1
            self._passed.clear()
        if self._case.is_held_up and self.is_armed:
            self._clock_of_test.forward(HELD_UP)
        self("post.after")
        return answer

    def __call__(self, point: str) -> None:
        """A pause point: the end, if it is the one."""
        if not self.is_armed:
            return
        self._passed[point] += 1
        death = self._case.death
        if (point, self._posts, self._passed[point]) == (death.point, death.posts, death.nth):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Driver:
    folder: Path
    database: str
    port: int

    def gateway(self, clock: FixedClock, pause: Pause, client: Client) -> Gateway:
        rooms = Rooms(self.database, (KEY,), self.folder / "no-recipes", PUBLIC_URL)
        built = assemble(rooms, clock=clock, pause=pause)
        return Gateway(replace(built.parts, client=client))

    def run(self, name: str, place: int) -> dict[str, str]:
        """The secrets by URL, once the worker of this case is dead."""
        slug, kept = f"case-{place}", self.folder / f"secrets-{place}"
        ended = _in_a_child(lambda: self.live(CASES[name], slug, _clock(place), kept))
        if ended != -signal.SIGKILL:
            raise SystemExit(f"{name}: it was to be killed and ended with {ended}")
        return dict(json.loads(kept.read_text()))

    def finish(self, place: int) -> None:
        """The last heir, whom nobody kills."""
        clock = _clock(place)
        client = Client(("127.0.0.0/8",), allow_http=True, clock=clock, look_up=lambda _: ["127.0.0.1"])
        if _in_a_child(lambda: inherit(self.gateway(clock, no_pause, client), clock)):
            raise SystemExit("the last heir failed")

    def live(self, case: Case, slug: str, clock: FixedClock, kept: Path) -> None:
        """Do what the one before left undone, set up the case, and send until death."""

        def names(name: str) -> list[str]:
            if case.is_line_down and client.is_armed:
                raise UNKNOWN
            return ["127.0.0.1"]

        client = Mortal(clock, case, names)
        gateway = self.gateway(clock, client, client)
        inherit(gateway, clock)
        one = setup.ConfiguredAccount(slug, slug, "USD", "UTC", "US", sandbox=False)
        setup.write(gateway.parts, [one], [])
        account = gateway.account(slug)
        secrets, order = {}, "card" if case.is_ordered else "none"
        for url in case.urls:
            parts = urlsplit(url)
            at = f"http://{parts.hostname}:{self.port}{parts.path}/{slug}"
            made = gateway.create_endpoint(account, url=at, ordering=order).body
            secrets[at] = made["secret"]
        kept.write_text(json.dumps(secrets))
        if case.is_given_up:
            gateway.parts.writer.run(lambda tx: _give_up(tx, account.id, clock))
        card = gateway.perform(account, BY_HAND, ISSUING, Issue(amount=5000)).body["id"]
        if case.is_ordered:
            gateway.perform(account, BY_HAND, REDEEMING, Redeem(card=card, amount=100))
        client.is_armed = True
        gateway.dispatch()


def inherit(gateway: Gateway, clock: FixedClock) -> None:
    """Send until nothing is left to send, however long that takes on the clock."""
    for _ in range(HOURS):
        gateway.dispatch()
        if not _is_open(gateway):
            return
        clock.forward(timedelta(hours=1))
    raise AssertionError("something is open for ever")


def _clock(place: int) -> FixedClock:
    """Of the worker in that place: long after the one before it died."""
    return FixedClock(THE_MOMENT + timedelta(days=10 * place))


def _give_up(tx: Writing, account: int, clock: FixedClock) -> None:
    """The endpoint that never answers has done so for six days."""
    since = clock.now() - timedelta(days=6)
    found = select(endpoints.c.id).where(endpoints.c.account_id == account).order_by(endpoints.c.id)
    conditions.write(tx, tx.execute(found).scalars().all()[0], Condition(GIVEN_UP, None, since))


def _is_open(gateway: Gateway) -> bool:
    """Whether anything waits for an endpoint that gets something."""
    d = webhook_deliveries.c
    wanted = (
        select(func.count())
        .join(endpoints, endpoints.c.id == d.endpoint_id)
        .where(d.ended_at.is_(None), endpoints.c.status == "enabled")
    )
    with gateway.parts.engines.reading() as connection:
        return bool(connection.execute(wanted).scalar_one())


def _in_a_child(deed: Callable[[], None]) -> int:
    """Do it in a process of its own; how that ended."""
    pid = os.fork()
    if not pid:
        _end_with(deed)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _end_with(deed: Callable[[], None]) -> NoReturn:
    """Never back into what the parent was about to do."""
    try:
        deed()
    except BaseException:  # noqa: BLE001 - whatever it was, the parent reads the code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    driver = Driver(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    (driver.folder / "no-recipes").mkdir()
    gc.freeze()  # what all workers have in common stays one copy
    # Each inherits what the one before it left.
    told = {name: driver.run(name, place) for place, name in enumerate(sys.argv[4:])}
    driver.finish(len(told))
    sys.stdout.write(json.dumps(told) + "\n")
