"""Prepaid funds as people see them."""

from dataclasses import replace

import pytest

from connector.domain.funds import Fund, fund_json
from tests.kit.clock import THE_MOMENT

FUND = Fund(1, "fund_1", 1, "", "USD", 5000, 1000, 2, "h", THE_MOMENT, THE_MOMENT)


def test_the_accounts_own_funds_belong_to_no_program() -> None:
    shown = fund_json(FUND)

    assert (shown["id"], shown["program"], shown["currency"]) == ("fund_1", None, "USD")
    assert (shown["balance"], shown["threshold"]) == (5000, 1000)
    assert fund_json(replace(FUND, program="birthday"))["program"] == "birthday"


@pytest.mark.parametrize(
    ("balance", "threshold", "is_low"), [(999, 1000, True), (1000, 1000, False), (0, None, False)]
)
def test_funds_are_low_below_their_threshold_only(balance: int, threshold: int | None, is_low: bool) -> None:
    assert fund_json(replace(FUND, balance=balance, threshold=threshold))["is_low"] is is_low


def test_nothing_of_the_chain_is_shown() -> None:
    assert not {"head_hash", "transfer_count", "account_id"} & fund_json(FUND).keys()
