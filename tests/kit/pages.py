"""The documentation as tests read it: sections, tables, marked words, blocks of code."""

import re
from typing import Final

from .sources import ROOT

PAGES: Final = tuple(
    path.relative_to(ROOT).as_posix() for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
)

__all__ = ["PAGES", "ROOT", "code", "first_cells", "marked", "page", "section", "table"]


def page(name: str) -> str:
    """The text of one file, `docs/api.md`."""
    return (ROOT / name).read_text("utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    text = page(name)
    assert f"\n{heading}\n" in text, f"{name} has no heading {heading}"
    return re.split(rf"^#{{1,{len(level)}}} ", text.partition(f"\n{heading}\n")[2], flags=re.MULTILINE)[0]


def table(name: str, heading: str | None = None) -> list[list[str]]:
    """The cells of every row of the page's or section's tables, headers left out."""
    lines = (page(name) if heading is None else section(name, heading)).splitlines()
    rows = [one for one, following in zip(lines, [*lines[1:], ""], strict=True) if not _is_rule(following)]
    return [_cells(one) for one in rows if one.startswith("|") and not _is_rule(one)]


def first_cells(text: str) -> set[str]:
    """The marked words in the first column of a text's tables."""
    rows = [_cells(one) for one in text.splitlines() if one.startswith("|") and not _is_rule(one)]
    return {word for row in rows for word in marked(row[0])}


def marked(text: str) -> set[str]:
    """What stands in backticks; of `percent(10, x)` the name."""
    return {re.sub(r"\(.*\)$", "", word) for word in re.findall(r"`([^`\n]+)`", text)}


def code(text: str, kind: str) -> list[str]:
    """The blocks of code of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"\|(?: ?-+ ?\|)+", line))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" |")]
