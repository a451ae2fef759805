"""What a template may say: texts, values by name, and `if`. Everything else of Jinja is a fault at load.

The rule that holds: a template that was read cannot loop, call, calculate or reach an attribute, so
that it takes no longer than it is long, and shows nothing but the values that it is given. Jinja's own
sandbox forbids none of `{{ "x" * 10 ** 9 }}`.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..domain.errors import Fault

MAX_TEMPLATE: Final = 48 * 1024  # bytes; a whole letter with its styles has 10
MAX_DEPTH: Final = 12  # of ifs in ifs and terms in terms; more nobody follows
MAX_NODES: Final = 4_000
MAX_FAULTS: Final = 20  # of one file
KNOWN: Final = 200  # templates that are kept as read: those that are shipped, and as many of one's own
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("name", "color", "logo_url", "balance_page"),
    "recipient": ("name", "first_name", "balance"),
    "card": (
        *("amount", "balance", "currency", "code", "last4", "expires", "validity", "link", "message"),
        "sender",
    ),
}
CONTENT: Final = "content"
"""In a layout: where the letter's own text goes."""

_LITERALS: Final = (nodes.Const, nodes.TemplateData)
_ALLOWED: Final = "{{ name }}, {% if %}, {% elif %}, {% else %}, {% endif %}, and, or, not, == and != are"


@dataclass(frozen=True, slots=True)
class Read:
    """A template that was read: `says` holds the names in it, `card.amount`, or `card` by itself."""

    template: Template
    says: frozenset[str]


@lru_cache(maxsize=KNOWN)  # the shipped ones are read by whoever builds a gateway, and compiling takes time
def read(
    text: str, file: str, *, html: bool, first_line: int = 1, layout: bool = False
) -> Read | tuple[Fault, ...]:
    """The template, or all that is wrong with it. `first_line`: where in its file the text begins."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEMPLATE:
        return (Fault(file, first_line, 1, f"a template has at most {MAX_TEMPLATE // 1024} KiB"),)
    environment = _environment(html=html)
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as fault:
        line = first_line + fault.lineno - 1
        return (Fault(file, line, 1, f"{fault.message or 'this cannot be read'}"),)
    except RecursionError:
        return (Fault(file, first_line, 1, "it is nested too deep"),)
    look = _Look(text, file, first_line, layout)
    look.over(tree, 0)
    if look.faults:
        return tuple(sorted(look.faults)[:MAX_FAULTS])
    return Read(environment.from_string(text), frozenset(look.says))


def render(read: Read, values: Mapping[str, Any]) -> str:
    """The text with these values; TemplateError where one of them is not there."""
    return read.template.render(values)


def why(fault: TemplateError) -> str:
    """What a rendering stopped at, in one line."""
    return " ".join(str(fault).split())[:200]


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=html,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        cache_size=0,
    )
    for table in (environment.globals, environment.filters, environment.tests):
        table.clear()
    return environment


class _Look:
    """One walk over a template's tree: what is not allowed, and which names stand in it."""

    def __init__(self, text: str, file: str, first_line: int, layout: bool) -> None:
        self._lines = text.splitlines()
        self._file = file
        self._first_line = first_line
        self._layout = layout
        self._nodes = 0
        self.faults: list[Fault] = []
        self.says: set[str] = set()

    def over(self, node: nodes.Node, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            if not any("too" in fault.message for fault in self.faults):
                self._fault(node, "", "it is too long or too deep")
            return
        if isinstance(node, nodes.Getattr):
            self._value(node)
        elif isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.Compare):
            if any(operand.op not in ("eq", "ne") for operand in node.ops):
                self._refuse(node)
            for side in (node.expr, *(operand.expr for operand in node.ops)):
                self.over(side, depth + 1)
        elif isinstance(node, nodes.Template | nodes.Output | nodes.If | nodes.And | nodes.Or | nodes.Not):
            for child in node.iter_child_nodes():
                self.over(child, depth + (not isinstance(node, nodes.Template | nodes.Output)))
        elif not isinstance(node, _LITERALS):
            self._refuse(node)

    def _value(self, node: nodes.Getattr) -> None:
        of = node.node
        if not isinstance(of, nodes.Name):
            self._refuse(node)
            return
        known = NAMES.get(of.name)
        if known is None:
            self._fault(node, of.name, f"there is no {of.name!r} here{_meant(of.name, NAMES)}")
        elif node.attr not in known:
            name = f"{of.name}.{node.attr}"
            self._fault(node, name, f"{of.name} has no {node.attr!r}{_meant(node.attr, known)}")
        else:
            self.says.add(f"{of.name}.{node.attr}")

    def _name(self, node: nodes.Name) -> None:
        if node.name in NAMES or (self._layout and node.name == CONTENT):
            self.says.add(node.name)
            return
        every = [f"{of}.{name}" for of, names in NAMES.items() for name in names]
        near = [one for one in every if one.endswith(f".{node.name}")] or difflib.get_close_matches(
            node.name, every, n=1, cutoff=0.4
        )
        hint = f": did you mean {near[0]}?" if near else f": there are {', '.join(NAMES)}"
        self._fault(node, node.name, f"there is no {node.name!r} here{hint}")

    def _refuse(self, node: nodes.Node) -> None:
        kind = type(node).__name__.lower()
        self._fault(node, "", f"a template does not take this ({kind}): {_ALLOWED} all that it may say")

    def _fault(self, node: nodes.Node, name: str, message: str) -> None:
        line = node.lineno or 1
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        column = text.find(name) + 1 if name and name in text else 1
        self.faults.append(Fault(self._file, self._first_line + line - 1, column, message))


def _meant(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f": did you mean {near[0]}?" if near else f": there are {', '.join(known)}"
