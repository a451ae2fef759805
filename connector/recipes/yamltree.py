"""Strict YAML with a place for every key and value.

YAML's text, our own reading of it: libyaml gives the events, and whatever two
readers could understand differently is a fault: tabs, tags, anchors, aliases,
merge keys, a key that stands twice, an empty value, a second document. Only
`true`, `false` and `null` are special, and plain numbers are exact.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import yaml

from ..domain.errors import Fault, FaultyFiles
from .wording import quoted

MAX_BYTES: Final = 256 * 1024  # the longest recipe by hand has some 6 KiB
MAX_DEPTH: Final = 32
MAX_NODES: Final = 5_000  # keys and values; the longest recipe by hand has some 400
MAX_DIGITS: Final = 30
MAX_FAULTS: Final = 100  # of one file; nobody reads more

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
_ODD: Final = re.compile("[\\x00-\\x08\\t\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\\ufeff\\ufffe\\uffff]")
_SPECIAL: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_AMBIGUOUS: Final = ("~", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "-.inf", "+.inf")

_SYNTAX: Final = (
    ("mapping values are not allowed", "a colon in a wrong place; a text that holds `: ` needs quotes"),
    ("could not find expected ':'", "a `key:` with a blank behind it is expected here"),
    ("unexpected end of stream", "a quote or a bracket is left open"),
    ("cannot start any token", "a text that begins with this sign needs quotes"),
    ("did not find expected ',' or", "a bracket is left open; a text with `{`, `}` or `,` needs quotes here"),
    ("did not find expected", "wrong indentation, or a text that begins with a quote and needs more quotes"),
    ("found undefined tag handle", "tags (`!`) are not allowed; a text that begins with `!` needs quotes"),
    ("found unknown escape", "an escape that is not known; use single quotes for a text with `\\`"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: its text as written, what it means, and where it stands (counted from 1).

    `shift` is where the text begins after `column`; None where the text is
    escaped or folded, so that a place inside it cannot be told.
    """

    text: str
    value: str | int | Decimal | bool | None
    line: int
    column: int
    shift: int | None

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of the text."""
        if self.shift is None:
            return self.line, self.column
        return self.line, self.column + self.shift + offset


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple["Node", ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Block:
    """Keys and their values, in order."""

    pairs: tuple[tuple[Scalar, "Node"], ...]
    line: int
    column: int

    def get(self, name: str) -> "Node | None":
        """The value of a key, or None."""
        return next((value for key, value in self.pairs if key.text == name), None)

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((key for key, _ in self.pairs if key.text == name), None)


Node = Scalar | Listing | Block


def read(data: bytes, file: str, what: str = "a recipe") -> Block:
    """The tree of one file, or FaultyFiles with every fault that could be told apart."""
    faults: list[Fault] = []
    text = _decoded(data, file)
    lines = text.splitlines()
    for number, written in enumerate(lines, start=1):
        odd = _ODD.search(written)
        if odd and len(faults) < MAX_FAULTS:
            what = "a tab" if odd.group() == "\t" else "a sign that cannot be printed"
            faults.append(Fault(file, number, odd.start() + 1, f"{what} stands here; use blanks"))
    reader = _Reader(file, lines, faults)
    if not faults:
        try:
            reader.walk(text)
        except yaml.YAMLError as fault:
            faults.append(_syntax_fault(fault, file))
    if faults:
        raise FaultyFiles(faults[:MAX_FAULTS])
    if not isinstance(reader.root, Block):
        line, column = (reader.root.line, reader.root.column) if reader.root else (1, 1)
        raise FaultyFiles([Fault(file, line, column, f"{what} is a block of `key: value` lines")])
    return reader.root


def plain(node: Node) -> Any:
    """The values without their places: dict, list, text, int, Decimal, bool, None."""
    if isinstance(node, Block):
        return {key.text: plain(value) for key, value in node.pairs}
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return node.value


def find(root: Node, path: tuple[str | int, ...]) -> Node:
    """The node at `path`, or the nearest one above it."""
    node = root
    for part in path:
        below: Node | None = None
        if isinstance(node, Block) and isinstance(part, str):
            below = node.get(part)
        elif isinstance(node, Listing) and isinstance(part, int) and part < len(node.items):
            below = node.items[part]
        if below is None:
            return node
        node = below
    return node


@dataclass(slots=True)
class _Open:
    """A list or block whose end has not come yet."""

    is_block: bool
    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)
    key: Scalar | None = None
    seen: dict[str, int] = field(default_factory=dict)

    def closed(self) -> Node:
        if self.is_block:
            return Block(tuple(self.pairs), self.line, self.column)
        return Listing(tuple(self.items), self.line, self.column)


@dataclass(slots=True)
class _Reader:
    """Builds the tree with a stack of its own, so that depth costs no recursion."""

    file: str
    lines: list[str]
    faults: list[Fault]
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)
    documents: int = 0
    nodes: int = 0

    def walk(self, text: str) -> None:
        for event in _events(text):
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.fault(line, column, "a second document begins here; one recipe a file")
                    return
                if event.version or event.tags:
                    self.fault(line, column, "directives (`%`) are not allowed")
            elif isinstance(event, yaml.AliasEvent):
                self.fault(
                    line, column, "aliases (`*`) are not allowed; a text that begins with `*` needs quotes"
                )
                self.put(Scalar("", "", line, column, None))
            elif isinstance(event, yaml.ScalarEvent):
                self.scalar(event, line, column)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self.marks(event, line, column)
                if len(self.stack) >= MAX_DEPTH:
                    self.fault(line, column, f"nested deeper than {MAX_DEPTH} levels")
                    return
                self.stack.append(_Open(isinstance(event, yaml.MappingStartEvent), line, column))
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.put(self.stack.pop().closed())
            if self.nodes > MAX_NODES:
                self.fault(line, column, f"more than {MAX_NODES} keys and values; nobody could follow them")
                return
            if len(self.faults) >= MAX_FAULTS:
                return

    def scalar(self, event: Any, line: int, column: int) -> None:
        self.marks(event, line, column)
        text, is_plain = event.value, not event.style
        if is_plain and text == "":
            owner = self.stack[-1].key if self.stack else None
            what = f"{quoted(owner.text)} is empty" if owner else "an empty entry"
            self.fault(line, column, f"{what}: write a value, `null`, or leave it out")
        if is_plain and text in _AMBIGUOUS:
            self.fault(
                line,
                column,
                f"{quoted(text)} is read differently by different tools: write `null` or use quotes",
            )
        value = _value(text) if is_plain else text
        if len(text) > MAX_DIGITS and not isinstance(value, str):
            self.fault(
                line, column, f"a number of more than {MAX_DIGITS} digits; put it in quotes if it is a text"
            )
        if is_plain:
            self.run_on(event)
        self.put(Scalar(text, value, line, column, self.shift(event, text)))

    def run_on(self, event: Any) -> None:
        """An entry of a list that stands further in than the one before is read as more of its text."""
        for number in range(event.start_mark.line + 1, min(event.end_mark.line + 1, len(self.lines))):
            line = self.lines[number]
            if line.lstrip(" ").startswith("- "):
                self.fault(number + 1, line.index("-") + 1, "this `-` stands further in than the one before")

    def shift(self, event: Any, text: str) -> int | None:
        """How many characters after its start mark the text begins, where it stands as written."""
        line, column = event.start_mark.line, event.start_mark.column
        if event.end_mark.line != line or line >= len(self.lines):
            return None
        skip = 0 if not event.style else 1
        written = self.lines[line][column + skip : column + skip + len(text)]
        return skip if written == text else None

    def marks(self, event: Any, line: int, column: int) -> None:
        if event.anchor is not None:
            self.fault(
                line, column, "anchors (`&`) are not allowed; a text that begins with `&` needs quotes"
            )
        if event.tag is not None:
            self.fault(line, column, "tags (`!`) are not allowed; a text that begins with `!` needs quotes")

    def put(self, node: Node) -> None:
        self.nodes += 1
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if not top.is_block:
            top.items.append(node)
        elif top.key is not None:
            top.pairs.append((top.key, node))
            top.key = None
        else:
            self.open_key(top, node)

    def open_key(self, top: _Open, node: Node) -> None:
        if not isinstance(node, Scalar):
            self.fault(
                node.line, node.column, "a key must be a word; a text that begins with a bracket needs quotes"
            )
            top.key = Scalar("", "", node.line, node.column, None)
            return
        if node.text == "<<":
            self.fault(node.line, node.column, "merge keys (`<<`) are not allowed")
        if node.text in top.seen:
            first = top.seen[node.text]
            self.fault(
                node.line, node.column, f"{quoted(node.text)} stands twice; the first is on line {first}"
            )
        top.seen.setdefault(node.text, node.line)
        top.key = node

    def fault(self, line: int, column: int, message: str) -> None:
        self.faults.append(Fault(self.file, line, column, message))


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=yaml.CSafeLoader))


def _value(text: str) -> str | int | Decimal | bool | None:
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= MAX_DIGITS else Decimal(text)  # int() refuses thousands of digits
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def _decoded(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        raise FaultyFiles([Fault(file, 1, 1, f"the file has more than {MAX_BYTES // 1024} KiB")])
    try:
        text = data.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        column = fault.start - (data.rfind(b"\n", 0, fault.start) + 1) + 1
        raise FaultyFiles([Fault(file, line, column, "this is not UTF-8: save the file as UTF-8")]) from fault
    return text


def _syntax_fault(fault: yaml.YAMLError, file: str) -> Fault:
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark is not None:
        mark, problem = fault.problem_mark, fault.problem or "this cannot be read"
        message = next((words for found, words in _SYNTAX if found in problem), problem)
        return Fault(file, mark.line + 1, mark.column + 1, message)
    return Fault(file, 1, 1, "the file holds signs that cannot be read")
