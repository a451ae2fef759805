"""What a run that stands still has decided and got, in order: enough to go on in another process.

Nothing is guessed: a journal that does not fit the recipe, or that nobody of ours
wrote, is refused. It may hold card codes, since later steps may read them: whoever
stores a journal seals it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, DecimalException
from typing import Any, Final

from ..domain.errors import ConnectorError, RunFailed
from ..domain.money import Money
from .names import UNKNOWN
from .recipe import Recipe
from .values import Amount, Duration, EvaluationFailed

VERSION: Final = 1
MAX_ENTRIES: Final = 10_000  # ten steps for each item of the longest list
BEGAN: Final = "began"
LEFT_OUT: Final = "left_out"
DID: Final = "did"
BRANCH: Final = "branch"
ITEMS: Final = "items"
WAIT: Final = "wait"
HOLD: Final = "hold"
KINDS: Final = (BEGAN, LEFT_OUT, DID, BRANCH, ITEMS, WAIT, HOLD)
_TAG: Final = "$"


class BadJournal(RunFailed):
    """The journal is of another recipe or revision, or is damaged: the run cannot go on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision of a run. `at` is the step's place in the recipe: `2`, `2.1.3`, `4[17].1`.

    `value` by `kind`: `began` the value claimed by `once_per` (None: no such), `did` the result,
    `branch` the number of the one chosen (None: none), `items` the list, `wait` when it ends.
    """

    kind: str
    at: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries of one run of one revision, the names worked out so far, and the codes it saw."""

    recipe: str
    revision: str
    entries: tuple[Entry, ...] = ()
    memo: Mapping[str, Any] = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, exact types kept. Seal it before it is stored."""
        return {
            "version": VERSION,
            "recipe": self.recipe,
            "revision": self.revision,
            "entries": [[entry.kind, entry.at, dump(entry.value)] for entry in self.entries],
            "memo": {name: dump(value) for name, value in self.memo.items()},
            "codes": list(self.codes),
        }


def unbegun(recipe: Recipe) -> Journal:
    """That of a run whose work was undone before it paused: a person's approval begins it anew."""
    return Journal(recipe.name, recipe.revision)


def from_json(value: Any) -> Journal:
    """What `as_json` gave, or BadJournal."""
    _require(isinstance(value, Mapping) and value.get("version") == VERSION, "of another form")
    _require(
        set(value) == {"version", "recipe", "revision", "entries", "memo", "codes"}
        and isinstance(value["recipe"], str)
        and isinstance(value["revision"], str)
        and isinstance(value["entries"], list)
        and isinstance(value["memo"], Mapping)
        and isinstance(value["codes"], list)
        and all(isinstance(code, str) for code in value["codes"]),
        "damaged",
    )
    return Journal(
        value["recipe"],
        value["revision"],
        tuple(map(_entry, value["entries"])),
        {str(name): load(item) for name, item in value["memo"].items()},
        tuple(value["codes"]),
    )


def _entry(written: Any) -> Entry:
    _require(isinstance(written, list) and len(written) == 3, "damaged")
    kind, at, value = written
    _require(kind in KINDS and isinstance(at, str), "damaged")
    return Entry(kind, at, load(value))


def _require(is_so: bool, what: str) -> None:
    if not is_so:
        raise BadJournal(f"what was kept of this run is {what}, so it cannot go on")


@dataclass(slots=True)
class Tape:
    """A journal while a run walks: first what it holds is taken, in order; then the run writes."""

    entries: list[Entry]
    kept: int
    taken: int = 0

    @classmethod
    def of(cls, journal: Journal, recipe: Recipe) -> "Tape":
        """At its beginning; BadJournal where it is of another recipe or revision."""
        if (journal.recipe, journal.revision) != (recipe.name, recipe.revision):
            raise BadJournal(
                f"what was kept of this run is of {journal.recipe} at {journal.revision[:12]}, "
                f"not of {recipe.name} at {recipe.revision[:12]}"
            )
        return cls(list(journal.entries), len(journal.entries))

    @property
    def is_at_end(self) -> bool:
        """Whether all that it held is taken, so that from here on it is for real."""
        return self.taken >= self.kept

    def take(self, at: str) -> Entry | None:
        """The entry for the place where the walk is, None past the end; BadJournal for another place."""
        if self.is_at_end:
            return None
        entry = self.entries[self.taken]
        _require(entry.at == at, f"about the step {entry.at}, not {at}")
        self.taken += 1
        return entry

    def write(self, kind: str, at: str, value: Any = None) -> None:
        """Note what was decided now."""
        if len(self.entries) >= MAX_ENTRIES:
            raise EvaluationFailed(f"a run takes at most {MAX_ENTRIES} steps")
        self.entries.append(Entry(kind, at, value))

    def require_kind(self, entry: Entry, kind: str) -> None:
        """BadJournal where the recipe has another kind of step at the entry's place."""
        _require(entry.kind == kind, f"not of this recipe: step {entry.at} is no `{entry.kind}`")


def dump(value: Any) -> Any:
    """The value in JSON's kinds, so that `load` gives its equal of the same type; BadJournal for others."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        pairs = {_name(name): dump(item) for name, item in value.items()}
        return {_TAG: ["block", pairs]} if _TAG in pairs else pairs
    if isinstance(value, list):
        return [dump(item) for item in value]
    if value is UNKNOWN:
        return {_TAG: ["unknown", None]}
    for kind, (tag, written) in _WRITTEN.items():
        if isinstance(value, kind):
            return {_TAG: [tag, written(value)]}
    raise BadJournal(f"a value of a kind that cannot be kept ({type(value).__name__})")


def load(written: Any) -> Any:
    """What `dump` was given, or BadJournal."""
    if written is None or isinstance(written, bool | str):
        return written
    if isinstance(written, list):
        return [load(item) for item in written]
    _require(isinstance(written, Mapping), "damaged")
    if _TAG not in written:
        return {name: load(item) for name, item in written.items()}
    _require(len(written) == 1, "damaged")
    tagged = written[_TAG]
    _require(isinstance(tagged, list) and len(tagged) == 2 and isinstance(tagged[0], str), "damaged")
    reading = _READ.get(tagged[0])
    if reading is None:
        raise BadJournal(f"what was kept of this run has a value of an unknown kind ({tagged[0][:20]})")
    try:
        return reading(tagged[1])
    except (ConnectorError, DecimalException, ValueError, TypeError, AttributeError, OverflowError) as fault:
        raise BadJournal("what was kept of this run is damaged, so it cannot go on") from fault


def _name(name: Any) -> str:
    if isinstance(name, str):
        return name
    raise BadJournal(f"a block whose key is no text ({type(name).__name__}) cannot be kept")


def _moment(value: datetime) -> str:
    if value.utcoffset() is None:
        raise BadJournal("a time without its zone cannot be kept")
    return value.isoformat()


def _read_moment(written: Any) -> datetime:
    found = datetime.fromisoformat(written)
    _require(found.utcoffset() is not None, "damaged")
    return found


def _parts(written: Any, *kinds: type) -> list[Any]:
    _require(isinstance(written, list) and [type(part) for part in written] == list(kinds), "damaged")
    return list(written)


def _read_block(written: Any) -> dict[str, Any]:
    return {name: load(item) for name, item in written.items()}


def _read_amount(written: Any) -> Amount:
    number, currency = _parts(written, str, str)
    return Amount(Decimal(number), currency)


def _read_failure(written: Any) -> EvaluationFailed:
    detail, place = written
    return EvaluationFailed(str(detail), place=None if place is None else str(place))


def _digits(written: Any) -> str:
    _require(isinstance(written, str), "damaged")
    return str(written)


_WRITTEN: Final[Mapping[type, tuple[str, Callable[[Any], Any]]]] = {
    int: ("int", str),  # as text: no reader of JSON can round it
    Decimal: ("decimal", str),
    datetime: ("time", _moment),
    Money: ("money", lambda value: [str(value.minor), value.currency]),
    Amount: ("amount", lambda value: [str(value.number), value.currency]),
    Duration: ("duration", lambda value: [str(value.months), str(value.days), str(value.seconds)]),
    tuple: ("tuple", lambda value: [dump(item) for item in value]),
    EvaluationFailed: ("failure", lambda value: [value.detail, value.place]),
}
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "block": _read_block,
    "unknown": lambda _: UNKNOWN,
    "int": lambda written: int(_digits(written)),
    "decimal": lambda written: Decimal(_digits(written)),
    "time": _read_moment,
    "money": lambda written: Money(int(_parts(written, str, str)[0]), written[1]),
    "amount": _read_amount,
    "duration": lambda written: Duration(*map(int, _parts(written, str, str, str))),
    "tuple": lambda written: tuple(load(item) for item in written),
    "failure": _read_failure,
}
