"""A recipe's limits, held in the run's own transaction: cards to one contact, money, cards in all.

What a run gave is counted once it is done, under the recipe's lock: past a limit it
is undone with the run, so nothing is ever given and then found to be too much.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from ..domain.cards import Card
from ..domain.errors import RunFailed
from ..domain.money import Money
from ..ledger import accounts
from ..operations.kit import Desk, Outcome
from ..recipes.clauses import Budget, Limits, Rate
from ..recipes.periods import beginning
from ..store import contacts, gifts
from ..store.contacts import Contact


class LimitReached(RunFailed):
    """One of the recipe's own limits; whether the run is held or skipped, the recipe says."""


def note_gift(
    desk: Desk, recipe: str, run: str, limits: Limits | None, outcome: Outcome, whose: Contact | None
) -> None:
    """Count what a step put on a card, or LimitReached. `limits` None: there are none, or they are waived.

    `whose`: the event's contact, looked at before the card's own is looked up.
    """
    card, transfer = outcome.card, outcome.transfer
    if card is None or transfer is None or transfer.credit != accounts.of_card(card):
        return
    given = Money(transfer.amount, card.currency)
    receiver = _receiver(desk, card, whose)
    if limits is not None:
        _require(desk, recipe, limits, given, receiver)
    gifts.add(
        desk.tx,
        desk.account.id,
        recipe=recipe,
        run=run,
        contact_id=None if receiver is None else receiver.id,
        card_id=card.id,
        amount=given.minor,
        currency=given.currency,
    )


def _receiver(desk: Desk, card: Card, whose: Contact | None) -> Contact | None:
    if card.contact is None or (whose is not None and whose.public_id == card.contact):
        return None if card.contact is None else whose
    return contacts.find(desk.tx, desk.account.id, card.contact)


def _require(desk: Desk, recipe: str, limits: Limits, given: Money, receiver: Contact | None) -> None:
    gifts.lock(desk.tx, desk.account.id, recipe)
    if limits.per_contact is not None and receiver is not None:
        since = _since(desk, limits.per_contact)
        _require_rate("per_contact", limits.per_contact, gifts.count_for(desk.tx, receiver.id, recipe, since))
    if limits.burst is not None:
        since = _since(desk, limits.burst)
        _require_rate("burst", limits.burst, gifts.count(desk.tx, desk.account.id, recipe, since))
    if limits.budget is not None:
        since = _since(desk, limits.budget)
        sums = gifts.sums(desk.tx, desk.account.id, recipe, since)
        _require_budget(desk, limits.budget, sums, given)


def _since(desk: Desk, limit: Rate | Budget) -> datetime:
    return beginning(limit.period, desk.now, ZoneInfo(desk.account.timezone))


def _require_rate(name: str, rate: Rate, so_far: int) -> None:
    if so_far >= rate.count:
        raise LimitReached(f"`{name}` is reached: {rate}, and {so_far} were given", place=rate.spot.place())


def _require_budget(desk: Desk, budget: Budget, sums: dict[str, int], given: Money) -> None:
    """In the budget's currency; what was given in another one counts by the configured rate."""
    spent = 0
    for currency, minor in {**sums, given.currency: sums.get(given.currency, 0) + given.minor}.items():
        money = Money(minor, currency)
        own = currency == budget.money.currency
        spent += minor if own else desk.rates.convert(money, budget.money.currency).money.minor
    if spent > budget.money.minor:
        whole = Money.total(spent, budget.money.currency)
        raise LimitReached(
            f"`budget` is reached: {budget}; with {given} more it would be {whole}", place=budget.spot.place()
        )
