"""T24: however many tills read a balance at once, no more is spent than there was.

The same race is put to copies of the connector whose guards were taken out, and
must see the money go: a race that cannot be lost proves nothing.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.kit.databases import PostgresMaker
from tests.kit.house import open_house
from tests.kit.sources import ROOT
from tests.ledger.race import LEGAL, Gap, Result, race

GUARDED: Final = """\
    .where(
        cards.c.id == bindparam("card"),
        cards.c.transfer_count == bindparam("seen"),
        cards.c.balance + bindparam("delta") >= cards.c.held,
    )
"""
UNGUARDED: Final = """\
    .where(cards.c.id == bindparam("card"), bindparam("seen") >= 0)
"""
FIRST_TABLES: Final = "connector/store/migrations/versions/0001_first_tables.py"
CONSTRAINTS_OFF: Final = (
    (FIRST_TABLES, 'sa.CheckConstraint("held >= 0 AND balance >= held", ', 'sa.CheckConstraint("1 = 1", '),
    (
        FIRST_TABLES,
        'sa.UniqueConstraint("card_id", "number", name=op.f("uq_transfers_card_id_number"))',
        'sa.UniqueConstraint("public_id", "number", name=op.f("uq_transfers_card_id_number"))',
    ),
    (
        FIRST_TABLES,
        'sa.UniqueConstraint("card_id", "sequence", name=op.f("uq_messages_card_id_sequence"))',
        'sa.UniqueConstraint("public_id", "sequence", name=op.f("uq_messages_card_id_sequence"))',
    ),
)
GUARD_OFF: Final = (("connector/store/transfers.py", GUARDED, UNGUARDED), *CONSTRAINTS_OFF)
LOCK_OFF: Final = ("connector/store/cards.py", "held.with_for_update()", "held")
CHECK_OFF: Final = (
    "connector/operations/redeem.py",
    "costs.minor == 0 or there < costs or",
    "costs.minor == 0 or",
)

Fault = tuple[str, str, str]


def test_no_more_is_spent_than_there_was(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url, pause=Gap())

    for _ in range(3):
        result = race(house)
        assert result.is_lawful, result

    house.gateway.close()


@pytest.mark.parametrize("faults", [(), (*GUARD_OFF, LOCK_OFF)], ids=["guarded", "guard and lock off"])
def test_without_its_guards_postgresql_overspends(
    postgres_maker: PostgresMaker, tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    result = race_of_a_copy(tmp_path, postgres_maker.empty(), faults)

    assert result.is_lawful == (not faults), result
    assert (result.successes > LEGAL) == bool(faults), result


@pytest.mark.parametrize("faults", [(), (*GUARD_OFF, CHECK_OFF)], ids=["guarded", "guard and check off"])
def test_without_its_guards_sqlite_overspends(tmp_path: Path, faults: tuple[Fault, ...]) -> None:
    """One writer has no race to lose, so here the deed's own look at the balance goes too."""
    result = race_of_a_copy(tmp_path, f"sqlite:///{tmp_path / 'connector.db'}", faults)

    assert result.is_lawful == (not faults), result
    assert (result.balance < 0) == bool(faults), result
    assert any("below zero" in fault for fault in result.faults) == bool(faults), result


def test_one_guard_alone_still_holds(tmp_path: Path) -> None:
    """The deed forgets to look, and the schema forgets its rules: the guarded update holds."""
    result = race_of_a_copy(tmp_path, f"sqlite:///{tmp_path / 'connector.db'}", (CHECK_OFF, *CONSTRAINTS_OFF))

    assert result.is_lawful, result


def race_of_a_copy(folder: Path, url: str, faults: tuple[Fault, ...]) -> Result:
    """The race on a copy of the connector with these faults planted; each text must be there."""
    copy = folder / "copy"
    for name in ("connector", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, sound, broken in faults:
        text = (copy / path).read_text()
        assert text.count(sound) == 1, f"{path} does not say {sound!r} any more: plant the fault anew"
        (copy / path).write_text(text.replace(sound, broken))
    told = subprocess.run(
        [sys.executable, "-m", "tests.ledger.race", url, str(folder)],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    result = Result(**json.loads(told.stdout))
    assert result.played_on == str(copy / "connector")
    return result
