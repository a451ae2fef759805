"""A run as a test for its recipe: what it looked at, what it did, and nobody's name.

The one rule: the test is tried before it is shown; one that would not pass is refused with the reason.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.errors import FaultyFiles, NotReplayable, RunFailed
from ..domain.money import Money
from ..recipes.constants import parted
from ..recipes.decide import Facts
from ..recipes.names import CARD, CONTACT, Shape
from ..recipes.saved_case import STAND_INS, pasted, require_passes, saved_case
from ..recipes.values import read_time
from ..store import contacts, events, revisions, runs
from . import run_json
from .parts import Parts
from .run import COSTLY, snapshot
from .schedule_runs import SOURCE

_TOLD: Final = ("done", "not_matched", "waiting", "shadow")
"""What a test can show: it knows nothing of limits, of `once_per`, of what failed."""


def as_test(parts: Parts, account: Account, run: str) -> dict[str, Any]:
    """`recipe`, `file`, `name` and `yaml`, for `tests:`; NotFound, NotReplayable where it is none."""
    with parts.engines.reading() as connection:
        kept = run_json.require(connection, account.id, run)
        if kept.outcome not in _TOLD or kept.event is None:
            raise NotReplayable(
                f"Run {kept.public_id} is {kept.outcome}: a test knows nothing of limits, nor of what was "
                "done before or failed."
            )
        event = events.find(connection, account.id, kept.event)
        text = revisions.text_of(connection, kept.revision)
        recipe = None if text is None else parts.library.as_it_was(kept.recipe, text)
        if event is None or recipe is None or text is None:
            raise NotReplayable(f"What run {kept.public_id} was decided by is not kept any more.")
        if event.envelope.get("erased"):
            raise NotReplayable(f"Event {event.public_id} is of somebody who was erased.")
        shown, card = _contact(connection, account, kept), _card(kept, event.envelope)
    name = f"as run {kept.public_id[-8:]} of {kept.created_at:%Y-%m-%d}"
    facts = Facts(event.envelope, shown, kept.created_at, account.timezone, account.currency, card)
    try:
        yaml = saved_case(recipe, facts, _gave(kept), name=name, hidden=_hidden(event.envelope, shown, card))
        own, _ = parted(text)
        tried = parts.library.read(kept.recipe, pasted(own, yaml).encode())
        require_passes(recipe, tried, name)
    except (RunFailed, FaultyFiles) as fault:
        told = fault.detail if isinstance(fault, RunFailed) else str(fault.faults[0])
        raise NotReplayable(f"Run {kept.public_id} cannot be told as a test: {told}") from fault
    return {"recipe": kept.recipe, "file": recipe.file, "name": name, "yaml": yaml}


def _contact(connection: Any, account: Account, kept: runs.Kept) -> Mapping[str, Any] | None:
    """The contact as it is now, and where the run's trace says how they were, as they were."""
    found = None if kept.contact is None else contacts.find(connection, account.id, kept.contact)
    if found is None:
        return None
    return _as_seen(
        "contact", snapshot(connection, account, found, kept.created_at, COSTLY) or {}, CONTACT, kept
    )


def _card(kept: runs.Kept, envelope: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The card that a schedule over cards was at, as its event has it; later, as the run's trace says."""
    told = envelope["data"].get("gift_card")
    if envelope["source"] != SOURCE or not isinstance(told, Mapping):
        return None
    sums = {name: Money(told[name], told["currency"]) for name, kind in CARD.items() if kind == "money"}
    return _as_seen("card", {**told, **sums}, CARD, kept)


def _as_seen(about: str, shown: Mapping[str, Any], shape: Shape, kept: runs.Kept) -> Mapping[str, Any]:
    """What is known of somebody or of a card, with what the run's trace says that it saw."""
    found = dict(shown)
    for line in kept.trace:
        for path, value in (line.get("values") or {}).items():
            root, _, field = path.partition(".")
            if root == about and field in found and _is_whole(value):
                found[field] = _typed(shape[field], value)
    return found


def _is_whole(value: Any) -> bool:
    """Whether the trace has all of it: what is long is cut there."""
    return not (isinstance(value, str) and value.endswith("…"))


def _typed(kind: Any, written: Any) -> Any:
    if kind == "money" and isinstance(written, str):
        return Money.parse_written(written)
    return read_time(written, UTC) if kind == "time" and isinstance(written, str) else written


def _gave(kept: runs.Kept) -> dict[str, Mapping[str, Any]]:
    """What each step gave, by its id or name, as the trace has it."""
    found: dict[str, Mapping[str, Any]] = {}
    for line in kept.trace:
        if isinstance(line.get("result"), Mapping):
            found[line.get("id") or line["step"]] = line["result"]
    return found


def _hidden(
    envelope: Mapping[str, Any], shown: Mapping[str, Any] | None, card: Mapping[str, Any] | None
) -> dict[str, str]:
    """Every text that is known to tell who somebody is, the longest first."""
    people = [shown or {}, envelope.get("contact") or {}, envelope.get("referrer") or {}]
    people += [(card or {}).get(name) or {} for name in ("sender", "recipient")]
    found = {
        str(person[name]): other
        for person in people
        for name, other in STAND_INS.items()
        if person.get(name) and len(str(person[name])) > 1
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
