"""Any sequence of deeds gives what a single-threaded model of a till gives, to the minor unit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.domain.accounts import Account
from connector.domain.errors import ConnectorError
from connector.domain.rates import Rates
from connector.flows.perform import Idempotency
from connector.operations.registry import operations
from connector.store import accounts
from tests.kit.house import BY_HAND, House, open_house
from tests.store.making import VALUES

AMOUNTS = st.integers(1, 3000)
CHANGES = st.integers(-3000, 3000)
REASONS = st.sampled_from(["correction", "goodwill", "fraud", "migration"])
DAY = timedelta(days=1)
RATES = Rates("USD", {"EUR": Decimal("0.8")})
NUMBERS = count()


@dataclass
class Taken:
    """A redemption or capture as the model has it."""

    id: str
    amount: int
    given_back: int = 0


@dataclass
class Modelled:
    """A card as the model has it; `holds` are the open ones, by id, with their end."""

    id: str
    code: str
    currency: str
    balance: int
    expires_at: datetime | None
    kind: str = "promotional"
    disabled: bool = False
    taken: list[Taken] = field(default_factory=list)
    holds: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def available(self, now: datetime) -> int:
        return self.balance - sum(amount for amount, until in self.holds.values() if until > now)


def converted(amount: int, own: str, other: str, rounding: str = ROUND_HALF_EVEN) -> int:
    """What a sum of `own` is in `other`; both have cents. What moves to a card is rounded down."""
    rate = {"USD": Decimal(1), "EUR": Decimal("0.8")}
    return int((amount * rate[other] / rate[own]).to_integral_value(rounding))


class Till(RuleBasedStateMachine):
    """One account of the house, used by hand, beside a model that is a few dictionaries."""

    house: House
    cards: Bundle[Modelled] = Bundle("cards")

    def __init__(self) -> None:
        super().__init__()
        slug = f"shop-{next(NUMBERS)}"
        self.account: Account = self.house.gateway.parts.writer.run(
            lambda tx: accounts.put(tx, slug=slug, values=VALUES, managed_by="api")
        )
        self.known: list[Modelled] = []
        self.answers: dict[str, tuple[bytes, object]] = {}

    def ask(self, name: str, key: str | None = None, **fields: Any) -> Any:
        """The answer's body, or the code of the refusal."""
        operation = operations()[name]
        under = None if key is None else Idempotency(key, "POST", "/x", repr(sorted(fields.items())).encode())
        try:
            answered = self.house.gateway.perform(
                self.account, BY_HAND, operation, operation.command(**fields), under
            )
        except ConnectorError as refusal:
            return refusal.code
        return answered.error.code if answered.error is not None else dict(answered.body)

    @property
    def now(self) -> datetime:
        return self.house.clock.now()  # type: ignore[no-any-return]

    @rule(
        target=cards,
        amount=AMOUNTS,
        currency=st.sampled_from(["USD", "EUR"]),
        days=st.integers(0, 3),
        kind=st.sampled_from(["promotional", "promotional", "paid"]),
    )
    def issue(self, amount: int, currency: str, days: int, kind: str) -> Any:
        expires_at = self.now + days * DAY if days else None
        made = self.ask("issue", amount=amount, currency=currency, expires_at=expires_at, kind=kind)
        card = Modelled(made["id"], made["code"], currency, amount, expires_at, kind)
        self.known.append(card)
        return card

    @rule(card=cards)
    def issue_with_a_taken_code(self, card: Modelled) -> None:
        assert self.ask("issue", amount=100, code=card.code) == "code_taken"

    @rule(card=cards, amount=AMOUNTS, by_code=st.booleans(), partial=st.booleans())
    def redeem(self, card: Modelled, amount: int, by_code: bool, partial: bool) -> None:
        told = self.ask("redeem", card=card.code if by_code else card.id, amount=amount, partial=partial)
        self.require_taken(card, told, min(amount, card.available(self.now)) if partial else amount)

    @rule(card=cards)
    def redeem_all(self, card: Modelled) -> None:
        self.require_taken(card, self.ask("redeem", card=card.id, all=True), card.available(self.now))

    @rule(card=cards, amount=AMOUNTS, key=st.sampled_from(["one", "two", "three"]))
    def redeem_under_a_key(self, card: Modelled, amount: int, key: str) -> None:
        asked = repr((card.id, amount)).encode()
        told = self.ask("redeem", key, card=card.id, amount=amount)
        if key not in self.answers:
            self.answers[key] = asked, told
            self.require_taken(card, told, amount)
        elif self.answers[key][0] == asked:
            assert told == self.answers[key][1], "the first answer again"
        else:
            assert told == "idempotency_key_reused"

    @rule(card=cards, amount=AMOUNTS, partial=st.booleans())
    def redeem_in_the_other_currency(self, card: Modelled, amount: int, partial: bool) -> None:
        other = "EUR" if card.currency == "USD" else "USD"
        told = self.ask("redeem", card=card.id, amount=amount, currency=other, partial=partial)
        price, there = converted(amount, other, card.currency), card.available(self.now)
        is_part = partial and price > there
        if self.stopped(card) is None and is_part and converted(there, card.currency, other) == 0:
            assert told == "insufficient_balance"
            return
        self.require_taken(card, told, there if is_part else price)
        if isinstance(told, dict):
            got = converted(there, card.currency, other) if is_part else amount
            assert told["converted"]["amount"] == got <= amount

    @rule(card=cards, amount=AMOUNTS)
    def redeem_in_a_currency_without_a_rate(self, card: Modelled, amount: int) -> None:
        told = self.ask("redeem", card=card.id, amount=amount, currency="JPY")
        assert told == (self.stopped(card) or "currency_mismatch")

    @rule(card=cards, amount=AMOUNTS)
    def try_out(self, card: Modelled, amount: int) -> None:
        told = self.ask("redeem", card=card.id, amount=amount, simulate=True)
        is_lawful = self.stopped(card) is None and amount <= card.available(self.now)
        assert isinstance(told, dict) == is_lawful

    @rule(card=cards, amount=AMOUNTS)
    def load(self, card: Modelled, amount: int) -> None:
        told = self.ask("load", card=card.id, amount=amount)
        self.require_moved(card, told, amount, self.stopped(card))

    @rule(card=cards, amount=CHANGES, reason=REASONS)
    def adjust(self, card: Modelled, amount: int, reason: str) -> None:
        told = self.ask("adjust", card=card.id, amount=amount, reason=reason)
        if amount == 0:
            assert told == "validation_failed"
        else:
            self.require_corrected(card, told, amount)

    @rule(card=cards, balance=st.integers(0, 3000), is_expected=st.sampled_from([None, True, True, False]))
    def set_balance(self, card: Modelled, balance: int, is_expected: bool | None) -> None:
        expected = None if is_expected is None else card.balance + (not is_expected)
        told = self.ask("set_balance", card=card.id, balance=balance, expected_balance=expected)
        if is_expected is False:
            assert told == "balance_changed"
        elif balance == card.balance:
            assert (told["transaction"], told["gift_card"]["balance"]) == (None, balance)
        else:
            self.require_corrected(card, told, balance - card.balance)

    @precondition(lambda self: any(card.taken for card in self.known))
    @rule(which=st.integers(0, 99), percent=st.sampled_from([None, 1, 30, 50, 100, 101]))
    def refund(self, which: int, percent: int | None) -> None:
        every = [(card, taken) for card in self.known for taken in card.taken]
        card, taken = every[which % len(every)]
        left = taken.amount - taken.given_back
        asked = left if percent is None else max(1, -(-left * percent // 100))
        told = self.ask(
            "refund", card=card.id, transaction_id=taken.id, amount=None if percent is None else asked
        )
        if not 0 < asked <= left:
            assert told == "refund_exceeds_redemption"
        else:
            taken.given_back += asked
            self.require_moved(card, told, asked, None)

    @rule(card=cards, other=cards)
    def refund_what_was_never_taken(self, card: Modelled, other: Modelled) -> None:
        for taken in other.taken if card.id != other.id else ():
            assert self.ask("refund", card=card.id, transaction_id=taken.id) == "not_found"

    @rule(card=cards, to=cards, amount=st.none() | AMOUNTS)
    def transfer(self, card: Modelled, to: Modelled, amount: int | None) -> None:
        how = {"all": True} if amount is None else {"amount": amount}
        told = self.ask("transfer", card=card.id, to=to.code, **how)
        there = card.available(self.now)
        out = there if amount is None else amount
        stopped = self.stopped(card) or self.stopped(to)
        if card.id == to.id:
            assert told == "validation_failed"
        elif stopped is not None:
            assert told == stopped
        elif card.kind != to.kind:
            assert told == "validation_failed"
        elif not 0 < out <= there:
            assert told == "insufficient_balance"
        elif (into := converted(out, card.currency, to.currency, ROUND_FLOOR)) == 0:
            assert told == "validation_failed"
        else:
            self.require_moved(card, told, -out, None)
            to.balance += into
            assert told["to_gift_card"]["balance"] == to.balance

    @rule(card=cards)
    def cash_out(self, card: Modelled) -> None:
        assert self.ask("cash_out", card=card.id) == (self.stopped(card) or "cash_out_not_allowed")

    @rule(card=cards, amount=AMOUNTS, hours=st.integers(1, 60))
    def hold(self, card: Modelled, amount: int, hours: int) -> None:
        told = self.ask("hold", card=card.id, amount=amount, expires_in=hours * 3600)
        if (stopped := self.stopped(card)) is not None:
            assert told == stopped
        elif amount > card.available(self.now):
            assert told == "insufficient_balance"
        else:
            until = self.now + timedelta(hours=hours)
            card.holds[told["hold"]["id"]] = amount, min(until, card.expires_at or until)

    @precondition(lambda self: any(card.holds for card in self.known))
    @rule(which=st.integers(0, 99), percent=st.sampled_from([None, 30, 100, 101]))
    def capture(self, which: int, percent: int | None) -> None:
        card, name, held, until = self.a_hold(which)
        taken = held if percent is None else max(1, -(-held * percent // 100))
        told = self.ask("capture", hold=name, amount=None if percent is None else taken)
        if until <= self.now:
            assert told in ("hold_not_open", self.stopped(card))
        elif (stopped := self.stopped(card)) is not None:
            assert told == stopped
        elif taken > held:
            assert told == "insufficient_balance"
        else:
            del card.holds[name]
            card.balance -= taken
            assert told["gift_card"]["balance"] == card.balance
            card.taken.append(Taken(told["transaction"]["id"], taken))

    @precondition(lambda self: any(card.holds for card in self.known))
    @rule(which=st.integers(0, 99))
    def release(self, which: int) -> None:
        card, name, _, until = self.a_hold(which)
        told = self.ask("release", hold=name)
        if until <= self.now:
            assert told == "hold_not_open"
        else:
            assert told["hold"]["state"] == "released"
        del card.holds[name]

    def a_hold(self, which: int) -> tuple[Modelled, str, int, datetime]:
        """One of the holds that nobody has ended."""
        every = [(card, name, *hold) for card in self.known for name, hold in card.holds.items()]
        return every[which % len(every)]

    @rule(card=cards, is_off=st.sampled_from([True, False, False]))
    def stop_or_let_go_on(self, card: Modelled, is_off: bool) -> None:
        told = self.ask("disable" if is_off else "enable", card=card.id)
        assert isinstance(told, dict)
        card.disabled = is_off

    @rule(card=cards)
    def check(self, card: Modelled) -> None:
        told = self.ask("check_balance", card=card.code)
        assert round(float(told["balance"]) * 100) == card.balance
        available = 0 if self.stopped(card) else card.available(self.now)
        assert round(float(told["available"]) * 100) == available

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.house.clock.forward(timedelta(hours=hours))

    @rule(target=cards, card=consumes(cards))
    def put_back(self, card: Modelled) -> Any:
        """Only so that the choice among many cards keeps moving."""
        return multiple(card)

    def stopped(self, card: Modelled) -> str | None:
        """The code of what says why the card cannot be spent, or None."""
        if card.disabled:
            return "card_disabled"
        return "card_expired" if card.expires_at is not None and card.expires_at <= self.now else None

    def require_taken(self, card: Modelled, told: Any, taken: int) -> None:
        """What a till gets: as `require_moved`, but never nothing."""
        if self.stopped(card) is None and taken == 0:
            assert told in ("insufficient_balance", "validation_failed")
        else:
            self.require_moved(card, told, -taken, self.stopped(card))
        if isinstance(told, dict):
            card.taken.append(Taken(told["transaction"]["id"], taken))

    def require_corrected(self, card: Modelled, told: Any, delta: int) -> None:
        self.require_moved(card, told, delta, self.stopped(card) if delta > 0 else None)

    def require_moved(self, card: Modelled, told: Any, delta: int, stopped: str | None) -> None:
        if stopped is not None:
            assert told == stopped
        elif card.available(self.now) + delta < 0:
            assert told == "insufficient_balance"
        else:
            card.balance += delta
            assert told["transaction"]["amount"] == delta
            assert told["transaction"]["balance_after"] == told["gift_card"]["balance"] == card.balance

    def teardown(self) -> None:
        """Each answer was held against the model; now whether any other card was touched on the way."""
        shown = self.house.gateway.list_cards(self.account, {"limit": 250}).data
        assert {one["id"]: one["balance"] for one in shown} == {one.id: one.balance for one in self.known}
        proof = self.house.gateway.verify(self.account)
        assert proof.is_ok, proof.faults
        assert proof.cards == len(self.known)


def test_any_sequence_of_deeds_is_what_the_model_says(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url, rates=RATES)

    class Here(Till):
        pass

    Here.house = house
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=210,  # of 50 steps each: 10,000
            stateful_step_count=50,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    house.gateway.close()
