"""What was said of a person's tags: tag → when last (microseconds since 1970), and whether it is on then.

The one rule: late news never undoes newer, whichever comes first. Changes the log that it is given.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tell(log: dict[str, Any], listed_at: datetime | None, tag: str, *, is_on: bool, at: datetime) -> bool:
    """Note one tag's state at one moment; whether that was news. At one moment, on wins over off.

    `listed_at`: when the newest full list was told, which says of every tag that it leaves out: off.
    """
    moment = microseconds(at)
    if tag in log:
        known_at, known_on = log[tag]
    else:
        known_at, known_on = None if listed_at is None else microseconds(listed_at), False
    if known_at is not None and (moment, is_on) <= (known_at, known_on):
        return False
    log[tag] = [moment, is_on]
    return True


def tell_all(
    log: dict[str, Any], listed_at: datetime | None, tags: Sequence[str], at: datetime
) -> tuple[dict[str, Any], datetime]:
    """A full list: what it names is on, what it leaves out is off, where nothing newer is known.

    The log after it, and when the newest list was told.
    """
    before = list(log)
    for tag in tags:
        tell(log, listed_at, tag, is_on=True, at=at)
    for tag in before:
        if tag not in tags:
            tell(log, listed_at, tag, is_on=False, at=at)
    newest = at if listed_at is None else max(at, listed_at)
    # What was off by the newest list is off without being noted: the row would grow for ever.
    kept = {tag: said for tag, said in log.items() if said[1] or said[0] > microseconds(newest)}
    return kept, newest


def microseconds(at: datetime) -> int:
    """How a moment stands in a log."""
    return (at - _EPOCH) // timedelta(microseconds=1)
