"""What people say of an endpoint, read: each field within its limits, no header that is not theirs to set.

The one rule: what leaves here can be stored and sent as it is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import urlsplit

from ..domain.accounts import Account
from ..domain.card_numbers import mask
from ..domain.endpoint_health import MAX_CONCURRENCY, MAX_RATE
from ..domain.errors import FieldError, RateLimited, ValidationFailed
from ..domain.messages import is_pattern
from .parts import Parts

MAX_TYPES: Final = 100
MAX_DESCRIPTION: Final = 500
MAX_HEADERS: Final = 20
MAX_HEADERS_BYTES: Final = 4_096
MAX_FILTER: Final = 100
ORDERINGS: Final = ("none", "card")
IN_HASTE_S: Final = 0.05  # what a name may take while others of the account are waited for
FILTERS: Final = ("program", "recipe")
MASKED: Final = "••••••••"
"""How a custom header's value is shown; given back, it leaves the value as it is."""

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_VALUE: Final = re.compile(r"(?=.{1,1024}\Z)[!-~](?:[ !-~]*[!-~])?", re.ASCII)
_OURS: Final = frozenset(
    (
        *("host", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"),
        *("cookie", "user-agent", "accept-encoding", "forwarded", "via", "x-real-ip", "metadata-flavor"),
    )
)
_OUR_FAMILIES: Final = (
    *("content-", "proxy-", "webhook-", "svix-", "connector-", "x-forwarded-"),
    *("x-aws-", "x-amz-", "x-goog-", "x-ms-"),  # a metadata service believes these
)


def read(parts: Parts, account: Account, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The columns for what was given, and warnings; ValidationFailed names the field that is wrong.

    `headers` is left as a mapping: it is sealed where it is stored.
    """
    found: dict[str, Any] = {}
    warnings: list[str] = []
    for name, value in given.items():
        if name == "url":
            found[name], warnings = _url(parts, account, value)
        else:
            found[name] = _READERS[name](value)
    return found, warnings


def host_of(url: str) -> str:
    """The host of a URL that was checked."""
    return urlsplit(url).hostname or ""


def wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field}: {message}", errors=[FieldError(field, message)])


def _url(parts: Parts, account: Account, url: str) -> tuple[str, list[str]]:
    within_s: float | None = None
    with ExitStack() as waiting:
        try:
            waiting.enter_context(parts.long_calls.one(account))
        except RateLimited:  # it need not be known here whether the name resolves: who sends, looks again
            within_s = IN_HASTE_S
        return url, _checked(parts, url, within_s)


def _checked(parts: Parts, url: str, within_s: float | None) -> list[str]:
    try:
        return parts.client.check(url, within_s)
    except ValidationFailed as refusal:
        raise wrong("url", refusal.detail) from refusal


def _event_types(value: Sequence[str]) -> list[str]:
    if not value or len(value) > MAX_TYPES:
        raise wrong("event_types", f"needs 1 to {MAX_TYPES} types")
    for text in value:
        if not is_pattern(text):
            raise wrong(
                "event_types",
                f"{text[:80]!r} is no message type; write one, a family such as gift_card.*, or *",
            )
    return list(dict.fromkeys(value))


def _description(value: str | None) -> str | None:
    if value is not None and len(value) > MAX_DESCRIPTION:
        raise wrong("description", f"has more than {MAX_DESCRIPTION} characters")
    masked: str | None = mask(value)
    return masked


def _metadata(value: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(mask(value or {}))


def _headers(value: Mapping[str, Any] | None) -> dict[str, str]:
    given = value or {}
    if len(given) > MAX_HEADERS:
        raise wrong("headers", f"has {len(given)} headers; {MAX_HEADERS} are the most")
    found: dict[str, str] = {}
    for name, text in given.items():
        small = name.lower()
        if not _NAME.fullmatch(name):
            raise wrong("headers", "has a name that is not 1 to 64 letters, digits and hyphens")
        if small in _OURS or small.startswith(_OUR_FAMILIES):
            raise wrong("headers", f"{small} is ours to set, or means something to machines on the way")
        if small in found:
            raise wrong("headers", f"{small} is there twice")
        if text != MASKED and (not isinstance(text, str) or not _VALUE.fullmatch(text)):
            raise wrong("headers", f"{small} needs 1 to 1,024 visible ASCII characters, blanks inside only")
        found[small] = text
    if sum(len(name) + len(text) for name, text in found.items()) > MAX_HEADERS_BYTES:
        raise wrong("headers", f"are longer than {MAX_HEADERS_BYTES} bytes together")
    return found


def _filter(value: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    if not value:
        return None
    for name, wanted in value.items():
        if name not in FILTERS:
            raise wrong("filter", f"knows {' and '.join(FILTERS)}, not {name[:80]!r}")
        if not (isinstance(wanted, list) and 0 < len(wanted) <= MAX_FILTER) or not all(
            isinstance(one, str) and 0 < len(one) <= MAX_FILTER for one in wanted
        ):
            raise wrong("filter", f"{name} needs a list of 1 to {MAX_FILTER} names")
    return {name: list(dict.fromkeys(wanted)) for name, wanted in value.items()}


def _rate_limit(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= MAX_RATE:
        raise wrong("rate_limit", f"must be 1 to {MAX_RATE} a second, or null")
    return value


def _concurrency(value: int) -> int:
    if not 1 <= value <= MAX_CONCURRENCY:
        raise wrong("concurrency", f"must be 1 to {MAX_CONCURRENCY}")
    return value


def _ordering(value: str) -> str:
    if value not in ORDERINGS:
        raise wrong("ordering", f"must be one of: {', '.join(ORDERINGS)}")
    return value


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "event_types": _event_types,
    "description": _description,
    "metadata": _metadata,
    "headers": _headers,
    "filter": _filter,
    "rate_limit": _rate_limit,
    "concurrency": _concurrency,
    "ordering": _ordering,
}
