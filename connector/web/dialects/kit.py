"""What the dialects share: a call as a value, how one is heard, and readers of their spellings.

The one rule: a dialect's refusals are ours, under its own status and its own names of fields.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from flask import Flask, Response, request

from ...domain.accounts import Account, Actor
from ...domain.errors import BadRequest, ConnectorError, FieldError, ValidationFailed
from ...domain.money import Money
from ...flows.access import Access
from ...flows.gateway import Gateway
from ...flows.perform import Idempotency
from ...operations.kit import Field
from .. import access, fields, problems
from ..access import Gate
from ..arrival import Site, parameters_of
from ..calls import idempotency, json_body
from ..conditions import match_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: who asks, the path's names as text, its Idempotency-Key.

    `with heard.looking():` stands around what finds a card by a code that the caller tells.
    """

    gateway: Gateway
    site: Site
    caller: Access
    path: Mapping[str, str]
    key: Idempotency | None
    looking: Callable[[], AbstractContextManager[None]]

    @property
    def account(self) -> Account:
        return self.caller.account

    @property
    def actor(self) -> Actor:
        """Who does it, as rows keep it."""
        return access.actor(self.caller, "api")

    def body(self, *, may_be_empty: bool = False) -> dict[str, Any]:
        """The JSON object that was sent; BadRequest where nothing was."""
        if not may_be_empty and not request.get_data():
            raise BadRequest("Send a JSON object as the body")
        return json_body(may_be_empty=may_be_empty)

    @property
    def query(self) -> str:
        """What stands behind the question mark, as it was written."""
        return request.query_string.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` as a routing rule; `scopes`: each of them opens it."""

    method: str
    path: str
    scopes: tuple[str, ...]
    title: str
    handle: Callable[[Heard], Response]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One published API. `under`: how its paths begin.

    `statuses`: what its clients expect in place of ours, by error, the nearest kind counts;
    `names`: its fields, by ours.
    """

    name: str
    under: tuple[str, ...]
    routes: tuple[Route, ...]
    statuses: Mapping[type[ConnectorError], int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def install(app: Flask, gateway: Gateway, site: Site, gate: Gate, dialects: Sequence[Dialect]) -> None:
    """Add the routes of each dialect; whatever is refused below its paths is told as it tells things."""
    for dialect in dialects:
        for route in dialect.routes:
            name = f"{dialect.name} {route.method.lower()} {route.path}"
            app.add_url_rule(route.path, name, _view(gateway, site, gate, route), methods=[route.method])

    def listen() -> None:
        for dialect in dialects:
            if any(request.path == one or request.path.startswith(f"{one}/") for one in dialect.under):
                problems.tell_as(problems.Tongue(dialect.statuses, dialect.names))

    app.before_request(listen)


def _view(gateway: Gateway, site: Site, gate: Gate, route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        caller = gate.require(*route.scopes)
        if route.method != "GET":
            match_of(None)  # nothing here has a tag: who relies on one is refused
        return route.handle(
            Heard(
                gateway=gateway,
                site=site,
                caller=caller,
                path=path,
                key=None if route.method == "GET" else idempotency(caller.key),
                looking=lambda: gate.looking(caller),
            )
        )

    return view


def query(known: Sequence[str]) -> dict[str, str]:
    """The query's parameters as text; BadRequest for one that is not known, or stands there twice."""
    found = parameters_of(request.args.to_dict(flat=False))
    for name in found:
        if name not in known:
            wrong = "is not a parameter of this call"
            raise BadRequest(f"{name[:60]} {wrong}", errors=[FieldError(name[:60], wrong)])
    return found


class Sheet:
    """A body on its way to values: its faults are gathered, so that all of them are told at once."""

    def __init__(
        self, given: Mapping[str, Any], known: Sequence[str], passed_over: Sequence[str] = ()
    ) -> None:
        strange = [name for name in given if name not in known and name not in passed_over]
        self._given = given
        self._errors = [FieldError(name[:100], "is not a field of this call") for name in strange]

    def has(self, name: str) -> bool:
        return name in self._given

    def require(self, name: str, read: Callable[[Any], Any]) -> Any:
        """A field that must be there and say something."""
        if self._given.get(name) is None:
            self._errors.append(FieldError(name, "is required"))
            return None
        return self._read(name, read)

    def take(self, name: str, read: Callable[[Any], Any], *, otherwise: Any = None) -> Any:
        """A field that may be left out, or be null."""
        return otherwise if self._given.get(name) is None else self._read(name, read)

    def require_none(self) -> None:
        """Pass if nothing was wrong, else ValidationFailed."""
        fields.require_none(self._errors)

    def _read(self, name: str, read: Callable[[Any], Any]) -> Any:
        try:
            return read(self._given[name])
        except ConnectorError as fault:
            self._errors.append(FieldError(name, fault.detail))
        except ValueError as fault:
            self._errors.append(FieldError(name, str(fault)))
        return None


def as_field(kind: str, *choices: str) -> Callable[[Any], Any]:
    """A reader of the kind that our own calls read."""
    return lambda value: fields.read_one(Field(kind, "", choices), value)


def major(currency: str) -> Callable[[Any], int]:
    """Minor units out of a sum in whole units and fractions, a number or its text; exact or refused."""

    def read(value: Any) -> int:
        money = Money.parse(value, currency) if isinstance(value, str) else Money.of_decimal(value, currency)
        if money.minor < 0:
            raise ValidationFailed("must not be below zero")
        return money.minor

    return read


def number_of(minor: int, currency: str) -> int | Decimal:
    """A sum in whole units as a JSON number, with a fraction only where there is one."""
    text = Money.total(minor, currency).text
    whole, _, part = text.partition(".")
    return Decimal(f"{whole}.{part.rstrip('0')}") if part.strip("0") else int(whole)


def milliseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def moment(value: Any) -> datetime:
    """A moment out of milliseconds since 1970."""
    if type(value) is not int:
        raise ValueError("must be a whole number of milliseconds since 1970")
    if not 0 <= value <= milliseconds(LAST):
        raise ValueError("is out of range")
    return EPOCH + timedelta(milliseconds=value)


def day(value: Any) -> date:
    """A day of the calendar, `2027-01-31`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError('must be a day, "2027-01-31"')
    try:
        return date.fromisoformat(value)
    except ValueError as fault:
        raise ValueError("is no day of the calendar") from fault


def whole_in(text: str) -> int | None:
    """The whole number that a path or a query holds; None where it is none."""
    return int(text) if _WHOLE.fullmatch(text) else None
