"""Cursors: nobody can make one up, and each belongs to one list of one account."""

import pytest

from connector.domain.errors import BadRequest
from connector.flows.paging import DEFAULT_LIMIT, MAX_LIMIT, close_cursor, limit_of, open_cursor
from tests.kit.house import House


def test_a_cursor_gives_back_what_was_put_in(shop: House) -> None:
    parts = shop.gateway.parts
    cursor = close_cursor(parts, shop.account, "cards by balance", [2500, 17])

    assert open_cursor(parts, shop.account, "cards by balance", cursor) == [2500, 17]
    assert open_cursor(parts, shop.account, "cards by balance", None) is None


def test_a_cursor_of_another_list_order_or_account_is_refused(shop: House) -> None:
    parts = shop.gateway.parts
    cursor = close_cursor(parts, shop.account, "cards", [17])

    with pytest.raises(BadRequest, match="another list"):
        open_cursor(parts, shop.account, "contacts", cursor)
    with pytest.raises(BadRequest, match="not one of ours"):
        open_cursor(parts, shop.other, "cards", cursor)


@pytest.mark.parametrize("limit", [1, 250])
def test_the_bounds_of_a_limit_are_allowed(limit: int) -> None:
    assert limit_of(limit) == limit


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_outside_is_named(limit: int) -> None:
    with pytest.raises(BadRequest) as refused:
        limit_of(limit)
    assert [one.field for one in refused.value.errors] == ["limit"]


def test_without_a_limit_there_is_the_usual_one() -> None:
    assert limit_of(None) == DEFAULT_LIMIT == 50
