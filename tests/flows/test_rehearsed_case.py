"""A case tells by whom it was told and whom it concerns, as far as that parts runs."""

import pytest

from connector.flows.rehearsed_case import Case
from connector.recipes.library import OWN
from connector.recipes.schema import SCHEDULED
from tests.kit.clock import THE_MOMENT


@pytest.mark.parametrize(
    ("source", "kind", "told_by"),
    [("shop", "order.paid", "shop"), (OWN, "gift_card.issued", None), ("schedule", SCHEDULED, None)],
)
def test_ids_are_the_tools_own_and_ours_are_everybodys(source: str, kind: str, told_by: str | None) -> None:
    assert Case("evt_1", kind, {}, None, source, THE_MOMENT).whose == (told_by, None)
