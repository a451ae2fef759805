"""Many tills at one card: 64 redemptions at once, of which the balance allows ten.

As a program it plays on the `connector` and the database that it finds, so that a
copy with its guards taken out can be put to the same test:

    python -m tests.ledger.race URL FOLDER
"""

import json
import sys
import threading
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import connector
from connector.domain.errors import ConnectorError
from connector.store import migrate
from connector.store.engine import open_engines
from tests.kit.crowd import at_once
from tests.kit.house import House, open_house

TILLS: Final = 64
AMOUNT: Final = 100
LEGAL: Final = 10
CROWD: Final = LEGAL + 2
PATIENCE_S: Final = 0.02  # longer than it takes all tills to read, where nothing keeps them from it


class Gap:
    """A pause between reading a card and moving its money, until a crowd has read: the race, on purpose."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._readers = 0

    def __call__(self, point: str) -> None:
        if point == "redeem.card_read":
            with self._arrived:
                self._readers += 1
                self._arrived.notify_all()
                self._arrived.wait_for(lambda: self._readers >= CROWD, PATIENCE_S)
        if point == "posting.before_move":
            threading.Event().wait(0.002)


@dataclass(frozen=True)
class Result:
    """What the tills were told, and what the ledger says of itself afterwards."""

    successes: int
    refusals: dict[str, int]
    balance: int
    faults: list[str]
    played_on: str

    @property
    def is_lawful(self) -> bool:
        return (
            self.successes == LEGAL
            and self.refusals == {"insufficient_balance": TILLS - LEGAL}
            and self.balance == 0
            and not self.faults
        )


def race(house: House) -> Result:
    """One round on a card of its own; the house must have been opened with a Gap."""
    card = house.issue(LEGAL * AMOUNT)["id"]
    ended = at_once([partial(house.redeem, card, AMOUNT)] * TILLS)
    refusals: dict[str, int] = {}
    for one in ended:
        if one.error is not None:
            code = one.error.code if isinstance(one.error, ConnectorError) else type(one.error).__name__
            refusals[code] = refusals.get(code, 0) + 1
    return Result(
        successes=sum(one.error is None for one in ended),
        refusals=refusals,
        balance=house.balance(card),
        faults=list(house.gateway.verify().faults),
        played_on=str(Path(connector.__file__).parent),
    )


def main(url: str, folder: Path) -> None:
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
    house = open_house(folder, url, pause=Gap())
    sys.stdout.write(json.dumps(asdict(race(house))))
    house.gateway.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
