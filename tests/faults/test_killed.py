"""`kill -9` under load: nothing that was acknowledged is lost, nothing is done twice, nobody is left untold.

Three kills each; ten in the soak (`make soak`). The audit is fed two planted faults of
the gateway, since one that cannot fail proves nothing.
"""

import os
import random
from pathlib import Path

from tests.faults.shop import Shop, balances, planted
from tests.kit.journal import Told
from tests.kit.process import Place, Serving, settle
from tests.kit.receiver import Recorder
from tests.kit.sources import ROOT

KILLS = 10 if os.environ.get("CONNECTOR_SOAK") else 3


def test_a_gateway_killed_under_load_loses_nothing_and_does_nothing_twice(
    place: Place, receiver: Recorder
) -> None:
    chance = random.Random(KILLS)
    with Serving.at(place) as served, Shop.open(place, served, receiver) as shop:
        for _ in range(KILLS):
            shop.load.wait_for(chance.randint(10, 40))
            shop.dies_and_returns()
        shop.load.wait_for(20)

        assert shop.audit() == []
        assert len(shop.journal.told(Told.ACK)) >= 20 + 10 * KILLS


def test_everything_sent_again_after_the_audit_changes_nothing(tmp_path: Path, receiver: Recorder) -> None:
    place = settle(tmp_path)
    with Serving.at(place) as served, Shop.open(place, served, receiver) as shop:
        shop.load.wait_for(30)
        shop.dies_and_returns()
        assert shop.audit() == []
        cards, told = balances(served), len(receiver.requests)

        assert shop.audit() == []

        assert balances(served) == cards
        assert len(receiver.requests) == told


COMMIT = """\
        self._driver("COMMIT")
        self.commits += 1
"""
BEGIN = """\
        self._driver("BEGIN IMMEDIATE")
"""
LATE_COMMIT = """\
        if self._stands():
            if self.commits > 20:
                __import__("os")._exit(9)
            self._driver("COMMIT")
        self._driver("BEGIN IMMEDIATE")
"""


def test_the_audit_sees_an_answer_that_was_given_before_its_commit(tmp_path: Path) -> None:
    place = settle(tmp_path / "place")
    eager = planted(
        tmp_path / "eager",
        ("store/writer.py", COMMIT, "        self.commits += 1\n"),
        ("store/writer.py", BEGIN, LATE_COMMIT),
    )
    with (
        Serving.at(place, package=eager) as served,
        Shop.open(place, served, None, callers=1) as shop,
    ):
        assert served.process.wait() == 9
        served.package = ROOT
        served.start()

        faults = shop.audit()

        last = list(shop.journal.told(Told.ACK))[-1]
        assert any(fault.startswith(f"lost: {last} was acknowledged") for fault in faults), faults


FIND_KEYS = "    claimed: list[str] = []\n"


def test_the_audit_sees_a_delivery_that_is_not_known_again(tmp_path: Path, receiver: Recorder) -> None:
    place = settle(tmp_path / "place")
    forgets = ("store/deliveries.py", FIND_KEYS, "    return None\n" + FIND_KEYS)
    forgetful = planted(tmp_path / "forgetful", forgets)
    with (
        Serving.at(place, package=forgetful) as served,
        Shop.open(place, served, receiver) as shop,
    ):
        shop.load.wait_for(8)

        faults = shop.audit()

    assert any(fault.startswith("lost: booking-1 was acknowledged") for fault in faults), faults
    assert any(fault.endswith("belongs to nothing that was sent") for fault in faults), faults
