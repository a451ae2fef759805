"""From an operation's fields to words on the command line, and back to its command.

Everything follows from a field's kind: the card and the first sum are arguments,
the rest are options. A field added to an operation is an option here the same day.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import click

from ..domain.errors import BadAmount
from ..domain.money import Money
from ..operations.kit import Field, Operation
from .moments import Moment, moment_option

ENDS: Final = "expires"
"""How fields begin that say when something ends: a day there is its end."""

PERSON: Final = ("external_id", "email", "phone")
"""By these a contact is found: where an operation takes a `contact`, each has an option of its own."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A sum without its currency, which is that of the sum before it."""

    text: str


def parameters(operation: Operation) -> list[click.Parameter]:
    """Arguments first, in the order of the fields; then options."""
    made = [
        one for name, field in operation.of_path.items() for one in _parameters_of(operation, name, field)
    ]
    return sorted(made, key=lambda one: isinstance(one, click.Option))


def command_of(
    operation: Operation, given: Mapping[str, Any], now: Callable[[], datetime], timezone: str
) -> object:
    """The operation's command from what `parameters` gave; what was left out has its default.

    Spans count from `now`, by the calendar of `timezone`; a day is its end where a field says an end.
    """
    values: dict[str, Any] = {}
    for name, field in operation.fields.items():
        value = given.get(name)
        if field.kind == "mapping":
            value = _mapping(name, value, given)
        if value is None or value is False or value in ({}, ()):  # 0 is a number that was given
            continue
        if isinstance(value, Bare):
            value = _completed(values, name, value)
        if isinstance(value, Money):
            _require_one_currency(values, value)
            values["currency"] = value.currency
            value = value.minor
        elif isinstance(value, Moment):
            value = value.after(now(), timezone, is_end=name.startswith(ENDS))
        values[name] = value
    return operation.command(**values)


def written(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as JSON: two calls with the same words are alike, whenever they are made."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Money):
            found[name] = str(value)
        elif isinstance(value, Bare | Moment):
            found[name] = value.text
        elif value not in (None, ()):
            found[name] = value
    return found


def _parameters_of(operation: Operation, name: str, field: Field) -> Iterator[click.Parameter]:
    option = "--" + name.replace("_", "-")
    # In REST's path somebody always stands; here a described contact may stand in for an id.
    is_required = name in operation.required or (field.is_path and "contact" not in operation.fields)
    help_text = field.help
    if field.kind == "currency":
        if not _sums(operation):
            yield click.Option([option, name], help=help_text)
    elif field.kind == "card" or field.is_path:
        yield click.Argument([name], required=is_required)
    elif field.kind == "money" and name == _sums(operation)[0]:
        # Several words: `25.00 USD` without quotes is what people type.
        read = _read_first_money if len(_sums(operation)) > 1 else _read_money
        yield click.Argument([name], nargs=-1, required=is_required, callback=read)
    elif field.kind == "money":
        yield click.Option([option, name], callback=_read_bare, required=is_required, help=help_text)
    elif field.kind == "flag":
        yield click.Option([option, name], is_flag=True, help=help_text)
    elif field.kind == "moment":
        yield click.Option([option, name], callback=moment_option, required=is_required, help=help_text)
    elif field.kind == "texts":
        metavar = name.removesuffix("s").upper()
        yield click.Option(
            [option, name], multiple=True, metavar=metavar, help=f"{help_text}; again for more"
        )
    elif field.kind == "mapping":
        yield from _mapping_options(option, name, help_text)
    else:
        kind = click.Choice(field.choices) if field.choices else _KINDS[field.kind]
        yield click.Option([option, name], type=kind, required=is_required, help=help_text)


_KINDS: Final[Mapping[str, Any]] = {
    "text": click.STRING,
    "contact": click.STRING,
    "any": click.STRING,
    "whole": click.INT,
}


def _mapping_options(option: str, name: str, help_text: str) -> Iterator[click.Parameter]:
    yield click.Option(
        [option, name],
        multiple=True,
        metavar="KEY=VALUE",
        callback=_read_pairs,
        help=f"{help_text}; again for more",
    )
    if name == "contact":
        for part in PERSON:
            yield click.Option(["--" + part.replace("_", "-"), part], help=f"The contact's {part}.")


def _mapping(name: str, value: Mapping[str, str] | None, given: Mapping[str, Any]) -> dict[str, str]:
    found = dict(value or {})
    if name == "contact":
        found.update({part: given[part] for part in PERSON if given.get(part) is not None})
    return found


def _sums(operation: Operation) -> list[str]:
    return [name for name, field in operation.fields.items() if field.kind == "money"]


def _require_one_currency(values: Mapping[str, Any], money: Money) -> None:
    known = values.get("currency", money.currency)
    if known != money.currency:
        raise click.UsageError(f"{money} and the sum before it have different currencies.")


def _read_money(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...] | str | None
) -> Money | None:
    if not value:
        return None
    text = value if isinstance(value, str) else " ".join(value)
    try:
        return Money.parse_written(text)
    except BadAmount as fault:
        raise click.BadParameter(fault.detail) from fault


def _read_first_money(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> Money | None:
    """As _read_money; the currency of an option's sum without quotes ends up behind our own words."""
    words = value[:2] if len(value) == 3 and value[1] == value[2] else value
    return _read_money(context, parameter, words)


def _read_bare(context: click.Context, parameter: click.Parameter, value: str | None) -> Money | Bare | None:
    return Bare(value) if value and " " not in value else _read_money(context, parameter, value)


def _completed(values: Mapping[str, Any], name: str, bare: Bare) -> Money:
    """With the currency of the sum before it."""
    option = "--" + name.replace("_", "-")
    try:
        return Money.parse(bare.text, values.get("currency") or "")
    except BadAmount as fault:
        raise click.BadParameter(fault.detail, param_hint=option) from fault


def _read_pairs(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for text in value:
        key, equals, said = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text[:60]!r} names no value: write key=value")
        found[key] = said
    return found or None
