"""From a TOML file to Settings, or every fault of the file at once, each with its place.

The one rule: whatever stands in the file ends in Settings or in FaultyFiles, and
no message repeats a secret.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..domain.errors import Fault, FaultyFiles
from ..domain.money import shown
from .grammar import did_you_mean
from .relations import CheckSource, Parts, misfits, passwords_in_clear
from .secret import Surroundings
from .settings import (
    ARRAYS,
    TABLES,
    AccountSettings,
    Caps,
    ExchangeRates,
    Recipes,
    Section,
    Settings,
    SourceSettings,
    Templates,
    beside,
)
from .toml_places import Place, Places, TomlPath, last_statement

VARIABLE: Final = "CONNECTOR_CONFIG"
USUAL_NAME: Final = "config.toml"
MAX_BYTES: Final = 1_048_576  # an agency with thousands of sources stays below
NEW_KEY: Final = (
    'make a key with: openssl rand -base64 32, keep it in CONNECTOR_KEY, write ["env:CONNECTOR_KEY"]'
)

_POSITION: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_END: Final = " (at end of document)"
_WORDS: Final = {
    "string_type": "write text in quotes",
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "tuple_type": "write a list: [ … ]",
    "model_type": "write a table",
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "too_long": "at most {max_length} are allowed",
    "string_too_long": "at most {max_length} characters",
    "greater_than_equal": "{ge} is the least",
    "less_than_equal": "{le} is the most",
    "literal_error": "write {expected}",
}

_Table = TypeVar("_Table", bound=Section)


def environment() -> Mapping[str, str]:
    """The process's environment as it is now; nothing else in the program reads it."""
    return dict(os.environ)


def find(given: Path | None, environ: Mapping[str, str], folder: Path = Path()) -> Path | None:
    """The configuration file: `given`, else CONNECTOR_CONFIG, else config.toml in `folder`, else None."""
    if given is not None:
        return given
    named = environ.get(VARIABLE, "").strip()
    if named:
        return folder / named
    usual = folder / USUAL_NAME
    return usual if usual.exists() else None


def load(
    path: Path, environ: Mapping[str, str], adapters: Collection[str], check: CheckSource | None = None
) -> Settings:
    """The settings in the file `path`, or FaultyFiles.

    Paths in it begin at its own folder. `adapters` are the names that a source
    may give; `check` lists an adapter's own faults of a source, as
    `key: what is wrong`.
    """
    text = _text_of(path)
    raw, places = _parsed(path, text)
    return _Reading(path, raw, places, environ).settings(adapters, check)


def folders(path: Path) -> tuple[Path, Path]:
    """Where the file says that recipes and templates are; FaultyFiles.

    Nothing else in it is looked at: whoever writes a recipe has none of its secrets.
    """
    raw, places = _parsed(path, _text_of(path))
    return _Reading(path, raw, places, {}).folders()


def faulty_at(path: Path, where: TomlPath, message: str) -> FaultyFiles:
    """What turned out to be wrong with a file that was read well: only its database could tell."""
    try:
        _, places = _parsed(path, _text_of(path))
    except FaultyFiles as changed:  # since it was read
        return changed
    place = places.of(where)
    return FaultyFiles([Fault(str(path), place.line, place.column, message)])


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as fault:
        raise FaultyFiles([Fault(str(path), 1, 1, f"cannot be read: {fault.strerror}")]) from fault
    if len(content) > MAX_BYTES:
        raise FaultyFiles([Fault(str(path), 1, 1, f"is larger than {MAX_BYTES} bytes")])
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        # `from None`: the decoder's error carries the whole file.
        raise FaultyFiles([Fault(str(path), line, column, "is not UTF-8")]) from None


def _parsed(path: Path, text: str) -> tuple[dict[str, Any], Places]:
    try:
        raw = tomllib.loads(text)
        return raw, Places(text)
    except RecursionError:
        raise FaultyFiles([Fault(str(path), 1, 1, "is nested too deeply")]) from None
    except ValueError as fault:  # tomllib's own, and int()'s for a number of thousands of digits
        message = str(fault)
        found = _POSITION.search(message)
        if found:
            place = Place(int(found[1]), int(found[2]))
        else:
            place = last_statement(text) if message.endswith(_END) else Place(1, 1)
        plain = _POSITION.sub("", message).removesuffix(_END)
        raise FaultyFiles([Fault(str(path), place.line, place.column, f"is not TOML: {plain}")]) from fault


class _Reading:
    """One file being read; faults gather until the end."""

    def __init__(self, path: Path, raw: dict[str, Any], places: Places, environ: Mapping[str, str]) -> None:
        self._path = path
        self._raw = raw
        self._places = places
        self._around = Surroundings(environ, path.parent)
        self._faults: list[Fault] = []

    def settings(self, adapters: Collection[str], check: CheckSource | None) -> Settings:
        for key in self._raw:
            if key not in TABLES and key not in ARRAYS:
                hint = did_you_mean(key, [*TABLES, *ARRAYS])
                self._fault((key,), f"unknown table or key {shown(key)}{hint}")
        tables = {
            name: self._section(kind, self._raw.get(name, {}), (name,)) for name, kind in TABLES.items()
        }
        accounts = self._blocks(AccountSettings, "accounts")
        sources = self._blocks(SourceSettings, "sources")
        caps, rates = tables["caps"], tables["exchange_rates"]
        parts = Parts(
            raw=self._raw,
            caps=caps if isinstance(caps, Caps) else None,
            exchange_rates=rates if isinstance(rates, ExchangeRates) else None,
            accounts=accounts,
            sources=sources,
        )
        for path, message in misfits(parts, adapters, check):
            self._fault(path, message)
        if self._faults:
            raise FaultyFiles(self._faults)
        return Settings.model_validate(
            {
                **tables,
                "path": self._path,
                "secret_files": tuple(self._around.files),
                "clear_passwords": tuple(passwords_in_clear(self._raw)),
                "accounts": tuple(accounts.values()),
                "sources": tuple(sources.values()),
            }
        )

    def folders(self) -> tuple[Path, Path]:
        email = self._raw.get("email", {})
        told = (
            {name: email[name] for name in ("templates",) if name in email}
            if isinstance(email, dict)
            else email
        )
        recipes = self._section(Recipes, self._raw.get("recipes", {}), ("recipes",))
        own = self._section(Templates, told, ("email",))
        if recipes is None or own is None:
            raise FaultyFiles(self._faults)
        return recipes.path, own.templates or beside(recipes.path)

    def _fault(self, path: TomlPath, message: str) -> None:
        place = self._places.of(path)
        self._faults.append(Fault(str(self._path), place.line, place.column, message))

    def _blocks(self, kind: type[_Table], name: str) -> dict[int, _Table]:
        """The blocks that are well, by their number."""
        blocks = self._raw.get(name, [])
        if not isinstance(blocks, list):
            self._fault((name,), f"write [[{name}]], a block for each")
            return {}
        read = {number: self._section(kind, block, (name, number)) for number, block in enumerate(blocks)}
        return {number: section for number, section in read.items() if section is not None}

    def _section(self, kind: type[_Table], value: object, path: TomlPath) -> _Table | None:
        if not isinstance(value, dict):
            self._fault(path, f"{path[0]}: write a table")
            return None
        try:
            return kind.model_validate(value, context=self._around)
        except ValidationError as refused:
            for error in refused.errors(include_url=False, include_input=False):
                whole = (*path, *error["loc"])
                self._fault(whole, _message(error, whole, kind))
            return None


def _message(error: ErrorDetails, path: TomlPath, kind: type[Section]) -> str:
    label = next(part for part in reversed(path) if isinstance(part, str))
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(label, [field.alias or name for name, field in kind.model_fields.items()])
        if not hint and kind is SourceSettings:
            hint = "; an adapter's own settings stand in [sources.options]"
        return f"unknown key {shown(label)}{hint}"
    if error["type"] == "value_error":
        return f"{label}: {context['error']}"
    words = _WORDS.get(error["type"], error["msg"]).format_map(context)
    if path == ("secrets", "keys") and error["type"] == "missing":
        words = f"{words}: {NEW_KEY}"
    return f"{label} {words}" if error["type"] == "missing" else f"{label}: {words}"
