"""Constants: those of a recipe's `vars`, and those that recipes share, in `_vars.yaml`.

One rule: a revision's text is enough to read it again. So the shared names that a recipe uses are
kept below its own text, as comments, and are part of what its SHA-256 is made of.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..domain.errors import Fault, FaultyFiles
from .templates import OPENING
from .values import EvaluationFailed, read_amount, read_duration
from .wording import quoted
from .yamltree import Block, Listing, Node, Scalar, plain, read

SHARED_FILE: Final = "_vars.yaml"
MAX_SHARED: Final = 200  # names: more are a program, not a few sums and texts

Shared = Mapping[str, Node]

_MARK: Final = "#: the names of _vars.yaml that this revision uses"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}", re.ASCII)
_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def constant(node: Node) -> Any:
    """A constant's value; what is written like a sum or a duration is one."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        try:
            return read_amount(node.text)
        except EvaluationFailed:
            return read_duration(node.text) or node.value
    return plain(node)


def require_constant(node: Node, fault: Callable[[Node, str], None]) -> None:
    """A fault for each expression in it: a constant is the same for every event."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Block):
            waiting.extend(value for _, value in one.pairs)
        elif isinstance(one, Listing):
            waiting.extend(one.items)
        elif OPENING in one.text:
            fault(one, "a constant holds no expression: write it below `let`, without `${{` and `}}`")


def read_shared(data: bytes, file: str) -> Shared:
    """The names of `_vars.yaml`, or FaultyFiles with every fault."""
    if not any(line.strip() and not line.lstrip().startswith(b"#") for line in data.splitlines()):
        return {}
    root = read(data, file, "a file of shared names")
    faults: list[Fault] = []

    def fault(node: Node, message: str) -> None:
        faults.append(Fault(file, node.line, node.column, message))

    if len(root.pairs) > MAX_SHARED:
        fault(root, f"at most {MAX_SHARED} names")
    for key, value in root.pairs[:MAX_SHARED]:
        if not _NAME.fullmatch(key.text):
            fault(key, f"{quoted(key.text)} is not a name: letters, digits and `_`, at most 60")
        require_constant(value, fault)
    if faults:
        raise FaultyFiles(faults)
    return {key.text: value for key, value in root.pairs}


def kept_text(text: str, used: Shared) -> str:
    """The text of a revision: the file's, and below it the shared names that it uses."""
    if not used:
        return text
    lines = [_MARK, *(f"#: {name}: {value}" for name, value in sorted(written(used).items()))]
    end = "" if text.endswith("\n") else "\n"
    return f"{text}{end}" + "".join(f"{line}\n" for line in lines)


def written(shared: Shared) -> dict[str, str]:
    """Each name's value on one line, to be compared wherever it stands."""
    return {name: _flow(node) for name, node in shared.items()}


def parted(text: str) -> tuple[str, Shared]:
    """A revision's text again as the file's, and the shared names that it used."""
    head, mark, tail = text.rpartition(f"{_MARK}\n")
    lines = tail.splitlines()
    if not mark or (head and not head.endswith("\n")) or not all(line.startswith("#: ") for line in lines):
        return text, {}
    body = "".join(f"{line.removeprefix('#: ')}\n" for line in lines)
    try:
        return head, read_shared(body.encode("utf-8"), SHARED_FILE)
    except FaultyFiles:  # somebody's own comments, which only look like ours
        return text, {}


def _flow(node: Node) -> str:
    """The node on one line, to be read again as what it is."""
    if isinstance(node, Block):
        return "{" + ", ".join(f"{_text(key.text)}: {_flow(value)}" for key, value in node.pairs) + "}"
    if isinstance(node, Listing):
        return "[" + ", ".join(map(_flow, node.items)) + "]"
    return _text(node.text) if isinstance(node.value, str) else node.text


def _text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", written)
