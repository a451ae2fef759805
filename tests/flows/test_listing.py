"""Lists: names become rows of the account, and a page ends where the next one begins."""

from typing import Any

import pytest

from connector.domain.errors import BadRequest
from connector.flows import listing
from tests.kit.house import House

KNOWN = ("type", "source", "contact_id", "event_id")


def ask(house: House, **asked: Any) -> Any:
    with house.gateway.parts.engines.reading() as connection:
        return listing.filters_of(connection, house.account, asked, KNOWN)


def test_names_become_numbers_and_what_nobody_has_fits_nothing(shop: House) -> None:
    contact = shop.issue(100, contact={"email": "mia@example.com"})["contact_id"]
    [row] = shop.rows("contacts")
    [source] = [one for one in shop.rows("sources") if one["slug"] == "standard"]

    assert ask(shop, source="standard", contact_id=contact) == {"source": source["id"], "contact": row["id"]}
    assert ask(shop, event_id="evt_1", type=None, unknown="x") == {"event": "evt_1"}
    for nobody in ({"source": "no-such"}, {"source": "\x00"}, {"contact_id": "ct_nobody"}):
        assert ask(shop, **nobody) is None


def test_a_page_says_where_the_next_one_begins(shop: House) -> None:
    def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
        numbers = [one for one in range(5, 0, -1) if before is None or one < before][:limit]
        return numbers, [{"id": one} for one in numbers]

    def page(**asked: Any) -> tuple[list[int], str | None]:
        found = listing.page_of(shop.gateway.parts, shop.account, "things", asked, read)
        return [one["id"] for one in found.data], found.next_cursor

    first, cursor = page(limit=2)
    second, end = page(limit=3, cursor=cursor)
    assert (first, second, end) == ([5, 4], [3, 2, 1], None)
    assert page(limit=5) == ([5, 4, 3, 2, 1], None)
    for asked in ({"cursor": cursor, "type": "x"}, {"cursor": "nonsense"}, {"limit": 0}, {"limit": 251}):
        with pytest.raises(BadRequest):
            page(**asked)
