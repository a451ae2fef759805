"""The program as somebody sees it who sits at a terminal: standard error is one, standard output a pipe."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(*words: str) -> tuple[int, list[str]]:
    """The exit code, and the lines of standard error without what steers the terminal."""
    ours, theirs = os.openpty()
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "200"}
    command = [sys.executable, "-m", "connector", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as program:
        os.close(theirs)
        shown = _everything(ours)
    os.close(ours)
    plain = _STEERING.sub("", shown.decode()).replace("\r", "\n")
    return program.returncode, [line for line in plain.split("\n") if line.strip()]


def answered(typed: str, *words: str) -> tuple[int, str]:
    """The exit code, and what was shown to somebody who types this: the terminal is all that there is."""
    ours, theirs = os.openpty()
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "200"}
    command = [sys.executable, "-m", "connector", *words]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as program:
        os.close(theirs)
        os.write(ours, typed.encode())  # a terminal keeps it until it is read
        shown = _everything(ours)
    os.close(ours)
    return program.returncode, _STEERING.sub("", shown.decode())


def _everything(terminal: int) -> bytes:
    found = b""
    try:
        while piece := os.read(terminal, 4_096):
            found += piece
    except OSError:  # how Linux says that the other end was closed
        pass
    return found
