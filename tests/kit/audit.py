"""The money audit: nothing lost, nothing doubled. It judges what a load client was told, and what is there.

The rule that holds: one pure function decides. It is fed planted faults, since an audit that
cannot fail proves nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .journal import Answer, Deed, Journal, Told, resend


@dataclass(frozen=True)
class Message:
    """One arrival of a message: its id, its bytes, what it tells of, and whether its signature is ours."""

    id: str
    body: bytes
    effect: str
    is_signed: bool = True


@dataclass(frozen=True)
class Facts:
    """What the audit judges. `first` and `again` are the answers by key, `again` those of the resending.

    `before` are the balances by card before it, `after` those after it, `opening` those of the cards
    that were there before anything began. `messages` are all arrivals; None: nobody listened.
    """

    deeds: Mapping[str, Deed]
    first: Mapping[str, Answer]
    again: Mapping[str, Answer]
    before: Mapping[str, int]
    after: Mapping[str, int]
    opening: Mapping[str, int]
    messages: tuple[Message, ...] | None = None


def judge(facts: Facts) -> list[str]:
    """Every way in which something was lost or doubled, a sentence each; [] where nothing was."""
    return [
        *_kept_word(facts),
        *_settled(facts),
        *_balances(facts),
        *([] if facts.messages is None else _told_once(facts, facts.messages)),
    ]


def _kept_word(facts: Facts) -> Iterator[str]:
    """What was acknowledged is there, before anything is sent again, and is known again."""
    for key, answer in facts.first.items():
        if answer.told is not Told.ACK:
            continue
        again = facts.again[key]
        if not facts.deeds[key].card and answer.effect and answer.effect not in facts.before:
            yield f"lost: {key} was acknowledged with {answer.effect}, and nothing of it is there"
        if again.effect != (answer.effect or again.effect) or not again.is_again:
            yield f"lost: {key} was acknowledged with {answer.effect}; sent again it gave {again.effect} anew"


def _settled(facts: Facts) -> Iterator[str]:
    """Everything is done or refused in the end, and no effect belongs to two."""
    owners: dict[str, str] = {}
    for key, answer in facts.again.items():
        if answer.told is Told.UNKNOWN or (answer.told is Told.ACK and not answer.effect):
            yield f"unsettled: {key} was never answered, last with {answer.status}"
        elif answer.told is Told.ACK and owners.setdefault(answer.effect, key) != key:
            yield f"doubled: {key} and {owners[answer.effect]} share the effect {answer.effect}"
        elif answer.told is Told.NO and facts.first.get(key, answer).told is Told.ACK:
            yield f"lost: {key} was acknowledged, and refused when sent again"


def _balances(facts: Facts) -> Iterator[str]:
    """Each card is there once, with what its deeds left on it; there is no other card."""
    expected = dict(facts.opening)
    for key, deed in facts.deeds.items():
        answer = facts.again[key]
        if answer.told is Told.ACK:
            card = deed.card or answer.effect
            expected[card] = expected.get(card, 0) + deed.delta
    for card in sorted(expected.keys() | facts.after.keys()):
        if card not in facts.after:
            yield f"lost: card {card} is not there"
        elif card not in expected:
            yield f"doubled: card {card} belongs to nothing that was sent"
        elif facts.after[card] != expected[card]:
            yield f"wrong: card {card} has {facts.after[card]}, its deeds leave {expected[card]}"


def _told_once(facts: Facts, messages: tuple[Message, ...]) -> Iterator[str]:
    """Each effect has one message, of one body, that arrived; and there is no other message."""
    effects = {answer.effect for answer in facts.again.values() if answer.told is Told.ACK}
    bodies: dict[str, bytes] = {}
    ids: dict[str, str] = {}
    for message in messages:
        if not message.is_signed:
            yield f"wrong: message {message.id} has no signature of ours"
        if bodies.setdefault(message.id, message.body) != message.body:
            yield f"doubled: message {message.id} came with two bodies"
        if ids.setdefault(message.effect, message.id) != message.id:
            yield f"doubled: {message.effect} was told by {message.id} and {ids[message.effect]}"
    for effect in sorted(effects - ids.keys()):
        yield f"lost: nobody was told of {effect}"
    for effect in sorted(ids.keys() - effects):
        yield f"doubled: {ids[effect]} tells of {effect}, which nothing made"


Look = Callable[[], Mapping[str, int]]


def audit(
    journal: Journal,
    port: int,
    look: Look,
    opening: Mapping[str, int],
    drain: Callable[[int], tuple[Message, ...]] | None = None,
) -> list[str]:
    """Judge a run. `look` gives the balances by card; `drain` waits for so many effects to be told of."""
    first = dict(journal.answers)
    before = look()
    again = resend(journal, port)
    effects = {answer.effect for answer in again.values() if answer.told is Told.ACK}
    messages = None if drain is None else drain(len(effects))
    return judge(Facts(journal.deeds, first, again, before, look(), opening, messages))
