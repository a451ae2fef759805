"""A refusal says sums as whoever asked writes them."""

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import BalanceChanged, InsufficientBalance, RefundExceedsRedemption
from connector.operations.adjust import Adjust
from connector.operations.capture import Capture
from connector.operations.hold import Hold
from connector.operations.redeem import Redeem
from connector.operations.refund import Refund
from connector.operations.registry import operations
from connector.operations.set_balance import SetBalance
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


UNITS = [
    ("api", "1800 USD", "100000"),
    ("action", "18.00 USD", "1000.00"),
    ("recipe", "18.00 USD", "1000.00"),
    ("manual", "18.00 USD", "1000.00"),
]


@pytest.mark.parametrize(("source", "there", "asked"), UNITS)
def test_so_do_the_refusals_of_capture_refund_and_set_balance(
    shop: House, source: str, there: str, asked: str
) -> None:
    held, spent, counted = (shop.issue(1800)["id"] for _ in range(3))
    hold = shop.perform(operations()["hold"], Hold(held, amount=1800)).body["hold"]["id"]
    line = shop.redeem(spent, amount=1800).body["transaction"]["id"]
    tried = [
        ("capture", Capture(hold, amount=100_000), InsufficientBalance, f"has {there}, {asked} asked"),
        (
            "refund",
            Refund(spent, line, amount=100_000),
            RefundExceedsRedemption,
            f"^{there} of {line} are left to give back, {asked} asked",
        ),
        (
            "set_balance",
            SetBalance(counted, balance=5, expected_balance=100_000),
            BalanceChanged,
            f"holds {there}, {asked} was expected",
        ),
    ]

    for name, command, error, sentence in tried:
        with pytest.raises(error, match=sentence):
            shop.gateway.perform(shop.account, Actor(source, {}), operations()[name], command)

    assert [shop.balance(card) for card in (held, spent, counted)] == [1800, 0, 1800]
