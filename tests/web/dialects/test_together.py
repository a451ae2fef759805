"""One card through every API: what is written by one is read by the others, in each one's own words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do
from tests.kit.external_client import External
from tests.kit.giftcards_client import GiftCards
from tests.kit.stores_client import Stores
from tests.web.dialects.asking import external, gift_cards, stores
from tests.web.door import Door

CLIENT = 4711
A_MONTH = THE_MOMENT + timedelta(days=30)


@dataclass
class Everywhere:
    """One card, as each API knows it."""

    door: Door
    whole: GiftCards
    store: Stores
    shop: External
    card: str
    uuid: str
    flake: str
    number: int
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> dict[str, Any]:
        return card_of(self.door.house, self.card)

    @property
    def theirs(self) -> dict[str, Any]:
        return self.store.get(self.flake)

    def listed(self) -> dict[str, Any] | None:
        found = [one for one in self.whole.of_client(CLIENT) if one["giftCardUUId"] == self.uuid]
        return found[0] if found else None

    def write(self, **fields: Any) -> None:
        """By the API of whole cards: what it showed last, with these fields."""
        self.last = {**(self.listed() or self.last), **fields}
        self.whole.save(self.last)

    def require_alike(self) -> None:
        """As acceptance table 3.4 has each state in each API's words."""
        ours, theirs, listed = self.ours, self.theirs, self.listed()
        is_away = ours["state"] in ("removed", "disabled")
        assert theirs["balance"] == ours["balance"] and theirs["starting_balance"] == ours["initial_amount"]
        assert theirs["enabled"] is not is_away
        self._require_alike_by_number(ours, is_away=is_away)
        is_in_list = self.flake in [one["id"] for one in self.store.list()]
        assert is_in_list is (ours["state"] != "removed")
        assert (listed is None) is is_away
        if listed is not None:
            self.last = listed
            assert listed["status"] == ("Expired" if ours["state"] == "expired" else "Active")
            assert Decimal(str(listed["balanceAmount"])) * 100 == ours["balance"]
            assert listed["amount"] * 100 == ours["initial_amount"]
            assert (listed["expireDate"] is None) is (ours["expires_at"] is None is theirs["expires_at"])
            if ours["expires_at"] is not None:
                ends = datetime.fromisoformat(theirs["expires_at"])
                assert listed["expireDate"] == round(ends.timestamp() * 1000)
                assert ends == datetime.fromisoformat(ours["expires_at"])

    def _require_alike_by_number(self, ours: dict[str, Any], *, is_away: bool) -> None:
        """As the API of numbers has it, in its fields and in its lists."""
        shown = self.shop.get(self.number)
        assert Decimal(shown["balance"]) * 100 == ours["balance"]
        assert Decimal(shown["initial_value"]) * 100 == ours["initial_amount"]
        assert (shown["disabled_at"] is not None) is is_away
        assert (shown["expires_on"] is None) is (ours["expires_at"] is None)
        status = "disabled" if is_away else "expired" if ours["state"] == "expired" else "enabled"
        for one in ("enabled", "disabled", "expired"):
            listed = self.shop.every(f"status={one}&id={self.number}")
            assert listed == ([shown] if one == status else [])


def test_what_one_api_writes_the_others_read(quick_door: Door) -> None:
    """S001-66, S002-78 to S002-80, S003-49, S003-64: every deed in one, looked at in all the others."""
    house = quick_door.house
    whole, store = gift_cards(quick_door), stores(quick_door)
    uuid = whole.add(amount=100, balanceAmount=100, clientId=CLIENT)["giftCardUUId"]
    [shown] = store.list()
    [row] = house.rows("cards")
    shop = external(quick_door)
    [numbered] = shop.every()
    number = numbered["id"]
    one = Everywhere(quick_door, whole, store, shop, row["public_id"], uuid, shown["id"], number)
    card, flake = one.card, one.flake
    deeds: list[Callable[[], object]] = [
        lambda: None,
        lambda: store.update(flake, balance=7_550),
        lambda: house.redeem(card, 2_525),
        lambda: one.write(balanceAmount=20),
        lambda: shop.set_balance(number, "33.10"),
        lambda: do(house, "load", card=card, amount=10_000),
        lambda: shop.update(number, expires_on="2027-06-30"),
        lambda: shop.update(number, expires_on=None),
        lambda: store.update(flake, expires_at=A_MONTH.isoformat()),
        lambda: one.write(expireDate=None),
        lambda: do(house, "update", card=card, expires_at=A_MONTH),
        lambda: store.update(flake, enabled=False),
        lambda: do(house, "enable", card=card),
        lambda: do(house, "disable", card=card),
        lambda: store.update(flake, enabled=True),
        lambda: store.update(flake, code="ANOTHER-CODE"),
        lambda: house.redeem("another code", 1),
        lambda: house.clock.forward(timedelta(days=40)),
        lambda: store.update(flake, expires_at=None),
        lambda: one.write(status="Expired"),
        lambda: do(house, "revive", card=card, reason="by mistake"),
        lambda: one.write(balanceAmount=0),
        lambda: store.update(flake, balance=5),
        lambda: store.delete(flake),
        lambda: one.write(active=True, status="Active"),
        lambda: whole.remove({"giftCardUUId": uuid}),
        lambda: do(house, "restore", card=card),
        lambda: do(house, "remove", card=card),
        lambda: do(house, "restore", card=card),
        lambda: shop.disable(number),
    ]

    for deed in deeds:
        deed()
        one.require_alike()
    house.require_proof()

    whole_trail = [
        entry["act"] for entry in house.rows("audit", card_id=row["id"]) if entry["act"] != "reveal"
    ]
    assert len(whole_trail) == len(deeds) - 1, (
        "one row for each deed but the passing of time, and the issue's"
    )
