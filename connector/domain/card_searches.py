"""What clients of seed 002 ask of a list of cards, read from a query as they write it.

The one rule: a filter is understood as value and glued to its name, `created_at=>=2020-01-01` and
`created_at:>=2020-01-01`, and all of them hold at once; what is not known is refused by its name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from .cards import BALANCE_STATUSES
from .errors import BadRequest, FieldError

SUMS: Final = ("balance", "initial_value", "amount_spent")
MOMENTS: Final = ("created_at", "updated_at", "disabled_at")
ORDERS: Final = ("id", *MOMENTS, *SUMS, "last_characters")
STATUSES: Final = ("enabled", "disabled", "expired", "expiring")
SOURCES: Final = {
    "manual": ("manual", "import"),
    "purchased": ("purchase",),
    "api_client": ("api", "recipe", "action"),
}
"""Its words for where a card comes from, and ours."""
CHOICES: Final = {"status": STATUSES, "balance_status": BALANCE_STATUSES, "source": tuple(SOURCES)}
TERMS: Final = (*ORDERS, "expires_on", "last4", *CHOICES)
SHOWING: Final = ("limit", "fields", "order", "page_info")
MAX_TEXT: Final = 1_000  # characters of one parameter, as everywhere
MAX_TERMS: Final = 40  # of one list: there are thirteen, and few have two ends

_SIGNED: Final = re.compile(r"([<>]?=?)=?([^<>=].*)?", re.DOTALL)
_NUMBER: Final = re.compile(r"\d{1,16}", re.ASCII)
_SUM: Final = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?P<part>\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_LOST_PLUS: Final = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)", re.ASCII)
_NAMED: Final = re.compile(r"[A-Za-z_]\w*:.*", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that must hold: `name` stands so to `value`. Sums are in whole units of any currency.

    `name`: one of ORDERS, or `expires_at`. `sign`: `>=`, `>`, `<=`, `<` or `=`.
    """

    name: str
    sign: str
    value: int | Decimal | datetime | str


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked, all of it at once. `choices`: by CHOICES' names; `text`: words to be found."""

    bounds: tuple[Bound, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is sorted; cards of which it says nothing count as below all others."""

    name: str = "id"
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A query, taken apart: `filters` as name and what stood behind it, `showing` by SHOWING's names."""

    filters: tuple[tuple[str, str], ...]
    showing: dict[str, str]


def written_in(query: str) -> Written:
    """The parts of what stands behind the question mark; BadRequest."""
    filters: list[tuple[str, str]] = []
    showing: dict[str, str] = {}
    for piece in query.split("&"):
        name, text = _name_and_text(piece)
        if not name and not text:
            continue
        shown = name[:60] if name.isprintable() else "a parameter"
        if len(name) + len(text) > MAX_TEXT:
            raise bad(shown, f"has more than {MAX_TEXT} characters")
        if not (name + text).isprintable():
            raise bad(shown, "holds a control character")
        if name in SHOWING:
            if name in showing:
                raise bad(name, "stands in the query more than once")
            showing[name] = text
        elif name in (*TERMS, "query", "since_id"):
            filters.append((name, text))
        else:
            raise bad(shown, "is not a parameter of this call")
    return Written(tuple(filters), showing)


def search_of(filters: Sequence[tuple[str, str]], timezone: str) -> Search:
    """What the filters ask; days are those of the account's time zone. BadRequest."""
    bounds: list[Bound] = []
    choices: list[tuple[str, str]] = []
    words: list[str] = []
    terms = [one for name, text in filters for one in _terms(name, text, words)]
    if len(terms) > MAX_TERMS:
        raise bad("query", f"has more than {MAX_TERMS} terms")
    for name, text in terms:
        if name in CHOICES:
            choices.append((name, _choice(name, text)))
        else:
            bounds += _bounds(name, text, timezone)
    return Search(tuple(bounds), tuple(dict.fromkeys(choices)), " ".join(words))


def order_of(text: str) -> Order:
    """From `disabled_at DESC`; upwards where no direction is told. BadRequest."""
    name, _, direction = text.strip().partition(" ")
    if name not in ORDERS or direction.strip().upper() not in ("", "ASC", "DESC"):
        raise bad("order", f"is one of {', '.join(ORDERS)}, then ASC or DESC")
    return Order(name, direction.strip().upper() == "DESC")


def bad(name: str, message: str) -> BadRequest:
    """A parameter that is wrong."""
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])


def _name_and_text(piece: str) -> tuple[str, str]:
    """`created_at:>=x`, which a reader of URLs would cut at its `=`, and `created_at=>=x` alike."""
    left, equals, right = piece.partition("=")
    name, value = unquote_plus(left), unquote_plus(right)
    if ":" in name:
        name, _, value = (f"{name}={value}" if value else name).partition(":")
    elif not equals:
        value = ""
    return name, value


def _terms(name: str, text: str, words: list[str]) -> Iterator[tuple[str, str]]:
    """A filter's own term, or the terms of a search; its words beside them go to `words`."""
    if name != "query":
        yield name, text.removeprefix(f"{name}:")
        return
    for part in text.split():
        field, _, rest = part.partition(":")
        if field in TERMS:
            yield field, rest
        elif not _NAMED.fullmatch(part):  # of a field that no card has nothing is asked
            words.append(part)


def _choice(name: str, text: str) -> str:
    if text not in CHOICES[name]:
        raise bad(name, f"is one of {', '.join(CHOICES[name])}")
    return text


def _bounds(name: str, text: str, timezone: str) -> list[Bound]:
    signed = _SIGNED.fullmatch(text)
    sign, value = ("", "") if signed is None else (signed[1] or "=", signed[2] or "")
    if name == "since_id":
        sign = ">" if sign == "=" else ""
    if not sign or not value:
        raise bad(name, "is a value, or one behind >=, <=, > or <")
    if name in ("id", "since_id"):
        return [Bound("id", sign, int(_require(name, _NUMBER, value, "a whole number")))]
    if name in SUMS:
        return [Bound(name, sign, Decimal(_require(name, _SUM, value, "a sum, 25.00")))]
    if name in ("last4", "last_characters"):
        return [Bound("last_characters", sign, value.strip("\"'").lower())]
    try:
        begins, ends = _span(name, value, timezone)
    except (ValueError, OverflowError) as fault:
        kind = "a day, 2027-01-31" if name == "expires_on" else "a moment, 2027-01-31T12:00:00Z"
        raise bad(name, f"must be {kind}") from fault
    return _within("expires_at" if name == "expires_on" else name, sign, begins, ends)


def _require(name: str, form: re.Pattern[str], value: str, kind: str) -> str:
    if not form.fullmatch(value):
        raise bad(name, f"must be {kind}")
    return value


def _span(name: str, value: str, timezone: str) -> tuple[datetime, datetime]:
    """The stretch of time that a day, or a moment as it is shown to the second, stands for."""
    zone = ZoneInfo(timezone)
    if _DAY.fullmatch(value):
        day = date.fromisoformat(value)
        days = (datetime.combine(one, time(0), zone) for one in (day, day + timedelta(days=1)))
        begins, ends = (one.astimezone(UTC) for one in days)
        return begins, ends
    value = _LOST_PLUS.sub(r"\1+\2", value)  # a plus that was not percent-encoded has become a blank
    found = _MOMENT.fullmatch(value)
    if found is None or name == "expires_on":
        raise ValueError(value)
    at = datetime.fromisoformat(value)
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    return at, at + (timedelta(microseconds=1) if found["part"] else timedelta(seconds=1))


def _within(name: str, sign: str, begins: datetime, ends: datetime) -> list[Bound]:
    if sign == "=":
        return [Bound(name, ">=", begins), Bound(name, "<", ends)]
    edge = begins if sign in (">=", "<") else ends
    return [Bound(name, ">=" if sign[0] == ">" else "<", edge)]
