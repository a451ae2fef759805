"""Every key of a TOML text is found where it stands."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.toml_places import Place, Places, TomlPath, last_statement

TEXT = '''\
top = 1 # [not.a.table]
[server] # a comment with = and [
listen = "a = [b]"
  "quoted.key" = 2
'literal' = 3

[a.b]
c.d.e = 4
dates = [1979-05-27 07:32:00Z, 1979-05-27]

[[blocks]]
slug = "first"
[blocks.options]
x = 1
[[blocks.inner]]
y = 1
[[blocks.inner]]
y = 2
[[blocks]]
slug = """
[server]
listen = "not here" \\"""
""""
list = [
  "one", # two ]
  ["three", { four = 4, "fi ve" = [5] }],
]
[blocks.options]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("top",), Place(1, 1)),
        (("server",), Place(2, 1)),
        (("server", "listen"), Place(3, 1)),
        (("server", "quoted.key"), Place(4, 3)),
        (("server", "literal"), Place(5, 1)),
        (("a",), Place(7, 1)),
        (("a", "b"), Place(7, 1)),
        (("a", "b", "c", "d", "e"), Place(8, 1)),
        (("a", "b", "dates", 1), Place(9, 32)),
        (("blocks", 0), Place(11, 1)),
        (("blocks", 0, "slug"), Place(12, 1)),
        (("blocks", 0, "options", "x"), Place(14, 1)),
        (("blocks", 0, "inner", 1, "y"), Place(18, 1)),
        (("blocks", 1), Place(19, 1)),
        (("blocks", 1, "slug"), Place(20, 1)),
        (("blocks", 1, "list", 0), Place(25, 3)),
        (("blocks", 1, "list", 1, 1, "four"), Place(26, 15)),
        (("blocks", 1, "list", 1, 1, "fi ve", 0), Place(26, 36)),
        (("blocks", 1, "options", "x"), Place(29, 1)),
    ],
)
def test_a_key_is_found_where_it_stands(path: TomlPath, place: Place) -> None:
    assert Places(TEXT).of(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("blocks", 1, "currency"), Place(19, 1)),
        (("server", "listen", 0), Place(3, 1)),
        (("nowhere", "at", "all"), Place(1, 1)),
        ((), Place(1, 1)),
    ],
)
def test_what_is_missing_has_the_place_of_what_is_around_it(path: TomlPath, place: Place) -> None:
    assert Places(TEXT).of(path) == place


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = 'never closed\nc = 1\n", 2),
        ('a = 1\nb = """never\nclosed\nc = 1\n', 2),
        ("a = 1\n[x]\nb = [1,\nc = 1\n", 3),
        ("a = 1\nb = {c = [\n", 2),
        ("a = 1\nb =", 2),
        ("a = 1\nb", 2),
        ("a = 1\n[", 2),
        ("a = 1\na = 2", 2),
        ("a = " + "[" * 5_000, 1),
        ("", 1),
    ],
)
def test_a_statement_that_does_not_end_is_found_where_it_begins(text: str, line: int) -> None:
    assert last_statement(text) == Place(line, 1)


@given(st.text(alphabet="ab1=.,#'\"[]{}\n \\é"))
def test_any_text_has_a_last_statement(text: str) -> None:
    assert 1 <= last_statement(text).line <= text.count("\n") + 1


KEYS = st.text(alphabet="ab1-_. \"'\\\n#[]=é", max_size=4)
SCALARS = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.text(alphabet="ab \"'\\\n#[]{}=,é", max_size=6),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3))
)
TABLES = st.dictionaries(
    KEYS, st.one_of(VALUES, st.lists(st.dictionaries(KEYS, VALUES, max_size=3))), max_size=4
)


@given(TABLES, st.booleans())
def test_every_path_of_any_text_is_found(tables: dict[str, Any], are_literal: bool) -> None:
    text = "".join(_lines(tables, (), are_literal))
    assert tomllib.loads(text) == tables

    places = Places(text)

    lines = text.split("\n")
    for path in _paths(tables, ()):
        place = places.of(path)
        assert places.has(path), f"{path} in {text}"
        assert 0 <= place.column - 1 < len(lines[place.line - 1])


def _paths(value: Any, path: TomlPath) -> Iterator[TomlPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _lines(table: dict[str, Any], path: tuple[str, ...], are_literal: bool) -> Iterator[str]:
    """The table as TOML: lists of tables as blocks, tables as headers, what is inside them inline."""
    headers = {key: value for key, value in table.items() if isinstance(value, dict) or _are_blocks(value)}
    for key, value in table.items():
        if key not in headers:
            yield f"{_text(key, False)} = {_value(value, are_literal)} # = [\n"
    for key, value in headers.items():
        name = ".".join(_text(part, False) for part in (*path, key))
        if isinstance(value, dict):
            yield f"[{name}]\n"
            yield from _lines(value, (*path, key), are_literal)
        else:
            for block in value:
                yield f"  [[ {name} ]] # [\n"
                yield from _lines(block, (*path, key), are_literal)


def _are_blocks(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _value(value: Any, are_literal: bool) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_text(k, False)} = {_value(v, are_literal)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[\n" + "".join(f" {_value(one, are_literal)}, # ]\n" for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else _text(value, are_literal)


def _text(text: str, is_literal: bool) -> str:
    if is_literal and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
