"""Any sequence of deeds gives what a single-threaded model of a till gives, to the minor unit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from connector.domain.accounts import Account
from connector.domain.errors import ConnectorError
from connector.flows.perform import Idempotency
from connector.operations.registry import operations
from connector.store import accounts
from tests.kit.house import BY_HAND, House, open_house
from tests.store.making import VALUES

AMOUNTS = st.integers(1, 3000)
DAY = timedelta(days=1)
NUMBERS = count()


@dataclass
class Modelled:
    """A card as the model has it; `spent` are the keys under which something was taken."""

    id: str
    code: str
    currency: str
    balance: int
    expires_at: datetime | None


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

    @rule(target=cards, amount=AMOUNTS, currency=st.sampled_from(["USD", "EUR"]), days=st.integers(0, 3))
    def issue(self, amount: int, currency: str, days: int) -> Any:
        expires_at = self.now + days * DAY if days else None
        made = self.ask("issue", amount=amount, currency=currency, expires_at=expires_at)
        card = Modelled(made["id"], made["code"], currency, amount, expires_at)
        self.known.append(card)
        return card

    @rule(card=cards)
    def issue_with_a_taken_code(self, card: Modelled) -> None:
        assert self.ask("issue", amount=100, code=card.code) == "code_taken"

    @rule(card=cards, amount=AMOUNTS, by_code=st.booleans(), partial=st.booleans())
    def redeem(self, card: Modelled, amount: int, by_code: bool, partial: bool) -> None:
        told = self.ask("redeem", card=card.code if by_code else card.id, amount=amount, partial=partial)
        self.require_told(card, told, min(amount, card.balance) if partial else amount)

    @rule(card=cards)
    def redeem_all(self, card: Modelled) -> None:
        self.require_told(card, self.ask("redeem", card=card.id, all=True), card.balance)

    @rule(card=cards, amount=AMOUNTS, key=st.sampled_from(["one", "two", "three"]))
    def redeem_under_a_key(self, card: Modelled, amount: int, key: str) -> None:
        asked = repr((card.id, amount)).encode()
        told = self.ask("redeem", key, card=card.id, amount=amount)
        if key not in self.answers:
            self.answers[key] = asked, told
            self.require_told(card, told, amount)
        elif self.answers[key][0] == asked:
            assert told == self.answers[key][1], "the first answer again"
        else:
            assert told == "idempotency_key_reused"

    @rule(card=cards, amount=AMOUNTS)
    def redeem_in_another_currency(self, card: Modelled, amount: int) -> None:
        told = self.ask("redeem", card=card.id, amount=amount, currency="JPY")
        assert told == ("card_expired" if self.is_expired(card) else "currency_mismatch")

    @rule(card=cards, amount=AMOUNTS)
    def try_out(self, card: Modelled, amount: int) -> None:
        told = self.ask("redeem", card=card.id, amount=amount, simulate=True)
        assert isinstance(told, dict) == (not self.is_expired(card) and amount <= card.balance)

    @rule(card=cards)
    def check(self, card: Modelled) -> None:
        told = self.ask("check_balance", card=card.code)
        assert round(float(told["balance"]) * 100) == card.balance
        available = 0 if self.is_expired(card) else card.balance
        assert round(float(told["available"]) * 100) == available

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.house.clock.forward(timedelta(hours=hours))

    @rule(target=cards, card=consumes(cards))
    def put_back(self, card: Modelled) -> Any:
        """Only so that the choice among many cards keeps moving."""
        return multiple(card)

    def is_expired(self, card: Modelled) -> bool:
        return card.expires_at is not None and card.expires_at <= self.now

    def require_told(self, card: Modelled, told: Any, taken: int) -> None:
        if self.is_expired(card):
            assert told == "card_expired"
        elif not 0 < taken <= card.balance:
            assert told == "insufficient_balance"
        else:
            card.balance -= taken
            assert told["transaction"]["amount"] == -taken
            assert told["transaction"]["balance_after"] == told["gift_card"]["balance"] == card.balance

    @invariant()
    def every_balance_is_the_models(self) -> None:
        shown = self.house.gateway.list_cards(self.account, {"limit": "250"}).data
        assert {one["id"]: one["balance"] for one in shown} == {one.id: one.balance for one in self.known}

    def teardown(self) -> None:
        proof = self.house.gateway.verify(self.account)
        assert proof.is_ok, proof.faults
        assert proof.cards == len(self.known)


def test_any_sequence_of_deeds_is_what_the_model_says(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url)
    is_sqlite = database_url.startswith("sqlite")

    class Here(Till):
        pass

    Here.house = house
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=120 if is_sqlite else 25,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    house.gateway.close()
