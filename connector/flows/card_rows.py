"""A card as a row of a file, in both directions: what an export writes, an import reads again.

The one rule: every fault of a row names its column, and nothing is guessed.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.accounts import Account
from ..domain.contacts import normal_email, normal_phone, says_nothing
from ..domain.errors import BadJson, ConnectorError, FieldError, ValidationFailed
from ..domain.jsontext import dumps, load_object
from ..domain.money import Money, require_currency
from ..domain.validity import end_of_day
from ..operations.issue import Issue

PERSON: Final = ("external_id", "email", "phone", "first_name", "last_name")
RECIPIENT: Final = {"recipient_name": "name", "recipient_email": "email", "recipient_phone": "phone"}
PLAIN: Final = ("code", "program", "kind", "message", "note")
MONEY: Final = ("amount", "balance", "initial_amount")
COLUMNS: Final = (
    *("code", "amount", "balance", "initial_amount", "currency", "kind", "program", *PERSON, *RECIPIENT),
    *("sender_name", "message", "note", "usable_at", "expires_at", "expires_on"),
    *("disabled_at", "disabled_finally", "metadata"),
)
"""What a file may hold of a card."""

TOLD: Final = ("id", "last4", "state", "held", "source", "created_at", "error")
"""What an export or a file of rejected rows tells besides; an import passes over it."""

WRITTEN: Final = (
    *("id", "last4", "state", "currency", "balance", "held", "initial_amount", "kind", "program"),
    *(*PERSON, *RECIPIENT, "sender_name", "message", "note", "usable_at", "expires_at"),
    *("disabled_at", "disabled_finally", "metadata", "source", "created_at"),
)
"""The columns of an export, in their order; `code` stands behind the id where it is asked for."""

PHONES: Final = ("phone", "recipient_phone")
"""Where a plus at the beginning is no formula."""

_MAX_METADATA_BYTES: Final = 8_192  # as REST takes them
_MAX_METADATA_KEYS: Final = 50
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class CardRow:
    """What a row asks for: an issue, then its balance brought to `balance` (minor units), then its end."""

    issue: Issue
    balance: int
    disabled_at: datetime | None = None
    disabled_finally: bool = False


def require_columns(names: Sequence[str]) -> None:
    """Pass if a file with these columns can be read, else ValidationFailed naming the first that is wrong."""
    for place, name in enumerate(names, 1):
        if name not in COLUMNS and name not in TOLD:
            near = difflib.get_close_matches(name[:60], COLUMNS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(COLUMNS)}"
            raise _wrong(name[:60] or f"column {place}", f"is not a column of cards{hint}")
        if name in names[: place - 1]:
            raise _wrong(name, "stands twice in the header")
    if not {*names} & {*MONEY}:
        raise _wrong("amount", "is missing: a file has a column amount or balance")


def read(account: Account, values: Mapping[str, Any]) -> CardRow:
    """The row's card; ValidationFailed with everything that is wrong, by column.

    `values`: texts by column, `metadata` an object or its JSON; what is empty is left out.
    """
    reading = _Reading(account, {name: one for name, one in values.items() if one not in ("", None)})
    found = reading.card()
    if found is None:
        faults = reading.faults
        raise ValidationFailed("; ".join(f"{one.field} {one.message}" for one in faults), errors=faults)
    return found


class _Reading:
    """One row on its way: the faults are gathered, so that all of them are told at once."""

    def __init__(self, account: Account, values: Mapping[str, Any]) -> None:
        self._account = account
        self._values = values
        self.faults: list[FieldError] = []

    def card(self) -> CardRow | None:
        for name, value in self._values.items():
            if name in TOLD:
                continue
            if name not in COLUMNS:
                self._fault(name[:60], "is not a column of cards")
            elif not isinstance(value, str) and name not in ("metadata", "disabled_finally"):
                hint = ' like "25.00"' if name in MONEY else ""
                self._fault(name, f"must be text{hint}")
        if self.faults:
            return None
        currency = self._one("currency", require_currency) or self._account.currency
        initial, balance = self._sums(currency)
        issue = {
            "amount": initial,
            "currency": currency,
            **{name: self._values[name] for name in PLAIN if name in self._values},
            "contact": self._person(),
            "recipient": self._recipient(),
            "sender": {"name": self._values["sender_name"]} if "sender_name" in self._values else None,
            "usable_at": self._one("usable_at", self._begins),
            "expires_at": self._expires(),
            "metadata": self._one("metadata", _metadata),
        }
        disabled_at = self._one("disabled_at", _moment)
        is_final = bool(self._one("disabled_finally", _flag))
        if is_final and disabled_at is None:
            self._fault("disabled_finally", "says nothing without disabled_at")
        if self.faults:
            return None
        return CardRow(Issue(**issue), balance, disabled_at, is_final)

    def _sums(self, currency: str) -> tuple[int, int]:
        """What the card began with, and what is on it."""
        if "amount" in self._values and "balance" in self._values:
            self._fault("amount", "give amount or balance, not both")
        given = {name: self._one(name, lambda text: Money.parse(text, currency)) for name in MONEY}
        held = given["amount"] or given["balance"]
        began = given["initial_amount"] or held
        if held is None or began is None:
            if not self.faults:
                self._fault("amount", "is required")
            return 0, 0
        name = "amount" if given["amount"] is not None else "balance"
        if held.minor < 0:
            self._fault(name, "must not be below zero")
        elif began.minor < 0 or (began.minor == 0 and given["initial_amount"] is None):
            column = name if given["initial_amount"] is None else "initial_amount"
            self._fault(column, "must be above zero; an empty card needs its initial_amount")
        return began.minor, held.minor

    def _person(self) -> dict[str, str] | None:
        """By what reads nowhere as an address or number a contact would be made without it: refused."""
        person = {name: self._values[name] for name in PERSON if name in self._values}
        if "email" in person and normal_email(person["email"]) is None:
            self._fault("email", "is no e-mail address")
        if "phone" in person and normal_phone(person["phone"], self._account.country) is None:
            self._fault("phone", "is no phone number; write it like +14155550113")
        if person and not {"external_id", "email", "phone"} & {*person}:
            self._fault(next(iter(person)), "needs external_id, email or phone beside it")
        return person or None

    def _recipient(self) -> dict[str, str] | None:
        told = {part: self._values[name] for name, part in RECIPIENT.items() if name in self._values}
        if not says_nothing(told.get("email")) and normal_email(told["email"]) is None:
            self._fault("recipient_email", "is no e-mail address")
        if not says_nothing(told.get("phone")) and normal_phone(told["phone"], self._account.country) is None:
            self._fault("recipient_phone", "is no phone number; write it like +14155550113")
        return told or None

    def _expires(self) -> datetime | None:
        if "expires_at" in self._values and "expires_on" in self._values:
            self._fault("expires_on", "give expires_at or expires_on, not both")
        ends: datetime | None = self._one("expires_at", self._ends) or self._one("expires_on", self._ends)
        return ends

    def _ends(self, text: str) -> datetime:
        """A moment, or the end of a day of the account's calendar."""
        return end_of_day(_day(text), self._account.timezone) if _DAY.fullmatch(text) else _moment(text)

    def _begins(self, text: str) -> datetime:
        """A moment, or the first one of a day of the account's calendar."""
        if not _DAY.fullmatch(text):
            return _moment(text)
        zone = ZoneInfo(self._account.timezone)
        return datetime.combine(_day(text), time(0), zone).astimezone(UTC)

    def _one(self, name: str, read_one: Callable[[Any], Any]) -> Any:
        if name not in self._values:
            return None
        try:
            return read_one(self._values[name])
        except ConnectorError as fault:
            self._fault(name, fault.detail)
        except (ValueError, OverflowError) as fault:
            self._fault(name, str(fault))
        return None

    def _fault(self, name: str, message: str) -> None:
        self.faults.append(FieldError(name, message))


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise ValueError('is no moment: write a day, "2027-01-31", or "2027-01-31T12:00:00Z"')
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise ValueError("is no moment of the calendar") from fault


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise ValueError("is no day of the calendar") from fault


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in _FLAGS:
        raise ValueError("must be true or false")
    return _FLAGS[value.lower()]


def _metadata(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = load_object(value.encode())
        except (BadJson, UnicodeEncodeError) as fault:
            raise ValueError('must be a JSON object, {"key": "value"}') from fault
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    if len(value) > _MAX_METADATA_KEYS or len(dumps(value)) > _MAX_METADATA_BYTES:
        raise ValueError(f"has more than {_MAX_METADATA_KEYS} keys or {_MAX_METADATA_BYTES} bytes")
    return value


def _wrong(name: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{name} {message}", errors=[FieldError(name, message)])
