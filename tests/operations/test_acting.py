"""An action's answer is flat, with REST's objects beside; its refusals name flat fields."""

from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import ConnectorError, FieldError, ValidationFailed
from connector.operations.acting import as_action
from connector.operations.issue import Issue
from connector.operations.kit import Desk, Operation, Outcome
from connector.operations.redeem import Redeem
from connector.operations.registry import operations
from tests.kit.house import House, open_house
from tests.operations.asking import RATES
from tests.operations.samples import a_world, sample_of

BY_ACTION = Actor("action", {"key_id": "key_test"})
OF_CARDS = sorted(name for name, one in operations().items() if one.action and one.changes)


def act(house: House, name: str, command: object) -> dict[str, Any]:
    operation = as_action(operations()[name])
    return dict(house.gateway.perform(house.account, BY_ACTION, operation, command).body)


@pytest.mark.parametrize("name", OF_CARDS)
def test_what_an_action_answers_is_flat_and_has_rests_objects_besides(shop: House, name: str) -> None:
    """S000-25: what later steps need, without looking into objects and without minor units."""
    told = act(shop, name, sample_of(name).lawful(a_world(shop, name)))

    if "gift_card" not in told:  # points touch no card
        assert not any(isinstance(one, float) for one in told.values())
        return
    card = told["gift_card"]
    assert told["id"] == told["gift_card_id"] == card["id"]
    for sum_of in ("balance", "available", "held", "initial_amount"):
        assert told[sum_of] == f"{card[sum_of] / 100:.2f}"
    for same in ("state", "currency", "last4", "kind", "program", "contact_id", "message", "url"):
        assert told[same] == card[same]
    assert told["has_balance"] == (card["state"] == "active" and card["available"] > 0)
    assert ("amount" in told) == ("transaction" in told)
    if "transaction" in told:
        line = told["transaction"]
        assert told["amount"] == f"{line['amount'] / 100:.2f}"
        assert (told["transaction_id"], told["transaction_type"]) == (line["id"], line["type"])


def test_a_new_card_is_told_flat_with_its_code_and_its_end(shop: House) -> None:
    """S000-25: code, card id, balance, expiry."""
    told = act(shop, "issue", Issue(amount=2500, code="SUMMER-25"))

    assert (told["code"], told["balance"], told["amount"]) == ("SUMMER-25", "25.00", "25.00")
    assert (told["transaction_type"], told["expires_at"], told["has_balance"]) == ("issue", None, True)
    assert told["gift_card"]["balance"] == 2500
    assert "code" not in told["gift_card"]


def test_what_is_taken_is_below_zero_and_an_empty_card_has_nothing(shop: House) -> None:
    card = shop.issue(1500)

    some = act(shop, "redeem", Redeem(card["id"], amount=400, reference="receipt 7"))
    rest = act(shop, "redeem", Redeem(card["id"], all=True))

    assert (some["amount"], some["balance"], some["reference"]) == ("-4.00", "11.00", "receipt 7")
    assert (rest["amount"], rest["balance"], rest["state"]) == ("-11.00", "0.00", "depleted")
    assert (some["has_balance"], rest["has_balance"]) == (True, False)


def test_a_yen_has_no_decimals_and_a_dinar_three(shop: House) -> None:
    for currency, balance in (("JPY", "2500"), ("KWD", "2.500")):
        assert act(shop, "issue", Issue(amount=2500, currency=currency))["balance"] == balance


def fault_of(shop: House, error: ConnectorError) -> ConnectorError:
    """What an action says where its deed says `error`."""

    def refuse(desk: Desk, command: object) -> Outcome:
        raise error

    refusing = Operation("refuse", "Refuse", Issue, refuse, "cards:write", lambda _desk, _outcome: {})
    with pytest.raises(ConnectorError) as told:
        shop.gateway.perform(shop.account, BY_ACTION, as_action(refusing), None)
    return told.value


@pytest.mark.parametrize(
    ("field", "flat"),
    [
        ("contact.email", "email"),
        ("recipient.phone", "recipient_phone"),
        ("sender.name", "sender_name"),
        ("amount", "amount"),
        ("metadata.contact.email", "metadata.contact.email"),
    ],
)
def test_a_refusal_names_the_field_that_the_action_has(shop: House, field: str, flat: str) -> None:
    error = ValidationFailed(f"{field} is wrong", errors=[FieldError(field, "is wrong")])

    told = fault_of(shop, error)

    assert (told.detail, told.errors) == (f"{flat} is wrong", (FieldError(flat, "is wrong"),))


def test_what_comes_to_another_currency_is_told_flat_too(sqlite_url: str, tmp_path: Path) -> None:
    bureau = open_house(tmp_path, sqlite_url, rates=RATES)
    card = bureau.issue(2500)

    told = act(bureau, "redeem", Redeem(card["id"], amount=920, currency="EUR"))
    bureau.gateway.close()

    assert (told["converted_amount"], told["converted_currency"]) == ("9.20", "EUR")
    assert told["converted_rate"] == told["converted"]["rate"]
    assert told["currency"] == "USD"
