"""A recipe's limits, held in the run's own transaction: cards to one contact, money, cards in all.

What a run gave is counted once it is done, under the recipe's lock: past a limit it
is undone with the run, so nothing is ever given and then found to be too much.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ..domain.cards import Card
from ..domain.errors import RunFailed
from ..domain.money import Money
from ..domain.rates import Rates
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
        gifts.lock(desk.tx, desk.account.id, recipe)
        setting = Setting(desk.now, desk.account.timezone, desk.rates)
        whom = None if receiver is None else receiver.id
        require_within(limits, _Kept(desk, recipe), given, whom, setting)
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
    """Whose card it is; of one that is nobody's, whom the run is about."""
    if card.contact is None or (whose is not None and whose.public_id == card.contact):
        return whose
    return contacts.find(desk.tx, desk.account.id, card.contact)


class Given(Protocol):
    """What a recipe has given so far."""

    def count_for(self, contact_id: int, since: datetime, /) -> int:
        """How many to this contact."""
        ...

    def count(self, since: datetime, /) -> int:
        """How many in all."""
        ...

    def sums(self, since: datetime, /) -> dict[str, int]:
        """How much, in minor units by currency."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the recipe has given by its rows."""

    desk: Desk
    recipe: str

    def count_for(self, contact_id: int, since: datetime) -> int:
        return gifts.count_for(self.desk.tx, contact_id, self.recipe, since)

    def count(self, since: datetime) -> int:
        return gifts.count(self.desk.tx, self.desk.account.id, self.recipe, since)

    def sums(self, since: datetime) -> dict[str, int]:
        return gifts.sums(self.desk.tx, self.desk.account.id, self.recipe, since)


@dataclass(frozen=True, slots=True)
class Setting:
    """When and where something is given: the moment, the account's zone, the configured rates."""

    now: datetime
    timezone: str
    rates: Rates

    def since(self, limit: Rate | Budget) -> datetime:
        return beginning(limit.period, self.now, ZoneInfo(self.timezone))


def require_within(
    limits: Limits, before: Given, given: Money, receiver: int | None, setting: Setting
) -> None:
    """Pass if `given` may come to what was given `before`, else LimitReached.

    `receiver` None: nobody is known, so that what is given once to each cannot be counted.
    """
    if limits.per_contact is not None:
        if receiver is None:
            why = f"`per_contact` cannot be counted: {limits.per_contact}, and this is nobody's"
            raise LimitReached(why, place=limits.per_contact.spot.place())
        so_far = before.count_for(receiver, setting.since(limits.per_contact))
        _require_rate("per_contact", limits.per_contact, so_far)
    if limits.burst is not None:
        _require_rate("burst", limits.burst, before.count(setting.since(limits.burst)))
    if limits.budget is not None:
        sums = before.sums(setting.since(limits.budget))
        _require_budget(setting.rates, limits.budget, sums, given)


def _require_rate(name: str, rate: Rate, so_far: int) -> None:
    if so_far >= rate.count:
        raise LimitReached(f"`{name}` is reached: {rate}, and {so_far} were given", place=rate.spot.place())


def _require_budget(rates: Rates, budget: Budget, sums: dict[str, int], given: Money) -> None:
    """In the budget's currency; what was given in another one counts by the configured rate."""
    spent = 0
    for currency, minor in {**sums, given.currency: sums.get(given.currency, 0) + given.minor}.items():
        money = Money(minor, currency)
        own = currency == budget.money.currency
        spent += minor if own else rates.convert(money, budget.money.currency).money.minor
    if spent > budget.money.minor:
        whole = Money.total(spent, budget.money.currency)
        raise LimitReached(
            f"`budget` is reached: {budget}; with {given} more it would be {whole}", place=budget.spot.place()
        )
