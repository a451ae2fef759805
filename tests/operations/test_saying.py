"""A refusal says sums as whoever asked writes them."""

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import InsufficientBalance
from connector.operations.adjust import Adjust
from connector.operations.hold import Hold
from connector.operations.redeem import Redeem
from connector.operations.registry import operations
from tests.kit.house import House

SENTENCES = [
    ("api", "has 1800 USD available, 100000 asked"),
    ("action", "has 18.00 USD available, 1000.00 asked"),
    ("recipe", "has 18.00 USD available, 1000.00 asked"),
    ("manual", "has 18.00 USD available, 1000.00 asked"),
]


@pytest.mark.parametrize(("source", "sentence"), SENTENCES)
@pytest.mark.parametrize("name", ["redeem", "hold", "adjust"])
def test_who_writes_major_units_is_told_in_major_units(
    shop: House, source: str, sentence: str, name: str
) -> None:
    card = shop.issue(1800)["id"]
    command = {
        "redeem": Redeem(card, amount=100_000),
        "hold": Hold(card, amount=100_000),
        "adjust": Adjust(card, amount=-100_000, reason="correction"),
    }[name]

    with pytest.raises(InsufficientBalance, match=sentence):
        shop.gateway.perform(shop.account, Actor(source, {}), operations()[name], command)

    assert shop.balance(card) == 1800
