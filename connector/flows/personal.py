"""Who somebody is, taken out of what is kept of a run: for whoever sets `[recipes] mask_personal`.

The one rule: rather too much than too little. What a platform or a person wrote is hidden whole
where a trace says that it was read; what tells who is concerned is hidden in every other text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..domain.errors import ConnectorError
from ..domain.money import Money

HIDDEN: Final = "(personal)"
"""As it is read in a trace; numbers, sums and our own ids stay."""

_NAMES: Final = ("external_id", "email", "phone", "first_name", "last_name", "name")
_OPEN: Final = re.compile(
    r"(?:contact\.(?:external_id|email|phone|first_name|last_name|attributes)"
    r"|event\.(?:contact|referrer|form|data)|card\.(?:sender|recipient|message|note)|item)(?:\.|$)"
)
"""Paths below which stands what people and platforms wrote."""

_SHORTEST: Final = 2  # letters; initials say little, and would be found in every word
_WRITTEN: Final = ("message", "note")
_OURS: Final = ("schedule", "ledger")
_MOST: Final = 500  # texts of one payload: those of the largest would take seconds to look for
_LONG: Final = 4  # of what merely was read: `US` or `yes` tells of nobody
_CUT: Final = 20  # letters of a long text: a trace has only its beginning, and so what follows goes too
_DIGITS: Final = 7  # of a number that may be a telephone's
# An address begins where a word does, so that a long word is gone over once, not once from each letter.
_MAIL: Final = re.compile(r"(?<![^\s@<>,;\"'])[^\s@<>,;\"']++@[^\s@<>,;\"']+\.[^\s@<>,;\"']+")
_PHONE: Final = re.compile(r"\+\d[\d ()/.-]{6,}\d")
_OWN_WORDS: Final = ("line", "text", "step", "id", "verdict", "would")
"""Parts of a trace's line that the recipe wrote, not the event."""

Hidden = re.Pattern[str] | None


def known(
    envelope: Mapping[str, Any],
    shown: Mapping[str, Any] | None,
    card: Mapping[str, Any] | None,
    trace: Sequence[Mapping[str, Any]] = (),
) -> Hidden:
    """What finds, in any text, who the event concerns; None: nothing is known of anybody."""
    people = [shown, envelope.get("contact"), envelope.get("referrer")]
    people += [(card or {}).get(name) for name in ("sender", "recipient")]
    texts = {str(one[name]) for one in people if isinstance(one, Mapping) for name in _NAMES if one.get(name)}
    texts = {text for text in texts if len(text) >= _SHORTEST}
    open_parts = [(shown or {}).get("attributes"), *((card or {}).get(name) for name in _WRITTEN)]
    if envelope.get("source") not in _OURS:  # what we tell ourselves has ids and words of ours
        open_parts += [envelope.get("data"), envelope.get("form")]
    wrote = [text for line in trace for text in _read(line)] + [*_texts(open_parts)]
    texts |= set([text for text in wrote if len(text) >= _LONG][:_MOST])
    if not texts:
        return None
    each = "|".join(_found_by(text) for text in sorted(texts, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{each})", re.IGNORECASE | re.DOTALL)


def _found_by(text: str) -> str:
    return re.escape(text[:_CUT]) + (".*" if len(text) > _CUT else r"(?!\w)")


def without(value: Any, hidden: Hidden) -> Any:
    """The value with everybody hidden in its texts."""
    if isinstance(value, str):
        found = value if hidden is None else hidden.sub(HIDDEN, value)
        return _PHONE.sub(HIDDEN, _MAIL.sub(HIDDEN, found))
    if isinstance(value, Mapping):
        return {name: without(item, hidden) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without(item, hidden) for item in value]
    return value


def in_trace(trace: Sequence[Mapping[str, Any]], hidden: Hidden) -> list[Any]:
    """The lines with everybody hidden; what was read of what people wrote is hidden whole."""
    return [{name: _part(name, value, hidden) for name, value in line.items()} for line in trace]


def _part(name: str, value: Any, hidden: Hidden) -> Any:
    if name in _OWN_WORDS:
        return value
    return _values(value, hidden) if name == "values" else without(value, hidden)


def _values(values: Any, hidden: Hidden) -> Any:
    if not isinstance(values, Mapping):
        return without(values, hidden)
    return {
        path: _whole(value) if _OPEN.match(path) else without(value, hidden) for path, value in values.items()
    }


def _whole(value: Any) -> Any:
    """With every text in it hidden, but for sums."""
    if isinstance(value, str):
        return value if _is_plain(value) else HIDDEN
    if isinstance(value, Mapping):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    is_long = not isinstance(value, bool) and isinstance(value, int | Decimal) and len(str(value)) >= _DIGITS
    return HIDDEN if is_long else value


def _read(line: Mapping[str, Any]) -> Iterator[str]:
    """The texts that a line read of what people and platforms wrote."""
    values = line.get("values")
    for path, value in values.items() if isinstance(values, Mapping) else ():
        if _OPEN.match(path):
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and not _is_plain(value):
        yield value.removesuffix("…")
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _is_plain(text: str) -> bool:
    """Whether it is a sum or a short number."""
    if re.fullmatch(r"[-+]?[\d.,]+", text, re.ASCII):
        return len(text) < _DIGITS
    try:
        Money.parse_written(text)
    except ConnectorError:
        return False
    return True
