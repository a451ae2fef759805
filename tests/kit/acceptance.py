"""Which lines of acceptance have a test that names them, and which have a reason that stands in the docs.

The rule that holds: a line is proved by a test whose docstring names it (`S001-07`, or `S001-02 to
S001-06`), and by nothing else.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

LINES: Final[Mapping[str, int]] = {"S000": 61, "S001": 71, "S002": 180, "S003": 72, "S004": 81}
"""The five descriptions that this product was made from, by how many lines each has."""

ROOT: Final = Path(__file__).parents[2]
REASONS: Final = ROOT / "docs" / "acceptance.md"

_SPAN: Final = re.compile(r"(S\d{3})-(\d{1,3})(?:\s+to\s+\1-(\d{1,3}))?")


def lines_in(text: str) -> set[str]:
    """The lines that a text names; ValueError for one that there is not."""
    found: set[str] = set()
    for seed, first, last in _SPAN.findall(text):
        numbers = range(int(first), int(last or first) + 1)
        if not numbers or numbers[0] < 1 or numbers[-1] > LINES.get(seed, 0):
            raise ValueError(f"there is no line {seed}-{first}{f' to {last}' if last else ''}")
        found |= {f"{seed}-{number:02}" for number in numbers}
    return found


def proved(files: Iterable[Path]) -> set[str]:
    """The lines that are named by tests in these files, or by a file as a whole."""
    return {line for file in files for text in _docstrings(file) for line in lines_in(text)}


def reasoned(page: Path) -> set[str]:
    """The lines for which a table of the docs gives a reason: those in its first cells."""
    rows = [line.split("|")[1] for line in page.read_text().splitlines() if line.startswith("| `S")]
    return {line for cell in rows for line in lines_in(cell.replace("`", ""))}


def table(tested: set[str], told: set[str]) -> list[str]:
    """A line for each seed, and the names of what has neither a test nor a reason."""
    found = ["seed   lines  tests  reasons  neither"]
    for seed, count in LINES.items():
        every = [f"{seed}-{number:02}" for number in range(1, count + 1)]
        left = [line for line in every if line not in tested | told]
        with_test, with_reason = len(tested & {*every}), len((told - tested) & {*every})
        found.append(f"{seed}  {count:6} {with_test:6} {with_reason:8} {len(left):8}")
        if left:
            found.append(f"       {', '.join(left[:12])}{', …' if len(left) > 12 else ''}")
    return found


def of_this_project() -> list[str]:
    """The table of the tests and docs that there are."""
    return table(proved((ROOT / "tests").rglob("test_*.py")), reasoned(REASONS))


def _docstrings(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if _SPAN.search(text) else ():
        is_test = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower().startswith("test")
        if is_test or isinstance(node, ast.Module):
            assert isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            yield ast.get_docstring(node) or ""
