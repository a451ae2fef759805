"""A backtest's answer: what each revision would have given, who gains or loses, what could not be rebuilt.

The one rule: people are their contact ids here; names and addresses stand in no answer.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.events import rfc3339
from ..domain.messages import is_message_type
from ..recipes.recipe import Recipe, Step, Wait
from . import notifying
from .as_it_was import NO_HISTORY
from .rehearsal import OUTCOMES, Rehearsal
from .run import COSTLY

MAX_WHO: Final = 1_000  # people in one answer: more are counted
MAX_REASONS: Final = 50
SOMEBODY_NEW: Final = "(somebody new)"
Sums = Counter[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """`live`: the revision of this name that is in force, whatever its status."""

    account: Account
    recipe: Recipe
    live: Recipe | None
    since: datetime
    until: datetime


@dataclass(slots=True)
class _Share:
    """What one person would have got."""

    contact: str
    cards: int
    money: Sums


def told_of(
    asked: Asked, both: Sequence[Rehearsal], seen: int, erased: int, cards_ticks: int
) -> dict[str, Any]:
    """`changed` is the revision asked for; `in_force` the live one where that is another, else null."""
    changed, live = both[0], both[1] if len(both) > 1 else None
    return {
        "recipe": asked.recipe.name,
        "account": asked.account.slug,
        "since": rfc3339(asked.since),
        "until": rfc3339(asked.until),
        "events": seen,
        "changed": _revision(changed, asked.recipe.status),
        "in_force": None if live is None else _revision(live, "live"),
        "is_in_force": asked.live is not None and asked.live.revision == asked.recipe.revision,
        "difference": None if live is None else _difference(live, changed),
        "not_rebuilt": list(_not_rebuilt(asked, both, erased, cards_ticks)),
    }


def _revision(one: Rehearsal, status: str) -> dict[str, Any]:
    told, shares = one.told, _shares(one)
    outcomes = {name: told.outcomes[name] for name in OUTCOMES if told.outcomes[name]}
    reasons = sorted(told.reasons.items(), key=lambda item: (-item[1], item[0][0], item[0][1]))
    return {
        "revision": one.recipe.revision,
        "status": status,
        "outcomes": outcomes,
        "cards": len(one.gifts),
        "money": _given(one),
        "contacts": len(shares),
        "held_money": _plain(told.held_money),
        "taken_back": _plain(told.taken_back),
        "control_group": told.control,
        "messages": told.messages,
        "reasons": [
            {"outcome": outcome, "reason": reason, "place": place, "count": count}
            for (outcome, reason, place), count in reasons[:MAX_REASONS]
        ],
        "who": [_who(share) for share in _most(shares.values())[:MAX_WHO]],
    }


def _shares(one: Rehearsal) -> dict[int | str | None, _Share]:
    found: dict[int | str | None, _Share] = {}
    for gift in one.gifts:
        share = found.get(gift.who)
        if share is None:
            share = found[gift.who] = _Share(one.name_of(gift.who) or SOMEBODY_NEW, 0, Counter())
        share.cards += 1
        share.money[gift.money.currency] += gift.money.minor
    return found


def _difference(live: Rehearsal, changed: Rehearsal) -> dict[str, Any]:
    """What the change would have made of it: above zero is more than by the revision in force."""
    before, after = _shares(live), _shares(changed)
    moved = []
    for who in {**before, **after}:
        old, new = before.get(who), after.get(who)
        named = new or old
        assert named is not None
        money: Sums = Counter(new.money if new else {})
        money.subtract(old.money if old else {})
        share = _Share(named.contact, (new.cards if new else 0) - (old.cards if old else 0), money)
        if share.cards or any(money.values()):
            moved.append(share)
    total: Sums = Counter()
    for share in moved:
        total.update(share.money)
    return {
        "cards": len(changed.gifts) - len(live.gifts),
        "money": _plain(total),
        "held": changed.told.outcomes["held"] - live.told.outcomes["held"],
        "skipped": changed.told.outcomes["skipped"] - live.told.outcomes["skipped"],
        "gain": sum(_worth(share) > 0 for share in moved),
        "lose": sum(_worth(share) < 0 for share in moved),
        "who": [_who(share) for share in _most(moved)[:MAX_WHO]],
    }


def _worth(share: _Share) -> int:
    """Above zero: gains. Of several currencies the sum of minor units says which way, no more."""
    return sum(share.money.values()) or share.cards


def _most(shares: Any) -> list[_Share]:
    return sorted(shares, key=lambda share: (-abs(_worth(share)), share.contact))


def _who(share: _Share) -> dict[str, Any]:
    return {"contact_id": share.contact, "cards": share.cards, "money": _plain(share.money)}


def _given(one: Rehearsal) -> dict[str, int]:
    found: Sums = Counter()
    for gift in one.gifts:
        found[gift.money.currency] += gift.money.minor
    return _plain(found)


def _plain(sums: Sums) -> dict[str, int]:
    """Minor units by currency."""
    return {currency: minor for currency, minor in sorted(sums.items()) if minor}


def _not_rebuilt(
    asked: Asked, both: Sequence[Rehearsal], erased: int, cards_ticks: int
) -> Iterator[dict[str, Any]]:
    """What could not be worked out anew; `count` None: it is so of all of them."""
    texts = [one.recipe.text for one in both]
    found: list[tuple[str, int | None]] = []
    if erased:
        found.append(("events of people who were erased", erased))
    if cards_ticks:
        found.append(("moments of a schedule that goes over cards", cards_ticks))
    reasons = sorted({why for one in both for why in one.told.not_rebuilt})
    found += [(f"runs: {why}", max(one.told.not_rebuilt[why] for one in both)) for why in reasons]
    waiting = max(len(one.standing) for one in both)
    if waiting:
        found.append(("runs whose wait ends after the last event: what they then do", waiting))
    held = max(one.told.outcomes["held"] for one in both)
    if held:
        found.append(("held runs: whether a person would have let them go on", held))
    undone = max(one.told.undone_before for one in both)
    if undone:
        found.append(("runs of before the time began that an event within it took back", undone))
    if any(is_message_type(kind) for one in both for kind in one.recipe.on):
        found.append(("messages of our own: those that were sent are taken, whatever had been given", None))
    if any("load_card:" in text or "load:" in text for text in texts):
        found.append(("cards given by others or before, to load: a new one is taken, and capped", None))
    if any(_waits(one.recipe.steps) for one in both):
        found.append(("runs that waited already when the time began", None))
    now_only = [name for name in NO_HISTORY if any(f"contact.{name}" in text for text in texts)]
    found += [(f"contact.{name} as it was: it is taken as it is now", None) for name in now_only]
    if any(f"contact.{name}" in text for name in COSTLY for text in texts):
        found.append(("what people would have spent of cards that are given anew: taken as nothing", None))
    if any("program:" in text for text in texts):
        found.append(("what was left of prepaid funds, and a program's cap a day", None))
    if any(f"{notifying.NAME}:" in text for text in texts):
        found.append(("whether a letter could be sent (`notify`): taken as sent", None))
    if asked.account.clock_offset:
        found.append(("the clock of the sandbox, which was moved: moments are those of the machine", None))
    for what, count in found:
        yield {"what": what, "count": count}


def _waits(steps: Sequence[Step]) -> bool:
    for step in steps:
        inner = [getattr(step, "steps", ()), *(one.steps for one in getattr(step, "branches", ()))]
        if isinstance(step, Wait) or any(_waits(each) for each in inner):
            return True
    return False
