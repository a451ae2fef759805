"""Logs: one event is one line of JSON, and whatever becomes of the line stops nobody (fault F26)."""

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.logs import MAX_LINE, MAX_VALUE, Target, line_of
from tests.kit.crowd import at_once
from tests.kit.process import environment

PATIENCE_S = 30.0  # a bound on hanging, not a measure


class Unshowable:
    def __repr__(self) -> str:
        raise LookupError("4111 1111 1111 1111")


class Endless:
    """Shows itself by showing itself."""

    def __repr__(self) -> str:
        return f"<{self!r}>"


def read(line: str) -> dict[str, Any]:
    """The line as a strict reader takes it; it must be one, and not too long for a pipe."""
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < MAX_LINE
    told: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
    json.dumps(told, ensure_ascii=False).encode()  # raises where there is half a pair
    return told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("a\r\nb\n{}", "a\r\nb\n{}"),
        ('"}\n{"event": "forged', '"}\n{"event": "forged'),
        ("\u2028\u2029\x85\x0b\x0c", "\u2028\u2029\x85\x0b\x0c"),
        ("\x1b[2J\x1b]0;owned\x07", "\x1b[2J\x1b]0;owned\x07"),
        ("Zoë 🎁", "Zoë 🎁"),
        ("half \ud83d a pair", "half \\ud83d a pair"),
        ("x" * MAX_VALUE, "x" * MAX_VALUE),
        ("x" * (MAX_VALUE + 1), "x" * MAX_VALUE + "…"),
        ("x" * 1_000_000, "x" * MAX_VALUE + "…"),
        (b"\xff\xfe\n", "b'\\xff\\xfe\\n'"),
        (b"x" * 1_000_000, "b'" + "x" * (MAX_VALUE - 2) + "…"),
        (None, None),
        (True, True),
        (7, 7),
        (2**63 - 1, 2**63 - 1),
        (2**63, str(2**63)),
        (10**5000, "<int that cannot be shown>"),
        (1.5, 1.5),
        ("\x7f\x00", "\x7f\x00"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("0.10"), "Decimal('0.10')"),
        (
            datetime(2026, 11, 20, tzinfo=UTC),
            "datetime.datetime(2026, 11, 20, 0, 0, tzinfo=datetime.timezone.utc)",
        ),
        ({1: {2: "x"}}, "{1: {2: 'x'}}"),
        (["a\nb"], "['a\\nb']"),
        (Unshowable(), "<Unshowable that cannot be shown>"),
        (Endless(), "<Endless that cannot be shown>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_value_is_its_event_is_one_line(value: Any, shown: Any) -> None:
    assert read(line_of({"event": "tried", "value": value})) == {"event": "tried", "value": shown}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.characters(),
    lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.binary(), inner),
)
TEXT = st.text(st.characters(categories=["L", "N", "P", "Z", "C", "S"]))  # halves of pairs included


@given(event=st.dictionaries(TEXT, ANYTHING | TEXT, max_size=20))
def test_no_event_breaks_out_of_its_line(event: dict[str, Any]) -> None:
    read(line_of(event))


def test_an_event_that_holds_itself_is_one_line() -> None:
    turning: dict[str, Any] = {}
    turning["turning"] = turning

    assert read(line_of({"about": turning})) == {"about": "{'turning': {...}}"}


def test_many_long_values_are_cut_shorter_until_a_pipe_takes_the_line_whole() -> None:
    event = {"event": "tried", **{f"field-{number}": "🎁" * 1000 for number in range(3)}}

    assert read(line_of(event)) == {
        "event": "tried",
        **{f"field-{number}": "🎁" * 100 + "…" for number in range(3)},
    }


def test_of_a_thousand_fields_the_line_says_that_they_were_cut() -> None:
    event = {f"field-{number}": "x" for number in range(1000)}

    assert read(line_of({**event, "event": "tried", "level": "info"})) == {
        "event": "tried",
        "level": "info",
        "cut": True,
    }


class Pipe:
    """A pipe that is read only when the test reads it."""

    def __init__(self) -> None:
        self.sink, self.source = os.pipe()
        os.set_blocking(self.sink, False)

    def read(self) -> str:
        """What is in it now."""
        found = b""
        with suppress(BlockingIOError):
            while piece := os.read(self.sink, 65_536):
                found += piece
        return found.decode()

    def fill(self) -> None:
        """Until not one more byte has room."""
        again = os.open(f"/dev/fd/{self.source}", os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while os.write(again, b"x" * 4096):
                pass
        os.close(again)

    def close(self) -> None:
        os.close(self.sink)
        os.close(self.source)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_a_pipe_that_nobody_reads_holds_up_nobody_and_says_later_what_was_lost(pipe: Pipe) -> None:
    target = Target(pipe.source)
    target.write("first")
    pipe.fill()

    for number in range(5):
        target.write(f"lost {number}")
    pipe.read()
    target.write("last")
    target.write("very last")

    [lost, *rest] = pipe.read().splitlines()
    assert json.loads(lost) == {"event": "log.lost", "level": "warning", "lines": 5}
    assert rest == ["last", "very last"]


def test_never_waiting_is_a_flag_of_ours_and_not_of_everybody_who_has_the_pipe(pipe: Pipe) -> None:
    Target(pipe.source).write("line")

    assert os.get_blocking(pipe.source)
    assert pipe.read() == "line\n"


def test_lines_of_many_threads_never_mix(pipe: Pipe) -> None:
    target = Target(pipe.source)
    lines = [line_of({"event": str(number), "value": str(number) * 100}) for number in range(8)]

    at_once([partial(_write_often, target, line) for line in lines])

    told = pipe.read().splitlines()
    assert {*told} <= {*lines, *(line for line in told if "log.lost" in line)}
    assert all(json.loads(line) for line in told)


def _write_often(target: Target, line: str) -> None:
    for _ in range(20):
        target.write(line)


def test_a_reader_that_has_gone_is_no_fault_of_who_logs(pipe: Pipe) -> None:
    target = Target(pipe.source)
    sink, source = os.pipe()
    gone = Target(source)
    os.close(sink)

    gone.write("line")
    target.write("line")

    os.close(source)
    assert pipe.read() == "line\n"


def test_a_terminal_that_somebody_stopped_holds_up_nobody() -> None:
    screen, terminal = pty.openpty()
    target = Target(terminal)

    for _ in range(1000):
        target.write("x" * 1000)

    os.close(terminal)
    os.close(screen)


def test_a_journal_that_takes_nothing_holds_up_nobody() -> None:
    """A service manager gives a socket as standard error."""
    ours, journal = socket.socketpair()
    with ours, journal:
        target = Target(ours.fileno())

        for _ in range(1000):
            target.write("x" * 4000)

        assert journal.recv(4000) == b"x" * 4000


def test_a_handle_that_is_closed_or_was_never_there_is_no_fault_of_who_logs(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    closed = Target(handle)
    os.close(handle)

    closed.write("line")
    Target(None).write("line")
    Target(-1).write("line")


def ran(script: str, stderr: int | None = None) -> subprocess.CompletedProcess[str]:
    """What a program of its own that logs came to; it must end, and say `done` last."""
    program = (
        f"import sys\nfrom connector import logs\nfrom connector.logs import log\n{script}\nprint('done')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if stderr is None else stderr,
        env=environment(),
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "done\n"), result
    return result


def test_an_event_goes_to_standard_error_with_its_level_and_moment_and_none_to_the_output() -> None:
    result = ran("logs.configure()\nlog.info('delivery', delivery='dlv_1', status='processed')")

    told = read(result.stderr.removesuffix("\n"))
    assert datetime.fromisoformat(told.pop("timestamp")).utcoffset() == timedelta(0)
    assert told == {"event": "delivery", "level": "info", "delivery": "dlv_1", "status": "processed"}


def test_below_the_level_nothing_is_told_and_no_value_is_asked_for_itself() -> None:
    result = ran(
        """
class Loud:
    def __repr__(self):
        sys.exit("asked")
logs.configure("warning")
log.debug("debug", value=Loud())
log.info("info", value=Loud())
log.warning("warning")
log.error("error")
"""
    )

    assert [read(line)["level"] for line in result.stderr.splitlines()] == ["warning", "error"]


def test_the_level_can_be_changed_after_the_first_line() -> None:
    """As `serve` does: it wants more to be told than the verbs do."""
    result = ran("logs.configure('warning')\nlog.error('one')\nlogs.configure()\nlog.info('two')")

    assert [read(line)["event"] for line in result.stderr.splitlines()] == ["one", "two"]


MANY = "logs.configure()\nfor number in range(2000):\n    log.info('tried', value='x' * 1000)"


def test_a_full_disk_under_the_log_stops_nobody() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    ran(MANY, full)
    os.close(full)


def test_a_log_that_nobody_reads_any_more_stops_nobody() -> None:
    sink, source = os.pipe()
    os.close(sink)
    ran(MANY, source)
    os.close(source)


def test_a_log_whose_reader_stalls_stops_nobody(pipe: Pipe) -> None:
    ran(MANY, pipe.source)

    assert [read(line)["event"] for line in pipe.read().splitlines()].count("tried") > 10


def test_a_line_that_a_full_disk_tore_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    ran(
        """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
logs.configure()
resource.setrlimit(resource.RLIMIT_FSIZE, (150, hard))  # room for one line and a half
log.info("one")
log.info("two")
log.info("three")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log.info("four")
""",
        log,
    )
    os.close(log)

    [one, torn, lost, four] = (tmp_path / "log").read_text().splitlines()
    assert [read(line)["event"] for line in (one, lost, four)] == ["one", "log.lost", "four"]
    assert read(lost)["lines"] == 2
    assert read(four)["event"].startswith("four") and "two" in torn


def test_where_standard_error_was_closed_no_other_file_gets_the_lines(tmp_path: Path) -> None:
    """The next file that is opened takes its handle: a database, perhaps."""
    script = f"""
from connector import logs
with open({str(tmp_path / "database")!r}, "w") as file:
    assert file.fileno() == 2
    logs.configure()
    logs.log.error("spoilt")
print("done")
"""
    result = subprocess.run(
        ["/bin/sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, script],
        stdout=subprocess.PIPE,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )

    assert (result.returncode, result.stdout) == (0, b"done\n")
    assert (tmp_path / "database").read_text() == ""
