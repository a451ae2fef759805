"""Notifications to people: what a sending came to, and when it is tried again. Pure tables and functions.

The rule that holds: only the recipient's own side ends a notification for good; what is wrong
with our own server, name or password is tried again, for somebody will mend it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

BY_MAIL: Final = "email"
WAYS: Final = (BY_MAIL, "sms")
GIFT_CARD: Final = "gift-card"
"""The letter by which a card is delivered."""

ACCESS_TOKEN: Final = "access-token"
"""The letter that holds an account's key: written when it is made, shown to nobody, kept until it is sent."""

STATES: Final = ("pending", "sending", "retrying", "sent", "failed", "cancelled", "simulated")
OPEN_STATES: Final = ("pending", "sending", "retrying")
SCHEDULE: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),  # greylisting lets a second try in
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),  # falls into somebody's working day
    timedelta(hours=24),  # two days in all; later a gift has lost its day
)
TOLD_MAX: Final = timedelta(hours=24)
MAX_DETAIL: Final = 300
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Written:
    """A notification as it is sent. `subject` and `html` are empty in a text message."""

    text: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """One notification for one address: `id` is stable over all tries; `sender_name` the business's."""

    id: str
    to: str
    written: Written
    sender_name: str = ""
    to_name: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The far server took it; `reference` is its own name for it."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It did not go, or nobody knows: it is tried again, `told` at the earliest."""

    reason: str
    detail: str = ""
    told: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never go to this address."""

    reason: str
    detail: str = ""


Result = Taken | Later | Refused


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known of a template beforehand: by which ways it goes, by which of them it speaks of a card."""

    ways: tuple[str, ...]
    of_card: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """What can be sent from here: by which ways, which letters. `wake` is called after a commit."""

    ways: frozenset[str] = frozenset()
    letters: Mapping[str, Letter] = field(default_factory=dict)
    wake: Callable[[], None] = lambda: None


NO_POST: Final = Post()


def next_try(notification: str, tries: int, result: Later) -> timedelta | None:
    """How long to wait after try number `tries` (from 1); None: that was the last one.

    Up to a fifth more than planned, by the notification and the number: the same after a restart.
    """
    if tries > len(SCHEDULE):
        return None
    planned = SCHEDULE[tries - 1]
    if result.told is not None:
        planned = max(planned, min(result.told, TOLD_MAX))
    digest = hashlib.sha256(f"{notification}.{tries}".encode()).digest()
    return planned * (1 + int.from_bytes(digest[:6]) / 2**48 / 5)


def one_line(text: str, most: int = MAX_DETAIL) -> str:
    """Any text as it may stand in a header or a list: one line, no control characters, so long at most."""
    return " ".join(_CONTROLS.sub(" ", text).split())[:most].strip()


def without(text: str, *secrets: str) -> str:
    """A server's words without the addresses and secrets that we sent it."""
    for secret in secrets:
        if len(secret) >= 4:
            text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
    return one_line(text)


def address_kind(way: str) -> str:
    """What of a person a way needs."""
    return _KINDS[way]


_KINDS: Final[Mapping[str, str]] = {"email": "email", "sms": "phone"}
