"""Two deeds at one card: one is stopped between its look and its write while the other tries to come between.

As a program it plays on the `connector` and the database that it finds, so that a
copy with its lock taken out can be put to the same test:

    python -m tests.operations.pairs URL FOLDER FIRST SECOND PATIENCE_S
"""

import sys
import threading
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import connector
from connector.domain.accounts import Account
from connector.domain.errors import ConnectorError
from connector.operations.registry import operations
from connector.store import accounts, migrate
from connector.store.engine import open_engines
from tests.kit.crowd import Crowd, until
from tests.kit.house import House, open_house
from tests.operations.samples import SAMPLES, World
from tests.store.making import VALUES

PATIENCE_S: Final = 0.02  # for as long as this the second is let try; where the lock holds it waits in vain
NUMBERS: Final = count()
HAPPENED: Final = ("type", "amount", "balance_after")
SHOWN: Final = ("state", "balance", "held", "usable_at", "expires_at", "disabled_at", "note", "metadata")


class Shop(House):
    """The house, seen from a sandbox of its own: no pair finds what another one left."""

    own: Account

    @property
    def account(self) -> Account:
        return self.own


class Gap:
    """Between the first deed's look at the card and its write: until the second has looked too, or cannot."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._arrived = threading.Condition()
        self._looks = 0
        self.is_awaited = False

    def __call__(self, point: str) -> None:
        if not self.is_awaited or not point.endswith(".card_read"):
            return
        with self._arrived:
            self._looks += 1
            self._arrived.notify_all()
            self._arrived.wait_for(lambda: self._looks > 1, self._patience_s)

    @property
    def is_reached(self) -> bool:
        return self._looks > 0

    def begin(self) -> None:
        self._looks, self.is_awaited = 0, True


@dataclass(frozen=True)
class End:
    """What both were told, and all that is left behind but names that are drawn at random."""

    told: tuple[str, str]
    left: str


def at_cards() -> list[str]:
    """The operations that are done to a card or to a hold of one."""
    return [
        name
        for name, one in sorted(operations().items())
        if name in SAMPLES
        and any(field.kind == "card" or label == "hold" for label, field in one.fields.items())
    ]


def interleaved(house: House, gap: Gap, first: str, second: str) -> End:
    """`first` looks at the card, `second` begins, then both go on as they can."""
    shop, calls = _prepared(house, first, second)
    gap.begin()
    ahead = Crowd([calls[first]])
    until(lambda: gap.is_reached or ahead.ended[0].is_done or ahead.ended[0].error is not None)
    behind = Crowd([calls[second + "'" if first == second else second]])
    told = {first: ahead.wait()[0].value, second + "'": behind.wait()[0].value}
    gap.is_awaited = False
    return _end(shop, told[first], told[second + "'"])


def serial(house: House, first: str, second: str, *, turned: bool) -> End:
    """One after the other; `turned`: the second before the first."""
    shop, calls = _prepared(house, first, second)
    other = second + "'" if first == second else second
    told = {name: calls[name]() for name in ((other, first) if turned else (first, other))}
    return _end(shop, told[first], told[other])


def _prepared(house: House, *names: str) -> tuple[House, dict[str, Any]]:
    """A card in an account of its own in which both may be asked, and the two questions."""
    slug = f"pair-{next(NUMBERS)}"
    own = house.gateway.parts.writer.run(
        lambda tx: accounts.put(tx, slug=slug, values={**VALUES, "sandbox": True}, managed_by="api")
    )
    shop = Shop(**vars(house))
    shop.own = own
    made = shop.issue(2500)
    world = World(shop, made["id"], made["code"])
    calls: dict[str, Any] = {}
    for name in sorted({*names}):  # the same whichever is first
        for deed, command in SAMPLES[name].given:
            _told(shop, deed, command(world))
        calls[name] = partial(_told, shop, name, SAMPLES[name].lawful(world))
    calls[names[1] + "'"] = calls[names[1]]
    return shop, calls


def _told(shop: House, name: str, command: object) -> str:
    """The status, or the code of the refusal."""
    try:
        return str(shop.perform(operations()[name], command).status)
    except ConnectorError as refusal:
        return refusal.code


def _end(shop: House, *told: str) -> End:
    mine = {"account_id": shop.account.id}
    cards = [shop.gateway.card(shop.account, row["public_id"]) for row in shop.rows("cards", **mine)]
    left = {
        "cards": [[card[name] for name in SHOWN] for card in cards],
        "holds": [(row["amount"], row["captured"], row["state"]) for row in shop.rows("holds", **mine)],
        "lines": [[row[name] for name in HAPPENED] for row in shop.rows("transfers", **mine)],
        "messages": [(row["type"], row["sequence"]) for row in shop.rows("messages", **mine)],
        "audit": [row["act"] for row in shop.rows("audit", **mine)],
        "proof": shop.gateway.verify(shop.account).faults,
    }
    return End((told[0], told[1]), repr(left))


def is_serial(house: House, gap: Gap, first: str, second: str) -> bool:
    """Whether the interleaving of two deeds gives what one of their orders gives."""
    orders = [serial(house, first, second, turned=turned) for turned in (False, True)]
    return interleaved(house, gap, first, second) in orders


def main(url: str, folder: Path, first: str, second: str, patience_s: float) -> None:
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
    gap = Gap(patience_s)
    house = open_house(folder, url, pause=gap)
    verdict = "serial" if is_serial(house, gap, first, second) else "torn"
    sys.stdout.write(f"{verdict} {Path(connector.__file__).parent}")
    house.gateway.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5]))
