"""Source files as the architecture's rules see them: each name that is used, under its full name."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Use:
    """A name used somewhere: `datetime.datetime.now`, however it was imported.

    What nothing imported and the module does not define stands below `local.`.
    `function` is where it is used, "" at the top level. For a call,
    `first` is the full name of the first argument and `keywords` the names given.
    """

    name: str
    line: int
    function: str = ""
    is_call: bool = False
    first: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One file; `path` counts from the project's root."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def module(self) -> str:
        return ".".join(Path(self.path).with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        known = {
            node.name: f"{self.module}.{node.name}"
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        imported: list[Use] = []
        for node in ast.walk(self.tree):
            for local, meant, full in self._imports(node):
                known[local] = meant
                imported.append(Use(full, getattr(node, "lineno", 0)))
        return (*imported, *_used(self.tree, known, ""))

    def _imports(self, node: ast.AST) -> Iterator[tuple[str, str, str]]:
        """The local name, what it means here, and what was imported: `import a.b` gives a, a, a.b."""
        if isinstance(node, ast.Import):
            for one in node.names:
                head = one.name.partition(".")[0]
                yield one.asname or head, one.name if one.asname else head, one.name
        elif isinstance(node, ast.ImportFrom):
            above = self.module.split(".") if node.level else []
            if node.level:
                is_package = self.path.endswith("__init__.py")
                above = above[: len(above) - node.level + is_package]
            base = ".".join([*above, *([node.module] if node.module else [])])
            for one in node.names:
                yield one.asname or one.name, f"{base}.{one.name}", f"{base}.{one.name}"


def sources(*folders: str) -> list[Source]:
    """Every Python file below the folders, sorted."""
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def _used(node: ast.AST, known: dict[str, str], function: str) -> Iterator[Use]:
    for child in ast.iter_child_nodes(node):
        line = getattr(child, "lineno", 0)
        if isinstance(child, ast.Call):
            name = _full(child.func, known)
            if name:
                first = _full(child.args[0], known) if child.args else ""
                keywords = tuple(one.arg for one in child.keywords if one.arg)
                yield Use(name, line, function, True, first, keywords)
        elif isinstance(child, ast.Name | ast.Attribute):
            name = _full(child, known)
            if name:
                yield Use(name, line, function)
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield from _used(child, known, inner)


def _full(node: ast.AST, known: dict[str, str]) -> str:
    """`a.b.c` with `a` as it was imported; for `f().b` it is `local.().b`; "" for what is no name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, f"local.{node.id}")
    if isinstance(node, ast.Attribute):
        return f"{_full(node.value, known) or 'local.()'}.{node.attr}"
    return ""
