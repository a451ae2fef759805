"""Logs: one line of JSON for each deed, with ids; never a payload, a code, a key or a signature."""

import logging
import sys
from typing import Any, Final

import structlog

_MAX_VALUE: Final = 500  # characters; a flood of refused requests must not fill the disk

log: Final[Any] = structlog.get_logger("connector")


def configure(level: str = "info") -> None:
    """Write to standard error, one event a line; a reader that stalls or goes away stops nobody."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _cut,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _cut(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > _MAX_VALUE:
            event[name] = value[:_MAX_VALUE] + "…"
    return event
