"""One `serve` on one SQLite file: who comes second is told so, and the dead hold nothing."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.domain.errors import AlreadyServing
from connector.store.lock import ServeLock, is_served
from tests.kit.process import PATIENCE_S, environment

HOLDER = """
import sys
from pathlib import Path
from connector.store.lock import ServeLock
with ServeLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
# Its child gets every handle that is not closed at exec, and outlives it.
PARENT = """
import subprocess, sys
from pathlib import Path
from connector.store.lock import ServeLock
ServeLock(Path(sys.argv[1])).__enter__()
child = "import sys; print('held', flush=True); sys.stdin.read()"
subprocess.Popen([sys.executable, "-c", child], close_fds=False)
sys.stdin.read()
"""


@contextmanager
def another(database: Path, script: str = HOLDER) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock; its standard input's end is its own."""
    with subprocess.Popen(
        [sys.executable, "-c", script, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.stdin.close()
            process.wait(PATIENCE_S)


def is_free(database: Path) -> bool:
    try:
        with ServeLock(database):
            return True
    except AlreadyServing:
        return False


@pytest.mark.parametrize(
    "name", ["connector.db", "connector", "a.lock", ".db", "end.", "a b.db.lock.lock", "Zoë's %2F.db"]
)
def test_who_comes_second_is_told_which_database_is_served(tmp_path: Path, name: str) -> None:
    database = tmp_path / name
    with another(database), pytest.raises(AlreadyServing) as refused, ServeLock(database):
        pytest.fail("two processes hold it")

    assert (
        refused.value.detail
        == f"Another connector serves {database} already; stop it first, or choose another data folder."
    )


def test_it_is_one_lock_within_a_process_too(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with ServeLock(database):
        assert not is_free(database)
        assert not is_free(database)  # being refused takes nothing from who holds it
    assert is_free(database)


def test_each_database_has_a_lock_of_its_own(tmp_path: Path) -> None:
    with ServeLock(tmp_path / "connector.db"):
        assert is_free(tmp_path / "other.db")
        assert is_free(tmp_path / "connector")
        assert is_free(tmp_path / "connector.db.lock")


def test_another_way_to_the_same_file_is_the_same_database(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    (tmp_path / "link.db").symlink_to(database)
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    relative = Path(os.path.relpath(database))

    with ServeLock(database):
        for other in (tmp_path / "link.db", tmp_path / "folder" / "connector.db", relative):
            assert not is_free(other)
    with ServeLock(tmp_path / "link.db"):
        assert not is_free(database)


def test_it_is_free_once_its_holder_ended_in_order(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with another(database):
        assert not is_free(database)
    assert is_free(database)


def test_it_is_free_once_its_holder_failed(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with pytest.raises(LookupError), ServeLock(database):
        raise LookupError
    assert is_free(database)


def test_it_is_free_once_its_holder_was_killed(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with another(database) as holder:
        holder.kill()
        holder.wait(PATIENCE_S)

        assert is_free(database)


def test_a_program_that_its_holder_started_holds_nothing(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with another(database, PARENT) as holder:
        assert not is_free(database)
        holder.kill()
        holder.wait(PATIENCE_S)

        assert is_free(database)  # while that program still waits for its input


def test_the_file_that_a_dead_holder_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "connector.db.lock").write_text("4711\n")

    assert is_free(tmp_path / "connector.db")


# Who only looks


def test_who_looks_sees_whether_it_is_served_and_leaves_no_trace(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    assert not is_served(database)
    assert list(tmp_path.iterdir()) == []
    with another(database):
        assert is_served(database)
    assert not is_served(database)
    with ServeLock(database):
        assert is_served(database), "by this very process"
        assert not is_free(database), "looking took nothing from who holds it"


def test_who_looks_at_that_very_moment_keeps_nobody_from_serving(tmp_path: Path) -> None:
    database = tmp_path / "connector.db"
    with ServeLock(database):
        pass
    with ThreadPoolExecutor(2) as pool, (tmp_path / "connector.db.lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        serving = pool.submit(is_free, database)
        others = pool.submit(is_served, database)
        assert not others.result(PATIENCE_S)
        fcntl.flock(looking, fcntl.LOCK_UN)
        assert serving.result(PATIENCE_S)


def test_a_lock_file_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").mkdir()

    for database in (tmp_path / "a.db", tmp_path / "missing" / "connector.db"):
        with pytest.raises(OSError, match=r"\.db\.lock"), ServeLock(database):
            pytest.fail("there is no lock file")
