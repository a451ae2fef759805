"""The fields that stand below a step's name, each compiled for its kind; a test names them the same way."""

from dataclasses import replace
from typing import Any

from ..domain.steps import StepField, StepSpec
from .fields import WORDED, Filled, coerce, filled, literal, literal_fault
from .names import Scene
from .reader import Reader
from .templates import OPENING, Template
from .wording import closest, listed, quoted, suggest
from .yamltree import Block, Listing, Node, Scalar


def read_fields(reader: Reader, spec: StepSpec, name: Scalar, body: Node | None) -> tuple[Filled, ...]:
    """The fields that stand in `body`."""
    if body is None:
        return ()
    if not isinstance(body, Block):
        reader.fault(
            body, f"`{spec.name}` has fields: {listed(known.name for known in spec.fields) or 'none'}"
        )
        return ()
    by_name = {known.name: known for known in spec.fields}
    found: list[Filled] = []
    for key, value in body.pairs:
        known = by_name.get(key.text)
        if known is None:
            reader.fault(
                key, f"{quoted(key.text)} is not a field of `{name.text}`{suggest(key.text, by_name)}"
            )
            continue
        one = read_field(reader, known, value)
        if one is not None:
            found.append(one)
    return tuple(found)


def require_fields(reader: Reader, spec: StepSpec, name: Scalar, body: Node | None) -> None:
    """A fault for each field that is needed and does not stand in `body`, not even misspelt."""
    written = [key.text for key, _ in body.pairs] if isinstance(body, Block) else []
    names = [known.name for known in spec.fields]
    meant = {closest(name, names) for name in written if name not in names}
    for known in spec.fields:
        is_told = known.name in written or known.name in meant or isinstance(body, Scalar | Listing)
        if known.required and not is_told:
            help_text = f": {known.help}" if known.help else ""
            reader.fault(name, f"`{spec.name}` needs `{known.name}`{help_text}")


def read_field(reader: Reader, known: StepField, node: Node) -> Filled | None:
    """One field, or None where it has a fault."""
    if isinstance(node, Scalar):
        return _value(reader, known, node)
    is_list = isinstance(node, Listing)
    if known.kind == "texts" and isinstance(node, Listing):
        return _words(reader, known, node)
    if known.kind not in ("mapping", "any") or (is_list and known.kind == "mapping"):
        reader.fault(node, f"`{known.name}` is one value, not a {'list' if is_list else 'block'}")
        return None
    keys = [key for key, _ in node.pairs] if isinstance(node, Block) and known.names else []
    strange = [key for key in keys if key.text not in known.names]
    for key in strange:
        reader.fault(
            key, f"{quoted(key.text)} is not a field of `{known.name}`{suggest(key.text, known.names)}"
        )
    if strange:
        return None
    inner = _nested(reader, node)

    def fill(scene: Scene) -> Any:
        return coerce(known, _rendered(inner, scene), scene)

    return Filled(known.name, _source(inner), fill)


def _words(reader: Reader, known: StepField, node: Listing) -> Filled | None:
    """A list of words, each checked where it stands: there is nothing in it to work out."""
    one_alone = replace(known, kind="text")
    is_good = True
    for item in node.items:
        is_word = isinstance(item, Scalar) and isinstance(item.value, str)
        wrong = literal_fault(one_alone, item.text) if isinstance(item, Scalar) else "a word is expected"
        if not is_word or wrong is not None:
            reader.fault(item, wrong or f"`{known.name}` is a list of words")
            is_good = False
    words = [item.text for item in node.items if isinstance(item, Scalar)]
    if is_good and (not words or len(set(words)) != len(words)):
        reader.fault(node, f"`{known.name}` is empty, or has a word twice")
        return None
    return literal(known, words) if is_good else None


def _value(reader: Reader, known: StepField, node: Scalar) -> Filled | None:
    if OPENING in node.text or "{{" in node.text:
        template = reader.template(node)
        return filled(known, template) if template is not None else None
    wants_text = known.kind in WORDED and node.value is not None
    value: Any = node.text if wants_text else node.value
    wrong = literal_fault(known, value)
    if wrong is not None:
        reader.fault(node, wrong)
        return None
    return literal(known, value)


def _nested(reader: Reader, node: Node) -> Any:
    """A tree of templates and literals."""
    if isinstance(node, Block):
        return {key.text: _nested(reader, value) for key, value in node.pairs}
    if isinstance(node, Listing):
        return [_nested(reader, item) for item in node.items]
    if OPENING in node.text or "{{" in node.text:
        return reader.template(node)
    return node.value


def _rendered(tree: Any, scene: Scene) -> Any:
    if isinstance(tree, Template):
        return tree.render(scene)
    if isinstance(tree, dict):
        return {name: _rendered(item, scene) for name, item in tree.items()}
    return [_rendered(item, scene) for item in tree] if isinstance(tree, list) else tree


def _source(tree: Any) -> Any:
    if isinstance(tree, Template):
        return tree.source
    if isinstance(tree, dict):
        return {name: _source(item) for name, item in tree.items()}
    return [_source(item) for item in tree] if isinstance(tree, list) else tree
