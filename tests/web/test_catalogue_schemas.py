"""What the document says of programs and funds is what the answers hold."""

from connector.web.catalogue_schemas import SCHEMAS
from tests.kit.house import BY_HAND, House


def test_every_field_of_an_answer_is_described_and_no_other(sqlite_house: House) -> None:
    catalogue, account = sqlite_house.gateway.catalogue, sqlite_house.account
    program = catalogue.create(account, BY_HAND, {"slug": "spa", "name": "Spa day"}).body
    moved = catalogue.deposit(account, BY_HAND, {"amount": 100}).body

    assert set(SCHEMAS["Program"]["properties"]) == set(program)
    assert set(SCHEMAS["Fund"]["properties"]) == set(moved["funding"])
    line = SCHEMAS["FundMoved"]["properties"]["transaction"]["properties"]
    assert set(line) <= set(moved["transaction"])
