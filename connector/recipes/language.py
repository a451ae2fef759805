"""Text of an expression to its terms, by the grammar of expressions.lark. Faults say what was expected.

Every text ends in a Term or in BadExpression; length and depth are bounded, so
that nothing written in a recipe can exhaust the stack.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from ..domain.errors import ConnectorError
from .wording import quoted

MAX_LENGTH: Final = 2_000  # the longest sensible condition has some 200 letters
MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 30

_DIGITS: Final = re.compile(rf"\d{{{MAX_DIGITS + 1}}}", re.ASCII)
_IN_QUOTES: Final = re.compile(r"""(["'])(?:(?!\1)[^\\\n]|\\.)*\1""")
_DATE: Final = re.compile(
    r"(?<![\w.])\d{4}-(?:0\d|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T[\d:.Z+-]+)?(?![\w.])", re.ASCII
)
_SLIPS: Final = (
    (re.compile("[“”„«»]"), 'typographic quotes; use plain ones: "'),
    (re.compile("[‘’‚]"), "typographic quotes; use plain ones: '"),
    (re.compile(r"=>"), "`=>` is not known: did you mean `>=`?"),
    (re.compile(r"="), "`=` is not a comparison: did you mean `==`?"),
    (re.compile(r"&&?"), "write `and`"),
    (re.compile(r"\|\|?"), "write `or`"),
    (re.compile(r"!"), "write `not`, or `!=`"),
    (re.compile(r"\$\{\{"), "a condition is an expression already: leave out `${{` and `}}`"),
    (re.compile(r"[≥]"), "write `>=`"),
    (re.compile(r"[≤]"), "write `<=`"),
    (re.compile(r"[€£$¥]"), "write the currency's code after the amount: `25.00 USD`"),
    (re.compile(r"%"), "write `percent(10, …)`"),
    (re.compile("[\"']"), "a quote is left open"),
)
_OTHER_WORDS: Final = {
    "contains": "has", "includes": "has", "include": "has", "contain": "has", "like": "has",
    "equals": "==", "equal": "==", "eq": "==", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
    "isnt": "is not", "exists": "is not missing", "blank": "is empty",
    "and": "and", "or": "or", "not": "not", "has": "has", "in": "in", "is": "is",
}  # fmt: skip
_VALUES: Final = frozenset({"NUMBER", "TEXT", "PATH", "MONEY"})


class BadExpression(ConnectorError):
    """An expression that cannot be used; `offset` counts characters of its text."""

    code = "faulty_files"
    title = "An expression with a fault"

    def __init__(self, detail: str, offset: int = 0) -> None:
        super().__init__(detail)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Term:
    """One node: its rule, what it consists of, and where it stands in the text."""

    rule: str
    children: Sequence[Any]
    start: int
    end: int
    depth: int

    @property
    def terms(self) -> tuple["Term", ...]:
        """The parts that are expressions themselves."""
        return tuple(child for child in self.children if isinstance(child, Term))

    def token(self, *kinds: str) -> str:
        """The first token of one of these kinds."""
        return next(str(c) for c in self.children if isinstance(c, Token) and c.type in kinds)


def parse(text: str) -> Term:
    """The term of a whole expression, or BadExpression."""
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"an expression has at most {MAX_LENGTH} characters")
    if not text.strip():
        raise BadExpression("an expression is expected here")
    digits = _DIGITS.search(text)
    if digits:
        raise BadExpression(f"a number of more than {MAX_DIGITS} digits", digits.start())
    bare = _IN_QUOTES.sub(lambda found: " " * len(found[0]), text)
    date = _DATE.search(bare)
    if date and not {'"', "'"} & {*bare}:
        raise BadExpression(
            f'a date stands in quotes, "{date[0]}": as it is it is a subtraction', date.start()
        )
    try:
        found: Any = _PARSER.parse(text)
    except UnexpectedCharacters as fault:
        raise BadExpression(_strange(text, fault.pos_in_stream or 0), fault.pos_in_stream or 0) from fault
    except UnexpectedToken as fault:
        offset = len(text) if fault.token.type == "$END" else fault.pos_in_stream or 0
        raise BadExpression(_misplaced(fault), offset) from fault
    except UnexpectedInput as fault:
        raise BadExpression("this cannot be read", fault.pos_in_stream or 0) from fault
    term: Term = found.terms[0]
    return term


class _Build(Transformer[Token, Term]):
    """Called by the parser bottom-up, so that no depth of text costs recursion."""

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Term:
        is_helper = str(data).startswith("__")  # the tail of a list of items, which lark unfolds again
        depth = max((child.depth for child in children if isinstance(child, Term)), default=0)
        first, last = children[0], children[-1]
        start = first.start if isinstance(first, Term) else first.start_pos or 0
        end = last.end if isinstance(last, Term) else last.end_pos or 0
        if depth >= MAX_DEPTH and not is_helper:
            raise BadExpression(f"an expression nests at most {MAX_DEPTH} levels: split it into lines", start)
        # lark goes on appending to a helper's own list, so that one stays a list
        kept: Sequence[Any] = children if is_helper else tuple(children)
        return Term(str(data), kept, start, end, depth if is_helper else depth + 1)


def _strange(text: str, offset: int) -> str:
    for pattern, message in _SLIPS:
        if pattern.match(text, offset):
            return message
    return f"{quoted(text[offset : offset + 1])} has no meaning here"


def _misplaced(fault: UnexpectedToken) -> str:
    expected = _in_words(fault.accepts or fault.expected)
    if fault.token.type == "$END":
        return f"the expression ends too early: {expected} is expected"
    word = str(fault.token)
    meant = _OTHER_WORDS.get(word.casefold())
    if meant is not None and meant != word:
        return f"{quoted(word)} is not known here: did you mean `{meant}`?"
    if word == ">" and fault.token.type == "COMPARE":
        return "`>` cannot follow: did you mean `!=` or `>=`? Comparisons are joined with `and`"
    if fault.token.type == "COMPARE":
        return f"{quoted(word)} cannot follow a comparison: join two comparisons with `and`"
    return f"{quoted(word)} does not fit here: {expected} is expected"


def _in_words(kinds: Iterable[str]) -> str:
    names = set(kinds)
    if names & _VALUES:
        return "a value"
    if "COMPARE" in names:
        return "an operator such as `==`, `>=`, `has`, `and`"
    if names >= {"AND", "OR"}:
        return "`and`, `or` or the end"
    if "CLOSE" in names:
        return "`)`"
    if "MISSING" in names:
        return "`missing` or `empty`"
    return "something else"


_PARSER: Final = Lark(
    (Path(__file__).parent / "expressions.lark").read_text("utf-8"),
    parser="lalr",
    transformer=_Build(),
    maybe_placeholders=False,
)
