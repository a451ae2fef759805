"""A report's answer is what its schema says, and nothing besides."""

import pytest

from connector.web.factory import every_call
from connector.web.report_schemas import SCHEMAS
from tests.flows.test_transactions import a_deposit
from tests.web.door import Door
from tests.web.test_schemas import faults

NAMES = {
    "liability": "LiabilityReport",
    "redemptions": "RedemptionsReport",
    "recipes": "RecipesReport",
    "contacts-with-balance": "ContactsReport",
    "funding": "FundingReport",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_as_described(quick_door: Door, name: str) -> None:
    house = quick_door.house
    house.issue(100)
    a_deposit(house, 9_000)
    house.send("calendly", "booking.created")
    card = house.issue(2500, contact={"email": "mia@example.com"})
    house.redeem(card["id"], 700)

    by = "by=age,source,recipe,program" if name in ("liability", "redemptions") else ""
    for query in ("", by):
        answer = quick_door.get(f"/v1/reports/{name}", key=house.key("reports"), query=query).get_json()
        assert answer["data"]
        assert faults(NAMES[name], answer) == []


def test_every_report_has_its_schema() -> None:
    assert {call.answer for call in every_call() if call.path.startswith("/v1/reports")} == set(SCHEMAS)
