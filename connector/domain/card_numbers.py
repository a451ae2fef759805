"""Payment card numbers, which nobody should send us: found by their length, first digit and Luhn check.

No text that people write is kept with one in it: a mask leaves its last four digits, as a receipt
does. What somebody is found by (an external id, an e-mail address) and the ids of orders are no such
texts: one in ten ids of sixteen digits passes the check, and masked, two people would become one.
An id of the same length that passes the check by chance would be masked as well, so
a number counts only where some card network gives out numbers that begin so. Those of
13 digits ended in the last century: today they are phone numbers and ids of orders.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

SHOWN: Final = 4
_SHORTEST, _LONGEST = 14, 19
# Groups of three digits and more, as printed on cards (4-4-4-4, 4-6-5), one blank, dash or dot between two.
_GROUPS: Final = re.compile(r"(?<![+\d])\d{3,}(?:[ .\-\u00a0\u2007\u2009-\u2015\u202f]\d{3,})*", re.ASCII)
_DOUBLED: Final = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
_ISSUED: Final = {  # by length, how the networks' numbers begin (ISO/IEC 7812)
    14: re.compile("3[0689]"),
    15: re.compile("3[47]"),
    16: re.compile("[2-9]"),
    17: re.compile("[56]"),
    18: re.compile("[56]"),
    19: re.compile("[456]"),
}


def is_luhn(digits: str) -> bool:
    """Whether the last digit checks the others, as on every payment card."""
    return (sum(map(int, digits[-1::-2])) + sum(map(_DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0


def mask(value: Any) -> Any:
    """The value with every card number in its texts (and every number that is one) masked: `****4242`."""
    if isinstance(value, str):
        return _GROUPS.sub(_masked, value) if len(value) >= _SHORTEST else value
    if isinstance(value, Mapping):
        return {mask(name): mask(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    if type(value) is int and _is_number(str(value)):
        return _hidden(str(value))
    return value


def hide_fields(value: Any, names: Collection[str]) -> Any:
    """The value with what stands in fields of these names hidden, but for its last four letters."""
    if isinstance(value, Mapping):
        return {
            name: _hidden_code(item) if name in names else hide_fields(item, names)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [hide_fields(item, names) for item in value]
    return value


def _hidden_code(value: Any) -> Any:
    """Blocks and lists in a code's place are hidden whole: nobody knows where in them the code is."""
    if value is None or value == "" or isinstance(value, bool):
        return value
    text = str(value) if isinstance(value, str | int) else ""
    return _hidden(text) if len(text) >= 2 * SHOWN else "*" * SHOWN


def _masked(found: re.Match[str]) -> str:
    """A run of groups, each stretch of whole groups that is a card number masked, the longest first."""
    text = found[0]
    if len(text) < _SHORTEST:
        return text
    parts = re.split(r"(\D)", text)  # digits, separator, digits, …
    groups, kept, start = parts[::2], [], 0
    while start < len(groups):
        end = _end(groups, start)
        kept.append(_hidden("".join(groups[start:end])) if end > start else groups[start])
        end = max(end, start + 1)
        kept.extend(parts[2 * end - 1 : 2 * end])
        start = end
    return "".join(kept)


def _end(groups: list[str], start: int) -> int:
    """Behind the last group of the card number that begins with this group; `start` where none does."""
    digits, found = "", start
    for end in range(start, len(groups)):
        digits += groups[end]
        if len(digits) > _LONGEST:
            break
        if _is_number(digits):
            found = end + 1
    return found


def _is_number(digits: str) -> bool:
    begins = _ISSUED.get(len(digits))
    return begins is not None and begins.match(digits) is not None and is_luhn(digits)


def _hidden(digits: str) -> str:
    return "*" * SHOWN + digits[-SHOWN:]
