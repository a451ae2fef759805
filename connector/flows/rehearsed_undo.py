"""What an event takes back of what a rehearsal gave: by key, source and person, as flows/undoing.py does.

The one rule: what stood before the time began is not given anew, and so only counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..recipes.library import OWN
from ..recipes.schema import SCHEDULED


@dataclass(frozen=True, slots=True)
class Open:
    """A run that can be taken back; `run` None: one of before. `source` and `who` None: not known."""

    run: int | None
    until: datetime
    source: str | None
    who: int | None


def source_of(source: str, kind: str) -> str | None:
    """Whose ids the event's are; None: ours, which mean the same whoever tells them."""
    return None if source == OWN or kind == SCHEDULED else source


def matching(opened: Sequence[Open], source: str | None, who: int | None, now: datetime) -> list[Open]:
    """Those that such an event takes back now: what is not known of either parts none."""
    return [
        one
        for one in opened
        if one.until >= now
        and (source is None or one.source is None or one.source == source)
        and (who is None or one.who is None or one.who == who)
    ]


def is_unclear(found: Sequence[Open], who: int | None) -> bool:
    """Whether the event names nobody, and the runs are of several people: it may be about one of them."""
    return who is None and len({one.who for one in found if one.who is not None}) > 1
