"""Card codes: what a customer reads out, types in and must not be able to guess.

A made code has 16 symbols of 32 (80 bits) and a check symbol, in four groups:
`7K2Q-M4XA-9RTC-HWNE-3`. Without 0, O, 1 and I nothing looks like anything else.
"""

import re
from typing import Final

from .card_numbers import is_luhn
from .errors import ValidationFailed
from .ids import random_symbols

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RANDOM_SYMBOLS: Final = 16
SANDBOX_PREFIX: Final = "TEST"
MIN_CHOSEN: Final = 6
MAX_CHOSEN: Final = 64
MAX_PREFIX: Final = 8

_FIELD: Final = 0b100101  # x⁵ + x² + 1, primitive: 2 runs through all 31 elements that are not 0
_SEPARATORS: Final = re.compile(r"[ \-]+")
# A pattern that minds no case takes these for the letters, so what looks for it first must too.
_PLAIN: Final = str.maketrans(
    {" ": None, "-": None, "\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}
)
_CHOSEN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 \-]*[A-Za-z0-9])?", re.ASCII)
_PREFIX: Final = re.compile(rf"[A-Z0-9]{{2,{MAX_PREFIX}}}", re.ASCII)
_CARD_NUMBER: Final = re.compile(r"\d{13,19}", re.ASCII)


def new_code(*, sandbox: bool, prefix: str | None = None) -> str:
    """A code to show to people, grouped by dashes; a sandbox account's begins with `TEST`.

    `prefix` is a program's own (`GLOW-7K2Q-…`), and adds nothing to what must be guessed.
    """
    symbols = random_symbols(ALPHABET, RANDOM_SYMBOLS)
    while symbols.startswith(SANDBOX_PREFIX):  # one in a million, and would be taken for a sandbox's
        symbols = random_symbols(ALPHABET, RANDOM_SYMBOLS)
    whole = symbols + check_symbol(symbols)
    groups = [whole[start : start + 4] for start in range(0, len(whole), 4)]
    return "-".join([*([SANDBOX_PREFIX] if sandbox else []), *([prefix] if prefix else []), *groups])


def require_prefix(text: str) -> str:
    """What every code of a program begins with, or ValidationFailed."""
    if not _PREFIX.fullmatch(text) or text.startswith(SANDBOX_PREFIX):
        raise ValidationFailed(
            f"A prefix has 2 to {MAX_PREFIX} capital letters and digits, and is not {SANDBOX_PREFIX}…"
        )
    return text


def check_symbol(symbols: str) -> str:
    """The symbol that makes the whole valid: a sum weighted by powers of 2 in the field of 32 elements.

    Every single wrong symbol shows, and every two in the wrong order, neighbours
    or not, since up to 31 places no weight comes twice. (ISO 7064's hybrid system
    would be modulo 33 and 32: 33 is no prime, and it misses some neighbours.)
    """
    total = 0
    for symbol in symbols:
        total = (total ^ ALPHABET.index(symbol)) << 1
        total ^= _FIELD if total & len(ALPHABET) else 0
    return ALPHABET[total]


def normal(code: str) -> str:
    """The form under which a code is compared: no blanks or dashes, lower case.

    Only ASCII has lower case here: a Kelvin sign is no K, and finds no card.
    """
    symbols = _SEPARATORS.sub("", code)
    return symbols.lower() if symbols.isascii() else symbols


def spelled(code: str) -> re.Pattern[str]:
    """Every spelling under which `code` can be spent: in any case, with blanks and dashes anywhere inside."""
    symbols = [re.escape(symbol) for symbol in normal(code)]
    return re.compile(r"[ \-]*".join(symbols), re.IGNORECASE)


def hide(text: str, code: str, shown: str) -> str:
    """`text` with every spelling of `code` in it replaced by `shown`.

    Nearly no text has one, and every card has another code: a pattern is made only for a text that has.
    """
    if len(text) < len(symbols := normal(code)) or symbols not in text.translate(_PLAIN).lower():
        return text
    return spelled(code).sub(shown, text)


_TOKEN: Final = re.compile(
    rf"(?<![A-Za-z0-9])(?:{SANDBOX_PREFIX}[ \-]?)?[{ALPHABET}](?:[ \-]?[{ALPHABET}]){{16}}(?![A-Za-z0-9])",
    re.I,
)


def mask_made(text: str, shown: str) -> str:
    """`text` with every code that we could have made replaced by `shown`.

    Their form and check symbol tell them from other ids: one in thirty of those that
    have just this form would be taken for a code.
    """

    kept, end, at = [], 0, 0
    while (found := _TOKEN.search(text, at)) is not None:
        at = found.start() + 1  # the word or prefix in front may look like a code's beginning
        symbols = normal(found[0]).upper()[-RANDOM_SYMBOLS - 1 :]
        if check_symbol(symbols[:-1]) == symbols[-1]:
            kept += [text[end : found.start()], shown] if found.start() >= end else []
            end = found.end()
    return "".join([*kept, text[end:]])


def last4(code: str) -> str:
    """The last four symbols, in capitals, as people may see them."""
    return normal(code)[-4:].upper()


def require_chosen(text: str, *, sandbox: bool = False) -> str:
    """A code that the caller chose, checked: letters, digits, blanks and dashes, 6 to 64 symbols.

    A sandbox account's begins with `TEST`, and nobody else's does.
    """
    code = text.strip(" ")
    symbols = normal(code)
    is_short = len(code) <= 2 * MAX_CHOSEN  # with a dash after every symbol
    if not is_short or not _CHOSEN.fullmatch(code) or not MIN_CHOSEN <= len(symbols) <= MAX_CHOSEN:
        raise ValidationFailed(
            f"A code has {MIN_CHOSEN} to {MAX_CHOSEN} letters and digits, with blanks or dashes between"
        )
    if _CARD_NUMBER.fullmatch(symbols) and is_luhn(symbols):
        raise ValidationFailed("This looks like a payment card's number; choose another code")
    if symbols.startswith(SANDBOX_PREFIX.lower()) != sandbox:
        raise ValidationFailed(
            f"In a sandbox account a code begins with {SANDBOX_PREFIX}, and nowhere else; choose another code"
        )
    return code
