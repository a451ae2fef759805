"""Texts with `${{ … }}` in them: split once at load; what a payload brings is never looked at again."""

import re
from dataclasses import dataclass
from typing import Any, Final

from .expressions import Expression, Spot, compile_expression
from .language import BadExpression
from .names import Scene, Scope
from .values import EvaluationFailed, as_text
from .yamltree import Scalar

OPENING: Final = "${{"
MAX_RENDERED: Final = 64 * 1024  # letters; no message of ours may be longer
MAX_PARTS: Final = 100

_END: Final = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(\}\})")
_STRAY: Final = re.compile(r"\{\{|\$\{(?!\{)")


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a recipe. `parts` are texts and expressions in turn."""

    source: str
    spot: Spot
    parts: tuple[str | Expression, ...]

    @property
    def is_literal(self) -> bool:
        """Whether it is the same text for every event."""
        return not any(isinstance(part, Expression) for part in self.parts)

    def render(self, scene: Scene) -> Any:
        """The value itself where the text is one expression and nothing else, otherwise a text."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            return self.parts[0].evaluate(scene)
        return self.render_text(scene)

    def render_text(self, scene: Scene) -> str:
        """A text in any case, or EvaluationFailed with its place."""
        pieces: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            value = part.evaluate(scene)
            try:
                pieces.append(as_text(value))
            except EvaluationFailed as fault:
                fault.place = part.spot.place()
                raise
        text = "".join(pieces)
        if len(text) > MAX_RENDERED:
            raise EvaluationFailed(f"the text has more than {MAX_RENDERED} letters", place=self.spot.place())
        return text


def compile_template(scalar: Scalar, scope: Scope, file: str) -> Template:
    """The template, or BadExpression with the offset of what is wrong in the whole text."""
    text, position = scalar.text, 0
    parts: list[str | Expression] = []
    while True:
        opening = text.find(OPENING, position)
        literal = text[position : opening if opening >= 0 else len(text)]
        stray = _STRAY.search(literal)
        if stray:
            raise BadExpression(
                "expressions stand in `${{ … }}`; for these very signs write `${{ '{{' }}`",
                position + stray.start(),
            )
        if literal:
            parts.append(literal)
        if opening < 0:
            return Template(text, Spot(file, scalar), tuple(parts))
        if len(parts) >= MAX_PARTS:
            raise BadExpression(f"a text has at most {MAX_PARTS} parts", opening)
        start = opening + len(OPENING)
        end = _end_of(text, start, opening)
        parts.append(_compiled(text[start:end], start, scope, Spot(file, scalar, start)))
        position = end + 2


def _end_of(text: str, start: int, opening: int) -> int:
    for found in _END.finditer(text, start):
        if found.group(1):
            return found.start()
    raise BadExpression("`${{` is left open: `}}` is missing", opening)


def _compiled(text: str, start: int, scope: Scope, spot: Spot) -> Expression:
    try:
        return compile_expression(text, scope, spot)
    except BadExpression as fault:
        raise BadExpression(fault.detail, start + fault.offset) from fault
