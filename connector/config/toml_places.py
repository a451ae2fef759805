"""Where each key and list item of a TOML text stands: `tomllib` gives values only.

Scans text that `tomllib` has judged, so that it need not judge anything itself. A
path that is not in the text (a key that is missing) has its table's place.
"""

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

TomlPath: TypeAlias = tuple[str | int, ...]

_BLANK: Final = re.compile(r"[ \t]*")
_BETWEEN: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS: Final = {  # by how they open; up to two quotes more may stand before the last three
    '"""': re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\\n])*"'),
    "'": re.compile(r"'[^'\n]*'"),
}
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")  # a number, truth value or date; none has these signs in it


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1; the column counts characters."""

    line: int
    column: int


class Places:
    """The place of every path, `("sources", 1, "secrets", 0)`, of one valid TOML text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offsets = _Scanner(text).scan()

    def of(self, path: TomlPath) -> Place:
        """Where `path` stands, else the nearest table around it, else the file's beginning."""
        for length in range(len(path), 0, -1):
            offset = self._offsets.get(path[:length])
            if offset is not None:
                return _place(self._text, offset)
        return Place(1, 1)

    def has(self, path: TomlPath) -> bool:
        """Whether the text itself has a key, table or item there."""
        return path in self._offsets


def last_statement(text: str) -> Place:
    """Where in text that is not TOML the statement begins that does not end, else the last one.

    `tomllib` says of an unclosed quote or bracket only that the document ended.
    """
    scanner = _Scanner(text)
    with suppress(ValueError, IndexError, RecursionError):  # as far as the statement that is asked for
        scanner.scan()
    return _place(text, scanner.statement)


def _place(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.statement = 0  # where the one being scanned begins
        self._text = text
        self._at = 0
        self._offsets: dict[TomlPath, int] = {}
        self._counts: dict[TomlPath, int] = {}  # arrays of tables: how many blocks so far

    def scan(self) -> dict[TomlPath, int]:
        table: TomlPath = ()
        while True:
            self._skip(_BETWEEN)
            if self._at >= len(self._text):
                return self._offsets
            self.statement = self._at
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> TomlPath:
        """`[a.b]` or `[[a.b]]`: the path of the table that it opens."""
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        path: TomlPath = ()
        keys = self._keys()
        for number, key in enumerate(keys):
            path = (*path, key)
            self._offsets.setdefault(path, start)
            if is_array and number == len(keys) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        self._offsets[path] = start
        self._skip(_BLANK)
        self._at += 2 if is_array else 1
        return path

    def _pair(self, table: TomlPath) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._offsets.setdefault(path, start)
        self._skip(_BLANK)
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            if self._text[self._at] in "\"'":
                start = self._at
                self._string()
                keys.append(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
            else:
                keys.append(self._skip(_BARE_KEY))
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _value(self, path: TomlPath) -> None:
        opening = self._text[self._at]
        if opening in "\"'":
            self._string()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: TomlPath) -> None:
        self._at += 1
        count = 0
        while not self._closes("]"):
            self._offsets[(*path, count)] = self._at
            self._value((*path, count))
            count += 1
            self._skip_comma()

    def _inline_table(self, path: TomlPath) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)
            self._skip_comma()

    def _closes(self, sign: str) -> bool:
        self._skip(_BETWEEN)
        closes = self._text[self._at] == sign
        self._at += closes
        return closes

    def _skip_comma(self) -> None:
        self._skip(_BETWEEN)
        self._at += self._text[self._at] == ","

    def _string(self) -> None:
        opening = self._text[self._at : self._at + 3]
        self._skip(_STRINGS.get(opening) or _STRINGS[opening[0]])

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError("not a TOML text")
        self._at = found.end()
        return found.group()
