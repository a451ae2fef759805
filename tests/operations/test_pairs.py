"""T25: two deeds at one card, whichever comes between the other's look and write, end as one of their orders.

The same is put to a copy of the connector without its lock, which must be found out:
a race that cannot be lost proves nothing.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.databases import PostgresMaker
from tests.kit.house import House, open_house
from tests.kit.sources import ROOT
from tests.operations.pairs import Gap, at_cards, interleaved, serial

NAMES = at_cards()
LOCK = ("connector/store/cards.py", "held.with_for_update()", "held")


@pytest.fixture
def gap() -> Gap:
    return Gap()


@pytest.fixture
def shop(database_url: str, tmp_path: Path, gap: Gap) -> Iterator[House]:
    built = open_house(tmp_path, database_url, pause=gap)
    yield built
    built.gateway.close()


@pytest.mark.parametrize("first", NAMES)
def test_two_deeds_at_one_card_end_as_one_of_their_orders(shop: House, gap: Gap, first: str) -> None:
    for second in NAMES[NAMES.index(first) :]:
        there, back = (serial(shop, first, second, turned=turned) for turned in (False, True))
        turned = (
            type(there)((there.told[1], there.told[0]), there.left),
            type(back)((back.told[1], back.told[0]), back.left),
        )

        assert interleaved(shop, gap, first, second) in (there, back), (first, second)
        assert interleaved(shop, gap, second, first) in turned, (second, first)

    shop.require_proof()


def test_every_deed_that_is_done_to_a_card_is_asked() -> None:
    asked = {"redeem", "hold", "capture", "release", "disable", "enable", "expire", "revive", "remove"}

    assert asked <= {*NAMES}
    assert len(NAMES) > 12


@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "lock off"])
def test_without_the_lock_two_deeds_are_torn(
    postgres_maker: PostgresMaker, tmp_path: Path, is_locked: bool
) -> None:
    copy = tmp_path / "copy"
    for name in ("connector", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    path, sound, broken = LOCK
    text = (copy / path).read_text()
    assert text.count(sound) == 1, f"{path} does not say {sound!r} any more: plant the fault anew"
    (copy / path).write_text(text if is_locked else text.replace(sound, broken))

    patience_s = "0.02" if is_locked else "20"  # without the lock the other one comes, however slow it is
    told = subprocess.run(
        [
            *(sys.executable, "-m", "tests.operations.pairs"),
            *(postgres_maker.empty(), str(tmp_path), "disable", "hold", patience_s),
        ],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert told.stdout == f"{'serial' if is_locked else 'torn'} {copy / 'connector'}"
