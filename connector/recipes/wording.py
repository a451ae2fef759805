"""How faults speak: «did you mean», and lists of what would have been right.

One rule: words an operator knows, never those of the libraries underneath.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

MAX_LISTED: Final = 12  # more names than this help nobody
MAX_SUGGESTED_FOR: Final = 80  # comparing longer words costs time and finds nothing
MAX_QUOTED: Final = 60
MAX_KEPT: Final = 500  # of comparisons, which are slow: one slip often stands in many files


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` most likely stands for, or None."""
    return None if len(word) > MAX_SUGGESTED_FOR else _closest(word.casefold(), tuple(known))


@lru_cache(MAX_KEPT)
def _closest(word: str, known: tuple[str, ...]) -> str | None:
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word, list(folded), 1, 0.6)
    return folded[close[0]] if close else None


def suggest(word: str, known: Iterable[str]) -> str:
    """`: did you mean `x`?`, or the list of what is known where it is short, or nothing."""
    names = list(known)
    close = closest(word, names)
    if close is not None:
        return f": did you mean `{close}`?"
    return f" (known: {listed(names)})" if 0 < len(names) <= MAX_LISTED else ""


def listed(names: Iterable[str]) -> str:
    """`a, b, c`."""
    return ", ".join(names)


def quoted(text: str) -> str:
    """The text in backticks, on one line, cut where it is long."""
    flat = " ".join(text.split())
    return f"`{flat if len(flat) <= MAX_QUOTED else flat[: MAX_QUOTED - 1] + '…'}`"
