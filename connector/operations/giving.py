"""What putting value on a card may not exceed: caps per card and per day, alike for every deed that does it.

The day's sums are written in the deed's own transaction: what is refused or undone was never counted.
"""

from collections.abc import Sequence
from typing import Final

from ..domain.cards import Card
from ..domain.errors import BadAmount, CapReached, CurrencyMismatch, DailyCapReached
from ..domain.money import EXPONENT, MAX_MINOR, Money
from ..domain.programs import Program
from ..domain.rates import Rates
from ..domain.validity import local_day
from ..store import cap_sums, programs
from .kit import IMPORT, Desk

PER_KEY: Final = "per_day_per_key"
PER_RECIPE: Final = "per_day_per_recipe"


def require_caps(
    desk: Desk,
    money: Money,
    *,
    card: Card | None = None,
    program: Program | None = None,
    choices: Sequence[Program] = (),
) -> None:
    """Pass if `money` may be put on `card` (locked; None: a new one), and count it; else CapReached.

    Ask right before the posting: on PostgreSQL the day's sums are held from here to
    the commit. `program` is the new card's, or `choices` are; those of a `card` are looked up. What is
    done by hand, with neither key nor recipe behind it, has no cap per day but its program's;
    what is imported has none at all, since it was given out elsewhere.
    """
    rules = _rules(desk, card) if card is not None else choices if program is None else (program,)
    if card is not None and card.program is not None:
        program = rules[0] if rules else None
    _require_room(desk, _on(card, money), rules)
    if desk.actor.source == IMPORT:
        return
    day = local_day(desk.now, desk.account.timezone).isoformat()
    for subject, limit, counted, cap in _daily(desk, money, program):
        if cap and not cap_sums.add(
            desk.tx, desk.account.id, subject, day, counted.currency, counted.minor, cap=cap
        ):
            given = cap_sums.of(desk.tx, desk.account.id, subject, day, counted.currency)
            most, left = Money(cap, counted.currency), Money(max(0, cap - given), counted.currency)
            raise DailyCapReached(
                f"The cap of {most} a day for {limit} leaves {left} for {day}; {money} was asked."
            )


def require_room(desk: Desk, money: Money, card: Card) -> None:
    """Pass if `card` may hold `money` more. For what another card gives: it was counted when it came."""
    _require_room(desk, _on(card, money), _rules(desk, card))


def _on(card: Card | None, money: Money) -> Money:
    held = 0 if card is None else card.balance
    return Money(min(money.minor + held, MAX_MINOR), money.currency)


def _rules(desk: Desk, card: Card) -> list[Program]:
    """The card's program, or those that it may choose among still: it must fit whichever it will be of."""
    slugs = card.programs if card.program is None else (card.program,)
    found = [programs.find(desk.tx, desk.account.id, slug) for slug in slugs]
    return [one for one in found if one is not None]


def _require_room(desk: Desk, whole: Money, rules: Sequence[Program]) -> None:
    require_below(desk.caps.per_card, _counted(desk, whole), whole)
    for one in rules:
        if one.max_balance and whole.minor > one.max_balance:
            most = Money(one.max_balance, one.currency)
            raise CapReached(f"A card of {whole} is above the {most} that the program {one.slug} allows.")


def require_below(cap: int, counted: Money, whole: Money) -> None:
    """Pass if a card of `whole`, which counts as `counted`, is within the cap per card, else CapReached."""
    if cap and counted.minor > cap:
        most = Money(cap, counted.currency)
        raise CapReached(f"A card of {whole} is above the cap of {most} per card ([caps] per_card).")


def _daily(desk: Desk, money: Money, program: Program | None) -> list[tuple[str, str, Money, int]]:
    """Each sum that this counts in: subject, what its cap is called, how much counts, the cap.

    Always in this order, so that two deeds never wait for each other's sums.
    """
    origin, found = desk.actor.origin, []
    counted = _counted(desk, money)
    if key := origin.get("key_id"):
        root = desk.actor.root or key  # keys that a key made have its cap together: no key mints itself more
        whose = f"the key {key}" if root == key else f"all keys that come from {root}"
        found.append((f"key:{root}", f"{whose} ([caps] {PER_KEY})", counted, desk.caps.per_key))
    if program is not None:
        limit = f"the program {program.slug} (its per_day)"
        found.append((f"program:{program.slug}", limit, money, program.per_day))
    if recipe := origin.get("recipe"):
        limit = f"the recipe {recipe} ([caps] {PER_RECIPE})"
        found.append((f"recipe:{recipe}", limit, counted, desk.caps.per_recipe))
    return found


def _counted(desk: Desk, money: Money) -> Money:
    return counted_in(desk.account.currency, money, desk.rates)


def counted_in(own: str, money: Money, rates: Rates) -> Money:
    """In the account's currency, in which caps are told: by the rate, and without one number for number.

    So that no other currency is a way round them; what is worth less than the smallest unit counts as one.
    """
    if money.currency == own:
        return money
    try:
        minor = rates.convert(money, own).money.minor
    except BadAmount:  # more than any cap
        minor = MAX_MINOR
    except CurrencyMismatch:
        shift = EXPONENT[own] - EXPONENT[money.currency]
        minor = money.minor * 10**shift if shift >= 0 else -(-money.minor // 10**-shift)
    return Money(min(max(minor, 1), MAX_MINOR), own)
