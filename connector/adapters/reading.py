"""Values out of payloads: paths, texts, whole numbers, moments, sums.

What is absent is None; what is there and cannot be read is refused with
NotUnderstood, which names the field. Nothing is guessed and nothing is rounded.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from ..domain.errors import BadAmount, BadJson, FieldError, NotUnderstood
from ..domain.money import MAX_MINOR, Money, require_currency, shown

MAX_TEXT: Final = 255  # the longest id that any platform of ours sends has 130 characters (Calendly's URIs)
MAX_FORM_FIELDS: Final = 500  # a form of people's making has dozens
MAX_PATH: Final = 12  # steps; no payload we know nests deeper
MAX_POINTS: Final = 10**9
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

_ABSENT: Final = frozenset({"", "null", "none", "undefined"})  # no-code senders write these for "no value"
_INDEX: Final = re.compile(r"\d{1,6}", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_EPOCH: Final = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)
_WRITTEN: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)? ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_ZULU: Final = {"UTC": "Z", "GMT": "Z", "Z": "Z"}  # as programs in Ruby write it
_EPOCH_DAY: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS: Final = int(EARLIEST.timestamp()) * 1000
_LAST_S: Final = int(LATEST.timestamp())


def at(payload: Any, path: str) -> Any:
    """What stands at `customer.emails.0`, or None: also where the path crosses a text or leaves a list."""
    value = payload
    for step in path.split(".", MAX_PATH):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def block(value: Any) -> dict[str, Any]:
    """The fields of a block, none where there is no block."""
    return value if isinstance(value, dict) else {}


def blocks(value: Any) -> list[dict[str, Any]]:
    """The blocks of a list, none where there is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def is_path(text: object) -> bool:
    """Whether `text` can be looked up with `at`: names and list places with dots between."""
    return isinstance(text, str) and 0 < len(text.split(".")) <= MAX_PATH and all(text.split("."))


def form(body: bytes) -> dict[str, str]:
    """The fields of a form body, or BadJson; a field sent twice is refused, as a key of JSON is."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError as fault:  # UnicodeError is one of them
        raise BadJson(f"The body is not a form of at most {MAX_FORM_FIELDS} fields in UTF-8") from fault
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("A field stands twice in the form")
    if any("\x00" in text for pair in pairs for text in pair):
        raise BadJson("A text holds a NUL")
    return found


def text(value: Any, field: str, most: int = MAX_TEXT) -> str | None:
    """Trimmed text; a whole number counts as its digits; blank and `null` in words count as absent."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong(field, f"{shown(value)} is not a text")
    written = value.strip()
    if len(written) > most:
        raise wrong(field, f"has {len(written)} characters, at most {most} are read")
    return None if written.casefold() in _ABSENT else written


def whole(value: Any, field: str) -> int | None:
    """A whole number from 0 to a milliard, as JSON number or digits."""
    if isinstance(value, str):
        written = text(value, field)
        if written is None:
            return None
        value = int(written) if _WHOLE.fullmatch(written) else value
    elif isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_POINTS:
        raise wrong(field, f"{shown(value)} is not a whole number from 0 to {MAX_POINTS}")
    return value


def moment(value: Any, field: str, timezone: str) -> datetime | None:
    """A moment in UTC from ISO 8601, epoch seconds or epoch milliseconds.

    Without an offset the clock of `timezone` counts; in the hour that it shows
    twice the first one is meant, in the hour that it leaves out the offset from
    before the change.
    """
    if isinstance(value, str):
        value = text(value, field)
        if value is not None and _EPOCH.fullmatch(value):
            value = Decimal(value)
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        found = _epoch(value)
    else:
        found = _written(value, timezone) if isinstance(value, str) else None
    if found is None or not EARLIEST <= found < LATEST:
        raise wrong(field, f"{shown(value)} is no moment: write 2026-11-20T15:00:00Z, or seconds since 1970")
    return found


def money(value: Any, currency: Any, field: str, standard: str, *, minor: bool = False) -> Money | None:
    """A sum in major units, decimal text or number, not negative; None where there is none.

    `currency` in either case; absent, the source's `standard` one. `1,234.50` is
    refused: half of the world reads it as another sum. `minor`: whole cents.
    """
    if isinstance(value, str):
        value = text(value, field)
    if value is None:
        return None
    code = (text(currency, "currency") or standard).upper()
    if not code:
        raise wrong("currency", "the payload names none, and the source has no currency set")
    try:
        sum_of_money = _sum(value, require_currency(code), minor=minor)
    except BadAmount as fault:
        raise wrong(field, fault.detail) from fault
    if sum_of_money.minor < 0:
        raise wrong(field, f"{sum_of_money} is negative")
    return sum_of_money


def wrong(field: str, message: str) -> NotUnderstood:
    """The refusal of one field."""
    return NotUnderstood(f"`{field}`: {message}", errors=[FieldError(field, message)])


def missing(what: str, wanted: Iterable[str], payload: Any) -> NotUnderstood:
    """The refusal of a payload: what was looked for, and which names stood there instead."""
    names = [*wanted]
    looked = ", ".join(f"`{name}`" for name in names)
    if isinstance(payload, Mapping):
        keys = [str(key)[:40] for key in list(payload)[:20]]
        found = ", ".join(f"`{key}`" for key in keys) or "no field at all"
    else:
        found = f"a JSON {type(payload).__name__}"
    return NotUnderstood(
        f"{what}: looked for {looked}; found {found}",
        errors=[FieldError(name, "is missing") for name in names],
    )


def _epoch(number: int | Decimal) -> datetime | None:
    if not 0 <= number < _LAST_S * 1000:
        return None
    seconds = Decimal(number) / 1000 if number >= _FIRST_MS else Decimal(number)
    if seconds >= _LAST_S:
        return None
    return _EPOCH_DAY + timedelta(microseconds=int(seconds * 1_000_000))


def _written(written: str, timezone: str) -> datetime | None:
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    if clock is None and offset is not None:
        return None
    iso = f"{day}T{clock or '00:00'}" + (":00" if clock is None or len(clock) == 5 else "")
    iso += f".{(fraction or '0')[:6].ljust(6, '0')}"
    try:
        naive = datetime.fromisoformat(iso)
        zone = ZoneInfo(timezone or "UTC") if offset is None else None
        iso += "" if offset is None else _ZULU.get(offset.upper(), offset)
        aware = naive.replace(tzinfo=zone) if zone else datetime.fromisoformat(iso)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError, KeyError, OSError):  # no such day, hour, year or zone
        return None


def _sum(value: Any, currency: str, *, minor: bool) -> Money:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadAmount(f"{shown(value)} is not an amount: write it like 25.00")
    if minor:
        number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
        if not isinstance(number, int) or abs(number) >= MAX_MINOR:
            raise BadAmount(f"{shown(value)} is not a whole number of {currency}'s smallest unit")
        return Money(number, currency)
    return Money.parse(value, currency) if isinstance(value, str) else Money.of_decimal(value, currency)
