"""A run's trace for people: each line with its place, its verdict and the values that it saw."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..domain.jsontext import dumps
from .printing import print_line

_VERDICTS: Final = {True: "yes", False: "no", "error": "error"}
_KNOWN: Final = frozenset({"line", "text", "step", "id", "verdict", "values", "fields", "result", "would"})


def print_run(run: Mapping[str, Any]) -> None:
    """What it came to and why, then its trace."""
    why = f": {run['reason']}" if run.get("reason") else ""
    print_line(f"{run['recipe']} {run['outcome']}{why}")
    if run.get("place"):
        print_line(f"decided at {run['place']}")
    for line in lines(str(run["file"]), run["trace"]):
        print_line(line)


def lines(file: str, trace: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """`file:line`, what became of it, what stands there; below it what it saw, a line each."""
    places = [f"{file}:{entry.get('line', '?')}" for entry in trace]
    width = max((len(place) for place in places), default=0)
    for place, entry in zip(places, trace, strict=True):
        what = str(entry.get("text") or entry.get("step") or "")
        if entry.get("text") and entry.get("step"):
            what = f"{entry['step']}: {entry['text']}"
        name = f" ({entry['id']})" if entry.get("id") else ""
        yield f"{place.ljust(width)}  {_verdict(entry).ljust(5)}  {what}{name}"
        for told in _seen(entry):
            yield f"{' ' * width}         {told}"


def _verdict(entry: Mapping[str, Any]) -> str:
    if "verdict" in entry:
        return _VERDICTS.get(entry["verdict"], "")
    if "error" in entry:
        return "error"
    if entry.get("would"):
        return "would"
    return "done" if "step" in entry else ""


def _seen(entry: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (entry.get("values") or {}).items():
        yield f"{name} = {_written(value)}"
    for name, value in (entry.get("fields") or {}).items():
        yield f"{name}: {_written(value)}"
    if entry.get("result"):
        yield f"gave {_written(entry['result'])}"
    for name, value in entry.items():
        if name not in _KNOWN and value is not None:
            yield f"{name}: {_written(value)}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)
