"""Any sequence of deeds through the four APIs: each shows what a model of a few dictionaries says.

8 walks of 12 deeds; 100 of 50 in the soak (`make soak`), on both databases.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.kit.databases import PostgresMaker, SqliteMaker
from tests.kit.external_client import External
from tests.kit.giftcards_client import GiftCards
from tests.kit.house import open_house
from tests.kit.stores_client import Stores
from tests.web.dialects.asking import Refused, caller, gift_cards, stores
from tests.web.door import Door, door_of

SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
WALKS, STEPS = (100, 50) if SOAK else (8, 12)
DATABASES: Final = ["sqlite", "postgres"] if SOAK else ["sqlite"]
WALK: Final = settings(
    max_examples=WALKS,
    stateful_step_count=STEPS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
APIS: Final = st.sampled_from(["ours", "whole", "external", "store"])
AMOUNTS: Final = st.integers(1, 9_999)
CLIENTS: Final = count(4_711)
CODES: Final = count(100_000)


@dataclass
class Modelled:
    """A card as the model has it, and its name in each API."""

    id: str
    uuid: str
    number: int
    flake: str
    first: int
    balance: int
    ends_at: datetime | None = None
    stopped: str = ""
    removed: bool = False

    def state(self, now: datetime) -> str:
        if self.removed or self.stopped:
            return "removed" if self.removed else "disabled"
        if self.is_over(now):
            return "expired"
        return "active" if self.balance else "depleted"

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now


class FourApis(RuleBasedStateMachine):
    """One client's cards, written through each API in turn; after each deed its card is read through all."""

    door: Door
    whole: GiftCards
    external: External
    store: Stores
    ours: Callable[..., Any]

    def __init__(self) -> None:
        super().__init__()
        self.client = next(CLIENTS)
        self.known: list[Modelled] = []
        first = self.whole.add(clientId=self.client, amount=1, balanceAmount=1)
        [row] = self.door.house.rows("aliases", kind="card", uuid=first["giftCardUUId"])
        self.contact = self.ours("GET", f"/v1/gift-cards/{row['subject']}")["contact_id"]
        self._keep(row, 100)

    @property
    def now(self) -> datetime:
        found: datetime = self.door.house.clock.now()
        return found

    @rule(api=APIS, amount=st.integers(0, 9_999))
    def make(self, api: str, amount: int) -> None:
        """A store's card alone may begin with nothing."""
        amount = amount if api == "store" else max(1, amount)
        code, major = f"CARD-{next(CODES)}", float(Decimal(amount) / 100)
        if api == "ours":
            body = {"amount": amount, "kind": "paid", "contact_id": self.contact}
            by = {"subject": self.ours("POST", "/v1/gift-cards", body)["id"]}
        elif api == "whole":
            made = self.whole.add(clientId=self.client, amount=major, balanceAmount=major)
            by = {"uuid": made["giftCardUUId"]}
        elif api == "external":
            by = {
                "number": self.external.create(initial_value=major, code=code, customer_id=self.client)["id"]
            }
        else:
            by = {"flake": int(self.store.create(code=code, balance=amount)["id"])}
        self.external.every(f"since_id={self.known[-1].number}&limit=250")  # a list gives cards their names
        [row] = self.door.house.rows("aliases", kind="card", **by)
        if api == "store":  # it knows no people
            self.ours("PATCH", f"/v1/gift-cards/{row['subject']}", {"contact_id": self.contact})
        self.require_alike(self._keep(row, amount))

    @rule(which=st.integers(0, 99), api=APIS, balance=st.integers(0, 9_999))
    def set_balance(self, which: int, api: str, balance: int) -> None:
        card = self._card(which)
        delta, state = balance - card.balance, card.state(self.now)
        is_stopped = bool(card.stopped) or card.is_over(self.now)
        is_lawful = not card.removed and not (delta > 0 and is_stopped)
        if delta == 0:
            return
        deed: Callable[[], Any]
        if api == "ours":
            deed = self._asking("set-balance", card, {"balance": balance})
        elif api == "external":
            is_lawful = is_lawful and not is_stopped
            deed = partial(self.external.set_balance, card.number, str(Decimal(balance) / 100))
        elif api == "store":
            deed = partial(self.store.update, card.flake, balance=balance)
        else:
            if state in ("removed", "disabled"):
                return  # it has no copy to write
            is_lawful = is_lawful and balance <= max(card.first, card.balance)
            copy = {**self._listed(card), "balanceAmount": float(Decimal(balance) / 100)}
            deed = partial(self.whole.save, copy)
        if self._done(deed, is_lawful):
            card.balance = balance
        self.require_alike(card)

    @rule(which=st.integers(0, 99), amount=AMOUNTS)
    def redeem(self, which: int, amount: int) -> None:
        card = self._card(which)
        is_lawful = card.state(self.now) == "active" and amount <= card.balance
        if self._done(self._asking("redeem", card, {"amount": amount}), is_lawful):
            card.balance -= amount
        self.require_alike(card)

    @rule(which=st.integers(0, 99), amount=AMOUNTS)
    def load(self, which: int, amount: int) -> None:
        card = self._card(which)
        is_lawful = card.state(self.now) in ("active", "depleted")
        if self._done(self._asking("load", card, {"amount": amount}), is_lawful):
            card.balance += amount
        self.require_alike(card)

    @rule(which=st.integers(0, 99), api=st.sampled_from(["ours", "external", "store"]))
    def stop(self, which: int, api: str) -> None:
        card = self._card(which)
        if api == "external":
            self.external.disable(card.number)
            card.stopped = card.stopped if card.removed else "for good"
        else:
            deed: Callable[[], Any] = self._asking("disable", card, {})
            if api == "store":
                deed = partial(self.store.update, card.flake, enabled=False)
            if self._done(deed, not card.removed):
                card.stopped = card.stopped or "for now"
        self.require_alike(card)

    @rule(which=st.integers(0, 99), by_store=st.booleans())
    def let_go_on(self, which: int, by_store: bool) -> None:
        card = self._card(which)
        deed: Callable[[], Any] = self._asking("enable", card, {})
        if by_store:
            deed = partial(self.store.update, card.flake, enabled=True)
        if self._done(deed, not card.removed and card.stopped != "for good"):
            card.stopped = ""
        self.require_alike(card)

    @rule(which=st.integers(0, 99), api=st.sampled_from(["ours", "whole", "store"]))
    def remove(self, which: int, api: str) -> None:
        card = self._card(which)
        if api == "ours":
            self._asking("remove", card, {})()
        elif api == "whole":
            self.whole.remove({"giftCardUUId": card.uuid})
        else:
            self.store.delete(card.flake)
        card.removed = True
        self.require_alike(card)

    @precondition(lambda self: any(card.removed for card in self.known))
    @rule(which=st.integers(0, 99), by_whole=st.booleans())
    def bring_back(self, which: int, by_whole: bool) -> None:
        gone = [card for card in self.known if card.removed]
        card = gone[which % len(gone)]
        if by_whole:
            copy = self._away(card)
            if not self._done(partial(self.whole.save, {**copy, "active": True}), not card.stopped):
                return self.require_alike(card)
        else:
            self._asking("restore", card, {})()
        card.removed = False
        return self.require_alike(card)

    @rule(which=st.integers(0, 99), hours=st.none() | st.integers(1, 30), by_store=st.booleans())
    def end(self, which: int, hours: int | None, by_store: bool) -> None:
        """003 gives a card that is over its life back by another end; ours has a deed for that."""
        card = self._card(which)
        ends_at = None if hours is None else self.now + timedelta(hours=hours)
        written = None if ends_at is None else ends_at.isoformat()
        is_lawful = not card.removed
        deed: Callable[[], Any] = partial(self.store.update, card.flake, expires_at=written)
        if card.is_over(self.now):
            is_lawful = is_lawful and by_store and not card.stopped
        if not by_store:
            deed = partial(self.ours, "PATCH", f"/v1/gift-cards/{card.id}", {"expires_at": written})
        if self._done(deed, is_lawful):
            card.ends_at = ends_at
        self.require_alike(card)

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.door.house.clock.forward(timedelta(hours=hours))
        self.require_alike(self.known[-1])

    def require_alike(self, card: Modelled) -> None:
        """As acceptance table 3.4 has each state in each API's words."""
        state = card.state(self.now)
        is_away = state in ("removed", "disabled")
        ours = self.ours("GET", f"/v1/gift-cards/{card.id}")
        assert (ours["state"], ours["balance"], ours["initial_amount"]) == (state, card.balance, card.first)

        listed = [one for one in self.whole.of_client(self.client) if one["giftCardUUId"] == card.uuid]
        assert bool(listed) is not is_away
        for one in listed:
            assert Decimal(str(one["balanceAmount"])) * 100 == card.balance
            assert Decimal(str(one["amount"])) * 100 == card.first
            assert one["status"] == ("Expired" if state == "expired" else "Active")

        shown = self.external.get(card.number)
        assert Decimal(shown["balance"]) * 100 == card.balance
        assert (shown["disabled_at"] is not None) is is_away
        word = "disabled" if is_away else "expired" if state == "expired" else "enabled"
        next_ones = self.external.every(f"since_id={card.number - 1}&limit=1&status={word}")
        assert [one["id"] for one in next_ones] == [card.number]

        theirs = self.store.get(card.flake)
        assert (theirs["balance"], theirs["starting_balance"]) == (card.balance, card.first)
        assert theirs["enabled"] is not is_away
        here = self.store.list(after=int(card.flake) - 1, before=int(card.flake) + 1)
        assert bool(here) is (state != "removed")

    def teardown(self) -> None:
        """Whether any other card was touched on the way, and whether the ledger proves itself."""
        for card in self.known:
            self.require_alike(card)
        self.door.house.require_proof()

    def _keep(self, row: dict[str, Any], amount: int) -> Modelled:
        names = row["subject"], row["uuid"], row["number"], str(row["flake"])
        self.known.append(Modelled(*names, first=amount, balance=amount))
        return self.known[-1]

    def _card(self, which: int) -> Modelled:
        return self.known[which % len(self.known)]

    def _listed(self, card: Modelled) -> dict[str, Any]:
        [found] = [one for one in self.whole.of_client(self.client) if one["giftCardUUId"] == card.uuid]
        return dict(found)

    def _away(self, card: Modelled) -> dict[str, Any]:
        """A copy of a removed card: removing it again shows it."""
        return dict(self.ours("DELETE", f"/giftcards/{card.uuid}"))

    def _asking(self, deed: str, card: Modelled, body: dict[str, Any]) -> Callable[[], Any]:
        return partial(self.ours, "POST", f"/v1/gift-cards/{card.id}/{deed}", body)

    def _done(self, deed: Callable[[], Any], is_lawful: bool) -> bool:
        """Whether it was done: exactly where it is lawful. A refusal is the caller's fault, never ours."""
        try:
            deed()
        except Refused as refusal:
            assert 400 <= refusal.answer.status_code < 500 and not is_lawful, refusal
            return False
        assert is_lawful, "this should have been refused"
        return True


@pytest.mark.parametrize("kind", DATABASES)
def test_any_sequence_through_four_apis_is_one_card_in_all_of_them(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """S001-66, S003-49, S003-64."""
    maker: SqliteMaker | PostgresMaker = request.getfixturevalue(f"{kind}_maker")
    with maker.fresh(tmp_path) as url:
        house = open_house(tmp_path, url)
        door = door_of(house)
        call = caller(door, house.key("cards:read", "cards:write"))

        class Here(FourApis):
            pass

        Here.door, Here.whole, Here.store = door, gift_cards(door), stores(door)
        Here.external, Here.ours = External(call), staticmethod(call)
        run_state_machine_as_test(Here, settings=WALK)
        house.gateway.close()
