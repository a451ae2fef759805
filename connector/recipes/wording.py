"""How faults speak: «did you mean», and lists of what would have been right.

One rule: words an operator knows, never those of the libraries underneath.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MAX_LISTED: Final = 12  # more names than this help nobody
MAX_SUGGESTED_FOR: Final = 80  # comparing longer words costs time and finds nothing
MAX_QUOTED: Final = 60


def suggest(word: str, known: Iterable[str]) -> str:
    """`: did you mean `x`?`, or the list of what is known where it is short, or nothing."""
    names = list(known)
    if len(word) <= MAX_SUGGESTED_FOR:
        folded = {name.casefold(): name for name in names}
        close = get_close_matches(word.casefold(), list(folded), 1, 0.6)
        if close:
            return f": did you mean `{folded[close[0]]}`?"
    return f" (known: {listed(names)})" if 0 < len(names) <= MAX_LISTED else ""


def listed(names: Iterable[str]) -> str:
    """`a, b, c`."""
    return ", ".join(names)


def quoted(text: str) -> str:
    """The text in backticks, on one line, cut where it is long."""
    flat = " ".join(text.split())
    return f"`{flat if len(flat) <= MAX_QUOTED else flat[: MAX_QUOTED - 1] + '…'}`"
