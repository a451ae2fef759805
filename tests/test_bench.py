"""`make bench` runs, and its rows say what they found; how fast is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

from bench.__main__ import found_rows
from bench.figures import Figures, Goal
from bench.made_ledger import ACCOUNT, KEY, build
from connector.app import Rooms, assemble
from tests.kit.clock import THE_MOMENT

ROOT = Path(__file__).parents[1]
SLOW = Figures(requests=100, errors=0, rate=100.0, mean_ms=10.0, p50_ms=9.0, p99_ms=30.0)


def test_a_row_is_measured_beside_the_reference_and_without_a_failed_request(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--rounds", "1", "--seconds", "0.2", "--connections", "2"]
    done = subprocess.run(
        [*command, "--only", "server alone", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    head, row, reference = done.stdout.splitlines()
    assert "ratio" in head
    assert row.startswith("server alone")
    assert reference.startswith("B: ")
    assert list(tmp_path.iterdir()) == []


def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in found_rows()]

    assert len(set(names)) == len(names) > 0


def test_a_goal_says_which_of_its_parts_was_missed() -> None:
    assert Goal().missed(0.0, SLOW) == []
    assert Goal(ratio=0.5, p99_ms=30, p99_to_mean=3).missed(0.5, SLOW) == []
    assert Goal(ratio=0.5, p99_ms=29, p99_to_mean=2).missed(0.49, SLOW) == ["rate", "p99", "p99 to mean"]
    assert str(Goal(ratio=0.5, p99_to_mean=2)) == "≥ 0.5 B, p99 ≤ 2 × mean"


def test_a_ledger_that_was_made_to_measure_on_proves_itself(database_url: str, tmp_path: Path) -> None:
    build(database_url, 300, until=THE_MOMENT)

    gateway = assemble(Rooms(database_url, (KEY,), tmp_path, "https://gifts.example.com"))
    proof = gateway.verify(gateway.account(ACCOUNT))
    gateway.close()

    assert proof.faults == ()
    assert (proof.cards, proof.transfers > 1_000) == (300, True)


def test_lists_are_measured_on_a_ledger_that_is_made_where_there_is_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lists.db'}"
    command = [sys.executable, "-m", "bench.lists", url, "--cards", "50", "--rounds", "1", "--worst", "2"]
    done = subprocess.run(
        [*command, "--only", "state=active"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )

    assert (done.returncode, done.stderr) == (0, "")
    *slowest, told = done.stdout.splitlines()
    assert len(slowest) == 2 and all("cards state=active" in line for line in slowest)
    assert json.loads(told)["questions"] > 30
