"""Every hostile URL and a name server that lies: not one connection to what is not public (T37, T38, T39).

Twice, each time in a process of its own: where the interpreter hears every dial, which can always be had,
and in a network where every address on earth is this machine and listens (`make soak` demands it).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.kit import lonely
from tests.kit.process import environment
from tests.kit.sources import ROOT

SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
TIMES: Final = 200 if SOAK else 10


def test_nothing_that_a_url_or_a_name_server_says_leads_to_a_private_address(
    sqlite_url: str, tmp_path: Path
) -> None:
    """T37, T38, T39: saved, sent to as if saved before, and by names that rebind in five ways."""
    require_unbroken("guarded", siege("guarded", sqlite_url, tmp_path))


def test_nor_in_a_network_where_every_address_would_answer(sqlite_url: str, tmp_path: Path) -> None:
    """T37, T38, T39: as above; where the kernel gives nobody such a network, as above once more."""
    way = "lonely" if SOAK or lonely.can_be_had() else "guarded"
    require_unbroken(way, siege(way, sqlite_url, tmp_path))


def require_unbroken(way: str, told: dict[str, Any]) -> None:
    assert told["is_noticed"], "a client without a guard is noticed: the silence below says something"
    assert told["urls"] > 250
    assert told["outcomes"].pop("refused_by_us") + told["outcomes"].pop("unreachable", 0) == told["urls"]
    assert not told["outcomes"]
    delivered = 1 + TIMES // 2 + 1 + 1  # each liar's first word, and every other one of the one in turns
    for name, came in told["lies"].items():
        assert set(came["outcomes"]) <= {"delivered", "refused_by_us"}, name
        assert came["addresses"] in ([], [told["public"]]), name
    sent = sum(came["outcomes"].get("delivered", 0) for came in told["lies"].values())
    assert sent == delivered - 1 + TIMES, "and all of those on the connection that was kept"
    assert told["dialled"] == {told["public"]: delivered}, "one dial each, and none on the kept connection"
    if way == "lonely":
        assert told["saved"] == 0
        assert told["sung"] == told["dialled"], "whoever listens says the same as the interpreter"
        assert told["asked"] == dict.fromkeys(told["lies"], TIMES) | {"kept.example.test": 1}


def siege(way: str, database: str, folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.outside.siege", str(folder), database, str(TIMES), way]
    before = lonely.UNSHARE if way == "lonely" else ()
    ended = subprocess.run(
        [*before, *words], cwd=ROOT, env=environment(), capture_output=True, timeout=600, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return dict(json.loads(ended.stdout.splitlines()[-1]))
