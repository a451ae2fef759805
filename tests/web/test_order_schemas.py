"""What the document says of orders is what the answers hold."""

from connector.web.order_schemas import SCHEMAS
from tests.kit.house import House
from tests.kit.orders import sell


def test_every_field_of_an_answer_is_described_and_no_other(sqlite_house: House) -> None:
    sell(sqlite_house)
    [order] = sqlite_house.gateway.orders.page(sqlite_house.account, {}).data

    told = SCHEMAS["Order"]["properties"]
    line = told["lines"]["items"]["properties"]
    assert set(told) == set(order)
    assert set(line) == set(order["lines"][0])
    assert set(line["gift_cards"]["items"]["properties"]) == set(order["lines"][0]["gift_cards"][0])
