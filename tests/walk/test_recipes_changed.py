"""Recipe files that change while events pour in: none is lost, none is decided by two revisions at once."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from connector.domain.clock import SystemClock
from connector.web.factory import create_web
from connector.web.front import Front
from tests.flows.making import a_recipe, recipes_of
from tests.kit.crowd import Crowd, until
from tests.kit.house import ACCOUNT, PUBLIC_URL, House, open_house
from tests.kit.receiver import Recorder
from tests.kit.wire import Reply, a_request, exchange, serving
from tests.walk.agency import verified

CALLERS: Final = 4
LOOK_EVERY_S: Final = 0.005
REWARD: Final = "issue_card: {amount: '${{ vars.reward }}'}"
FIRST, SECOND = a_recipe("first", do=(REWARD,)), a_recipe("second", do=(REWARD,))
BROKEN: Final = FIRST.replace("status: live", "status: alive")


class Tills:
    """Callers who tell of orders, one after another, over HTTP, until the end; every answer is kept."""

    def __init__(self, house: House, port: int) -> None:
        self._house, self._port = house, port
        self._numbers = itertools.count(1)
        self._is_over = threading.Event()
        self.answers: list[Reply] = []
        self._crowd = Crowd([self._work for _ in range(CALLERS)])

    def wait_for(self, more: int) -> None:
        """Until so many more were answered."""
        wanted = len(self.answers) + more
        until(lambda: len(self.answers) >= wanted)

    def stop(self) -> None:
        self._is_over.set()
        assert [ended.error for ended in self._crowd.wait()] == [None] * CALLERS

    def _work(self) -> None:
        while not self._is_over.is_set():
            number = next(self._numbers)
            told = self._house.told(type="order.paid", order_id=f"o-{number}", email=f"p{number}@example.com")
            lines = [f"{name}: {value}" for name, value in told.headers.items()]
            path = f"/hooks/{ACCOUNT}/standard"
            self.answers.append(exchange(self._port, a_request("POST", path, *lines, body=told.body)))


@contextmanager
def a_busy_house(folder: Path, url: str, receiver: Recorder) -> Iterator[tuple[House, Tills, int, str]]:
    """Two recipes that share what they give; callers at work, an eye on the folder, and one subscriber."""
    (folder / "recipes").mkdir()
    (folder / "recipes" / "_vars.yaml").write_text("reward: 10.00 USD\n")
    house = open_house(folder, url, recipes=recipes_of(FIRST, SECOND), clock=SystemClock())
    made = house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["recipe.*"])
    web = create_web(house.gateway, public_url=PUBLIC_URL, max_body_bytes=65_536)
    try:
        with serving(Front(web.wsgi_app, threads=CALLERS)) as port:
            house.gateway.attend(LOOK_EVERY_S)
            tills = Tills(house, port)
            try:
                yield house, tills, port, str(made.body["secret"])
            finally:
                tills.stop()
    finally:
        house.gateway.stop()


def in_force(house: House, name: str = "first") -> dict[str, Any]:
    [entry] = [one for one in house.gateway.recipes() if one["recipe"] == name]
    return entry


def readyz(port: int) -> dict[str, Any]:
    reply = exchange(port, a_request("GET", "/readyz"))
    assert reply.status == 200, reply
    return dict(reply.json())


def test_a_broken_file_under_load_loses_no_event_and_its_mending_is_taken(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    """S000-58, T51: the last good revision goes on, the fault can be seen, each cent is one revision's."""
    with a_busy_house(tmp_path, database_url, receiver) as (house, tills, port, secret):
        tills.wait_for(12)
        file = house.recipes / "first.yaml"
        before = in_force(house)["revision"]

        file.write_text(BROKEN)
        until(lambda: in_force(house)["errors"] != [])
        tills.wait_for(12)
        assert (in_force(house)["status"], in_force(house)["revision"]) == ("live", before)
        assert any("recipes/first.yaml:3:9" in fault for fault in readyz(port)["recipe_faults"])
        metrics = exchange(port, a_request("GET", "/metrics")).body.decode()
        assert "connector_recipes_with_faults 1.0" in metrics
        until(lambda: bool(house.rows("messages", type="recipe.rejected")))
        house.gateway.dispatch()

        file.write_text(FIRST.replace("vars.reward", "vars.reward * 2"))
        until(lambda: in_force(house)["revision"] != before)
        tills.wait_for(12)
        assert house.gateway.readiness()[1]["recipe_faults"] == [], "which the door remembers for a second"
        after = in_force(house)["revision"]
        tills.stop()

        assert {reply.status for reply in tills.answers} == {200}
        [message] = [verified(one, secret) for one in receiver.requests]
        assert message["data"]["recipe"]["in_force"] == before
        assert "first.yaml:3:9" in message["data"]["recipe"]["errors"][0]
        decided = decisions(house)
        assert len(decided) == len(tills.answers) == len(house.rows("events"))
        assert {given["first"] for given in decided} == {(before, 1000), (after, 2000)}
        assert {given["second"][1] for given in decided} == {1000}
        house.require_proof()


def test_recipes_that_change_together_are_never_seen_one_old_and_one_new(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    """T51: a shared name is changed again and again, and broken in between."""
    with a_busy_house(tmp_path, sqlite_url, receiver) as (house, tills, _, _):
        shared = house.recipes / "_vars.yaml"
        for reward in (11, 12, 13, 14):
            before = in_force(house)["revision"]
            shared.write_text("reward: !!python 1.00\n")
            until(lambda: any(entry["recipe"] == "_vars" for entry in house.gateway.recipes()))
            tills.wait_for(3)
            shared.write_text(f"reward: {reward}.00 USD\n")
            until(lambda old=before: in_force(house)["revision"] != old)  # type: ignore[misc]
            tills.wait_for(6)
        tills.stop()

        decided = decisions(house)
        assert len(decided) == len(tills.answers)
        assert {given["first"][1] for given in decided} == {1000, 1100, 1200, 1300, 1400}
        assert all(given["first"][1] == given["second"][1] for given in decided)
        assert len({given["first"] for given in decided}) == 5, "each sum has a revision of its own"
        house.require_proof()


def decisions(house: House) -> list[dict[str, tuple[str, int]]]:
    """By event: what each recipe gave for it, and by which revision; exactly one run and card each."""
    cards = {row["public_id"]: row["initial_amount"] for row in house.rows("cards")}
    found: dict[int, dict[str, tuple[str, int]]] = {}
    for run in house.rows("runs"):
        given = found.setdefault(run["event_id"], {})
        assert (run["outcome"], run["recipe"] in given) == ("done", False)
        given[run["recipe"]] = (run["revision"], cards.pop(run["outputs"]["card"]["id"]))
    assert cards == {}, "a card that no run gave"
    assert all(sorted(given) == ["first", "second"] for given in found.values())
    return list(found.values())
