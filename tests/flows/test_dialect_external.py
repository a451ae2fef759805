"""One call of seed 002 is one transaction: all of its deeds, or none. What is seen is tested at its door."""

from datetime import date

import pytest

from connector.domain.errors import ConnectorError
from connector.flows.dialect_external import Draft
from connector.flows.perform import Idempotency
from tests.kit.house import BY_HAND, House


def test_what_is_refused_half_way_was_never_begun(house: House) -> None:
    """The person would be made, and the card issued; then its template is refused."""
    external = house.gateway.dialects.external
    for key in (None, Idempotency("k", "POST", "/api/external/gift-cards", b"")):
        with pytest.raises(ConnectorError):
            external.make(
                house.account, BY_HAND, Draft(100, customer=7, template_suffix="x" * 256), lambda _: {}, key
            )

    for table in ("cards", "contacts", "transfers", "messages", "audit", "aliases", "dialect_cards"):
        assert house.rows(table) == []


def test_a_note_that_is_refused_leaves_template_and_end(house: House) -> None:
    external = house.gateway.dialects.external
    draft = Draft(100, template_suffix="a.liquid", expires_on=date(2027, 1, 1))
    made = external.make(house.account, BY_HAND, draft, lambda seen: {"id": seen.number}, None)
    before = house.rows("cards"), house.rows("dialect_cards"), house.rows("audit")

    with pytest.raises(ConnectorError):
        external.change(
            house.account,
            BY_HAND,
            made.body["id"],
            {"template_suffix": "b.liquid", "expires_on": date(2028, 1, 1), "note": "x" * 10_000},
            lambda _: {},
            None,
        )

    assert (house.rows("cards"), house.rows("dialect_cards"), house.rows("audit")) == before
