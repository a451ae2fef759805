"""Pages of cards by their numbers or flakes."""

import pytest

from connector.store import aliases, dialect_lists
from connector.store.dialect_lists import By
from tests.kit.deeds import do
from tests.kit.house import House


@pytest.mark.parametrize("by", ["number", "flake"])
def test_a_page_begins_above_a_name_and_ends_below_one(house: House, by: By) -> None:
    made = [house.issue(100 + number)["id"] for number in range(5)]
    house.issue(100, currency="EUR")
    do(house, "remove", card=made[2])
    names = house.gateway.parts.writer.run(lambda tx: aliases.allot(tx, house.account.id, "card", made))
    first, last = (getattr(names[one], by) for one in (made[0], made[-1]))

    def page(**how: int | bool) -> list[str]:
        with house.gateway.parts.engines.reading() as connection:
            asked = {"currency": "USD", "limit": 2, **how}
            found = dialect_lists.page(connection, house.account.id, by, **asked)  # type: ignore[arg-type]
            return [card.public_id for card in found]

    assert page() == made[:2]
    assert page(above=first) == [made[1], made[3]]
    assert page(above=first, with_removed=True) == made[1:3]
    assert page(below=last) == [made[1], made[3]]
    assert page(below=last, with_removed=True) == made[2:4]
    assert page(above=first, below=last, limit=9) == [made[1], made[3]]
    assert page(above=last) == page(below=first) == []
