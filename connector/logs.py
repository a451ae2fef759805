"""Logs: one line of JSON for each deed, with ids; never a payload, a code, a key or a signature.

The one rule: logging neither fails nor holds up whoever logs. What cannot be shown is
said to be so; a line that nobody takes at once is lost, and counted in a later one.
"""

import contextlib
import json
import logging
import math
import os
import select
import stat
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import structlog

MAX_VALUE: Final = 500  # characters; a flood of refused requests must not fill the disk
MAX_LINE: Final = 4096  # bytes with its end: what a pipe takes whole or not at all, so lines never mix

_SHORTER: Final = (MAX_VALUE, 100, 20)  # characters of a value, where many long ones make the line too long
_ALWAYS: Final = ("event", "level", "timestamp")
_JSON_WHOLE: Final = 2**63  # beyond it readers of JSON differ, and Python itself refuses the longest

log: Final[Any] = structlog.get_logger("connector")


def configure(level: str = "info") -> None:
    """Write to standard error from `level` on, one event a line; may be called again with another level."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: _standard_error(),
        # Costs a microsecond a line; kept, the level of the first line would stay for ever.
        cache_logger_on_first_use=False,
    )


def line_of(event: Mapping[str, Any]) -> str:
    """An event as one line of JSON in ASCII, without its end: below MAX_LINE, whatever the values are.

    Values are cut to MAX_VALUE characters, to fewer where the line would be too long;
    where even that is too much, `cut` stands for all but event, level and timestamp.
    """
    for most in _SHORTER:
        line = _json({_text(name, most): _shown(value, most) for name, value in event.items()})
        if len(line) < MAX_LINE:
            return line
    kept = {name: _shown(event[name], _SHORTER[-1]) for name in _ALWAYS if name in event}
    return _json({**kept, "cut": True})


class Target:
    """A file, pipe, terminal or socket that lines go to, by its handle; None: nowhere."""

    def __init__(self, handle: int | None) -> None:
        self._handle = -1 if handle is None else _opened_anew(handle)
        self._lost = 0
        self._is_torn = False

    def write(self, line: str) -> None:
        """Write `line`, if it is taken at once.

        No lock: a signal's handler and a forked process may log too. What many threads
        lose at one moment may be counted a little short.
        """
        if self._lost:
            lost = self._lost
            if not self._put(_json({"event": "log.lost", "level": "warning", "lines": lost})):
                self._lost += 1
                return
            self._lost -= lost
        if not self._put(line):
            self._lost += 1

    # The names by which structlog hands over what it made of an event, one for each level.
    msg = log = debug = info = warn = warning = write
    fatal = failure = err = error = critical = exception = write

    def _put(self, line: str) -> bool:
        data = (("\n" if self._is_torn else "") + line + "\n").encode("ascii")
        waiting = select.poll()
        try:
            waiting.register(self._handle, select.POLLOUT)
            if not waiting.poll(0):
                return False
            written = os.write(self._handle, data)
        except (OSError, ValueError):  # gone, full or closed
            return False
        self._is_torn = written < len(data)  # the disk was full in its middle
        return not self._is_torn


@cache
def _standard_error() -> Target:
    """One for the process. Python has no such stream where the handle was closed: it may be anything now."""
    return Target(None if sys.__stderr__ is None else 2)


def _opened_anew(handle: int) -> int:
    """The same pipe or terminal with a "never wait" that is ours alone, where it can be had.

    Without it, another process may fill the pipe between our look and our write.
    Set on the handle itself it would hold for everybody who shares it, a shell included.
    """
    with contextlib.suppress(OSError):
        kind = os.fstat(handle).st_mode
        if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
            return os.open(f"/dev/fd/{handle}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return handle


def _render(_logger: Any, _method: str, event: structlog.typing.EventDict) -> str:
    return line_of(event)


def _json(event: Mapping[str, Any]) -> str:
    return json.dumps(event).replace("\x7f", "\\u007f")  # the one control that json leaves as it is


def _shown(value: Any, most: int) -> Any:
    """What JSON has a form for, as it is; everything else as text."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if (kind is int and abs(value) < _JSON_WHOLE) or (kind is float and math.isfinite(value)):
        return value
    return _text(value, most)


def _text(value: Any, most: int) -> str:
    try:
        text = str.__str__(value) if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001  whatever a value does when it is asked for itself
        text = f"<{type(value).__name__} that cannot be shown>"
    if len(text) > most:
        text = text[:most] + "…"
    # Half a surrogate pair is nothing that a strict reader of JSON takes.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
